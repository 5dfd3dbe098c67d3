//! The terminal: what it says of itself, and what multiplexers between it and riffle do to keys. Nothing is asked of the
//! terminal, since an answer would be typed into the shell.

use std::fs::File;
use std::io::IsTerminal;
use std::process::Stdio;
use std::time::Duration;

use super::finding::{Area, Group};
use crate::host::{child_environment, variable};
use crate::strings::doctor as words;

/// How long tmux may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Milliseconds after Esc that nobody notices.
const SHORT_MS: u64 = 50;
/// What is drawn needs so many columns and rows for all of its parts.
const ROOMY: (u16, u16) = (40, 10);
/// What is known about the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    term: String,
    colorterm: Option<String>,
    is_colourless: bool,
    locale: String,
    /// Columns and rows; `None` where stdout is no terminal.
    size: Option<(u16, u16)>,
    has_tty: bool,
    tmux: Option<Tmux>,
    is_in_screen: bool,
    is_in_zellij: bool,
}

/// What tmux says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tmux {
    /// How long it waits after Esc; `None` when it did not say.
    escape_ms: Option<u64>,
}

impl Seen {
    /// Looks at the environment and asks tmux.
    pub(super) async fn now() -> Self {
        let tmux = match variable("TMUX") {
            Some(_) => Some(Tmux { escape_ms: ask_tmux().await }),
            None => None,
        };
        Self {
            term: variable("TERM").unwrap_or_default(),
            colorterm: variable("COLORTERM"),
            is_colourless: variable("NO_COLOR").is_some(),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default(),
            size: size(),
            has_tty: File::open("/dev/tty").is_ok(),
            tmux,
            is_in_screen: variable("STY").is_some(),
            is_in_zellij: variable("ZELLIJ").is_some(),
        }
    }

    /// Whether marks outside ASCII can be shown.
    pub(super) fn has_unicode(&self) -> bool {
        let locale = self.locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    /// What there is to say about it.
    pub(super) fn findings(&self) -> Group {
        let mut group = Group::new(Area::Terminal, "terminal", words::TERMINAL);
        match self.size {
            None => {
                group.skipped("output", words::NO_TERMINAL);
            }
            Some(_) if !self.has_tty => {
                group.failed("output", words::NO_TTY, words::NO_TTY_FIX);
            }
            Some((columns, rows)) if columns < ROOMY.0 || rows < ROOMY.1 => {
                group.warning("output", words::size(columns, rows), words::SMALL_FIX);
            }
            Some((columns, rows)) => {
                group.ok("output", words::size(columns, rows));
            }
        }
        match self.term.as_str() {
            "" => group.warning("term", words::TERM_UNSET, words::TERM_FIX),
            "dumb" | "unknown" => group.warning("term", words::term_is(&self.term), words::TERM_FIX),
            term => group.ok("term", term),
        };
        group.ok("colours", words::colours(self.colorterm.as_deref(), self.is_colourless));
        if self.has_unicode() {
            group.ok("locale", &self.locale);
        } else {
            group.warning("locale", words::locale_is(&self.locale), words::LOCALE_FIX);
        }
        self.between(&mut group);
        group
    }

    /// What stands between the terminal and riffle.
    fn between(&self, group: &mut Group) {
        let is_own = self.term.starts_with("tmux") || self.term.starts_with("screen");
        if let Some(tmux) = &self.tmux {
            match tmux.escape_ms {
                None => group.skipped("tmux", words::TMUX_SILENT),
                Some(ms) if ms > SHORT_MS => group.warning("tmux", words::tmux_waits(ms), words::TMUX_WAIT_FIX),
                Some(ms) => group.ok("tmux", words::tmux_waits(ms)),
            };
            if !is_own {
                group.warning("tmux", words::inside(&self.term, "tmux"), words::TMUX_TERM_FIX);
            }
        } else if self.is_in_screen && !is_own {
            group.warning("screen", words::inside(&self.term, "screen"), words::SCREEN_TERM_FIX);
        }
        if self.is_in_zellij {
            group.warning("zellij", words::ZELLIJ_KEYS, words::ZELLIJ_FIX);
        }
    }
}

/// Columns and rows of the terminal that stdout is.
fn size() -> Option<(u16, u16)> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    Some((size.ws_col, size.ws_row))
}

async fn ask_tmux() -> Option<u64> {
    let run = tokio::process::Command::new("tmux")
        .args(["show-options", "-gv", "escape-time"])
        .env_clear()
        .envs(child_environment())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await.ok()?.ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    fn good() -> Seen {
        Seen {
            term: "xterm-256color".to_owned(),
            colorterm: Some("truecolor".to_owned()),
            locale: "C.UTF-8".to_owned(),
            size: Some((120, 36)),
            has_tty: true,
            ..Seen::default()
        }
    }

    /// Steps that are not well, with their words.
    fn told(seen: &Seen) -> Vec<(&'static str, Status, String)> {
        let bad = seen.findings().findings.into_iter().filter(|finding| finding.status != Status::Ok);
        bad.map(|one| (one.step, one.status, format!("{} {}", one.message, one.fix.unwrap_or_default()))).collect()
    }

    #[test]
    fn a_good_terminal_has_nothing_to_mend() {
        assert_eq!(told(&good()), []);
    }

    #[test]
    fn what_is_in_the_way_is_said_with_its_remedy() {
        let tmux = |escape_ms| Some(Tmux { escape_ms });
        for (seen, step, status, part) in [
            (Seen { size: None, ..good() }, "output", Status::Skipped, "no terminal"),
            (Seen { has_tty: false, ..good() }, "output", Status::Failed, "/dev/tty"),
            (Seen { size: Some((30, 9)), ..good() }, "output", Status::Warning, "30 columns, 9 rows"),
            (Seen { term: "dumb".to_owned(), ..good() }, "term", Status::Warning, "TERM is dumb"),
            (Seen { locale: "C".to_owned(), ..good() }, "locale", Status::Warning, "LANG=C.UTF-8"),
            (
                Seen { tmux: tmux(Some(500)), term: "tmux-256color".to_owned(), ..good() },
                "tmux",
                Status::Warning,
                "tmux waits 500 ms after Esc. Add: set -sg escape-time 10",
            ),
            (Seen { tmux: tmux(Some(10)), ..good() }, "tmux", Status::Warning, "default-terminal"),
            (Seen { is_in_screen: true, ..good() }, "screen", Status::Warning, "screen-256color"),
            (Seen { is_in_zellij: true, ..good() }, "zellij", Status::Warning, "Ctrl+X"),
        ] {
            let told = told(&seen);
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((told[0].0, told[0].1), (step, status));
            assert!(told[0].2.contains(part), "{told:?}");
        }
    }
}
