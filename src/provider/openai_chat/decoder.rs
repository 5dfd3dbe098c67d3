//! Reads an answer. Only what is used is looked at, and nothing is expected to have its documented type: servers send
//! nulls, floats, arrays and errors wherever they like.

use serde_json::{Map, Value, json};

use super::common;
use super::reasoning::{CONTENT_PARTS, DETAILS_FIELD, join_details, text_of};
use crate::chat::ToolCallFragment;
use crate::provider::Tolerance;
use crate::provider::body::Form;
use crate::provider::error::from_value;
use crate::provider::reader::{Answer, Reader, Reads};
use crate::provider::values::{
    finish_of, finish_word, has_error, is_bare_error, number, text_of_part, thinking_of, usage_of,
};

/// Reads one body of Chat Completions.
pub type ChatDecoder = Reader<ChatReader>;

/// What is known of an answer in Chat Completions.
#[derive(Debug, Default)]
pub struct ChatReader {
    details: Vec<Value>,
    reasoning_field: Option<&'static str>,
    has_extra_content: bool,
    /// The answer came in pieces, so that a whole message only repeats it.
    has_deltas: bool,
    /// A call came as `tool_calls`, so that `function_call` only repeats it.
    has_calls: bool,
}

impl Reads for ChatReader {
    const FORM: Form = Form::Events;

    fn read_common(&mut self, data: &str, answer: &mut Answer) -> bool {
        let Some(step) = common::read(data) else { return false };
        answer.model_named(&step.model);
        if let Some((field, text)) = step.reasoning {
            self.add_reasoning(field, &text, answer);
        }
        self.has_deltas = true;
        answer.text(&step.content);
        true
    }

    fn read_step(&mut self, _: Option<&str>, chunk: &Value, answer: &mut Answer) {
        answer.model(&chunk["model"]);
        let choice = chunk.get("choices").and_then(Value::as_array).and_then(|choices| {
            choices.iter().find(|choice| choice.get("index").and_then(Value::as_f64).is_none_or(|index| index == 0.0))
        });
        if let Some(choice) = choice {
            let delta = choice.get("delta").and_then(Value::as_object);
            let message = choice.get("message").and_then(Value::as_object).filter(|_| delta.is_none());
            if message.is_some() {
                answer.tolerate(Tolerance::MessageForDelta);
            }
            let message = message.filter(|_| !(self.has_deltas && answer.has_content()));
            if let Some(delta) = delta.or(message) {
                self.has_deltas = true;
                self.read_delta(delta, answer);
            }
            if let Some(raw) = choice.get("finish_reason").and_then(finish_word) {
                answer.finish(finish_of(raw), raw);
            }
        }
        answer.usage([Some(chunk), choice, chunk.get("x_groq")].into_iter().flatten().find_map(usage_of));
        if has_error(chunk) || is_bare_error(chunk) {
            answer.fail(from_value(chunk));
        }
    }

    fn read_document(&mut self, document: &Value, answer: &mut Answer) -> bool {
        let is_answer = document.get("choices").is_some_and(Value::is_array);
        if is_answer {
            self.read_step(None, document, answer);
        }
        is_answer
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

impl ChatReader {
    fn read_delta(&mut self, delta: &Map<String, Value>, answer: &mut Answer) {
        if let Some(fragments) = delta.get(DETAILS_FIELD).and_then(Value::as_array) {
            join_details(&mut self.details, fragments);
        }
        let in_fields = text_of(delta);
        let has_fields = in_fields.is_some();
        if let Some((field, text)) = in_fields {
            self.add_reasoning(field, &text, answer);
        }
        match delta.get("content") {
            Some(Value::Array(parts)) => {
                answer.tolerate(Tolerance::TextInParts);
                for part in parts {
                    let thought = thinking_of(part);
                    if !thought.is_empty() && !has_fields {
                        self.add_reasoning(CONTENT_PARTS, &thought, answer);
                    }
                    answer.text(text_of_part(part));
                }
            }
            Some(content) => answer.text(text_of_part(content)),
            None => {}
        }
        answer.text(delta.get("refusal").and_then(Value::as_str).unwrap_or(""));
        match delta.get("tool_calls") {
            Some(Value::Array(calls)) => calls.iter().for_each(|call| self.add_call(call, answer)),
            Some(call @ Value::Object(_)) => {
                answer.tolerate(Tolerance::CallOutsideList);
                self.add_call(call, answer);
            }
            _ => {}
        }
        if let Some(function) = delta.get("function_call").filter(|function| function.is_object()) {
            answer.tolerate(Tolerance::OldFunctionCall);
            if !self.has_calls {
                self.add_call(&json!({"index": 0, "function": function}), answer);
                self.has_calls = false;
            }
        }
    }

    fn add_reasoning(&mut self, field: &'static str, text: &str, answer: &mut Answer) {
        self.reasoning_field.get_or_insert(field);
        answer.reasoning(text);
    }

    fn add_call(&mut self, call: &Value, answer: &mut Answer) {
        let Some(map) = call.as_object() else { return };
        self.has_calls = true;
        let function = map.get("function").filter(|function| function.is_object()).unwrap_or(call);
        let arguments = function.get("arguments").filter(|arguments| !arguments.is_null());
        let id = match map.get("id") {
            Some(Value::String(id)) if !id.is_empty() && id != "null" => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let extra = map.get("extra_content").filter(|extra| !extra.is_null());
        self.has_extra_content |= extra.is_some();
        if arguments.is_some_and(|arguments| !arguments.is_string()) {
            answer.tolerate(Tolerance::ArgumentsAsJson);
        }
        if map.get("index").and_then(number).is_none() {
            answer.tolerate(Tolerance::CallWithoutIndex);
        }
        answer.call(ToolCallFragment {
            index: map.get("index").and_then(number),
            id,
            name: function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned),
            arguments: arguments.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            is_whole: arguments.is_some_and(|value| !value.is_string()),
            opaque: extra.map(|extra| json!({"extra_content": extra})),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Delta, ErrorKind, StreamEnd};
    use crate::provider::{BodyDecoder, Progress};

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
