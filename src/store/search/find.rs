//! Finds chats: by their titles and by what was said in them, the newest hit first.

use std::collections::HashMap;
use std::ops::Range;

use rusqlite::Connection;

use super::query::{Place, Query};
use super::words::folded;
use crate::chat::{ConversationId, MessageId};
use crate::store::StoreError;
use crate::store::reader::ChatRow;
use crate::store::schema::{first_number, time_of};

/// Most hits that are read at once; what lies behind them is found by asking for more.
const MAX_HITS: usize = 4000;
/// Messages in which a beginning of a word is looked for before the index is asked: what nearly every message holds is found
/// among them, and what hardly any holds costs the index little.
const RECENT: usize = 1500;
/// Enough hits among them to answer with.
const ENOUGH: usize = 200;
/// Longest beginning of a word for which this is done, in characters.
const SHORT: usize = 3;
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
    let all = candidates(connection, query)?;
    let total = connection.query_row(
        "select count(*) from conversation where deleted_ms is null and archived_ms is null",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    let unindexed: i64 =
        connection.query_row("select count(*) from (select 1 from unindexed limit 1000000)", [], |row| row.get(0))?;
    let mut found = Found { total: total.unsigned_abs(), unindexed: unindexed.unsigned_abs(), ..Found::default() };
    if !query.unknown.is_empty() {
        return Ok(found);
    }
    let mut met: HashMap<i64, Met> = HashMap::new();
    if query.looks_into_messages() {
        for chat in all.values().filter(|_| query.role.is_none() && !query.has_code) {
            if query.is_in_title(&chat.row.title) {
                met.insert(chat.seq, Met { time_ms: chat.row.updated_ms, ..Met::default() });
            }
        }
        let hits = hits(connection, query, &all)?;
        found.is_more = hits.is_more;
        found.hits = hits.seqs.len();
        for (message, chat) in hits.seqs {
            let met = met.entry(chat).or_default();
            met.hits += 1;
            if met.message.is_none() {
                met.message = Some(message);
                met.time_ms = met.time_ms.max(time_of(message));
            }
        }
    } else {
        met.extend(all.iter().map(|(seq, chat)| (*seq, Met { time_ms: chat.row.updated_ms, ..Met::default() })));
    }
    let mut seqs: Vec<(i64, Met)> = met.into_iter().collect();
    sort(&mut seqs, &all, order, query.looks_into_messages());
    found.is_more |= seqs.len() > limit;
    seqs.truncate(limit);
    let mut all = all;
    for (seq, met) in seqs {
        let Some(chat) = all.remove(&seq) else { continue };
        let hit = met.message.map(|message| hit(connection, query, message)).transpose()?.flatten();
        found.chats.push(ChatFound { chat: chat.row, hit, hits: met.hits });
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

struct Candidate {
    seq: i64,
    row: ChatRow,
}

#[derive(Default)]
struct Met {
    time_ms: i64,
    message: Option<i64>,
    hits: usize,
}

/// The chats that the filters leave.
fn candidates(connection: &Connection, query: &Query) -> Result<HashMap<i64, Candidate>, StoreError> {
    let place = match query.place {
        Place::Chats => "deleted_ms is null and archived_ms is null",
        Place::Archive => "deleted_ms is null and archived_ms is not null",
        Place::Trash => "deleted_ms is not null",
    };
    let mut statement = connection.prepare_cached(&format!(
        "select seq, id, title, created_ms, updated_ms, messages, provider, model, tags, pinned_ms is not null,
           archived_ms is not null, deleted_ms, has_tools
         from conversation where {place}"
    ))?;
    let mut rows = statement.query([])?;
    let mut out = HashMap::new();
    while let Some(row) = rows.next()? {
        let (provider, model, tags): (String, String, String) = (row.get(6)?, row.get(7)?, row.get(8)?);
        let is_pinned: bool = row.get(9)?;
        let updated_ms: i64 = row.get(4)?;
        let is_in = |parts: &[String], text: &str| {
            parts.is_empty() || {
                let text = folded(text);
                parts.iter().all(|part| text.contains(part.as_str()))
            }
        };
        let has_tags =
            query.tags.iter().all(|wanted| tags.split(' ').any(|tag| folded(tag).starts_with(wanted.as_str())));
        let is_left_out = !is_in(&query.models, &model)
            || !is_in(&query.providers, &provider)
            || !has_tags
            || (query.is_pinned && !is_pinned)
            || (query.has_tools && !row.get::<_, bool>(12)?)
            || query.since_ms.is_some_and(|since| updated_ms < since);
        if is_left_out {
            continue;
        }
        let seq = row.get(0)?;
        let row = ChatRow {
            id: ConversationId(row.get(1)?),
            title: row.get(2)?,
            created_ms: row.get(3)?,
            updated_ms,
            messages: row.get(5)?,
            provider,
            model,
            tags: tags.split_whitespace().map(str::to_owned).collect(),
            is_pinned,
            is_archived: row.get(10)?,
            deleted_ms: row.get(11)?,
        };
        out.insert(seq, Candidate { seq, row });
    }
    Ok(out)
}

fn sort(seqs: &mut [(i64, Met)], all: &HashMap<i64, Candidate>, order: Order, is_search: bool) {
    let row = |seq: &i64| all.get(seq).map(|chat| &chat.row);
    match order {
        Order::Time => seqs.sort_by_cached_key(|(seq, met)| {
            let is_pinned = !is_search && row(seq).is_some_and(|row| row.is_pinned);
            (!is_pinned, std::cmp::Reverse(met.time_ms), *seq)
        }),
        Order::Title => seqs.sort_by_cached_key(|(seq, _)| (row(seq).map(|row| folded(&row.title)), *seq)),
        Order::Length => {
            seqs.sort_by_cached_key(|(seq, _)| (std::cmp::Reverse(row(seq).map(|row| row.messages)), *seq));
        }
    }
}

struct Hits {
    /// Messages with their chats, newest first.
    seqs: Vec<(i64, i64)>,
    is_more: bool,
}

fn hits(connection: &Connection, query: &Query, chats: &HashMap<i64, Candidate>) -> Result<Hits, StoreError> {
    let is_short = query.lone_prefix().is_some_and(|word| word.chars().count() <= SHORT);
    if is_short && query.role.is_none() && !query.has_code {
        let recent = recent_hits(connection, query, chats)?;
        if recent.seqs.len() >= ENOUGH {
            return Ok(recent);
        }
    }
    let Some(expression) = query.expression() else { return Ok(Hits { seqs: Vec::new(), is_more: false }) };
    let mut statement = connection.prepare_cached(
        "select search.rowid, message.chat from search cross join message on message.seq = search.rowid
         where search match ?1 and search.rowid >= ?2 order by search.rowid desc",
    )?;
    let since = query.since_ms.map_or(0, first_number);
    let mut rows = statement.query((expression, since))?;
    let mut hits = Hits { seqs: Vec::new(), is_more: false };
    while let Some(row) = rows.next()? {
        let (message, chat): (i64, i64) = (row.get(0)?, row.get(1)?);
        if !chats.contains_key(&chat) {
            continue;
        }
        if hits.seqs.len() == MAX_HITS {
            hits.is_more = true;
            break;
        }
        hits.seqs.push((message, chat));
    }
    Ok(hits)
}

/// Reads the newest messages themselves.
fn recent_hits(connection: &Connection, query: &Query, chats: &HashMap<i64, Candidate>) -> Result<Hits, StoreError> {
    let mut statement =
        connection.prepare_cached("select seq, chat, body from message where seq >= ?1 order by seq desc limit ?2")?;
    let mut rows = statement.query([query.since_ms.map_or(0, first_number), RECENT as i64])?;
    let mut seqs = Vec::new();
    while let Some(row) = rows.next()? {
        let chat: i64 = row.get(1)?;
        if chats.contains_key(&chat) && row.get::<_, String>(2).is_ok_and(|body| query.is_in(&body)) {
            seqs.push((row.get(0)?, chat));
            if seqs.len() == ENOUGH {
                break;
            }
        }
    }
    Ok(Hits { seqs, is_more: true })
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
    let first = query.hits(body).first().map_or(0, |range| range.start);
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
