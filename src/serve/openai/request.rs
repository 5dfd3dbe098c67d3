//! Reads a request in the shape of Chat Completions into the neutral vocabulary. What could not be honoured is refused
//! in words, never dropped. Pure.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::chat::{
    Arguments, AssistantMessage, Attachment, Message, ToolCall, ToolResult, ToolSpec, ToolStatus, paired_for_request,
};
use crate::provider::{Api, Endpoint};
use crate::serve::problem::Problem;
use crate::strings::serve as words;

/// Fields that every wire format has something like.
const COMMON: [&str; 7] =
    ["temperature", "top_p", "max_tokens", "max_completion_tokens", "reasoning_effort", "seed", "stop"];
/// Fields that are read here and not passed on.
const OURS: [&str; 6] = ["model", "messages", "tools", "stream", "stream_options", "n"];
/// Fields that say nothing about the answer.
const SILENT: [&str; 5] = ["user", "metadata", "store", "service_tier", "safety_identifier"];

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// As the client named it.
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// The client's own tools.
    pub tools: Vec<ToolSpec>,
    /// Piece by piece.
    pub is_streamed: bool,
    /// The last piece is to tell the tokens.
    pub wants_usage: bool,
    /// Everything else.
    params: Map<String, Value>,
}

impl Asked {
    /// The endpoint with the parameters of this request.
    pub(super) fn endpoint(&self, endpoint: &Endpoint) -> Result<Endpoint, Problem> {
        let mut params = endpoint.params.clone();
        let takes_all = matches!(endpoint.api, Api::OpenAiChat);
        for (name, value) in &self.params {
            if takes_all {
                params.insert(name.clone(), value.clone());
            } else if COMMON.contains(&name.as_str()) {
                let name = if name == "max_completion_tokens" { "max_tokens" } else { name };
                params.insert(name.to_owned(), value.clone());
            } else if !is_default(name, value) && !SILENT.contains(&name.as_str()) {
                return Err(Problem::bad_request(words::not_here(name, &endpoint.label)));
            }
        }
        Ok(Endpoint { params, ..endpoint.clone() })
    }
}

/// Whether this says what holds anyway.
fn is_default(name: &str, value: &Value) -> bool {
    value.is_null()
        || match name {
            "tool_choice" => value == "auto",
            "parallel_tool_calls" => value == true,
            "response_format" => value["type"] == "text",
            "logprobs" => value == false,
            "presence_penalty" | "frequency_penalty" => value.as_f64() == Some(0.0),
            _ => false,
        }
}

/// Reads a request.
pub(super) fn read(body: &Value) -> Result<Asked, Problem> {
    let fields = body.as_object().ok_or_else(|| bad("the body", "an object"))?;
    if !body["n"].is_null() && body["n"] != 1 {
        return Err(bad("n", "1"));
    }
    if fields.contains_key("functions") || fields.contains_key("function_call") {
        return Err(bad("tools", "used in place of `functions`"));
    }
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| bad("model", "a provider, or provider/model"))?.to_owned();
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| bad("messages", "a list of messages"))?;
    let mut names = HashMap::new();
    let messages: Vec<Message> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| read_message(at, message, &mut names))
        .collect::<Result<_, _>>()?;
    let params: Map<String, Value> = fields
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut asked = Asked {
        model,
        messages: paired_for_request(messages),
        tools: read_tools(&body["tools"])?,
        is_streamed: body["stream"] == true,
        wants_usage: body["stream_options"]["include_usage"] == true,
        params,
    };
    // A model that is offered nothing calls nothing, in every wire format.
    if asked.params.get("tool_choice").is_some_and(|choice| choice == "none") {
        asked.params.shift_remove("tool_choice");
        asked.tools.clear();
    }
    Ok(asked)
}

fn bad(field: &str, expected: &str) -> Problem {
    Problem::bad_request(words::bad_field(field, expected))
}

fn read_tools(tools: &Value) -> Result<Vec<ToolSpec>, Problem> {
    let Some(tools) = tools.as_array() else {
        return if tools.is_null() { Ok(Vec::new()) } else { Err(bad("tools", "a list of tools")) };
    };
    let read = |tool: &Value| {
        let function = &tool["function"];
        let name = function["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| bad("tools", "functions, each with a name"))?;
        let parameters = &function["parameters"];
        let parameters = if parameters.is_object() {
            parameters.clone()
        } else {
            serde_json::json!({"type": "object", "properties": {}})
        };
        let description = function["description"].as_str().unwrap_or_default();
        Ok(ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters })
    };
    tools.iter().map(read).collect()
}

/// Reads a message; `names` are those of the calls so far, by their ids.
fn read_message(at: usize, message: &Value, names: &mut HashMap<String, String>) -> Result<Message, Problem> {
    let place = |field: &str| format!("messages[{at}].{field}");
    let content = &message["content"];
    match message["role"].as_str() {
        Some("system" | "developer") => Ok(Message::System { text: read_content(content, &place("content"))?.0 }),
        Some("user") => {
            let (text, attachments) = read_content(content, &place("content"))?;
            Ok(Message::User { text, attachments })
        }
        Some("assistant") => {
            let text = if content.is_null() { String::new() } else { read_content(content, &place("content"))?.0 };
            let reasoning = message["reasoning_content"].as_str().unwrap_or_default().to_owned();
            let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
            let tool_calls: Vec<ToolCall> = calls
                .iter()
                .map(|call| {
                    read_call(call).ok_or_else(|| bad(&place("tool_calls"), "calls of functions, each with an id"))
                })
                .collect::<Result<_, _>>()?;
            names.extend(tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())));
            Ok(Message::Assistant(AssistantMessage { text, reasoning, tool_calls, opaque: None }))
        }
        Some("tool") => {
            let id = message["tool_call_id"].as_str().ok_or_else(|| bad(&place("tool_call_id"), "the id of a call"))?;
            Ok(Message::Tool(ToolResult {
                call_id: id.to_owned(),
                name: names.get(id).cloned().unwrap_or_default(),
                status: ToolStatus::Done,
                output: read_content(content, &place("content"))?.0,
                elapsed_ms: 0,
            }))
        }
        _ => Err(bad(&place("role"), "`system`, `developer`, `user`, `assistant` or `tool`")),
    }
}

fn read_call(call: &Value) -> Option<ToolCall> {
    let (id, function) = (call["id"].as_str()?, &call["function"]);
    Some(ToolCall {
        id: id.to_owned(),
        name: function["name"].as_str()?.to_owned(),
        arguments: Arguments::parse(function["arguments"].as_str().unwrap_or_default()),
        opaque: None,
    })
}

/// A text, or parts of text and images.
fn read_content(content: &Value, place: &str) -> Result<(String, Vec<Attachment>), Problem> {
    if let Some(text) = content.as_str() {
        return Ok((text.to_owned(), Vec::new()));
    }
    let parts = content.as_array().ok_or_else(|| bad(place, "a text, or a list of parts"))?;
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        match part["type"].as_str() {
            Some("text" | "refusal") => {
                let text = part["text"].as_str().or_else(|| part["refusal"].as_str());
                texts.push(text.ok_or_else(|| bad(place, "parts of text, each with a `text`"))?);
            }
            Some("image_url") => images.push(read_image(part["image_url"]["url"].as_str().unwrap_or_default())?),
            _ => return Err(bad(place, "parts of type `text` or `image_url`")),
        }
    }
    Ok((texts.join("\n"), images))
}

fn read_image(url: &str) -> Result<Attachment, Problem> {
    let data = url.strip_prefix("data:").ok_or_else(|| Problem::bad_request(words::REMOTE_IMAGE))?;
    let bytes = data.split_once(";base64,").and_then(|(_, base64)| STANDARD.decode(base64).ok());
    let image = bytes.and_then(|bytes| Attachment::image("image", &bytes));
    image.ok_or_else(|| Problem::bad_request(words::NO_IMAGE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Timeouts;
    use serde_json::json;

    fn message(role: &str, content: &str) -> Value {
        json!({"role": role, "content": content})
    }

    fn why(body: &Value) -> String {
        read(body).map_or_else(|problem| problem.message, |_| String::new())
    }

    fn endpoint(api: Api) -> Endpoint {
        Endpoint {
            name: "p".to_owned(),
            label: "P".to_owned(),
            api,
            base_url: "http://127.0.0.1:1".to_owned(),
            key: None,
            key_source: None,
            headers: Vec::new(),
            params: json!({"temperature": 0.1, "top_k": 5}).as_object().cloned().unwrap(),
            timeouts: Timeouts::default(),
            ca_file: None,
        }
    }

    #[test]
    fn a_conversation_with_a_call_and_an_image_is_read() {
        let call = json!({"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}});
        let asked = read(&json!({
            "model": "p/m", "stream": true, "stream_options": {"include_usage": true}, "temperature": 0,
            "messages": [
                message("developer", "be brief"),
                {"role": "user", "content": [
                    {"type": "text", "text": "what is"},
                    {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}},
                    {"type": "text", "text": "this?"}]},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "2"},
            ],
            "tools": [{"type": "function", "function": {"name": "add"}}],
        }))
        .unwrap();
        assert!(asked.is_streamed && asked.wants_usage);
        let Message::User { text, attachments } = &asked.messages[1] else { panic!("{:?}", asked.messages) };
        assert_eq!((text.as_str(), attachments.len()), ("what is\nthis?", 1));
        let Message::Tool(result) = &asked.messages[3] else { panic!("{:?}", asked.messages) };
        assert_eq!((result.name.as_str(), result.output.as_str()), ("add", "2"));
        assert_eq!(asked.tools[0].parameters, json!({"type": "object", "properties": {}}));
        assert_eq!(asked.endpoint(&endpoint(Api::OpenAiChat)).unwrap().params["temperature"], 0);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let hi = message("user", "hi");
        assert_eq!(why(&json!([])), "`the body` must be an object.");
        assert_eq!(why(&json!({"messages": [hi]})), "`model` must be a provider, or provider/model.");
        assert_eq!(why(&json!({"model": "m", "messages": []})), "`messages` must be a list of messages.");
        assert_eq!(why(&json!({"model": "m", "messages": [hi], "n": 2})), "`n` must be 1.");
        let robot = json!({"model": "m", "messages": [hi, message("robot", "x")]});
        assert!(why(&robot).starts_with("`messages[1].role` must be"), "{}", why(&robot));
        let image = json!({"type": "image_url", "image_url": {"url": "https://a.example/x.png"}});
        let remote = json!({"model": "m", "messages": [{"role": "user", "content": [image]}]});
        assert_eq!(why(&remote), words::REMOTE_IMAGE);
    }

    #[test]
    fn other_wire_formats_get_what_they_know_and_refuse_the_rest() {
        let hi = [message("user", "hi")];
        let read = |extra: (&str, Value)| {
            let mut body = json!({"model": "m", "messages": hi, "max_completion_tokens": 5});
            body[extra.0] = extra.1;
            read(&body).unwrap()
        };
        let asked = read(("user", json!("me")));
        let params = asked.endpoint(&endpoint(Api::Anthropic)).unwrap().params;
        assert_eq!(Value::Object(params), json!({"temperature": 0.1, "top_k": 5, "max_tokens": 5}));
        let format = read(("response_format", json!({"type": "json_object"})));
        assert!(format.endpoint(&endpoint(Api::OpenAiChat)).is_ok());
        assert_eq!(
            format.endpoint(&endpoint(Api::Gemini)).unwrap_err().message,
            words::not_here("response_format", "P")
        );
        assert!(read(("tool_choice", json!("auto"))).endpoint(&endpoint(Api::Ollama)).is_ok());
        assert!(read(("tool_choice", json!("none"))).tools.is_empty());
    }
}
