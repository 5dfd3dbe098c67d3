//! The prompt with the real cursor in it.

use super::canvas::Canvas;
use super::layout::{Layout, TEXT_COLUMN};
use crate::app::{Focus, Model};

/// Draws the prompt; gives the cursor's place.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) -> Option<(u16, u16)> {
    canvas.rule(layout.rule);
    let area = layout.prompt;
    if area.height == 0 || area.width == 0 {
        return None;
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
