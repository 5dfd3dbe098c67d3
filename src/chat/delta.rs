//! What a stream is made of. A dialect turns bytes into deltas; nothing above it knows a vendor.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ChatError;

/// One step of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More of the answer's text.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// A piece of a tool call.
    ToolCall(ToolCallFragment),
    /// The usage so far; the last one wins.
    Usage(Usage),
    /// The model that really answers, as the server names it.
    Model(String),
    /// Vendor data to keep with the answer; the last one wins.
    Opaque(Value),
    /// The server gave a reason for the end. A later null does not undo it.
    Finish {
        /// Our word for it.
        finish: Finish,
        /// The vendor's.
        raw: String,
    },
    /// The server is alive but had nothing to show (a comment, an empty event).
    Alive,
}

/// A piece of a streamed tool call, with what the server said about which call it belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolCallFragment {
    /// The vendor's index, if it sent one.
    pub index: Option<u64>,
    /// A non-empty identifier, if it sent one.
    pub id: Option<String>,
    /// The name or a piece of it.
    pub name: Option<String>,
    /// A piece of the arguments' JSON text; a whole object is its JSON text with `is_whole`.
    pub arguments: Option<String>,
    /// The arguments came as an object rather than as text.
    pub is_whole: bool,
    /// See [`super::ToolCall::opaque`].
    pub opaque: Option<Value>,
}

/// How an answer ended. Serialised as in `riffle ask --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// A limit of tokens was reached.
    Length,
    /// It asked for tools.
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
    /// It failed.
    Error,
    /// The stream ended without any sign of the end.
    Truncated,
    /// A person stopped it.
    Cancelled,
}

/// The vendor's word for a stop in a long turn that is to be asked to go on (Anthropic, `stop_reason`).
pub const PAUSED: &str = "pause_turn";

impl Finish {
    /// The word used in `--json` and in the history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
            Self::Truncated => "truncated",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads [`Self::as_str`] back; `None` for an unknown word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "tool_calls" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            "error" => Self::Error,
            "truncated" => Self::Truncated,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }
}

/// Tokens of one or more model requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens the model read.
    pub input: u64,
    /// Tokens the model wrote, reasoning included.
    pub output: u64,
    /// Further figures as the vendor reported them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl Usage {
    /// What the request cost in US dollars, where the provider said so and it was not free: `cost` as `OpenRouter` (which
    /// tells apart what the person's own key was charged) and others report it, or its `total_cost`.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        let details = self.details.as_ref()?;
        let cost = &details["cost"];
        let charged = cost.as_f64().or_else(|| cost["total_cost"].as_f64());
        let own_key =
            details["cost_details"]["upstream_inference_cost"].as_f64().filter(|_| details["is_byok"] == true);
        Some(charged.unwrap_or(0.0) + own_key.unwrap_or(0.0)).filter(|cost| *cost > 0.0)
    }
}

/// The end of a stream, the last thing a stream gives.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEnd {
    /// The end is proven: a finish reason, `[DONE]`, or the API's terminal event.
    Complete,
    /// It failed or was cut; what came before it is kept. `is_cut`: the end was missing rather than an error reported.
    Failed {
        /// What went wrong.
        error: ChatError,
        /// The body just ended.
        is_cut: bool,
    },
}
