//! Reads what a server says when it fails: HTTP status, headers and whatever body comes with them, or an error event in
//! the middle of a stream. `words` finds the sentence, `kind` what it means, `wait` how long to wait. Pure.

mod kind;
mod wait;
mod words;

use http::HeaderMap;
use serde_json::Value;

use crate::chat::{ChatError, ErrorKind};

pub use words::without_markup;

/// Characters of a message that are kept.
const MAX_MESSAGE_CHARS: usize = 4096;

/// The error of a response that is not a success. `now_ms`: milliseconds since 1970, for a `Retry-After` date.
#[must_use]
pub fn from_response(status: u16, headers: &HeaderMap, body: &[u8], now_ms: i64) -> ChatError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let value = serde_json::from_str::<Value>(text).ok();
    let message =
        value.as_ref().and_then(words::message_of).unwrap_or_else(|| words::own_words(status, text, value.is_some()));
    let said = kind::said(value.as_ref(), text);
    let wait = wait::of_headers(headers, now_ms)
        .or_else(|| value.as_ref().and_then(wait::of_value))
        .or_else(|| wait::in_text(&said));
    build(Some(status), &message, &said, wait)
}

/// The error an event or a successful response carries in its body; `value` is the error object or what holds it.
#[must_use]
pub fn from_value(value: &Value) -> ChatError {
    let said = kind::said(Some(value), "");
    let message = words::message_of(value).unwrap_or_else(|| match status_of(value) {
        Some(status) => words::own_words(status, "", false),
        None => "The server reported an error without saying which.".to_owned(),
    });
    build(status_of(value), &message, &said, wait::of_value(value).or_else(|| wait::in_text(&said)))
}

/// An error given as text: JSON where it parses, else the words themselves.
#[must_use]
pub fn from_text(text: &str) -> ChatError {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if !value.is_null() => from_value(&value),
        _ => from_value(&Value::String(text.to_owned())),
    }
}

fn build(status: Option<u16>, message: &str, said: &str, retry_after_ms: Option<u64>) -> ChatError {
    let kind = kind::kind_of(status, said);
    let mut error = ChatError::new(kind, message.chars().take(MAX_MESSAGE_CHARS).collect::<String>());
    if kind == ErrorKind::RateLimit && kind::is_quota(status, said) {
        error.retryable = retry_after_ms.is_some();
    }
    error.status = status;
    error.retry_after_ms = retry_after_ms;
    error
}

fn status_of(value: &Value) -> Option<u16> {
    let value = match value {
        Value::Array(items) => items.first()?,
        other => other,
    };
    let inner = value.get("error").filter(|inner| inner.is_object()).unwrap_or(value);
    [inner, value]
        .into_iter()
        .flat_map(|object| ["status_code", "http_status_code", "code", "status"].map(|field| object.get(field)))
        .flatten()
        .filter_map(|found| match found {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        })
        .find(|status| (400..600).contains(status))
        .and_then(|status| u16::try_from(status).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(status: u16, body: &str) -> ChatError {
        from_response(status, &HeaderMap::new(), body.as_bytes(), 0)
    }

    fn told(error: &ChatError) -> (ErrorKind, &str, bool, Option<u64>) {
        (error.kind, error.message.as_str(), error.retryable, error.retry_after_ms)
    }

    #[test]
    fn messages_are_found_in_every_known_shape() {
        for body in [
            json!({"error": {"message": "words"}}),
            json!({"error": "words"}),
            json!({"message": "words"}),
            json!({"detail": "words"}),
            json!({"detail": [{"loc": ["body"], "msg": "words"}]}),
            json!({"error_message": "words"}),
            json!({"error": {"metadata": {"raw": "{\"error\":{\"message\":\"words\"}}"}}}),
            json!([{"error": {"message": "words"}}]),
        ] {
            assert_eq!(told(&plain(422, &body.to_string())), (ErrorKind::BadRequest, "words", false, None), "{body}");
        }
    }

    #[test]
    fn an_empty_body_is_told_by_its_status() {
        assert_eq!(told(&plain(500, "")), (ErrorKind::Server, "HTTP 500 Internal Server Error", true, None));
    }

    #[test]
    fn waits_are_read_from_bodies_and_dates() {
        let body = r#"{"error":{"message":"Please try again in 9m38.016s."}}"#;
        assert_eq!(plain(429, body).retry_after_ms, Some(578_016));
        let body = json!({"error": {"message": "quota exceeded", "details": [{"retryDelay": "7s"}]}}).to_string();
        assert_eq!(told(&plain(429, &body)), (ErrorKind::RateLimit, "quota exceeded", true, Some(7000)));
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static("Thu, 01 Jan 1970 00:00:05 GMT"));
        assert_eq!(from_response(503, &headers, b"", 2000).retry_after_ms, Some(3000));
        assert_eq!(from_response(503, &headers, b"", 9000).retry_after_ms, Some(0));
    }

    #[test]
    fn kinds_follow_their_order() {
        assert_eq!(plain(402, "{}").kind, ErrorKind::RateLimit);
        assert!(!plain(402, "{}").retryable);
        assert_eq!(plain(400, r#"{"error":"Incorrect API key provided"}"#).kind, ErrorKind::Auth);
        assert_eq!(plain(529, "").kind, ErrorKind::Overloaded);
        assert_eq!(plain(404, "").kind, ErrorKind::BadRequest);
    }

    #[test]
    fn markup_never_reaches_the_message() {
        assert_eq!(without_markup("<p>a<script>x<y</script> b <br"), "a b");
        assert_eq!(without_markup("a < b"), "a < b");
    }
}
