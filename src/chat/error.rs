//! What went wrong with a model request, in the words every host uses.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The kind decides what a person is offered and whether the request may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The key is missing, wrong or not allowed to do this.
    Auth,
    /// Too many requests, or the quota is used up.
    RateLimit,
    /// The server has no room at the moment.
    Overloaded,
    /// The conversation does not fit the model.
    ContextLength,
    /// The server refused the request as it is.
    BadRequest,
    /// The provider withheld the answer.
    ContentFilter,
    /// The server failed.
    Server,
    /// The answer could not be read.
    Protocol,
    /// No connection, or it broke.
    Network,
}

impl ErrorKind {
    /// The word used in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::ContextLength => "context_length",
            Self::BadRequest => "bad_request",
            Self::ContentFilter => "content_filter",
            Self::Server => "server",
            Self::Protocol => "protocol",
            Self::Network => "network",
        }
    }
}

/// A failed or cut model request.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ChatError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The vendor's own words where there are some, else ours. From outside: make it safe before drawing.
    pub message: String,
    /// The HTTP status, or the one the error body claims.
    pub status: Option<u16>,
    /// Whether the same request may succeed without the person changing anything.
    pub retryable: bool,
    /// What the server asked to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl ChatError {
    /// An error of this kind with the default retry rule: rate limit, overloaded, server and network may be repeated.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable =
            matches!(kind, ErrorKind::RateLimit | ErrorKind::Overloaded | ErrorKind::Server | ErrorKind::Network);
        Self { kind, message: message.into(), status: None, retryable, retry_after_ms: None }
    }
}
