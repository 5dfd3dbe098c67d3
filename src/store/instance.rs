//! Which instances of the program are alive. Each holds a lock on a file of its own for as long as it lives, so that an
//! answer being written by another instance is never taken for an interrupted one, and a killed one is known at once.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

const FOLDER: &str = "instances";

/// This instance's sign of life.
pub(super) struct Instance {
    /// Its name, kept with the messages it writes.
    pub(super) id: String,
    path: PathBuf,
    /// Locked until the process ends, however it ends.
    _file: File,
}

impl Instance {
    /// Takes the lock of a new instance.
    pub(super) fn register(data: &Path, id: String) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{id}.lock"));
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { id, path, _file: file })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether this instance still holds its lock; nothing is changed.
pub(super) fn is_there(data: &Path, id: &str) -> bool {
    let path = data.join(FOLDER).join(format!("{id}.lock"));
    File::open(&path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_err())
}

/// Whether this instance still holds its lock. The lock file of a dead one is removed.
pub(super) fn is_alive(data: &Path, id: &str) -> bool {
    let path = data.join(FOLDER).join(format!("{id}.lock"));
    let Ok(file) = File::open(&path) else { return false };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            let _ = std::fs::remove_file(&path);
            false
        }
        Err(_) => true,
    }
}
