//! Reads an answer item by item. Events that end something repeat what came in pieces, and are the content where no
//! pieces came; calls of the vendor's own tools are not ours.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::chat::{ChatError, ErrorKind, Finish, ToolCallFragment};
use crate::provider::Tolerance;
use crate::provider::body::Form;
use crate::provider::error::from_value;
use crate::provider::reader::{Answer, Reader, Reads};
use crate::provider::values::{finish_of, has_error, number, usage_of};

/// Items of one answer, against hostile servers.
const MAX_ITEMS: usize = 4096;

/// What was already read in pieces: kind of content, item, part.
type Seen = (&'static str, u64, u64);

/// An item of the answer: servers name it by its index, or by its id, or by an id that changes beside an index.
#[derive(Debug)]
struct Item {
    index: Option<u64>,
    id: Option<String>,
    /// Calls of ours before it.
    calls_before: usize,
}

/// Reads one body of Responses.
pub type ResponsesDecoder = Reader<ResponsesReader>;

/// What is known of an answer in Responses.
#[derive(Debug, Default)]
pub struct ResponsesReader {
    items: Vec<Item>,
    seen: HashSet<Seen>,
    /// Items that are calls of ours.
    calls: Vec<u64>,
    /// Reasoning items as they were when done, each with the number of calls before it.
    kept: Vec<Value>,
    has_reasoning: bool,
}

impl Reads for ResponsesReader {
    const FORM: Form = Form::Events;

    fn read_step(&mut self, name: Option<&str>, step: &Value, answer: &mut Answer) {
        let index = step.get("output_index").and_then(number);
        let id = step["item_id"].as_str().or_else(|| step["item"]["id"].as_str());
        let is_about_item = index.is_some() || id.is_some() || step["item"].is_object() || step["delta"].is_string();
        if is_about_item && index.is_none() {
            answer.tolerate(Tolerance::ItemWithoutIndex);
        }
        if self.items.len() > MAX_ITEMS {
            answer.fail(ChatError::new(ErrorKind::Protocol, "The answer has more than 4096 items."));
            return;
        }
        let item = if is_about_item { self.item_of(index, id) } else { 0 };
        let part = ["content_index", "summary_index"].iter().find_map(|name| step.get(*name).and_then(number));
        let part = part.unwrap_or(0);
        let text = |field: &str| step[field].as_str().unwrap_or_default();
        match step["type"].as_str().or(name).unwrap_or_default() {
            "response.created" | "response.in_progress" => answer.model(&step["response"]["model"]),
            "response.output_text.delta" => self.add_text("text", item, part, text("delta"), answer),
            "response.output_text.done" => self.add_rest("text", item, part, text("text"), answer),
            "response.refusal.delta" => self.add_text("refusal", item, part, text("delta"), answer),
            "response.refusal.done" => self.add_rest("refusal", item, part, text("refusal"), answer),
            "response.reasoning_summary_text.delta" => self.add_reasoning("summary", item, part, text("delta"), answer),
            "response.reasoning_summary_text.done" => self.add_rest("summary", item, part, text("text"), answer),
            "response.reasoning_text.delta" => self.add_reasoning("reasoning", item, part, text("delta"), answer),
            "response.reasoning_text.done" => self.add_rest("reasoning", item, part, text("text"), answer),
            "response.function_call_arguments.delta" => self.add_arguments(item, text("delta"), answer),
            "response.function_call_arguments.done" => self.add_rest("arguments", item, 0, text("arguments"), answer),
            "response.output_item.added" => self.open(item, &step["item"], answer),
            "response.output_item.done" => self.close(item, &step["item"], answer),
            "response.completed"
            | "response.done"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                self.read_end(&step["response"], answer);
            }
            "error" => answer.fail(from_value(step)),
            _ if has_error(step) => answer.fail(from_value(step)),
            _ => {}
        }
    }

    fn read_document(&mut self, document: &Value, answer: &mut Answer) -> bool {
        let is_answer = document["output"].is_array();
        if is_answer {
            self.read_end(document, answer);
        }
        is_answer
    }

    fn kept(&mut self) -> Option<Value> {
        (!self.kept.is_empty()).then(|| json!({"reasoning": std::mem::take(&mut self.kept)}))
    }
}

impl ResponsesReader {
    /// The terminal event, or a whole answer: it repeats every item.
    fn read_end(&mut self, response: &Value, answer: &mut Answer) {
        answer.model(&response["model"]);
        for (place, value) in (0..).zip(response["output"].as_array().map(Vec::as_slice).unwrap_or_default()) {
            let has_indexes = self.items.iter().any(|item| item.index.is_some());
            let is_known = |item: &Item| item.id.is_some() && item.id.as_deref() == value["id"].as_str();
            let item = if has_indexes || !self.items.iter().any(is_known) {
                self.item_at(place)
            } else {
                self.item_of(None, value["id"].as_str())
            };
            if self.seen.insert(("item", item, 0)) {
                self.open(item, value, answer);
                self.close(item, value, answer);
            }
        }
        answer.usage(usage_of(response));
        let reason = response["incomplete_details"]["reason"].as_str();
        match response["status"].as_str().unwrap_or("completed") {
            "failed" | "cancelled" => {
                let error = &response["error"];
                answer.fail(if error.is_null() {
                    ChatError::new(ErrorKind::Server, "The server ended the answer without saying why.")
                } else {
                    from_value(&json!({"error": error}))
                });
            }
            "incomplete" => {
                let raw = reason.unwrap_or("incomplete");
                let finish = if reason.is_some() { finish_of(raw) } else { Finish::Length };
                answer.finish(finish, raw);
            }
            raw => answer.finish(Finish::Stop, raw),
        }
        answer.announce();
    }

    /// The number of the item an event is about; one that was not heard of begins.
    fn item_of(&mut self, index: Option<u64>, id: Option<&str>) -> u64 {
        let known = match (index, id) {
            (Some(index), _) => self.items.iter().position(|item| item.index == Some(index)),
            (None, Some(id)) => self.items.iter().position(|item| item.id.as_deref() == Some(id)),
            (None, None) => self.items.len().checked_sub(1),
        };
        let at = known.unwrap_or_else(|| {
            self.items.push(Item { index, id: id.map(str::to_owned), calls_before: self.calls.len() });
            self.items.len() - 1
        });
        at as u64
    }

    /// The number of the item at this place of the whole answer.
    fn item_at(&mut self, place: u64) -> u64 {
        let by_index = self.items.iter().position(|item| item.index == Some(place));
        let by_place = self.items.get(place as usize).filter(|item| item.index.is_none()).map(|_| place as usize);
        by_index.or(by_place).map_or_else(|| self.item_of(Some(place), None), |at| at as u64)
    }

    fn open(&mut self, item: u64, value: &Value, answer: &mut Answer) {
        if value["type"] == "function_call" && !self.calls.contains(&item) {
            self.calls.push(item);
            let given = |field: &str| value[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            answer.call(ToolCallFragment {
                index: Some(item),
                id: given("call_id").or_else(|| given("id")),
                name: given("name"),
                ..ToolCallFragment::default()
            });
            self.add_arguments(item, value["arguments"].as_str().unwrap_or_default(), answer);
        }
    }

    fn close(&mut self, item: u64, value: &Value, answer: &mut Answer) {
        self.seen.insert(("item", item, 0));
        let parts = |field: &str| (0..).zip(value[field].as_array().cloned().unwrap_or_default());
        match value["type"].as_str().unwrap_or_default() {
            "function_call" => {
                self.open(item, value, answer);
                self.add_rest("arguments", item, 0, value["arguments"].as_str().unwrap_or_default(), answer);
            }
            "message" => {
                for (part, content) in parts("content") {
                    let text = |field: &str| content[field].as_str().unwrap_or_default();
                    self.add_rest("text", item, part, text("text"), answer);
                    self.add_rest("refusal", item, part, text("refusal"), answer);
                }
            }
            "reasoning" => {
                for (field, kind) in [("summary", "summary"), ("content", "reasoning")] {
                    for (part, content) in parts(field) {
                        self.add_rest(kind, item, part, content["text"].as_str().unwrap_or_default(), answer);
                    }
                }
                self.kept.push(json!({"calls_before": self.items[item as usize].calls_before, "item": value}));
            }
            _ => {}
        }
    }

    /// What an ending event repeats, where nothing of it came before.
    fn add_rest(&mut self, kind: &'static str, item: u64, part: u64, text: &str, answer: &mut Answer) {
        if self.seen.contains(&(kind, item, part)) {
            return;
        }
        match kind {
            "arguments" => self.add_arguments(item, text, answer),
            "summary" | "reasoning" => self.add_reasoning(kind, item, part, text, answer),
            _ => self.add_text(kind, item, part, text, answer),
        }
    }

    fn add_text(&mut self, kind: &'static str, item: u64, part: u64, text: &str, answer: &mut Answer) {
        if !text.is_empty() {
            self.seen.insert((kind, item, part));
            answer.text(text);
        }
    }

    /// Summaries are paragraphs of their own.
    fn add_reasoning(&mut self, kind: &'static str, item: u64, part: u64, text: &str, answer: &mut Answer) {
        if text.is_empty() {
            return;
        }
        let is_new = self.seen.insert((kind, item, part));
        let gap = if is_new && self.has_reasoning { "\n\n" } else { "" };
        self.has_reasoning = true;
        answer.reasoning(&format!("{gap}{text}"));
    }

    fn add_arguments(&mut self, item: u64, text: &str, answer: &mut Answer) {
        if !text.is_empty() && self.calls.contains(&item) {
            self.seen.insert(("arguments", item, 0));
            answer.call(ToolCallFragment {
                index: Some(item),
                arguments: Some(text.to_owned()),
                ..ToolCallFragment::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Accumulator, Delta, StreamEnd};
    use crate::provider::BodyDecoder;

    fn read(events: &[Value]) -> (Accumulator, Option<Value>) {
        let mut decoder = ResponsesDecoder::default();
        let mut out = Vec::new();
        for event in events {
            decoder.push(format!("data: {event}\n\n").as_bytes(), &mut out);
        }
        assert_eq!(decoder.finish(&mut out), StreamEnd::Complete);
        let mut answer = Accumulator::default();
        let mut kept = None;
        for delta in &out {
            answer.push(delta);
            if let Delta::Opaque(value) = delta {
                kept = Some(value.clone());
            }
        }
        (answer, kept)
    }

    /// As llama.cpp sends it: no `output_index`, every item done at the end.
    #[test]
    fn items_without_an_index_are_known_by_their_id() {
        let call = |id: &str, name: &str, arguments: &str| json!({"type": "function_call", "id": id, "call_id": format!("call_{id}"), "name": name, "arguments": arguments});
        let thought = json!({"type": "reasoning", "id": "r", "summary": [], "content": [{"text": "Hm."}]});
        let said = json!({"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Both."}]});
        let (answer, kept) = read(&[
            json!({"type": "response.output_item.added", "item": {"type": "reasoning", "id": "r"}}),
            json!({"type": "response.reasoning_text.delta", "item_id": "r", "delta": "Hm."}),
            json!({"type": "response.output_item.added", "item": {"type": "message", "id": "m"}}),
            json!({"type": "response.output_text.delta", "item_id": "m", "delta": "Both."}),
            json!({"type": "response.output_item.added", "item": call("a", "look", "")}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "a", "delta": "{\"x\":1}"}),
            json!({"type": "response.output_item.added", "item": call("b", "find", "")}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "b", "delta": "{}"}),
            json!({"type": "response.output_item.done", "item": thought}),
            json!({"type": "response.output_item.done", "item": said}),
            json!({"type": "response.output_item.done", "item": call("a", "look", "{\"x\":1}")}),
            json!({"type": "response.output_item.done", "item": call("b", "find", "{}")}),
            json!({"type": "response.completed", "response": {"status": "completed", "output": [
                thought, said, call("a", "look", "{\"x\":1}"), call("b", "find", "{}")
            ]}}),
        ]);
        let calls: Vec<_> = answer.calls().iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!((answer.text(), answer.reasoning()), ("Both.", "Hm."));
        assert_eq!(calls, [("look", "{\"x\":1}"), ("find", "{}")]);
        assert_eq!(kept.map(|kept| kept["reasoning"][0]["calls_before"].clone()), Some(json!(0)));
    }

    /// As some gateways send it: another id in every event.
    #[test]
    fn an_index_counts_more_than_an_id() {
        let item = |id: &str, arguments: &str| json!({"type": "function_call", "id": id, "call_id": "c", "name": "look", "arguments": arguments});
        let (answer, _) = read(&[
            json!({"type": "response.output_item.added", "output_index": 1, "item": item("1", "")}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "2", "delta": "{}"}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": item("3", "{}")}),
            json!({"type": "response.completed", "response": {"output": [{"type": "web_search_call", "id": "w"}, item("4", "{}")]}}),
        ]);
        assert_eq!(answer.calls().len(), 1);
        assert_eq!(answer.calls()[0].arguments, "{}");
    }

    #[test]
    fn a_whole_answer_in_place_of_a_stream_is_read() {
        let mut decoder = ResponsesDecoder::default();
        let mut out = Vec::new();
        let said = json!({"type": "message", "content": [{"type": "output_text", "text": "Yes."}]});
        decoder.push(json!({"status": "completed", "output": [said]}).to_string().as_bytes(), &mut out);
        assert_eq!(decoder.finish(&mut out), StreamEnd::Complete);
        assert!(out.contains(&Delta::Text("Yes.".to_owned())));
    }
}
