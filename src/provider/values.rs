//! Small readings of JSON that servers bend: usage, words for the end, content parts, errors beside an answer, and text
//! that a strict parser refuses.

use serde_json::{Map, Value};

use crate::chat::{Finish, Usage};

pub(super) fn has_error(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.first().is_some_and(has_error),
        Value::Object(map) => match map.get("error") {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Object(_) | Value::Array(_)) => true,
            _ => map.get("object").is_some_and(|object| object == "error"),
        },
        _ => false,
    }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

pub(super) fn usage_of(holder: &Value) -> Option<Usage> {
    const KNOWN: [&str; 5] = ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens"];
    let usage = holder.get("usage")?.as_object()?;
    let figure = |names: [&str; 2]| names.into_iter().find_map(|name| usage.get(name).and_then(number));
    let (input, output) = (figure(["prompt_tokens", "input_tokens"]), figure(["completion_tokens", "output_tokens"]));
    if input.is_none() && output.is_none() {
        return None;
    }
    let details: Map<_, _> = usage
        .iter()
        .filter(|(name, value)| !value.is_null() && !KNOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let details = (!details.is_empty()).then_some(Value::Object(details));
    Some(Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), details })
}

pub(super) fn finish_of(raw: &str) -> Finish {
    match raw.to_ascii_lowercase().as_str() {
        "length" | "max_tokens" | "model_length" | "max_output_tokens" | "model_context_window_exceeded" => {
            Finish::Length
        }
        "tool_calls" | "function_call" | "tool_use" | "tool_call" => Finish::ToolCalls,
        "content_filter" | "safety" | "recitation" | "blocklist" | "prohibited_content" | "spii" | "refusal" => {
            Finish::ContentFilter
        }
        "error" | "insufficient_system_resource" | "malformed_function_call" | "network_error" => Finish::Error,
        _ => Finish::Stop,
    }
}

pub(super) fn text_of_part(part: &Value) -> &str {
    match part {
        Value::String(text) => text,
        Value::Object(map) if map.get("type").is_none_or(|kind| kind != "thinking") => {
            map.get("text").or_else(|| map.get("refusal")).and_then(Value::as_str).unwrap_or("")
        }
        _ => "",
    }
}

pub(super) fn thinking_of(part: &Value) -> String {
    match part.get("thinking") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().map(text_of_part).collect(),
        _ => String::new(),
    }
}

/// JSON as servers write it: half of a surrogate pair, which the parser refuses, becomes U+FFFD.
/// With whether that was needed.
pub(super) fn parse_json(text: &str) -> Option<(Value, bool)> {
    serde_json::from_str(text).ok().map(|value| (value, false)).or_else(|| {
        let mended = without_lone_surrogates(text)?;
        Some((serde_json::from_str(&mended).ok()?, true))
    })
}

/// `None` when there is nothing to replace.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let unit_at = |at: usize| -> Option<u16> {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit_at(at) {
            Some(0xd800..=0xdbff) if matches!(unit_at(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&text[copied..at]);
                out.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    (copied > 0).then(|| out + &text[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lone_surrogates_do_not_end_the_stream() {
        assert_eq!(
            parse_json(r#""a\ud83d b\\ud83d \ud83d\ude00 \ude00""#),
            Some((json!("a\u{fffd} b\\ud83d 😀 \u{fffd}"), true))
        );
    }

    #[test]
    fn usage_without_figures_is_no_usage() {
        assert_eq!(usage_of(&json!({"usage": {"prompt_tokens": null}})), None);
        let read = usage_of(&json!({"usage": {"prompt_tokens": 5.0, "completion_tokens": null, "cost": 1}}));
        assert_eq!(read, Some(Usage { input: 5, output: 0, details: Some(json!({"cost": 1})) }));
    }
}
