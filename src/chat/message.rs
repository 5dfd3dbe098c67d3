//! Messages as they go into a model request.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attachment, ToolCall, ToolResult};

/// What one model request answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// The answer's text; may be empty beside tool calls.
    pub text: String,
    /// Reasoning shown apart from the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The calls it asked for, in order of first appearance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Vendor parts that the same vendor wants back unchanged, as the dialect wrote them; dropped for another vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
}

/// Vendor data kept with an answer: only the dialect named here reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// The provider's configured name, for example `deepseek`.
    pub provider: String,
    /// The dialect's own shape.
    pub value: Value,
}

/// One message of a model request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// Instructions before the conversation.
    System {
        /// The instructions.
        text: String,
    },
    /// A person's question.
    User {
        /// What was typed.
        text: String,
        /// Images that go with it.
        #[serde(skip)]
        attachments: Vec<Attachment>,
    },
    /// A model's answer.
    Assistant(AssistantMessage),
    /// The result of one call of the answer before it.
    Tool(ToolResult),
}

impl Message {
    /// A question of words only.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into(), attachments: Vec::new() }
    }

    /// The instructions, if it is some.
    #[must_use]
    pub fn system_text(&self) -> Option<&str> {
        match self {
            Self::System { text } => Some(text),
            Self::User { .. } | Self::Assistant(_) | Self::Tool(_) => None,
        }
    }
}
