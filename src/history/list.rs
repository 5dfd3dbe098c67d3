//! Lists of chats: `list`, and `search` with the places that were met.

use std::io::{IsTerminal as _, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::{Ids, ListArgs, SearchArgs, Sort, minute, title};
use crate::host;
use crate::safe_text::SafeText;
use crate::store::{ChatFound, Found, Hit, Order, Query, Reader};
use crate::strings::history as words;

/// Columns of the model's name.
const MODEL_COLUMNS: usize = 24;
/// What is met is bold and underlined on a terminal.
const MARK: (&str, &str) = ("\u{1b}[1;4m", "\u{1b}[0m");

pub(super) fn list(args: &ListArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let query = parse(&args.query)?;
    let order = match args.sort {
        Sort::Time => Order::Time,
        Sort::Title => Order::Title,
        Sort::Length => Order::Length,
    };
    let reader = super::open(data_dir)?;
    let found = reader.find(&query, order, args.limit.map_or(usize::MAX, most))?;
    if found.chats.is_empty() && !args.json {
        tell_nothing(&reader, &query)?;
    }
    if args.json { json_lines(&found, false, out) } else { lines(&reader, &found, out) }
}

pub(super) fn search(args: &SearchArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let query = parse(&args.query)?;
    let reader = super::open(data_dir)?;
    let found = reader.find(&query, Order::Time, most(args.limit))?;
    if args.json {
        return json_lines(&found, true, out);
    }
    if found.chats.is_empty() {
        tell_nothing(&reader, &query)?;
    }
    let status = lines(&reader, &found, out)?;
    if found.is_more {
        host::note(words::MORE_FOUND);
    }
    if found.unindexed > 0 {
        host::note(&words::unindexed(found.unindexed));
    }
    Ok(status)
}

fn most(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The last word is whole: nobody is typing any more.
fn parse(query: &[String]) -> anyhow::Result<Query> {
    let query = host::parse_query(&format!("{} ", query.join(" ")));
    if let Some(filter) = query.unknown.first() {
        anyhow::bail!(words::unknown_filter(SafeText::line(filter).as_str()));
    }
    Ok(query)
}

fn tell_nothing(reader: &Reader, query: &Query) -> anyhow::Result<()> {
    if query.is_empty() {
        host::note(words::NO_CHATS);
    } else {
        match reader.nearest(query)? {
            Some((word, _)) => host::note(&words::nothing_but(SafeText::line(&word).as_str())),
            None => host::note(words::NOTHING_FOUND),
        }
    }
    Ok(())
}

fn lines(reader: &Reader, found: &Found, out: &mut dyn Write) -> anyhow::Result<u8> {
    let ids = Ids::read(reader)?;
    let mut out = std::io::BufWriter::new(out);
    let width = found.chats.iter().map(|found| ids.short(&found.chat.id).len()).max().unwrap_or(0);
    for ChatFound { chat, hit, .. } in &found.chats {
        let model = SafeText::line(&chat.model).fit(MODEL_COLUMNS);
        let blanks = " ".repeat(MODEL_COLUMNS.saturating_sub(model.width()));
        let mut rest = title(&chat.title);
        for tag in &chat.tags {
            rest.push_str(&format!("   #{}", SafeText::line(tag).as_str()));
        }
        for (is_so, word) in [(chat.is_pinned, words::PINNED), (chat.is_archived, words::ARCHIVED)] {
            if is_so {
                rest.push_str(&format!("   {word}"));
            }
        }
        let id = SafeText::line(ids.short(&chat.id));
        let (id, time) = (id.as_str(), minute(chat.updated_ms));
        writeln!(out, "{id:<width$}   {time}   {:>5}   {}{blanks}   {rest}", chat.messages, model.as_str())?;
        if let Some(hit) = hit {
            writeln!(out, "    {}", excerpt(hit))?;
        }
    }
    out.flush()?;
    Ok(0)
}

/// The line of a hit, with what was looked for marked where that can be seen.
fn excerpt(hit: &Hit) -> String {
    let (begin, end) = if std::io::stdout().is_terminal() { MARK } else { ("", "") };
    let safe = |from: usize, to: usize| SafeText::line(hit.excerpt.get(from..to).unwrap_or_default()).into_string();
    let (mut text, mut at) = (String::new(), 0);
    for mark in &hit.marks {
        text.push_str(&format!("{}{begin}{}{end}", safe(at, mark.start), safe(mark.start, mark.end)));
        at = mark.end;
    }
    text.push_str(&safe(at, hit.excerpt.len()));
    text
}

fn json_lines(found: &Found, with_hits: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut out = std::io::BufWriter::new(out);
    for found in &found.chats {
        writeln!(out, "{}", object(found, with_hits))?;
    }
    out.flush()?;
    Ok(0)
}

fn object(found: &ChatFound, with_hits: bool) -> Value {
    let chat = &found.chat;
    let mut object = json!({
        "id": chat.id,
        "title": chat.title,
        "created_ms": chat.created_ms,
        "updated_ms": chat.updated_ms,
        "deleted_ms": chat.deleted_ms,
        "messages": chat.messages,
        "provider": chat.provider,
        "model": chat.model,
        "tags": chat.tags,
        "pinned": chat.is_pinned,
        "archived": chat.is_archived,
    });
    if with_hits {
        object["hits"] = json!(found.hits);
        object["hit"] = found.hit.as_ref().map_or(Value::Null, |hit| {
            let marks: Vec<[usize; 2]> = hit.marks.iter().map(|mark| [mark.start, mark.end]).collect();
            json!({"message": hit.message, "time_ms": hit.time_ms, "excerpt": hit.excerpt, "marks": marks})
        });
    }
    object
}
