//! Finding and loading chats, on a connection of its own that never writes.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::error::StoreError;
use super::open;
use crate::chat::{
    AssistantMessage, Attachment, Conversation, ConversationId, Entry, EntryBody, EntryState, Finish, MessageId,
    ToolResult, ToolStatus,
};

/// A chat in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRow {
    /// Its id.
    pub id: ConversationId,
    /// Its title; from outside.
    pub title: String,
    /// When it began, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When something was last said in it, milliseconds since 1970 UTC.
    pub updated_ms: i64,
    /// Questions and answers in it.
    pub messages: u32,
    /// The provider it last used.
    pub provider: String,
    /// The model it last used.
    pub model: String,
}

/// Reads the history. A history that is not there yet is an empty one.
#[derive(Debug)]
pub struct Reader {
    connection: Option<Connection>,
}

impl Reader {
    /// Opens the history of this data folder.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: open::for_reading(folder)? })
    }

    /// The chats whose titles hold all words of the query, newest first, at most `limit`.
    pub fn list(&self, query: &str, limit: usize) -> Result<Vec<ChatRow>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let query = query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let mut statement = connection.prepare_cached(
            "select id, title, created_ms, updated_ms, provider, model from conversation
             where deleted_ms is null order by updated_ms desc",
        )?;
        let mut count =
            connection.prepare_cached("select count(*) from message where conversation_id = ?1 and role <> 'tool'")?;
        let mut rows = statement.query([])?;
        let mut chats = Vec::new();
        while let Some(row) = rows.next()? {
            let title: String = row.get(1)?;
            if !words.is_empty() {
                let folded = title.to_lowercase();
                if !words.iter().all(|word| folded.contains(word)) {
                    continue;
                }
            }
            let id: String = row.get(0)?;
            let messages = count.query_row([&id], |row| row.get(0))?;
            chats.push(ChatRow {
                id: ConversationId(id),
                title,
                created_ms: row.get(2)?,
                updated_ms: row.get(3)?,
                provider: row.get(4)?,
                model: row.get(5)?,
                messages,
            });
            if chats.len() == limit {
                break;
            }
        }
        Ok(chats)
    }

    /// How many chats there are, without deleted ones.
    pub fn count(&self) -> Result<u64, StoreError> {
        let Some(connection) = &self.connection else { return Ok(0) };
        let count: i64 =
            connection.query_row("select count(*) from conversation where deleted_ms is null", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The chat in which something was said last.
    pub fn newest(&self) -> Result<Option<ConversationId>, StoreError> {
        Ok(self.list("", 1)?.pop().map(|row| row.id))
    }

    /// The chat of this id, or of the one id that begins so.
    pub fn find(&self, id_or_prefix: &str) -> Result<Option<ConversationId>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let found: Vec<String> = connection
            .prepare("select id from conversation where id = ?1 or substr(id, 1, length(?1)) = ?1 limit 2")?
            .query_map([id_or_prefix], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let exact = found.iter().find(|id| *id == id_or_prefix).cloned();
        let only = if found.len() == 1 { found.into_iter().next() } else { None };
        Ok(exact.or(only).map(ConversationId))
    }

    /// The whole chat along its newest path: where a message has several successors, the newest one wins. A row that
    /// cannot be read is left out and never hides the rest.
    pub fn load(&self, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let title: Option<String> = connection
            .query_row("select title from conversation where id = ?1", [id.as_str()], |row| row.get(0))
            .optional()?;
        let Some(title) = title else { return Ok(None) };
        let mut statement = connection.prepare(
            "select id, parent_id, role, time_ms, state, body, reasoning, meta from message
             where conversation_id = ?1 order by seq",
        )?;
        let mut entries: Vec<Entry> =
            statement.query_map([id.as_str()], |row| Ok(entry(row)))?.flatten().filter_map(Result::ok).collect();
        self.add_chunks(id, &mut entries)?;
        self.add_attachments(id, &mut entries)?;
        Ok(Some(Conversation { id: id.clone(), title, entries: newest_path(entries) }))
    }

    /// Images of questions. A history of an older form, which is only read, has none.
    fn add_attachments(&self, id: &ConversationId, entries: &mut [Entry]) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        if !connection.table_exists(None, "attachment")? {
            return Ok(());
        }
        let mut statement = connection.prepare(
            "select attachment.message_id, attachment.name, attachment.media_type, attachment.data from message
             join attachment on attachment.message_id = message.id
             where message.conversation_id = ?1 order by attachment.seq",
        )?;
        let mut rows = statement.query([id.as_str()])?;
        while let Some(row) = rows.next()? {
            let (Ok(message), Ok(name), Ok(media_type), Ok(data)) =
                (row.get::<_, String>(0), row.get(1), row.get(2), row.get::<_, Vec<u8>>(3))
            else {
                continue;
            };
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id.0 == message) {
                entry.attachments.push(Attachment { name, media_type, data: data.into() });
            }
        }
        Ok(())
    }

    /// Text that is still in pieces, as while an answer streams or after it was cut.
    fn add_chunks(&self, id: &ConversationId, entries: &mut [Entry]) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let places: HashMap<String, usize> =
            entries.iter().enumerate().map(|(at, entry)| (entry.id.0.clone(), at)).collect();
        let mut statement = connection.prepare(
            "select chunk.message_id, chunk.kind, chunk.text from message
             join chunk on chunk.message_id = message.id
             where message.conversation_id = ?1 order by chunk.seq",
        )?;
        let mut rows = statement.query([id.as_str()])?;
        while let Some(row) = rows.next()? {
            let (Ok(message), Ok(kind), Ok(text)) =
                (row.get::<_, String>(0), row.get::<_, String>(1), row.get::<_, String>(2))
            else {
                continue;
            };
            let Some(entry) = places.get(&message).and_then(|at| entries.get_mut(*at)) else { continue };
            if let EntryBody::Answer { message, .. } = &mut entry.body {
                if kind == "text" {
                    message.text.push_str(&text);
                } else {
                    message.reasoning.push_str(&text);
                }
            }
        }
        Ok(())
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let role: String = row.get(2)?;
    let body: String = row.get(5)?;
    let meta: Value = serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default();
    let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
    let body = match role.as_str() {
        "assistant" => EntryBody::Answer {
            message: AssistantMessage {
                text: body,
                reasoning: row.get(6)?,
                tool_calls: read(&meta["tool_calls"]).unwrap_or_default(),
                opaque: read(&meta["opaque"]),
            },
            provider: text("provider"),
            model: text("model"),
            finish: meta["finish"].as_str().and_then(Finish::parse),
            finish_raw: meta["finish_raw"].as_str().map(str::to_owned),
            error: read(&meta["error"]),
            usage: read(&meta["usage"]),
            ttft_ms: meta["ttft_ms"].as_u64(),
            elapsed_ms: meta["elapsed_ms"].as_u64().unwrap_or(0),
        },
        "tool" => EntryBody::ToolResult(ToolResult {
            call_id: text("call_id"),
            name: text("name"),
            status: ToolStatus::parse(&text("status")),
            output: body,
            elapsed_ms: meta["elapsed_ms"].as_u64().unwrap_or(0),
        }),
        _ => EntryBody::Question(body),
    };
    Ok(Entry {
        id: MessageId(row.get(0)?),
        parent: row.get::<_, Option<String>>(1)?.map(MessageId),
        time_ms: row.get(3)?,
        state: EntryState::parse(&row.get::<_, String>(4)?),
        body,
        attachments: Vec::new(),
    })
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    if value.is_null() { None } else { serde_json::from_value(value.clone()).ok() }
}

/// From the newest message back through its parents. `entries` come in the order of writing.
fn newest_path(entries: Vec<Entry>) -> Vec<Entry> {
    let places: HashMap<MessageId, usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
    let mut path = Vec::new();
    let mut at = entries.len().checked_sub(1);
    while let Some(here) = at {
        path.push(here);
        // A parent that cannot be read leaves a gap, bridged by what was written before it.
        at = match &entries[here].parent {
            None => None,
            Some(parent) => match places.get(parent) {
                Some(place) if *place < here => Some(*place),
                Some(_) | None => here.checked_sub(1),
            },
        };
    }
    path.reverse();
    let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    path.into_iter().filter_map(|at| entries[at].take()).collect()
}
