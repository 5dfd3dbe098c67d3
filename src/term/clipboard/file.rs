//! A copy as a file that only its owner can read: for terminals without a clipboard, and for what is too long for one.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::host;

/// The file's name; the next copy takes its place.
const NAME: &str = "copied.txt";

/// Writes it into the first of these folders that takes it; gives its place.
pub(super) fn write(folders: &[PathBuf], text: &str) -> io::Result<PathBuf> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for folder in folders {
        match write_into(folder, text) {
            Ok(path) => return Ok(path),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Beside its place first, so that nobody ever sees half of it, and nothing is written through a link.
fn write_into(folder: &Path, text: &str) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (path, begun) = (folder.join(NAME), folder.join(format!("{NAME}.{}", std::process::id())));
    let _ = fs::remove_file(&begun);
    let mut file = host::create_new_private(&begun)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&begun, &path));
    if written.is_err() {
        let _ = fs::remove_file(&begun);
    }
    written.map(|()| path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_private_takes_the_place_of_the_one_before_and_goes_where_it_can() {
        let home = tempfile::tempdir().unwrap();
        let blocked = home.path().join("file");
        fs::write(&blocked, "").unwrap();
        let folders = [blocked.join("riffle"), home.path().join("data")];
        let path = write(&folders, "first, and longer").unwrap();
        assert_eq!(write(&folders, "second\t\n").unwrap(), path);
        assert_eq!(path, home.path().join("data/copied.txt"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "second\t\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let other = home.path().join("other");
        fs::write(&other, "untouched").unwrap();
        std::os::unix::fs::symlink(&other, home.path().join(NAME)).unwrap();
        write(&[home.path().to_owned()], "copy").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
    }
}
