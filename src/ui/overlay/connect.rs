//! Connecting a provider: the key as stars with its last characters, and what will be done with it.

use super::page;
use crate::app::{ConnectPage, ConnectState, Model};
use crate::safe_text::{SafeText, width};
use crate::strings::{self, hint};
use crate::ui::canvas::Canvas;
use crate::ui::wrap::wrap_plain;

const INDENT: u16 = 3;
/// Columns of a line of text at most.
const TEXT_COLUMNS: u16 = 72;

/// Draws the page; gives the cursor's place.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, connect: &ConnectPage) -> Option<(u16, u16)> {
    let is_trying = matches!(connect.state, ConnectState::Trying(_));
    let keys = [("Enter", hint::CONNECT), ("Esc", hint::BACK)];
    let keys = if is_trying { &keys[1..] } else { &keys[..] };
    let page = page(canvas, model, &strings::connect_head(&connect.label), "", keys);
    let (theme, body) = (canvas.theme, page.body);
    let at = canvas.text(page.screen, INDENT, 2, strings::PASTE_KEY, theme.text);
    let tail = connect.tail().unwrap_or_default();
    let room = page.screen.right().saturating_sub(at + 2) as usize;
    let stars = connect.length().saturating_sub(tail.len()).min(room.saturating_sub(width(&tail)));
    let end = canvas.text(page.screen, at, 2, &format!("{}{tail}", "*".repeat(stars)), theme.text);
    let columns = body.width.saturating_sub(2 * INDENT).min(TEXT_COLUMNS) as usize;
    let mut row = 4;
    let mut paragraph = |canvas: &mut Canvas<'_>, text: &str, style| {
        for line in wrap_plain(&SafeText::line(text), columns.max(1)) {
            if row < body.bottom() {
                canvas.text(page.screen, INDENT, row, line.as_str(), style);
            }
            row += 1;
        }
        row += 1;
    };
    match &connect.state {
        ConnectState::Failed(why) => paragraph(canvas, why, theme.bad),
        ConnectState::Trying(_) => paragraph(canvas, &strings::asking(&connect.label), theme.text),
        ConnectState::Waiting => {}
    }
    let in_file = strings::key_is_kept(&model.keys_place);
    paragraph(canvas, if model.has_keyring { strings::KEY_IS_KEPT_IN_KEYRING } else { &in_file }, theme.dim);
    (!is_trying).then(|| (end.min(page.screen.right().saturating_sub(1)), 2))
}
