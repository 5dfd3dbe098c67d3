//! The tables and how older files become the present form. Each step is one script; `user_version` counts them. Before a
//! step a checked copy of the file is made, of which the last three are kept.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::StoreError;
use super::open;

/// Marks the file as ours: "rifl".
pub(super) const APPLICATION_ID: i64 = 0x7269_666c;
/// Copies kept of files before migrations.
const BACKUPS: usize = 3;

/// One step to a newer form.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// A script.
    Script(&'static str),
    /// A script whose work needs more than SQL, between the two.
    Rows(&'static str, fn(&Transaction<'_>) -> Result<(), StoreError>, &'static str),
}

/// The search index, as the last step makes it.
pub(super) const SEARCH: &str = "create virtual table search using fts5 (text, whole, marks, content = '', contentless_delete = 1, tokenize = 'ascii');";

/// Step n brings a file from version n to n + 1. Older `SQLite` libraries read the file too, so that nothing they cannot
/// parse may stand here (`order by` inside of an aggregate came with 3.44).
pub(super) const MIGRATIONS: &[Step] = &[
    Step::Script(
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
    ),
    Step::Script(
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
    ),
    // Messages are numbered by their time, so that the newest is found first, also among imported ones; the search index
    // has the same numbers and no text of its own. What waits to be brought into it stands in `unindexed`.
    Step::Rows(
        "
alter table conversation add column head text;
alter table conversation add column pinned_ms integer;
alter table conversation add column archived_ms integer;
alter table conversation add column tags text not null default '';
alter table conversation add column messages integer not null default 0;
alter table conversation add column has_tools integer not null default 0;
create table draft (
  conversation_id text primary key,
  text text not null,
  queue text not null,
  instance text,
  updated_ms integer not null
) strict;
create virtual table search using fts5 (text, whole, marks, content = '', contentless_delete = 1, tokenize = 'ascii');
create table unindexed (seq integer primary key) strict;
drop view message_text;
alter table message rename to old_message;
create table message (
  seq integer primary key,
  id text not null unique,
  chat integer not null references conversation (seq),
  parent_id text,
  role text not null,
  time_ms integer not null,
  state text not null,
  body text not null,
  reasoning text not null default '',
  meta text not null default '{}',
  instance text
) strict;
create index message_chat on message (chat);
create index message_place on message (seq, chat);
",
        number_by_time,
        "
drop table old_message;
create index message_streaming on message (state) where state = 'streaming';
create table new_chunk (
  seq integer primary key,
  message_id text not null references message (id),
  kind text not null,
  text text not null
) strict;
insert into new_chunk select seq, message_id, kind, text from chunk;
drop table chunk;
alter table new_chunk rename to chunk;
create index chunk_message on chunk (message_id, seq);
create table new_attachment (
  seq integer primary key,
  message_id text not null references message (id),
  name text not null,
  media_type text not null,
  data blob not null
) strict;
insert into new_attachment select seq, message_id, name, media_type, data from attachment;
drop table attachment;
alter table new_attachment rename to attachment;
create index attachment_message on attachment (message_id, seq);
create view message_text (msg_id, conversation_id, role, body, state) as
  select message.id, conversation.id, role,
    body || coalesce((select group_concat(text, '') from
                      (select text from chunk where message_id = message.id and kind = 'text' order by seq)), ''),
    state
  from message join conversation on conversation.seq = message.chat;
insert into unindexed select seq from message where state <> 'streaming';
update conversation set
  messages = (select count(*) from message where chat = conversation.seq and role <> 'tool'),
  has_tools = exists (select 1 from message where chat = conversation.seq and role = 'tool');
",
    ),
];

/// Milliseconds of one number. The search index holds a difference of two numbers for each word of each message, so that they
/// must lie close together; people and models rarely say more than this.
const NUMBER_MS: i64 = 4000;

/// The first number of messages of this time.
pub(super) fn first_number(time_ms: i64) -> i64 {
    time_ms.max(0) / NUMBER_MS
}

/// The time of the message with this number, milliseconds since 1970 UTC; where several were said at once, all but the
/// first have the next numbers.
pub(super) fn time_of(number: i64) -> i64 {
    number.saturating_mul(NUMBER_MS)
}

/// The first number from this time on that no message has. `after` is one that was given before, if this follows it.
pub(super) fn free_number(connection: &Connection, time_ms: i64, after: Option<i64>) -> rusqlite::Result<i64> {
    let mut count = connection
        .prepare_cached("select count(*) from message indexed by message_place where seq between ?1 and ?2")?;
    let mut first = first_number(time_ms).max(after.map_or(0, |after| after + 1)).max(1);
    let (mut size, mut has_end) = (1, false);
    // A stretch without a gap, as of an import in which all is of one day, is left in steps that grow and then shrink.
    while size > 0 {
        let is_taken = count.query_row([first, first + size - 1], |row| row.get::<_, i64>(0))? == size;
        if is_taken {
            first += size;
        }
        has_end |= !is_taken;
        size = if has_end { size / 2 } else { size * 2 };
    }
    Ok(first)
}

fn number_by_time(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    // No message is lost because its chat is.
    transaction.execute_batch(
        "insert or ignore into conversation (id, title, provider, model, created_ms, updated_ms)
         select conversation_id, substr(body, 1, 60), '', '', min(time_ms),
           (select max(time_ms) from old_message as other where other.conversation_id = old_message.conversation_id)
         from old_message where conversation_id not in (select id from conversation) group by conversation_id",
    )?;
    let mut rows = transaction.prepare("select seq, time_ms from old_message order by time_ms, seq")?;
    let mut rows = rows.query([])?;
    let mut insert = transaction.prepare(
        "insert into message
         select ?2, old.id, conversation.seq, parent_id, role, time_ms, state, body, reasoning, meta, instance
         from old_message as old join conversation on conversation.id = old.conversation_id where old.seq = ?1",
    )?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let (seq, time_ms): (i64, i64) = (row.get(0)?, row.get(1)?);
        last = first_number(time_ms).max(last + 1);
        insert.execute([seq, last])?;
    }
    Ok(())
}

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
    migrations: &[Step],
) -> Result<(), StoreError> {
    let version = version(connection)?;
    if version >= migrations.len() as i64 {
        return Ok(());
    }
    let copy = folder.filter(|_| version > 0).map(|folder| back_up(connection, folder, version)).transpose()?;
    // Tables are made anew under the feet of those that name them.
    connection.pragma_update(None, "foreign_keys", false)?;
    let migrated = run_steps(connection, migrations);
    if migrated.is_err()
        && let Some(copy) = copy
    {
        // The file is as it was; the copy would only take the room that may be missing.
        let _ = std::fs::remove_file(copy);
    }
    migrated?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// All steps in one transaction.
fn run_steps(connection: &mut Connection, migrations: &[Step]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another instance may have done it while we waited for the lock.
    let version = version(&transaction)?;
    for step in migrations.iter().skip(usize::try_from(version).unwrap_or(0)) {
        match step {
            Step::Script(script) => transaction.execute_batch(script)?,
            Step::Rows(before, rows, after) => {
                transaction.execute_batch(before)?;
                rows(&transaction)?;
                transaction.execute_batch(after)?;
            }
        }
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

/// Makes a checked copy of the file and removes all but the last three; gives its path.
pub(super) fn back_up(connection: &Connection, folder: &Path, version: i64) -> Result<PathBuf, StoreError> {
    let time = jiff::Timestamp::now().as_millisecond();
    let path = folder.join(format!("history.db.backup-{time:014}-v{version}"));
    if let Err(error) = copy_checked(connection, &path) {
        // Half a copy is none, and takes the room that may be missing.
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_file(folder.join(format!("history.db.backup-{time:014}-v{version}-journal")));
        return Err(error);
    }
    let mut backups: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    backups.retain(|path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("history.db.backup-"))
    });
    backups.sort();
    for old in backups.iter().rev().skip(BACKUPS) {
        let _ = std::fs::remove_file(old);
    }
    Ok(path)
}

/// A private copy that is on the disk and was looked through.
fn copy_checked(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    open::create_private(path)?;
    connection.execute("vacuum into ?1", [path.to_string_lossy()])?;
    let copy = Connection::open(path)?;
    let found: String = copy.query_row("pragma integrity_check", [], |row| row.get(0))?;
    drop(copy);
    let synced = if found == "ok" {
        std::fs::File::open(path).and_then(|file| file.sync_all())
    } else {
        Err(std::io::Error::other(format!("the copy made before it is changed is damaged: {found}")))
    };
    synced.map_err(|source| StoreError::File { path: path.to_owned(), source })
}
