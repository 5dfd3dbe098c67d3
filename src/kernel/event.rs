//! What a person can be shown while an answer comes.

use crate::agent::{Progress, TurnEnd};
use crate::chat::{Arguments, ChatError, ToolResult};

/// One step of an answer. More kinds of steps may come to be.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// More of the answer's text.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// The model called a tool, which runs now unless it was decided otherwise.
    ToolCall {
        /// What its result carries as [`ToolResult::call_id`].
        id: String,
        /// The tool.
        name: String,
        /// What it is called with.
        arguments: Arguments,
        /// Which model request asked for it, from 1.
        round: u32,
    },
    /// A call has its one result, which goes back to the model.
    ToolResult(ToolResult),
    /// The request failed before anything came, and is repeated.
    Retry {
        /// Which attempt comes next; the first repetition is 1.
        attempt: u32,
        /// After how many ms.
        delay_ms: u64,
        /// Why.
        error: ChatError,
    },
    /// The answer is over, also when it failed ([`TurnEnd::error`]); always the last event.
    End(TurnEnd),
}

impl Event {
    /// What of a turn's progress is an event of its own: why it failed stands in its end.
    pub(super) fn of(progress: Progress) -> Option<Self> {
        Some(match progress {
            Progress::Text(text) => Self::Text(text),
            Progress::Reasoning(text) => Self::Reasoning(text),
            Progress::ToolCall { id, name, arguments, round } => Self::ToolCall { id, name, arguments, round },
            Progress::ToolResult(result) => Self::ToolResult(result),
            Progress::Retry { attempt, delay_ms, error } => Self::Retry { attempt, delay_ms, error },
            Progress::Error(_) => return None,
        })
    }
}
