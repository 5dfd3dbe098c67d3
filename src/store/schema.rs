//! The tables and how older files become the present form. Each step is one script; `user_version` counts them. Before a
//! step a checked copy of the file is made, of which the last three are kept.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;

/// Marks the file as ours: "rifl".
pub(super) const APPLICATION_ID: i64 = 0x7269_666c;
/// Copies kept of files before migrations.
const BACKUPS: usize = 3;

/// Step n brings a file from version n to n + 1. Older `SQLite` libraries read the file too, so that nothing they cannot
/// parse may stand here (`order by` inside of an aggregate came with 3.44).
pub(super) const MIGRATIONS: &[&str] = &[
    "
create table conversation (
  seq integer primary key,
  id text not null unique,
  title text not null,
  provider text not null,
  model text not null,
  created_ms integer not null,
  updated_ms integer not null,
  deleted_ms integer
) strict;
create index conversation_newest on conversation (updated_ms desc) where deleted_ms is null;
create table message (
  seq integer primary key,
  id text not null unique,
  conversation_id text not null references conversation (id),
  parent_id text,
  role text not null,
  time_ms integer not null,
  state text not null,
  body text not null,
  reasoning text not null default '',
  meta text not null default '{}',
  instance text
) strict;
create index message_conversation on message (conversation_id, seq);
create index message_streaming on message (state) where state = 'streaming';
create table chunk (
  seq integer primary key,
  message_id text not null references message (id),
  kind text not null,
  text text not null
) strict;
create index chunk_message on chunk (message_id, seq);
create view message_text (msg_id, conversation_id, role, body, state) as
  select id, conversation_id, role,
    body || coalesce((select group_concat(text, '') from
                      (select text from chunk where message_id = message.id and kind = 'text' order by seq)), ''),
    state
  from message;
",
    "
create table attachment (
  seq integer primary key,
  message_id text not null references message (id),
  name text not null,
  media_type text not null,
  data blob not null
) strict;
create index attachment_message on attachment (message_id, seq);
",
];

/// The newest form this program knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Makes the tables in an empty file, or does nothing in a present one.
pub fn create(connection: &mut Connection) -> Result<(), StoreError> {
    migrate(connection, None, MIGRATIONS)
}

/// Brings the file to the present form; with a folder, after a backup there.
pub(super) fn migrate(
    connection: &mut Connection,
    folder: Option<&Path>,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let version = version(connection)?;
    if version >= migrations.len() as i64 {
        return Ok(());
    }
    if let Some(folder) = folder.filter(|_| version > 0) {
        back_up(connection, folder, version)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another instance may have done it while we waited for the lock.
    let version = self::version(&transaction)?;
    for script in migrations.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

/// The form of the file; 0 is an empty one.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Whether the file was made by us or is still empty. Both facts are read from one state of the file: another instance
/// may be making its tables at this very moment.
pub(super) fn is_ours(connection: &Connection) -> Result<bool, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let tables: i64 = snapshot.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let id: i64 = snapshot.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(id == APPLICATION_ID || (id == 0 && tables == 0))
}

fn back_up(connection: &Connection, folder: &Path, version: i64) -> Result<(), StoreError> {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_millis());
    let path = folder.join(format!("history.db.backup-{time:014}-v{version}"));
    let file = path.to_string_lossy().into_owned();
    connection.execute("vacuum into ?1", [&file])?;
    let copy = Connection::open(&path)?;
    let found: String = copy.query_row("pragma integrity_check", [], |row| row.get(0))?;
    if found != "ok" {
        let source = std::io::Error::other(format!("the copy made before it is changed is damaged: {found}"));
        return Err(StoreError::File { path, source });
    }
    let mut backups: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    backups.retain(|path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("history.db.backup-"))
    });
    backups.sort();
    for old in backups.iter().rev().skip(BACKUPS) {
        let _ = std::fs::remove_file(old);
    }
    Ok(())
}
