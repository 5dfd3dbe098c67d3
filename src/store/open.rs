//! Opening the file: private from its first moment, never overwriting what cannot be read. What is foreign or damaged is
//! set aside and as much as can be read is brought into a new file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};

use super::FILE_NAME;
use super::error::StoreError;
use super::{salvage, schema};

/// How long a statement waits for another instance's transaction.
const BUSY: Duration = Duration::from_secs(5);
/// The oldest `SQLite` that keeps a WAL whole with two connections.
const MIN_SQLITE: i32 = 3_051_003;

/// Bytes that are read and written at once.
const PAGE_BYTES: i64 = 16 * 1024;

/// Opens the history for writing, creating or mending it as needed. `tell` hears sentences for the person: what is being
/// done where it takes a while, what was set aside and where.
pub(super) fn for_writing(folder: &Path, tell: &mut dyn FnMut(String)) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < MIN_SQLITE {
        return Err(StoreError::OldSqlite(rusqlite::version()));
    }
    create_folder(folder)?;
    // One instance opens at a time: none may set aside what another is just making.
    let _turn = OpenTurn::take(folder);
    let path = folder.join(FILE_NAME);
    match checked(&path) {
        Ok(connection) => prepare(connection, folder, tell),
        Err(error) if error.is_damage() => {
            let aside = set_aside(&path)?;
            let mut fresh = checked(&path)?;
            configure(&fresh)?;
            schema::create(&mut fresh)?;
            let kept = salvage::bring_over(&mut fresh, &aside);
            tell(format!(
                "The history could not be read. It is kept as {}; {kept} messages were brought over.",
                aside.display()
            ));
            prepare(fresh, folder, tell)
        }
        Err(error) => Err(error),
    }
}

/// The right to open, held by a lock that ends with it. Where the file system knows no locks, there is none.
struct OpenTurn {
    _file: Option<File>,
}

impl OpenTurn {
    fn take(folder: &Path) -> Self {
        let options =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("open.lock"));
        let file = options.ok().filter(|file| flock(file, FlockOperation::LockExclusive).is_ok());
        Self { _file: file }
    }
}

/// Opens the history for reading; `None` when there is none yet.
pub(super) fn for_reading(folder: &Path) -> Result<Option<Connection>, StoreError> {
    let path = folder.join(FILE_NAME);
    // An empty file may still have all its content in the log beside it: only SQLite can tell.
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).or_else(|_| {
        Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    })?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    if !schema::is_ours(&connection)? {
        return Ok(None);
    }
    match schema::version(&connection)? {
        0 => Ok(None),
        1..schema::VERSION => Err(StoreError::Older),
        _ => Ok(Some(connection)),
    }
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// Opens the file and makes sure that it is a history at all.
fn checked(path: &Path) -> Result<Connection, StoreError> {
    let exists = path.exists();
    if !exists {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map(drop)
            .or_else(|error| if error.kind() == std::io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
            .map_err(|source| StoreError::File { path: path.to_owned(), source })?;
    }
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    if !schema::is_ours(&connection)? {
        return Err(not_a_history());
    }
    if schema::version(&connection)? > 0 {
        connection.query_row("select count(*) from (select 1 from message limit 1)", [], |_| Ok(()))?;
        connection.query_row("select count(*) from (select 1 from conversation limit 1)", [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// A file of another program counts as one that cannot be read.
fn not_a_history() -> StoreError {
    StoreError::Sqlite(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
        Some("the file belongs to another program".to_owned()),
    ))
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    // Only a file that is still empty takes it: an answer rarely needs a page of its own then, and half of it stays empty.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.query_row("pragma journal_mode = wal", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn prepare(mut connection: Connection, folder: &Path, tell: &mut dyn FnMut(String)) -> Result<Connection, StoreError> {
    let found = schema::version(&connection)?;
    if found > schema::VERSION {
        return Err(StoreError::Newer { found, known: schema::VERSION });
    }
    configure(&connection)?;
    if (1..schema::VERSION).contains(&found) {
        tell("The history is brought up to date; a copy of it is kept.".to_owned());
    }
    schema::migrate(&mut connection, Some(folder), schema::MIGRATIONS)?;
    Ok(connection)
}

/// Moves the file and its companions out of the way; gives its new path.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
    let aside = PathBuf::from(format!("{}.damaged-{time}", path.display()));
    for suffix in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        let to = PathBuf::from(format!("{}{suffix}", aside.display()));
        if suffix.is_empty() || from.exists() {
            std::fs::rename(&from, &to).map_err(|source| StoreError::File { path: from, source })?;
        }
    }
    Ok(aside)
}
