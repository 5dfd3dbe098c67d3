//! Brings over what can still be read of a damaged history. One bad row, or a page of them, never hides the rest: behind a
//! place that cannot be read the next one that can is looked for, from both sides.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row, Transaction, params, params_from_iter};

use super::error::StoreError;
use super::schema::free_number;
use crate::chat::title_of;

/// The farthest that is looked behind a place that cannot be read, in numbers of rows.
const FARTHEST: i64 = 1 << 50;

/// Copies every row that can still be read into the new history; gives the number of messages. The damaged file is not
/// touched: a copy of it is read, or, where there is no room for one, the file as it lies, without its log.
pub(super) fn bring_over(fresh: &mut Connection, damaged: &Path) -> usize {
    let copy = copied(damaged);
    let old = match &copy {
        Some(copy) => Connection::open_with_flags(&copy.0, OpenFlags::SQLITE_OPEN_READ_WRITE),
        None => as_it_lies(damaged),
    };
    let Ok(old) = old else { return 0 };
    let Ok(transaction) = fresh.transaction() else { return 0 };
    let kept = bring_rows(&transaction, &old).unwrap_or(0);
    if transaction.commit().is_ok() { kept } else { 0 }
}

fn as_it_lies(damaged: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let place = damaged.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Connection::open_with_flags(format!("file:{place}?immutable=1"), flags)
}

/// A copy of the file and its log, removed when it is no longer needed.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&self.0, suffix));
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn copied(damaged: &Path) -> Option<Copy> {
    let copy = Copy(beside(damaged, ".copy"));
    std::fs::copy(damaged, &copy.0).ok()?;
    let log = beside(damaged, "-wal");
    if log.exists() {
        std::fs::copy(&log, beside(&copy.0, "-wal")).ok()?;
    }
    Some(copy)
}

fn bring_rows(new: &Transaction<'_>, old: &Connection) -> Result<usize, StoreError> {
    let mut chats: HashMap<i64, String> = HashMap::new();
    let wanted = "id, title, provider, model, created_ms, updated_ms, deleted_ms, head, pinned_ms, archived_ms, tags";
    each_row(old, "conversation", wanted, |seq, names, values| {
        if let Some(Value::Text(id)) = value_of(names, &values, "id") {
            chats.insert(seq, id.clone());
        }
        insert(new, "conversation", names, values)
    })?;
    let mut kept = 0;
    let wanted = "id, conversation_id, chat, parent_id, role, time_ms, state, body, reasoning, meta, instance";
    each_row(old, "message", wanted, |_, names, values| {
        let chat = match (value_of(names, &values, "conversation_id"), value_of(names, &values, "chat")) {
            (Some(Value::Text(id)), _) => id.clone(),
            (_, Some(Value::Integer(seq))) => chats.get(seq).cloned().unwrap_or_else(|| format!("recovered-{seq}")),
            _ => return Ok(()),
        };
        kept += usize::from(insert_message(new, &chat, names, &values)?);
        Ok(())
    })?;
    for (table, wanted) in [
        ("chunk", "message_id, kind, text"),
        ("attachment", "message_id, name, media_type, data"),
        ("draft", "conversation_id, text, queue, instance, updated_ms"),
    ] {
        each_row(old, table, wanted, |_, names, values| insert(new, table, names, values))?;
    }
    new.execute_batch(
        "update conversation set
           messages = (select count(*) from message where chat = conversation.seq and role <> 'tool'),
           has_tools = exists (select 1 from message where chat = conversation.seq and role = 'tool');
         insert or ignore into unindexed select seq from message where state <> 'streaming';",
    )?;
    Ok(kept)
}

fn value_of<'a>(names: &[&str], values: &'a [Value], name: &str) -> Option<&'a Value> {
    names.iter().position(|known| *known == name).and_then(|at| values.get(at))
}

fn insert(new: &Transaction<'_>, table: &str, names: &[&str], values: Vec<Value>) -> Result<(), StoreError> {
    let marks = vec!["?"; names.len()].join(", ");
    let names = names.join(", ");
    // What does not fit, such as a number that became text, is left out.
    let insert = format!("insert or ignore into {table} ({names}) values ({marks})");
    let _ = new.prepare_cached(&insert)?.execute(params_from_iter(values));
    Ok(())
}

/// `false` when it does not fit.
fn insert_message(new: &Transaction<'_>, chat: &str, names: &[&str], values: &[Value]) -> Result<bool, StoreError> {
    let get = |name: &str| value_of(names, values, name);
    let Some(Value::Integer(time_ms)) = get("time_ms") else { return Ok(false) };
    let title = match get("body") {
        Some(Value::Text(body)) => title_of(body),
        _ => String::new(),
    };
    // A message whose chat was lost begins it anew.
    new.prepare_cached(
        "insert or ignore into conversation (id, title, provider, model, created_ms, updated_ms)
         values (?1, ?2, '', '', ?3, ?3)",
    )?
    .execute(params![chat, title, time_ms])?;
    let seq = free_number(new, *time_ms, None)?;
    let inserted = new
        .prepare_cached(
            "insert or ignore into message
               (seq, id, chat, parent_id, role, time_ms, state, body, reasoning, meta, instance)
             select ?1, ?2, seq, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 from conversation where id = ?3",
        )?
        .execute(params![
            seq,
            get("id"),
            chat,
            get("parent_id"),
            get("role"),
            time_ms,
            get("state"),
            get("body"),
            get("reasoning"),
            get("meta"),
            get("instance")
        ]);
    Ok(inserted.is_ok_and(|count| count > 0))
}

/// Calls `take` with the number and the values of each row that can be read, and with the names of those of the wanted
/// columns that there are.
fn each_row(
    old: &Connection,
    table: &str,
    wanted: &str,
    mut take: impl FnMut(i64, &[&str], Vec<Value>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let has = |name: &&str| old.prepare(&format!("select {name} from {table} limit 0")).is_ok();
    let names: Vec<&str> = wanted.split(", ").filter(has).collect();
    if names.is_empty() {
        return Ok(());
    }
    let columns = names.join(", ");
    let Ok(mut up) = old.prepare(&format!("select rowid, {columns} from {table} where rowid > ?1 order by rowid"))
    else {
        return Ok(());
    };
    let Ok(mut down) = old
        .prepare(&format!("select rowid, {columns} from {table} where rowid < ?1 and rowid > ?2 order by rowid desc"))
    else {
        return Ok(());
    };
    let read = |row: &Row<'_>| {
        let values = (0..names.len()).map(|at| row.get(at + 1)).collect::<rusqlite::Result<Vec<Value>>>()?;
        Ok((row.get(0)?, values))
    };
    let mut last = i64::MIN;
    let mut gap = 0;
    loop {
        let from = if gap == 0 { last } else { last.max(0).saturating_add(gap) };
        let mut rows = up.query([from])?;
        let mut has_read = false;
        let ended = loop {
            match rows.next() {
                Ok(None) => break true,
                Ok(Some(row)) => {
                    let Ok((seq, values)): rusqlite::Result<(i64, Vec<Value>)> = read(row) else { continue };
                    if gap > 0 && !has_read {
                        // The first one behind the gap: those in the gap that can be read from this side.
                        let mut behind = down.query([seq, last])?;
                        while let Ok(Some(row)) = behind.next() {
                            if let Ok((seq, values)) = read(row) {
                                take(seq, &names, values)?;
                            }
                        }
                    }
                    has_read = true;
                    take(seq, &names, values)?;
                    last = seq;
                }
                Err(_) => break false,
            }
        };
        if ended {
            return Ok(());
        }
        gap = if has_read || gap == 0 { 1 } else { gap * 2 };
        if gap > FARTHEST {
            return Ok(());
        }
    }
}
