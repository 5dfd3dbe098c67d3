//! Mends what instances that were killed left: their answers are marked interrupted, and every call they recorded gets a
//! result, so that the next request of that chat is valid.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::error::StoreError;
use super::instance;
use crate::chat::ToolStatus;

/// What is told to a model about a call that has no other result.
const INTERRUPTED: &str = "This call was interrupted and has no result.";

/// Marks the answers of dead instances; `make_id` gives ids for the results it adds.
pub(super) fn mark_interrupted(
    connection: &mut Connection,
    data: &Path,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    let streaming: Vec<(String, Option<String>)> = connection
        .prepare("select id, instance from message where state = 'streaming'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (message, instance) in streaming {
        if instance.is_some_and(|id| instance::is_alive(data, &id)) {
            continue;
        }
        connection.execute("update message set state = 'interrupted' where id = ?1", [&message])?;
    }
    let open: Vec<(String, String, i64, String)> = connection
        .prepare(
            "select id, conversation_id, time_ms, meta from message as answer
             where role = 'assistant' and instance is not null and meta like '%\"tool_calls\":[{%'
               and seq > (select max(seq) - 2000 from message)
               and not exists (select 1 from message as next where next.parent_id = answer.id)",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    for (message, conversation, time_ms, meta) in open {
        let owner: Option<String> =
            connection.query_row("select instance from message where id = ?1", [&message], |row| row.get(0))?;
        if owner.is_some_and(|id| instance::is_alive(data, &id)) {
            continue;
        }
        close_calls(connection, &message, &conversation, time_ms, &meta, make_id)?;
    }
    Ok(())
}

fn close_calls(
    connection: &mut Connection,
    message: &str,
    conversation: &str,
    time_ms: i64,
    meta: &str,
    make_id: &mut dyn FnMut() -> String,
) -> Result<(), StoreError> {
    let meta: serde_json::Value = serde_json::from_str(meta).unwrap_or_default();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut parent = message.to_owned();
    for call in meta["tool_calls"].as_array().into_iter().flatten() {
        let id = make_id();
        let result = serde_json::json!({
            "call_id": call["id"], "name": call["name"],
            "status": ToolStatus::Cancelled.as_str(), "elapsed_ms": 0,
        });
        transaction.execute(
            "insert into message (id, conversation_id, parent_id, role, time_ms, state, body, meta)
             values (?1, ?2, ?3, 'tool', ?4, 'complete', ?5, ?6)",
            params![id, conversation, parent, time_ms, INTERRUPTED, result.to_string()],
        )?;
        parent = id;
    }
    transaction.commit()?;
    Ok(())
}
