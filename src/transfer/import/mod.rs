//! Reads chats from files of other programs and our own. What a file is, is told by its content, in JSON chat by chat. What
//! cannot be read is told in a sentence and left out; it never costs the rest.

mod aichat;
pub(super) mod build;
mod chatgpt;
mod claude;
mod elements;
mod markdown;

use std::io::{self, BufRead, Read};

use serde_json::Value;
use thiserror::Error;

use self::elements::Part;
use super::json;
use super::markdown::MARK;
use crate::chat::SavedChat;
use crate::strings::history as strings;

/// Most bytes of a file that is text, and so read as a whole.
pub const MAX_TEXT: u64 = 256 * 1024 * 1024;
/// Most brackets that are open at once in YAML.
const MAX_YAML_DEPTH: usize = 1000;
/// How a `SQLite` file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What is known of a file besides its content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// Its name without the ending: formats without ids of their own tell chats apart by it.
    pub name: &'a str,
    /// When it was changed last, milliseconds since 1970 UTC: the time of what says none.
    pub time_ms: i64,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A chat.
    Chat(Box<SavedChat>),
    /// Something that was left out: a sentence that says what and why.
    LeftOut(String),
}

/// Whether brackets open that often that the parser of YAML, which looks at all open ones each time, would take minutes.
fn is_too_deep_for_yaml(text: &str) -> bool {
    let mut depth: usize = 0;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_YAML_DEPTH
    })
}

/// Why a file, or the rest of it, cannot be read.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It is empty.
    #[error("it is empty.")]
    Empty,
    /// It is packed.
    #[error("it is a ZIP archive. Unpack it and import the conversations.json in it.")]
    Zip,
    /// A database can only be opened by its path.
    #[error("it is a database. Name it by its path.")]
    Database,
    /// A database of something else.
    #[error("it is a database, but not one of `llm` (it has no table `responses`).")]
    OtherDatabase,
    /// The file in which riffle itself keeps chats.
    #[error(
        "it is a history of riffle. Write its chats with `riffle history export --all --format json --data-dir` and its folder, and import these."
    )]
    OwnDatabase,
    /// Neither JSON, YAML nor Markdown.
    #[error("it is no text.")]
    NoText,
    /// Broken JSON.
    #[error("it is not valid JSON from some place on.")]
    NoJson,
    /// The file lacks its end.
    #[error("it ends in the middle of a chat.")]
    CutOff,
    /// A text that does not fit into memory.
    #[error("it is larger than 256 MiB.")]
    TooLarge,
    /// Broken YAML.
    #[error("it is not valid YAML: {0}.")]
    Yaml(String),
    /// A later version of our own form.
    #[error("a newer riffle wrote it (version {0}). Update riffle to read it.")]
    Newer(u64),
    /// Reading failed.
    #[error("it cannot be read: {0}.")]
    Io(#[from] io::Error),
    /// The database says so.
    #[error("it cannot be read: {0}.")]
    Broken(String),
}

/// Whether a file that begins so is a database.
#[must_use]
pub fn is_database(start: &[u8]) -> bool {
    start.starts_with(SQLITE)
}

/// Reads chats one by one. An error is about the rest of the file; what was found before it counts.
pub fn read<R: BufRead>(mut input: R, origin: Origin<'_>, take: &mut dyn FnMut(Found)) -> Result<(), ImportError> {
    let start = input.fill_buf()?;
    if start.is_empty() {
        return Err(ImportError::Empty);
    }
    if is_database(start) {
        return Err(ImportError::Database);
    }
    if start.starts_with(b"PK\x03\x04") {
        return Err(ImportError::Zip);
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{')) || (matches!(first, Some(b'[')) && is_json_list(start)) {
        return read_json(input, take);
    }
    let mut bytes = Vec::new();
    let size = input.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    if size as u64 > MAX_TEXT {
        return Err(ImportError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| ImportError::NoText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.contains('\0') {
        return Err(ImportError::NoText);
    }
    if text.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    if !text.lines().any(|line| line.starts_with(MARK)) && aichat::is_one(text) {
        return aichat::read(text, origin, take);
    }
    markdown::read(text, origin, take);
    Ok(())
}

/// Whether this begins a list in JSON; a Markdown file may begin with a link.
fn is_json_list(start: &[u8]) -> bool {
    let mut signs = start.iter().filter(|byte| !byte.is_ascii_whitespace()).skip(1);
    matches!(signs.next(), None | Some(b'{' | b']' | b'[' | b'"' | b'0'..=b'9'))
}

fn read_json<R: BufRead>(input: R, take: &mut dyn FnMut(Found)) -> Result<(), ImportError> {
    let mut number = 0;
    elements::each(input, &mut |part| {
        match part {
            Part::Field(name, value) => {
                if name == "version" {
                    check_version(&value)?;
                }
            }
            Part::Element(bytes) => {
                number += 1;
                match serde_json::from_slice::<Value>(&bytes) {
                    Ok(value) => read_value(&value, number, take),
                    Err(error) => take(Found::LeftOut(strings::bad_chat("", number, &error.to_string()))),
                }
            }
            Part::TooLong => {
                number += 1;
                take(Found::LeftOut(strings::bad_chat("", number, strings::TOO_LONG)));
            }
        }
        Ok(())
    })
}

fn check_version(value: &[u8]) -> Result<(), ImportError> {
    match serde_json::from_slice::<u64>(value) {
        Ok(version) if version > json::VERSION => Err(ImportError::Newer(version)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn read_value(value: &Value, number: usize, take: &mut dyn FnMut(Found)) {
    let mut problems = Vec::new();
    let title = ["title", "name"].iter().find_map(|key| value[*key].as_str()).unwrap_or_default();
    let chat = if value["mapping"].is_object() {
        chatgpt::read(value, &mut problems)
    } else if value["chat_messages"].is_array() {
        claude::read(value, &mut problems)
    } else if value["messages"].is_array() {
        json::read(value, &mut problems)
    } else {
        Err(strings::UNKNOWN_SHAPE.to_owned())
    };
    for problem in problems {
        take(Found::LeftOut(problem));
    }
    match chat {
        Ok(chat) => take(Found::Chat(Box::new(chat))),
        Err(why) => take(Found::LeftOut(strings::bad_chat(title, number, &why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn found(bytes: &[u8], name: &str) -> (Vec<SavedChat>, Vec<String>, Option<String>) {
        let (mut chats, mut left_out) = (Vec::new(), Vec::new());
        let read = read(bytes, Origin { name, time_ms: 1000 }, &mut |found| match found {
            Found::Chat(chat) => chats.push(*chat),
            Found::LeftOut(sentence) => left_out.push(sentence),
        });
        (chats, left_out, read.err().map(|error| error.to_string()))
    }

    #[test]
    fn what_is_no_file_of_chats_is_told_in_a_sentence() {
        for (bytes, said) in [
            (&b""[..], "empty"),
            (b" \n", "empty"),
            (b"PK\x03\x04rest", "Unpack"),
            (b"SQLite format 3\0", "path"),
            (b"\x89PNG\xff", "no text"),
            (b"{\"format\":\"riffle-chats\",\"version\":2,\"chats\":[]}", "newer"),
            (b"[{\"a\":1}", "ends"),
        ] {
            let (chats, _, error) = found(bytes, "x");
            assert!(chats.is_empty() && error.as_ref().is_some_and(|error| error.contains(said)), "{error:?}");
        }
    }

    #[test]
    fn one_bad_chat_costs_only_itself() {
        let good = r#"{"id":"c","title":"t","messages":[{"id":"q","role":"user","text":"hi"}]}"#;
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        let text = format!("[{good}, {{\"title\":\"x\"}}, 12, {deep}, {{\"id\":\"d\" \"messages\"}}]");
        let (chats, left_out, error) = found(text.as_bytes(), "x");
        assert_eq!((chats.len(), left_out.len(), error), (1, 4, None), "{left_out:?}");
        assert!(left_out[0].starts_with("Chat 2, \u{201c}x\u{201d} was left out"), "{}", left_out[0]);
    }
}
