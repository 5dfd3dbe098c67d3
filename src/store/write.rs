//! Records as rows: what each does to the tables, within a transaction that someone else begins and commits.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Map, Value, json};

use super::error::StoreError;
use super::retention;
use super::schema::free_number;
use super::search::index;
use crate::chat::{
    Attachment, ChatError, ConversationId, Draft, Entry, EntryBody, EntryState, Finish, Head, MessageId, NewChat,
    Opaque, Record, SavedChat, ToolCall, ToolResult, Usage, title_of,
};

/// Writes what happened; `instance` is whoever writes.
pub(super) fn write(transaction: &Transaction<'_>, record: &Record, instance: Option<&str>) -> Result<(), StoreError> {
    match record {
        Record::Question { conversation, message, parent, time_ms, text, attachments, new_chat } => {
            if let Some(new) = new_chat {
                begin_chat(transaction, conversation, new, *time_ms)?;
            }
            take_out_of_trash(transaction, conversation)?;
            let row = Row { parent: parent.as_ref(), time_ms: *time_ms, ..Row::new(message, "user", text) };
            insert(transaction, conversation, &row)?;
            attach(transaction, message, attachments)?;
            // What is sent waits no more, from the same moment on, whether it stood in the prompt or in the queue.
            transaction
                .prepare_cached("update draft set text = '' where conversation_id = ?1 and text = ?2")?
                .execute(params![conversation.as_str(), text])?;
            transaction
                .prepare_cached(
                    "delete from draft where text = ?1 and queue = '[]'
                       and conversation_id not in (select id from conversation)",
                )?
                .execute([text])?;
            transaction
                .prepare_cached(
                    "update draft set queue = json_remove(queue, '$[0]')
                     where conversation_id = ?1
                       and case when json_valid(queue) then json_extract(queue, '$[0]') end = ?2",
                )?
                .execute(params![conversation.as_str(), text])?;
        }
        Record::AnswerBegan { conversation, message, parent, time_ms, provider, model } => {
            let meta = json!({"provider": provider, "model": model}).to_string();
            let row = Row {
                parent: parent.as_ref(),
                time_ms: *time_ms,
                state: EntryState::Streaming,
                meta: &meta,
                instance,
                ..Row::new(message, "assistant", "")
            };
            take_out_of_trash(transaction, conversation)?;
            insert(transaction, conversation, &row)?;
            transaction
                .prepare_cached("update conversation set provider = ?2, model = ?3 where id = ?1")?
                .execute(params![conversation.as_str(), provider, model])?;
        }
        Record::AnswerResumed { message, provider, model, .. } => {
            transaction.execute(
                "update message set state = 'streaming', instance = ?2,
                   meta = json_set(json_remove(meta, '$.error', '$.finish', '$.finish_raw'),
                                   '$.provider', ?3, '$.model', ?4)
                 where id = ?1",
                params![message.as_str(), instance, provider, model],
            )?;
            // A chat that goes on does not stay in the trash either.
            transaction.execute(
                "update conversation set provider = ?2, model = ?3, deleted_ms = null
                 where seq = (select chat from message where id = ?1)",
                params![message.as_str(), provider, model],
            )?;
        }
        Record::AnswerText { message, text } => chunk(transaction, message, "text", text)?,
        Record::AnswerReasoning { message, text } => chunk(transaction, message, "reasoning", text)?,
        Record::AnswerEnded { message, .. } => end_answer(transaction, message, record)?,
        Record::ToolResult { conversation, message, parent, time_ms, result } => {
            let meta = result_meta(result);
            let row = Row {
                parent: Some(parent),
                time_ms: *time_ms,
                meta: &meta,
                ..Row::new(message, "tool", &result.output)
            };
            insert(transaction, conversation, &row)?;
        }
        Record::Renamed { conversation, title } => set(transaction, conversation, "title", title)?,
        Record::Titled { conversation, replaces, title } => {
            transaction.execute(
                "update conversation set title = ?3 where id = ?1 and title = ?2",
                params![conversation.as_str(), replaces, title],
            )?;
        }
        Record::Deleted { conversation, time_ms } => set(transaction, conversation, "deleted_ms", Some(time_ms))?,
        Record::Restored { conversation } => {
            transaction.execute(
                "update conversation set deleted_ms = null where id = ?1 and deleted_ms <> ?2",
                params![conversation.as_str(), retention::BEING_REMOVED],
            )?;
        }
        Record::Pinned { conversation, since_ms } => set(transaction, conversation, "pinned_ms", since_ms)?,
        Record::Archived { conversation, since_ms } => set(transaction, conversation, "archived_ms", since_ms)?,
        Record::Tagged { conversation, tags } => set(transaction, conversation, "tags", tags.join(" "))?,
        Record::HeadMoved { conversation, head } => set(transaction, conversation, "head", stored_head(head))?,
        Record::Drafted { conversation, time_ms, draft } => {
            keep_draft(transaction, conversation, *time_ms, draft, instance)?;
        }
        Record::Added(chat) => {
            add_chat(transaction, chat)?;
        }
    }
    Ok(())
}

/// Adds a whole chat; what is there already stays as it is. Gives the number of messages that were new.
pub(super) fn add_chat(transaction: &Transaction<'_>, chat: &SavedChat) -> Result<usize, StoreError> {
    let is_new = transaction
        .prepare_cached(
            "insert or ignore into conversation
               (id, title, provider, model, created_ms, updated_ms, deleted_ms, pinned_ms, archived_ms, tags, head)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            chat.id.as_str(),
            chat.title,
            chat.provider,
            chat.model,
            chat.created_ms,
            chat.updated_ms,
            chat.deleted_ms,
            chat.is_pinned.then_some(chat.updated_ms),
            chat.is_archived.then_some(chat.updated_ms),
            chat.tags.join(" "),
            stored_head(&chat.head),
        ])?
        > 0;
    let mut added = 0;
    let mut after = None;
    for entry in &chat.entries {
        added += usize::from(add_entry(transaction, &chat.id, entry, &mut after)?);
    }
    if is_new || added > 0 {
        transaction.execute(
            "update conversation set head = ?2, updated_ms = max(updated_ms, ?3) where id = ?1",
            params![chat.id.as_str(), stored_head(&chat.head), chat.updated_ms],
        )?;
    }
    if is_new {
        set(transaction, &chat.id, "updated_ms", chat.updated_ms)?;
    }
    Ok(added)
}

/// Adds a message with its place after the one before it; `false` when it is there already.
fn add_entry(
    transaction: &Transaction<'_>,
    chat: &ConversationId,
    entry: &Entry,
    after: &mut Option<i64>,
) -> Result<bool, StoreError> {
    let known: Option<i64> = transaction
        .prepare_cached("select seq from message where id = ?1")?
        .query_row([entry.id.as_str()], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        *after = known;
        return Ok(false);
    }
    let base = Row {
        parent: entry.parent.as_ref(),
        time_ms: entry.time_ms,
        state: if entry.state == EntryState::Streaming { EntryState::Interrupted } else { entry.state },
        after: *after,
        is_indexed_later: true,
        ..Row::new(&entry.id, "user", "")
    };
    let seq = match &entry.body {
        EntryBody::Question(text) => insert(transaction, chat, &Row { body: text, ..base })?,
        EntryBody::ToolResult(result) => {
            let meta = result_meta(result);
            insert(transaction, chat, &Row { role: "tool", body: &result.output, meta: &meta, ..base })?
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
            let mut meta = Map::new();
            meta.insert("provider".to_owned(), json!(provider));
            AnswerMeta {
                model,
                tool_calls: &message.tool_calls,
                opaque: message.opaque.as_ref(),
                finish: *finish,
                finish_raw: finish_raw.as_deref(),
                error: error.as_ref(),
                usage: usage.as_ref(),
                ttft_ms: *ttft_ms,
                thought_ms: *thought_ms,
                elapsed_ms: *elapsed_ms,
            }
            .write(&mut meta);
            let meta = Value::Object(meta).to_string();
            let reasoning = message.reasoning.as_str();
            insert(transaction, chat, &Row { role: "assistant", body: &message.text, reasoning, meta: &meta, ..base })?
        }
    };
    attach(transaction, &entry.id, &entry.attachments)?;
    *after = Some(seq);
    Ok(true)
}

fn begin_chat(
    transaction: &Transaction<'_>,
    conversation: &ConversationId,
    new: &NewChat,
    time_ms: i64,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "insert or ignore into conversation (id, title, provider, model, created_ms, updated_ms)
             values (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .execute(params![conversation.as_str(), new.title, new.provider, new.model, time_ms])?;
    Ok(())
}

/// A chat in which something is said does not stay in the trash, whoever put it there.
fn take_out_of_trash(transaction: &Transaction<'_>, conversation: &ConversationId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("update conversation set deleted_ms = null where id = ?1 and deleted_ms is not null")?
        .execute([conversation.as_str()])?;
    Ok(())
}

fn set(
    transaction: &Transaction<'_>,
    conversation: &ConversationId,
    column: &'static str,
    value: impl rusqlite::ToSql,
) -> Result<(), StoreError> {
    let id = conversation.as_str();
    transaction.execute(&format!("update conversation set {column} = ?2 where id = ?1"), params![id, value])?;
    Ok(())
}

/// The stored form of where a path ends.
fn stored_head(head: &Head) -> Option<&str> {
    match head {
        Head::Newest => None,
        Head::At(message) => Some(message.as_str()),
        Head::Start => Some(""),
    }
}

fn keep_draft(
    transaction: &Transaction<'_>,
    conversation: &ConversationId,
    time_ms: i64,
    draft: &Draft,
    instance: Option<&str>,
) -> Result<(), StoreError> {
    let id = conversation.as_str();
    if draft.is_empty() {
        transaction.execute("delete from draft where conversation_id = ?1", [id])?;
        return Ok(());
    }
    transaction.execute(
        "insert or replace into draft (conversation_id, text, queue, instance, updated_ms) values (?1, ?2, ?3, ?4, ?5)",
        params![id, draft.text, json!(draft.queue).to_string(), instance, time_ms],
    )?;
    Ok(())
}

/// A message to be inserted.
#[derive(Clone, Copy)]
struct Row<'a> {
    id: &'a MessageId,
    parent: Option<&'a MessageId>,
    role: &'static str,
    time_ms: i64,
    state: EntryState,
    body: &'a str,
    reasoning: &'a str,
    meta: &'a str,
    instance: Option<&'a str>,
    /// The number of a message that it comes after.
    after: Option<i64>,
    /// The search learns of it behind everything else.
    is_indexed_later: bool,
}

impl<'a> Row<'a> {
    fn new(id: &'a MessageId, role: &'static str, body: &'a str) -> Self {
        Self {
            id,
            parent: None,
            role,
            time_ms: 0,
            state: EntryState::Complete,
            body,
            reasoning: "",
            meta: "{}",
            instance: None,
            after: None,
            is_indexed_later: false,
        }
    }
}

/// Gives the number of the message.
fn insert(transaction: &Transaction<'_>, conversation: &ConversationId, row: &Row<'_>) -> Result<i64, StoreError> {
    let seq = free_number(transaction, row.time_ms, row.after)?;
    let count = transaction
        .prepare_cached(
            "insert into message
               (seq, id, chat, parent_id, role, time_ms, state, body, reasoning, meta, instance)
             select ?1, ?2, seq, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 from conversation where id = ?3",
        )?
        .execute(params![
            seq,
            row.id.as_str(),
            conversation.as_str(),
            row.parent.map(MessageId::as_str),
            row.role,
            row.time_ms,
            row.state.as_str(),
            row.body,
            row.reasoning,
            row.meta,
            row.instance
        ])?;
    if count == 0 {
        // The chat is no longer there, as when another instance removed it: what is said in it begins it anew.
        let title = title_of(row.body);
        let new = NewChat { title, provider: String::new(), model: String::new() };
        begin_chat(transaction, conversation, &new, row.time_ms)?;
        return insert(transaction, conversation, row);
    }
    transaction
        .prepare_cached(
            "update conversation set updated_ms = max(updated_ms, ?2), head = ?3, messages = messages + (?4 <> 'tool'),
               has_tools = has_tools or ?4 = 'tool'
             where id = ?1",
        )?
        .execute(params![conversation.as_str(), row.time_ms, row.id.as_str(), row.role])?;
    if row.is_indexed_later {
        transaction.prepare_cached("insert or ignore into unindexed (seq) values (?1)")?.execute([seq])?;
    } else if row.state != EntryState::Streaming {
        index::put(transaction, seq, row.role, row.body)?;
    }
    Ok(seq)
}

fn attach(transaction: &Transaction<'_>, message: &MessageId, files: &[Attachment]) -> Result<(), StoreError> {
    for file in files {
        transaction.execute(
            "insert into attachment (message_id, name, media_type, data) values (?1, ?2, ?3, ?4)",
            params![message.as_str(), file.name, file.media_type, &*file.data],
        )?;
    }
    Ok(())
}

fn chunk(transaction: &Transaction<'_>, message: &MessageId, kind: &str, text: &str) -> Result<(), StoreError> {
    transaction.prepare_cached("insert into chunk (message_id, kind, text) values (?1, ?2, ?3)")?.execute(params![
        message.as_str(),
        kind,
        text
    ])?;
    Ok(())
}

fn result_meta(result: &ToolResult) -> String {
    json!({
        "call_id": result.call_id, "name": result.name,
        "status": result.status.as_str(), "elapsed_ms": result.elapsed_ms,
    })
    .to_string()
}

/// What is known of an answer besides its text.
struct AnswerMeta<'a> {
    model: &'a str,
    tool_calls: &'a [ToolCall],
    opaque: Option<&'a Opaque>,
    finish: Option<Finish>,
    finish_raw: Option<&'a str>,
    error: Option<&'a ChatError>,
    usage: Option<&'a Usage>,
    ttft_ms: Option<u64>,
    thought_ms: Option<u64>,
    elapsed_ms: u64,
}

impl AnswerMeta<'_> {
    /// The vendor's word for how it ended, where it is not our own: null is none at all.
    fn raw_word(&self) -> Option<Value> {
        let own = self.finish.map(Finish::as_str);
        (own != self.finish_raw).then(|| self.finish_raw.map_or(Value::Null, |raw| json!(raw)))
    }

    fn write(&self, meta: &mut Map<String, Value>) {
        meta.insert("model".to_owned(), json!(self.model));
        for (key, value) in [
            ("tool_calls", (!self.tool_calls.is_empty()).then(|| json!(self.tool_calls))),
            ("opaque", self.opaque.map(|opaque| json!(opaque))),
            ("finish", self.finish.map(|finish| json!(finish.as_str()))),
            ("finish_raw", self.raw_word()),
            ("error", self.error.map(|error| json!(error))),
            ("usage", self.usage.map(|usage| json!(usage))),
            ("ttft_ms", self.ttft_ms.map(|ms| json!(ms))),
            ("thought_ms", self.thought_ms.map(|ms| json!(ms))),
            ("elapsed_ms", Some(json!(self.elapsed_ms))),
        ] {
            if let Some(value) = value {
                meta.insert(key.to_owned(), value);
            }
        }
    }
}

/// Joins an ended answer's pieces into its row, once, and notes how it ended.
fn end_answer(transaction: &Transaction<'_>, message: &MessageId, record: &Record) -> Result<(), StoreError> {
    let Record::AnswerEnded {
        state,
        tool_calls,
        opaque,
        finish,
        finish_raw,
        error,
        usage,
        ttft_ms,
        thought_ms,
        elapsed_ms,
        model,
        ..
    } = record
    else {
        return Ok(());
    };
    let id = message.as_str();
    let mut meta: Map<String, Value> = transaction
        .query_row("select meta from message where id = ?1", [id], |row| row.get::<_, String>(0))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    AnswerMeta {
        model,
        tool_calls,
        opaque: opaque.as_ref(),
        finish: *finish,
        finish_raw: finish_raw.as_deref(),
        error: error.as_ref(),
        usage: usage.as_ref(),
        ttft_ms: *ttft_ms,
        thought_ms: *thought_ms,
        elapsed_ms: *elapsed_ms,
    }
    .write(&mut meta);
    transaction.prepare_cached("update message set state = ?2, meta = ?3 where id = ?1")?.execute(params![
        id,
        state.as_str(),
        Value::Object(meta).to_string()
    ])?;
    join_chunks(transaction, message)?;
    let ended: Option<(i64, String)> = transaction
        .prepare_cached("select seq, body from message where id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((seq, body)) = ended {
        index::put(transaction, seq, "assistant", &body)?;
    }
    Ok(())
}

/// Joins the pieces of an answer into its row.
pub(super) fn join_chunks(connection: &Connection, message: &MessageId) -> rusqlite::Result<()> {
    let id = message.as_str();
    connection
        .prepare_cached(
            "update message set
               body = body || coalesce((select group_concat(text, '' order by seq) from chunk
                                        where message_id = ?1 and kind = 'text'), ''),
               reasoning = reasoning || coalesce((select group_concat(text, '' order by seq) from chunk
                                                  where message_id = ?1 and kind = 'reasoning'), '')
             where id = ?1",
        )?
        .execute([id])?;
    connection.prepare_cached("delete from chunk where message_id = ?1")?.execute([id])?;
    Ok(())
}
