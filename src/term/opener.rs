//! Opens what a person picked with the system's own opener: addresses of pages and letters, folders, and files that are
//! only read. What an answer names never decides what runs, so nothing is opened that might be a program, and the opener is
//! given none of our environment but what a desktop needs.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::{NotOpened, OpenWish};
use crate::host;
use crate::ui::link::is_followable;

/// After this time an opener that still runs has opened it.
const PATIENCE: Duration = Duration::from_millis(1500);
/// All that the opener is given of the environment: no key is among it.
const VARIABLES: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_DESKTOP",
    "XDG_SESSION_TYPE",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "DESKTOP_SESSION",
    "KDE_FULL_SESSION",
    "KDE_SESSION_VERSION",
    "GNOME_DESKTOP_SESSION_ID",
    "BROWSER",
];
/// Files that no desktop runs.
const DOCUMENTS: [&str; 34] = [
    "pdf", "png", "jpg", "jpeg", "gif", "webp", "svg", "txt", "md", "log", "csv", "tsv", "json", "toml", "yaml", "yml",
    "xml", "rs", "c", "h", "cpp", "go", "java", "kt", "ts", "tsx", "css", "scss", "sql", "tex", "mp3", "mp4", "odt",
    "ods",
];

/// Opens it, on a thread that may block.
pub(super) fn open(wish: &OpenWish) -> Result<(), NotOpened> {
    if ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(|name| host::variable(name).is_some()) {
        return Err(NotOpened::Remote);
    }
    if !wish.is_path {
        // It was found to be followable when it got its letter.
        return if is_followable(&wish.target) { start(&wish.target) } else { Err(NotOpened::Failed) };
    }
    let home = host::variable("HOME").map(PathBuf::from);
    let path = resolve(&wish.target, home.as_deref()).ok_or(NotOpened::NoFile)?;
    if !is_only_read(&path) {
        return Err(NotOpened::NotOnlyRead);
    }
    start(&path.to_string_lossy())
}

/// The file or folder that is meant, with nothing behind its name that says a line.
fn resolve(written: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = |text: &str| match text.strip_prefix("~/") {
        Some(rest) => home.map(|home| home.join(rest)),
        None => Some(PathBuf::from(text)),
    };
    let without_line = written.split(':').next().unwrap_or_default();
    [written, without_line].into_iter().filter_map(path).find_map(|path| path.canonicalize().ok())
}

/// Whether it is a folder, or a file whose kind is only read and that may not be run.
fn is_only_read(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let Ok(known) = path.metadata() else { return false };
    if known.is_dir() {
        // On some systems a folder with an extension is a program.
        return extension.is_none();
    }
    let is_document = extension.is_some_and(|extension| DOCUMENTS.contains(&extension.as_str()));
    known.is_file() && is_document && known.permissions().mode() & 0o111 == 0
}

/// Tries the system's openers one after the other.
fn start(target: &str) -> Result<(), NotOpened> {
    let is_opened = open::commands(target).into_iter().any(|mut command| {
        prepare(&mut command);
        command.spawn().is_ok_and(has_opened)
    });
    if is_opened { Ok(()) } else { Err(NotOpened::Failed) }
}

fn prepare(command: &mut Command) {
    let kept = VARIABLES.into_iter().filter_map(|name| Some((name, host::variable(name)?)));
    command.env_clear().envs(kept).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
}

fn has_opened(mut child: Child) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(Duration::from_millis(10)),
            Err(_) => return false,
        }
    }
    // It is waited for, so that nothing of it is left.
    let _ = thread::Builder::new().name("opened".to_owned()).spawn(move || child.wait());
    true
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_folders_and_documents_are_opened() {
        let home = tempfile::tempdir().unwrap();
        let made = |name: &str, mode: u32| {
            let path = home.path().join(name);
            fs::write(&path, "x").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        assert!(is_only_read(&made("notes.MD", 0o644)));
        assert!(is_only_read(home.path()) || home.path().extension().is_some());
        for path in [made("run.md", 0o755), made("x.desktop", 0o644), made("x.sh", 0o644), made("x.html", 0o644)] {
            assert!(!is_only_read(&path), "{}", path.display());
        }
        let link = home.path().join("harmless.txt");
        std::os::unix::fs::symlink(made("x.command", 0o755), &link).unwrap();
        assert!(!is_only_read(&resolve(&link.to_string_lossy(), None).unwrap()));
    }

    #[test]
    fn a_path_is_found_at_home_and_without_its_line() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("main.rs");
        fs::write(&file, "x").unwrap();
        let file = file.canonicalize().unwrap();
        assert_eq!(resolve("~/main.rs:12:5", Some(home.path())), Some(file.clone()));
        assert_eq!(resolve(&format!("{}", file.display()), None), Some(file));
        assert_eq!(resolve("~/other.rs", Some(home.path())), None);
    }
}
