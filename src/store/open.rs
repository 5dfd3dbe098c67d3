//! Opening the file: private from its first moment, never overwriting what cannot be read. What is foreign or damaged is
//! set aside and as much as can be read is brought into a new file. One instance opens or closes at a time, so that none
//! moves a file that another is just making.

use std::fs::{DirBuilder, File, OpenOptions};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};

use super::FILE_NAME;
use super::error::StoreError;
use super::place::{Fate, Standing};
use super::{mend, place, schema};

/// How long a statement waits for another instance's transaction.
const BUSY: Duration = Duration::from_secs(5);
/// The oldest `SQLite` that keeps a WAL whole with two connections.
const MIN_SQLITE: i32 = 3_051_003;
/// Ordinary openings take less; what takes longer is worth a sentence.
const TURN: Duration = Duration::from_secs(1);
/// The pause between two looks at whether it is our turn.
const LOOK: Duration = Duration::from_millis(5);

/// The history, open for writing. Closing it brings its log into the file, unless the file is no longer at its path.
pub(super) struct Held {
    connection: Connection,
    standing: Standing,
    /// Kept until the connection is closed.
    turn: Option<OpenTurn>,
}

impl Held {
    /// Begins to write; an error when the file is no longer where it was opened. Whoever moves the file holds it as we do
    /// then.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if self.standing.fate() == Fate::There { Ok(transaction) } else { Err(StoreError::Moved) }
    }

    /// What became of the file.
    pub(super) fn fate(&self) -> Fate {
        self.standing.fate()
    }
}

impl Deref for Held {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.turn = self.standing.folder().and_then(|folder| OpenTurn::within(folder, TURN));
        if self.turn.is_none() || self.fate() != Fate::There {
            let _ = leave_log(&self.connection, true);
        }
    }
}

/// Whether closing the connection leaves the log as it is. `SQLite` would remove the log at the file's path, whosever it is.
pub(super) fn leave_log(connection: &Connection, is_left: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_left).map(drop)
}

/// Bytes that are read and written at once.
const PAGE_BYTES: i64 = 16 * 1024;

/// Opens the history for writing, creating or mending it as needed. `tell` hears sentences for the person: what is being
/// done where it takes a while, what was set aside and where.
pub(super) fn for_writing(folder: &Path, tell: &mut dyn FnMut(String)) -> Result<Held, StoreError> {
    for_writing_on(folder, place::distant_file_system(folder), tell)
}

/// The same on a file system of this name, if it is no local one.
pub(super) fn for_writing_on(
    folder: &Path,
    distant: Option<&'static str>,
    tell: &mut dyn FnMut(String),
) -> Result<Held, StoreError> {
    if rusqlite::version_number() < MIN_SQLITE {
        return Err(StoreError::OldSqlite(rusqlite::version()));
    }
    create_folder(folder)?;
    let _turn = OpenTurn::take(folder, tell);
    let path = folder.join(FILE_NAME);
    place::is_usable(&path)?;
    let connection = match checked(&path).and_then(|connection| mend::if_suspect(connection, folder, tell)) {
        Err(error) if error.is_damage() => {
            mend::set_aside(&path, tell)?;
            checked(&path)?
        }
        checked => checked?,
    };
    let connection = prepare(connection, folder, distant, tell)?;
    leave_log(&connection, false)?;
    Ok(Held { connection, standing: Standing::of(&path), turn: None })
}

/// The right to open, held by a lock that ends with it. Where the file system knows no locks, there is none.
pub(super) struct OpenTurn {
    _file: Option<File>,
}

impl OpenTurn {
    fn file(folder: &Path) -> Option<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600).open(folder.join("open.lock")).ok()
    }

    /// Waits for it, with a sentence where another instance takes long.
    pub(super) fn take(folder: &Path, tell: &mut dyn FnMut(String)) -> Self {
        if let Some(turn) = Self::within(folder, TURN) {
            return turn;
        }
        tell("Another riffle is bringing the history up to date. This one goes on when it is done.".to_owned());
        let file = Self::file(folder).filter(|file| flock(file, FlockOperation::LockExclusive).is_ok());
        Self { _file: file }
    }

    /// Waits for it so long; `None` when another has it still.
    fn within(folder: &Path, limit: Duration) -> Option<Self> {
        let Some(file) = Self::file(folder) else { return Some(Self { _file: None }) };
        let start = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(Self { _file: Some(file) }),
                Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < limit => std::thread::sleep(LOOK),
                Err(rustix::io::Errno::WOULDBLOCK) => return None,
                Err(_) => return Some(Self { _file: None }),
            }
        }
    }
}

/// Opens the history for reading; `None` when there is none yet.
pub(super) fn for_reading(folder: &Path) -> Result<Option<Connection>, StoreError> {
    let path = folder.join(FILE_NAME);
    // An empty file may still have all its content in the log beside it: only SQLite can tell.
    if !path.exists() {
        return if folder.exists() && !folder.is_dir() { Err(no_folder(folder)) } else { Ok(None) };
    }
    let connection = to_look(&path)?;
    if !schema::is_ours(&connection)? {
        return Ok(None);
    }
    match schema::version(&connection)? {
        0 => Ok(None),
        1..schema::VERSION => Err(StoreError::Older),
        _ => Ok(Some(connection)),
    }
}

/// Opens the file only to look into it.
pub(super) fn to_look(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_else(|_| {
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    })?;
    // Whoever only reads never brings the log into the file, nor removes it.
    leave_log(&connection, true)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn no_folder(folder: &Path) -> StoreError {
    StoreError::Folder { path: folder.to_owned(), source: std::io::ErrorKind::NotADirectory.into() }
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// Makes an empty private file, if there is none.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::File { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Opens the file and makes sure that it is a history at all.
fn checked(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    let connection = plainly(path)?;
    if !schema::is_ours(&connection)? {
        return Err(not_a_history());
    }
    if (1..=schema::VERSION).contains(&schema::version(&connection)?) {
        for table in ["message", "conversation"] {
            let looked = connection.query_row(&format!("select 1 from {table} limit 1"), [], |_| Ok(())).optional();
            // A history without its tables is none.
            looked.map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::Unknown) => not_a_history(),
                _ => error.into(),
            })?;
        }
    }
    Ok(connection)
}

/// Opens the file as it is; closing it leaves its log alone.
pub(super) fn plainly(path: &Path) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    leave_log(&connection, true)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// A file of another program counts as one that cannot be read.
fn not_a_history() -> StoreError {
    StoreError::Sqlite(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
        Some("the file belongs to another program".to_owned()),
    ))
}

fn configure(
    connection: &Connection,
    distant: Option<&'static str>,
    tell: &mut dyn FnMut(String),
) -> Result<(), StoreError> {
    let mode = |wanted: &str| -> rusqlite::Result<String> {
        connection.query_row(&format!("pragma journal_mode{wanted}"), [], |row| row.get(0))
    };
    // Only a file that is still empty takes it: an answer rarely needs a page of its own then, and half of it stays empty.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    match distant {
        None => drop(mode(" = wal")?),
        Some(name) => {
            let is_told = schema::version(connection)? > 0 && mode("")? == "delete";
            if mode(" = delete")? == "delete" && !is_told {
                tell(format!(
                    "The history is on {name}, where riffle saves more slowly and several machines must not write it at \
                     the same time. Keep it on this machine with --data-dir."
                ));
            }
        }
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn prepare(
    mut connection: Connection,
    folder: &Path,
    distant: Option<&'static str>,
    tell: &mut dyn FnMut(String),
) -> Result<Connection, StoreError> {
    let found = schema::version(&connection)?;
    if found > schema::VERSION {
        return Err(StoreError::Newer { found, known: schema::VERSION });
    }
    configure(&connection, distant, tell)?;
    if (1..schema::VERSION).contains(&found) {
        tell("The history is brought up to date; a copy of it is kept.".to_owned());
    }
    schema::migrate(&mut connection, Some(folder), schema::MIGRATIONS)?;
    Ok(connection)
}
