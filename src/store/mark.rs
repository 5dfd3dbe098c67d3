//! Tells cheaply whether anybody wrote to the history since the last time it was looked at.

use std::path::Path;
use std::time::SystemTime;

use super::FILE_NAME;

/// Size and time of the history's file and of its log; others after each commit of any instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryMark([Option<(u64, SystemTime)>; 2]);

impl HistoryMark {
    /// How the history in this folder stands now.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self([FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")].map(|name| {
            let found = std::fs::metadata(folder.join(name)).ok()?;
            Some((found.len(), found.modified().ok()?))
        }))
    }
}
