//! What can be wrong with the history, each as a sentence with the next step.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the history cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The data folder cannot be made.
    #[error("the folder {} cannot be created: {source}. Name another one with --data-dir.", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: {source}.", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A newer riffle wrote it.
    #[error(
        "the history was written by a newer riffle (format {found}, this one knows {known}). It is opened for reading only."
    )]
    Newer {
        /// The file's format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// An older riffle wrote it, and it was not brought up to date yet.
    #[error("the history is being brought up to date. It can be read in a moment.")]
    Older,
    /// The file is no longer where it was opened.
    #[error("the history was moved or removed meanwhile. Do it again.")]
    Moved,
    /// It was made by another program.
    #[error("the file belongs to another program. Start riffle: it is set aside and a new history begins.")]
    Foreign,
    /// `SQLite`'s own words, for what has no sentence of its own.
    #[error("{}", sentence(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// The `SQLite` library is too old to be trusted with two connections.
    #[error("this build's SQLite {0} is older than 3.51.3 and could damage the history.")]
    OldSqlite(&'static str),
}

/// The usual failures in words people know.
fn sentence(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full. Free some space; nothing said so far is lost.".to_owned(),
        Some(ErrorCode::ReadOnly) => "the history is read-only. Check the permissions of its folder.".to_owned(),
        Some(ErrorCode::PermissionDenied) => {
            "the history may not be written. Check the permissions of its folder.".to_owned()
        }
        Some(ErrorCode::CannotOpen) => "the history cannot be opened. Check the permissions of its folder.".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program keeps the history locked. It is tried again.".to_owned()
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the history is damaged. Start riffle again: it is set aside and what can be read is kept.".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => {
            "the disk reports an error while the history is written. Check its quota and its health; it is tried again."
                .to_owned()
        }
        _ => error.to_string(),
    }
}

impl StoreError {
    /// Whether another instance or program was in the way.
    pub(super) fn is_contention(&self) -> bool {
        use rusqlite::ErrorCode;
        matches!(self, Self::Sqlite(error) if matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        ))
    }

    /// Whether a row has no place, which it will not have later either.
    pub(super) fn is_misfit(&self) -> bool {
        use rusqlite::ErrorCode;
        matches!(self, Self::Sqlite(error) if matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
        ))
    }

    /// Whether the file itself cannot be read as a history.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode;
        matches!(self, Self::Sqlite(error) if matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ))
    }
}
