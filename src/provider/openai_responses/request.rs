//! Writes the request. Nothing is kept at the vendor, so the whole conversation goes each time, and encrypted reasoning
//! directly before the call it led to, to the provider of the same name.

use serde_json::{Map, Value, json};

use super::decoder::ResponsesDecoder;
use crate::chat::{AssistantMessage, Attachment, Message};
use crate::provider::openai_chat::names_of_models;
use crate::provider::wire::{Place, openai_key, plain_id, wire_request, write_params};
use crate::provider::{BodyDecoder, ChatRequest, Dialect, Endpoint, Quirks, ReasoningEcho, WireRequest};

const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Responses.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, quirks: &Quirks) -> WireRequest {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model));
        let system: Vec<&str> = request.messages.iter().filter_map(Message::system_text).collect();
        if !system.is_empty() {
            body.insert("instructions".to_owned(), json!(system.join("\n\n")));
        }
        body.insert("input".to_owned(), input(endpoint, &request.messages, quirks));
        body.insert("stream".to_owned(), json!(true));
        body.insert("store".to_owned(), json!(false));
        if quirks.reasoning != ReasoningEcho::LeftOut {
            body.insert("include".to_owned(), json!([ENCRYPTED]));
        }
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| {
                json!({
                    "type": "function", "name": tool.name, "description": tool.description,
                    "parameters": tool.parameters, "strict": false
                })
            });
            body.insert("tools".to_owned(), tools.collect());
        }
        write_params(&mut body, &endpoint.params, place);
        let headers = [("accept", "text/event-stream")];
        wire_request(endpoint, "/responses", &headers, openai_key(endpoint), Value::Object(body))
    }

    fn models_request(&self, endpoint: &Endpoint) -> WireRequest {
        wire_request(endpoint, "/models", &[("accept", "application/json")], openai_key(endpoint), Value::Null)
    }

    fn models(&self, body: &Value) -> Vec<String> {
        names_of_models(body)
    }

    /// Models that do not reason refuse to be asked for encrypted reasoning.
    fn adapt(&self, quirks: &Quirks, refused: &WireRequest, body: &str) -> Option<Quirks> {
        let is_about_it = ["include", "encrypted"].iter().any(|word| body.to_ascii_lowercase().contains(word));
        let was_asked = refused.body.get("include").is_some();
        (was_asked && is_about_it && quirks.reasoning == ReasoningEcho::AsItCame)
            .then(|| Quirks { reasoning: ReasoningEcho::LeftOut, ..quirks.clone() })
    }

    fn decoder(&self) -> Box<dyn BodyDecoder + Send> {
        Box::new(ResponsesDecoder::default())
    }
}

fn place(name: &str, value: &Value) -> Place {
    match name {
        "max_tokens" => Place::At(&["max_output_tokens"], value.clone()),
        "reasoning_effort" => Place::At(&["reasoning", "effort"], value.clone()),
        "seed" | "stop" => Place::Nowhere,
        _ => Place::AsItIs,
    }
}

fn input(endpoint: &Endpoint, messages: &[Message], quirks: &Quirks) -> Value {
    let mut items = Vec::new();
    for message in messages {
        match message {
            Message::System { .. } => {}
            Message::User { text, attachments } => {
                items.push(json!({"type": "message", "role": "user", "content": question(text, attachments)}));
            }
            Message::Assistant(answer) => push_answer(&mut items, endpoint, answer, quirks),
            Message::Tool(result) => items.push(json!({
                "type": "function_call_output", "call_id": plain_id(&result.call_id), "output": result.output
            })),
        }
    }
    Value::Array(items)
}

fn question(text: &str, attachments: &[Attachment]) -> Value {
    if attachments.is_empty() {
        return json!(text);
    }
    let image = |image: &Attachment| json!({"type": "input_image", "image_url": image.data_url()});
    attachments.iter().map(image).chain([json!({"type": "input_text", "text": text})]).collect()
}

fn push_answer(items: &mut Vec<Value>, endpoint: &Endpoint, answer: &AssistantMessage, quirks: &Quirks) {
    let own = answer.opaque.as_ref().filter(|opaque| opaque.provider == endpoint.name);
    let own = own.filter(|_| quirks.reasoning != ReasoningEcho::LeftOut);
    let kept = own.and_then(|opaque| opaque.value["reasoning"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let before = |calls: usize| {
        let here = move |kept: &&Value| kept["calls_before"].as_u64() == Some(calls as u64);
        kept.iter().filter(here).map(|kept| without_nulls(&kept["item"]))
    };
    // Reasoning is only taken back together with what it led to.
    if !answer.text.is_empty() || !answer.tool_calls.is_empty() {
        items.extend(before(0));
    }
    if !answer.text.is_empty() {
        // llama.cpp knows an answer only by its type and the type of its content.
        let content = json!([{"type": "output_text", "text": answer.text}]);
        items.push(json!({"type": "message", "role": "assistant", "content": content}));
    }
    for (at, call) in answer.tool_calls.iter().enumerate() {
        if at > 0 {
            items.extend(before(at));
        }
        items.push(json!({
            "type": "function_call", "call_id": plain_id(&call.id), "name": call.name,
            "arguments": call.arguments.to_json_text()
        }));
    }
}

fn without_nulls(item: &Value) -> Value {
    let fields = item.as_object().cloned().unwrap_or_default();
    Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
}
