//! The first screen of a chat: two sentences, what to try, and how to get one's own model.

use super::canvas::Canvas;
use super::layout::{Layout, TEXT_COLUMN};
use crate::app::Model;
use crate::safe_text::SafeText;
use crate::strings;

/// Draws it into the conversation's place.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.transcript;
    let theme = canvas.theme;
    let is_demo = model.providers.current().is_some_and(|row| row.is_demo);
    let mut lines: Vec<(u16, String, ratatui::style::Style)> = Vec::new();
    if model.chat.is_private {
        lines.push((0, strings::PRIVATE_HELLO.to_owned(), theme.waiting));
        lines.push((0, String::new(), theme.text));
    }
    if is_demo {
        lines.extend(strings::DEMO_HELLO.iter().map(|text| (0, (*text).to_owned(), theme.text)));
        lines.push((0, String::new(), theme.text));
        lines.push((0, strings::STARTERS_HEAD.to_owned(), theme.text));
        lines.push((0, String::new(), theme.text));
        lines.extend(strings::STARTERS.iter().map(|text| (2, (*text).to_owned(), theme.text)));
        lines.push((0, String::new(), theme.text));
        lines.push((0, strings::DEMO_CONNECT.to_owned(), theme.dim));
    } else {
        if !model.providers.reason.is_empty() {
            lines.push((0, model.providers.reason.clone(), theme.text));
        }
        lines.push((0, strings::NOTHING_SENT.to_owned(), theme.dim));
    }
    let mut y = area.y;
    for (indent, text, style) in lines {
        let width = layout.prose.saturating_sub(indent) as usize;
        for piece in super::wrap::wrap_plain(&SafeText::line(&text), width) {
            if y >= area.bottom() {
                return;
            }
            canvas.text(area, (TEXT_COLUMN + indent).min(area.width / 4), y, piece.as_str(), style);
            y += 1;
        }
    }
}
