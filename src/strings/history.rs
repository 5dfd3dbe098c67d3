//! What is said about chats that are listed, written to files and read from them.

use std::path::Path;

/// A part of a file lacks what it needs.
#[must_use]
pub fn lacks(field: &str) -> String {
    format!("it has no `{field}`")
}

/// A part of a file holds something else than it should.
#[must_use]
pub fn wrong(field: &str) -> String {
    format!("its `{field}` cannot be read")
}

/// Two messages have the same id.
pub const REPEATED_ID: &str = "its id was there before";
/// Something else stands where an object should.
pub const NO_OBJECT: &str = "it is no object";
/// A chat in which nothing was said.
pub const NOTHING_SAID: &str = "nothing was said in it";
/// An object that is no chat of a known program.
pub const UNKNOWN_SHAPE: &str = "it is no chat of riffle, ChatGPT or Claude";
/// A part of a file that is larger than fits into memory.
pub const TOO_LONG: &str = "it is larger than 1 GiB";

/// A text with brackets in brackets in brackets.
pub const TOO_DEEP: &str = "it is nested too deeply";

/// How often a name is cut when it is named.
const NAME_CHARS: usize = 60;

fn named(title: &str) -> String {
    let title: String = title.chars().take(NAME_CHARS).collect();
    if title.is_empty() { "A chat without a title".to_owned() } else { format!("\u{201c}{title}\u{201d}") }
}

/// A message was left out.
#[must_use]
pub fn bad_message(title: &str, number: usize, why: &str) -> String {
    format!("{}: message {number} was left out: {why}.", named(title))
}

/// A chat was left out.
#[must_use]
pub fn bad_chat(title: &str, number: usize, why: &str) -> String {
    let name = if title.is_empty() { String::new() } else { format!(", {}", named(title)) };
    format!("Chat {number}{name} was left out: {why}.")
}

/// Above a question in a file.
pub const QUESTION: &str = "Question";
/// Above an answer in a file.
pub const ANSWER: &str = "Answer";
/// Above what a model thought.
pub const REASONING: &str = "Reasoning";
/// Above a call of a tool, before its name.
pub const CALL: &str = "Call of";
/// Above what a tool gave, before its name.
pub const RESULT: &str = "Result of";
/// Before a file's name.
pub const ATTACHED: &str = "Attached:";
/// In place of an image that is not fetched.
pub const IMAGE: &str = "image:";
/// Below an answer that a limit cut.
pub const LENGTH: &str = "Incomplete: the limit of the answer's length was reached.";
/// Below an answer that is being written.
pub const STREAMING: &str = "Incomplete: it was being written.";
/// Below an answer during which the program ended.
pub const INTERRUPTED: &str = "Interrupted.";
/// Below a stopped answer.
pub const STOPPED: &str = "Stopped.";
/// Below a failed answer, before the reason.
pub const FAILED: &str = "Failed.";
/// Bytes stand where a text should.
pub const NO_TEXT: &str = "it is no text";

/// After a chat that stands above the others.
pub const PINNED: &str = "pinned";
/// After a chat that is out of the way.
pub const ARCHIVED: &str = "archived";
/// There is no saved chat.
pub const NO_CHATS: &str = "No saved chats.";
/// A search met nothing.
pub const NOTHING_FOUND: &str = "Nothing found.";
/// A search met more than is shown.
pub const MORE_FOUND: &str = "There is more: --limit N shows more chats, a further word fewer.";
/// Several files cannot go to one place.
pub const NAME_A_FOLDER: &str = "several chats make several files. Name a folder with -o, or take --format json.";
/// Nothing is piped in.
pub const FROM_STDIN: &str = "Reading from the terminal; Ctrl+D ends it.";
/// A title without any letter.
pub const EMPTY_TITLE: &str = "the title is empty.";

/// A search met nothing, but another word would.
#[must_use]
pub fn nothing_but(word: &str) -> String {
    format!("Nothing found. Did you mean {word}?")
}

/// The search does not know everything yet.
#[must_use]
pub fn unindexed(messages: u64) -> String {
    format!("{messages} messages are not searched yet; they are once riffle has run for a while.")
}

/// A filter with a value that means nothing.
#[must_use]
pub fn unknown_filter(filter: &str) -> String {
    format!("{filter} is not understood. `riffle history list --help` shows the filters.")
}

/// No id begins so.
#[must_use]
pub fn unknown_id(id: &str) -> String {
    format!("no saved chat has the id {id}. `riffle history list` shows the ids.")
}

/// Several ids begin so.
#[must_use]
pub fn ambiguous_id(id: &str) -> String {
    format!("the ids of several chats begin with {id}. Give more of it.")
}

/// A folder cannot be made.
#[must_use]
pub fn no_folder(path: &Path) -> String {
    format!("the folder {} cannot be made", path.display())
}

/// A file cannot be written; the reason follows.
#[must_use]
pub fn cannot_write(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

/// A file cannot be read; the reason follows.
#[must_use]
pub fn cannot_read(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

/// A folder was named where a file is read.
#[must_use]
pub fn is_folder(path: &Path) -> String {
    format!("{} is a folder. Name the files in it.", path.display())
}

/// How many files were written.
#[must_use]
pub fn written(count: usize, folder: &Path) -> String {
    format!("{} in {}.", counted(count as u64, "file", "files"), folder.display())
}

/// A file, or the rest of it, was not read.
#[must_use]
pub fn file_broken(why: &str) -> String {
    format!("this file was not read to its end: {why}")
}

/// How far an import is.
#[must_use]
pub fn chats_read(chats: u64) -> String {
    format!("{} read", counted(chats, "chat", "chats"))
}

/// How far the search is behind.
#[must_use]
pub fn indexing(left: u64) -> String {
    format!("making {} searchable", counted(left, "message", "messages"))
}

/// Sentences that are not shown.
#[must_use]
pub fn more_left_out(count: usize) -> String {
    format!("... and {count} more.")
}

/// The sum of an import: chats that are new, that grew, that were there, and messages that are new.
#[must_use]
pub fn imported([new, grown, known, messages]: &[u64; 4], left_out: usize) -> String {
    let mut parts = vec![counted(*new, "new chat", "new chats")];
    if *grown > 0 {
        parts.push(format!("{grown} with something new"));
    }
    if *known > 0 {
        parts.push(format!("{known} as they were"));
    }
    parts.push(counted(*messages, "new message", "new messages"));
    if left_out > 0 {
        parts.push(format!("{left_out} left out"));
    }
    format!("{}.", parts.join(", "))
}

/// A chat has another title.
#[must_use]
pub fn renamed(before: &str, after: &str) -> String {
    format!("\u{201c}{before}\u{201d} is now \u{201c}{after}\u{201d}.")
}

/// A chat was deleted.
#[must_use]
pub fn deleted(title: &str, id: &str) -> String {
    format!("\u{201c}{title}\u{201d} is in the trash. `riffle history restore {id}` brings it back.")
}

/// A chat was deleted before.
#[must_use]
pub fn deleted_already(title: &str) -> String {
    format!("\u{201c}{title}\u{201d} is in the trash already.")
}

/// A chat is back.
#[must_use]
pub fn restored(title: &str) -> String {
    format!("\u{201c}{title}\u{201d} is back.")
}

/// A chat was never deleted.
#[must_use]
pub fn not_deleted(title: &str) -> String {
    format!("\u{201c}{title}\u{201d} is not in the trash.")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
/// A text in which nobody asks or answers.
pub const NO_SPEAKERS: &str = "there are no headings such as `## User` and `## Assistant` in it";
