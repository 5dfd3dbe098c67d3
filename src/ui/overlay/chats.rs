//! Saved chats: the list with its groups at the left, the selected chat at the right where there is room.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use ratatui::layout::Rect;

use super::{body, input_box, page, window};
use crate::app::{About, Browser, BrowserFocus, ChatList, Model};
use crate::safe_text::SafeText;
use crate::store::{ChatFound, ChatRow, Order, Place};
use crate::strings::browser as words;
use crate::strings::{self, hint};
use crate::ui::canvas::{Canvas, push, styled};
use crate::ui::line::Line;
use crate::ui::preview::Preview;
use crate::ui::transcript::RenderCache;

/// Below this width there is no preview.
const WITH_PREVIEW: u16 = 72;
/// From this width on the filters are named beside the keys.
const WITH_FILTERS: u16 = 110;
/// Rows of the preview above what it is scrolled to.
const ABOVE: usize = 2;
/// Rows of the box, above the list.
const BOX: u16 = 2;
/// Rows above the preview's text.
const PREVIEW_HEAD: u16 = 3;

/// Columns of the preview's text.
#[must_use]
pub(crate) fn preview_columns(columns: u16) -> u16 {
    columns.saturating_sub(list_columns(columns) + 3)
}

fn list_columns(columns: u16) -> u16 {
    if columns < WITH_PREVIEW { columns } else { (columns / 2 + 2).clamp(38, 50) }
}

/// Draws the page.
pub(super) fn draw<'a>(
    canvas: &mut Canvas<'a>,
    model: &Model,
    cache: &'a RenderCache,
    browser: &Browser,
) -> Option<(u16, u16)> {
    let place = browser.query().map_or(Place::Chats, |query| query.place);
    let head = match place {
        Place::Chats => words::SAVED_CHATS,
        Place::Archive => words::ARCHIVE,
        Place::Trash => words::TRASH,
    };
    let right = match &browser.found {
        Some(Ok(list)) => facts(list, browser.order),
        Some(Err(_)) => String::new(),
        None => strings::READING.to_owned(),
    };
    let page = page(canvas, model, head, &right, keys(browser, place));
    if browser.focus == BrowserFocus::Query && model.notice.is_none() && page.screen.width >= WITH_FILTERS {
        canvas.text_right(page.screen, page.screen.height.saturating_sub(1), 1, words::FILTERS, canvas.theme.dim);
    }
    let cursor = match &browser.focus {
        BrowserFocus::Query | BrowserFocus::List => input_box(canvas, page.screen, 1, 2, &browser.input.text),
        BrowserFocus::Asking(asking) => {
            let what = match asking.about {
                About::Title => words::TITLE,
                About::Tags => words::TAGS,
            };
            let at = canvas.text(page.screen, 1, 2, what, canvas.theme.accent);
            let end = canvas.text(page.screen, at, 2, &asking.input.text, canvas.theme.text);
            (end.min(page.screen.right().saturating_sub(1)), 2)
        }
    };
    let body = Rect::new(0, page.body.y + BOX, page.body.width, page.body.height.saturating_sub(BOX));
    match &browser.found {
        Some(Err(why)) => {
            canvas.text(body, 3, body.y, why, canvas.theme.bad);
        }
        Some(Ok(list)) if list.found.chats.is_empty() => {
            canvas.text(body, 3, body.y, &nothing(list, browser), canvas.theme.dim);
        }
        Some(Ok(_)) => {
            let width = list_columns(body.width);
            draw_list(canvas, model, browser, Rect::new(0, body.y, width.min(body.width), body.height));
            if body.width >= WITH_PREVIEW {
                let area = Rect::new(width, body.y, body.width - width, body.height);
                draw_preview(canvas, model, cache, browser, area);
            }
        }
        None => {}
    }
    (browser.focus != BrowserFocus::List).then_some(cursor)
}

fn keys(browser: &Browser, place: Place) -> &'static [(&'static str, &'static str)] {
    match (&browser.focus, place) {
        (BrowserFocus::Query, _) if browser.hit().is_some() => &[
            ("Enter", hint::OPEN_AT_THE_HIT),
            ("Tab", hint::LIST_KEYS),
            ("Ctrl+N", hint::NEW_CHAT),
            ("Esc", hint::CLOSE),
        ],
        (BrowserFocus::Query, _) => {
            &[("Enter", hint::OPEN), ("Tab", hint::LIST_KEYS), ("Ctrl+N", hint::NEW_CHAT), ("Esc", hint::CLOSE)]
        }
        (BrowserFocus::Asking(_), _) => &[("Enter", hint::SAVE), ("Esc", hint::BACK)],
        (BrowserFocus::List, Place::Trash) => &[
            ("j k", hint::MOVE),
            ("Enter", hint::OPEN),
            ("u", hint::BRING_BACK),
            ("x", hint::EXPORT),
            ("Tab", hint::SEARCH),
            ("Esc", hint::CLOSE),
        ],
        (BrowserFocus::List, Place::Chats | Place::Archive) => &[
            ("j k", hint::MOVE),
            ("Enter", hint::OPEN),
            ("d", hint::DELETE),
            ("u", hint::UNDO),
            ("r", hint::RENAME),
            ("p", hint::PIN),
            ("t", hint::TAGS),
            ("a", hint::ARCHIVE),
            ("s", hint::SORT),
            ("x", hint::EXPORT),
            ("Tab", hint::SEARCH),
            ("Esc", hint::CLOSE),
        ],
    }
}

fn facts(list: &ChatList, order: Order) -> String {
    let found = &list.found;
    let hits = list.query.looks_into_messages().then_some(found.hits);
    let total = (list.query.place == Place::Chats).then_some(found.total);
    let mut parts = vec![words::listed(found.chats.len(), total, hits, found.is_more, list.took_ms)];
    if list.query.looks_into_messages() && found.unindexed > 0 {
        parts.insert(0, words::unindexed(found.unindexed));
    }
    match order {
        Order::Time => {}
        Order::Title => parts.insert(0, words::BY_TITLE.to_owned()),
        Order::Length => parts.insert(0, words::BY_LENGTH.to_owned()),
    }
    parts.join("   ")
}

fn nothing(list: &ChatList, browser: &Browser) -> String {
    let query = &list.query;
    if let Some(unknown) = query.unknown.first() {
        return words::unknown_filter(unknown);
    }
    match query.place {
        Place::Archive if query.terms.is_empty() => words::NO_ARCHIVE.to_owned(),
        Place::Trash if query.terms.is_empty() => words::NO_TRASH.to_owned(),
        _ if query.is_empty() => words::NO_CHATS.to_owned(),
        _ if query.terms.is_empty() => words::all_left_out(browser.input.text.trim()),
        _ => words::nothing_found(browser.input.text.trim(), list.nearest.as_ref()),
    }
}

/// A row of the list.
enum ListRow<'a> {
    Gap,
    Group(&'static str),
    Title(usize, &'a ChatFound),
    Excerpt(&'a str),
}

fn draw_list(canvas: &mut Canvas<'_>, model: &Model, browser: &Browser, area: Rect) {
    let now = zoned(model.now.unix_ms);
    let is_search = browser.query().is_some_and(crate::store::Query::looks_into_messages);
    let mut rows: Vec<ListRow<'_>> = Vec::new();
    // Which chat a row belongs to.
    let mut owners: Vec<Option<usize>> = Vec::new();
    let mut selected = 0;
    let mut group = "";
    for (at, found) in browser.rows().iter().enumerate() {
        let here = match browser.order {
            Order::Time if found.chat.is_pinned && !is_search => words::PINNED,
            Order::Time => group_of(found, &now),
            Order::Title | Order::Length => "",
        };
        if here != group {
            if !group.is_empty() {
                rows.push(ListRow::Gap);
            }
            rows.push(ListRow::Group(here));
            group = here;
        }
        owners.resize(rows.len(), None);
        rows.push(ListRow::Title(at, found));
        if let Some(hit) = &found.hit {
            rows.push(ListRow::Excerpt(&hit.excerpt));
        }
        owners.resize(rows.len(), Some(at));
        if at == browser.selected {
            selected = rows.len() - 1;
        }
    }
    let height = area.height as usize;
    let from = window(selected, height);
    for (y, row) in rows.iter().skip(from).take(height).enumerate() {
        if let Some(Some(at)) = owners.get(from + y) {
            canvas.choice(area, area.y + y as u16, *at);
        }
        let line = match row {
            ListRow::Gap => continue,
            ListRow::Group(name) => styled(&format!(" {name}"), canvas.theme.dim),
            ListRow::Title(at, found) => title_line(canvas, browser, *at, found, &now, area.width),
            ListRow::Excerpt(text) => {
                let mut line = styled("     ", canvas.theme.dim);
                line.push(SafeText::line(text).fit((area.width as usize).saturating_sub(7)), canvas.theme.dim);
                marked(line, browser, canvas)
            }
        };
        canvas.line(area, 0, area.y + y as u16, line);
    }
}

fn title_line(
    canvas: &Canvas<'_>,
    browser: &Browser,
    at: usize,
    found: &ChatFound,
    now: &Option<ZonedDateTime>,
    width: u16,
) -> Line {
    let theme = canvas.theme;
    let is_selected = at == browser.selected;
    let mut time = time_of(found, now);
    if browser.order == Order::Length {
        time = strings::messages(u64::from(found.chat.messages));
    }
    let tags = words::tag_list(&found.chat.tags);
    let room = (width as usize).saturating_sub(time.len() + 7);
    let mut line = styled(" ", theme.text);
    push(&mut line, if is_selected { canvas.symbols.own } else { " " }, theme.accent);
    push(&mut line, " ", theme.text);
    let title = SafeText::line(&found.chat.title).fit(room);
    line.push(title, if is_selected { theme.bold } else { theme.text });
    let mut line = marked(line, browser, canvas);
    if !tags.is_empty() && line.width() + 2 + tags.chars().count() < room {
        push(&mut line, "  ", theme.text);
        push(&mut line, &tags, theme.dim);
    }
    let gap = (width as usize).saturating_sub(line.width() + time.len() + 2);
    push(&mut line, &" ".repeat(gap), theme.text);
    push(&mut line, &time, theme.dim);
    line
}

/// With what was looked for marked in it.
fn marked(mut line: Line, browser: &Browser, canvas: &Canvas<'_>) -> Line {
    line.mark(&browser.marks(&line.to_text()), canvas.theme.hit);
    line
}

fn draw_preview<'a>(canvas: &mut Canvas<'a>, model: &Model, cache: &'a RenderCache, browser: &Browser, area: Rect) {
    canvas.divider(Rect { width: 1, ..area });
    let inner = Rect::new(area.x + 2, area.y, area.width.saturating_sub(3), area.height);
    let Some(row) = browser.row() else { return };
    let title = SafeText::line(&row.title).fit(inner.width as usize);
    canvas.text(inner, inner.x, inner.y, title.as_str(), canvas.theme.bold);
    let about = about(row, &zoned(model.now.unix_ms));
    canvas.text(inner, inner.x, inner.y + 1, &about, canvas.theme.dim);
    let Some(loaded) = &browser.preview else { return };
    let Some(preview) = cache.known_preview(&loaded.conversation.id) else { return };
    let body = Rect::new(inner.x, inner.y + PREVIEW_HEAD, inner.width, inner.height.saturating_sub(PREVIEW_HEAD));
    let height = body.height as usize;
    let (start, _) = preview_start(preview, height);
    let top = usize::try_from(start + browser.preview_by).unwrap_or(0);
    for (row, line) in preview.lines.iter().skip(top).take(height).enumerate() {
        canvas.line(body, body.x, body.y + row as u16, line);
    }
}

/// Where the preview stands by itself, and the furthest it can be scrolled to.
fn preview_start(preview: &Preview, height: usize) -> (i64, i64) {
    let last = preview.lines.len().saturating_sub(height);
    let start = preview.hit.map_or(last, |hit| hit.saturating_sub(ABOVE).min(last));
    (start as i64, last as i64)
}

/// Keeps what the preview is scrolled by within what there is.
pub(crate) fn settle_preview(browser: &mut Browser, cache: &RenderCache, size: (u16, u16)) {
    let known = browser.preview.as_ref().and_then(|loaded| cache.known_preview(&loaded.conversation.id));
    let Some(preview) = known else { return };
    let height = body(size).height.saturating_sub(BOX + PREVIEW_HEAD) as usize;
    let (start, last) = preview_start(preview, height);
    browser.preview_by = browser.preview_by.clamp(-start, last - start);
}

/// `gpt-4o-mini   today 14:02 to 14:06   6 messages   #work`.
fn about(row: &ChatRow, now: &Option<ZonedDateTime>) -> String {
    let mut parts = Vec::new();
    if !row.model.is_empty() {
        parts.push(row.model.clone());
    }
    if let (Some(from), Some(to)) = (zoned(row.created_ms), zoned(row.updated_ms)) {
        let day = |time: &ZonedDateTime| match days_ago(time, now) {
            Some(0) => words::TODAY.to_lowercase(),
            Some(1) => words::YESTERDAY.to_lowercase(),
            Some(2..=6) => time.strftime("%a").to_string(),
            _ => time.strftime("%Y-%m-%d").to_string(),
        };
        let clock = |time: &ZonedDateTime| time.strftime("%H:%M").to_string();
        parts.push(if from.date() == to.date() && clock(&from) != clock(&to) {
            format!("{} {} to {}", day(&to), clock(&from), clock(&to))
        } else if from.date() == to.date() {
            format!("{} {}", day(&to), clock(&to))
        } else {
            format!("{} to {}", day(&from), day(&to))
        });
    }
    parts.push(strings::messages(u64::from(row.messages)));
    if row.is_archived {
        parts.push(words::ARCHIVED.to_owned());
    }
    if row.deleted_ms.is_some() {
        parts.push(words::DELETED.to_owned());
    }
    if !row.tags.is_empty() {
        parts.push(words::tag_list(&row.tags));
    }
    parts.join("   ")
}

fn zoned(unix_ms: i64) -> Option<ZonedDateTime> {
    Timestamp::from_millisecond(unix_ms).ok().map(|time| time.to_zoned_datetime(TimeZone::system()))
}

fn days_ago(then: &ZonedDateTime, now: &Option<ZonedDateTime>) -> Option<i64> {
    let now = now.as_ref()?;
    let days = now.date().since((jiff::Unit::Day, then.date())).ok()?;
    Some(i64::from(days.get_days()))
}

/// When the hit was said, or the last message of the chat.
fn said_ms(found: &ChatFound) -> i64 {
    found.hit.as_ref().map_or(found.chat.updated_ms, |hit| hit.time_ms)
}

fn group_of(found: &ChatFound, now: &Option<ZonedDateTime>) -> &'static str {
    match zoned(said_ms(found)).and_then(|then| days_ago(&then, now)) {
        Some(i64::MIN..=0) => words::TODAY,
        Some(1) => words::YESTERDAY,
        Some(2..=6) => words::THIS_WEEK,
        Some(7..=31) => words::THIS_MONTH,
        Some(_) | None => words::OLDER,
    }
}

/// The time of day for today and yesterday, the weekday for the week, else the date.
fn time_of(found: &ChatFound, now: &Option<ZonedDateTime>) -> String {
    let Some(then) = zoned(said_ms(found)) else { return String::new() };
    let format = match days_ago(&then, now) {
        Some(i64::MIN..=1) => "%H:%M",
        Some(2..=6) => "%a",
        Some(_) | None => "%Y-%m-%d",
    };
    then.strftime(format).to_string()
}
