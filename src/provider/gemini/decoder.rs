//! Reads an answer part by part. Calls come whole and mostly without an id; parts are kept as they came, for the vendor
//! wants its signatures back.

use serde_json::{Map, Value, json};

use crate::chat::{ChatError, ErrorKind, Finish, ToolCallFragment, Usage};
use crate::provider::body::Form;
use crate::provider::error::from_value;
use crate::provider::reader::{Answer, Reader, Reads};
use crate::provider::values::{finish_of, finish_word, has_error, number};

/// Reads one body of `streamGenerateContent`.
pub type GeminiDecoder = Reader<GeminiReader>;

/// What is known of an answer in `streamGenerateContent`.
#[derive(Debug, Default)]
pub struct GeminiReader {
    /// The answer's parts, neighbouring text joined.
    parts: Vec<Value>,
    has_own: bool,
    calls: u64,
}

impl Reads for GeminiReader {
    const FORM: Form = Form::Events;
    const ANNOUNCES_END: bool = false;

    fn read_step(&mut self, _: Option<&str>, step: &Value, answer: &mut Answer) {
        if has_error(step) {
            answer.fail(from_value(step));
            return;
        }
        answer.model(&step["modelVersion"]);
        answer.usage(usage_of(&step["usageMetadata"]));
        let candidates = step["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = candidates.iter().find(|one| one.get("index").and_then(number).is_none_or(|index| index == 0));
        if let Some(candidate) = first {
            for part in candidate["content"]["parts"].as_array().map(Vec::as_slice).unwrap_or_default() {
                self.read_part(part, answer);
            }
            read_finish(candidate, answer);
        }
        if let Some(reason) = step["promptFeedback"]["blockReason"].as_str().filter(|_| candidates.is_empty()) {
            answer.finish(Finish::ContentFilter, reason);
            let why = step["promptFeedback"]["blockReasonMessage"].as_str();
            let sentence = match why {
                Some(why) => format!("The question was blocked ({reason}): {why}"),
                None => format!("The question was blocked: {reason}."),
            };
            answer.fail(ChatError::new(ErrorKind::ContentFilter, sentence));
        }
    }

    /// One step, or the list of all: the stream without `alt=sse`.
    fn read_document(&mut self, document: &Value, answer: &mut Answer) -> bool {
        let steps = document.as_array().map_or(std::slice::from_ref(document), Vec::as_slice);
        let is_answer =
            |step: &Value| step.get("candidates").is_some() || step.get("promptFeedback").is_some() || has_error(step);
        let is_known = document.is_array() || is_answer(document);
        if is_known {
            for step in steps {
                self.read_step(None, step, answer);
            }
        }
        is_known
    }

    fn kept(&mut self) -> Option<Value> {
        self.has_own.then(|| json!({"parts": std::mem::take(&mut self.parts)}))
    }
}

impl GeminiReader {
    fn read_part(&mut self, part: &Value, answer: &mut Answer) {
        let Some(map) = part.as_object() else { return };
        self.has_own |= map.contains_key("thoughtSignature");
        let text = map.get("text").and_then(Value::as_str).unwrap_or_default();
        if let Some(call) = map.get("functionCall").filter(|call| call.is_object()) {
            answer.call(ToolCallFragment {
                index: Some(self.calls),
                id: call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
                name: call["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
                arguments: call.get("args").filter(|args| !args.is_null()).map(Value::to_string),
                is_whole: true,
                opaque: None,
            });
            self.calls += 1;
        } else if map.get("thought").is_some_and(|thought| thought == true) {
            answer.reasoning(text);
        } else {
            answer.text(text);
        }
        self.keep(map);
    }

    /// Neighbouring texts of one kind are joined unless one carries a signature.
    fn keep(&mut self, part: &Map<String, Value>) {
        let is_plain = |part: &Map<String, Value>| part.keys().all(|key| matches!(key.as_str(), "text" | "thought"));
        let text = part.get("text").and_then(Value::as_str);
        if let (Some(Value::Object(last)), Some(more)) = (self.parts.last_mut(), text)
            && is_plain(last)
            && is_plain(part)
            && last.get("thought") == part.get("thought")
            && let Some(Value::String(known)) = last.get_mut("text")
        {
            known.push_str(more);
            return;
        }
        let is_empty = text == Some("") && is_plain(part);
        if !is_empty {
            self.parts.push(Value::Object(part.clone()));
        }
    }
}

fn read_finish(candidate: &Value, answer: &mut Answer) {
    let Some(raw) = finish_word(&candidate["finishReason"]) else { return };
    let finish = match (raw, finish_of(raw)) {
        ("FINISH_REASON_UNSPECIFIED", _) => return,
        // Ended for a reason of its own, with nothing to show.
        ("OTHER" | "LANGUAGE", _) if !answer.has_content() => Finish::Error,
        (_, finish) => finish,
    };
    answer.finish(finish, raw);
    if finish == Finish::Error {
        // The model slipped; asked again it may not.
        let sentence = candidate["finishMessage"].as_str().unwrap_or(raw);
        let error = ChatError::new(ErrorKind::Protocol, sentence);
        answer.fail(ChatError { retryable: true, ..error });
    }
}

fn usage_of(usage: &Value) -> Option<Usage> {
    let figure = |name: &str| usage.get(name).and_then(number);
    let input = figure("promptTokenCount")?;
    let output = figure("candidatesTokenCount").unwrap_or(0) + figure("thoughtsTokenCount").unwrap_or(0);
    let details: Map<_, _> = usage
        .as_object()?
        .iter()
        .filter(|(name, value)| {
            value.is_number()
                && !matches!(name.as_str(), "promptTokenCount" | "candidatesTokenCount" | "totalTokenCount")
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Some(Usage { input, output, details: (!details.is_empty()).then_some(Value::Object(details)) })
}
