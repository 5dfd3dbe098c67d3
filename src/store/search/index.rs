//! Keeps the search index up to date: new messages at once, old and imported ones in small steps behind everything else.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::words;

/// Bytes of a message that are searched.
const MAX_TEXT: usize = 4 * 1024 * 1024;
/// The same of a tool's output.
const MAX_OUTPUT: usize = 64 * 1024;
/// Messages of one step, and about how many bytes of them, so that it stays short.
const STEP: usize = 100;
const STEP_BYTES: usize = 256 * 1024;
/// The same where somebody waits for the end.
const LARGE_STEP: usize = 1000;
const LARGE_STEP_BYTES: usize = 2 * 1024 * 1024;

/// The part of a message that is searched.
pub(super) fn searched<'a>(role: &str, body: &'a str) -> &'a str {
    let limit = if role == "tool" { MAX_OUTPUT } else { MAX_TEXT };
    &body[..body.floor_char_boundary(limit)]
}

/// Whether it counts as one with code.
pub(super) fn has_code(role: &str, body: &str) -> bool {
    role != "tool" && body.contains("```")
}

/// Brings a message into the index, or what it is now in place of what it was.
pub(in crate::store) fn put(connection: &Connection, seq: i64, role: &str, body: &str) -> rusqlite::Result<()> {
    let body = searched(role, body);
    let (text, whole) = words::columns(body);
    let marks = if has_code(role, body) { format!("{role} code") } else { role.to_owned() };
    connection
        .prepare_cached("insert or replace into search (rowid, text, whole, marks) values (?1, ?2, ?3, ?4)")?
        .execute(params![seq, text, whole, marks])?;
    Ok(())
}

/// Indexes some of the messages that wait for it, the newest first; `false` when none is left.
pub(in crate::store) fn step(connection: &mut Connection) -> rusqlite::Result<bool> {
    step_of(connection, STEP, STEP_BYTES)
}

/// Indexes more of them at once, where somebody waits for the end.
pub(in crate::store) fn large_step(connection: &mut Connection) -> rusqlite::Result<bool> {
    step_of(connection, LARGE_STEP, LARGE_STEP_BYTES)
}

fn step_of(connection: &mut Connection, messages: usize, bytes: usize) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_more = step_in(&transaction, messages, bytes)?;
    transaction.commit()?;
    Ok(is_more)
}

fn step_in(transaction: &Transaction<'_>, most: usize, most_bytes: usize) -> rusqlite::Result<bool> {
    let mut waiting =
        transaction.prepare_cached("select unindexed.seq, role, body from unindexed left join message using (seq) order by unindexed.seq desc limit ?1")?;
    let mut rows = waiting.query([most as i64])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        // What cannot be read is not searched, and never keeps the rest from it.
        let text = match (row.get::<_, String>(1), row.get::<_, String>(2)) {
            (Ok(role), Ok(body)) => Some((role, body)),
            _ => None,
        };
        bytes += text.as_ref().map_or(0, |(_, body)| body.len());
        found.push((row.get::<_, i64>(0)?, text));
        if bytes > most_bytes {
            break;
        }
    }
    let mut remove = transaction.prepare_cached("delete from unindexed where seq = ?1")?;
    // Upwards: with each number below the one before it, the index would write out what it holds and begin anew.
    for (seq, text) in found.iter().rev() {
        if let Some((role, body)) = text {
            put(transaction, *seq, role, body)?;
        }
        remove.execute([seq])?;
    }
    Ok(!found.is_empty())
}
