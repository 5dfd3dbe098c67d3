//! Reads an answer. Only what is used is looked at, and nothing is expected to have its documented type: servers send
//! nulls, floats, arrays and errors wherever they like, a whole answer instead of a stream, or a page of HTML.

use serde_json::{Map, Value, json};

use super::reasoning::{CONTENT_PARTS, DETAILS_FIELD, join_details, text_of};
use super::think::ThinkSplitter;
use super::values::{finish_of, has_error, number, parse_json, text_of_part, thinking_of, usage_of};
use crate::chat::{ChatError, Delta, ErrorKind, Finish, StreamEnd, ToolCallFragment};
use crate::provider::error::{from_text, from_value, without_markup};
use crate::provider::{BodyDecoder, Progress};
use crate::sse::{Decoder, MAX_EVENT_BYTES, SseError, SseEvent};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Blanks at the start of a body that are looked through for its kind.
const MAX_LEADING_BLANKS: usize = 4096;

/// What the body turned out to be.
#[derive(Debug)]
enum Body {
    /// Only blanks and a byte order mark so far.
    Unknown(Vec<u8>),
    Events(Box<Decoder>),
    /// JSON or HTML, read at the end.
    Document(Vec<u8>),
}

/// Reads one body of Chat Completions.
#[derive(Debug)]
pub struct ChatDecoder {
    body: Body,
    think: ThinkSplitter,
    details: Vec<Value>,
    reasoning_field: Option<&'static str>,
    has_extra_content: bool,
    model: String,
    has_content: bool,
    is_done: bool,
    finish: Option<Finish>,
    finish_raw: String,
    error: Option<ChatError>,
    /// Reading what the body ended with: what does not parse there was cut and is not wrong.
    is_cut_inside: bool,
}

impl Default for ChatDecoder {
    fn default() -> Self {
        Self {
            body: Body::Unknown(Vec::new()),
            think: ThinkSplitter::default(),
            details: Vec::new(),
            reasoning_field: None,
            has_extra_content: false,
            model: String::new(),
            has_content: false,
            is_done: false,
            finish: None,
            finish_raw: String::new(),
            error: None,
            is_cut_inside: false,
        }
    }
}

impl BodyDecoder for ChatDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<Progress, ChatError> {
        if self.is_over() {
            return Ok(Progress::Done);
        }
        let events = self.take_bytes(bytes).map_err(|error| self.failed(error))?;
        for event in events {
            self.read_event(event, out);
            if self.is_over() {
                return Ok(Progress::Done);
            }
        }
        Ok(Progress::More)
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> StreamEnd {
        if !self.is_over() {
            self.read_end(out);
        }
        self.think.finish(out);
        if let Some(kept) = self.kept() {
            out.push(Delta::Opaque(kept));
        }
        if let Some(error) = self.error.take() {
            return StreamEnd::Failed { error, is_cut: false };
        }
        let has_content = self.has_content;
        match self.finish {
            Some(Finish::Error) => {
                let sentence = format!("The server ended the answer with `{}`.", self.finish_raw);
                StreamEnd::Failed { error: ChatError::new(ErrorKind::Server, sentence), is_cut: false }
            }
            Some(_) => StreamEnd::Complete,
            None if self.is_done && has_content => StreamEnd::Complete,
            None if self.is_done => StreamEnd::Failed {
                error: ChatError::new(ErrorKind::Protocol, "The server said it was done but sent no answer."),
                is_cut: true,
            },
            None => StreamEnd::Failed {
                error: ChatError::new(ErrorKind::Network, "The answer ended before it was complete."),
                is_cut: true,
            },
        }
    }
}

impl ChatDecoder {
    fn is_over(&self) -> bool {
        self.is_done || self.error.is_some()
    }

    fn failed(&mut self, error: SseError) -> ChatError {
        let error = ChatError::new(ErrorKind::Protocol, format!("The answer cannot be read: {error}."));
        self.error = Some(error.clone());
        error
    }

    fn take_bytes(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, SseError> {
        let mut events = Vec::new();
        match &mut self.body {
            Body::Events(decoder) => decoder.push(bytes, &mut events)?,
            Body::Document(document) => {
                if document.len() + bytes.len() > MAX_EVENT_BYTES {
                    return Err(SseError::EventTooLong);
                }
                document.extend_from_slice(bytes);
            }
            Body::Unknown(seen) => {
                seen.extend_from_slice(bytes);
                if BYTE_ORDER_MARK.starts_with(seen) {
                    return Ok(events);
                }
                let text = seen.strip_prefix(BYTE_ORDER_MARK).unwrap_or(seen);
                let start = &text[..text.len().min(MAX_LEADING_BLANKS)];
                let first = start.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
                if first.is_some() || start.len() == MAX_LEADING_BLANKS {
                    let seen = std::mem::take(seen);
                    self.body = if matches!(first, Some(b'{' | b'[' | b'<')) {
                        Body::Document(seen)
                    } else {
                        let mut decoder = Decoder::new();
                        decoder.push(&seen, &mut events)?;
                        Body::Events(Box::new(decoder))
                    };
                }
            }
        }
        Ok(events)
    }

    /// The body is over without an announced end.
    fn read_end(&mut self, out: &mut Vec<Delta>) {
        match std::mem::replace(&mut self.body, Body::Unknown(Vec::new())) {
            Body::Unknown(_) => {}
            Body::Document(document) => self.read_document(&document, out),
            Body::Events(mut decoder) => {
                let mut events = Vec::new();
                if let Err(error) = decoder.finish(&mut events) {
                    self.failed(error);
                }
                for event in events {
                    if !self.is_over() {
                        self.is_cut_inside = true;
                        self.read_event(event, out);
                    }
                }
            }
        }
    }

    fn read_document(&mut self, document: &[u8], out: &mut Vec<Delta>) {
        let text = String::from_utf8_lossy(document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document));
        let text = text.trim();
        if text.starts_with('<') {
            let words: String = without_markup(text).chars().take(300).collect();
            let sentence = format!("The server sent a web page instead of an answer: {words}");
            self.error = Some(ChatError::new(ErrorKind::Protocol, sentence));
            return;
        }
        if let Some(value) = parse_json(text) {
            self.read_whole(&value, out);
            return;
        }
        for line in text.lines() {
            match parse_json(line) {
                Some(value) => self.read_whole(&value, out),
                None => return,
            }
            if self.is_over() {
                return;
            }
        }
    }

    /// A JSON document in place of a stream: an answer, or what the server says instead of one.
    fn read_whole(&mut self, value: &Value, out: &mut Vec<Delta>) {
        let is_answer = value.get("choices").is_some_and(Value::is_array);
        if is_answer || has_error(value) {
            self.read_chunk(value, out);
        } else {
            self.error = Some(ChatError { kind: ErrorKind::Protocol, retryable: false, ..from_value(value) });
        }
    }

    fn read_event(&mut self, event: SseEvent, out: &mut Vec<Delta>) {
        match event {
            SseEvent::Comment => out.push(Delta::Alive),
            SseEvent::Error(text) => self.error = Some(from_text(&text)),
            SseEvent::BareJson(line) => match parse_json(&line).filter(has_error) {
                Some(value) => self.error = Some(from_value(&value)),
                None => out.push(Delta::Alive),
            },
            SseEvent::Message { name, data } => self.read_message(name.as_deref(), &data, out),
        }
    }

    fn read_message(&mut self, name: Option<&str>, data: &str, out: &mut Vec<Delta>) {
        let data = data.trim();
        if data == "[DONE]" {
            self.is_done = true;
            return;
        }
        if name == Some("error") && !self.is_cut_inside {
            self.error = Some(from_text(data));
            return;
        }
        match parse_json(data) {
            Some(value) if name == Some("error") => self.error = Some(from_value(&value)),
            Some(value) => self.read_chunk(&value, out),
            // A word that is no JSON at all is some proxy's sign of life.
            None if !data.starts_with('{') || self.is_cut_inside => out.push(Delta::Alive),
            None => {
                let sentence = "The server sent a piece of the answer that is not valid JSON.";
                self.error = Some(ChatError::new(ErrorKind::Protocol, sentence));
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
                let finish = finish_of(raw);
                self.finish = Some(finish);
                raw.clone_into(&mut self.finish_raw);
                out.push(Delta::Finish { finish, raw: raw.to_owned() });
            }
        }
        let usage = [Some(chunk), choice, chunk.get("x_groq")].into_iter().flatten().find_map(usage_of);
        out.extend(usage.map(Delta::Usage));
        if has_error(chunk) {
            self.error = Some(from_value(chunk));
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
            self.has_content = true;
            self.think.push(text, out);
        }
    }

    fn add_reasoning(&mut self, field: &'static str, text: String, out: &mut Vec<Delta>) {
        self.has_content = true;
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
        self.has_content = true;
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
        assert_eq!(decoder.push(body, &mut out), Ok(Progress::Done));
        let StreamEnd::Failed { error, is_cut: false } = decoder.finish(&mut out) else { panic!("no failure") };
        assert_eq!((out, error.kind), (vec![Delta::Text("a".to_owned())], ErrorKind::Protocol));
    }

    #[test]
    fn a_web_page_at_status_200_is_not_an_answer() {
        let mut decoder = ChatDecoder::default();
        decoder.push(b"<html><h1>Sign in</h1>", &mut Vec::new()).unwrap();
        let StreamEnd::Failed { error, is_cut: false } = decoder.finish(&mut Vec::new()) else { panic!("no failure") };
        assert_eq!(error.message, "The server sent a web page instead of an answer: Sign in");
    }

    #[test]
    fn done_without_anything_is_a_protocol_error() {
        let mut decoder = ChatDecoder::default();
        decoder.push(b"data: [DONE]\n\n", &mut Vec::new()).unwrap();
        let StreamEnd::Failed { error, is_cut: true } = decoder.finish(&mut Vec::new()) else { panic!("no failure") };
        assert_eq!(error.kind, ErrorKind::Protocol);
    }
}
