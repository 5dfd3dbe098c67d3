//! What is removed by age: deleted chats after their days in the trash, and untouched ones only where that was asked for.
//! In steps so small that nothing waits for them.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::config::retention::Retention;

const DAY_MS: i64 = 86_400_000;
/// Messages removed in one step.
const STEP: usize = 200;

/// Removes some of what is due; `false` when nothing is left.
pub(super) fn step(connection: &mut Connection, retention: Retention, now_ms: i64) -> rusqlite::Result<bool> {
    if retention.chat_days > 0 {
        let before = now_ms - i64::from(retention.chat_days) * DAY_MS;
        connection.execute(
            "update conversation set deleted_ms = ?2
             where deleted_ms is null and pinned_ms is null and updated_ms < ?1",
            [before, now_ms],
        )?;
    }
    if retention.trash_days == 0 {
        return Ok(false);
    }
    let before = now_ms - i64::from(retention.trash_days) * DAY_MS;
    let due: Option<i64> = connection
        .query_row("select seq from conversation where deleted_ms < ?1 limit 1", [before], |row| row.get(0))
        .optional()?;
    let Some(chat) = due else { return Ok(false) };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another instance may have brought it back before this one could write.
    let is_due = "select 1 from conversation where seq = ?1 and deleted_ms < ?2";
    if transaction.query_row(is_due, [chat, before], |_| Ok(())).optional()?.is_some() {
        remove_some(&transaction, chat)?;
    }
    transaction.commit()?;
    Ok(true)
}

/// Since when a chat is in the trash of which some is removed already: it is not listed and does not come back.
pub(super) const BEING_REMOVED: i64 = -1;

/// Removes messages of this chat, and with the last of them the chat.
fn remove_some(transaction: &Transaction<'_>, chat: i64) -> rusqlite::Result<()> {
    transaction.execute("update conversation set deleted_ms = ?2 where seq = ?1", [chat, BEING_REMOVED])?;
    let seqs: Vec<(i64, String)> = transaction
        .prepare_cached("select seq, id from message where chat = ?1 order by seq desc limit ?2")?
        .query_map([chat, STEP as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, id) in &seqs {
        transaction.prepare_cached("delete from search where rowid = ?1")?.execute([seq])?;
        transaction.prepare_cached("delete from unindexed where seq = ?1")?.execute([seq])?;
        transaction.prepare_cached("delete from chunk where message_id = ?1")?.execute([id])?;
        transaction.prepare_cached("delete from attachment where message_id = ?1")?.execute([id])?;
        transaction.prepare_cached("delete from message where seq = ?1")?.execute([seq])?;
    }
    if seqs.len() < STEP {
        transaction.execute(
            "delete from draft where conversation_id = (select id from conversation where seq = ?1)",
            [chat],
        )?;
        transaction.execute("delete from conversation where seq = ?1", [chat])?;
    }
    Ok(())
}
