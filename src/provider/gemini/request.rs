//! Writes the request. The vendor's own parts go back as they came; after them one content holds a result for each call,
//! in their order.

use serde_json::{Map, Value, json};

use super::decoder::GeminiDecoder;
use crate::chat::{AssistantMessage, Attachment, Message, ToolResult, ToolStatus};
use crate::provider::openai_chat::names_of_models;
use crate::provider::wire::{Place, arguments_object, list, wire_request, write_params};
use crate::provider::{BodyDecoder, ChatRequest, Dialect, Endpoint, Quirks, WireRequest};

/// Gemini's own API.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

impl Dialect for Gemini {
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, _quirks: &Quirks) -> WireRequest {
        let mut body = Map::new();
        let system: Vec<&str> = request.messages.iter().filter_map(Message::system_text).collect();
        if !system.is_empty() {
            body.insert("systemInstruction".to_owned(), json!({"parts": [{"text": system.join("\n\n")}]}));
        }
        body.insert("contents".to_owned(), Value::Array(contents(endpoint, &request.messages)));
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| {
                json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters})
            });
            body.insert("tools".to_owned(), json!([{"functionDeclarations": tools.collect::<Vec<_>>()}]));
        }
        write_params(&mut body, &endpoint.params, place);
        let model = request.model.strip_prefix("models/").unwrap_or(&request.model);
        let path = path(endpoint, &format!("/models/{model}:streamGenerateContent?alt=sse"));
        wire_request(endpoint, &path, &[("accept", "text/event-stream")], key, Value::Object(body))
    }

    fn models_request(&self, endpoint: &Endpoint) -> WireRequest {
        let path = path(endpoint, "/models?pageSize=1000");
        wire_request(endpoint, &path, &[("accept", "application/json")], key, Value::Null)
    }

    fn models(&self, body: &Value) -> Vec<String> {
        let all = body["models"].as_array().map(Vec::as_slice).unwrap_or_default();
        let chats = all.iter().filter(|model| {
            let methods = model["supportedGenerationMethods"].as_array();
            methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
        });
        let names = names_of_models(&Value::Array(chats.cloned().collect()));
        names.into_iter().map(|name| name.strip_prefix("models/").map(str::to_owned).unwrap_or(name)).collect()
    }

    fn adapt(&self, _quirks: &Quirks, _refused: &WireRequest, _body: &str) -> Option<Quirks> {
        None
    }

    fn decoder(&self) -> Box<dyn BodyDecoder + Send> {
        Box::new(GeminiDecoder::default())
    }
}

fn key(key: &str) -> (&'static str, String) {
    ("x-goog-api-key", key.to_owned())
}

/// The address is the bare host, as the vendor's SDK takes it; one that ends in a version is understood as well.
fn path(endpoint: &Endpoint, path: &str) -> String {
    let base = endpoint.base_url.split('?').next().unwrap_or_default().trim_end_matches('/');
    let has_version = ["/v1", "/v1beta", "/v1alpha"].iter().any(|version| base.ends_with(version));
    if has_version { path.to_owned() } else { format!("/v1beta{path}") }
}

fn place(name: &str, value: &Value) -> Place {
    match name {
        "temperature" => Place::At(&["generationConfig", "temperature"], value.clone()),
        "top_p" => Place::At(&["generationConfig", "topP"], value.clone()),
        "max_tokens" => Place::At(&["generationConfig", "maxOutputTokens"], value.clone()),
        "seed" => Place::At(&["generationConfig", "seed"], value.clone()),
        "stop" => Place::At(&["generationConfig", "stopSequences"], list(value)),
        "reasoning_effort" => Place::At(&["generationConfig", "thinkingConfig"], thinking(value)),
        _ => Place::AsItIs,
    }
}

fn thinking(effort: &Value) -> Value {
    let budget = match effort.as_str().unwrap_or_default() {
        "none" => return json!({"thinkingBudget": 0}),
        "minimal" | "low" => 1024,
        "medium" => 8192,
        "high" | "xhigh" => 24_576,
        _ => return json!({"includeThoughts": true}),
    };
    json!({"thinkingBudget": budget, "includeThoughts": true})
}

fn contents(endpoint: &Endpoint, messages: &[Message]) -> Vec<Value> {
    let mut wire: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut is_after_result = false;
    for message in messages {
        let is_result = matches!(message, Message::Tool(_));
        let (role, mut parts) = match message {
            Message::System { .. } => continue,
            Message::User { text, attachments } => {
                ("user", attachments.iter().map(image_part).chain(text_part(text)).collect())
            }
            Message::Assistant(answer) => ("model", answer_parts(endpoint, answer)),
            Message::Tool(result) => ("user", vec![result_part(result)]),
        };
        match wire.last_mut() {
            // A content with results holds nothing else.
            Some((last, known)) if *last == role && is_result == is_after_result => known.append(&mut parts),
            _ if parts.is_empty() => continue,
            _ => wire.push((role, parts)),
        }
        is_after_result = is_result;
    }
    wire.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect()
}

fn text_part(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({"text": text}))
}

fn image_part(image: &Attachment) -> Value {
    json!({"inlineData": {"mimeType": image.media_type, "data": image.base64()}})
}

fn answer_parts(endpoint: &Endpoint, answer: &AssistantMessage) -> Vec<Value> {
    let own = answer.opaque.as_ref().filter(|opaque| opaque.provider == endpoint.name);
    if let Some(parts) = own.and_then(|opaque| opaque.value["parts"].as_array()) {
        let calls = parts.iter().filter(|part| part.get("functionCall").is_some()).count();
        // Calls that were left out would have no result, and an answer that went on begins with what was there before.
        if calls == answer.tool_calls.len()
            && let Some(earlier) = answer.text.strip_suffix(&said(parts))
        {
            return text_part(earlier).into_iter().chain(parts.iter().cloned()).collect();
        }
    }
    let calls = answer
        .tool_calls
        .iter()
        .map(|call| json!({"functionCall": {"name": call.name, "args": arguments_object(&call.arguments)}}));
    text_part(&answer.text).into_iter().chain(calls).collect()
}

/// The text of parts that are no thoughts.
fn said(parts: &[Value]) -> String {
    let is_said = |part: &&Value| part.get("thought").is_none_or(|thought| thought != true);
    parts.iter().filter(is_said).filter_map(|part| part.get("text")?.as_str()).collect()
}

fn result_part(result: &ToolResult) -> Value {
    let field = if result.status == ToolStatus::Done { "output" } else { "error" };
    json!({"functionResponse": {"name": result.name, "response": {field: result.output}}})
}
