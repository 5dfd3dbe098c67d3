//! Model servers: what an endpoint is, how each vendor's wire format is spoken (one folder per dialect), and the client
//! that streams an answer as neutral deltas. Dialects, error reading and retry delays are pure; only `http` and `client`
//! touch the network.

pub mod anthropic;
mod body;
mod broken;
mod client;
#[cfg(feature = "settings")]
pub mod connect;
#[cfg(feature = "demo")]
pub mod demo;
mod dialect;
pub mod error;
pub mod gemini;
mod http;
pub mod ollama;
pub mod openai_chat;
pub mod openai_responses;
mod reader;
pub mod recording;
pub mod retry;
mod stage;
mod think;
mod tolerance;
pub mod transcription;
mod values;
mod wire;

use std::path::PathBuf;

use serde_json::{Map, Value};

pub use client::{Client, DeltaStream, StreamItem};
pub use dialect::{BodyDecoder, Dialect, Progress, Quirks, ReasoningEcho, WireRequest, dialect};
pub use http::proxy_of;
pub use stage::{Failure, Stage};
pub use tolerance::Tolerance;

use crate::chat::{Message, ToolSpec};
use crate::config::secret::Secret;

/// A wire format. A new one is a folder beside `openai_chat`, a variant here and a line in [`dialect()`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// Chat Completions, as `OpenAI` and most others speak it.
    OpenAiChat,
    /// Responses, as `OpenAI` speaks it.
    OpenAiResponses,
    /// Messages, as Anthropic speaks it.
    Anthropic,
    /// Gemini's own.
    Gemini,
    /// Ollama's own.
    Ollama,
}

impl Api {
    /// Every wire format there is.
    pub const ALL: [Self; 5] = [Self::OpenAiChat, Self::OpenAiResponses, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// Reads the word of the configuration and of `--api`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.as_str() == word)
    }

    /// The word of the configuration and of `--api`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }
}

/// How long to wait for what, in milliseconds; 0 waits for ever. There is no limit for a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect_ms: u64,
    /// From sending the request to the response's headers.
    pub headers_ms: u64,
    /// Between two pieces of the body, comments included.
    pub idle_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 10_000, headers_ms: 120_000, idle_ms: 90_000 }
    }
}

/// A configured provider, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The configured name, for example `deepseek`. Vendor parts of an answer go back only to the same name.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// The wire format.
    pub api: Api,
    /// As the vendor's own SDK takes it, for example `https://api.openai.com/v1`; may end in a query.
    pub base_url: String,
    /// The key, if there is one.
    pub key: Option<Secret>,
    /// Where the key came from, for people.
    pub key_source: Option<String>,
    /// Further headers; they replace ours of the same name.
    pub headers: Vec<(String, String)>,
    /// Further fields of the request; `null` takes one of ours out.
    pub params: Map<String, Value>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Further trusted certificates, PEM.
    pub ca_file: Option<PathBuf>,
}

impl Endpoint {
    /// A server without a key that speaks this wire format at this address, which is what the vendor's own SDK takes:
    /// `https://api.openai.com/v1`, `https://api.anthropic.com`, `http://127.0.0.1:11434` for Ollama. It is called by its
    /// wire format; every field can be set.
    #[must_use]
    pub fn new(api: Api, base_url: impl Into<String>) -> Self {
        Self {
            name: api.as_str().to_owned(),
            label: api.as_str().to_owned(),
            api,
            base_url: base_url.into(),
            key: None,
            key_source: None,
            headers: Vec::new(),
            params: Map::new(),
            timeouts: Timeouts::default(),
            ca_file: None,
        }
    }

    /// The same, with a key. It is sent to this address only, and shows up in no error and no `Debug`.
    #[must_use]
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(Secret::new(key.into())), ..self }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// The model's name as the provider knows it.
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<ToolSpec>,
}
