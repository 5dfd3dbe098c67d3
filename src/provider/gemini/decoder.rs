//! Reads an answer part by part. Calls come whole and mostly without an id; parts are kept as they came, for the vendor
//! wants its signatures back.

use serde_json::{Map, Value, json};

use crate::chat::{ChatError, Delta, ErrorKind, Finish, StreamEnd, ToolCallFragment, Usage};
use crate::provider::body::{BodyReader, Ending, Form, Piece};
use crate::provider::error::from_value;
use crate::provider::values::{finish_of, has_error, number};
use crate::provider::{BodyDecoder, Progress};

/// Reads one body of `streamGenerateContent`.
#[derive(Debug)]
pub struct GeminiDecoder {
    body: BodyReader,
    ending: Ending,
    /// The answer's parts, neighbouring text joined.
    parts: Vec<Value>,
    has_own: bool,
    model: String,
    calls: u64,
}

impl Default for GeminiDecoder {
    fn default() -> Self {
        Self {
            body: BodyReader::new(Form::Events),
            ending: Ending::default(),
            parts: Vec::new(),
            has_own: false,
            model: String::new(),
            calls: 0,
        }
    }
}

impl BodyDecoder for GeminiDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Progress {
        if !self.ending.is_over() {
            let pieces = self.body.push(bytes);
            self.read(pieces, out);
        }
        self.ending.progress()
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> StreamEnd {
        if !self.ending.is_over() {
            let pieces = self.body.finish();
            self.read(pieces, out);
        }
        if self.has_own {
            out.push(Delta::Opaque(json!({"parts": std::mem::take(&mut self.parts)})));
        }
        self.ending.end()
    }
}

impl GeminiDecoder {
    fn read(&mut self, pieces: Vec<Piece>, out: &mut Vec<Delta>) {
        for piece in pieces {
            let before = out.len();
            match piece {
                Piece::Alive => {}
                Piece::Step { value, .. } => self.read_step(&value, out),
                // Without `alt=sse` the whole stream is one list.
                Piece::Document(Value::Array(steps)) if !steps.iter().any(has_error) => {
                    for step in &steps {
                        self.read_step(step, out);
                    }
                }
                Piece::Document(value) => self.read_document(&value, out),
                Piece::Done => self.ending.is_announced = true,
                Piece::Failed(error) => self.ending.fail(error),
            }
            if self.ending.is_over() {
                return;
            }
            if out.len() == before {
                out.push(Delta::Alive);
            }
        }
    }

    fn read_document(&mut self, value: &Value, out: &mut Vec<Delta>) {
        if value.get("candidates").is_some() || value.get("promptFeedback").is_some() || has_error(value) {
            self.read_step(value, out);
        } else {
            self.ending.fail(ChatError { kind: ErrorKind::Protocol, retryable: false, ..from_value(value) });
        }
    }

    fn read_step(&mut self, step: &Value, out: &mut Vec<Delta>) {
        if has_error(step) {
            self.ending.fail(from_value(step));
            return;
        }
        if let Some(model) = step["modelVersion"].as_str().filter(|model| !model.is_empty() && *model != self.model) {
            model.clone_into(&mut self.model);
            out.push(Delta::Model(model.to_owned()));
        }
        out.extend(usage_of(&step["usageMetadata"]).map(Delta::Usage));
        let candidates = step["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = candidates.iter().find(|one| one.get("index").and_then(number).is_none_or(|index| index == 0));
        if let Some(candidate) = first {
            for part in candidate["content"]["parts"].as_array().map(Vec::as_slice).unwrap_or_default() {
                self.read_part(part, out);
            }
            self.read_finish(candidate, out);
        }
        if let Some(reason) = step["promptFeedback"]["blockReason"].as_str().filter(|_| candidates.is_empty()) {
            self.ending.finish(Finish::ContentFilter, reason, out);
            let why = step["promptFeedback"]["blockReasonMessage"].as_str();
            let sentence = match why {
                Some(why) => format!("The question was blocked ({reason}): {why}"),
                None => format!("The question was blocked: {reason}."),
            };
            self.ending.fail(ChatError::new(ErrorKind::ContentFilter, sentence));
        }
    }

    fn read_finish(&mut self, candidate: &Value, out: &mut Vec<Delta>) {
        let Some(raw) = candidate["finishReason"].as_str().filter(|raw| !raw.is_empty()) else { return };
        let finish = match raw {
            "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MISSING_THOUGHT_SIGNATURE" | "MALFORMED_RESPONSE" => {
                Finish::Error
            }
            raw => finish_of(raw),
        };
        self.ending.finish(finish, raw, out);
        if finish == Finish::Error {
            // The model slipped; asked again it may not.
            let sentence = candidate["finishMessage"].as_str().unwrap_or(raw);
            let error = ChatError::new(ErrorKind::Protocol, sentence);
            self.ending.fail(ChatError { retryable: true, ..error });
        }
    }

    fn read_part(&mut self, part: &Value, out: &mut Vec<Delta>) {
        let Some(map) = part.as_object() else { return };
        self.has_own |= map.contains_key("thoughtSignature");
        let text = map.get("text").and_then(Value::as_str).unwrap_or_default();
        if let Some(call) = map.get("functionCall").filter(|call| call.is_object()) {
            self.ending.has_content = true;
            out.push(Delta::ToolCall(ToolCallFragment {
                index: Some(self.calls),
                id: call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
                name: call["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
                arguments: call.get("args").filter(|args| !args.is_null()).map(Value::to_string),
                is_whole: true,
                opaque: None,
            }));
            self.calls += 1;
        } else if !text.is_empty() {
            self.ending.has_content = true;
            let is_thought = map.get("thought").is_some_and(|thought| thought == true);
            out.push(if is_thought { Delta::Reasoning(text.to_owned()) } else { Delta::Text(text.to_owned()) });
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
