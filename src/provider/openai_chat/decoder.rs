//! Reads an answer. Only what is used is looked at, and nothing is expected to have its documented type: servers send
//! nulls, floats, arrays and errors wherever they like.

use serde_json::{Map, Value, json};

use super::reasoning::{CONTENT_PARTS, DETAILS_FIELD, join_details, text_of};
use super::think::ThinkSplitter;
use crate::chat::{ChatError, Delta, ErrorKind, StreamEnd, ToolCallFragment};
use crate::provider::body::{BodyReader, Ending, Form, Piece};
use crate::provider::error::from_value;
use crate::provider::values::{finish_of, has_error, number, text_of_part, thinking_of, usage_of};
use crate::provider::{BodyDecoder, Progress};

/// Reads one body of Chat Completions.
#[derive(Debug)]
pub struct ChatDecoder {
    body: BodyReader,
    ending: Ending,
    think: ThinkSplitter,
    details: Vec<Value>,
    reasoning_field: Option<&'static str>,
    has_extra_content: bool,
    model: String,
}

impl Default for ChatDecoder {
    fn default() -> Self {
        Self {
            body: BodyReader::new(Form::Events),
            ending: Ending::default(),
            think: ThinkSplitter::default(),
            details: Vec::new(),
            reasoning_field: None,
            has_extra_content: false,
            model: String::new(),
        }
    }
}

impl BodyDecoder for ChatDecoder {
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
        self.think.finish(out);
        out.extend(self.kept().map(Delta::Opaque));
        self.ending.end()
    }
}

impl ChatDecoder {
    fn read(&mut self, pieces: Vec<Piece>, out: &mut Vec<Delta>) {
        for piece in pieces {
            match piece {
                Piece::Alive => out.push(Delta::Alive),
                Piece::Step { value, .. } => self.read_chunk(&value, out),
                Piece::Document(value) if value.get("choices").is_some_and(Value::is_array) || has_error(&value) => {
                    self.read_chunk(&value, out);
                }
                Piece::Document(value) => {
                    self.ending.fail(ChatError { kind: ErrorKind::Protocol, retryable: false, ..from_value(&value) });
                }
                Piece::Done => self.ending.is_announced = true,
                Piece::Failed(error) => self.ending.fail(error),
            }
            if self.ending.is_over() {
                return;
            }
        }
    }

    fn read_chunk(&mut self, chunk: &Value, out: &mut Vec<Delta>) {
        let before = out.len();
        if let Some(model) = chunk.get("model").and_then(Value::as_str).filter(|m| !m.is_empty() && *m != self.model) {
            model.clone_into(&mut self.model);
            out.push(Delta::Model(model.to_owned()));
        }
        let choice = chunk.get("choices").and_then(Value::as_array).and_then(|choices| {
            choices.iter().find(|choice| choice.get("index").and_then(Value::as_f64).is_none_or(|index| index == 0.0))
        });
        if let Some(choice) = choice {
            let delta = choice.get("delta").and_then(Value::as_object);
            if let Some(delta) = delta.or_else(|| choice.get("message").and_then(Value::as_object)) {
                self.read_delta(delta, out);
            }
            if let Some(raw) = choice.get("finish_reason").and_then(Value::as_str).filter(|raw| !raw.is_empty()) {
                self.ending.finish(finish_of(raw), raw, out);
            }
        }
        let usage = [Some(chunk), choice, chunk.get("x_groq")].into_iter().flatten().find_map(usage_of);
        out.extend(usage.map(Delta::Usage));
        if has_error(chunk) {
            self.ending.fail(from_value(chunk));
        } else if out.len() == before {
            out.push(Delta::Alive);
        }
    }

    fn read_delta(&mut self, delta: &Map<String, Value>, out: &mut Vec<Delta>) {
        if let Some(fragments) = delta.get(DETAILS_FIELD).and_then(Value::as_array) {
            join_details(&mut self.details, fragments);
        }
        let in_fields = text_of(delta);
        let has_fields = in_fields.is_some();
        if let Some((field, text)) = in_fields {
            self.add_reasoning(field, text, out);
        }
        match delta.get("content") {
            Some(Value::Array(parts)) => {
                for part in parts {
                    let thought = thinking_of(part);
                    if !thought.is_empty() && !has_fields {
                        self.add_reasoning(CONTENT_PARTS, thought, out);
                    }
                    self.add_text(text_of_part(part), out);
                }
            }
            Some(content) => self.add_text(text_of_part(content), out),
            None => {}
        }
        self.add_text(delta.get("refusal").and_then(Value::as_str).unwrap_or(""), out);
        match delta.get("tool_calls") {
            Some(Value::Array(calls)) => calls.iter().for_each(|call| self.add_call(call, out)),
            Some(call @ Value::Object(_)) => self.add_call(call, out),
            _ => {}
        }
        if let Some(function) = delta.get("function_call").filter(|function| function.is_object()) {
            self.add_call(&json!({"index": 0, "function": function}), out);
        }
    }

    fn add_text(&mut self, text: &str, out: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.ending.has_content = true;
            self.think.push(text, out);
        }
    }

    fn add_reasoning(&mut self, field: &'static str, text: String, out: &mut Vec<Delta>) {
        self.ending.has_content = true;
        self.reasoning_field.get_or_insert(field);
        out.push(Delta::Reasoning(text));
    }

    fn add_call(&mut self, call: &Value, out: &mut Vec<Delta>) {
        let Some(map) = call.as_object() else { return };
        let function = map.get("function").filter(|function| function.is_object()).unwrap_or(call);
        let arguments = function.get("arguments").filter(|arguments| !arguments.is_null());
        let id = match map.get("id") {
            Some(Value::String(id)) if !id.is_empty() && id != "null" => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let extra = map.get("extra_content").filter(|extra| !extra.is_null());
        self.has_extra_content |= extra.is_some();
        self.ending.has_content = true;
        out.push(Delta::ToolCall(ToolCallFragment {
            index: map.get("index").and_then(number),
            id,
            name: function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned),
            arguments: arguments.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            is_whole: arguments.is_some_and(|value| !value.is_string()),
            opaque: extra.map(|extra| json!({"extra_content": extra})),
        }));
    }

    /// What the same provider wants back with the answer, or at least that something on a call is its own.
    fn kept(&mut self) -> Option<Value> {
        let mut kept = Map::new();
        if let Some(field) = self.reasoning_field {
            kept.insert("reasoning_field".to_owned(), json!(field));
        }
        if !self.details.is_empty() {
            kept.insert(DETAILS_FIELD.to_owned(), Value::Array(std::mem::take(&mut self.details)));
        }
        if self.has_extra_content {
            kept.insert("extra_content".to_owned(), json!(true));
        }
        (!kept.is_empty()).then_some(Value::Object(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_piece_in_the_middle_is_an_error_and_not_a_success() {
        let mut decoder = ChatDecoder::default();
        let mut out = Vec::new();
        let body = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {oops\n\ndata: [DONE]\n\n";
        assert_eq!(decoder.push(body, &mut out), Progress::Done);
        let StreamEnd::Failed { error, is_cut: false } = decoder.finish(&mut out) else { panic!("no failure") };
        assert_eq!((out, error.kind), (vec![Delta::Text("a".to_owned())], ErrorKind::Protocol));
    }

    #[test]
    fn done_without_anything_is_a_protocol_error() {
        let mut decoder = ChatDecoder::default();
        decoder.push(b"data: [DONE]\n\n", &mut Vec::new());
        let StreamEnd::Failed { error, is_cut: true } = decoder.finish(&mut Vec::new()) else { panic!("no failure") };
        assert_eq!(error.kind, ErrorKind::Protocol);
    }
}
