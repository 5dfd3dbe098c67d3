//! Chats that have all words, though no single message of them has: what a person remembers is the chat. Looked for only
//! where few messages have them all, and from the rarest word on, so that each further word is asked of few chats.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::find::{Chats, Order, count};
use super::hits;
use super::query::Query;
use crate::store::StoreError;

/// A word that so many messages have leads to no chat in particular.
const FREQUENT: usize = 2000;
/// Chats that are gone on with.
const CHATS: usize = 300;
/// Words that are looked for apart from each other.
const WORDS: usize = 6;

/// The chats besides the `known` ones, each with the newest message that has one of the words; `None` where only the title
/// has them.
pub(super) fn chats(
    connection: &Connection,
    query: &Query,
    known: &HashSet<i64>,
) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
    let mut words = Vec::new();
    for word in query.words_apart() {
        words.push((count(connection, &word, FREQUENT)?, word));
    }
    words.sort_by_key(|(count, _)| *count);
    let is_rare = words.first().is_some_and(|(count, _)| *count < FREQUENT);
    if !is_rare || !(2..=WORDS).contains(&words.len()) {
        return Ok(Vec::new());
    }
    let mut left: Option<HashSet<i64>> = None;
    let mut newest: HashMap<i64, i64> = HashMap::new();
    for (_, word) in &words {
        let mut chats = Chats::read(connection, word, Order::Time)?;
        if let Some(left) = &left {
            chats.keep(|chat| left.contains(&chat.seq));
        }
        let found = hits::hits(connection, word, &chats, CHATS)?;
        chats.keep(|chat| !known.contains(&chat.seq) && (chat.is_in_title || found.met.contains_key(&chat.seq)));
        for chat in &chats.list {
            if let Some(hit) = found.met.get(&chat.seq) {
                let message = newest.entry(chat.seq).or_default();
                *message = hit.newest.max(*message);
            }
        }
        left = Some(chats.list.iter().map(|chat| chat.seq).collect());
    }
    Ok(left.into_iter().flatten().map(|chat| (chat, newest.get(&chat).copied())).collect())
}
