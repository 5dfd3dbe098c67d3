//! The leader page, above the prompt, a moment after Ctrl+X: whoever knows the letters never sees it.

use ratatui::layout::Rect;

use crate::app::{LEADER_MS, Model};
use crate::config::action::ACTIONS;
use crate::config::key::Key;
use crate::strings::{self, hint};
use crate::ui::canvas::Canvas;
use crate::ui::layout::Layout;

/// Draws it over the last rows of the conversation, once it is time.
pub(crate) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let is_due = model.leader_since.is_some_and(|since| model.now.mono_ms >= since + LEADER_MS);
    if !is_due {
        return;
    }
    let mut entries: Vec<(String, &str)> = ACTIONS
        .iter()
        .filter_map(|info| {
            let key = info.leader?.parse::<Key>().ok()?;
            Some((key.label(), short(info.title)))
        })
        .collect();
    entries.push(("1-9".to_owned(), hint::RECENT_CHATS));
    entries.push(("Esc".to_owned(), hint::CLOSE));
    let columns = if model.size.0 >= 80 { 3 } else { 2 };
    let rows = entries.len().div_ceil(columns);
    let bottom = layout.rule.y;
    let height = (rows as u16 + 3).min(bottom);
    let area = Rect::new(0, bottom - height, model.size.0, height);
    canvas.clear(area);
    canvas.rule(Rect::new(0, area.y, area.width, 1));
    canvas.text(area, 1, area.y + 1, strings::LEADER, canvas.theme.bold);
    let column_width = (model.size.0.saturating_sub(3) / columns as u16).min(32);
    for (at, (key, words)) in entries.iter().enumerate() {
        let x = 3 + (at / rows) as u16 * column_width;
        let y = area.y + 3 + (at % rows) as u16;
        if y >= area.bottom() {
            continue;
        }
        let room = Rect::new(x, y, column_width.saturating_sub(1), 1);
        canvas.text(room, x, y, key, canvas.theme.bold);
        canvas.text(room, x + 6, y, words, canvas.theme.text);
    }
}

/// The words up to the first comma or semicolon.
fn short(title: &str) -> &str {
    title.split([',', ';']).next().unwrap_or(title)
}
