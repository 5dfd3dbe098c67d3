//! Looks at the history without touching it: nothing is created, mended or taken out of its log, whoever else has it open.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::{FILE_NAME, schema};

/// How long another instance's lock is waited for.
const BUSY: Duration = Duration::from_secs(2);
/// Steps of `SQLite` between two looks at the clock.
const STEPS: i32 = 10_000;

/// What is in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Bytes of the file and of the log beside it.
    pub bytes: u64,
    /// Its format, and the newest one known here.
    pub format: (i64, i64),
    /// Saved chats, without deleted ones; 0 in a format that is not known.
    pub chats: u64,
    /// What `SQLite` finds wrong in it; `None` when looking through it took too long.
    pub problems: Option<Vec<String>>,
}

/// Looks through the history of this data folder, for as long as `patience`; `None` when there is none yet.
pub fn inspect(folder: &Path, patience: Duration) -> Result<Option<Inspection>, StoreError> {
    let path = folder.join(FILE_NAME);
    let log = folder.join(format!("{FILE_NAME}-wal"));
    let size = |path: &Path| std::fs::metadata(path).map(|meta| meta.len());
    let bytes = match size(&path) {
        Ok(bytes) => bytes + size(&log).unwrap_or(0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::File { path, source }),
    };
    let is_in_use = log.exists();
    let found = look(&path, is_in_use, bytes, patience);
    let is_sound = matches!(&found, Ok(found) if found.problems.as_ref().is_none_or(Vec::is_empty));
    if is_sound || is_in_use || !log.exists() {
        return found.map(Some);
    }
    // Somebody began to write meanwhile, which looks like damage to one who does not read the log.
    look(&path, true, bytes, patience).map(Some)
}

fn look(path: &Path, is_in_use: bool, bytes: u64, patience: Duration) -> Result<Inspection, StoreError> {
    let mut connection = open(path, is_in_use)?;
    if !schema::is_ours(&connection)? {
        return Err(StoreError::Foreign);
    }
    let format = (schema::version(&connection)?, schema::VERSION);
    let is_known = (1..=schema::VERSION).contains(&format.0);
    let chats: i64 = if is_known {
        connection.query_row("select count(*) from conversation where deleted_ms is null", [], |row| row.get(0))?
    } else {
        0
    };
    let start = Instant::now();
    connection.progress_handler(STEPS, Some(move || start.elapsed() > patience))?;
    let problems = match check(&connection) {
        Ok(problems) => Some(problems),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Inspection { bytes, format, chats: chats.unsigned_abs(), problems })
}

/// With a log beside it the file is opened for reading; without one as a file that does not change, since `SQLite` would
/// else make an empty log.
fn open(path: &Path, is_in_use: bool) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let place = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let how = if is_in_use { "" } else { "?immutable=1" };
    let connection = Connection::open_with_flags(format!("file:{place}{how}"), flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("pragma quick_check(20)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn history(folder: &Path) -> Connection {
        let mut connection = Connection::open(folder.join(FILE_NAME)).expect("opens");
        schema::create(&mut connection).expect("makes the tables");
        connection
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("reads").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_history_is_looked_through_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let look = || inspect(folder.path(), PATIENCE);
        assert_eq!(look().expect("looks"), None);
        let connection = history(folder.path());
        connection.query_row("pragma journal_mode = wal", [], |_| Ok(())).expect("sets");
        let insert = "insert into conversation (id, title, provider, model, created_ms, updated_ms) values ('a', 't', 'p', 'm', 1, 1)";
        connection.execute(insert, []).expect("inserts");
        let found = look().expect("looks").expect("is there");
        assert_eq!((found.chats, found.format, found.problems), (1, (schema::VERSION, schema::VERSION), Some(vec![])));
        drop(connection);
        assert_eq!(names(folder.path()), [FILE_NAME]);
        assert_eq!(look().expect("looks").expect("is there").chats, 1);
        assert_eq!(names(folder.path()), [FILE_NAME], "nothing is made beside it");
    }

    #[test]
    fn newer_foreign_and_damaged_files_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE_NAME);
        let connection = history(folder.path());
        connection.pragma_update(None, "user_version", 99).expect("sets");
        assert_eq!(inspect(folder.path(), PATIENCE).expect("looks").expect("is there").format, (99, schema::VERSION));
        connection.pragma_update(None, "application_id", 7).expect("sets");
        drop(connection);
        assert!(matches!(inspect(folder.path(), PATIENCE), Err(StoreError::Foreign)));
        std::fs::write(&path, "no database".repeat(999)).expect("writes");
        assert!(inspect(folder.path(), PATIENCE).expect_err("fails").is_damage());
        assert!(std::fs::read_to_string(&path).expect("reads").starts_with("no database"));
    }
}
