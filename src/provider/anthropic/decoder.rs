//! Reads an answer block by block. Pings and events nobody knows may come anywhere; blocks of the vendor's own tools are
//! not ours; thinking is kept as it came, with its signature, for it must go back unchanged.

use serde_json::{Map, Value, json};

use crate::chat::{ToolCallFragment, Usage};
use crate::provider::body::Form;
use crate::provider::error::from_value;
use crate::provider::reader::{Answer, Reader, Reads};
use crate::provider::values::{finish_of, has_error, number};

/// A block that is being read.
#[derive(Debug)]
struct Block {
    index: u64,
    value: Map<String, Value>,
    /// Our own number of the call it is; servers number their blocks as they like.
    call: Option<u64>,
    /// Arguments came in pieces.
    has_pieces: bool,
    /// What it began with, until the first delta shows whether it is only said again.
    held: String,
}

/// Reads one body of Messages.
pub type MessagesDecoder = Reader<MessagesReader>;

/// What is known of an answer in Messages.
#[derive(Debug, Default)]
pub struct MessagesReader {
    open: Vec<Block>,
    calls: u64,
    /// Thinking, in the order it came.
    kept: Vec<Value>,
    usage: Map<String, Value>,
}

impl Reads for MessagesReader {
    const FORM: Form = Form::Events;

    fn read_step(&mut self, name: Option<&str>, step: &Value, answer: &mut Answer) {
        let index = step.get("index").and_then(number).unwrap_or(0);
        match step.get("type").and_then(Value::as_str).or(name).unwrap_or_default() {
            "message_start" => self.read_message(&step["message"], answer),
            "content_block_start" => self.open(index, &step["content_block"], answer),
            "content_block_delta" => self.read_delta(index, &step["delta"], answer),
            "content_block_stop" => {
                if let Some(at) = self.open.iter().rposition(|block| block.index == index) {
                    let block = self.open.remove(at);
                    self.close_block(block, answer);
                }
            }
            "message_delta" => {
                self.add_usage(&step["usage"], answer);
                read_stop(&step["delta"], answer);
            }
            "message_stop" => answer.announce(),
            "error" => answer.fail(from_value(step)),
            _ if has_error(step) => answer.fail(from_value(step)),
            _ => {}
        }
    }

    /// A whole message in place of a stream.
    fn read_document(&mut self, message: &Value, answer: &mut Answer) -> bool {
        let Some(blocks) = message.get("content").and_then(Value::as_array) else { return false };
        self.read_message(message, answer);
        for (index, block) in (0..).zip(blocks) {
            self.open(index, block, answer);
        }
        self.close(answer);
        read_stop(message, answer);
        true
    }

    fn close(&mut self, answer: &mut Answer) {
        for block in std::mem::take(&mut self.open) {
            // Thinking that broke off lacks its signature, and is not taken back like that.
            let is_signed = block.value.get("signature").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            if block.kind() != "thinking" || is_signed {
                self.close_block(block, answer);
            } else {
                let mut block = block;
                block.give_held("", answer);
            }
        }
    }

    fn kept(&mut self) -> Option<Value> {
        (!self.kept.is_empty()).then(|| json!({"thinking": std::mem::take(&mut self.kept)}))
    }
}

impl MessagesReader {
    fn read_message(&mut self, message: &Value, answer: &mut Answer) {
        answer.model(&message["model"]);
        self.add_usage(&message["usage"], answer);
    }

    /// Later figures replace earlier ones of the same name. Cached tokens were read as well.
    fn add_usage(&mut self, usage: &Value, answer: &mut Answer) {
        let Some(figures) = usage.as_object() else { return };
        self.usage.extend(
            figures.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())),
        );
        let figure = |name: &str| self.usage.get(name).and_then(number).unwrap_or(0);
        let input = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"].map(figure).iter().sum();
        let details: Map<_, _> = self
            .usage
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "input_tokens" | "output_tokens"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let details = (!details.is_empty()).then_some(Value::Object(details));
        answer.usage(Some(Usage { input, output: figure("output_tokens"), details }));
    }

    fn open(&mut self, index: u64, block: &Value, answer: &mut Answer) {
        let Some(value) = block.as_object() else { return };
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        let mut held = String::new();
        let mut call = None;
        match text("type") {
            "text" => text("text").clone_into(&mut held),
            "thinking" => text("thinking").clone_into(&mut held),
            "tool_use" => {
                let given = |field: &str| Some(text(field).to_owned()).filter(|text| !text.is_empty());
                answer.call(ToolCallFragment {
                    index: Some(self.calls),
                    id: given("id"),
                    name: given("name"),
                    ..ToolCallFragment::default()
                });
                call = Some(self.calls);
                self.calls += 1;
            }
            _ => {}
        }
        self.open.push(Block { index, value: value.clone(), call, has_pieces: false, held });
    }

    fn read_delta(&mut self, index: u64, delta: &Value, answer: &mut Answer) {
        let text = |field: &str| delta[field].as_str().unwrap_or_default();
        let last_call = self.calls.checked_sub(1);
        let mut block = self.open.iter_mut().rev().find(|block| block.index == index);
        match text("type") {
            "text_delta" => {
                if let Some(block) = &mut block {
                    block.give_held(text("text"), answer);
                }
                answer.text(text("text"));
            }
            "thinking_delta" => {
                if let Some(block) = &mut block {
                    if block.give_held(text("thinking"), answer) == Held::Repeated {
                        block.value.insert("thinking".to_owned(), json!(""));
                    }
                    append(&mut block.value, "thinking", text("thinking"));
                }
                answer.reasoning(text("thinking"));
            }
            "signature_delta" => {
                if let Some(block) = block {
                    append(&mut block.value, "signature", text("signature"));
                }
            }
            "input_json_delta" if !text("partial_json").is_empty() => {
                // The input of the vendor's own tools is none of ours.
                let call = match &mut block {
                    Some(block) => {
                        block.has_pieces = true;
                        block.call
                    }
                    None => last_call,
                };
                if let Some(call) = call {
                    answer.call(arguments(call, text("partial_json").to_owned(), false));
                }
            }
            _ => {}
        }
    }

    fn close_block(&mut self, mut block: Block, answer: &mut Answer) {
        block.give_held("", answer);
        if matches!(block.kind(), "thinking" | "redacted_thinking") {
            self.kept.push(Value::Object(block.value));
        } else if let Some(call) = block.call
            && !block.has_pieces
            && let Some(input) =
                block.value.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()))
        {
            answer.call(arguments(call, input.to_string(), true));
        }
    }
}

fn read_stop(holder: &Value, answer: &mut Answer) {
    if let Some(raw) = holder["stop_reason"].as_str().filter(|raw| !raw.is_empty()) {
        answer.finish(finish_of(raw), raw);
    }
}

impl Block {
    fn kind(&self) -> &str {
        self.value.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Gives out what it began with, unless the first delta says the same again.
    fn give_held(&mut self, first: &str, answer: &mut Answer) -> Held {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() && held == first {
            return Held::Repeated;
        }
        match self.kind() {
            "thinking" => answer.reasoning(&held),
            _ => answer.text(&held),
        }
        Held::Given
    }
}

/// What became of a block's beginning.
#[derive(PartialEq, Eq)]
enum Held {
    Given,
    Repeated,
}

fn append(block: &mut Map<String, Value>, field: &str, more: &str) {
    match block.get_mut(field) {
        Some(Value::String(text)) => text.push_str(more),
        _ => drop(block.insert(field.to_owned(), json!(more))),
    }
}

fn arguments(index: u64, text: String, is_whole: bool) -> ToolCallFragment {
    ToolCallFragment { index: Some(index), arguments: Some(text), is_whole, ..ToolCallFragment::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Delta, StreamEnd};
    use crate::provider::BodyDecoder;

    #[test]
    fn a_message_in_place_of_a_stream_is_read() {
        let message = json!({
            "type": "message", "model": "m", "stop_reason": "tool_use", "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 5},
            "content": [{"type": "text", "text": "Look."}, {"type": "tool_use", "id": "t", "name": "look", "input": {"a": 1}}]
        });
        let mut decoder = MessagesDecoder::default();
        let mut out = Vec::new();
        decoder.push(message.to_string().as_bytes(), &mut out);
        assert_eq!(decoder.finish(&mut out), StreamEnd::Complete);
        let mut answer = crate::chat::Accumulator::default();
        for delta in &out {
            answer.push(delta);
        }
        assert_eq!((answer.text(), answer.calls()[0].arguments.as_str()), ("Look.", "{\"a\":1}"));
        assert_eq!(answer.usage().map(|usage| (usage.input, usage.output)), Some((7, 5)));
    }

    #[test]
    fn the_vendors_own_tools_are_not_ours() {
        let body = "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n";
        let mut out = Vec::new();
        MessagesDecoder::default().push(body.as_bytes(), &mut out);
        assert_eq!(out, [Delta::Alive, Delta::Alive]);
    }

    #[test]
    fn thinking_that_broke_off_is_not_kept() {
        let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "Hm", "signature": ""}});
        let mut decoder = MessagesDecoder::default();
        let mut out = Vec::new();
        decoder.push(format!("data: {block}\n\n").as_bytes(), &mut out);
        decoder.finish(&mut out);
        assert_eq!(out, [Delta::Alive, Delta::Reasoning("Hm".to_owned())]);
    }
}
