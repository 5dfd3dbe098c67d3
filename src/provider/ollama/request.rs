//! Writes the request: arguments stay objects, a result names its tool, thinking goes back to the provider of the same
//! name.

use serde_json::{Map, Value, json};

use super::decoder::OllamaDecoder;
use crate::chat::{AssistantMessage, Attachment, Message};
use crate::provider::openai_chat::names_of_models;
use crate::provider::wire::{Place, arguments_object, bearer, list, plain_id, wire_request, write_params};
use crate::provider::{BodyDecoder, ChatRequest, Dialect, Endpoint, Quirks, WireRequest};

/// Ollama's `/api/chat`.
#[derive(Clone, Copy, Debug)]
pub struct Ollama;

impl Dialect for Ollama {
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, _quirks: &Quirks) -> WireRequest {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model));
        let messages = request.messages.iter().map(|message| wire_message(endpoint, message));
        body.insert("messages".to_owned(), messages.collect());
        body.insert("stream".to_owned(), json!(true));
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| {
                let function =
                    json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
                json!({"type": "function", "function": function})
            });
            body.insert("tools".to_owned(), tools.collect());
        }
        write_params(&mut body, &endpoint.params, place);
        let headers = [("accept", "application/x-ndjson")];
        wire_request(&bare(endpoint), "/api/chat", &headers, bearer, Value::Object(body))
    }

    fn models_request(&self, endpoint: &Endpoint) -> WireRequest {
        wire_request(&bare(endpoint), "/api/tags", &[("accept", "application/json")], bearer, Value::Null)
    }

    fn models(&self, body: &Value) -> Vec<String> {
        names_of_models(body)
    }

    fn adapt(&self, _quirks: &Quirks, _refused: &WireRequest, _body: &str) -> Option<Quirks> {
        None
    }

    fn decoder(&self) -> Box<dyn BodyDecoder + Send> {
        Box::new(OllamaDecoder::default())
    }
}

/// The address is the bare host; one that ends in `/v1` or `/api`, as other clients want it, is understood as well.
fn bare(endpoint: &Endpoint) -> Endpoint {
    let base = endpoint.base_url.trim_end_matches('/');
    let base = base.strip_suffix("/v1").or_else(|| base.strip_suffix("/api")).unwrap_or(base);
    Endpoint { base_url: base.to_owned(), ..endpoint.clone() }
}

fn place(name: &str, value: &Value) -> Place {
    match name {
        "temperature" => Place::At(&["options", "temperature"], value.clone()),
        "top_p" => Place::At(&["options", "top_p"], value.clone()),
        "seed" => Place::At(&["options", "seed"], value.clone()),
        "max_tokens" => Place::At(&["options", "num_predict"], value.clone()),
        "stop" => Place::At(&["options", "stop"], list(value)),
        "reasoning_effort" if value == "none" => Place::At(&["think"], json!(false)),
        "reasoning_effort" => Place::At(&["think"], value.clone()),
        _ => Place::AsItIs,
    }
}

fn wire_message(endpoint: &Endpoint, message: &Message) -> Value {
    match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text, attachments } => {
            let mut wire = json!({"role": "user", "content": text});
            if !attachments.is_empty() {
                wire["images"] = attachments.iter().map(Attachment::base64).collect();
            }
            wire
        }
        Message::Assistant(answer) => wire_answer(endpoint, answer),
        // Older servers know a result by its tool's name, newer ones by its call.
        Message::Tool(result) => json!({
            "role": "tool", "tool_name": result.name, "tool_call_id": plain_id(&result.call_id), "content": result.output
        }),
    }
}

fn wire_answer(endpoint: &Endpoint, answer: &AssistantMessage) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.text});
    let is_own = answer.opaque.as_ref().is_some_and(|opaque| opaque.provider == endpoint.name);
    if is_own && !answer.reasoning.is_empty() {
        message["thinking"] = json!(answer.reasoning);
    }
    if !answer.tool_calls.is_empty() {
        let calls = answer.tool_calls.iter().map(|call| {
            let function = json!({"name": call.name, "arguments": arguments_object(&call.arguments)});
            json!({"id": plain_id(&call.id), "function": function})
        });
        message["tool_calls"] = calls.collect();
    }
    message
}
