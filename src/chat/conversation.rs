//! A chat in memory: entries in order, each with its parent, as the history stores them and a request needs them.

use std::collections::HashSet;

use super::{
    AssistantMessage, Attachment, ChatError, ConversationId, Finish, Message, MessageId, ToolResult, ToolStatus, Usage,
};

/// The words `message_text.state` of the history uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// Ended by itself.
    Complete,
    /// Being written now.
    Streaming,
    /// The program ended in the middle of it.
    Interrupted,
    /// A person stopped it.
    Stopped,
    /// It failed or was cut.
    Failed,
}

impl EntryState {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Streaming => "streaming",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Reads [`Self::as_str`] back; an unknown word counts as complete, so that the text is shown.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "streaming" => Self::Streaming,
            "interrupted" => Self::Interrupted,
            "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            _ => Self::Complete,
        }
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryBody {
    /// A person's question.
    Question(String),
    /// What one model request answered, and what it took.
    Answer {
        /// Text, reasoning, calls.
        message: AssistantMessage,
        /// The provider's configured name.
        provider: String,
        /// The model that was asked.
        model: String,
        /// How it ended, once it has.
        finish: Option<Finish>,
        /// The vendor's word for that.
        finish_raw: Option<String>,
        /// Why it failed.
        error: Option<ChatError>,
        /// Tokens, if reported.
        usage: Option<Usage>,
        /// From request to the first visible delta, in ms.
        ttft_ms: Option<u64>,
        /// From request to the end, in ms.
        elapsed_ms: u64,
    },
    /// The result of one call of the answer before it.
    ToolResult(ToolResult),
}

/// One message of a chat with its place in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its identifier in the history.
    pub id: MessageId,
    /// The message it follows; `None` for the first.
    pub parent: Option<MessageId>,
    /// When it began, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Where it stands.
    pub state: EntryState,
    /// What it is.
    pub body: EntryBody,
    /// Images that go with a question.
    pub attachments: Vec<Attachment>,
}

/// A chat: its entries from the first to the last of one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its identifier in the history.
    pub id: ConversationId,
    /// Shown in the header and the list; from outside.
    pub title: String,
    /// In order.
    pub entries: Vec<Entry>,
}

impl Conversation {
    /// Who gave the last answer: the provider, and the model that answered.
    #[must_use]
    pub fn last_asked(&self) -> Option<(&str, &str)> {
        self.entries.iter().rev().find_map(|entry| match &entry.body {
            EntryBody::Answer { provider, model, .. } => Some((provider.as_str(), model.as_str())),
            EntryBody::Question(_) | EntryBody::ToolResult(_) => None,
        })
    }

    /// The messages for the next request: every call paired with exactly one result, no empty answers, nothing of the
    /// marks that only people see.
    #[must_use]
    pub fn request_messages(&self, system: Option<&str>) -> Vec<Message> {
        let system = system.filter(|s| !s.is_empty()).map(|text| Message::System { text: text.to_owned() });
        let entries = self.entries.iter().map(|entry| match &entry.body {
            EntryBody::Question(text) => Message::User { text: text.clone(), attachments: entry.attachments.clone() },
            EntryBody::Answer { message, .. } => Message::Assistant(message.clone()),
            EntryBody::ToolResult(result) => Message::Tool(result.clone()),
        });
        paired_for_request(system.into_iter().chain(entries))
    }
}

/// Longest title made from a question, in characters.
const TITLE_CHARS: usize = 80;

/// The title of a chat: the first line of its first question.
#[must_use]
pub fn title_of(question: &str) -> String {
    let line = question.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(TITLE_CHARS).collect()
}

/// Makes a message list that any server accepts: each call of an answer is followed by exactly one result, in the order
/// of the calls; results without a call and answers without any content are left out; ids are unique in the list.
pub fn paired_for_request(messages: impl IntoIterator<Item = Message>) -> Vec<Message> {
    let mut input = messages.into_iter().peekable();
    let mut output = Vec::new();
    while let Some(message) = input.next() {
        match message {
            Message::System { .. } | Message::User { .. } => output.push(message),
            Message::Tool(_) => {}
            Message::Assistant(answer) => {
                let mut results = Vec::new();
                while let Some(Message::Tool(_)) = input.peek() {
                    if let Some(Message::Tool(result)) = input.next() {
                        results.push(result);
                    }
                }
                push_answer(&mut output, answer, results);
            }
        }
    }
    output
}

fn push_answer(output: &mut Vec<Message>, mut answer: AssistantMessage, mut results: Vec<ToolResult>) {
    if answer.text.is_empty() && answer.tool_calls.is_empty() {
        return;
    }
    let mut seen = HashSet::new();
    answer.tool_calls.retain(|call| seen.insert(call.id.clone()));
    let calls: Vec<_> = answer.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())).collect();
    output.push(Message::Assistant(answer));
    for (call_id, name) in calls {
        let found = results.iter().position(|result| result.call_id == call_id);
        output.push(Message::Tool(found.map_or_else(
            || ToolResult {
                call_id,
                name,
                status: ToolStatus::Cancelled,
                output: "This call was interrupted and has no result.".to_owned(),
                elapsed_ms: 0,
            },
            |at| results.swap_remove(at),
        )));
    }
}
