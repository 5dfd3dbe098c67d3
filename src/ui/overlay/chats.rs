//! Saved chats: the list with its groups at the left, the selected chat at the right where there is room.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use ratatui::layout::Rect;

use super::{input_box, page, window};
use crate::app::{Browser, BrowserFocus, Model};
use crate::safe_text::SafeText;
use crate::store::ChatRow;
use crate::strings::{self, hint};
use crate::ui::canvas::{Canvas, push, styled};
use crate::ui::line::Line;
use crate::ui::transcript::RenderCache;

/// Below this width there is no preview.
const WITH_PREVIEW: u16 = 72;

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
    let keys: &[(&str, &str)] = match browser.focus {
        BrowserFocus::Query => {
            &[("Enter", hint::OPEN), ("Tab", hint::LIST_KEYS), ("Ctrl+N", hint::NEW_CHAT), ("Esc", hint::CLOSE)]
        }
        BrowserFocus::List => &[
            ("j k", hint::MOVE),
            ("Enter", hint::OPEN),
            ("d", hint::DELETE),
            ("u", hint::UNDO),
            ("Tab", hint::FILTER),
            ("Esc", hint::CLOSE),
        ],
    };
    let right = match &browser.found {
        Some(Ok(list)) => strings::listed(list.rows.len(), list.total, list.took_ms),
        Some(Err(_)) => String::new(),
        None => strings::READING.to_owned(),
    };
    let page = page(canvas, model, strings::SAVED_CHATS, &right, keys);
    let cursor = input_box(canvas, page.screen, 1, 2, &browser.input.text);
    let body = Rect::new(0, page.body.y + 2, page.body.width, page.body.height.saturating_sub(2));
    match &browser.found {
        Some(Err(why)) => {
            canvas.text(body, 3, body.y, why, canvas.theme.bad);
        }
        Some(Ok(list)) if list.rows.is_empty() => {
            let text = if browser.input.text.is_empty() {
                strings::NO_CHATS.to_owned()
            } else {
                strings::nothing_found(&browser.input.text)
            };
            canvas.text(body, 3, body.y, &text, canvas.theme.dim);
        }
        Some(Ok(_)) => {
            let width = list_columns(body.width);
            draw_list(canvas, model, browser, Rect::new(0, body.y, width.min(body.width), body.height));
            if body.width >= WITH_PREVIEW {
                let area = Rect::new(width, body.y, body.width - width, body.height);
                draw_preview(canvas, cache, browser, area);
            }
        }
        None => {}
    }
    (browser.focus == BrowserFocus::Query).then_some(cursor)
}

fn draw_list(canvas: &mut Canvas<'_>, model: &Model, browser: &Browser, area: Rect) {
    let theme = canvas.theme;
    let now = zoned(model.now.unix_ms);
    let mut lines: Vec<(Line, bool)> = Vec::new();
    let mut group = "";
    for (at, row) in browser.rows().iter().enumerate() {
        let here = group_of(row, &now);
        if here != group {
            if !group.is_empty() {
                lines.push((Line::default(), false));
            }
            lines.push((styled(&format!(" {here}"), theme.dim), false));
            group = here;
        }
        let is_selected = at == browser.selected;
        lines.push((row_line(canvas, row, &now, is_selected, area.width), is_selected));
    }
    let height = area.height as usize;
    let selected = lines.iter().position(|(_, is_selected)| *is_selected).unwrap_or(0);
    for (row, (line, _)) in lines.into_iter().skip(window(selected + 1, height)).take(height).enumerate() {
        canvas.line(area, 0, area.y + row as u16, line);
    }
}

fn row_line(canvas: &Canvas<'_>, row: &ChatRow, now: &Option<ZonedDateTime>, is_selected: bool, width: u16) -> Line {
    let theme = canvas.theme;
    let time = time_of(row, now);
    let room = (width as usize).saturating_sub(time.len() + 7);
    let mut line = styled(" ", theme.text);
    push(&mut line, if is_selected { canvas.symbols.own } else { " " }, theme.accent);
    push(&mut line, " ", theme.text);
    let title = SafeText::line(&row.title).fit(room);
    line.push(title, if is_selected { theme.bold } else { theme.text });
    let gap = (width as usize).saturating_sub(line.width() + time.len() + 2);
    push(&mut line, &" ".repeat(gap), theme.text);
    push(&mut line, &time, theme.dim);
    line
}

fn draw_preview<'a>(canvas: &mut Canvas<'a>, cache: &'a RenderCache, browser: &Browser, area: Rect) {
    canvas.divider(Rect { width: 1, ..area });
    let inner = Rect::new(area.x + 2, area.y, area.width.saturating_sub(3), area.height);
    let Some(row) = browser.row() else { return };
    let title = SafeText::line(&row.title).fit(inner.width as usize);
    canvas.text(inner, inner.x, inner.y, title.as_str(), canvas.theme.bold);
    let about = format!("{}   {}", row.model, strings::messages(u64::from(row.messages)));
    canvas.text(inner, inner.x, inner.y + 1, &about, canvas.theme.dim);
    let Some(lines) = browser.preview.as_ref().and_then(|chat| cache.known_preview(&chat.id)) else { return };
    let body = Rect::new(inner.x, inner.y + 3, inner.width, inner.height.saturating_sub(3));
    let height = body.height as usize;
    let last = lines.len().saturating_sub(height);
    let top = last.saturating_sub(browser.preview_up);
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        canvas.line(body, body.x, body.y + row as u16, line);
    }
}

fn zoned(unix_ms: i64) -> Option<ZonedDateTime> {
    Timestamp::from_millisecond(unix_ms).ok().map(|time| time.to_zoned_datetime(TimeZone::system()))
}

fn days_ago(row: &ChatRow, now: &Option<ZonedDateTime>) -> Option<i64> {
    let then = zoned(row.updated_ms)?;
    let now = now.as_ref()?;
    let days = now.date().since((jiff::Unit::Day, then.date())).ok()?;
    Some(i64::from(days.get_days()))
}

fn group_of(row: &ChatRow, now: &Option<ZonedDateTime>) -> &'static str {
    match days_ago(row, now) {
        Some(i64::MIN..=0) => strings::TODAY,
        Some(1) => strings::YESTERDAY,
        Some(2..=6) => strings::THIS_WEEK,
        Some(_) | None => strings::OLDER,
    }
}

/// The time of day for today and yesterday, the weekday for the week, else the date.
fn time_of(row: &ChatRow, now: &Option<ZonedDateTime>) -> String {
    let Some(then) = zoned(row.updated_ms) else { return String::new() };
    let format = match days_ago(row, now) {
        Some(i64::MIN..=1) => "%H:%M",
        Some(2..=6) => "%a",
        Some(_) | None => "%Y-%m-%d",
    };
    then.strftime(format).to_string()
}
