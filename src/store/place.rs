//! Where the history stands: on what file system, whether a file may be at its path at all, and whether the path still
//! names the file that was opened. A file that was moved away must not be written on, and must not be closed as usual:
//! `SQLite` would then remove the log of the one that took its place.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// File systems on which several machines, or a program in between, answer: memory cannot be shared there, which `SQLite`'s
/// log needs.
const FUSE: u64 = 0x6573_5546;

/// The name of the file system on which the folder is or would be, where it is no local one.
#[cfg(target_os = "linux")]
pub(super) fn distant_file_system(folder: &Path) -> Option<&'static str> {
    let standing = folder.ancestors().find(|place| place.exists())?;
    let number = u64::try_from(rustix::fs::statfs(standing).ok()?.f_type).ok()? & 0xffff_ffff;
    network_name(number).or((number == FUSE).then_some("FUSE"))
}

/// Elsewhere it is not told by a number.
#[cfg(not(target_os = "linux"))]
pub(super) fn distant_file_system(_folder: &Path) -> Option<&'static str> {
    None
}

/// The name of the network file system on which the folder is or would be. FUSE is none: most of what it mounts is local.
#[must_use]
pub fn network_file_system(folder: &Path) -> Option<&'static str> {
    distant_file_system(folder).filter(|name| *name != "FUSE")
}

/// `statfs(2)` and the kernel's `magic.h`.
fn network_name(number: u64) -> Option<&'static str> {
    Some(match number & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x00c3_6400 => "Ceph",
        0x7375_7245 => "Coda",
        0x0bd0_0bd0 => "Lustre",
        0x0102_1997 => "9P",
        0x564c => "NCP",
        _ => return None,
    })
}

/// Whether a history can be at this path: a file of one's own, or nothing yet.
pub(super) fn is_usable(path: &Path) -> Result<(), StoreError> {
    let Ok(entry) = path.symlink_metadata() else { return Ok(()) };
    let refuse = |why: String| Err(StoreError::File { path: path.to_owned(), source: io::Error::other(why) });
    if entry.is_symlink() {
        let target = std::fs::read_link(path).unwrap_or_default();
        let target = target.display();
        return match path.metadata() {
            Ok(file) if file.uid() != rustix::process::geteuid().as_raw() => {
                refuse(format!("it is a link to {target}, which belongs to somebody else; remove the link"))
            }
            Ok(file) => is_file(&file, refuse),
            Err(_) => {
                refuse(format!("it is a link to {target}, which is not there; bring that back or remove the link"))
            }
        };
    }
    is_file(&entry, refuse)
}

fn is_file(found: &Metadata, refuse: impl Fn(String) -> Result<(), StoreError>) -> Result<(), StoreError> {
    if found.is_file() {
        return Ok(());
    }
    let what = if found.is_dir() { "a folder" } else { "no file" };
    refuse(format!("it is {what}; move it away, or name another folder with --data-dir"))
}

/// Which file was opened.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is where it was.
    There,
    /// Nothing is at its path.
    Gone,
    /// Another file is at its path.
    Replaced,
}

impl Standing {
    /// The file at this path.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path) }
    }

    /// The folder it stands in.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.path.parent()
    }

    /// What became of it since. Where that cannot be told it counts as being there.
    pub(super) fn fate(&self) -> Fate {
        if self.identity.is_none() {
            return Fate::There;
        }
        match std::fs::metadata(&self.path) {
            Ok(found) if self.identity == Some((found.dev(), found.ino())) => Fate::There,
            Ok(_) => Fate::Replaced,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Fate::Gone,
            Err(_) => Fate::There,
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_number() {
        let numbers = [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x517b, 0x0102_1997, 0x5346_414f, 0x00c3_6400];
        let names = numbers.map(|number| network_name(number).unwrap_or_default());
        assert_eq!(names, ["NFS", "SMB", "SMB", "SMB", "9P", "AFS", "Ceph"]);
        for local in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, FUSE] {
            assert_eq!(network_name(local), None, "{local:x}");
        }
    }

    #[test]
    fn a_file_that_was_moved_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        std::fs::write(&path, "1").expect("writes");
        let standing = Standing::of(&path);
        assert_eq!(standing.fate(), Fate::There);
        std::fs::rename(&path, folder.path().join("b")).expect("renames");
        assert_eq!(standing.fate(), Fate::Gone);
        std::fs::write(&path, "1").expect("writes");
        assert_eq!(standing.fate(), Fate::Replaced);
    }

    #[test]
    fn folders_and_links_into_nothing_are_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let why = |path: &Path| is_usable(path).expect_err("refuses").to_string();
        assert!(is_usable(&path).is_ok());
        std::os::unix::fs::symlink("nowhere", &path).expect("links");
        assert!(why(&path).contains("a link to nowhere, which is not there"), "{}", why(&path));
        assert!(why(folder.path()).contains("it is a folder; move it away"), "{}", why(folder.path()));
    }

    #[test]
    fn a_link_to_somebody_elses_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (theirs, path) = (folder.path().join("theirs"), folder.path().join("a"));
        std::fs::write(&theirs, "theirs").expect("writes");
        std::os::unix::fs::symlink(&theirs, &path).expect("links");
        assert!(is_usable(&path).is_ok(), "one's own");
        // Only root can give a file away.
        if std::os::unix::fs::chown(&theirs, Some(65_534), None).is_ok() {
            let why = is_usable(&path).expect_err("refuses").to_string();
            assert!(why.contains("belongs to somebody else; remove the link"), "{why}");
        }
    }
}
