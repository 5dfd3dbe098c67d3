//! The configuration as far as it can be read, and which of its files give keys away. A broken file does not keep the
//! rest from being checked: what is built in and what the environment says holds then.

use std::path::{Path, PathBuf};

use super::finding::{Area, Group};
use crate::config::exposed::{config_is_exposed, keys_are_exposed, make_private};
use crate::config::file::RawFile;
use crate::config::flags::Flags;
use crate::config::load::{config_path, data_dir, load, process_env};
use crate::config::report::ConfigError;
use crate::config::saved_keys::SavedKeys;
use crate::config::settings::Settings;
use crate::host::short_path;
use crate::strings::doctor as words;

/// Whether files with keys are made private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mending {
    /// They are only reported.
    No,
    /// They are made private.
    Private,
}

/// The configuration, as far as it holds.
pub(super) struct Configured {
    pub(super) group: Group,
    pub(super) settings: Settings,
    pub(super) data_dir: PathBuf,
    /// The file cannot be used, and what stands in it is not known.
    pub(super) is_broken: bool,
}

/// Looks at it. The error is wrong usage: an option that nobody can follow.
pub(super) fn check(flags: &Flags, mending: Mending) -> Result<Configured, ConfigError> {
    let path = config_path(flags)?;
    let data_dir = data_dir(flags)?;
    // First, so that a key that is private from now on is used.
    let exposed = secure(&path, mending);
    let mut group = Group::new(Area::Configuration, path.display().to_string(), words::CONFIGURATION);
    let (settings, is_broken) = match load(flags) {
        Ok(loaded) => {
            let shown = short_path(&path);
            group.ok("file", if path.exists() { words::file_read(&shown) } else { words::file_absent(&shown) });
            let is_said = |warning: &String| exposed.iter().any(|file| warning.ends_with(&words::chmod(&file.place)));
            for warning in loaded.warnings.iter().filter(|warning| !is_said(warning)) {
                group.warning("setting", warning, "");
            }
            (loaded.settings, false)
        }
        Err(error) => {
            let only_places =
                Flags { config: flags.config.clone(), data_dir: flags.data_dir.clone(), ..Flags::default() };
            if load(&only_places).is_ok() {
                return Err(error);
            }
            for report in &error.reports {
                group.failed("file", report, words::UNTIL_MENDED);
            }
            (without_file(flags, &path)?, true)
        }
    };
    for file in &exposed {
        match &file.mended {
            None => group.failed("private", words::file_is_exposed(&file.shown), &words::run_fix(&file.place)),
            Some(Ok(())) => group.ok("private", words::file_made_private(&file.shown)),
            Some(Err(why)) => {
                group.failed("private", words::file_stays_exposed(&file.shown, why), &words::chmod(&file.place))
            }
        };
    }
    Ok(Configured { group, settings, data_dir, is_broken })
}

/// A file that gives keys away.
struct Exposed {
    place: String,
    shown: String,
    /// What became of making it private, if that was tried.
    mended: Option<Result<(), String>>,
}

/// Finds the files that give keys away, and makes them private if asked to.
fn secure(path: &Path, mending: Mending) -> Vec<Exposed> {
    let keys = SavedKeys::beside(path).path().to_owned();
    let found = [config_is_exposed(path).then_some(path), keys_are_exposed(&keys).then_some(keys.as_path())];
    let mend = |file: &Path| make_private(file).map_err(|error| words::without_number(&error.to_string()));
    let exposed = |file: &Path| Exposed {
        place: file.display().to_string(),
        shown: short_path(file),
        mended: (mending == Mending::Private).then(|| mend(file)),
    };
    found.into_iter().flatten().map(exposed).collect()
}

/// What holds without the file: options, keys in the environment, saved keys.
fn without_file(flags: &Flags, path: &Path) -> Result<Settings, ConfigError> {
    let environment = |name: &str| process_env(name).filter(|_| !name.starts_with("RIFFLE_"));
    let resolve = |flags: &Flags| Settings::resolve(&RawFile::default(), &environment, flags);
    // A provider that is named may be one of the file.
    let nobody = Flags { provider: None, ..flags.clone() };
    let (mut settings, _) = resolve(flags).or_else(|_| resolve(&nobody))?;
    if let Ok(keys) = SavedKeys::beside(path).read() {
        settings.use_saved_keys(&keys);
    }
    Ok(settings)
}
