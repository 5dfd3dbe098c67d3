//! Keys that were pasted into the program: kept in the system's keyring, or where there is none in a file beside the
//! configuration that only its owner can read. The file says in either case to which address a key belongs; it is never
//! sent to another.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::keyring::Keyring;
use super::load::read;
use super::secret::Secret;

const FILE_NAME: &str = "keys.toml";
const HEAD: &str = "# Keys pasted into riffle. Delete a table to forget its key.\n\n";

/// A key and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedKey {
    /// The only address it is sent to.
    pub base_url: String,
    /// Where it is.
    pub place: SavedPlace,
}

/// Where a pasted key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedPlace {
    /// In the file itself.
    File(Secret),
    /// In the keyring, under [`keyring_name`].
    Keyring,
}

/// The name under which a pasted key is kept in the keyring: it holds the one address that the key may go to.
#[must_use]
pub fn keyring_name(provider: &str, base_url: &str) -> String {
    format!("{provider}@{base_url}")
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
                let is_in_keyring = entry.get("keyring").and_then(toml::Value::as_bool) == Some(true);
                let place = match word(&entry, "key") {
                    Some(key) => SavedPlace::File(Secret::new(key)),
                    None if is_in_keyring => SavedPlace::Keyring,
                    None => return None,
                };
                Some((name, SavedKey { base_url: word(&entry, "base_url")?, place }))
            })
            .collect())
    }

    /// Keeps a key for this address: in the keyring, else in the file, beside those there are; whole or not at all. The
    /// error is a sentence.
    pub fn keep(
        &self,
        provider: &str,
        base_url: &str,
        key: &Secret,
        keyring: &dyn Keyring,
    ) -> Result<SavedPlace, String> {
        let mut keys = self.read()?;
        let is_kept = keyring.is_there() && keyring.keep(&keyring_name(provider, base_url), key).is_ok();
        let place = if is_kept { SavedPlace::Keyring } else { SavedPlace::File(key.clone()) };
        keys.insert(provider.to_owned(), SavedKey { base_url: base_url.to_owned(), place: place.clone() });
        let entry = |saved: &SavedKey| {
            let place = match &saved.place {
                SavedPlace::File(key) => ("key".to_owned(), key.expose().into()),
                SavedPlace::Keyring => ("keyring".to_owned(), true.into()),
            };
            toml::Table::from_iter([("base_url".to_owned(), saved.base_url.clone().into()), place])
        };
        let table: toml::Table = keys.iter().map(|(name, saved)| (name.clone(), entry(saved).into())).collect();
        self.write(&format!("{HEAD}{table}")).map_err(|error| format!("{}: {error}.", self.path.display()))?;
        Ok(place)
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

    const HOST: &str = "https://h/v1";

    /// A keyring in memory, or one that does not answer.
    #[derive(Default)]
    struct Fake {
        is_missing: bool,
        kept: std::sync::Mutex<BTreeMap<String, Secret>>,
    }

    impl Keyring for Fake {
        fn is_there(&self) -> bool {
            !self.is_missing
        }

        fn read(&self, name: &str) -> Result<Option<Secret>, String> {
            Ok(self.kept.lock().expect("is there").get(name).cloned())
        }

        fn keep(&self, name: &str, secret: &Secret) -> Result<(), String> {
            self.kept.lock().expect("is there").insert(name.to_owned(), secret.clone());
            Ok(())
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn in_file(text: &str) -> SavedKey {
        SavedKey { base_url: HOST.to_owned(), place: SavedPlace::File(secret(text)) }
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_kept_beside_each_other_and_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let none = Fake { is_missing: true, ..Fake::default() };
        let keys = SavedKeys::beside(&folder.path().join("new/config.toml"));
        assert_eq!(keys.read(), Ok(BTreeMap::new()));
        for (name, key) in [("one", "sk-CANARY \"1\""), ("two", "sk-2"), ("two", "sk-3")] {
            keys.keep(name, HOST, &secret(key), &none).expect("keeps");
        }
        let known = keys.read().expect("reads");
        assert_eq!((known.len(), &known["one"], &known["two"]), (2, &in_file("sk-CANARY \"1\""), &in_file("sk-3")));
        assert_eq!(fs::metadata(keys.path()).expect("is there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o644)).expect("sets");
        assert!(keys.read().expect_err("is refused").contains("chmod 600"));
        assert!(keys.keep("three", HOST, &secret("sk-4"), &none).is_err());
    }

    #[test]
    fn a_key_in_the_keyring_is_not_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let keyring = Fake::default();
        let keys = SavedKeys::beside(&folder.path().join("config.toml"));
        keys.keep("one", HOST, &secret("sk-CANARY"), &keyring).expect("keeps");
        assert_eq!(keyring.read(&keyring_name("one", HOST)), Ok(Some(secret("sk-CANARY"))));
        assert_eq!(keyring.read(&keyring_name("one", "https://other/v1")), Ok(None));
        assert!(!fs::read_to_string(keys.path()).expect("reads").contains("CANARY"));
        let known = keys.read().expect("reads");
        assert_eq!(known["one"], SavedKey { base_url: HOST.to_owned(), place: SavedPlace::Keyring });
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_file_is_neither_quoted_nor_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = SavedKeys::beside(&folder.path().join("config.toml"));
        fs::write(keys.path(), "one = sk-CANARY").expect("writes");
        fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o600)).expect("sets");
        let refused = keys.keep("two", HOST, &secret("sk-2"), &Fake::default()).expect_err("fails");
        assert!(!refused.contains("CANARY"));
        assert_eq!(fs::read_to_string(keys.path()).expect("reads"), "one = sk-CANARY");
    }
}
