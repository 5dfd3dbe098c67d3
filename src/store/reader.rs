//! Finding and loading chats, on a connection of its own that never writes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::error::StoreError;
use super::search::Query;
use super::search::find::{self, Found, Order};
use super::{instance, mend, open};
use crate::chat::{
    AssistantMessage, Attachment, Conversation, ConversationId, Draft, Entry, EntryBody, EntryState, Finish, Head,
    MessageId, SavedChat, ToolResult, ToolStatus,
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
    /// Questions and answers in it, with all versions.
    pub messages: u32,
    /// The provider it last used.
    pub provider: String,
    /// The model it last used.
    pub model: String,
    /// A person's words for it.
    pub tags: Vec<String>,
    /// It stands above the others.
    pub is_pinned: bool,
    /// It is out of the way.
    pub is_archived: bool,
    /// When it was put into the trash, milliseconds since 1970 UTC.
    pub deleted_ms: Option<i64>,
}

/// Reads the history. A history that is not there yet is an empty one.
#[derive(Debug)]
pub struct Reader {
    connection: Option<Connection>,
    folder: PathBuf,
}

impl Reader {
    /// Opens the history of this data folder.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = open::for_reading(folder).inspect_err(|error| mend::suspect(folder, error))?;
        Ok(Self { connection, folder: folder.to_owned() })
    }

    /// Opens it, after it was brought up to date where an older riffle wrote it. That may take a while, which `tell` is
    /// told.
    pub fn open_migrating(folder: &Path, tell: &mut dyn FnMut(String)) -> Result<Self, StoreError> {
        match Self::open(folder) {
            Err(StoreError::Older) => {
                open::for_writing(folder, tell)?;
                Self::open(folder)
            }
            opened => opened,
        }
    }

    /// At most `limit` chats that the query finds.
    pub fn find(&self, query: &Query, order: Order, limit: usize) -> Result<Found, StoreError> {
        match &self.connection {
            Some(connection) => self.heed(find::find(connection, query, order, limit)),
            None => Ok(Found::default()),
        }
    }

    /// Where a query of one word finds nothing: the word that was most likely meant, and in how many messages it is.
    pub fn nearest(&self, query: &Query) -> Result<Option<(String, usize)>, StoreError> {
        self.connection.as_ref().map_or(Ok(None), |connection| self.heed(find::nearest(connection, query)))
    }

    /// The newest chats, at most `limit`; pinned ones first.
    pub fn newest_chats(&self, limit: usize) -> Result<Vec<ChatRow>, StoreError> {
        let found = self.find(&Query::default(), Order::Time, limit)?;
        Ok(found.chats.into_iter().map(|found| found.chat).collect())
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
        let Some(connection) = &self.connection else { return Ok(None) };
        let newest = "select id from conversation where deleted_ms is null order by updated_ms desc limit 1";
        Ok(connection.query_row(newest, [], |row| row.get(0)).optional()?.map(ConversationId))
    }

    /// The chat of this id, or of the one id that begins so.
    pub fn find_id(&self, id_or_prefix: &str) -> Result<Option<ConversationId>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let found: Vec<String> = connection
            .prepare("select id from conversation where id = ?1 or substr(id, 1, length(?1)) = ?1 limit 2")?
            .query_map([id_or_prefix], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let exact = found.iter().find(|id| *id == id_or_prefix).cloned();
        let only = if found.len() == 1 { found.into_iter().next() } else { None };
        Ok(exact.or(only).map(ConversationId))
    }

    /// The ids of all chats, oldest first, with deleted ones where `with_deleted`.
    pub fn ids(&self, with_deleted: bool) -> Result<Vec<ConversationId>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let ids = connection
            .prepare("select id from conversation where ?1 or deleted_ms is null order by created_ms, seq")?
            .query_map([with_deleted], |row| row.get(0).map(ConversationId))?
            .collect::<Result<_, _>>()?;
        Ok(ids)
    }

    /// The chat with the path that was shown last.
    pub fn load(&self, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
        Ok(self.saved(id)?.map(SavedChat::into_conversation))
    }

    /// The whole chat with all its versions. A row that cannot be read is left out and never hides the rest.
    pub fn saved(&self, id: &ConversationId) -> Result<Option<SavedChat>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let mut found = self.heed(saved(connection, id, &|error| mend::suspect(&self.folder, error)))?;
        for entry in found.iter_mut().flat_map(|chat| &mut chat.entries) {
            if entry.state == EntryState::Streaming && self.is_abandoned(connection, &entry.id)? {
                entry.state = EntryState::Interrupted;
            }
        }
        Ok(found)
    }

    /// Whether this answer is still called streaming and the instance that wrote it is gone. The next start marks it so.
    fn is_abandoned(&self, connection: &Connection, answer: &MessageId) -> Result<bool, StoreError> {
        let writing = || {
            let select = "select instance from message where id = ?1 and state = 'streaming'";
            connection.query_row(select, [answer.as_str()], |row| row.get::<_, Option<String>>(0)).optional()
        };
        let Some(instance) = writing()? else { return Ok(false) };
        // It may have ended the answer, and then itself, since it was read.
        Ok(!instance.is_some_and(|id| instance::is_alive(&self.folder, &id)) && writing()?.is_some())
    }

    /// Damage is mended by the writer with the next thing it writes, or at the next start.
    fn heed<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| mend::suspect(&self.folder, error))
    }

    /// What waits in the prompt of this chat.
    pub fn draft(&self, id: &ConversationId) -> Result<Draft, StoreError> {
        let Some(connection) = &self.connection else { return Ok(Draft::default()) };
        let found = connection
            .query_row("select text, queue from draft where conversation_id = ?1", [id.as_str()], |row| {
                Ok(Draft { text: row.get(0)?, queue: read_queue(&row.get::<_, String>(1)?) })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }
}

/// The newest draft of a chat that was never begun and whose instance is gone, with the id it was to have.
pub(super) fn lost_draft(
    connection: &Connection,
    folder: &Path,
) -> Result<Option<(ConversationId, Draft)>, StoreError> {
    let mut statement = connection.prepare(
        "select conversation_id, text, queue, instance from draft
         where not exists (select 1 from conversation where id = conversation_id) order by updated_ms desc",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let instance: Option<String> = row.get(3)?;
        if instance.is_some_and(|id| instance::is_alive(folder, &id)) {
            continue;
        }
        let draft = Draft { text: row.get(1)?, queue: read_queue(&row.get::<_, String>(2)?) };
        return Ok(Some((ConversationId(row.get(0)?), draft)));
    }
    Ok(None)
}

/// The whole chat with all its versions, as far as it can be read; `heed` hears of what cannot.
pub(super) fn saved(
    connection: &Connection,
    id: &ConversationId,
    heed: &dyn Fn(&StoreError),
) -> Result<Option<SavedChat>, StoreError> {
    let found = connection
        .query_row(
            "select seq, title, provider, model, created_ms, updated_ms, deleted_ms, pinned_ms is not null,
               archived_ms is not null, tags, head
             from conversation where id = ?1",
            [id.as_str()],
            |row| {
                let tags: String = row.get(9)?;
                let chat = SavedChat {
                    id: id.clone(),
                    title: row.get(1)?,
                    provider: row.get(2)?,
                    model: row.get(3)?,
                    created_ms: row.get(4)?,
                    updated_ms: row.get(5)?,
                    deleted_ms: row.get(6)?,
                    is_pinned: row.get(7)?,
                    is_archived: row.get(8)?,
                    tags: tags.split_whitespace().map(str::to_owned).collect(),
                    head: head_of(row.get(10)?),
                    entries: Vec::new(),
                };
                Ok((row.get::<_, i64>(0)?, chat))
            },
        )
        .optional()?;
    let Some((seq, mut chat)) = found else { return Ok(None) };
    let mut statement = connection.prepare(
        "select id, parent_id, role, time_ms, state, body, reasoning, meta from message
         where chat = ?1 order by seq",
    )?;
    let rows = statement.query_map([seq], |row| Ok(entry(row)))?;
    let readable = rows.filter_map(|row| row.map_err(|error| heed(&error.into())).ok());
    chat.entries = readable.filter_map(Result::ok).collect();
    for added in [add_chunks(connection, &mut chat.entries), add_attachments(connection, &mut chat.entries)] {
        match added {
            Err(error) if error.is_damage() => heed(&error),
            added => added?,
        }
    }
    Ok(Some(chat))
}

/// Images of questions.
fn add_attachments(connection: &Connection, entries: &mut [Entry]) -> Result<(), StoreError> {
    let has_any: bool = connection.query_row("select exists (select 1 from attachment)", [], |row| row.get(0))?;
    let mut statement =
        connection.prepare("select name, media_type, data from attachment where message_id = ?1 order by seq")?;
    for entry in entries.iter_mut().filter(|entry| has_any && matches!(entry.body, EntryBody::Question(_))) {
        let mut rows = statement.query([entry.id.as_str()])?;
        while let Some(row) = rows.next()? {
            let (Ok(name), Ok(media_type), Ok(data)) = (row.get(0), row.get(1), row.get::<_, Vec<u8>>(2)) else {
                continue;
            };
            entry.attachments.push(Attachment { name, media_type, data: data.into() });
        }
    }
    Ok(())
}

/// Text that is still in pieces, as while an answer streams or after it was cut. There is little of it in the whole
/// history, so that it is gone through rather than asked for with each message.
fn add_chunks(connection: &Connection, entries: &mut [Entry]) -> Result<(), StoreError> {
    let mut statement = connection.prepare("select message_id, kind, text from chunk order by seq")?;
    let mut rows = statement.query([])?;
    let mut places: Option<HashMap<MessageId, usize>> = None;
    while let Some(row) = rows.next()? {
        let (Ok(message), Ok(kind), Ok(text)) =
            (row.get::<_, String>(0), row.get::<_, String>(1), row.get::<_, String>(2))
        else {
            continue;
        };
        let places = places
            .get_or_insert_with(|| entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect());
        let Some(entry) = places.get(&MessageId(message)).and_then(|at| entries.get_mut(*at)) else { continue };
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
            finish_raw: meta.get("finish_raw").unwrap_or(&meta["finish"]).as_str().map(str::to_owned),
            error: read(&meta["error"]),
            usage: read(&meta["usage"]),
            ttft_ms: meta["ttft_ms"].as_u64(),
            thought_ms: meta["thought_ms"].as_u64(),
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

/// Reads the stored form of where a path ends.
fn head_of(stored: Option<String>) -> Head {
    match stored {
        None => Head::Newest,
        Some(id) if id.is_empty() => Head::Start,
        Some(id) => Head::At(MessageId(id)),
    }
}

fn read_queue(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}
