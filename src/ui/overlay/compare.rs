//! Two versions of a message in one text, in the marks of word diffs: `[-only in the older one-]` and `{+only in the newer
//! one+}`, also in colours.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{body, page};
use crate::app::{ComparePage, DiffPiece, Model};
use crate::safe_text::SafeText;
use crate::strings::{self, hint};
use crate::ui::canvas::{Canvas, push};
use crate::ui::line::Line;
use crate::ui::theme::Theme;
use crate::ui::wrap::{Breaking, wrap_line};

/// Columns at the left and at the right of the text.
const MARGIN: u16 = 6;
/// Widest text.
const PROSE: u16 = 92;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, compare: &ComparePage) -> Option<(u16, u16)> {
    let keys = [("j k", hint::MOVE), ("Left Right", hint::OLDER_NEWER), ("Esc", hint::CLOSE)];
    let head = strings::comparing(compare.from + 1, compare.to + 1, compare.count(), compare.is_same());
    let page = page(canvas, model, &head, "", &keys);
    let lines = lines(compare, page.body, &canvas.theme);
    for (row, line) in lines.into_iter().skip(compare.top).take(page.body.height as usize).enumerate() {
        canvas.line(page.body, 3, page.body.y + row as u16, line);
    }
    None
}

/// Keeps the first line shown within what there is.
pub(crate) fn settle(compare: &mut ComparePage, size: (u16, u16), theme: &Theme) {
    let body = body(size);
    let last = lines(compare, body, theme).len().saturating_sub(body.height as usize);
    compare.top = compare.top.min(last);
}

fn lines(compare: &ComparePage, body: Rect, theme: &Theme) -> Vec<Line> {
    let width = body.width.saturating_sub(MARGIN).clamp(8, PROSE) as usize;
    wrap_line(&text(compare, theme), width, Breaking::Words)
}

fn text(compare: &ComparePage, theme: &Theme) -> Line {
    let mut line = Line::default();
    for (piece, text) in &compare.pieces {
        let (style, marks): (Style, _) = match piece {
            DiffPiece::Both => (theme.text, None),
            DiffPiece::Removed => (theme.diff.removed, Some(("[-", "-]"))),
            DiffPiece::Added => (theme.diff.added, Some(("{+", "+}"))),
        };
        if let Some((open, _)) = marks {
            push(&mut line, open, theme.dim);
        }
        line.push(SafeText::block(text), style);
        if let Some((_, close)) = marks {
            push(&mut line, close, theme.dim);
        }
    }
    line
}
