//! The command palette.

use super::{input_box, page, window};
use crate::app::{Model, Palette};
use crate::strings::{self, hint};
use crate::ui::canvas::Canvas;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, palette: &Palette) -> Option<(u16, u16)> {
    let keys = [("Enter", hint::RUN), ("Esc", hint::CLOSE)];
    let page = page(canvas, model, strings::COMMANDS, "", &keys);
    let cursor = input_box(canvas, page.screen, 1, 2, &palette.input.text);
    let (x, y, width) = (page.body.x, page.body.y + 2, page.body.width);
    let height = page.body.height.saturating_sub(2) as usize;
    let matches = palette.matches();
    if matches.is_empty() {
        canvas.text(page.body, 3, y, strings::NO_COMMAND, canvas.theme.dim);
    }
    let from = window(palette.selected, height);
    for (row, info) in matches.iter().skip(from).take(height).enumerate() {
        let y = y + row as u16;
        canvas.choice(page.body, y, from + row);
        let is_selected = from + row == palette.selected;
        let style = if is_selected { canvas.theme.bold } else { canvas.theme.text };
        if is_selected {
            let own = canvas.symbols.own;
            canvas.text(page.body, x + 1, y, own, canvas.theme.accent);
        }
        canvas.text(page.body, x + 3, y, info.title, style);
        let mut how = Vec::new();
        if let Some(slash) = info.slash {
            how.push(format!("/{slash}"));
        }
        if let Some(key) = model.keymap.keys_of(info.action).first() {
            how.push(key.label());
        }
        if width >= 60 {
            canvas.text_right(page.body, y, 3, &how.join("   "), canvas.theme.dim);
        }
    }
    Some(cursor)
}
