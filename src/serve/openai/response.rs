//! Writes an answer in the shape of Chat Completions, whole or in chunks. Calls are told apart by the accumulator, as
//! everywhere: servers disagree on their indexes, clients do not. Pure.

use serde_json::{Value, json};

use crate::chat::{Accumulator, Delta, Finish, StreamEnd, Usage};

/// An answer that is being written.
pub(super) struct Completion {
    id: String,
    created_s: i64,
    model: String,
    accumulator: Accumulator,
    /// What of it was written in chunks: bytes of text and of reasoning, and bytes of the arguments of each call.
    text: usize,
    reasoning: usize,
    calls: Vec<usize>,
}

impl Completion {
    /// An answer without anything.
    pub(super) fn new(id: String, created_s: i64, model: String) -> Self {
        let accumulator = Accumulator::default();
        Self { id, created_s, model, accumulator, text: 0, reasoning: 0, calls: Vec::new() }
    }

    /// Takes the next delta.
    pub(super) fn push(&mut self, delta: &Delta) {
        self.accumulator.push(delta);
    }

    /// Whether the model said anything.
    pub(super) fn has_begun(&self) -> bool {
        self.accumulator.has_content()
    }

    /// The whole answer.
    pub(super) fn whole(self) -> Value {
        let (ids, mut number) = (self.call_id(), 0);
        let mut make_id = || {
            number += 1;
            format!("{ids}_{number}")
        };
        let answer = self.accumulator.finish(&StreamEnd::Complete, &mut make_id);
        let calls: Vec<Value> = answer
            .message
            .tool_calls
            .iter()
            .map(|call| {
                json!({"id": call.id, "type": "function",
                       "function": {"name": call.name, "arguments": call.arguments.to_json_text()}})
            })
            .collect();
        let text = answer.message.text;
        let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { Value::String(text) };
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !answer.message.reasoning.is_empty() {
            message["reasoning_content"] = Value::String(answer.message.reasoning);
        }
        if !calls.is_empty() {
            message["tool_calls"] = Value::Array(calls);
        }
        let choice =
            json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(answer.finish)});
        json!({"id": self.id, "object": "chat.completion", "created": self.created_s, "model": self.model,
               "choices": [choice], "usage": answer.usage.as_ref().map(usage)})
    }

    /// The first chunk.
    pub(super) fn role(&self) -> Value {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    /// What came since the last time.
    pub(super) fn chunks(&mut self) -> Vec<Value> {
        let mut chunks = Vec::new();
        let reasoning = &self.accumulator.reasoning()[self.reasoning..];
        if !reasoning.is_empty() {
            chunks.push(self.chunk(&json!({"reasoning_content": reasoning}), None));
        }
        let text = &self.accumulator.text()[self.text..];
        if !text.is_empty() {
            chunks.push(self.chunk(&json!({"content": text}), None));
        }
        (self.text, self.reasoning) = (self.accumulator.text().len(), self.accumulator.reasoning().len());
        // The last call may still get more of its name until there are arguments.
        self.calls(&mut chunks, false);
        chunks
    }

    fn calls(&mut self, chunks: &mut Vec<Value>, is_end: bool) {
        let count = self.accumulator.calls().len();
        for (at, call) in self.accumulator.calls().iter().enumerate() {
            let is_whole = is_end || at + 1 < count;
            let said = call.arguments.as_str();
            // An empty object may yet be replaced by the true one.
            let is_certain = is_whole || !matches!(said, "" | "{}");
            let mut delta = json!({"index": at});
            if at == self.calls.len() {
                if !is_certain {
                    return;
                }
                let id = if call.id.is_empty() { format!("{}_{at}", self.call_id()) } else { call.id.clone() };
                let arguments = if said.is_empty() && is_whole { "{}" } else { said };
                delta = json!({"index": at, "id": id, "type": "function",
                               "function": {"name": call.name, "arguments": arguments}});
                self.calls.push(said.len());
            } else if let Some(more) = said.get(self.calls[at]..).filter(|more| !more.is_empty()) {
                delta["function"] = json!({"arguments": more});
                self.calls[at] = said.len();
            } else {
                continue;
            }
            chunks.push(chunk(&self.id, self.created_s, &self.model, &json!({"tool_calls": [delta]}), None));
        }
    }

    /// How it ended, and the tokens where they are wanted.
    pub(super) fn last_chunks(mut self, wants_usage: bool) -> Vec<Value> {
        let mut chunks = Vec::new();
        self.calls(&mut chunks, true);
        let answer = self.accumulator.clone().finish(&StreamEnd::Complete, &mut || self.call_id());
        chunks.push(self.chunk(&json!({}), Some(finish_reason(answer.finish))));
        if wants_usage {
            chunks.push(json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created_s,
                "model": self.model, "choices": [], "usage": answer.usage.as_ref().map(usage)}));
        }
        chunks
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> Value {
        chunk(&self.id, self.created_s, &self.model, delta, finish)
    }

    /// For a call without one; unique by the answer's own.
    fn call_id(&self) -> String {
        self.id.replace("chatcmpl-", "call_")
    }
}

fn chunk(id: &str, created_s: i64, model: &str, delta: &Value, finish: Option<&str>) -> Value {
    json!({"id": id, "object": "chat.completion.chunk", "created": created_s, "model": model,
           "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
}

/// The words there are for it.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
        Finish::Stop | Finish::Error | Finish::Truncated | Finish::Cancelled => "stop",
    }
}

fn usage(usage: &Usage) -> Value {
    json!({"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.input + usage.output})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ToolCallFragment;

    fn call(index: u64, id: Option<&str>, name: Option<&str>, arguments: Option<&str>) -> Delta {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Delta::ToolCall(ToolCallFragment {
            index: Some(index),
            id: own(id),
            name: own(name),
            arguments: own(arguments),
            ..ToolCallFragment::default()
        })
    }

    fn completion(deltas: &[Delta]) -> (Completion, Vec<Value>) {
        let mut completion = Completion::new("chatcmpl-1".to_owned(), 7, "p/m".to_owned());
        let mut chunks = Vec::new();
        for delta in deltas {
            completion.push(delta);
            chunks.extend(completion.chunks());
        }
        (completion, chunks)
    }

    #[test]
    fn two_calls_in_pieces_come_out_whole_and_in_chunks() {
        let deltas = [
            Delta::Reasoning("hm".to_owned()),
            Delta::Text("Let me look.".to_owned()),
            call(0, Some("a"), Some("search"), Some("{\"q\"")),
            call(0, None, None, Some(": 1}")),
            call(1, Some("b"), Some("list"), None),
            Delta::Usage(Usage { input: 3, output: 4, details: None }),
        ];
        let (completion, mut chunks) = completion(&deltas);
        chunks.extend(completion.last_chunks(true));
        let delta = |chunk: &Value| chunk["choices"][0]["delta"].clone();
        let deltas: Vec<Value> = chunks.iter().map(delta).collect();
        assert_eq!(deltas[0], json!({"reasoning_content": "hm"}));
        assert_eq!(deltas[1], json!({"content": "Let me look."}));
        let first =
            json!({"index": 0, "id": "a", "type": "function", "function": {"name": "search", "arguments": "{\"q\""}});
        assert_eq!(deltas[2], json!({"tool_calls": [first]}));
        assert_eq!(deltas[3], json!({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}));
        let second =
            json!({"index": 1, "id": "b", "type": "function", "function": {"name": "list", "arguments": "{}"}});
        assert_eq!(deltas[4], json!({"tool_calls": [second]}));
        assert_eq!(chunks[5]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(chunks[6]["usage"]["total_tokens"], 7);
        assert_eq!(chunks.len(), 7);
    }

    #[test]
    fn a_whole_answer_has_its_calls_and_no_text() {
        let (completion, _) = completion(&[call(0, None, Some("now"), None)]);
        let whole = completion.whole();
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["content"], Value::Null);
        assert_eq!(message["tool_calls"][0]["function"], json!({"name": "now", "arguments": "{}"}));
        assert!(message["tool_calls"][0]["id"].as_str().is_some_and(|id| !id.is_empty()));
        assert_eq!((&whole["choices"][0]["finish_reason"], &whole["usage"]), (&json!("tool_calls"), &Value::Null));
    }
}
