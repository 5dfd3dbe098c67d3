//! The words for people inside an error body: JSON of many shapes, HTML pages, plain text, nothing at all. Pure.

use http::StatusCode;
use serde_json::Value;

/// Fields that hold the sentence, the best first.
const SENTENCES: [&str; 8] =
    ["message", "Message", "error_message", "error_msg", "error_description", "detail", "msg", "status_msg"];

/// Bytes of a page that are read: its words stand at its beginning.
const MAX_MARKUP_BYTES: usize = 16 * 1024;

/// The words inside an error body of any known shape.
pub(super) fn message_of(value: &Value) -> Option<String> {
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    match value {
        Value::String(text) => filled(text),
        Value::Array(items) => {
            let words: Vec<_> = items.iter().filter_map(message_of).collect();
            (!words.is_empty()).then(|| words.join("; "))
        }
        Value::Object(map) => {
            if let Some(inner) = map.get("error").filter(|inner| !inner.is_string()).and_then(message_of) {
                return Some(inner);
            }
            let own = SENTENCES.into_iter().find_map(|field| map.get(field).and_then(message_of));
            // A word beside a sentence only names the status.
            let own = own
                .or_else(|| ["error", "errors", "base_resp"].into_iter().find_map(|field| message_of(map.get(field)?)));
            // FastChat.
            let own = own.or_else(|| map.get("error_code").and_then(|_| message_of(map.get("text")?)));
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

/// What is left to say where the body holds no sentence.
pub(super) fn own_words(status: u16, text: &str, is_json: bool) -> String {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let words = if is_json { String::new() } else { without_markup(text) };
    if words.is_empty() { format!("HTTP {status} {name}").trim().to_owned() } else { format!("HTTP {status}: {words}") }
}

/// The words of an HTML page or of plain text, on one line.
#[must_use]
pub fn without_markup(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(MAX_MARKUP_BYTES)];
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
