//! Which messages a query meets, the newest first, until enough chats are met. The index gives them in order, so that a
//! word of nearly every message costs no more than a rare one. Three questions it answers slowly, and these are asked
//! otherwise: a short beginning of a word (it would gather all that begins so), a frequent word in few chats (it would
//! walk through those of all others).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use rusqlite::Connection;

use super::find::{Chat, Chats};
use super::index::searched;
use super::query::Query;
use crate::store::StoreError;
use crate::store::schema::{first_number, time_of};

/// In a history of fewer messages the index is quick whatever is asked.
const LARGE: u64 = 20_000;
/// Hits between two looks at how many of them are in chats that count.
const VISITS: usize = 4000;
/// Messages that are read for a short beginning of a word before the index is asked after all, and how many of them it
/// takes to see that this will be so.
const READ: usize = 1500;
const TRIAL: usize = 150;
/// Messages that are read although a newer one of their chat is known to be met, only to count them.
const COUNTED: usize = 400;
/// Numbers between two messages of a chat that are looked for at once: twelve hours.
const GAP: i64 = 3 * 3600;
/// Chats that are asked for one by one.
const ASKED: usize = 320;
/// Messages of each of them that are read before.
const GLANCE: usize = 3;
/// Stretches of one chat in which hits are only counted.
const STRETCHES: usize = 64;

/// What of a chat was met.
#[derive(Clone, Copy)]
pub(super) struct ChatHits {
    /// The newest message.
    pub newest: i64,
    /// Messages.
    pub count: usize,
}

impl ChatHits {
    /// When the newest was said, milliseconds since 1970 UTC.
    pub(super) fn time_ms(self) -> i64 {
        time_of(self.newest)
    }
}

/// What was met.
#[derive(Clone, Default)]
pub(super) struct Hits {
    /// By the chats' numbers.
    pub met: HashMap<i64, ChatHits>,
    /// Messages.
    pub count: usize,
    /// There may be more.
    pub is_more: bool,
}

impl Hits {
    fn take(&mut self, message: i64, chat: i64) {
        let hits = self.met.entry(chat).or_insert(ChatHits { newest: message, count: 0 });
        hits.newest = hits.newest.max(message);
        hits.count += 1;
        self.count += 1;
    }
}

/// The newest hits of at least `limit` of these chats, or all there are.
pub(super) fn hits(connection: &Connection, query: &Query, chats: &Chats, limit: usize) -> Result<Hits, StoreError> {
    let Some(expression) = query.expression() else { return Ok(Hits::default()) };
    let search =
        Search { connection, query, chats, limit: limit.max(1), since: query.since_ms.map_or(0, first_number) };
    if query.has_short_prefix() && chats.messages >= LARGE {
        let found = match query.expression_without_short_prefixes() {
            Some(rest) => search.read_hits_of(&rest)?,
            None => search.read_chats()?,
        };
        if let Some(hits) = found {
            return Ok(hits);
        }
    }
    search.walk(&expression)
}

/// The order of those that hits walk through, with the chat of each.
const WALK: &str = "select search.rowid, message.chat from search
     cross join message indexed by message_place on message.seq = search.rowid
     where search match ?1 and search.rowid >= ?2 order by search.rowid desc";

struct Search<'a> {
    connection: &'a Connection,
    query: &'a Query,
    chats: &'a Chats,
    limit: usize,
    /// The first number that counts.
    since: i64,
}

impl Search<'_> {
    /// Goes through the hits of the index.
    fn walk(&self, expression: &str) -> Result<Hits, StoreError> {
        let mut hits = Hits::default();
        let mut statement = self.connection.prepare_cached(WALK)?;
        let mut rows = statement.query((expression, self.since))?;
        let mut visits = 0;
        while let Some(row) = rows.next()? {
            let (message, chat): (i64, i64) = (row.get(0)?, row.get(1)?);
            visits += 1;
            if self.chats.get(chat).is_some() {
                if hits.met.len() == self.limit && !hits.met.contains_key(&chat) {
                    hits.is_more = true;
                    return Ok(hits);
                }
                hits.take(message, chat);
            }
            if visits == VISITS
                && hits.count * 2 < visits
                && let Some(found) = self.walk_in_chats(expression, message, &hits)?
            {
                return Ok(found);
            }
        }
        Ok(hits)
    }

    /// Goes on with numbers below this one, chat by chat: where few chats count, the hits of all others are passed by. `None`
    /// when it takes too many of them.
    fn walk_in_chats(&self, expression: &str, below: i64, known: &Hits) -> Result<Option<Hits>, StoreError> {
        let mut hits = known.clone();
        let mut newest = Newest::new(self.limit);
        for known in hits.met.values() {
            newest.push(known.newest);
        }
        let mut asked = 0;
        for chat in self.newest_chats() {
            if newest.is_settled(chat) {
                hits.is_more = true;
                return Ok(Some(hits));
            }
            if hits.met.contains_key(&chat.seq) {
                continue;
            }
            asked += 1;
            if asked > ASKED {
                return Ok(None);
            }
            let seqs = self.messages_of(chat, below)?;
            // What is frequent is found sooner by reading than by asking.
            let (first, rest) = seqs.split_at(seqs.len().min(GLANCE));
            if let Some(message) = self.first_met(first)? {
                hits.take(message, chat.seq);
                newest.push(message);
                continue;
            }
            for stretch in stretches(rest) {
                if let Some(message) = self.hits_in(expression, stretch, 1)?.first() {
                    hits.take(*message, chat.seq);
                    newest.push(*message);
                    break;
                }
            }
        }
        // These are all: what is left is to count.
        let met: Vec<(i64, ChatHits)> = hits.met.iter().map(|(chat, hits)| (*chat, *hits)).collect();
        for (seq, known) in met {
            let Some(chat) = self.chats.get(seq) else { continue };
            let seqs = self.messages_of(chat, below.min(known.newest))?;
            hits.is_more |= stretches(&seqs).nth(STRETCHES).is_some();
            for stretch in stretches(&seqs).take(STRETCHES) {
                for message in self.hits_in(expression, stretch, usize::MAX)? {
                    hits.take(message, seq);
                }
            }
        }
        Ok(Some(hits))
    }

    /// The first of these messages that is met, by reading them.
    fn first_met(&self, messages: &[i64]) -> Result<Option<i64>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("select role, body from message where seq = ?1 and state <> 'streaming'")?;
        for message in messages {
            let mut rows = statement.query([message])?;
            let Some(row) = rows.next()? else { continue };
            let (Ok(role), Ok(body)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str()) else { continue };
            if self.query.is_met_by(role, searched(role, body)) {
                return Ok(Some(*message));
            }
        }
        Ok(None)
    }

    /// The messages of a chat with numbers below this one, the newest first.
    fn messages_of(&self, chat: &Chat, below: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("select seq from message where chat = ?1 and seq >= ?2 and seq < ?3 order by seq desc")?;
        let seqs = statement.query_map([chat.seq, self.since, below], |row| row.get(0))?;
        Ok(seqs.collect::<Result<_, _>>()?)
    }

    /// Those of these messages that the index gives, the newest first, at most so many.
    fn hits_in(&self, expression: &str, stretch: &[i64], most: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "select rowid from search where search match ?1 and rowid between ?2 and ?3 order by rowid desc",
        )?;
        let mut rows = statement.query((expression, stretch.last(), stretch.first()))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let message: i64 = row.get(0)?;
            if stretch.binary_search_by_key(&Reverse(message), |seq| Reverse(*seq)).is_ok() {
                found.push(message);
                if found.len() == most {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Goes through the hits of the rest of the query and reads which of them have the short beginnings too. `None` when
    /// hardly any has.
    fn read_hits_of(&self, rest: &str) -> Result<Option<Hits>, StoreError> {
        let mut hits = Hits::default();
        let mut statement = self.connection.prepare_cached(WALK)?;
        let mut rows = statement.query((rest, self.since))?;
        let mut bodies = self.connection.prepare_cached("select role, body from message where seq = ?1")?;
        let (mut read, mut visits) = (0, 0);
        while let Some(row) = rows.next()? {
            let (message, chat): (i64, i64) = (row.get(0)?, row.get(1)?);
            visits += 1;
            if visits > VISITS * 10 || read == READ {
                return Ok(None);
            }
            if self.chats.get(chat).is_none() {
                continue;
            }
            if read >= COUNTED && hits.met.contains_key(&chat) {
                hits.is_more = true;
                continue;
            }
            read += 1;
            let mut found = bodies.query([message])?;
            let Some(row) = found.next()? else { continue };
            let (Ok(role), Ok(body)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str()) else { continue };
            if self.query.is_in(searched(role, body)) {
                if hits.met.len() == self.limit && !hits.met.contains_key(&chat) {
                    hits.is_more = true;
                    return Ok(Some(hits));
                }
                hits.take(message, chat);
            }
        }
        Ok(Some(hits))
    }

    /// Reads the newest messages of the newest chats, of each until one is met. `None` when too few are.
    fn read_chats(&self) -> Result<Option<Hits>, StoreError> {
        let mut hits = Hits { is_more: true, ..Hits::default() };
        let mut newest = Newest::new(self.limit);
        let mut statement = self.connection.prepare_cached(
            "select seq, role, body from message where chat = ?1 and seq >= ?2 and state <> 'streaming' order by seq desc",
        )?;
        let mut read = 0;
        for chat in self.newest_chats() {
            if newest.is_settled(chat) {
                return Ok(Some(hits));
            }
            let mut rows = statement.query([chat.seq, self.since])?;
            while let Some(row) = rows.next()? {
                if read == READ || (read == TRIAL && hits.count < TRIAL * self.limit / READ) {
                    return Ok(None);
                }
                read += 1;
                let (Ok(role), Ok(body)) = (row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str()) else { continue };
                if self.query.is_met_by(role, searched(role, body)) {
                    let message = row.get(0)?;
                    hits.take(message, chat.seq);
                    newest.push(message);
                    break;
                }
            }
        }
        // Fewer than were asked for: how many hits there are in all is only known to the index.
        Ok(None)
    }

    /// Those that something was said in last first.
    fn newest_chats(&self) -> Vec<&Chat> {
        let mut chats: Vec<&Chat> = self.chats.list.iter().collect();
        chats.sort_unstable_by_key(|chat| Reverse(chat.updated_ms));
        chats
    }
}

/// Messages that lie close together, the newest first.
fn stretches(seqs: &[i64]) -> impl Iterator<Item = &[i64]> {
    seqs.chunk_by(|one, next| one - next <= GAP)
}

/// The newest hits of so many chats.
struct Newest {
    limit: usize,
    numbers: BinaryHeap<Reverse<i64>>,
}

impl Newest {
    fn new(limit: usize) -> Self {
        Self { limit, numbers: BinaryHeap::new() }
    }

    fn push(&mut self, number: i64) {
        self.numbers.push(Reverse(number));
        if self.numbers.len() > self.limit {
            self.numbers.pop();
        }
    }

    /// Whether there are enough, all of them newer than whatever is in this chat and those that were used before it.
    fn is_settled(&self, next: &Chat) -> bool {
        self.numbers.len() == self.limit
            && self.numbers.peek().is_some_and(|Reverse(oldest)| *oldest >= first_number(next.updated_ms))
    }
}
