//! What a turn is told at its start.

use super::event::TurnId;
use crate::chat::{Attachment, ConversationId, IdSource, MessageId, NewChat, ToolSpec, Usage};
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
