//! Claude's export, conversations.json: each chat with `chat_messages` in order, in newer exports with the message each
//! follows. An answer in which tools ran becomes several: what was said before the results and what after them.

use serde_json::Value;

use super::build::{About, Builder, answer, id_of};
use crate::chat::{Arguments, AssistantMessage, EntryBody, MessageId, SavedChat, ToolCall, ToolResult, ToolStatus};
use crate::strings::history as strings;
use crate::transfer::words::{fenced, parse_time};

const FORMAT: &str = "claude";
const PROVIDER: &str = "anthropic";

/// Reads one chat.
pub(super) fn read(value: &Value, problems: &mut Vec<String>) -> Result<SavedChat, String> {
    let messages = value["chat_messages"].as_array().ok_or_else(|| strings::wrong("chat_messages"))?;
    let title = value["name"].as_str().unwrap_or_default();
    let time = |key: &str| value[key].as_str().and_then(parse_time);
    let source = value["uuid"].as_str().filter(|id| !id.is_empty());
    let source = source.map_or_else(|| id_of(&[title, &value["created_at"].to_string()]), str::to_owned);
    let mut builder = Builder::new(FORMAT, &source, time("created_at"));
    let model = value["model"].as_str().unwrap_or_default();
    let mut ends = std::collections::HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        if let Err(why) = add(&mut builder, &mut ends, message, at, model) {
            problems.push(strings::bad_message(title, at + 1, &why));
        }
    }
    let head = value["current_leaf_message_uuid"].as_str().and_then(|leaf| ends.get(leaf).cloned());
    let about = About {
        title: title.to_owned(),
        created_ms: time("created_at"),
        updated_ms: time("updated_at"),
        is_archived: false,
        is_pinned: value["is_starred"].as_bool().unwrap_or(false),
    };
    builder.finish(&about, head).ok_or_else(|| strings::NOTHING_SAID.to_owned())
}

/// Adds a message; `ends` are the last pieces of those before it.
fn add<'a>(
    builder: &mut Builder,
    ends: &mut std::collections::HashMap<&'a str, MessageId>,
    message: &'a Value,
    at: usize,
    model: &str,
) -> Result<(), String> {
    let sender = message["sender"].as_str().ok_or_else(|| strings::wrong("sender"))?;
    let name = message["uuid"].as_str().filter(|id| !id.is_empty());
    let source = name.map_or_else(|| at.to_string(), str::to_owned);
    if name.is_some_and(|name| ends.contains_key(name)) {
        return Err(strings::REPEATED_ID.to_owned());
    }
    let parent = match message["parent_message_uuid"].as_str() {
        // The beginning has a made-up parent, which is the same in every chat.
        Some(parent) if parent.starts_with("00000000-") => None,
        Some(parent) => ends.get(parent).cloned().or_else(|| builder.last()),
        None => builder.last(),
    };
    let time_ms = message["created_at"].as_str().and_then(parse_time);
    let bodies = match sender {
        "human" | "user" => {
            let text = question(message);
            if text.trim().is_empty() { Vec::new() } else { vec![EntryBody::Question(text)] }
        }
        "assistant" => answers(message, message["model"].as_str().unwrap_or(model)),
        _ => return Err(strings::wrong("sender")),
    };
    let mut last = parent;
    for (piece, body) in bodies.into_iter().enumerate() {
        let id = if piece == 0 { builder.id(&source) } else { builder.id(&format!("{source} {piece}")) };
        builder.push(id.clone(), last, time_ms, body);
        last = Some(id);
    }
    if let (Some(name), Some(last)) = (name, last) {
        ends.insert(name, last);
    }
    Ok(())
}

fn question(message: &Value) -> String {
    let mut paragraphs = Vec::new();
    let blocks: Vec<&str> =
        message["content"].as_array().into_iter().flatten().filter_map(|block| block["text"].as_str()).collect();
    if blocks.is_empty() {
        paragraphs.extend(message["text"].as_str().map(str::to_owned));
    } else {
        paragraphs.extend(blocks.into_iter().map(str::to_owned));
    }
    for file in message["attachments"].as_array().into_iter().flatten() {
        let name = file["file_name"].as_str().unwrap_or_default();
        match file["extracted_content"].as_str().filter(|content| !content.is_empty()) {
            Some(content) if name.is_empty() => paragraphs.push(fenced("", content)),
            Some(content) => paragraphs.push(format!(
                "{name}:
{}",
                fenced("", content)
            )),
            None => paragraphs.push(format!("[{name}]")),
        }
    }
    let files = message["files"].as_array().into_iter().flatten();
    paragraphs.extend(files.filter_map(|file| file["file_name"].as_str()).map(|name| format!("[{name}]")));
    paragraphs.retain(|text| !text.is_empty());
    paragraphs.join("\n\n")
}

/// The answers and results that one message holds.
fn answers(message: &Value, model: &str) -> Vec<EntryBody> {
    let mut out = Vec::new();
    let mut said = AssistantMessage::default();
    let mut open: Vec<(String, String)> = Vec::new();
    let mut has_results = false;
    for (at, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let kind = block["type"].as_str().unwrap_or("text");
        if kind == "tool_result" {
            flush(&mut out, &mut said, model);
            let place = block["tool_use_id"].as_str().and_then(|id| open.iter().position(|(open, _)| open == id));
            if open.is_empty() {
                continue;
            }
            let (call_id, name) = open.remove(place.unwrap_or(0));
            let status = if block["is_error"].as_bool() == Some(true) { ToolStatus::Failed } else { ToolStatus::Done };
            out.push(EntryBody::ToolResult(ToolResult {
                call_id,
                name,
                status,
                output: output(&block["content"]),
                elapsed_ms: 0,
            }));
            has_results = true;
            continue;
        }
        if std::mem::replace(&mut has_results, false) {
            open.clear();
        }
        match kind {
            "thinking" => join(&mut said.reasoning, block["thinking"].as_str().unwrap_or_default()),
            "tool_use" => {
                let id = block["id"].as_str().map_or_else(|| format!("call_{at}"), str::to_owned);
                let name = block["name"].as_str().unwrap_or_default().to_owned();
                let arguments = match &block["input"] {
                    Value::Object(map) => Arguments::Object(map.clone()),
                    Value::String(text) => Arguments::parse(text),
                    Value::Null => Arguments::parse(""),
                    other => Arguments::Raw(other.to_string()),
                };
                open.push((id.clone(), name.clone()));
                said.tool_calls.push(ToolCall { id, name, arguments, opaque: None });
            }
            _ => join(&mut said.text, block["text"].as_str().unwrap_or_default()),
        }
    }
    flush(&mut out, &mut said, model);
    if out.is_empty()
        && let Some(text) = message["text"].as_str().filter(|text| !text.trim().is_empty())
    {
        let message = AssistantMessage { text: text.to_owned(), ..AssistantMessage::default() };
        out.push(answer(message, PROVIDER, model));
    }
    out
}

fn flush(out: &mut Vec<EntryBody>, said: &mut AssistantMessage, model: &str) {
    let said = std::mem::take(said);
    if !said.text.trim().is_empty() || !said.reasoning.is_empty() || !said.tool_calls.is_empty() {
        out.push(answer(said, PROVIDER, model));
    }
}

/// The text of a result: a text, or parts that are texts.
fn output(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let mut out = String::new();
            for part in parts {
                match part["text"].as_str() {
                    Some(text) => join(&mut out, text),
                    None => join(&mut out, &part.to_string()),
                }
            }
            out
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn join(out: &mut String, text: &str) {
    if !out.is_empty() && !text.is_empty() {
        out.push_str("\n\n");
    }
    out.push_str(text);
}
