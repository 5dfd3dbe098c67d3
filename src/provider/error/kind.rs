//! Which kind of failure a server means. Only what it says of itself is looked at (message, code, type, status), never
//! what it repeats of the question. Vendors' words, in small letters; the order of the questions is part of the rule. Pure.

use serde_json::Value;

use crate::chat::ErrorKind;

/// Fields that say what happened.
const SAYING: [&str; 17] = [
    "message",
    "Message",
    "msg",
    "error",
    "error_message",
    "error_msg",
    "error_description",
    "detail",
    "status_msg",
    "code",
    "error_code",
    "type",
    "__type",
    "error_type",
    "status",
    "reason",
    "title",
];
/// Fields that hold such fields.
const HOLDING: [&str; 8] = ["error", "errors", "detail", "details", "innererror", "metadata", "base_resp", "cause"];
/// How deep they are followed.
const MAX_DEPTH: usize = 5;
/// Characters that are searched.
const MAX_SEARCHED_CHARS: usize = 16 * 1024;

const CONTEXT: [&str; 32] = [
    "context_length",
    "context length",
    "context size",
    "context window",
    "context_window",
    "contextwindow",
    "context limit",
    "exceed_context",
    "prompt is too long",
    "prompt too long",
    "prompt exceeds",
    "prompt token count",
    "prompt length is",
    "max_prompt_tokens",
    "input is too long",
    "input too long",
    "input length exceeds",
    "range of input length",
    "maximum input length",
    "input tokens exceed",
    "reduce the length of the messages",
    "reduce your message size",
    "maximum number of tokens allowed",
    "too many tokens",
    "tokens_limit_reached",
    "model token limit",
    "`inputs` tokens",
    "`inputs` must have less than",
    "request too large for",
    "request body too large for",
    "maximum prompt length",
    "max input tokens",
];
const FILTER: [&str; 20] = [
    "content_filter",
    "content filter",
    "contentfilter",
    "content management policy",
    "responsibleaipolicyviolation",
    "content_policy",
    "content policy",
    "prohibited_content",
    "data_inspection_failed",
    "inappropriate content",
    "content exists risk",
    "moderation_blocked",
    "safety system",
    "safety_check",
    "usage guidelines",
    "usage policy",
    "output blocked",
    "sensitive information",
    "sensitivecontent",
    "敏感内容",
];
const QUOTA: [&str; 25] = [
    "insufficient_quota",
    "insufficient_user_quota",
    "exceeded your current quota",
    "exceeded_current_quota",
    "quota exceeded",
    "quota has been exceeded",
    "insufficient credits",
    "not enough credits",
    "used all available credits",
    "purchase more credits",
    "insufficient balance",
    "balance is insufficient",
    "insufficient_balance",
    "credit balance",
    "billing_hard_limit",
    "plan and billing",
    "spending limit",
    "free allocation",
    "budget_exceeded",
    "budget has been exceeded",
    "额度不足",
    "余额不足",
    "account is suspended due to",
    "payment required",
    "arrearage",
];
const AUTH: [&str; 7] = [
    "login fail",
    "invalid_api_key",
    "api_key_invalid",
    "authentication_error",
    "permission_error",
    "incorrect api key",
    "unauthenticated",
];
/// What a 400 says of a key; anything else with "key" in it may be about the question.
const KEY_AT_400: [&str; 12] = [
    "api key not valid",
    "api key is not valid",
    "invalid api key",
    "no api key",
    "missing api key",
    "api key is missing",
    "api key is required",
    "api key expired",
    "api key not found",
    "api key provided",
    "provide an api key",
    "valid api key",
];
const OVERLOADED: [&str; 6] =
    ["overloaded", "capacity exceeded", "capacity_exceeded", "capacity temporarily", "at capacity", "high demand"];
const RATE: [&str; 7] = [
    "rate_limit",
    "rate limit",
    "ratelimit",
    "too many requests",
    "resource_exhausted",
    "throttl",
    "too many tokens, please wait",
];
const REFUSED: [&str; 5] = ["invalid_request", "badrequest", "bad_request", "invalid_argument", "invalid_prompt"];

/// What a body says of the failure, in small letters; its text where it is no JSON.
pub(super) fn said(value: Option<&Value>, text: &str) -> String {
    let mut said = String::new();
    match value {
        Some(value) => gather(value, 0, &mut said),
        None => said.push_str(text),
    }
    let said: String = said.chars().take(MAX_SEARCHED_CHARS).collect();
    without_quotes(&said).to_lowercase()
}

fn gather(value: &Value, depth: usize, said: &mut String) {
    match value {
        Value::String(text) => {
            said.push_str(text);
            said.push('\n');
        }
        Value::Array(items) if depth < MAX_DEPTH => items.iter().for_each(|item| gather(item, depth + 1, said)),
        Value::Object(map) if depth < MAX_DEPTH => {
            for (field, value) in map {
                let field = field.as_str();
                let is_sentence = SAYING.contains(&field) && value.is_string();
                if is_sentence || HOLDING.contains(&field) || (field == "message" && value.is_object()) {
                    gather(value, depth + 1, said);
                } else if field == "raw" {
                    // A gateway quotes its own server's body.
                    let inner = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                    gather(inner.as_ref().unwrap_or(value), depth + 1, said);
                }
            }
        }
        _ => {}
    }
}

/// Before the sentence of another server that a gateway quotes.
const QUOTED_SENTENCE: [&str; 6] = ["message':", "message\":", "detail':", "detail\":", "msg':", "error':"];

/// Without quotations of several words: validation errors repeat what was sent.
fn without_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mark = &from[..1];
        let is_sentence = QUOTED_SENTENCE.iter().any(|name| out.trim_end().ends_with(name));
        let opens = !before.ends_with(char::is_alphanumeric) && !is_sentence;
        let end = from[1..]
            .match_indices(mark)
            .map(|(end, _)| end + 1)
            .find(|end| !from[end + 1..].starts_with(char::is_alphanumeric));
        match end.filter(|_| opens) {
            Some(end) if from[1..end].contains(char::is_whitespace) => rest = &from[end + 1..],
            _ => {
                out.push_str(mark);
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn has_any(said: &str, words: &[&str]) -> bool {
    words.iter().any(|word| said.contains(word))
}

/// Whether money or a quota is used up, so that only waiting where a wait is named helps.
pub(super) fn is_quota(status: Option<u16>, said: &str) -> bool {
    status == Some(402) || has_any(said, &QUOTA)
}

pub(super) fn kind_of(status: Option<u16>, said: &str) -> ErrorKind {
    let is_too_large = said.contains("request too large for");
    let is_flagged = said.contains("flagged") && has_any(said, &["prompt", "input", "content"]);
    let is_withheld = (has_any(said, &FILTER) || is_flagged)
        && !status.is_some_and(|status| matches!(status, 401 | 402 | 429) || status >= 500);
    let is_throttled = said.contains("wait before") || said.contains("throttl");
    let is_client_error = !is_throttled && status.is_none_or(|status| (400..500).contains(&status) && status != 429);
    if has_any(said, &CONTEXT) && (is_client_error || status == Some(500) || is_too_large) {
        ErrorKind::ContextLength
    } else if is_withheld {
        ErrorKind::ContentFilter
    } else if is_quota(status, said) {
        ErrorKind::RateLimit
    } else if matches!(status, Some(401 | 403))
        || has_any(said, &AUTH)
        || (matches!(status, Some(400) | None) && has_any(said, &KEY_AT_400))
    {
        ErrorKind::Auth
    } else if matches!(status, Some(498 | 503 | 529)) || has_any(said, &OVERLOADED) {
        ErrorKind::Overloaded
    } else if status == Some(429) || has_any(said, &RATE) {
        ErrorKind::RateLimit
    } else if matches!(status, Some(408 | 409)) || status.is_some_and(|status| status >= 500 && status != 501) {
        ErrorKind::Server
    } else if status.is_some() || has_any(said, &REFUSED) {
        ErrorKind::BadRequest
    } else {
        ErrorKind::Server
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_person_wrote_decides_nothing() {
        let echoed = "invalid_api_key and context length exceeded";
        for body in [
            json!({"detail": [{"msg": "Extra inputs are not permitted", "input": echoed}]}),
            json!({"message": format!("Input should be a list [input_value='{echoed}', input_type=str]")}),
        ] {
            assert_eq!(kind_of(Some(400), &said(Some(&body), "")), ErrorKind::BadRequest, "{body}");
        }
    }

    #[test]
    fn what_a_gateway_quotes_of_its_own_server_counts() {
        let quoted = "Error code: 400 - {'object': 'error', 'message': \"This model's maximum context length is 4096 tokens.\", 'code': 400}";
        let said = said(Some(&json!({"error": {"message": quoted}})), "");
        assert_eq!(kind_of(Some(400), &said), ErrorKind::ContextLength);
    }

    #[test]
    fn ordinary_sentences_are_not_taken_for_a_vendors_own() {
        for (status, words, kind) in [
            (Some(503), "upstream was flagged as unhealthy", ErrorKind::Overloaded),
            (Some(403), "your account was flagged for abuse", ErrorKind::Auth),
            (Some(403), "your input was flagged", ErrorKind::ContentFilter),
            (None, "too many tokens, please wait before trying again.", ErrorKind::RateLimit),
        ] {
            assert_eq!(kind_of(status, words), kind, "{words}");
        }
    }

    #[test]
    fn an_apostrophe_is_no_quotation() {
        let text = "This model's maximum context length is 8; you've sent 9";
        assert_eq!(without_quotes(text), text);
        assert_eq!(without_quotes("value='a b', 'c' \"d e\"."), "value=, 'c' .");
    }
}
