//! Our own form, complete and read back to the letter: every message with all its versions. One object,
//! `{"format": "riffle-chats", "version": 1, "chats": [CHAT, ...]}`, with a chat per line. `assets/riffle-chats.schema.json`
//! says the same as JSON Schema.
//!
//! CHAT: `id`, `title`, `provider`, `model`, `created_ms`, `updated_ms`, `deleted_ms` (null unless in the trash), `pinned`,
//! `archived`, `tags`, `head` (the message with which the shown path ends; null for the newest, "" for none) and `messages`,
//! parents before what follows them. Times are milliseconds since 1970 UTC.
//!
//! A message: `id`, `parent` (null for a first one), `time_ms`, `state` (`complete`, `interrupted`, `stopped`, `failed`),
//! `role` and `text`; further, where there is such a thing:
//! - `user`: `attachments` `[{name, media_type, data}]`, `data` in base64;
//! - `assistant`: `reasoning`, `tool_calls` `[{id, name, arguments, opaque}]` (arguments are an object, or the text that was
//!   none), `opaque` `{provider, value}` (what only that vendor reads), `provider`, `model`, `finish`, `finish_raw`, `error`
//!   `{kind, message, status, retryable, retry_after_ms}`, `usage` `{input, output, details}`, `ttft_ms`,
//!   `thought_ms`, `elapsed_ms`;
//! - `tool`: `call_id`, `name`, `status`, `elapsed_ms`; its `text` is the output.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::words::clamped_ms;
use crate::chat::{
    AssistantMessage, Attachment, ConversationId, Entry, EntryBody, EntryState, Finish, Head, MessageId, SavedChat,
    ToolResult, ToolStatus,
};
use crate::strings::history as strings;

/// What `format` says.
pub const FORMAT: &str = "riffle-chats";
/// What `version` says; a reader refuses a greater one.
pub const VERSION: u64 = 1;

/// Most characters of a title.
const MAX_TITLE: usize = 10_000;

/// Writes chats one by one.
#[derive(Debug)]
pub struct JsonWriter<W: Write> {
    out: W,
    is_first: bool,
}

impl<W: Write> JsonWriter<W> {
    /// Begins the file.
    pub fn begin(mut out: W) -> io::Result<Self> {
        write!(out, "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"chats\":[")?;
        Ok(Self { out, is_first: true })
    }

    /// Adds a chat.
    pub fn add(&mut self, chat: &SavedChat) -> io::Result<()> {
        let separator = if std::mem::replace(&mut self.is_first, false) { "\n" } else { ",\n" };
        self.out.write_all(separator.as_bytes())?;
        self.out.write_all(line(chat).as_bytes())
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One chat on one line, without the line's end.
#[must_use]
pub fn line(chat: &SavedChat) -> String {
    let head = match &chat.head {
        Head::Newest => Value::Null,
        Head::At(message) => json!(message),
        Head::Start => json!(""),
    };
    json!({
        "id": chat.id,
        "title": chat.title,
        "provider": chat.provider,
        "model": chat.model,
        "created_ms": chat.created_ms,
        "updated_ms": chat.updated_ms,
        "deleted_ms": chat.deleted_ms,
        "pinned": chat.is_pinned,
        "archived": chat.is_archived,
        "tags": chat.tags,
        "head": head,
        "messages": chat.entries.iter().map(message).collect::<Vec<_>>(),
    })
    .to_string()
}

fn message(entry: &Entry) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            out.insert(key.to_owned(), value);
        }
    };
    put("id", json!(entry.id));
    put("parent", json!(entry.parent));
    put("time_ms", json!(entry.time_ms));
    put("state", json!(entry.state.as_str()));
    match &entry.body {
        EntryBody::Question(text) => {
            put("role", json!("user"));
            put("text", json!(text));
        }
        EntryBody::Answer {
            message,
            provider,
            model,
            finish,
            finish_raw,
            error,
            usage,
            ttft_ms,
            thought_ms,
            elapsed_ms,
        } => {
            put("role", json!("assistant"));
            put("text", json!(message.text));
            put("reasoning", if message.reasoning.is_empty() { Value::Null } else { json!(message.reasoning) });
            put("tool_calls", if message.tool_calls.is_empty() { Value::Null } else { json!(message.tool_calls) });
            put("opaque", json!(message.opaque));
            put("provider", json!(provider));
            put("model", json!(model));
            put("finish", json!(finish.map(Finish::as_str)));
            put("finish_raw", json!(finish_raw));
            put("error", json!(error));
            put("usage", json!(usage));
            put("ttft_ms", json!(ttft_ms));
            put("thought_ms", json!(thought_ms));
            put("elapsed_ms", json!(elapsed_ms));
        }
        EntryBody::ToolResult(result) => {
            put("role", json!("tool"));
            put("text", json!(result.output));
            put("call_id", json!(result.call_id));
            put("name", json!(result.name));
            put("status", json!(result.status.as_str()));
            put("elapsed_ms", json!(result.elapsed_ms));
        }
    }
    if !entry.attachments.is_empty() {
        let files = entry
            .attachments
            .iter()
            .map(|file| json!({"name": file.name, "media_type": file.media_type, "data": STANDARD.encode(&file.data)}));
        put("attachments", files.collect());
    }
    Value::Object(out)
}

/// Reads one chat. A message that cannot be read is left out, with a sentence, and what follows it follows the message
/// before it.
pub(super) fn read(value: &Value, problems: &mut Vec<String>) -> Result<SavedChat, String> {
    let id = text(value, "id")?.filter(|id| !id.is_empty()).ok_or_else(|| strings::lacks("id"))?;
    let title: String = text(value, "title")?.unwrap_or_default().chars().take(MAX_TITLE).collect();
    let messages = value["messages"].as_array().ok_or_else(|| strings::lacks("messages"))?;
    let mut chat = SavedChat {
        id: ConversationId(id),
        title,
        provider: text(value, "provider")?.unwrap_or_default(),
        model: text(value, "model")?.unwrap_or_default(),
        created_ms: 0,
        updated_ms: 0,
        deleted_ms: time(value, "deleted_ms")?,
        is_pinned: value["pinned"].as_bool().unwrap_or(false),
        is_archived: value["archived"].as_bool().unwrap_or(false),
        tags: read_tags(&value["tags"]),
        head: match text(value, "head")? {
            None => Head::Newest,
            Some(id) if id.is_empty() => Head::Start,
            Some(id) => Head::At(MessageId(id)),
        },
        entries: Vec::with_capacity(messages.len()),
    };
    let mut known = HashSet::new();
    let mut left_out: HashMap<String, Option<MessageId>> = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        let read = entry(message).and_then(|entry| {
            if known.insert(entry.id.clone()) { Ok(entry) } else { Err(strings::REPEATED_ID.to_owned()) }
        });
        match read {
            Ok(mut entry) => {
                if let Some(parent) = entry.parent.as_ref().and_then(|parent| left_out.get(parent.as_str())) {
                    entry.parent = parent.clone();
                }
                chat.entries.push(entry);
            }
            Err(why) => {
                problems.push(strings::bad_message(&chat.title, at + 1, &why));
                if let Some(id) = message["id"].as_str().filter(|id| !known.contains(&MessageId::from(*id))) {
                    let parent = message["parent"].as_str();
                    let parent = parent.and_then(|id| left_out.get(id).cloned().unwrap_or_else(|| Some(id.into())));
                    left_out.insert(id.to_owned(), parent);
                }
            }
        }
    }
    // Where it is not said, it is when its first and its last message were written.
    let times = || chat.entries.iter().map(|entry| entry.time_ms);
    let (first_ms, last_ms) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    chat.created_ms = time(value, "created_ms")?.unwrap_or(first_ms);
    chat.updated_ms = time(value, "updated_ms")?.unwrap_or(last_ms);
    if let Head::At(message) = &chat.head
        && let Some(parent) = left_out.get(message.as_str())
    {
        chat.head = parent.clone().map_or(Head::Newest, Head::At);
    }
    Ok(chat)
}

fn read_tags(value: &Value) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in value.as_array().into_iter().flatten().filter_map(Value::as_str).flat_map(str::split_whitespace) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

fn entry(value: &Value) -> Result<Entry, String> {
    if !value.is_object() {
        return Err(strings::NO_OBJECT.to_owned());
    }
    let id = text(value, "id")?.filter(|id| !id.is_empty()).ok_or_else(|| strings::lacks("id"))?;
    let said = text(value, "text")?;
    let body = match text(value, "role")?.as_deref() {
        Some("user") => EntryBody::Question(said.ok_or_else(|| strings::lacks("text"))?),
        Some("assistant") => EntryBody::Answer {
            message: AssistantMessage {
                text: said.unwrap_or_default(),
                reasoning: text(value, "reasoning")?.unwrap_or_default(),
                tool_calls: part(value, "tool_calls")?.unwrap_or_default(),
                opaque: part(value, "opaque")?,
            },
            provider: text(value, "provider")?.unwrap_or_default(),
            model: text(value, "model")?.unwrap_or_default(),
            finish: text(value, "finish")?.as_deref().and_then(Finish::parse),
            finish_raw: text(value, "finish_raw")?,
            error: part(value, "error")?,
            usage: part(value, "usage")?,
            ttft_ms: part(value, "ttft_ms")?,
            thought_ms: part(value, "thought_ms")?,
            elapsed_ms: part(value, "elapsed_ms")?.unwrap_or(0),
        },
        Some("tool") => EntryBody::ToolResult(ToolResult {
            call_id: text(value, "call_id")?.ok_or_else(|| strings::lacks("call_id"))?,
            name: text(value, "name")?.unwrap_or_default(),
            status: ToolStatus::parse(text(value, "status")?.as_deref().unwrap_or("done")),
            output: said.unwrap_or_default(),
            elapsed_ms: part(value, "elapsed_ms")?.unwrap_or(0),
        }),
        _ => return Err(strings::wrong("role")),
    };
    let attachments =
        value["attachments"].as_array().into_iter().flatten().map(attachment).collect::<Result<_, _>>()?;
    Ok(Entry {
        id: MessageId(id),
        parent: text(value, "parent")?.map(MessageId),
        time_ms: time(value, "time_ms")?.unwrap_or(0),
        state: EntryState::parse(text(value, "state")?.as_deref().unwrap_or("complete")),
        body,
        attachments,
    })
}

fn attachment(value: &Value) -> Result<Attachment, String> {
    let data = text(value, "data")?.ok_or_else(|| strings::lacks("data"))?;
    let data = STANDARD.decode(data).map_err(|_| strings::wrong("attachments"))?;
    Ok(Attachment {
        name: text(value, "name")?.unwrap_or_default(),
        media_type: text(value, "media_type")?.unwrap_or_default(),
        data: data.into(),
    })
}

/// A text, if there is one; anything else in its place is wrong.
fn text(value: &Value, key: &str) -> Result<Option<String>, String> {
    match &value[key] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(strings::wrong(key)),
    }
}

fn time(value: &Value, key: &str) -> Result<Option<i64>, String> {
    match &value[key] {
        Value::Null => Ok(None),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(ms), _) => Ok(Some(clamped_ms(ms))),
            (None, Some(ms)) => Ok(Some(clamped_ms(ms as i64))),
            (None, None) => Err(strings::wrong(key)),
        },
        _ => Err(strings::wrong(key)),
    }
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Result<Option<T>, String> {
    match &value[key] {
        Value::Null => Ok(None),
        found => serde_json::from_value(found.clone()).map(Some).map_err(|_| strings::wrong(key)),
    }
}
