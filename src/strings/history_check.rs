//! What `riffle history check` says.

#![expect(missing_docs, reason = "each says itself")]

use super::thousands;

pub const NONE_YET: &str = "There is no history yet; the first question begins it.";
pub const SOUND: &str = "Nothing is wrong with it.";
pub const REPAIR: &str = "Mend it with: riffle history check --repair";
pub const MENDED: &str = "Mended. Nothing is wrong with it now.";
pub const STEP_FILE: &str = "Reading every page of the history…";
pub const STEP_MESSAGES: &str = "Comparing chats and messages…";
pub const STEP_SEARCH: &str = "Comparing the search index…";
pub const STEP_COPY: &str = "Making a copy before anything is changed…";
pub const STEP_MEND: &str = "Mending…";

#[must_use]
pub fn counted(path: &str, chats: u64, messages: u64) -> String {
    format!("{path}: {}, {}", some(chats, "chat", "chats"), some(messages, "message", "messages"))
}

#[must_use]
pub fn unindexed(count: u64) -> String {
    let waiting = some(count, "message waits", "messages wait");
    format!("{waiting} for the search index, which goes on while riffle is open.")
}

#[must_use]
pub fn lying_beside(path: &str) -> String {
    format!("Kept beside it: {path}")
}

#[must_use]
pub fn older(found: i64) -> String {
    format!("An older riffle wrote it (format {found}). Start riffle once to bring it up to date, then check it again.")
}

#[must_use]
pub fn newer(found: i64, known: i64) -> String {
    format!("A newer riffle wrote it (format {found}, this one knows {known}). Check it with that one.")
}

#[must_use]
pub fn damage(first: &str) -> String {
    format!("The file is damaged: {first}. Mending keeps it as it is and brings what can be read into a new one.")
}

#[must_use]
pub fn search_damage(first: &str) -> String {
    format!("The search index is damaged: {first}. All chats are there; mending makes the index anew.")
}

#[must_use]
pub fn no_chat(count: u64) -> String {
    let (what, one) = (some(count, "message has", "messages have"), if count == 1 { "its" } else { "their" });
    format!("{what} lost {one} chat. Mending gives {one} place a new one.")
}

#[must_use]
pub fn no_message(count: u64) -> String {
    format!("{} lost the message. Mending gives it a chat named Recovered.", some(count, "part has", "parts have"))
}

#[must_use]
pub fn no_parent(count: u64) -> String {
    let what = some(count, "message follows one", "messages follow ones");
    format!("{what} that is lost; shown behind what was written before. Nothing needs to be done.")
}

#[must_use]
pub fn unfinished(count: u64) -> String {
    format!("{} as being written by a riffle that is gone.", some(count, "answer is noted", "answers are noted"))
}

#[must_use]
pub fn open_calls(count: u64) -> String {
    format!("{} no result of the tools it called.", some(count, "answer has", "answers have"))
}

#[must_use]
pub fn counts(count: u64) -> String {
    format!("{} a wrong number of messages in the list.", some(count, "chat has", "chats have"))
}

#[must_use]
pub fn not_searched(count: u64) -> String {
    format!("{} found by searching.", some(count, "message is not", "messages are not"))
}

#[must_use]
pub fn searched_in_vain(count: u64) -> String {
    format!("{} in the search index only.", some(count, "message is", "messages are"))
}

fn some(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}
