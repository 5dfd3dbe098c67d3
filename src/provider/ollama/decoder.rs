//! Reads an answer line by line; the line that is `done` carries the reason and the figures.

use serde_json::{Value, json};

use crate::chat::{Delta, StreamEnd, ToolCallFragment, Usage};
use crate::provider::body::{BodyReader, Ending, Form, Piece};
use crate::provider::error::from_value;
use crate::provider::values::{finish_of, has_error, number};
use crate::provider::{BodyDecoder, Progress};

/// Reads one body of Ollama's chat.
#[derive(Debug)]
pub struct OllamaDecoder {
    body: BodyReader,
    ending: Ending,
    has_reasoning: bool,
    model: String,
    calls: u64,
}

impl Default for OllamaDecoder {
    fn default() -> Self {
        Self {
            body: BodyReader::new(Form::Lines),
            ending: Ending::default(),
            has_reasoning: false,
            model: String::new(),
            calls: 0,
        }
    }
}

impl BodyDecoder for OllamaDecoder {
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
        if self.has_reasoning {
            out.push(Delta::Opaque(json!({"thinking": true})));
        }
        self.ending.end()
    }
}

impl OllamaDecoder {
    fn read(&mut self, pieces: Vec<Piece>, out: &mut Vec<Delta>) {
        for piece in pieces {
            let before = out.len();
            match piece {
                Piece::Alive => {}
                Piece::Step { value, .. } | Piece::Document(value) => self.read_line(&value, out),
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

    fn read_line(&mut self, line: &Value, out: &mut Vec<Delta>) {
        if has_error(line) {
            self.ending.fail(from_value(line));
            return;
        }
        if let Some(model) = line["model"].as_str().filter(|model| !model.is_empty() && *model != self.model) {
            model.clone_into(&mut self.model);
            out.push(Delta::Model(model.to_owned()));
        }
        self.read_message(&line["message"], out);
        if line["done"] == true {
            let figure = |name: &str| line.get(name).and_then(number);
            let (input, output) = (figure("prompt_eval_count"), figure("eval_count"));
            if input.is_some() || output.is_some() {
                let usage = Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), details: None };
                out.push(Delta::Usage(usage));
            }
            let raw = line["done_reason"].as_str().unwrap_or("stop");
            self.ending.finish(finish_of(raw), raw, out);
            self.ending.is_announced = true;
        }
    }

    fn read_message(&mut self, message: &Value, out: &mut Vec<Delta>) {
        let text = |field: &str| message[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(thought) = text("thinking") {
            self.ending.has_content = true;
            self.has_reasoning = true;
            out.push(Delta::Reasoning(thought));
        }
        if let Some(text) = text("content") {
            self.ending.has_content = true;
            out.push(Delta::Text(text));
        }
        for call in message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let function = &call["function"];
            let arguments = match &function["arguments"] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            self.ending.has_content = true;
            // Every call comes whole, whatever index the server gives it.
            out.push(Delta::ToolCall(ToolCallFragment {
                index: Some(self.calls),
                id: call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
                name: function["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
                arguments,
                is_whole: true,
                opaque: None,
            }));
            self.calls += 1;
        }
    }
}
