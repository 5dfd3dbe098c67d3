//! Brings over what can still be read of a damaged history. One bad row, or a page of them, never hides the rest: behind a
//! place that cannot be read the next one that can is looked for, from both sides.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params, params_from_iter};

use super::error::StoreError;
use super::mend::beside;
use super::schema::free_number;
use crate::chat::title_of;

/// The farthest that is looked behind a place that cannot be read, in numbers of rows.
const FARTHEST: i64 = 1 << 50;

/// Copies every row that can still be read into the new history; gives the number of messages. The damaged file is not
/// touched: a copy of it is read, or, where there is no room for one, the file as it lies, without its log. Fails only
/// where the new history cannot be written.
pub(super) fn bring_over(fresh: &mut Connection, damaged: &Path) -> Result<usize, StoreError> {
    let copy = copied(damaged);
    let old = match &copy {
        Some(copy) => Connection::open_with_flags(&copy.0, OpenFlags::SQLITE_OPEN_READ_WRITE),
        None => as_it_lies(damaged),
    };
    let Ok(old) = old else { return Ok(0) };
    let transaction = fresh.transaction()?;
    let kept = bring_rows(&transaction, &old)?;
    transaction.commit()?;
    Ok(kept)
}

fn as_it_lies(damaged: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let place = damaged.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Connection::open_with_flags(format!("file:{place}?immutable=1"), flags)
}

/// A copy of the file and its log, removed when it is no longer needed.
struct Copy(PathBuf);

impl Copy {
    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&self.0, suffix));
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}

fn copied(damaged: &Path) -> Option<Copy> {
    let copy = Copy(beside(damaged, ".copy"));
    // A run that was killed may have left one.
    copy.remove();
    std::fs::copy(damaged, &copy.0).ok()?;
    let log = beside(damaged, "-wal");
    if log.exists() {
        std::fs::copy(&log, beside(&copy.0, "-wal")).ok()?;
    }
    let _ = make_openable(&copy.0);
    Some(copy)
}

/// The words with which each file of `SQLite` begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// `SQLite` refuses a whole file when its first words are wrong or its end is missing: the words are put there, and what
/// is missing becomes pages that cannot be read. <https://sqlite.org/fileformat2.html#the_database_header>
fn make_openable(copy: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(copy)?;
    let mut header = [0; 100];
    file.read_exact_at(&mut header, 0)?;
    if header[..16] != MAGIC[..] {
        file.write_all_at(MAGIC, 0)?;
    }
    let size = u64::from(u16::from_be_bytes([header[16], header[17]]));
    let size = if size == 1 { 65_536 } else { size };
    let pages = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    let length = file.metadata()?.len();
    // A wild number is damage too.
    if length < size * pages && size * pages < length.saturating_mul(1024) {
        file.set_len(size * pages)?;
    }
    Ok(())
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
    for (table, role, wanted) in
        [("chunk", "assistant", "message_id, kind, text"), ("attachment", "user", "message_id, name, media_type, data")]
    {
        each_row(old, table, wanted, |_, names, values| {
            if let Some(Value::Text(message)) = value_of(names, &values, "message_id") {
                begin_message(new, message, role)?;
            }
            insert(new, table, names, values)
        })?;
    }
    let wanted = "conversation_id, text, queue, instance, updated_ms";
    each_row(old, "draft", wanted, |_, names, values| insert(new, "draft", names, values))?;
    new.execute_batch(
        "update conversation set
           messages = (select count(*) from message where chat = conversation.seq and role <> 'tool'),
           has_tools = exists (select 1 from message where chat = conversation.seq and role = 'tool');
         insert or ignore into unindexed select seq from message where state <> 'streaming';",
    )?;
    Ok(kept)
}

/// Where the message of a piece or a file was lost, there is an empty one for them, in a chat for what has no other.
pub(super) fn begin_message(new: &Transaction<'_>, id: &str, role: &str) -> Result<(), StoreError> {
    let known = new.prepare_cached("select 1 from message where id = ?1")?.query_row([id], |_| Ok(())).optional()?;
    if known.is_some() {
        return Ok(());
    }
    let time_ms: i64 = new.query_row("select coalesce(max(updated_ms), 0) from conversation", [], |row| row.get(0))?;
    new.prepare_cached(
        "insert or ignore into conversation (id, title, provider, model, created_ms, updated_ms)
         values ('recovered', 'Recovered', '', '', ?1, ?1)",
    )?
    .execute([time_ms])?;
    new.prepare_cached(
        "insert into message (seq, id, chat, role, time_ms, state, body)
         select ?1, ?2, seq, ?3, ?4, 'interrupted', '' from conversation where id = 'recovered'",
    )?
    .execute(params![free_number(new, time_ms, None)?, id, role, time_ms])?;
    Ok(())
}

fn value_of<'a>(names: &[&str], values: &'a [Value], name: &str) -> Option<&'a Value> {
    names.iter().position(|known| *known == name).and_then(|at| values.get(at))
}

fn insert(new: &Transaction<'_>, table: &str, names: &[&str], values: Vec<Value>) -> Result<(), StoreError> {
    let marks = vec!["?"; names.len()].join(", ");
    let names = names.join(", ");
    let insert = format!("insert or ignore into {table} ({names}) values ({marks})");
    fitted(new.prepare_cached(&insert)?.execute(params_from_iter(values)))?;
    Ok(())
}

/// Whether a row went in. What does not fit, such as a number that became text or a piece without its message, is left
/// out; a disk that is full is an error.
fn fitted(inserted: rusqlite::Result<usize>) -> Result<bool, StoreError> {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match inserted {
        Ok(count) => Ok(count > 0),
        Err(error) if matches!(error.sqlite_error_code(), Some(ConstraintViolation | TooBig | TypeMismatch)) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
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
    fitted(inserted)
}

/// Text that is no longer UTF-8 is kept with marks where it is not.
fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
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
        let values = (0..names.len()).map(|at| row.get_ref(at + 1).map(value)).collect::<rusqlite::Result<Vec<_>>>()?;
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
