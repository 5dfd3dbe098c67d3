//! The export of `ChatGPT`, conversations.json: each chat a `mapping` of nodes with parents, of which `current_node` is shown.
//! Calls are messages to another `recipient` than `all`, their results messages of a tool; what was never shown to the
//! person is left out, and what followed it follows what came before it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::build::{About, Builder, answer, id_of};
use crate::chat::{Arguments, AssistantMessage, EntryBody, MessageId, SavedChat, ToolCall, ToolResult, ToolStatus};
use crate::strings::history as strings;
use crate::transfer::words::{fenced, seconds};

const FORMAT: &str = "chatgpt";
const PROVIDER: &str = "openai";

/// What a node passes on to those beneath it.
#[derive(Clone, Debug, Default)]
struct Above {
    /// The message they follow.
    parent: Option<MessageId>,
    /// Reasoning for the next answer.
    reasoning: String,
    /// The call that waits for its result.
    open_call: Option<(String, String)>,
}

/// Reads one chat.
pub(super) fn read(value: &Value, problems: &mut Vec<String>) -> Result<SavedChat, String> {
    let mapping = value["mapping"].as_object().ok_or_else(|| strings::wrong("mapping"))?;
    let title = value["title"].as_str().unwrap_or_default();
    let created_ms = value["create_time"].as_f64().and_then(seconds);
    let source = ["conversation_id", "id"].iter().find_map(|key| value[*key].as_str()).filter(|id| !id.is_empty());
    let source = source.map_or_else(|| id_of(&[title, &value["create_time"].to_string()]), str::to_owned);
    let mut reader = Reader {
        builder: Builder::new(FORMAT, &source, created_ms),
        model: value["default_model_slug"].as_str().unwrap_or_default(),
        shown: HashMap::new(),
    };
    for (at, why) in reader.walk(mapping) {
        problems.push(strings::bad_message(title, at + 1, &why));
    }
    let head = value["current_node"].as_str().and_then(|node| reader.shown.get(node).cloned().flatten());
    let about = About {
        title: title.to_owned(),
        created_ms,
        updated_ms: value["update_time"].as_f64().and_then(seconds),
        is_archived: value["is_archived"].as_bool().unwrap_or(false),
        is_pinned: value["is_starred"].as_bool().unwrap_or(false),
    };
    reader.builder.finish(&about, head).ok_or_else(|| strings::NOTHING_SAID.to_owned())
}

struct Reader<'a> {
    builder: Builder,
    model: &'a str,
    /// Of each node the message that shows it, or the one before it.
    shown: HashMap<&'a str, Option<MessageId>>,
}

impl<'a> Reader<'a> {
    /// Goes through all nodes, parents first, without recursion; gives what could not be read.
    fn walk(&mut self, mapping: &'a Map<String, Value>) -> Vec<(usize, String)> {
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut roots = Vec::new();
        for (id, node) in mapping {
            match node["parent"].as_str().filter(|parent| *parent != id && mapping.contains_key(*parent)) {
                Some(parent) => children.entry(parent).or_default().push(id),
                None => roots.push(id.as_str()),
            }
        }
        // Nodes that follow each other in a ring hang on nothing; any of them begins.
        let starts = roots.into_iter().chain(mapping.keys().map(String::as_str));
        let numbers: HashMap<&str, usize> = mapping.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let (mut seen, mut problems) = (HashSet::new(), Vec::new());
        for start in starts {
            let mut waiting = vec![(start, Above::default())];
            while let Some((id, above)) = waiting.pop() {
                if !seen.insert(id) {
                    continue;
                }
                let beneath = match self.node(id, &mapping[id]["message"], above.clone()) {
                    Ok(beneath) => beneath,
                    Err(why) => {
                        problems.push((numbers.get(id).copied().unwrap_or(0), why));
                        above
                    }
                };
                self.shown.insert(id, beneath.parent.clone());
                for child in children.get(id).into_iter().flatten().rev() {
                    waiting.push((child, beneath.clone()));
                }
            }
        }
        problems
    }

    /// Takes a node; gives what those beneath it need to know.
    fn node(&mut self, id: &str, message: &Value, mut above: Above) -> Result<Above, String> {
        if message.is_null() {
            return Ok(above);
        }
        let content = &message["content"];
        if !message.is_object() || !(content.is_object() || content.is_null()) {
            return Err(strings::wrong("message"));
        }
        let role = message["author"]["role"].as_str().ok_or_else(|| strings::wrong("author"))?;
        let is_hidden = message["metadata"]["is_visually_hidden_from_conversation"].as_bool() == Some(true);
        let kind = content["content_type"].as_str().unwrap_or("text");
        if kind == "thoughts" {
            for thought in content["thoughts"].as_array().into_iter().flatten() {
                for part in ["summary", "content"].iter().filter_map(|key| thought[*key].as_str()) {
                    push_paragraph(&mut above.reasoning, part);
                }
            }
            return Ok(above);
        }
        let is_context = matches!(kind, "user_editable_context" | "model_editable_context" | "reasoning_recap");
        if is_hidden || is_context || role == "system" {
            return Ok(above);
        }
        let text = shown_text(content, kind);
        let recipient = message["recipient"].as_str().unwrap_or("all");
        let body = match role {
            "user" => {
                let text = with_files(text, &message["metadata"]["attachments"]);
                if text.trim().is_empty() {
                    return Ok(above);
                }
                above.open_call = None;
                EntryBody::Question(text)
            }
            "assistant" => {
                let mut said =
                    AssistantMessage { reasoning: std::mem::take(&mut above.reasoning), ..AssistantMessage::default() };
                above.open_call = None;
                if recipient == "all" {
                    said.text = text;
                } else {
                    let arguments = called_with(content, &text);
                    let call = ToolCall { id: id.to_owned(), name: recipient.to_owned(), arguments, opaque: None };
                    above.open_call = Some((call.id.clone(), call.name.clone()));
                    said.tool_calls.push(call);
                }
                if said.text.trim().is_empty() && said.tool_calls.is_empty() {
                    above.reasoning = said.reasoning;
                    return Ok(above);
                }
                answer(said, PROVIDER, message["metadata"]["model_slug"].as_str().unwrap_or(self.model))
            }
            "tool" => {
                let Some((call_id, name)) = above.open_call.take() else { return Ok(above) };
                let status = if kind == "system_error" { ToolStatus::Failed } else { ToolStatus::Done };
                EntryBody::ToolResult(ToolResult { call_id, name, status, output: text, elapsed_ms: 0 })
            }
            _ => return Ok(above),
        };
        let own = self.builder.id(id);
        let time_ms = message["create_time"].as_f64().and_then(seconds);
        self.builder.push(own.clone(), above.parent.take(), time_ms, body);
        above.parent = Some(own);
        Ok(above)
    }
}

/// What the person saw of it.
fn shown_text(content: &Value, kind: &str) -> String {
    let mut out = String::new();
    for part in content["parts"].as_array().into_iter().flatten() {
        match part {
            Value::String(text) => push_paragraph(&mut out, &without_citations(text)),
            Value::Object(_) => match part["text"].as_str() {
                Some(text) => push_paragraph(&mut out, text),
                None => push_paragraph(&mut out, &format!("[{}]", kind_of_part(part))),
            },
            _ => {}
        }
    }
    if let Some(text) = content["text"].as_str() {
        let language = content["language"].as_str().filter(|language| *language != "unknown").unwrap_or_default();
        let text = if kind == "code" { fenced(language, text) } else { text.to_owned() };
        push_paragraph(&mut out, &text);
    }
    if let Some(result) = content["result"].as_str() {
        push_paragraph(&mut out, result);
    }
    out
}

fn kind_of_part(part: &Value) -> &str {
    match part["content_type"].as_str().unwrap_or_default() {
        "image_asset_pointer" => "image",
        "" => "file",
        kind if kind.contains("audio") => "audio",
        kind if kind.contains("video") => "video",
        kind => kind,
    }
}

fn called_with(content: &Value, text: &str) -> Arguments {
    Arguments::parse(content["text"].as_str().unwrap_or(text))
}

fn with_files(mut text: String, files: &Value) -> String {
    for name in files.as_array().into_iter().flatten().filter_map(|file| file["name"].as_str()) {
        push_paragraph(&mut text, &format!("[{name}]"));
    }
    text
}

/// Citations are marks between private characters, which say nothing outside of it.
fn without_citations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{e200}') {
        let Some(end) = rest[at..].find('\u{e201}') else { break };
        out.push_str(&rest[..at]);
        rest = &rest[at + end + '\u{e201}'.len_utf8()..];
    }
    out.push_str(rest);
    out
}

fn push_paragraph(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    out.push_str(text);
}
