//! Mends what instances that were killed left: their answers are marked interrupted, and every call they recorded gets a
//! result, so that the next request of that chat is valid.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::error::StoreError;
use super::{instance, write};
use crate::chat::{ConversationId, MessageId, Record, ToolResult, ToolStatus};

/// What is told to a model about a call that has no other result.
const INTERRUPTED: &str = "This call was interrupted and has no result.";
/// Messages from the end among which such calls are looked for.
const LOOKED_AT: i64 = 2000;

/// An answer, here called `answer`, of which calls are recorded and no result.
pub(super) const HAS_OPEN_CALLS: &str = "role = 'assistant' and instance is not null
   and meta like '%\"tool_calls\":[{%'
   and not exists (select 1 from message as next where next.chat = answer.chat and next.parent_id = answer.id)";

/// Marks the answers of dead instances; `make_id` gives ids for the results it adds. Calls are looked for among the newest
/// messages.
pub(super) fn mark_interrupted(
    connection: &mut Connection,
    data: &Path,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    let from: Option<i64> = connection
        .query_row("select seq from message order by seq desc limit 1 offset ?1", [LOOKED_AT], |row| row.get(0))
        .optional()?;
    mark_interrupted_from(connection, data, from.unwrap_or(0), make_id)
}

/// The same among all messages.
pub(super) fn mark_all_interrupted(
    connection: &mut Connection,
    data: &Path,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    mark_interrupted_from(connection, data, 0, make_id)
}

fn mark_interrupted_from(
    connection: &mut Connection,
    data: &Path,
    from: i64,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    let streaming: Vec<(i64, String, Option<String>)> = connection
        .prepare("select seq, id, instance from message where state = 'streaming'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, message, instance) in streaming {
        if instance.is_some_and(|id| instance::is_alive(data, &id)) {
            continue;
        }
        mark_one(connection, seq, &MessageId(message))?;
    }
    let open: Vec<(String, String, String, Option<String>)> = connection
        .prepare(&format!(
            "select answer.id, conversation.id, meta, instance
             from message as answer join conversation on conversation.seq = answer.chat
             where answer.seq >= ?1 and {HAS_OPEN_CALLS}"
        ))?
        .query_map([from], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    for (message, conversation, meta, owner) in open {
        if owner.is_some_and(|id| instance::is_alive(data, &id)) {
            continue;
        }
        close_calls(connection, MessageId(message), &ConversationId(conversation), &meta, make_id)?;
    }
    Ok(())
}

/// Marks an answer, unless its instance ended it just before it went.
pub(super) fn mark_one(connection: &mut Connection, seq: i64, message: &MessageId) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let marked = transaction
        .execute("update message set state = 'interrupted' where seq = ?1 and state = 'streaming'", [seq])?;
    if marked > 0 {
        write::join_chunks(&transaction, message)?;
        transaction.execute("insert or ignore into unindexed (seq) values (?1)", [seq])?;
    }
    transaction.commit()?;
    Ok(())
}

/// Adds the missing results, unless the answer's instance wrote them just before it went.
pub(super) fn close_calls(
    connection: &mut Connection,
    answer: MessageId,
    conversation: &ConversationId,
    meta: &str,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    let meta: serde_json::Value = serde_json::from_str(meta).unwrap_or_default();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_open = format!("select 1 from message as answer where id = ?1 and {HAS_OPEN_CALLS}");
    if transaction.query_row(&is_open, [answer.as_str()], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let mut parent = answer;
    let time_ms = Timestamp::now().as_millisecond();
    for call in meta["tool_calls"].as_array().into_iter().flatten() {
        let message = MessageId(make_id());
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        let result = ToolResult {
            call_id: text("id"),
            name: text("name"),
            status: ToolStatus::Cancelled,
            output: INTERRUPTED.to_owned(),
            elapsed_ms: 0,
        };
        let record = Record::ToolResult {
            conversation: conversation.clone(),
            message: message.clone(),
            parent,
            time_ms,
            result,
        };
        write::write(&transaction, &record, None)?;
        parent = message;
    }
    transaction.commit()?;
    Ok(())
}
