//! What lies on top of the conversation. Each is a page: a head row, its content, a rule and the keys that work.

mod call;
mod chats;
mod commands;
mod compare;
mod connect;
mod help;
mod leader;
mod models;
mod themes;
mod tools;
mod wire;

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::canvas::Canvas;
use super::transcript::RenderCache;
use crate::app::{Model, Overlay};
use crate::safe_text::{SafeText, cluster_width};

pub(super) use chats::{preview_columns, settle_preview};
pub(super) use compare::settle as settle_compare;
pub(super) use leader::draw as leader;
pub(super) use tools::{body as tools_body, draw as tools};
pub(super) use wire::settle as settle_wire;

/// Draws the page on top; gives the cursor's place, if it has a box.
pub(super) fn draw<'a>(
    canvas: &mut Canvas<'a>,
    model: &Model,
    cache: &'a RenderCache,
    page: &Overlay,
) -> Option<(u16, u16)> {
    match page {
        Overlay::Help { top } => help::draw(canvas, model, *top),
        Overlay::Commands(palette) => commands::draw(canvas, model, palette),
        Overlay::Models(list) => models::draw(canvas, model, list),
        Overlay::Themes(list) => themes::draw(canvas, model, *list),
        Overlay::Connect(page) => connect::draw(canvas, model, page),
        Overlay::Chats(browser) => chats::draw(canvas, model, cache, browser),
        Overlay::Call { at, top } => call::draw(canvas, model, *at, *top),
        Overlay::Wire(page) => wire::draw(canvas, model, page),
        Overlay::Compare(page) => compare::draw(canvas, model, page),
        Overlay::Tools => None,
    }
}

/// The places of a page: the whole screen and the rows between head and rule.
struct Page {
    screen: Rect,
    body: Rect,
}

/// Draws head, rule and keys; gives what is left.
fn page(canvas: &mut Canvas<'_>, model: &Model, head: &str, right: &str, keys: &[(&str, &str)]) -> Page {
    let screen = Rect::new(0, 0, model.size.0, model.size.1);
    canvas.text(screen, 1, 0, head, canvas.theme.bold);
    canvas.text_right(screen, 0, 1, right, canvas.theme.dim);
    let body = body(model.size);
    canvas.rule(Rect::new(0, body.bottom(), screen.width, 1));
    let footer = screen.height.saturating_sub(1);
    if let Some(notice) = &model.notice {
        canvas.text(screen, 1, footer, &notice.text, canvas.theme.text);
    } else {
        let pairs: Vec<(String, String)> = fitting(keys, screen.width as usize);
        canvas.keys(screen, 1, footer, &pairs);
    }
    Page { screen, body }
}

/// The rows of a page between its head and its rule.
fn body((columns, rows): (u16, u16)) -> Rect {
    let below = if rows >= 16 { 3 } else { 2 };
    Rect::new(0, 2, columns, rows.saturating_sub(below + 2))
}

fn fitting(keys: &[(&str, &str)], width: usize) -> Vec<(String, String)> {
    let mut used = 2;
    let mut pairs = Vec::new();
    for (key, words) in keys {
        used += key.len() + words.len() + 4;
        if used > width + 3 {
            break;
        }
        pairs.push(((*key).to_owned(), (*words).to_owned()));
    }
    pairs
}

/// Draws the box of a page; gives the cursor's place.
pub(super) fn input_box(canvas: &mut Canvas<'_>, area: Rect, x: u16, y: u16, text: &str) -> (u16, u16) {
    let at = canvas.text(area, x, y, "/ ", canvas.theme.accent);
    let safe = SafeText::line(text);
    let room = area.right().saturating_sub(at + 2) as usize;
    let shown = if safe.width() > room { tail(&safe, room) } else { safe };
    let end = canvas.text(area, at, y, shown.as_str(), canvas.theme.text);
    (end.min(area.right().saturating_sub(1)), y)
}

fn tail(text: &SafeText, columns: usize) -> SafeText {
    let whole = text.as_str();
    let mut left = columns;
    let room = |(at, cluster): (usize, &str)| {
        left = left.checked_sub(cluster_width(cluster))?;
        Some(at)
    };
    let from = whole.grapheme_indices(true).rev().map_while(room).last().unwrap_or(whole.len());
    text.slice(from..whole.len())
}

/// The first row to show so that `selected` is seen.
fn window(selected: usize, height: usize) -> usize {
    (selected + 1).saturating_sub(height)
}
