//! Reads what a server says when it fails: HTTP status, headers and whatever body comes with them, or an error event in
//! the middle of a stream. Bodies come as JSON of many shapes, HTML pages and nothing at all. Pure.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::chat::{ChatError, ErrorKind};

/// Characters of a message that are kept.
const MAX_MESSAGE_CHARS: usize = 4096;
/// Characters of the body that are searched for known words.
const MAX_SEARCHED_CHARS: usize = 16 * 1024;

/// The error of a response that is not a success. `now_ms`: milliseconds since 1970, for a `Retry-After` date.
#[must_use]
pub fn from_response(status: u16, headers: &HeaderMap, body: &[u8], now_ms: i64) -> ChatError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let value = serde_json::from_str::<Value>(text).ok();
    let message = value.as_ref().and_then(message_of).unwrap_or_else(|| own_words(status, text, value.is_some()));
    let searched: String = text.chars().take(MAX_SEARCHED_CHARS).collect::<String>().to_lowercase();
    let wait = wait_of_headers(headers, now_ms)
        .or_else(|| value.as_ref().and_then(wait_of_value))
        .or_else(|| wait_in_text(&searched));
    build(Some(status), &message, &searched, wait)
}

/// The error an event or a successful response carries in its body; `value` is the error object or what holds it.
#[must_use]
pub fn from_value(value: &Value) -> ChatError {
    let searched: String = value.to_string().chars().take(MAX_SEARCHED_CHARS).collect::<String>().to_lowercase();
    let message = message_of(value).unwrap_or_else(|| match status_of(value) {
        Some(status) => own_words(status, "", false),
        None => "The server reported an error without saying which.".to_owned(),
    });
    build(status_of(value), &message, &searched, wait_of_value(value).or_else(|| wait_in_text(&searched)))
}

/// An error given as text: JSON where it parses, else the words themselves.
#[must_use]
pub fn from_text(text: &str) -> ChatError {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if !value.is_null() => from_value(&value),
        _ => from_value(&Value::String(text.to_owned())),
    }
}

fn build(status: Option<u16>, message: &str, searched: &str, retry_after_ms: Option<u64>) -> ChatError {
    let kind = kind_of(status, searched);
    let mut error = ChatError::new(kind, message.chars().take(MAX_MESSAGE_CHARS).collect::<String>());
    if kind == ErrorKind::RateLimit && is_quota(status, searched) {
        error.retryable = retry_after_ms.is_some();
    }
    error.status = status;
    error.retry_after_ms = retry_after_ms;
    error
}

fn has_any(searched: &str, words: &[&str]) -> bool {
    words.iter().any(|word| searched.contains(word))
}

fn is_quota(status: Option<u16>, searched: &str) -> bool {
    const WORDS: [&str; 7] = [
        "insufficient_quota",
        "exceeded your current quota",
        "quota exceeded",
        "insufficient credits",
        "insufficient balance",
        "credit balance",
        "billing_hard_limit",
    ];
    status == Some(402) || has_any(searched, &WORDS)
}

fn kind_of(status: Option<u16>, searched: &str) -> ErrorKind {
    const CONTEXT: [&str; 11] = [
        "context_length",
        "context length",
        "context size",
        "context window",
        "context_window",
        "exceed_context",
        "prompt is too long",
        "prompt too long",
        "input is too long",
        "reduce the length of the messages",
        "maximum number of tokens allowed",
    ];
    const FILTER: [&str; 5] = [
        "content_filter",
        "content management policy",
        "responsibleaipolicyviolation",
        "content_policy",
        "prohibited_content",
    ];
    const AUTH: [&str; 5] =
        ["invalid_api_key", "authentication_error", "permission_error", "incorrect api key", "unauthenticated"];
    let is_client_error = status.is_none_or(|status| (400..500).contains(&status) && status != 429);
    if has_any(searched, &CONTEXT) && (is_client_error || status == Some(500)) {
        ErrorKind::ContextLength
    } else if has_any(searched, &FILTER) {
        ErrorKind::ContentFilter
    } else if is_quota(status, searched) {
        ErrorKind::RateLimit
    } else if matches!(status, Some(401 | 403))
        || has_any(searched, &AUTH)
        || (status == Some(400) && has_any(searched, &["api key", "api_key"]))
    {
        ErrorKind::Auth
    } else if matches!(status, Some(503 | 529)) || searched.contains("overloaded") {
        ErrorKind::Overloaded
    } else if status == Some(429)
        || has_any(searched, &["rate_limit", "rate limit", "too many requests", "resource_exhausted"])
    {
        ErrorKind::RateLimit
    } else if matches!(status, Some(408 | 409)) || status.is_some_and(|status| status >= 500) {
        ErrorKind::Server
    } else if status.is_some()
        || has_any(searched, &["invalid_request", "badrequest", "bad_request", "invalid_argument"])
    {
        ErrorKind::BadRequest
    } else {
        ErrorKind::Server
    }
}

/// The words for people inside an error body of any known shape.
fn message_of(value: &Value) -> Option<String> {
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    match value {
        Value::String(text) => filled(text),
        Value::Array(items) => {
            let words: Vec<_> = items.iter().filter_map(message_of).collect();
            (!words.is_empty()).then(|| words.join("; "))
        }
        Value::Object(map) => {
            if let Some(inner) = map.get("error").filter(|inner| !inner.is_null()).and_then(message_of) {
                return Some(inner);
            }
            let own = ["message", "detail", "error_message", "msg", "error_description"]
                .into_iter()
                .find_map(|field| map.get(field).and_then(message_of));
            let raw = value.pointer("/metadata/raw").and_then(|raw| match raw {
                Value::String(text) => {
                    serde_json::from_str::<Value>(text).ok().and_then(|raw| message_of(&raw)).or_else(|| filled(text))
                }
                other => message_of(other),
            });
            match (own, raw) {
                (Some(own), Some(raw)) if !own.contains(&raw) => Some(format!("{own}: {raw}")),
                (own, raw) => own.or(raw),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn own_words(status: u16, text: &str, is_json: bool) -> String {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let words = if is_json { String::new() } else { without_markup(text) };
    if words.is_empty() { format!("HTTP {status} {name}").trim().to_owned() } else { format!("HTTP {status}: {words}") }
}

/// The words of an HTML page or of plain text, on one line.
#[must_use]
pub fn without_markup(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let lower = text.to_ascii_lowercase();
    let mut words = String::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('<') {
        words.push_str(&text[at..at + open]);
        words.push(' ');
        let tag = at + open;
        let skipped = ["script", "style", "title"].into_iter().find(|name| lower[tag + 1..].starts_with(name));
        let from =
            skipped.and_then(|name| lower[tag..].find(&format!("</{name}")).map(|length| tag + length)).unwrap_or(tag);
        at = text[from..].find('>').map_or(text.len(), |length| from + length + 1);
    }
    words.push_str(&text[at..]);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
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

fn milliseconds(amount: f64) -> Option<u64> {
    amount.is_finite().then(|| amount.max(0.0).ceil() as u64)
}

fn wait_of_headers(headers: &HeaderMap, now_ms: i64) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(amount) = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()) {
        return milliseconds(amount);
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return milliseconds(seconds * 1000.0);
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    u64::try_from(date.as_millisecond().saturating_sub(now_ms).max(0)).ok()
}

/// Google's `RetryInfo`, wherever in the body it is.
fn wait_of_value(value: &Value) -> Option<u64> {
    let value = if let Value::Array(items) = value { items.first()? } else { value };
    let error = value.get("error").unwrap_or(value);
    error
        .get("details")?
        .as_array()?
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())
        .and_then(|delay| duration_ms(&delay.to_lowercase()))
}

/// "try again in 9m38.016s", in lower case.
fn wait_in_text(searched: &str) -> Option<u64> {
    const WORDS: [&str; 2] = ["try again in ", "retry in "];
    WORDS.into_iter().find_map(|words| duration_ms(searched.split_once(words)?.1))
}

/// A run of amounts with units at the start of `text`: `1h2m3.5s`, `30ms`, `20 seconds`.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0.0;
    let mut is_found = false;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (amount, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let factor = match unit {
            "ms" | "milliseconds" | "millisecond" => 1.0,
            "s" | "sec" | "second" | "seconds" => 1000.0,
            "m" | "min" | "minute" | "minutes" => 60_000.0,
            "h" | "hour" | "hours" => 3_600_000.0,
            _ => break,
        };
        let Ok(amount) = amount.trim_end_matches('.').parse::<f64>() else { break };
        total += amount * factor;
        is_found = true;
        rest = next;
    }
    if is_found { milliseconds(total) } else { None }
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
    fn waits_are_read_from_words_and_dates() {
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
