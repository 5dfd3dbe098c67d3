//! The only module that writes cells. It takes nothing but safe text, so what the gate took out cannot come back, and it
//! draws the marks the gate left in a style of their own, so that they are not taken for the author's text. Pure.

use std::num::NonZeroU16;
use std::ops::Range;

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::safe_text::{SafeText, cluster_width};
use crate::ui::direction;
use crate::ui::line::Line;
use crate::ui::link::Links;
use crate::ui::theme::Theme;

/// Draws text from column `x` of row `y` (of the buffer, not of the area), clipped to the area. A wide cluster is never
/// half drawn. Returns the columns used.
pub fn paint_text(
    buffer: &mut Buffer,
    area: Rect,
    x: u16,
    y: u16,
    text: &SafeText,
    style: Style,
    theme: &Theme,
) -> u16 {
    let clip = area.intersection(buffer.area);
    let end =
        if (clip.top()..clip.bottom()).contains(&y) { paint(buffer, clip, x, y, text, style, theme).0 } else { x };
    end - x
}

/// Draws the spans of a line one after another, as [`paint_text`] does.
pub fn paint_line(buffer: &mut Buffer, area: Rect, x: u16, y: u16, line: &Line, theme: &Theme, links: &mut Links) {
    let clip = area.intersection(buffer.area);
    if !(clip.top()..clip.bottom()).contains(&y) {
        return;
    }
    let mut at = x;
    for span in &line.spans {
        let style = span.link.as_ref().map_or(span.style, |link| links.marked(span.style, link));
        let (end, is_full) = paint(buffer, clip, at, y, &span.text, style, theme);
        if is_full {
            return;
        }
        at = end;
    }
}

/// The column after the last cluster, and whether the right edge was met.
fn paint(buffer: &mut Buffer, clip: Rect, x: u16, y: u16, text: &SafeText, style: Style, theme: &Theme) -> (u16, bool) {
    let text = text.as_str();
    let has_marks = !text.is_ascii() || text.contains("<U+");
    if !has_marks {
        return paint_ascii(buffer, clip, x, y, text, style);
    }
    let mut marked_until = 0;
    let mut at = x;
    for (offset, cluster) in text.grapheme_indices(true) {
        let columns = cluster_width(cluster) as u16;
        if columns == 0 {
            continue;
        }
        let end = at.saturating_add(columns);
        if end > clip.right() {
            return (at, true);
        }
        if has_marks && offset >= marked_until {
            marked_until = offset + mark_length(&text[offset..]);
        }
        if at >= clip.left() {
            let style = if offset < marked_until { style.patch(theme.marked) } else { style };
            let cell = &mut buffer[(at, y)];
            cell.set_symbol(cluster).set_style(style);
            // A cluster of several letters (Devanagari) can be wider for ratatui than the layout took it for; the cells
            // after it would not be drawn.
            if !cluster.is_ascii() && cell.cell_width() != columns {
                cell.set_diff_option(
                    NonZeroU16::new(columns).map_or(CellDiffOption::None, CellDiffOption::ForcedWidth),
                );
            }
            for covered in at + 1..end {
                buffer[(covered, y)].reset();
            }
        }
        at = end;
    }
    (at, false)
}

/// One column a byte: most text is of this kind.
fn paint_ascii(buffer: &mut Buffer, clip: Rect, x: u16, y: u16, text: &str, style: Style) -> (u16, bool) {
    let mut at = x;
    for offset in 0..text.len() {
        if at >= clip.right() {
            return (at, true);
        }
        if at >= clip.left() {
            buffer[(at, y)].set_symbol(&text[offset..=offset]).set_style(style);
        }
        at += 1;
    }
    (at, false)
}

/// The column after this text when it is drawn from column `x`, clipped to the area.
#[must_use]
pub fn reach(area: Rect, x: u16, text: &SafeText) -> u16 {
    let text = text.as_str();
    let right = area.right();
    if text.is_ascii() {
        let columns = u16::try_from(text.len()).unwrap_or(u16::MAX);
        return x.saturating_add(columns).min(right).max(x);
    }
    let mut at = x;
    for cluster in text.graphemes(true) {
        let end = at.saturating_add(cluster_width(cluster) as u16);
        if end > right {
            return at;
        }
        at = end;
    }
    at
}

/// Empties these columns of a row of the buffer.
pub fn clear(buffer: &mut Buffer, row: usize, columns: Range<u16>) {
    let start = row * usize::from(buffer.area.width);
    for cell in &mut buffer.content[start + usize::from(columns.start)..start + usize::from(columns.end)] {
        cell.reset();
    }
}

/// Whether something in a painted row runs from right to left.
#[must_use]
pub(super) fn is_turned(buffer: &Buffer, row: usize) -> bool {
    let width = usize::from(buffer.area.width);
    buffer.content[row * width..(row + 1) * width].iter().any(|cell| direction::has_rightward(cell.symbol()))
}

/// Keeps the columns of a painted row where they are on terminals that turn text around which runs from right to left;
/// whether there is such text.
pub(super) fn hold_columns(buffer: &mut Buffer, row: usize) -> bool {
    if !is_turned(buffer, row) {
        return false;
    }
    let width = usize::from(buffer.area.width);
    let cells = &mut buffer.content[row * width..(row + 1) * width];
    for at in direction::ends(cells.iter().map(ratatui::buffer::Cell::symbol)) {
        let mut symbol = cells[at].symbol().to_owned();
        symbol.push(direction::MARK);
        cells[at].set_symbol(&symbol);
    }
    true
}

/// Fills the whole area with one glyph of one column.
pub fn fill(buffer: &mut Buffer, area: Rect, glyph: &'static str, style: Style) {
    let clip = area.intersection(buffer.area);
    for y in clip.top()..clip.bottom() {
        for x in clip.left()..clip.right() {
            buffer[(x, y)].set_symbol(glyph).set_style(style);
        }
    }
}

/// Bytes of the mark at the start of a text, 0 where there is none: a control picture, or `<U+` with 4 to 6 digits.
fn mark_length(text: &str) -> usize {
    match text.chars().next() {
        Some(c @ '\u{2400}'..='\u{2426}') => c.len_utf8(),
        Some('<') => text
            .strip_prefix("<U+")
            .and_then(|rest| rest.bytes().take(7).position(|byte| byte == b'>').map(|digits| &rest[..digits]))
            .filter(|digits| digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map_or(0, |digits| digits.len() + 4),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;
    use crate::ui::theme::Background;

    fn theme() -> Theme {
        Theme::new(Background::Dark, true)
    }

    fn painted(text: &str, area: Rect, x: u16) -> (Buffer, u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        let used = paint_text(&mut buffer, area, x, 0, &SafeText::block(text), Style::new(), &theme());
        (buffer, used)
    }

    #[test]
    fn text_is_clipped_at_the_right() {
        let (buffer, used) = painted("abcdef", Rect::new(0, 0, 4, 1), 1);
        assert_eq!((buffer, used), (Buffer::with_lines([" abc    "]), 3));
    }

    #[test]
    fn a_wide_cluster_is_never_half_drawn() {
        let (buffer, used) = painted("a日本", Rect::new(0, 0, 4, 1), 0);
        assert_eq!((buffer, used), (Buffer::with_lines(["a日     "]), 3));
    }

    #[test]
    fn nothing_follows_a_span_that_met_the_edge() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        let mut line = Line::styled(SafeText::line("a日本"), Style::new());
        line.push(SafeText::line("x"), Style::new().add_modifier(Modifier::BOLD));
        paint_line(&mut buffer, Rect::new(0, 0, 4, 1), 0, 0, &line, &theme(), &mut Links::default());
        assert_eq!(buffer, Buffer::with_lines(["a日 "]));
    }

    #[test]
    fn areas_beyond_the_buffer_are_left_alone() {
        assert_eq!(painted("abc", Rect::new(0, 3, 40, 4), 0), (Buffer::empty(Rect::new(0, 0, 8, 1)), 0));
        assert_eq!(painted("abc", Rect::new(0, 0, 400, 400), 7).0, Buffer::with_lines(["       a"]));
        assert_eq!(painted("abc", Rect::new(0, 0, 400, 400), u16::MAX).1, 0);
    }

    #[test]
    fn columns_stay_behind_text_from_right_to_left() {
        let mut buffer = Buffer::with_lines(["a  b ", "שם  1", "c   d"]);
        assert_eq!([0, 1, 2].map(|row| hold_columns(&mut buffer, row)), [false, true, false]);
        let symbols: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(symbols, "a  b שם \u{200e} 1c   d");
    }

    #[test]
    fn marks_have_their_own_style() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 1));
        let area = buffer.area;
        paint_text(&mut buffer, area, 0, 0, &SafeText::block("a\x1b[b\u{202e}c<U+>"), Style::new(), &theme());
        let mut expected = Buffer::with_lines(["a␛[b<U+202E>c<U+"]);
        expected.set_style(Rect::new(1, 0, 1, 1), theme().marked);
        expected.set_style(Rect::new(4, 0, 8, 1), theme().marked);
        assert_eq!(buffer, expected);
    }
}
