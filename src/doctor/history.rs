//! Saved chats: whether they can be read, whether they are whole, and who else can read them. Nothing is written.

use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access};

use super::finding::{Area, Group};
use crate::host::short_path;
use crate::store::{FILE_NAME, StoreError, inspect, network_file_system};
use crate::strings::doctor as words;

/// How long the file is looked through.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the history of this data folder.
pub(super) fn check(folder: &Path) -> Group {
    let file = folder.join(FILE_NAME);
    let mut group = Group::new(Area::History, file.display().to_string(), words::SAVED_CHATS);
    let shown = short_path(&file);
    match inspect(folder, PATIENCE) {
        Ok(None) => {
            group.ok("place", words::no_history(&short_path(folder)));
        }
        Ok(Some(found)) => {
            group.ok("place", words::history(&shown, found.chats, found.bytes));
            let (format, known) = found.format;
            if format > known {
                group.failed("format", words::newer_history(format, known), words::NEWER_FIX);
            }
            match found.problems {
                None => {
                    group.skipped("content", words::content_unchecked(PATIENCE.as_secs()));
                }
                Some(problems) if problems.is_empty() => {
                    group.ok("content", words::CONTENT_WHOLE);
                }
                Some(problems) => {
                    group.failed("content", words::content_damaged(&problems), words::DAMAGED_FIX);
                }
            }
        }
        Err(error) => {
            let fix = if error.is_damage() { words::DAMAGED_FIX } else { "" };
            let message = match &error {
                error if error.is_damage() => words::history_damaged(&shown),
                StoreError::File { source, .. } => {
                    words::history_unreadable(&shown, &words::without_number(&source.to_string()))
                }
                error => format!("{shown}: {error}"),
            };
            group.failed("place", message, fix);
        }
    }
    folder_is_usable(folder, &mut group);
    if let Some(name) = network_file_system(folder) {
        group.warning("disk", words::on_network(name), words::NETWORK_FIX);
    }
    group
}

/// Whether chats can be saved in the folder, or it can be made, and whether it is private.
fn folder_is_usable(folder: &Path, group: &mut Group) {
    let Some(standing) = folder.ancestors().find(|place| place.exists()) else { return };
    if !standing.is_dir() {
        group.failed("folder", words::no_folder(&short_path(standing)), words::FOLDER_FIX);
        return;
    }
    if access(standing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        group.failed("folder", words::folder_is_closed(&short_path(standing)), words::FOLDER_FIX);
        return;
    }
    if standing != folder {
        return;
    }
    let files = ["", "-wal"].map(|end| folder.join(format!("{FILE_NAME}{end}")));
    // Nobody gets to a file in a folder that is closed to them.
    match files.iter().find(|file| is_exposed(folder) && is_exposed(file)) {
        Some(file) => group.warning("private", words::chats_exposed(&short_path(file)), &words::close_folder(folder)),
        None => group.ok("private", words::CHATS_PRIVATE),
    };
}

fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode().trailing_zeros() < 6)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn a_new_place_is_fine_and_a_file_in_its_place_is_not() {
        let home = tempfile::tempdir().expect("a folder");
        let group = check(&home.path().join("new/place"));
        assert!(group.findings.iter().all(|finding| finding.status != Status::Failed), "{group:?}");
        assert!(!home.path().join("new").exists());
        std::fs::write(home.path().join("file"), "").expect("writes");
        let group = check(&home.path().join("file/place"));
        assert_eq!(group.findings.last().map(|last| (last.step, last.status)), Some(("folder", Status::Failed)));
    }
}
