//! A request that is not answered with what it asks for: a status and a sentence, in the shape that `OpenAI` clients read,
//! see <https://platform.openai.com/docs/guides/error-codes>.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::chat::{ChatError, ErrorKind};

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The status of the response.
    pub status: StatusCode,
    /// A sentence for people.
    pub message: String,
    /// A word for programs.
    pub code: Option<&'static str>,
    /// After how many seconds it may be tried again.
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of this status.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None, retry_after_s: None }
    }

    /// What is wrong with the request.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// What a model request ended with.
    pub(super) fn of(error: &ChatError) -> Self {
        let (status, code) = match error.kind {
            ErrorKind::Auth => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
            ErrorKind::RateLimit => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"),
            ErrorKind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            ErrorKind::ContextLength => (StatusCode::BAD_REQUEST, "context_length_exceeded"),
            ErrorKind::BadRequest if error.status == Some(404) => (StatusCode::NOT_FOUND, "model_not_found"),
            ErrorKind::BadRequest => (StatusCode::BAD_REQUEST, "bad_request"),
            ErrorKind::ContentFilter => (StatusCode::BAD_REQUEST, "content_filter"),
            ErrorKind::Server | ErrorKind::Protocol | ErrorKind::Network => {
                (StatusCode::BAD_GATEWAY, error.kind.as_str())
            }
        };
        let retry_after_s = error.retry_after_ms.map(|ms| ms.div_ceil(1000));
        Self { status, message: error.message.clone(), code: Some(code), retry_after_s }
    }

    /// The body.
    pub(super) fn body(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {"message": self.message, "type": kind, "param": null, "code": self.code}})
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
