//! Finds chats: by their titles and by what was said in them, the newest hit first. Of each chat only a few figures are
//! read until it is known which ones are shown; hits are looked for in `hits`.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row};

use super::query::{Place, Query};
use super::words::folded;
use super::{apart, hits};
use crate::chat::{ConversationId, MessageId};
use crate::store::StoreError;
use crate::store::reader::ChatRow;
use crate::store::schema::time_of;

/// Bytes shown before a hit, and in all.
const BEFORE: usize = 24;
const EXCERPT: usize = 160;

/// The order of chats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Time,
    /// By title.
    Title,
    /// Longest first.
    Length,
}

/// A place where something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The message.
    pub message: MessageId,
    /// When it was said, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The line of it; from outside.
    pub excerpt: String,
    /// Bytes of the excerpt that are what was looked for.
    pub marks: Vec<Range<usize>>,
}

/// A chat that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatFound {
    /// The chat.
    pub chat: ChatRow,
    /// Its newest hit; `None` where only its title or a filter was met.
    pub hit: Option<Hit>,
    /// How many messages of it were met, among those that were read.
    pub hits: usize,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The chats, in order.
    pub chats: Vec<ChatFound>,
    /// Messages met.
    pub hits: usize,
    /// There are more hits or chats than are told of.
    pub is_more: bool,
    /// Chats in all, without deleted and archived ones.
    pub total: u64,
    /// Messages that the index does not know yet.
    pub unindexed: u64,
}

/// Finds at most `limit` chats.
pub(in crate::store) fn find(
    connection: &Connection,
    query: &Query,
    order: Order,
    limit: usize,
) -> Result<Found, StoreError> {
    // All that follows sees one state of the file, and locks it once.
    let snapshot = connection.unchecked_transaction()?;
    let chats = Chats::read(&snapshot, query, order)?;
    let unindexed: i64 = snapshot.query_row("select count(*) from unindexed", [], |row| row.get(0))?;
    let mut found = Found { total: chats.total, unindexed: unindexed.unsigned_abs(), ..Found::default() };
    if !query.unknown.is_empty() {
        return Ok(found);
    }
    let mut met: Vec<Met<'_>> = if query.looks_into_messages() {
        let hits = hits::hits(&snapshot, query, &chats, limit)?;
        found.is_more = hits.is_more;
        found.hits = hits.count;
        let titles = chats.list.iter().filter(|chat| chat.is_in_title && !hits.met.contains_key(&chat.seq));
        let mut met: Vec<_> = titles.map(Met::of).collect();
        met.extend(hits.met.iter().filter_map(|(seq, hit)| {
            let chat = chats.get(*seq)?;
            let title_ms = if chat.is_in_title { chat.updated_ms } else { i64::MIN };
            Some(Met { chat, time_ms: title_ms.max(hit.time_ms()), message: Some(hit.newest), hits: hit.count })
        }));
        if met.len() < limit && !hits.is_more {
            let known = met.iter().map(|met| met.chat.seq).collect();
            met.extend(apart::chats(&snapshot, query, &known)?.into_iter().filter_map(|(seq, message)| {
                let chat = chats.get(seq)?;
                Some(Met { chat, time_ms: message.map_or(chat.updated_ms, time_of), message, hits: 0 })
            }));
        }
        met
    } else {
        chats.list.iter().map(Met::of).collect()
    };
    sort(&mut met, order, query.looks_into_messages());
    found.is_more |= met.len() > limit;
    for met in met.into_iter().take(limit) {
        let Some(chat) = chat_row(&snapshot, met.chat.seq)? else { continue };
        let hit = met.message.map(|message| hit(&snapshot, query, message)).transpose()?.flatten();
        found.chats.push(ChatFound { chat, hit, hits: met.hits });
    }
    Ok(found)
}

/// How many messages have this word; at most `limit` are counted.
pub(in crate::store) fn count(connection: &Connection, query: &Query, limit: usize) -> Result<usize, StoreError> {
    let Some(expression) = query.expression() else { return Ok(0) };
    let count: i64 = connection.query_row(
        "select count(*) from (select 1 from search where search match ?1 limit ?2)",
        (expression, limit as i64),
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Of the words one slip of the finger away from the only word that was looked for, the most frequent one, and in how many
/// messages it is.
pub(in crate::store) fn nearest(connection: &Connection, query: &Query) -> Result<Option<(String, usize)>, StoreError> {
    const COUNTED: usize = 10_000;
    let Some(word) = query.lone_word() else { return Ok(None) };
    let mut best: Option<(String, usize)> = None;
    for slip in slips(word) {
        let found = count(connection, &Query::of_word(&slip), COUNTED)?;
        if found > best.as_ref().map_or(0, |(_, most)| *most) {
            best = Some((slip, found));
        }
    }
    Ok(best)
}

/// The words that differ by one letter too many, too few, another one, or two exchanged.
fn slips(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if !(3..=24).contains(&letters.len()) || !word.is_ascii() {
        return Vec::new();
    }
    let with = |change: &dyn Fn(&mut Vec<char>)| {
        let mut changed = letters.clone();
        change(&mut changed);
        changed.into_iter().collect::<String>()
    };
    let mut out = Vec::new();
    for at in 0..letters.len() {
        out.push(with(&|word| {
            word.remove(at);
        }));
        if at + 1 < letters.len() {
            out.push(with(&|word| word.swap(at, at + 1)));
        }
    }
    for letter in 'a'..='z' {
        out.extend((0..letters.len()).map(|at| with(&|word| word[at] = letter)));
        out.extend((0..=letters.len()).map(|at| with(&|word| word.insert(at, letter))));
    }
    out.retain(|slip| slip != word);
    out
}

/// What of a chat decides whether and where it is listed.
pub(super) struct Chat {
    pub seq: i64,
    pub updated_ms: i64,
    messages: u32,
    is_pinned: bool,
    pub is_in_title: bool,
    /// Without case and accents; only where they are sorted by it.
    title: String,
}

/// The chats that the filters leave.
pub(super) struct Chats {
    /// In the order of their numbers.
    pub list: Vec<Chat>,
    /// Messages in them.
    pub messages: u64,
    /// Chats in all, without deleted and archived ones.
    total: u64,
}

impl Chats {
    pub(super) fn read(connection: &Connection, query: &Query, order: Order) -> Result<Self, StoreError> {
        let place = match query.place {
            Place::Chats => "deleted_ms is null and archived_ms is null",
            Place::Archive => "deleted_ms is null and archived_ms is not null",
            Place::Trash => "deleted_ms >= 0",
        };
        let mut statement = connection.prepare_cached(&format!(
            "select seq, title, provider, model, updated_ms, pinned_ms is not null, tags, messages, has_tools
             from conversation not indexed where {place} order by seq"
        ))?;
        let mut rows = statement.query([])?;
        let has_titles = query.role.is_none() && !query.has_code && !query.terms.is_empty();
        let mut out = Self { list: Vec::new(), messages: 0, total: 0 };
        while let Some(row) = rows.next()? {
            out.total += 1;
            if !is_left(row, query)? {
                continue;
            }
            let title = row.get_ref(1)?.as_str().unwrap_or_default();
            let chat = Chat {
                seq: row.get(0)?,
                updated_ms: row.get(4)?,
                messages: row.get(7)?,
                is_pinned: row.get(5)?,
                is_in_title: has_titles && query.is_in(title),
                title: if order == Order::Title { folded(title) } else { String::new() },
            };
            out.messages += u64::from(chat.messages);
            out.list.push(chat);
        }
        if query.place != Place::Chats {
            let count = "select count(*) from conversation where deleted_ms is null and archived_ms is null";
            out.total = connection.query_row(count, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
        }
        Ok(out)
    }

    pub(super) fn keep(&mut self, is_kept: impl Fn(&Chat) -> bool) {
        self.list.retain(is_kept);
        self.messages = self.list.iter().map(|chat| u64::from(chat.messages)).sum();
    }

    pub(super) fn get(&self, seq: i64) -> Option<&Chat> {
        self.list.binary_search_by_key(&seq, |chat| chat.seq).ok().and_then(|at| self.list.get(at))
    }
}

/// Whether the filters leave the chat of this row.
fn is_left(row: &Row<'_>, query: &Query) -> rusqlite::Result<bool> {
    let text = |at: usize| row.get_ref(at).map(|value| folded(value.as_str().unwrap_or_default()));
    let is_in = |parts: &[String], at: usize| -> rusqlite::Result<bool> {
        Ok(parts.is_empty() || {
            let text = text(at)?;
            parts.iter().all(|part| text.contains(part.as_str()))
        })
    };
    let has_tags = query.tags.is_empty() || {
        let tags = text(6)?;
        query.tags.iter().all(|wanted| tags.split(' ').any(|tag| tag.starts_with(wanted.as_str())))
    };
    Ok(has_tags
        && is_in(&query.providers, 2)?
        && is_in(&query.models, 3)?
        && (!query.is_pinned || row.get(5)?)
        && (!query.has_tools || row.get(8)?)
        && query.since_ms.map_or(Ok(true), |since| row.get::<_, i64>(4).map(|updated_ms| updated_ms >= since))?)
}

/// A chat that is listed.
struct Met<'a> {
    chat: &'a Chat,
    time_ms: i64,
    message: Option<i64>,
    hits: usize,
}

impl<'a> Met<'a> {
    fn of(chat: &'a Chat) -> Self {
        Self { chat, time_ms: chat.updated_ms, message: None, hits: 0 }
    }
}

fn sort(met: &mut [Met<'_>], order: Order, is_search: bool) {
    let newest = |met: &Met<'_>| (std::cmp::Reverse(met.time_ms), met.chat.seq);
    match order {
        Order::Time => met.sort_unstable_by_key(|met| (is_search || !met.chat.is_pinned, newest(met))),
        Order::Title => {
            met.sort_unstable_by(|one, other| {
                (&one.chat.title, one.chat.seq).cmp(&(&other.chat.title, other.chat.seq))
            });
        }
        Order::Length => met.sort_unstable_by_key(|met| (std::cmp::Reverse(met.chat.messages), met.chat.seq)),
    }
}

fn chat_row(connection: &Connection, seq: i64) -> Result<Option<ChatRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, title, created_ms, updated_ms, messages, provider, model, tags, pinned_ms is not null,
           archived_ms is not null, deleted_ms
         from conversation where seq = ?1",
    )?;
    let row = statement.query_row([seq], |row| {
        let tags: String = row.get(7)?;
        Ok(ChatRow {
            id: ConversationId(row.get(0)?),
            title: row.get(1)?,
            created_ms: row.get(2)?,
            updated_ms: row.get(3)?,
            messages: row.get(4)?,
            provider: row.get(5)?,
            model: row.get(6)?,
            tags: tags.split_whitespace().map(str::to_owned).collect(),
            is_pinned: row.get(8)?,
            is_archived: row.get(9)?,
            deleted_ms: row.get(10)?,
        })
    });
    Ok(row.optional()?)
}

/// A hit with its line.
fn hit(connection: &Connection, query: &Query, seq: i64) -> Result<Option<Hit>, StoreError> {
    let mut statement = connection.prepare_cached("select id, time_ms, body from message where seq = ?1")?;
    let mut rows = statement.query([seq])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let body: String = row.get(2).unwrap_or_default();
    let (excerpt, marks) = excerpt(query, &body);
    Ok(Some(Hit { message: MessageId(row.get(0)?), time_ms: row.get(1)?, excerpt, marks }))
}

/// The line with the first hit, cut so that the hit is seen, and where in it the hits are.
fn excerpt(query: &Query, body: &str) -> (String, Vec<Range<usize>>) {
    let first = query.first_hit(body).unwrap_or(0);
    let start = body[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = body[first..].find('\n').map_or(body.len(), |at| first + at);
    let line = &body[start..end];
    let mut from = (first - start).saturating_sub(BEFORE);
    if from > 0 {
        from =
            line[floor(line, from)..first - start].find(' ').map_or(floor(line, from), |at| floor(line, from) + at + 1);
    }
    let to = floor(line, (from + EXCERPT).min(line.len()));
    let text = line[from..to].trim_end();
    let text = if from > 0 { format!("...{text}") } else { text.trim_start().to_owned() };
    let marks = query.hits(&text);
    (text, marks)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
