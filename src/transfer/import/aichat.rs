//! Sessions of aichat: YAML with the model and `messages` of a role and content, which is a text, a list of texts and images,
//! or calls with their results. They have no ids and no times: messages are known by all that was said up to them, chats
//! by the file's name and their beginning, so that a session that has grown adds only what is new.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::build::{About, Builder, answer, id_of, instructed};
use super::{Found, ImportError, Origin, is_too_deep_for_yaml};
use crate::chat::{Arguments, AssistantMessage, Attachment, EntryBody, MessageId, ToolCall, ToolResult, ToolStatus};
use crate::strings::history as strings;

const FORMAT: &str = "aichat";

/// Whether this text is such a session: its keys stand at the beginning of lines.
pub(super) fn is_one(text: &str) -> bool {
    // Front matter is Markdown's.
    if text.strip_prefix("---\n").is_some_and(|rest| rest.contains("\n---\n")) {
        return false;
    }
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let first = text.lines().map(str::trim_end).find(|line| !line.is_empty() && *line != "---");
    let is_yaml = first.is_some_and(|line| line.split_once(':').is_some_and(|(key, _)| !key.contains([' ', '#', '*'])));
    is_yaml && (has("messages:") || has("compressed_messages:")) && has("model:")
}

/// Reads the session of this name.
pub(super) fn read(text: &str, origin: Origin<'_>, take: &mut dyn FnMut(Found)) -> Result<(), ImportError> {
    let name = origin.name;
    if is_too_deep_for_yaml(text) {
        return Err(ImportError::Yaml(strings::TOO_DEEP.to_owned()));
    }
    let value: Value = serde_yaml_ng::from_str(text).map_err(|error| ImportError::Yaml(error.to_string()))?;
    let model = value["model"].as_str().unwrap_or_default();
    let (provider, model) = model.split_once(':').unwrap_or(("", model));
    let lists = ["compressed_messages", "messages"];
    let messages: Vec<&Value> = lists.iter().filter_map(|key| value[*key].as_array()).flatten().collect();
    let first = messages.iter().find(|message| message["role"] == "user").map(ToString::to_string);
    let mut chat = Session {
        builder: Builder::new(FORMAT, &id_of(&[name, &first.unwrap_or_default()]), Some(origin.time_ms)),
        before: String::new(),
        instructions: String::new(),
        provider,
        model,
    };
    for (at, message) in messages.into_iter().enumerate() {
        if let Err(why) = chat.add(message) {
            take(Found::LeftOut(strings::bad_message(name, at + 1, &why)));
        }
    }
    if !chat.instructions.is_empty() {
        let left = std::mem::take(&mut chat.instructions);
        chat.push("system", EntryBody::Question(left));
    }
    let about = About { title: if name == "temp" { String::new() } else { name.to_owned() }, ..About::default() };
    match chat.builder.finish(&about, None) {
        Some(chat) => take(Found::Chat(Box::new(chat))),
        None => take(Found::LeftOut(strings::bad_chat(name, 1, strings::NOTHING_SAID))),
    }
    Ok(())
}

struct Session<'a> {
    builder: Builder,
    /// Stands for all that was said so far.
    before: String,
    /// For the question that follows.
    instructions: String,
    provider: &'a str,
    model: &'a str,
}

impl Session<'_> {
    fn add(&mut self, message: &Value) -> Result<(), String> {
        let role = message["role"].as_str().ok_or_else(|| strings::lacks("role"))?;
        let (text, images) = match &message["content"] {
            Value::String(text) => (text.clone(), Vec::new()),
            Value::Array(parts) => parts_of(parts),
            Value::Object(_) if message["content"]["tool_results"].is_array() => {
                self.add_calls(&message["content"]);
                return Ok(());
            }
            _ => return Err(strings::wrong("content")),
        };
        match role {
            "system" => self.instructions = instructed(&self.instructions, &text),
            "user" => {
                let text = instructed(&std::mem::take(&mut self.instructions), &text);
                self.push(role, EntryBody::Question(text));
                self.builder.attach(images);
            }
            "assistant" => {
                let said = AssistantMessage { text, ..AssistantMessage::default() };
                self.push(role, answer(said, self.provider, self.model));
            }
            _ => return Err(strings::wrong("role")),
        }
        Ok(())
    }

    /// An answer that called tools, and what they gave.
    fn add_calls(&mut self, content: &Value) {
        let results = content["tool_results"].as_array().cloned().unwrap_or_default();
        let call_id = |at: usize, result: &Value| {
            result["call"]["id"].as_str().map_or_else(|| format!("call_{at}"), str::to_owned)
        };
        let name = |result: &Value| result["call"]["name"].as_str().unwrap_or_default().to_owned();
        let tool_calls = results.iter().enumerate().map(|(at, result)| ToolCall {
            id: call_id(at, result),
            name: name(result),
            arguments: match &result["call"]["arguments"] {
                Value::Object(map) => Arguments::Object(map.clone()),
                Value::String(text) => Arguments::parse(text),
                Value::Null => Arguments::parse(""),
                other => Arguments::Raw(other.to_string()),
            },
            opaque: None,
        });
        let text = content["text"].as_str().unwrap_or_default().to_owned();
        let said = AssistantMessage { text, tool_calls: tool_calls.collect(), ..AssistantMessage::default() };
        self.push("assistant", answer(said, self.provider, self.model));
        for (at, result) in results.iter().enumerate() {
            let output = match &result["output"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let (call_id, name) = (call_id(at, result), name(result));
            let result = ToolResult { call_id, name, status: ToolStatus::Done, output, elapsed_ms: 0 };
            self.push("tool", EntryBody::ToolResult(result));
        }
    }

    fn push(&mut self, role: &str, body: EntryBody) {
        let said = match &body {
            EntryBody::Question(text) => text,
            EntryBody::Answer { message, .. } => &message.text,
            EntryBody::ToolResult(result) => &result.output,
        };
        self.before = id_of(&[&self.before, role, said]);
        let id: MessageId = self.builder.id(&self.before);
        let parent = self.builder.last();
        self.builder.push(id, parent, None, body);
    }
}

/// The texts of a message in parts, and its images.
fn parts_of(parts: &[Value]) -> (String, Vec<Attachment>) {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        if let Some(text) = part["text"].as_str() {
            texts.push(text.to_owned());
        } else if let Some(url) = part["image_url"]["url"].as_str() {
            let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
            let image = data.and_then(|(_, data)| Attachment::image("image", &STANDARD.decode(data).ok()?));
            match image {
                Some(image) => images.push(image),
                None => texts.push(format!("[{}]", url.chars().take(300).collect::<String>())),
            }
        }
    }
    (texts.join("\n\n"), images)
}
