//! Copies for the person. They go to the desktop's clipboard where there is one, to tmux from within it, else through the
//! terminal (OSC 52), and into a private file where none of these can work. Which way was taken is told, for a person
//! cannot see it. What may block is asked on a thread of its own.

mod file;
mod helper;
mod osc52;

use std::path::PathBuf;
use std::time::Duration;

use crate::app::{CopyWay, CopyWish};
use helper::Helper;
use osc52::MAX_BYTES;

/// A clipboard that has not answered by then never does.
const PATIENCE: Duration = Duration::from_millis(800);

/// Where the program runs, as far as it matters for copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The desktop's own clipboard is this person's.
    has_desktop: bool,
    /// Inside of tmux, which keeps copies of its own and hands them to its terminal.
    is_in_tmux: bool,
    /// How the terminal is told.
    terminal: TerminalWay,
}

/// How a copy goes through the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TerminalWay {
    /// Not at all.
    None,
    /// As the sequence itself.
    Plain,
    /// Handed through GNU screen.
    Screen,
}

impl Place {
    /// Where these variables say it is.
    pub(super) fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let has = |name: &str| variable(name).is_some();
        let is_remote = has("SSH_CONNECTION") || has("SSH_TTY") || has("SSH_CLIENT");
        let has_screen = cfg!(any(target_os = "macos", windows)) || has("WAYLAND_DISPLAY") || has("DISPLAY");
        let is_plain = matches!(variable("TERM").as_deref(), None | Some("dumb" | "linux" | "unknown"));
        // Neither of them takes it; where they run, the desktop does.
        let is_deaf = variable("TERM_PROGRAM").is_some_and(|name| name == "Apple_Terminal") || has("VTE_VERSION");
        let is_in_tmux = has("TMUX");
        let terminal = match () {
            // What stands around tmux is tmux's business.
            () if is_in_tmux => TerminalWay::Plain,
            () if is_plain || is_deaf => TerminalWay::None,
            () if has("STY") => TerminalWay::Screen,
            () => TerminalWay::Plain,
        };
        let has_desktop = cfg!(feature = "clipboard-native") && has_screen && !is_remote;
        Self { has_desktop, is_in_tmux, terminal }
    }
}

/// Copies.
pub(super) struct Clipboard {
    place: Place,
    helper: Option<Helper>,
    folders: Vec<PathBuf>,
}

/// What is still to be done for a copy.
pub(super) enum Next {
    /// These bytes go to the terminal, between two frames.
    Write(Vec<u8>),
    /// It goes into a file.
    File,
}

impl Clipboard {
    /// A clipboard of this place; files go into the first of these folders that takes one.
    pub(super) fn new(place: Place, folders: Vec<PathBuf>) -> Self {
        Self { place, helper: None, folders }
    }

    /// Asks the desktop and tmux, where there are any. `done` is called with the way that worked, from a task; `false`
    /// when there is nobody to ask.
    pub(super) fn ask(&mut self, text: &str, done: impl FnOnce(Option<CopyWay>) + Send + 'static) -> bool {
        if !self.place.has_desktop && !self.place.is_in_tmux {
            return false;
        }
        if self.helper.is_none() {
            self.helper = Helper::start(self.place.has_desktop, self.place.is_in_tmux);
        }
        let Some(answer) = self.helper.as_ref().and_then(|helper| helper.copy(text.to_owned())) else { return false };
        tokio::spawn(async move {
            let way = tokio::time::timeout(PATIENCE, answer).await;
            done(way.ok().and_then(Result::ok).flatten());
        });
        true
    }

    /// The way that is left after those who were asked did not take it.
    pub(super) fn next(&self, text: &str) -> Next {
        if text.len() > MAX_BYTES {
            return Next::File;
        }
        match self.place.terminal {
            TerminalWay::None => Next::File,
            TerminalWay::Plain => Next::Write(osc52::sequence(text)),
            TerminalWay::Screen => Next::Write(osc52::through_screen(text)),
        }
    }

    /// Writes it into a file, on a thread that may block, and tells how that went; the error is words without a full
    /// stop. A private chat is written nowhere.
    pub(super) fn to_file(&self, wish: &CopyWish, done: impl FnOnce(Result<CopyWay, String>) + Send + 'static) {
        if wish.is_private {
            done(Err(crate::strings::copying::NO_FILE_PRIVATE.to_owned()));
            return;
        }
        let is_too_long = self.place.terminal != TerminalWay::None;
        let (folders, text) = (self.folders.clone(), wish.text.clone());
        tokio::task::spawn_blocking(move || {
            let written = file::write(&folders, &text).map_err(|error| error.to_string());
            done(written.map(|path| CopyWay::File { path: crate::host::short_path(&path), is_too_long }));
        });
    }

    /// Lets the desktop take over what was copied, for a moment.
    pub(super) fn close(self) {
        if let Some(helper) = self.helper {
            helper.close();
        }
    }
}

/// The folders for copies: one that goes with the login, else the data folder.
pub(super) fn folders(variable: &dyn Fn(&str) -> Option<String>, data_dir: PathBuf) -> Vec<PathBuf> {
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.map(|path| path.join("riffle")).into_iter().chain([data_dir]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Place {
        Place::of(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_desktop_is_asked_where_it_is_the_persons_own() {
        let native = cfg!(feature = "clipboard-native");
        assert_eq!(place(&[("TERM", "xterm"), ("DISPLAY", ":0")]).has_desktop, native);
        assert_eq!(place(&[("TERM", "foot"), ("WAYLAND_DISPLAY", "wayland-0")]).has_desktop, native);
        assert!(
            !place(&[("TERM", "xterm"), ("DISPLAY", "localhost:10.0"), ("SSH_CONNECTION", "a 1 b 22")]).has_desktop
        );
        if cfg!(target_os = "linux") {
            assert!(!place(&[("TERM", "xterm")]).has_desktop);
        }
    }

    #[test]
    fn the_terminal_is_told_in_the_way_it_hears() {
        assert_eq!(place(&[("TERM", "xterm-kitty")]).terminal, TerminalWay::Plain);
        assert_eq!(place(&[("TERM", "screen"), ("STY", "1.pts")]).terminal, TerminalWay::Screen);
        for deaf in [
            &[][..],
            &[("TERM", "dumb")],
            &[("TERM", "linux")],
            &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")],
            &[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")],
        ] {
            assert_eq!(place(deaf).terminal, TerminalWay::None, "{deaf:?}");
        }
        let tmux = place(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/s,1,0"), ("TERM_PROGRAM", "tmux")]);
        assert!(tmux.is_in_tmux && tmux.terminal == TerminalWay::Plain);
    }

    #[test]
    fn what_a_terminal_would_cut_goes_into_a_file() {
        let place = Place { has_desktop: false, is_in_tmux: false, terminal: TerminalWay::Plain };
        let clipboard = Clipboard::new(place, Vec::new());
        assert!(matches!(clipboard.next(&"a".repeat(MAX_BYTES)), Next::Write(_)));
        assert!(matches!(clipboard.next(&"a".repeat(MAX_BYTES + 1)), Next::File));
    }
}
