//! What `riffle doctor` says: what was found, then the next step.

#![expect(missing_docs, reason = "each says itself")]

use std::path::Path;

use super::{seconds, thousands};

pub mod provider;

pub const CONFIGURATION: &str = "Configuration";
pub const TERMINAL: &str = "Terminal";
pub const SAVED_CHATS: &str = "Saved chats";
pub const NOT_IN_USE: &str = "Not in use";

/// A check's name, from its word in `--json`.
#[must_use]
pub fn name_of(step: &'static str) -> &'static str {
    match step {
        "dns" => "DNS",
        "tcp" => "TCP",
        "tls" => "TLS",
        "http" => "HTTP",
        "term" => "TERM",
        "zellij" => "Zellij",
        other => other,
    }
}

/// `12 ms`, `1.4 s`.
#[must_use]
pub fn took(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { seconds(ms) }
}

/// The last line.
#[must_use]
pub fn sum(failed: usize, warnings: usize) -> String {
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let warned = count(warnings, "thing to know", "things to know");
    match (failed, warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, _) => format!("Nothing failed, {warned} (!)."),
        (_, 0) => format!("{} failed.", count(failed, "check", "checks")),
        _ => format!("{} failed, {warned} (!).", count(failed, "check", "checks")),
    }
}

/// A sentence without the numbers of the system's errors, such as ` (os error 111)`.
#[must_use]
pub fn without_number(sentence: &str) -> String {
    let mut parts = sentence.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or(part, |(_, rest)| rest))
}

/// The first letter made large, and a full stop.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

// Configuration.

pub const UNTIL_MENDED: &str = "Until this is mended, only what is built in and the environment hold.";

#[must_use]
pub fn file_read(path: &str) -> String {
    path.to_owned()
}

#[must_use]
pub fn file_absent(path: &str) -> String {
    format!("{path} is not there; the defaults hold")
}

#[must_use]
pub fn file_is_exposed(path: &str) -> String {
    format!("{path} holds keys, and others can read it.")
}

#[must_use]
pub fn run_fix(path: &str) -> String {
    format!("Run: riffle doctor --fix, or {}", chmod(path))
}

#[must_use]
pub fn chmod(path: &str) -> String {
    format!("chmod 600 {path}")
}

#[must_use]
pub fn file_made_private(path: &str) -> String {
    format!("{path} holds keys and others could read it. It is private now (chmod 600).")
}

#[must_use]
pub fn file_stays_exposed(path: &str, why: &str) -> String {
    format!("{path} holds keys, others can read it, and it could not be made private: {why}.")
}

// Terminal.

pub const NO_TERMINAL: &str = "no terminal: this goes to a pipe or a file";
pub const NO_TTY: &str = "/dev/tty cannot be opened; the full screen needs it.";
pub const NO_TTY_FIX: &str = "Start riffle from a shell of its own, over ssh with -t.";
pub const SMALL_FIX: &str = "From 40 columns and 10 rows on there is room for more than the chat and the prompt.";
pub const TERM_UNSET: &str = "TERM is not set.";
pub const TERM_FIX: &str = "Set it to what this terminal is, such as xterm-256color.";
pub const LOCALE_FIX: &str = "Set LANG=C.UTF-8, or icons = \"ascii\" under [ui].";
pub const TMUX_SILENT: &str = "did not say how long it waits after Esc";
pub const TMUX_WAIT_FIX: &str = "Add: set -sg escape-time 10";
pub const TMUX_TERM_FIX: &str = "Add: set -g default-terminal tmux-256color";
pub const SCREEN_TERM_FIX: &str = "Add to ~/.screenrc: term screen-256color";
pub const ZELLIJ_KEYS: &str = "Zellij takes Ctrl+P, N, S, T, O, G, H and Q before riffle sees them.";
pub const ZELLIJ_FIX: &str = "Use Ctrl+X and a letter instead.";

#[must_use]
pub fn size(columns: u16, rows: u16) -> String {
    format!("a terminal of {columns} columns, {rows} rows")
}

#[must_use]
pub fn term_is(term: &str) -> String {
    format!("TERM is {term}; keys and the screen may fail.")
}

#[must_use]
pub fn colours(colorterm: Option<&str>, is_colourless: bool) -> String {
    let said = colorterm.map(|said| format!(", COLORTERM is {said}")).unwrap_or_default();
    if is_colourless { format!("none, for NO_COLOR is set{said}") } else { format!("the terminal's own 16{said}") }
}

#[must_use]
pub fn locale_is(locale: &str) -> String {
    if locale.is_empty() {
        "LANG is not set, so that marks and letters may come out wrong.".to_owned()
    } else {
        format!("{locale} is not UTF-8, so that marks and letters may come out wrong.")
    }
}

#[must_use]
pub fn tmux_waits(ms: u64) -> String {
    format!("tmux waits {ms} ms after Esc.")
}

#[must_use]
pub fn inside(term: &str, multiplexer: &str) -> String {
    format!("TERM is {term} inside {multiplexer}, whose keys and colours are others.")
}

// Saved chats.

pub const CONTENT_WHOLE: &str = "SQLite finds nothing wrong in it";
pub const DAMAGED_FIX: &str =
    "Run: riffle history check --repair. It keeps the file and brings what can be read into a new one.";
pub const NEWER_FIX: &str = "Use a riffle as new as the one that wrote it; until then chats can be read, not saved.";
pub const FOLDER_FIX: &str = "Mend its permissions, or name another one with --data-dir.";
pub const CHATS_PRIVATE: &str = "only you can read it";
pub const NETWORK_FIX: &str = "Keep it on this machine: --data-dir or RIFFLE_DATA_DIR.";

#[must_use]
pub fn no_history(folder: &str) -> String {
    format!("none yet; the first question begins it in {folder}")
}

#[must_use]
pub fn history(path: &str, chats: u64, bytes: u64) -> String {
    let chats = if chats == 1 { "1 chat".to_owned() } else { format!("{} chats", thousands(chats)) };
    format!("{path}   {chats}   {}", size_of_file(bytes))
}

/// `640 KiB`, `1.5 MiB`.
fn size_of_file(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..0x10_0000 => format!("{} KiB", bytes / KIB),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0)),
        _ => format!("{:.1} GiB", bytes as f64 / (1024.0 * 1024.0 * 1024.0)),
    }
}

#[must_use]
pub fn newer_history(format: i64, known: i64) -> String {
    format!("A newer riffle wrote it (format {format}, this one knows {known}).")
}

#[must_use]
pub fn content_unchecked(seconds: u64) -> String {
    format!("not looked through to its end, which takes more than {seconds} s")
}

#[must_use]
pub fn content_damaged(problems: &[String]) -> String {
    let first = problems.first().map_or("", String::as_str);
    format!("It is damaged: {first}.")
}

#[must_use]
pub fn history_damaged(path: &str) -> String {
    format!("{path} cannot be read as a history: it is damaged.")
}

#[must_use]
pub fn history_unreadable(path: &str, why: &str) -> String {
    format!("{path} cannot be read: {why}.")
}

#[must_use]
pub fn no_folder(place: &str) -> String {
    format!("{place} is no folder, so that no chat can be saved.")
}

#[must_use]
pub fn folder_is_closed(folder: &str) -> String {
    format!("{folder} may not be written, so that no chat can be saved.")
}

#[must_use]
pub fn chats_exposed(path: &str) -> String {
    format!("others can read {path}.")
}

#[must_use]
pub fn close_folder(folder: &Path) -> String {
    format!("Run: chmod 700 {}", folder.display())
}

#[must_use]
pub fn on_network(name: &str) -> String {
    format!("It is on a network file system ({name}), on which two machines at once can damage it.")
}
