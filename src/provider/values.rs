//! Small readings of JSON that servers bend: usage, words for the end, content parts, errors beside an answer, and text
//! that a strict parser refuses.

use serde_json::{Map, Value};

use crate::chat::{Finish, Usage};

/// Whether this says that something failed, possibly beside an answer.
pub(super) fn has_error(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.first().is_some_and(has_error),
        Value::Object(map) => {
            let has_code =
                |holder: &Value, field: &str| holder.get(field).and_then(number).is_some_and(|code| code != 0);
            match map.get("error") {
                Some(Value::String(text)) => !text.is_empty(),
                Some(Value::Object(error)) => error.values().any(|value| !value.is_null()),
                Some(Value::Array(errors)) => !errors.is_empty(),
                Some(Value::Bool(is_error)) => *is_error,
                _ => {
                    map.get("object").is_some_and(|object| object == "error")
                        || map.get("errors").and_then(Value::as_array).is_some_and(|errors| !errors.is_empty())
                        || has_code(value, "error_code")
                        || map.get("base_resp").is_some_and(|answer| has_code(answer, "status_code"))
                }
            }
        }
        _ => false,
    }
}

/// Whether a step that holds nothing of an answer is an error without saying so: a sentence, and at most what goes with
/// one.
pub(super) fn is_bare_error(step: &Value) -> bool {
    const BESIDE: [&str; 11] = [
        "message",
        "msg",
        "detail",
        "code",
        "type",
        "param",
        "status",
        "statusCode",
        "status_code",
        "request_id",
        "success",
    ];
    let Some(map) = step.as_object() else { return false };
    let is_well = |field: &&str| map.get(*field).and_then(number).is_some_and(|code| matches!(code, 0 | 200..300));
    if map.get("success") == Some(&Value::Bool(true)) || ["code", "status"].iter().any(is_well) {
        return false;
    }
    let has_sentence = ["message", "msg", "detail"].iter().any(|field| map.get(*field).is_some_and(Value::is_string));
    let is_about_error = map.get("type").and_then(Value::as_str).is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("error") || kind.contains("exception")
    });
    has_sentence && is_about_error && map.keys().all(|field| BESIDE.contains(&field.as_str()))
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

/// What a vendor's word for the end means; an unknown one is an ordinary end.
pub(super) fn finish_of(raw: &str) -> Finish {
    const FAILED: [&str; 9] = [
        "error",
        "malformed",
        "abort",
        "insufficient_system_resource",
        "network",
        "unexpected_tool",
        "too_many_tool",
        "missing_thought",
        "failed",
    ];
    const WITHHELD: [&str; 13] = [
        "content_filter",
        "filtered",
        "safety",
        "recitation",
        "blocklist",
        "prohibited",
        "spii",
        "refusal",
        "guardrail",
        "sensitive",
        "moderation",
        "toxic",
        "model_armor",
    ];
    const LENGTH: [&str; 6] =
        ["length", "max_tokens", "max_output_tokens", "model_context_window_exceeded", "token_limit", "max_new_tokens"];
    let raw = raw.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| raw.contains(word));
    match raw.as_str() {
        "tool_calls" | "function_call" | "tool_use" | "tool_call" => Finish::ToolCalls,
        _ if has(&WITHHELD) => Finish::ContentFilter,
        _ if has(&FAILED) => Finish::Error,
        _ if has(&LENGTH) => Finish::Length,
        _ => Finish::Stop,
    }
}

/// A word for the end, where it is one.
pub(super) fn finish_word(value: &Value) -> Option<&str> {
    value.as_str().filter(|raw| !raw.is_empty() && *raw != "null")
}

pub(super) fn text_of_part(part: &Value) -> &str {
    match part {
        Value::String(text) => text,
        Value::Object(map) if map.get("type").is_none_or(|kind| kind != "thinking" && kind != "reasoning") => {
            map.get("text").or_else(|| map.get("refusal")).and_then(Value::as_str).unwrap_or("")
        }
        _ => "",
    }
}

pub(super) fn thinking_of(part: &Value) -> String {
    let is_reasoning = part.get("type").is_some_and(|kind| kind == "reasoning");
    let texts = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of_part).collect(),
        _ => String::new(),
    };
    let fields: &[&str] = if is_reasoning { &["summary", "text", "content"] } else { &["thinking"] };
    fields.iter().filter_map(|field| part.get(*field)).map(texts).find(|text| !text.is_empty()).unwrap_or_default()
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
