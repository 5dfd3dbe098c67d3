//! The raw stream: each event with its time, beneath it what was read from it, and below all how long things took. Only
//! the rows that are shown are laid out.
//!
//! ```text
//!  Raw stream   demo   openai-chat   outdoor-demo   200                           2 of 2
//!
//!    0.412 s   data: {"choices":[{"delta":{"content":"Two"}}]}
//!            › text "Two"
//!
//!  First token after 0.412 s   longest gap 0.120 s   204 events ...
//! ```

use std::ops::Range;

use ratatui::layout::Rect;

use super::{body, page};
use crate::app::{LineKind, Model, WirePage, WireSheet};
use crate::safe_text::SafeText;
use crate::strings::{self, hint, wire};
use crate::ui::canvas::Canvas;
use crate::ui::line::Line;
use crate::ui::wrap::{Breaking, rows, wrap_plain};

/// From this width on times have a unit and margins are wide.
const WIDE: u16 = 60;
/// From this height on the summary has a place of its own; else it is the end of the list.
const TALL: u16 = 16;

/// Where things stand.
struct Places {
    /// The events.
    list: Rect,
    /// Lines of the list.
    lines: usize,
    /// The summary's rows.
    summary: Vec<SafeText>,
    /// Its first column and row.
    summary_at: (u16, u16),
    /// Column of times.
    time: u16,
    /// Column of what came; two before it stands the mark.
    text: u16,
    /// Columns of what came.
    columns: usize,
}

fn places(size: (u16, u16), sheet: &WireSheet) -> Places {
    let body = body(size);
    let is_wide = body.width >= WIDE;
    let (time, text, margin) = if is_wide { (1, 14, 3) } else { (0, 10, 1) };
    let indent = if is_wide { 3 } else { 1 };
    let columns = |from: u16| body.width.saturating_sub(from + margin).max(1) as usize;
    let columns_of_text = columns(text);
    if size.1 < TALL {
        let (summary, summary_at) = (Vec::new(), (0, 0));
        return Places {
            list: body,
            lines: sheet.lines.len(),
            summary,
            summary_at,
            time,
            text,
            columns: columns_of_text,
        };
    }
    let mut summary = wrap_plain(&SafeText::line(&sheet.summary), columns(indent));
    summary.truncate(body.height as usize / 3);
    let list = Rect { height: body.height.saturating_sub(summary.len() as u16 + 1), ..body };
    let summary_at = (indent, list.bottom() + 1);
    Places { list, lines: sheet.event_lines, summary, summary_at, time, text, columns: columns_of_text }
}

fn rows_of(page: &WirePage, sheet: &WireSheet, line: usize, columns: usize) -> Vec<Range<usize>> {
    let text = sheet.text(line);
    match sheet.lines[line].kind {
        LineKind::Raw if page.is_short => std::iter::once(0..text.len()).collect(),
        LineKind::Raw | LineKind::Read => rows(text, columns, Breaking::Anywhere),
        LineKind::Tolerated | LineKind::Note => rows(text, columns, Breaking::Words),
    }
}

/// Settles where the page is read, which depends on the size.
pub(crate) fn settle(page: &mut WirePage, size: (u16, u16)) {
    let Some(sheet) = page.sheet.clone() else { return };
    let places = places(size, &sheet);
    let mut scroll = std::mem::take(&mut page.scroll);
    let height_of = |line| rows_of(page, &sheet, line, places.columns).len();
    scroll.settle(places.lines, places.list.height as usize, height_of);
    page.scroll = scroll;
}

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, wire_page: &WirePage) -> Option<(u16, u16)> {
    let Some(sheet) = &wire_page.sheet else {
        let page = page(canvas, model, wire::HEAD, "", &[("Esc", hint::CLOSE)]);
        let text = if wire_page.is_reading() { strings::READING } else { wire::NOTHING };
        let columns = page.body.width.saturating_sub(4).max(1) as usize;
        for (row, line) in wrap_plain(&SafeText::own(text), columns).iter().enumerate() {
            canvas.text(page.body, 3, page.body.y + row as u16, line.as_str(), canvas.theme.dim);
        }
        return None;
    };
    let place = strings::one_of(sheet.at, sheet.count);
    let page = page(canvas, model, wire::HEAD, &place, &keys(wire_page, sheet, model.size.0));
    draw_head(canvas, page.screen, sheet, place.len() as u16);
    let places = places(model.size, sheet);
    draw_events(canvas, wire_page, sheet, &places);
    let (x, y) = places.summary_at;
    for (row, line) in places.summary.iter().enumerate() {
        canvas.text(page.body, x, y + row as u16, line.as_str(), canvas.theme.dim);
    }
    None
}

fn keys(page: &WirePage, sheet: &WireSheet, columns: u16) -> Vec<(&'static str, &'static str)> {
    let is_wide = columns >= WIDE;
    let is_at_end = page.scroll.is_following();
    let mut keys = Vec::new();
    if is_wide {
        keys.push(("j k", hint::MOVE));
    }
    match (is_at_end, is_wide) {
        (false, _) => keys.push(("G", hint::END)),
        (true, true) => keys.push(("PgUp", hint::PAGE)),
        (true, false) => {}
    }
    if sheet.count > 1 && (is_wide || is_at_end) {
        keys.push((if is_wide { "Left Right" } else { "[ ]" }, hint::OLDER_NEWER));
    }
    if is_wide {
        keys.push(("o", if page.is_short { hint::WHOLE } else { hint::SHORT }));
    }
    keys.extend([("s", hint::SAVE), ("Esc", hint::CLOSE)]);
    keys
}

/// Which response this is: beside the page's name, where there is room, else beneath it.
fn draw_head(canvas: &mut Canvas<'_>, screen: Rect, sheet: &WireSheet, right: u16) {
    let head = &sheet.head;
    let (status, x) = (head.status.to_string(), 1 + wire::HEAD.len() as u16 + 3);
    let facts = SafeText::line(&[head.provider.as_str(), &head.api, &head.model].join("   "));
    let room = screen.width.saturating_sub(x + status.len() as u16 + right + 7);
    if facts.width() <= room as usize {
        let x = canvas.text(screen, x, 0, facts.as_str(), canvas.theme.text) + 3;
        canvas.text(screen, x, 0, &status, canvas.theme.text);
    } else {
        let room = screen.width.saturating_sub(2) as usize;
        canvas.text(screen, x, 0, &status, canvas.theme.text);
        canvas.text(screen, 1, 1, facts.fit(room).as_str(), canvas.theme.text);
    }
}

fn draw_events(canvas: &mut Canvas<'_>, page: &WirePage, sheet: &WireSheet, places: &Places) {
    let theme = canvas.theme;
    let list = places.list;
    let is_wide = list.width >= WIDE;
    let mut y = list.y;
    let mut skipped = page.scroll.top.row;
    for at in page.scroll.top.line..places.lines {
        let line = &sheet.lines[at];
        let (mark, mark_style, style) = match line.kind {
            LineKind::Raw => ("", theme.dim, theme.dim),
            LineKind::Read => (canvas.symbols.own, theme.accent, theme.text),
            LineKind::Tolerated => ("!", theme.waiting, theme.text),
            LineKind::Note => ("", theme.text, theme.text),
        };
        for (row, range) in rows_of(page, sheet, at, places.columns).into_iter().enumerate().skip(skipped) {
            if y >= list.bottom() {
                return;
            }
            if row == 0 && line.is_first {
                let time = if is_wide { wire::at(line.at_us) } else { wire::at_short(line.at_us) };
                canvas.text(list, places.time, y, &time, theme.dim);
            }
            if row == 0 && !mark.is_empty() {
                canvas.text(list, places.text.saturating_sub(2), y, mark, mark_style);
            }
            let mut drawn = Line::default();
            drawn.push(sheet.piece(at, range).fit(places.columns), style);
            canvas.line(list, places.text, y, drawn);
            y += 1;
        }
        skipped = 0;
    }
}
