//! What a turn is told at its start.

use super::effect::Effect;
use super::event::{Moment, TurnId};
use super::turn::Turn;
use crate::chat::{Attachment, Conversation, ConversationId, IdSource, MessageId, NewChat, ToolSpec, Usage, title_of};
use crate::tools::policy::Decision;

/// A tool as this turn may use it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedTool {
    /// What the model is told.
    pub spec: ToolSpec,
    /// Whether it runs, asks or is refused.
    pub decision: Decision,
}

/// Everything a turn is told at its start.
pub struct TurnSetup {
    /// Its id; ids of earlier turns never come again.
    pub id: TurnId,
    /// The chat it belongs to.
    pub conversation: ConversationId,
    /// The provider's configured name.
    pub provider: String,
    /// The model that is asked.
    pub model: String,
    /// The tools offered.
    pub tools: Vec<OfferedTool>,
    /// Model requests in one turn.
    pub max_rounds: u32,
    /// Repetitions of a failed request.
    pub retries: u32,
    /// After which a call is given up, in ms.
    pub call_timeout_ms: u64,
    /// Whether a person can be asked.
    pub can_ask: bool,
    /// Where identifiers come from.
    pub ids: Box<dyn IdSource>,
}

impl TurnSetup {
    /// Starts a turn that asks this behind all that was said in the conversation, after these instructions. A chat that
    /// begins with the question is named after it.
    pub fn ask(
        self,
        conversation: &Conversation,
        system: &str,
        mut question: NewQuestion,
        now: Moment,
    ) -> (Turn, Vec<Effect>) {
        if conversation.entries.is_empty() && question.new_chat.is_none() {
            question.new_chat = Some(NewChat {
                title: title_of(&question.text),
                provider: self.provider.clone(),
                model: self.model.clone(),
            });
        }
        let messages = conversation.request_messages(Some(system));
        let parent = conversation.entries.last().map(|entry| entry.id.clone());
        Turn::start(self, messages, parent, Opening::Question(question), now)
    }
}

/// A question that begins a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct NewQuestion {
    /// What was asked.
    pub text: String,
    /// Images that go with it.
    pub attachments: Vec<Attachment>,
    /// For the first question of a chat.
    pub new_chat: Option<NewChat>,
}

impl<T: Into<String>> From<T> for NewQuestion {
    /// A question of words only.
    fn from(text: T) -> Self {
        Self { text: text.into(), attachments: Vec::new(), new_chat: None }
    }
}

/// How a turn begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// With a question, which is recorded and added to the messages.
    Question(NewQuestion),
    /// The messages are asked as they stand: the last question again, or what the last results lead to.
    AsItStands,
    /// The last message is an answer that was cut; it goes on where it ended.
    GoOn(CutAnswer),
}

/// What is known of an answer that was cut, besides its text.
#[derive(Clone, Debug, PartialEq)]
pub struct CutAnswer {
    /// Its id.
    pub message: MessageId,
    /// The provider that wrote it.
    pub provider: String,
    /// Tokens so far.
    pub usage: Option<Usage>,
    /// To its first visible delta, in ms.
    pub ttft_ms: Option<u64>,
    /// In reasoning, in ms.
    pub thought_ms: Option<u64>,
    /// To where it was cut, in ms.
    pub elapsed_ms: u64,
}
