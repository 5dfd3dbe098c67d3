//! Reads an answer line by line; the line that is `done` carries the reason and the figures.

use serde_json::{Value, json};

use crate::chat::{ToolCallFragment, Usage};
use crate::provider::body::Form;
use crate::provider::error::from_value;
use crate::provider::reader::{Answer, Reader, Reads};
use crate::provider::values::{finish_of, has_error, number};

/// Reads one body of Ollama's chat.
pub type OllamaDecoder = Reader<OllamaReader>;

/// What is known of an answer of Ollama's chat.
#[derive(Debug, Default)]
pub struct OllamaReader {
    has_reasoning: bool,
    calls: u64,
}

impl Reads for OllamaReader {
    const FORM: Form = Form::Lines;

    fn read_step(&mut self, _: Option<&str>, step: &Value, answer: &mut Answer) {
        if has_error(step) {
            answer.fail(from_value(step));
            return;
        }
        answer.model(&step["model"]);
        self.read_message(&step["message"], answer);
        if step["done"] == true {
            let figure = |name: &str| step.get(name).and_then(number);
            let (input, output) = (figure("prompt_eval_count"), figure("eval_count"));
            if input.is_some() || output.is_some() {
                let usage = Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), details: None };
                answer.usage(Some(usage));
            }
            let raw = step["done_reason"].as_str().unwrap_or("stop");
            answer.finish(finish_of(raw), raw);
            answer.announce();
        }
    }

    /// A whole answer is a stream of one step.
    fn read_document(&mut self, document: &Value, answer: &mut Answer) -> bool {
        self.read_step(None, document, answer);
        true
    }

    fn kept(&mut self) -> Option<Value> {
        self.has_reasoning.then(|| json!({"thinking": true}))
    }
}

impl OllamaReader {
    fn read_message(&mut self, message: &Value, answer: &mut Answer) {
        let text = |field: &str| message[field].as_str().unwrap_or_default();
        self.has_reasoning |= !text("thinking").is_empty();
        answer.reasoning(text("thinking"));
        answer.text(text("content"));
        for call in message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let function = &call["function"];
            let arguments = match &function["arguments"] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            // Every call comes whole, whatever index the server gives it.
            answer.call(ToolCallFragment {
                index: Some(self.calls),
                id: call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
                name: function["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
                arguments,
                is_whole: true,
                opaque: None,
            });
            self.calls += 1;
        }
    }
}
