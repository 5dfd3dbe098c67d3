//! Mends a damaged history. Whoever meets damage leaves a mark; the next opening looks through the whole file then. A
//! damaged search index is made anew. Any other damage sets the file aside with its log, after what can be read of it was
//! brought into a new one, so that being killed at any moment loses nothing.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::{FILE_NAME, open, salvage, schema};

/// Tables whose content cannot be made anew.
pub(super) const TABLES: [&str; 6] = ["conversation", "message", "chunk", "attachment", "draft", "unindexed"];

fn mark_path(folder: &Path) -> PathBuf {
    folder.join("history.db.suspect")
}

/// Leaves the mark.
pub(super) fn mark(folder: &Path) -> Result<(), StoreError> {
    open::create_private(&mark_path(folder))
}

/// Leaves the mark where this error tells of damage.
pub(super) fn suspect(folder: &Path, error: &StoreError) {
    if error.is_damage() {
        let _ = mark(folder);
    }
}

/// Whether somebody met damage since the history was looked through.
pub(super) fn is_suspect(folder: &Path) -> bool {
    mark_path(folder).exists()
}

/// Looks through a history in which somebody met damage. An error of damage means that it must be set aside.
pub(super) fn if_suspect(
    mut connection: Connection,
    folder: &Path,
    tell: &mut dyn FnMut(String),
) -> Result<Connection, StoreError> {
    let is_known = (1..=schema::VERSION).contains(&schema::version(&connection)?);
    if !is_suspect(folder) || !is_known {
        return Ok(connection);
    }
    tell("Something in the history could not be read. It is looked through.".to_owned());
    if problems(&connection, "")?.is_empty() {
        let _ = std::fs::remove_file(mark_path(folder));
        return Ok(connection);
    }
    for table in TABLES.iter().filter(|table| has_table(&connection, table)) {
        if !problems(&connection, table)?.is_empty() {
            return Err(damaged());
        }
    }
    rebuild_search(&mut connection)?;
    if !problems(&connection, "")?.is_empty() {
        return Err(damaged());
    }
    let _ = std::fs::remove_file(mark_path(folder));
    tell("The search index was damaged and is made anew. All chats are there.".to_owned());
    Ok(connection)
}

/// What `SQLite` finds wrong in this table, or in the whole file where it has no name.
pub(super) fn problems(connection: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let look = if table.is_empty() {
        "pragma integrity_check(20)".to_owned()
    } else {
        format!("pragma integrity_check({table})")
    };
    let found = connection
        .prepare(&look)
        .and_then(|mut look| look.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>());
    match found.map_err(StoreError::from) {
        Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
        Err(error) if error.is_damage() => Ok(vec!["it cannot be read to its end".to_owned()]),
        Err(error) => Err(error),
    }
}

fn has_table(connection: &Connection, table: &str) -> bool {
    connection.query_row("select 1 from sqlite_schema where name = ?1", [table], |_| Ok(())).is_ok()
}

/// Makes an empty index and notes everything as not indexed yet. The old one is not looked into: its pages are left where
/// they are, and what holds together is then written anew.
pub(super) fn rebuild_search(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "writable_schema", true)?;
    let made = forget_search(connection);
    connection.pragma_update(None, "writable_schema", false)?;
    made?;
    connection.execute_batch("vacuum")?;
    Ok(())
}

fn forget_search(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("delete from sqlite_schema where name = 'search' or name glob 'search_*'", [])?;
    // Whoever has the old tables in mind, this connection too, reads again what there is.
    let cookie: i64 = transaction.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    transaction.pragma_update(None, "schema_version", cookie + 1)?;
    transaction.execute_batch(schema::SEARCH)?;
    transaction.execute_batch("insert or ignore into unindexed select seq from message where state <> 'streaming'")?;
    transaction.commit()?;
    Ok(())
}

fn damaged() -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    StoreError::Sqlite(rusqlite::Error::SqliteFailure(code, None))
}

/// Brings what can be read of the file into a new one, which takes its place; the old one is kept beside it.
pub(super) fn set_aside(path: &Path, tell: &mut dyn FnMut(String)) -> Result<(), StoreError> {
    let time = Timestamp::now().as_millisecond();
    let aside = PathBuf::from(format!("{}.damaged-{time}", path.display()));
    // Other instances wait, as far as the damage lets them be held, and then see that the file has moved.
    let hold = open::plainly(path).ok().filter(|held| held.execute_batch("begin immediate").is_ok());
    let new = beside(path, ".new");
    let kept = fill(&new, path);
    let moved = kept.and_then(|kept| {
        trade_places(path, &aside, &new).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
        Ok(kept)
    });
    remove(&new);
    drop(hold);
    let kept = moved?;
    if let Some(folder) = path.parent() {
        let _ = std::fs::remove_file(mark_path(folder));
        sync(folder);
    }
    let kept = if kept == 1 { "1 message was".to_owned() } else { format!("{kept} messages were") };
    tell(format!("The history could not be read. It is kept as {}; {kept} brought over.", aside.display()));
    Ok(())
}

/// Makes the new history; gives the number of messages in it.
fn fill(new: &Path, damaged: &Path) -> Result<usize, StoreError> {
    remove(new);
    open::create_private(new)?;
    let mut fresh = open::plainly(new)?;
    schema::create(&mut fresh)?;
    let kept = salvage::bring_over(&mut fresh, damaged)?;
    drop(fresh);
    sync(new);
    Ok(kept)
}

/// The old file gets a second name before the new one takes the first, where the file system lets a file have two.
fn trade_places(path: &Path, aside: &Path, new: &Path) -> std::io::Result<()> {
    let is_linked = !path.is_symlink() && std::fs::hard_link(path, aside).is_ok();
    if !is_linked {
        std::fs::rename(path, aside)?;
    }
    for suffix in ["-wal", "-shm"] {
        let from = beside(path, suffix);
        if from.exists() {
            std::fs::rename(from, beside(aside, suffix))?;
        }
    }
    std::fs::rename(new, path)
}

/// Removes what a run that was killed left of a new file.
fn remove(new: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(new, suffix));
    }
}

fn sync(path: &Path) {
    let _ = File::open(path).and_then(|file| file.sync_all());
}

/// The path of a companion of this file.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Writes what a connection still holds of a file that was removed to its old path. `false` when something is there again.
pub(super) fn bring_back(connection: &Connection, folder: &Path) -> Result<bool, StoreError> {
    let _turn = open::OpenTurn::take(folder, &mut |_| ());
    let path = folder.join(FILE_NAME);
    if path.exists() {
        return Ok(false);
    }
    let new = beside(&path, ".new");
    // A log of the removed file must not be taken for one of the new file.
    remove(&path);
    remove(&new);
    open::create_private(&new)?;
    let written = connection.execute("vacuum into ?1", [new.to_string_lossy()]).map_err(StoreError::from);
    let moved = written.and_then(|_| {
        sync(&new);
        std::fs::rename(&new, &path).map_err(|source| StoreError::File { path, source })
    });
    remove(&new);
    moved.map(|()| true)
}
