//! Keys that were pasted into the program: a file beside the configuration that only its owner can read. Each is kept with
//! the address it was tried at, and is never sent to another.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::load::read;
use super::secret::Secret;

const FILE_NAME: &str = "keys.toml";
const HEAD: &str = "# Keys pasted into riffle. Delete a table to forget its key.\n\n";

/// A key and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedKey {
    /// The only address it is sent to.
    pub base_url: String,
    /// The key.
    pub key: Secret,
}

/// The file of saved keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedKeys {
    path: PathBuf,
}

impl SavedKeys {
    /// The file beside this configuration file; it may not exist.
    #[must_use]
    pub fn beside(config_path: &Path) -> Self {
        Self { path: config_path.with_file_name(FILE_NAME) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys by provider; none where there is no file. The error is a sentence and quotes nothing of the file.
    pub fn read(&self) -> Result<BTreeMap<String, SavedKey>, String> {
        let place = self.path.display();
        let Some(text) = read(&self.path).map_err(|why| format!("{place}: {why}"))? else {
            return Ok(BTreeMap::new());
        };
        if !text.is_private {
            return Err(format!("{place}: others can read this file, so no key in it is used. Run: chmod 600 {place}"));
        }
        let table: toml::Table = text.text.parse().map_err(|_| format!("{place}: This is not a TOML file."))?;
        let word = |entry: &toml::Value, field: &str| Some(entry.get(field)?.as_str()?.to_owned());
        Ok(table
            .into_iter()
            .filter_map(|(name, entry)| {
                let saved = SavedKey { base_url: word(&entry, "base_url")?, key: Secret::new(word(&entry, "key")?) };
                Some((name, saved))
            })
            .collect())
    }

    /// Keeps a key beside those there are; whole or not at all. The error is a sentence.
    pub fn save(&self, provider: &str, saved: SavedKey) -> Result<(), String> {
        let mut keys = self.read()?;
        keys.insert(provider.to_owned(), saved);
        let entry = |saved: &SavedKey| {
            toml::Table::from_iter([
                ("base_url".to_owned(), saved.base_url.clone().into()),
                ("key".to_owned(), saved.key.expose().into()),
            ])
        };
        let table: toml::Table = keys.iter().map(|(name, saved)| (name.clone(), entry(saved).into())).collect();
        self.write(&format!("{HEAD}{table}")).map_err(|error| format!("{}: {error}.", self.path.display()))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = self.path.with_extension(format!("{}.new", std::process::id()));
        let written = create_private(&fresh).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let done = written.and_then(|()| fs::rename(&fresh, &self.path));
        if done.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        done
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::remove_file(path);
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Elsewhere the user's folder is private by its access list.
#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<fs::File> {
    fs::File::create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SavedKey {
        SavedKey { base_url: "https://h/v1".to_owned(), key: Secret::new(text.to_owned()) }
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_kept_beside_each_other_and_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = SavedKeys::beside(&folder.path().join("new/config.toml"));
        assert_eq!(keys.read(), Ok(BTreeMap::new()));
        keys.save("one", key("sk-CANARY \"1\"")).expect("saves");
        keys.save("two", key("sk-2")).expect("saves");
        keys.save("two", key("sk-3")).expect("saves");
        let known = keys.read().expect("reads");
        assert_eq!((known.len(), &known["one"], &known["two"]), (2, &key("sk-CANARY \"1\""), &key("sk-3")));
        assert_eq!(fs::metadata(keys.path()).expect("is there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o644)).expect("sets");
        assert!(keys.read().expect_err("is refused").contains("chmod 600"));
        assert!(keys.save("three", key("sk-4")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_file_is_neither_quoted_nor_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = SavedKeys::beside(&folder.path().join("config.toml"));
        fs::write(keys.path(), "one = sk-CANARY").expect("writes");
        fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o600)).expect("sets");
        assert!(!keys.save("two", key("sk-2")).expect_err("fails").contains("CANARY"));
        assert_eq!(fs::read_to_string(keys.path()).expect("reads"), "one = sk-CANARY");
    }
}
