//! Work the turn machine asks its host to do, and what it lets people watch.

use serde_json::{Map, Value};

use super::{CallId, RequestId};
use crate::chat::{Arguments, ChatError, Finish, Message, Record, ToolCall, ToolResult, Usage};

/// One piece of work.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the model. Not before everything recorded so far is committed.
    StartStream {
        /// Its answer's deltas carry this.
        request: RequestId,
        /// The whole conversation.
        messages: Vec<Message>,
    },
    /// Close this request's connection at once.
    DropStream {
        /// Which request.
        request: RequestId,
    },
    /// Send [`super::Event::RetryDue`] after the wait.
    Wait {
        /// The attempt that comes next.
        request: RequestId,
        /// How long, in ms.
        delay_ms: u64,
    },
    /// Run a tool, once everything recorded so far is committed.
    RunTool {
        /// Which call.
        call: CallId,
        /// The tool's name.
        name: String,
        /// Its checked arguments.
        arguments: Map<String, Value>,
        /// After which it is given up, in ms.
        timeout_ms: u64,
    },
    /// End this tool's run at once.
    CancelTool {
        /// Which call.
        call: CallId,
    },
    /// Append to the history.
    Record(Record),
    /// Something a host without a screen prints.
    Show(Progress),
    /// The turn is over; always the last effect of a turn.
    Ended(TurnEnd),
}

/// What happens, for hosts that print it as it comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Answer text.
    Text(String),
    /// Reasoning.
    Reasoning(String),
    /// A whole call was received.
    ToolCall {
        /// The vendor's id.
        id: String,
        /// The tool.
        name: String,
        /// What it is called with.
        arguments: Arguments,
        /// Which model request asked for it, from 1.
        round: u32,
    },
    /// A call has its result.
    ToolResult(ToolResult),
    /// The request is going to be repeated.
    Retry {
        /// Which attempt comes next; the first repetition is 1.
        attempt: u32,
        /// After how many ms.
        delay_ms: u64,
        /// Why.
        error: ChatError,
    },
    /// The answer failed.
    Error(ChatError),
}

impl TurnEnd {
    /// The answer, or why it is none: what failed or broke off is an error, what a limit or a filter of the provider ended
    /// an answer ([`Self::finish`] tells).
    pub fn into_result(mut self) -> Result<Self, ChatError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// The sum of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnEnd {
    /// How the last request ended.
    pub finish: Finish,
    /// Why it failed.
    pub error: Option<ChatError>,
    /// The last request's text.
    pub text: String,
    /// The last request's reasoning.
    pub reasoning: String,
    /// The last request's calls.
    pub tool_calls: Vec<ToolCall>,
    /// The vendor's word for how it ended.
    pub finish_raw: Option<String>,
    /// Tokens of all requests together; `None` when none reported any.
    pub usage: Option<Usage>,
    /// From the start to the first visible delta, in ms.
    pub ttft_ms: Option<u64>,
    /// From the start to the end, in ms.
    pub elapsed_ms: u64,
    /// Model requests that were answered.
    pub rounds: u32,
}
