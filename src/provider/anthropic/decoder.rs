//! Reads an answer block by block. Pings and events nobody knows may come anywhere; blocks of the vendor's own tools are
//! not ours; thinking is kept as it came, with its signature, for it must go back unchanged.

use serde_json::{Map, Value, json};

use crate::chat::{ChatError, Delta, ErrorKind, StreamEnd, ToolCallFragment, Usage};
use crate::provider::body::{BodyReader, Ending, Form, Piece};
use crate::provider::error::from_value;
use crate::provider::values::{finish_of, has_error, number};
use crate::provider::{BodyDecoder, Progress};

/// A block that is being read.
#[derive(Debug)]
struct Block {
    index: u64,
    value: Map<String, Value>,
    /// Arguments came in pieces.
    has_pieces: bool,
}

/// Reads one body of Messages.
#[derive(Debug)]
pub struct MessagesDecoder {
    body: BodyReader,
    ending: Ending,
    open: Vec<Block>,
    /// Thinking, in the order it came.
    kept: Vec<Value>,
    usage: Map<String, Value>,
    model: String,
}

impl Default for MessagesDecoder {
    fn default() -> Self {
        Self {
            body: BodyReader::new(Form::Events),
            ending: Ending::default(),
            open: Vec::new(),
            kept: Vec::new(),
            usage: Map::new(),
            model: String::new(),
        }
    }
}

impl BodyDecoder for MessagesDecoder {
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
        for block in std::mem::take(&mut self.open) {
            self.close(block, out);
        }
        if !self.kept.is_empty() {
            out.push(Delta::Opaque(json!({"thinking": std::mem::take(&mut self.kept)})));
        }
        self.ending.end()
    }
}

impl MessagesDecoder {
    fn read(&mut self, pieces: Vec<Piece>, out: &mut Vec<Delta>) {
        for piece in pieces {
            match piece {
                Piece::Alive => out.push(Delta::Alive),
                Piece::Step { name, value } => {
                    let before = out.len();
                    self.read_event(name.as_deref(), &value, out);
                    if out.len() == before {
                        out.push(Delta::Alive);
                    }
                }
                Piece::Document(value) => self.read_document(&value, out),
                Piece::Done => self.ending.is_announced = true,
                Piece::Failed(error) => self.ending.fail(error),
            }
            if self.ending.is_over() {
                return;
            }
        }
    }

    fn read_event(&mut self, name: Option<&str>, event: &Value, out: &mut Vec<Delta>) {
        let index = event.get("index").and_then(number).unwrap_or(0);
        match event.get("type").and_then(Value::as_str).or(name).unwrap_or_default() {
            "message_start" => self.read_message(&event["message"], out),
            "content_block_start" => self.open(index, &event["content_block"], out),
            "content_block_delta" => self.read_delta(index, &event["delta"], out),
            "content_block_stop" => {
                if let Some(at) = self.open.iter().rposition(|block| block.index == index) {
                    let block = self.open.remove(at);
                    self.close(block, out);
                }
            }
            "message_delta" => {
                self.add_usage(&event["usage"], out);
                self.read_stop(&event["delta"], out);
            }
            "message_stop" => self.ending.is_announced = true,
            _ if has_error(event) => self.ending.fail(from_value(event)),
            _ => {}
        }
    }

    /// A whole message in place of a stream.
    fn read_document(&mut self, message: &Value, out: &mut Vec<Delta>) {
        let Some(blocks) = message.get("content").and_then(Value::as_array) else {
            let error = from_value(message);
            let is_told = has_error(message);
            self.ending.fail(if is_told {
                error
            } else {
                ChatError { kind: ErrorKind::Protocol, retryable: false, ..error }
            });
            return;
        };
        self.read_message(message, out);
        for (index, block) in (0..).zip(blocks) {
            self.open(index, block, out);
        }
        for block in std::mem::take(&mut self.open) {
            self.close(block, out);
        }
        self.read_stop(message, out);
    }

    fn read_message(&mut self, message: &Value, out: &mut Vec<Delta>) {
        if let Some(model) = message["model"].as_str().filter(|model| !model.is_empty() && *model != self.model) {
            model.clone_into(&mut self.model);
            out.push(Delta::Model(model.to_owned()));
        }
        self.add_usage(&message["usage"], out);
    }

    fn read_stop(&mut self, holder: &Value, out: &mut Vec<Delta>) {
        if let Some(raw) = holder["stop_reason"].as_str().filter(|raw| !raw.is_empty()) {
            self.ending.finish(finish_of(raw), raw, out);
        }
    }

    /// Later figures replace earlier ones of the same name. Cached tokens were read as well.
    fn add_usage(&mut self, usage: &Value, out: &mut Vec<Delta>) {
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
        out.push(Delta::Usage(Usage { input, output: figure("output_tokens"), details }));
    }

    fn open(&mut self, index: u64, block: &Value, out: &mut Vec<Delta>) {
        let Some(value) = block.as_object() else { return };
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => self.add_text(text("text"), out),
            "thinking" => self.add_reasoning(text("thinking"), out),
            "tool_use" => {
                self.ending.has_content = true;
                let given = |field: &str| Some(text(field).to_owned()).filter(|text| !text.is_empty());
                out.push(Delta::ToolCall(ToolCallFragment {
                    index: Some(index),
                    id: given("id"),
                    name: given("name"),
                    ..ToolCallFragment::default()
                }));
            }
            _ => {}
        }
        self.open.push(Block { index, value: value.clone(), has_pieces: false });
    }

    fn read_delta(&mut self, index: u64, delta: &Value, out: &mut Vec<Delta>) {
        let text = |field: &str| delta[field].as_str().unwrap_or_default();
        let block = self.open.iter_mut().rev().find(|block| block.index == index);
        match text("type") {
            "text_delta" => self.add_text(text("text"), out),
            "thinking_delta" => {
                if let Some(block) = block {
                    append(&mut block.value, "thinking", text("thinking"));
                }
                self.add_reasoning(text("thinking"), out);
            }
            "signature_delta" => {
                if let Some(block) = block {
                    append(&mut block.value, "signature", text("signature"));
                }
            }
            "input_json_delta" if !text("partial_json").is_empty() => {
                // The input of the vendor's own tools is none of ours.
                let is_ours = block.as_ref().is_none_or(|block| block.is_call());
                if let Some(block) = block {
                    block.has_pieces = true;
                }
                if is_ours {
                    out.push(arguments(index, text("partial_json").to_owned(), false));
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, block: Block, out: &mut Vec<Delta>) {
        let kind = block.value.get("type").and_then(Value::as_str).unwrap_or_default();
        if matches!(kind, "thinking" | "redacted_thinking") {
            self.kept.push(Value::Object(block.value));
        } else if block.is_call()
            && !block.has_pieces
            && let Some(input) =
                block.value.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()))
        {
            out.push(arguments(block.index, input.to_string(), true));
        }
    }

    fn add_text(&mut self, text: &str, out: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.ending.has_content = true;
            out.push(Delta::Text(text.to_owned()));
        }
    }

    fn add_reasoning(&mut self, text: &str, out: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.ending.has_content = true;
            out.push(Delta::Reasoning(text.to_owned()));
        }
    }
}

impl Block {
    fn is_call(&self) -> bool {
        self.value.get("type").is_some_and(|kind| kind == "tool_use")
    }
}

fn append(block: &mut Map<String, Value>, field: &str, more: &str) {
    match block.get_mut(field) {
        Some(Value::String(text)) => text.push_str(more),
        _ => drop(block.insert(field.to_owned(), json!(more))),
    }
}

fn arguments(index: u64, text: String, is_whole: bool) -> Delta {
    Delta::ToolCall(ToolCallFragment {
        index: Some(index),
        arguments: Some(text),
        is_whole,
        ..ToolCallFragment::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
