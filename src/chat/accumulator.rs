//! Joins the deltas of one streamed answer.

use serde_json::Value;

use super::{AssistantMessage, Delta, Finish, StreamEnd, ToolCall, Usage};

/// A call that is still arriving, for showing it live.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartialCall {
    /// The vendor's identifier as far as known; may be empty until the end.
    pub id: String,
    /// The name so far.
    pub name: String,
    /// The arguments' JSON text so far.
    pub arguments: String,
    /// See [`ToolCall::opaque`].
    pub opaque: Option<Value>,
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Text, reasoning, calls with unique ids. `opaque` is left to the caller, who knows the provider's name.
    pub message: AssistantMessage,
    /// How it ended; `ToolCalls` whenever calls may be run.
    pub finish: Finish,
    /// The vendor's word for the end.
    pub finish_raw: Option<String>,
    /// Tokens, if reported.
    pub usage: Option<Usage>,
    /// The vendor parts to keep.
    pub opaque: Option<Value>,
}

/// Collects the deltas of one model request.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    text: String,
    reasoning: String,
    calls: Vec<PartialCall>,
    usage: Option<Usage>,
    finish: Option<(Finish, String)>,
    opaque: Option<Value>,
}
