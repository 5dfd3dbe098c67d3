//! Finds and reads the configuration file and the data folder. The only part of the configuration besides the probe that
//! touches files and the environment. Nothing is ever read from the working folder unless a person named it.

use std::env;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::file::RawFile;
use super::flags::Flags;
use super::report::{ConfigError, Problem, Source};
use super::saved_keys::SavedKeys;
use super::settings::Settings;
use super::theme::Themes;

/// Bytes of a configuration file at most.
const MAX_BYTES: u64 = 1024 * 1024;
/// The file's name in the configuration folder.
const FILE_NAME: &str = "config.toml";

/// The configuration of a run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The resolved settings.
    pub settings: Settings,
    /// Where saved chats are; it may not exist yet.
    pub data_dir: PathBuf,
    /// The configuration file; it may not exist.
    pub config_path: PathBuf,
    /// Keys that were pasted into the program.
    pub saved_keys: SavedKeys,
    /// Sentences for the person.
    pub warnings: Vec<String>,
}

/// A variable of the process; empty or not UTF-8 counts as unset.
#[must_use]
pub fn process_env(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where the configuration file is or would be.
pub fn config_path(flags: &Flags) -> Result<PathBuf, ConfigError> {
    match named(flags.config.as_deref(), "RIFFLE_CONFIG") {
        Some(path) => Ok(path),
        None => Ok(folders("--config FILE")?.config.join(FILE_NAME)),
    }
}

/// Where saved chats are or would be.
pub fn data_dir(flags: &Flags) -> Result<PathBuf, ConfigError> {
    match named(flags.data_dir.as_deref(), "RIFFLE_DATA_DIR") {
        Some(path) => Ok(path),
        None => Ok(folders("--data-dir DIR and --config FILE")?.data),
    }
}

/// Reads the configuration of this run. An error's text is the report; the exit code is 2.
pub fn load(flags: &Flags) -> Result<Loaded, ConfigError> {
    let config_path = config_path(flags)?;
    let data_dir = data_dir(flags)?;
    let is_named = named(flags.config.as_deref(), "RIFFLE_CONFIG").is_some();
    let (file, mut warnings) = match read(&config_path) {
        Ok(Some(read)) => parse(&config_path, &read)?,
        Ok(None) if is_named => return Err(not_readable(&config_path, "There is no such file.")),
        Ok(None) => (RawFile::default(), Vec::new()),
        Err(sentence) => return Err(not_readable(&config_path, &sentence)),
    };
    let (mut settings, more) = Settings::resolve(&file, &process_env, flags)?;
    warnings.extend(more);
    let (themes, more) =
        Themes::find(file.theme.as_ref(), &file.source, config_path.parent().unwrap_or(Path::new("/")))?;
    settings.themes = themes;
    warnings.extend(more);
    let saved_keys = SavedKeys::beside(&config_path);
    match saved_keys.read() {
        Ok(keys) => settings.use_saved_keys(&keys),
        Err(sentence) => warnings.push(sentence),
    }
    Ok(Loaded { settings, data_dir, config_path, saved_keys, warnings })
}

/// The path of an option, else of a variable, made absolute.
fn named(option: Option<&Path>, variable: &str) -> Option<PathBuf> {
    let path = match option {
        Some(path) => path.to_owned(),
        None => PathBuf::from(env::var_os(variable).filter(|value| !value.is_empty())?),
    };
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// Where the platform keeps configuration and data. A relative HOME counts from the working folder.
struct Folders {
    config: PathBuf,
    data: PathBuf,
}

fn folders(instead: &str) -> Result<Folders, ConfigError> {
    let found = ProjectDirs::from("", "", "riffle").and_then(|folders| {
        Some(Folders {
            config: std::path::absolute(folders.config_dir()).ok()?,
            data: std::path::absolute(folders.data_dir()).ok()?,
        })
    });
    found.ok_or_else(|| {
        let home = env::var("HOME").unwrap_or_default();
        ConfigError::sentence(format!("HOME is {home:?}, where nothing can be kept. Set it, or give {instead}."))
    })
}

pub(super) struct Text {
    pub(super) text: String,
    pub(super) is_private: bool,
}

/// The text of a regular file; `None` where there is none. The checks are made on the open file, and opening a pipe does
/// not wait for its writer.
pub(super) fn read(path: &Path) -> Result<Option<Text>, String> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("It cannot be read: {error}.")),
    };
    let metadata = file.metadata().map_err(|error| format!("It cannot be read: {error}."))?;
    if metadata.is_dir() {
        return Err("This is a folder.".to_owned());
    }
    if !metadata.is_file() {
        return Err("This is not a regular file.".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("It cannot be read: {error}."))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("The file is larger than 1 MiB.".to_owned());
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("The file is in UTF-16; save it as UTF-8.".to_owned());
    }
    let is_private = is_private(&metadata);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Text { text, is_private })),
        Err(error) => Err(format!("The file is not UTF-8 text (byte {}).", error.utf8_error().valid_up_to() + 1)),
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode().trailing_zeros() >= 6
}

/// Elsewhere the user's folder is private by its access list.
#[cfg(not(unix))]
fn is_private(_metadata: &Metadata) -> bool {
    true
}

fn parse(path: &Path, read: &Text) -> Result<(RawFile, Vec<String>), ConfigError> {
    let name = path.display().to_string();
    let mut file =
        RawFile::parse(&name, &read.text).map_err(|(source, problems)| ConfigError::of(&problems, &source))?;
    file.folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    let mut warnings = Vec::new();
    if !read.is_private {
        for secret in file.withhold_keys() {
            warnings.push(format!(
                "{name}: others can read this file, so the {secret} in it is not used. Run: chmod 600 {name}"
            ));
        }
    }
    Ok((file, warnings))
}

fn not_readable(path: &Path, sentence: &str) -> ConfigError {
    let source = Source { name: path.display().to_string(), text: String::new() };
    let place = Problem::new(0..0, sentence).one_line(&source);
    ConfigError::sentence(format!("{place} Expected a TOML file of at most 1 MiB."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(folder: &Path, name: &str) -> Flags {
        Flags { config: Some(folder.join(name)), data_dir: Some(folder.to_owned()), ..Flags::default() }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_in_a_file_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[providers.mine]\nbase_url = \"http://localhost:9/v1\"\napi_key = \"sk-CANARY-0644\"\n")
            .expect("writes");
        let loaded_with = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("sets");
            load(&flags(folder.path(), "c.toml")).expect("loads")
        };
        let open = loaded_with(0o644);
        assert_eq!(open.warnings.len(), 1);
        assert!(open.settings.providers["mine"].missing.is_some());
        assert!(!format!("{open:?}").contains("CANARY"));
        let private = loaded_with(0o600);
        assert_eq!((private.warnings, private.settings.providers["mine"].missing.clone()), (vec![], None));
    }

    #[test]
    fn a_named_file_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = load(&flags(folder.path(), "none.toml")).expect_err("fails");
        let place = folder.path().join("none.toml");
        let expected =
            format!("{}:1:1: There is no such file. Expected a TOML file of at most 1 MiB.", place.display());
        assert_eq!(error.to_string(), expected);
    }
}
