//! The tools over the conversation, where there is no room beside it.

use ratatui::layout::Rect;

use crate::app::Model;
use crate::strings;
use crate::ui::canvas::Canvas;
use crate::ui::layout::{Layout, SizeClass};
use crate::ui::panel;

/// Draws them into the conversation's place, with a header of their own.
pub(crate) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    if layout.header.height > 0 {
        canvas.clear(layout.header);
        let x = canvas.text(layout.header, 1, 0, strings::RIFFLE, canvas.theme.bold) + 3;
        canvas.text(layout.header, x, 0, strings::TOOLS, canvas.theme.text);
        canvas.text_right(layout.header, 0, 1, &panel::summary(model), canvas.theme.dim);
    }
    panel::draw_calls(canvas, model, body(layout));
}

/// Where the calls stand.
#[must_use]
pub(crate) fn body(layout: &Layout) -> Rect {
    let margin = u16::from(layout.class == SizeClass::Full);
    let area = layout.transcript;
    Rect { width: area.width.saturating_sub(margin), ..area }
}
