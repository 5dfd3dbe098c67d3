//! Writes the request. What came from a server goes back only where it came from: reasoning under its own field, vendor
//! parts on their own call, and both only to the provider of the same name.

use serde_json::{Map, Value, json};

use super::decoder::ChatDecoder;
use super::reasoning::{CONTENT_PARTS, DETAILS_FIELD, TEXT_FIELDS};
use crate::chat::{AssistantMessage, Attachment, Message, short_id};
use crate::provider::wire::{Place, is_azure, openai_key, wire_request, write_params};
use crate::provider::{BodyDecoder, ChatRequest, Dialect, Endpoint, Quirks, ReasoningEcho, WireRequest};

/// The longest call id that `OpenAI` takes.
const MAX_ID_BYTES: usize = 40;

/// Chat Completions.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, quirks: &Quirks) -> WireRequest {
        let messages: Vec<_> = request.messages.iter().map(|message| wire_message(endpoint, message, quirks)).collect();
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model));
        body.insert("messages".to_owned(), Value::Array(messages));
        body.insert("stream".to_owned(), json!(true));
        if !quirks.refuses_stream_options {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| {
                let function =
                    json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
                json!({"type": "function", "function": function})
            });
            body.insert("tools".to_owned(), tools.collect());
        }
        write_params(
            &mut body,
            &endpoint.params,
            if is_openai(endpoint) || quirks.wants_max_completion_tokens {
                place_at_openai
            } else {
                |_, _| Place::AsItIs
            },
        );
        wire_request(
            endpoint,
            "/chat/completions",
            &[("accept", "text/event-stream")],
            openai_key(endpoint),
            Value::Object(body),
        )
    }

    fn models_request(&self, endpoint: &Endpoint) -> WireRequest {
        wire_request(endpoint, "/models", &[("accept", "application/json")], openai_key(endpoint), Value::Null)
    }

    fn models(&self, body: &Value) -> Vec<String> {
        names_of_models(body)
    }

    fn adapt(&self, quirks: &Quirks, refused: &WireRequest, body: &str) -> Option<Quirks> {
        if !quirks.refuses_stream_options
            && refused.body.get("stream_options").is_some()
            && body.contains("stream_options")
        {
            return Some(Quirks { refuses_stream_options: true, ..quirks.clone() });
        }
        if !quirks.wants_max_completion_tokens
            && refused.body.get("max_tokens").is_some()
            && body.contains("max_completion_tokens")
        {
            return Some(Quirks { wants_max_completion_tokens: true, ..quirks.clone() });
        }
        if quirks.reasoning != ReasoningEcho::AsItCame {
            return None;
        }
        let field = [DETAILS_FIELD, TEXT_FIELDS[0], TEXT_FIELDS[1]].into_iter().find(|field| body.contains(field))?;
        let answers: Vec<_> =
            refused.body["messages"].as_array()?.iter().filter(|message| message["role"] == "assistant").collect();
        let reasoning = if answers.iter().any(|answer| answer.get(field).is_some()) {
            ReasoningEcho::LeftOut
        } else if field == TEXT_FIELDS[0] && !answers.is_empty() {
            ReasoningEcho::Always(field.to_owned())
        } else {
            return None;
        };
        Some(Quirks { reasoning, ..quirks.clone() })
    }

    fn decoder(&self) -> Box<dyn BodyDecoder + Send> {
        Box::new(ChatDecoder::default())
    }
}

/// The names in a list of models, in any of the shapes servers use.
pub(in crate::provider) fn names_of_models(body: &Value) -> Vec<String> {
    let lists = [body, &body["data"], &body["models"]];
    let items = lists.into_iter().find_map(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = ["id", "name", "model"].into_iter().find_map(|field| item.get(field)?.as_str()).or(item.as_str());
        if let Some(name) = name.filter(|name| !name.is_empty() && !names.iter().any(|known| known == name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// `OpenAI` renamed the limit, and its newer models refuse the old name.
fn place_at_openai(name: &str, value: &Value) -> Place {
    if name == "max_tokens" { Place::At(&["max_completion_tokens"], value.clone()) } else { Place::AsItIs }
}

fn is_openai(endpoint: &Endpoint) -> bool {
    endpoint.base_url.contains("api.openai.com") || is_azure(endpoint)
}

fn wire_message(endpoint: &Endpoint, message: &Message, quirks: &Quirks) -> Value {
    match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text, attachments } => json!({"role": "user", "content": question(text, attachments)}),
        Message::Assistant(answer) => Value::Object(wire_answer(endpoint, answer, quirks)),
        Message::Tool(result) => {
            json!({"role": "tool", "tool_call_id": wire_id(endpoint, &result.call_id), "content": result.output})
        }
    }
}

fn question(text: &str, attachments: &[Attachment]) -> Value {
    if attachments.is_empty() {
        return json!(text);
    }
    let image = |image: &Attachment| json!({"type": "image_url", "image_url": {"url": image.data_url()}});
    attachments.iter().map(image).chain([json!({"type": "text", "text": text})]).collect()
}

fn wire_answer(endpoint: &Endpoint, answer: &AssistantMessage, quirks: &Quirks) -> Map<String, Value> {
    let own = answer.opaque.as_ref().filter(|opaque| opaque.provider == endpoint.name).map(|opaque| &opaque.value);
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    let content =
        if answer.text.is_empty() && !answer.tool_calls.is_empty() { Value::Null } else { json!(answer.text) };
    message.insert("content".to_owned(), content);
    if quirks.reasoning != ReasoningEcho::LeftOut {
        if let Some(own) = own {
            insert_reasoning(&mut message, answer, own);
        }
        if let ReasoningEcho::Always(field) = &quirks.reasoning {
            message.entry(field.clone()).or_insert_with(|| json!(""));
        }
    }
    if !answer.tool_calls.is_empty() {
        let calls = answer.tool_calls.iter().map(|call| {
            let function = json!({"name": call.name, "arguments": call.arguments.to_json_text()});
            let mut wire = json!({"id": wire_id(endpoint, &call.id), "type": "function", "function": function});
            if let (Some(_), Some(Value::Object(parts)), Value::Object(wire)) = (own, &call.opaque, &mut wire) {
                wire.extend(parts.clone());
            }
            wire
        });
        message.insert("tool_calls".to_owned(), calls.collect());
    }
    message
}

fn insert_reasoning(message: &mut Map<String, Value>, answer: &AssistantMessage, own: &Value) {
    if let Some(details) = own.get(DETAILS_FIELD) {
        message.insert(DETAILS_FIELD.to_owned(), details.clone());
        return;
    }
    if answer.reasoning.is_empty() {
        return;
    }
    let field = own.get("reasoning_field").and_then(Value::as_str);
    if field == Some(CONTENT_PARTS) {
        let mut parts = vec![json!({"type": "thinking", "thinking": [{"type": "text", "text": answer.reasoning}]})];
        if !answer.text.is_empty() {
            parts.push(json!({"type": "text", "text": answer.text}));
        }
        message.insert("content".to_owned(), Value::Array(parts));
    } else if let Some(field) = TEXT_FIELDS.into_iter().find(|known| Some(*known) == field) {
        message.insert(field.to_owned(), json!(answer.reasoning));
    }
}

/// The call id as this vendor takes it: Mistral only nine letters and digits, `OpenAI` at most 40 characters. The same id
/// becomes the same text in call and result.
fn wire_id(endpoint: &Endpoint, id: &str) -> String {
    let is_short = id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric());
    let is_mistral = endpoint.base_url.contains("mistral.ai");
    if (is_mistral && !is_short) || (is_openai(endpoint) && id.len() > MAX_ID_BYTES) {
        short_id(id)
    } else {
        id.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Arguments, Opaque, ToolCall, ToolResult, ToolStatus};
    use crate::provider::{Api, Timeouts};

    fn endpoint(name: &str) -> Endpoint {
        Endpoint {
            name: name.to_owned(),
            label: name.to_owned(),
            api: Api::OpenAiChat,
            base_url: "http://127.0.0.1:1/v1/?api-version=2".to_owned(),
            key: None,
            key_source: None,
            headers: Vec::new(),
            params: Map::new(),
            timeouts: Timeouts::default(),
            ca_file: None,
        }
    }

    fn conversation() -> ChatRequest {
        let opaque = Opaque { provider: "home".to_owned(), value: json!({"reasoning_field": "reasoning_content"}) };
        let call = ToolCall {
            id: "call_1".to_owned(),
            name: "look".to_owned(),
            arguments: Arguments::parse("{\"a\":1}"),
            opaque: Some(json!({"extra_content": {"sig": "x"}})),
        };
        let answer = AssistantMessage {
            text: String::new(),
            reasoning: "why".to_owned(),
            tool_calls: vec![call],
            opaque: Some(opaque),
        };
        let result = ToolResult {
            call_id: "call_1".to_owned(),
            name: "look".to_owned(),
            status: ToolStatus::Done,
            output: "seen".to_owned(),
            elapsed_ms: 1,
        };
        let messages = vec![Message::user("q"), Message::Assistant(answer), Message::Tool(result)];
        ChatRequest { model: "m".to_owned(), messages, tools: Vec::new() }
    }

    #[test]
    fn what_came_from_a_provider_goes_back_to_it() {
        let wire = OpenAiChat.request(&endpoint("home"), &conversation(), &Quirks::default());
        let function = json!({"name": "look", "arguments": "{\"a\":1}"});
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": null, "reasoning_content": "why", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": function, "extra_content": {"sig": "x"}}
                ]},
                {"role": "tool", "tool_call_id": "call_1", "content": "seen"}
            ],
            "stream": true,
            "stream_options": {"include_usage": true}
        });
        assert_eq!((wire.url.as_str(), wire.body), ("http://127.0.0.1:1/v1/chat/completions?api-version=2", expected));
    }

    #[test]
    fn another_provider_gets_none_of_it() {
        let wire = OpenAiChat.request(&endpoint("away"), &conversation(), &Quirks::default());
        let text = wire.body.to_string();
        assert!(!text.contains("why") && !text.contains("extra_content"), "{text}");
    }

    #[test]
    fn a_refused_field_is_flipped_once() {
        let home = endpoint("home");
        let wire = OpenAiChat.request(&home, &conversation(), &Quirks::default());
        let quirks = OpenAiChat.adapt(&Quirks::default(), &wire, "unknown field reasoning_content").unwrap();
        assert_eq!(quirks.reasoning, ReasoningEcho::LeftOut);
        let again = OpenAiChat.request(&home, &conversation(), &quirks);
        assert!(again.body["messages"][1].get("reasoning_content").is_none());
        assert_eq!(OpenAiChat.adapt(&quirks, &again, "reasoning_content is missing"), None);
    }

    #[test]
    fn mistral_gets_ids_it_takes() {
        let mistral = Endpoint { base_url: "https://api.mistral.ai/v1".to_owned(), ..endpoint("mistral") };
        let body = OpenAiChat.request(&mistral, &conversation(), &Quirks::default()).body;
        let id = body["messages"][1]["tool_calls"][0]["id"].clone();
        assert_eq!((id.as_str().map(str::len), &body["messages"][2]["tool_call_id"]), (Some(9), &id));
    }

    #[test]
    fn model_lists_of_several_shapes_are_read() {
        for body in
            [json!({"data": [{"id": "a"}, {"id": "a"}, {"x": 1}]}), json!({"models": [{"name": "a"}]}), json!(["a"])]
        {
            assert_eq!(OpenAiChat.models(&body), ["a"], "{body}");
        }
    }
}
