//! Writes the request. Thinking goes back first and unchanged, and only to the provider of the same name; the message
//! after an answer with calls begins with all their results; no text block is empty.

use serde_json::{Map, Value, json};

use super::decoder::MessagesDecoder;
use crate::chat::{AssistantMessage, Attachment, Message, ToolResult, ToolStatus};
use crate::provider::openai_chat::names_of_models;
use crate::provider::wire::{Place, arguments_object, list, plain_id, wire_request, write_params};
use crate::provider::{BodyDecoder, ChatRequest, Dialect, Endpoint, Quirks, WireRequest};

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// The API wants a limit. Smaller models refuse this one and say what they take.
const MAX_TOKENS: u64 = 32_000;
/// A smaller limit than this is not what a refusal names.
const MIN_TOKENS: u64 = 256;
/// Room for the answer, where the limit is not larger than what is thought with.
const ANSWER_BESIDE_THINKING: u64 = 8192;

/// Messages.
#[derive(Clone, Copy, Debug)]
pub struct Anthropic;

impl Dialect for Anthropic {
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, quirks: &Quirks) -> WireRequest {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model));
        body.insert("max_tokens".to_owned(), json!(quirks.max_answer_tokens.unwrap_or(MAX_TOKENS)));
        let system: Vec<&str> = request.messages.iter().filter_map(Message::system_text).collect();
        if !system.is_empty() {
            body.insert("system".to_owned(), json!(system.join("\n\n")));
        }
        body.insert("messages".to_owned(), Value::Array(messages(endpoint, &request.messages)));
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(
                |tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters}),
            );
            body.insert("tools".to_owned(), tools.collect());
        }
        body.insert("stream".to_owned(), json!(true));
        write_params(&mut body, &endpoint.params, place);
        make_room_for_thinking(&mut body);
        if body.contains_key("thinking") {
            // Refused beside it.
            for name in ["temperature", "top_k"] {
                body.shift_remove(name);
            }
        }
        let headers = [("accept", "text/event-stream"), VERSION];
        wire_request(endpoint, &path(endpoint, "/messages"), &headers, key, Value::Object(body))
    }

    fn models_request(&self, endpoint: &Endpoint) -> WireRequest {
        let headers = [("accept", "application/json"), VERSION];
        wire_request(endpoint, &path(endpoint, "/models?limit=1000"), &headers, key, Value::Null)
    }

    fn models(&self, body: &Value) -> Vec<String> {
        names_of_models(body)
    }

    /// A limit of ours that is too large becomes the one the refusal names: `max_tokens: 32000 > 8192`.
    fn adapt(&self, quirks: &Quirks, refused: &WireRequest, body: &str) -> Option<Quirks> {
        let asked = refused.body["max_tokens"].as_u64()?;
        let is_ours = asked == quirks.max_answer_tokens.unwrap_or(MAX_TOKENS);
        if !is_ours || !body.contains("max_tokens") {
            return None;
        }
        let numbers = body.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
        let named = numbers.filter(|number| (MIN_TOKENS..asked).contains(number)).max();
        let limit = named.unwrap_or(asked / 2);
        (limit >= MIN_TOKENS).then(|| Quirks { max_answer_tokens: Some(limit), ..quirks.clone() })
    }

    fn decoder(&self) -> Box<dyn BodyDecoder + Send> {
        Box::new(MessagesDecoder::default())
    }
}

fn key(key: &str) -> (&'static str, String) {
    ("x-api-key", key.to_owned())
}

/// The address is the bare host, as the vendor's SDK takes it; one that ends in `/v1` is understood as well.
fn path(endpoint: &Endpoint, path: &str) -> String {
    let base = endpoint.base_url.split('?').next().unwrap_or_default().trim_end_matches('/');
    if base.ends_with("/v1") { path.to_owned() } else { format!("/v1{path}") }
}

fn place(name: &str, value: &Value) -> Place {
    match name {
        "stop" => Place::At(&["stop_sequences"], list(value)),
        "reasoning_effort" => match budget(value) {
            Some(tokens) => Place::At(&["thinking"], json!({"type": "enabled", "budget_tokens": tokens})),
            None => Place::Nowhere,
        },
        "seed" => Place::Nowhere,
        _ => Place::AsItIs,
    }
}

/// Tokens to think with.
fn budget(effort: &Value) -> Option<u64> {
    match effort.as_str()? {
        "low" => Some(2048),
        "medium" => Some(8192),
        "high" | "xhigh" => Some(24_576),
        _ => None,
    }
}

/// The limit counts thinking too and must be larger than its budget.
fn make_room_for_thinking(body: &mut Map<String, Value>) {
    let Some(budget) = body.get("thinking").and_then(|thinking| thinking["budget_tokens"].as_u64()) else { return };
    let limit = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(MAX_TOKENS);
    if limit <= budget {
        body.insert("max_tokens".to_owned(), json!(budget + ANSWER_BESIDE_THINKING));
    }
}

fn messages(endpoint: &Endpoint, messages: &[Message]) -> Vec<Value> {
    let mut wire: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages {
        let (role, mut blocks) = match message {
            Message::System { .. } => continue,
            Message::User { text, attachments } => {
                ("user", attachments.iter().map(image_block).chain(text_block(text)).collect())
            }
            Message::Assistant(answer) => ("assistant", answer_blocks(endpoint, answer)),
            Message::Tool(result) => ("user", vec![result_block(result)]),
        };
        match wire.last_mut() {
            Some((last, known)) if *last == role => known.append(&mut blocks),
            _ if blocks.is_empty() => {}
            _ => wire.push((role, blocks)),
        }
    }
    wire.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

fn image_block(image: &Attachment) -> Value {
    json!({"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.base64()}})
}

fn answer_blocks(endpoint: &Endpoint, answer: &AssistantMessage) -> Vec<Value> {
    let own = answer.opaque.as_ref().filter(|opaque| opaque.provider == endpoint.name);
    let kept = own.and_then(|opaque| opaque.value["thinking"].as_array());
    let mut blocks = kept.cloned().unwrap_or_default();
    blocks.extend(text_block(&answer.text));
    blocks.extend(answer.tool_calls.iter().map(|call| {
        let input = arguments_object(&call.arguments);
        json!({"type": "tool_use", "id": plain_id(&call.id), "name": call.name, "input": input})
    }));
    blocks
}

fn result_block(result: &ToolResult) -> Value {
    let mut block = json!({"type": "tool_result", "tool_use_id": plain_id(&result.call_id), "content": result.output});
    if result.status != ToolStatus::Done {
        block["is_error"] = json!(true);
    }
    block
}
