//! A tool call as a model asked for it, and its one result.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The arguments of a call: an object, or the text that could not be read as one. The latter is shown and answered with
/// an error, never repaired and never run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arguments {
    /// A JSON object.
    Object(Map<String, Value>),
    /// Whatever else the model sent.
    Raw(String),
}

impl Arguments {
    /// Reads streamed argument text. Nothing, blanks and `null` mean no arguments.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed == "null" {
            return Self::Object(Map::new());
        }
        match serde_json::from_str::<Value>(trimmed) {
            Ok(Value::Object(map)) => Self::Object(map),
            _ => Self::Raw(text.to_owned()),
        }
    }

    /// The JSON text that goes back to a server: the object, or the raw text as it came.
    #[must_use]
    pub fn to_json_text(&self) -> String {
        match self {
            Self::Object(map) => Value::Object(map.clone()).to_string(),
            Self::Raw(text) => text.clone(),
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Object(map) => Some(map),
            Self::Raw(_) => None,
        }
    }
}

/// One tool call of an assistant message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The vendor's identifier, or an invented one of 9 letters and digits; unique within a conversation's answer.
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// What the model passed.
    pub arguments: Arguments,
    /// Vendor data that must go back with this very call (`extra_content` of Gemini's `OpenAI` endpoint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Value>,
}

/// How a call ended. Serialised as in `riffle ask --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolStatus {
    /// The tool answered.
    Done,
    /// The tool, or the check of its arguments, failed.
    Failed,
    /// Policy or a person refused it.
    Denied,
    /// Stopped before it ended.
    Cancelled,
    /// It took longer than its time-out.
    Timeout,
}

impl ToolStatus {
    /// The word used in `--json` and in the history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
        }
    }

    /// Reads [`Self::as_str`] back; anything unknown counts as failed.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "denied" => Self::Denied,
            "cancelled" => Self::Cancelled,
            "timeout" => Self::Timeout,
            _ => Self::Failed,
        }
    }
}

/// A tool as it is offered to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments, an object schema.
    pub parameters: Value,
}

/// The one result of a call: what the model is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// [`ToolCall::id`] of the call it answers.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// How the call ended.
    pub status: ToolStatus,
    /// The text for the model: the tool's output, or a sentence that says what went wrong.
    pub output: String,
    /// From start to end of the run in milliseconds; 0 when it never ran.
    pub elapsed_ms: u64,
}
