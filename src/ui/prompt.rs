//! The prompt with the real cursor in it, or the line of what is looked for in this chat.

use super::canvas::Canvas;
use super::layout::{Layout, TEXT_COLUMN};
use super::overlay::input_box;
use crate::app::{Find, Focus, Model};
use crate::strings::{self, hint};

/// Columns at the right of the count of hits.
const COUNT_MARGIN: u16 = 3;

/// Draws the prompt; gives the cursor's place.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) -> Option<(u16, u16)> {
    canvas.rule(layout.rule);
    let area = layout.prompt;
    if area.height == 0 || area.width == 0 {
        return None;
    }
    if let Some(find) = &model.find {
        return Some(draw_find(canvas, find, layout));
    }
    let style = if model.focus == Focus::Prompt { canvas.theme.accent } else { canvas.theme.dim };
    let own = canvas.symbols.own;
    let (mark, text) = if area.width > TEXT_COLUMN + 2 { (1, TEXT_COLUMN) } else { (area.width, 0) };
    canvas.text(area, mark, area.y, own, style);
    let view = model.composer.view(Layout::prompt_columns(area.width), area.height);
    for (row, content) in view.rows.iter().enumerate() {
        canvas.text(area, text, area.y + row as u16, content.as_str(), canvas.theme.text);
    }
    let (column, row) = view.cursor;
    let x = (text + column).min(area.right() - 1);
    let y = (area.y + row).min(area.bottom() - 1);
    Some((x, y))
}

/// `/ tent_                    3 of 12`; gives the cursor's place.
fn draw_find(canvas: &mut Canvas<'_>, find: &Find, layout: &Layout) -> (u16, u16) {
    let mut area = layout.prompt;
    area.height = 1;
    let (y, theme) = (area.y, canvas.theme);
    if find.is_nowhere() {
        let room = strings::NOT_IN_THIS_CHAT.len() + hint::SEARCHES_ALL_CHATS.len() + "Enter".len() + 10;
        let input = ratatui::layout::Rect { width: area.width.saturating_sub(room as u16).max(area.width / 3), ..area };
        let cursor = input_box(canvas, input, 1, y, &find.input.text);
        let x = canvas.text(area, cursor.0 + 3, y, strings::NOT_IN_THIS_CHAT, theme.dim);
        canvas.keys(area, x + 3, y, &[("Enter".to_owned(), hint::SEARCHES_ALL_CHATS.to_owned())]);
        return cursor;
    }
    let count = strings::hits_found(find.found.number, find.found.count, find.found.is_whole);
    let x = canvas.text_right(area, y, COUNT_MARGIN, &count, theme.dim);
    let input = ratatui::layout::Rect { width: x.saturating_sub(2).max(4), ..area };
    let cursor = input_box(canvas, input, 1, y, &find.input.text);
    if find.input.text.is_empty() {
        canvas.text(input, cursor.0 + 1, y, strings::FIND_HERE, theme.dim);
    }
    cursor
}
