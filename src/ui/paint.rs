//! The only module that writes cells. It takes nothing but safe text, so what the gate took out cannot come back, and it
//! draws the marks the gate left in a style of their own, so that they are not taken for the author's text. Pure.

use std::num::NonZeroU16;
use std::ops::Range;

use ratatui::buffer::{Cell, CellDiffOption, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::safe_text::{SafeText, cluster_width};
use crate::ui::direction;
use crate::ui::line::Line;
use crate::ui::link::Links;
use crate::ui::theme::Theme;

/// Draws text into a row from column `x` on, clipped to these columns. A wide cluster is never half drawn. Gives the column
/// after it.
pub fn paint_text(row: &mut [Cell], clip: Range<u16>, x: u16, text: &SafeText, style: Style, theme: &Theme) -> u16 {
    paint(row, &within(clip, row), x, text, style, theme).0
}

/// Draws the spans of a line one after another, as [`paint_text`] does.
pub fn paint_line(row: &mut [Cell], clip: Range<u16>, x: u16, line: &Line, theme: &Theme, links: &mut Links) {
    let clip = within(clip, row);
    let mut at = x;
    for span in &line.spans {
        let style = span.link.as_ref().map_or(span.style, |link| links.marked(span.style, link));
        let (end, is_full) = paint(row, &clip, at, &span.text, style, theme);
        if is_full {
            return;
        }
        at = end;
    }
}

/// The columns that there are in the row.
fn within(columns: Range<u16>, row: &[Cell]) -> Range<u16> {
    let end = columns.end.min(u16::try_from(row.len()).unwrap_or(u16::MAX));
    columns.start.min(end)..end
}

/// The column after the last cluster, and whether the right edge was met.
fn paint(row: &mut [Cell], clip: &Range<u16>, x: u16, text: &SafeText, style: Style, theme: &Theme) -> (u16, bool) {
    let text = text.as_str();
    if text.is_ascii() && !text.contains("<U+") {
        return paint_ascii(row, clip, x, text, style);
    }
    let mut marked_until = 0;
    let mut at = x;
    for (offset, cluster) in text.grapheme_indices(true) {
        let columns = cluster_width(cluster) as u16;
        if columns == 0 {
            continue;
        }
        let end = at.saturating_add(columns);
        if end > clip.end {
            return (at, true);
        }
        if offset >= marked_until {
            marked_until = offset + mark_length(&text[offset..]);
        }
        if at >= clip.start {
            let style = if offset < marked_until { style.patch(theme.marked) } else { style };
            let cell = &mut row[usize::from(at)];
            cell.set_symbol(cluster).set_style(style);
            // A cluster of several letters (Devanagari) can be wider for ratatui than the layout took it for; the cells
            // after it would not be drawn.
            if !cluster.is_ascii() && cell.cell_width() != columns {
                cell.set_diff_option(
                    NonZeroU16::new(columns).map_or(CellDiffOption::None, CellDiffOption::ForcedWidth),
                );
            }
            row[usize::from(at) + 1..usize::from(end)].iter_mut().for_each(Cell::reset);
        }
        at = end;
    }
    (at, false)
}

/// One column a byte: most text is of this kind.
fn paint_ascii(row: &mut [Cell], clip: &Range<u16>, x: u16, text: &str, style: Style) -> (u16, bool) {
    let end = x.saturating_add(u16::try_from(text.len()).unwrap_or(u16::MAX));
    let (first, last) = (x.max(clip.start), end.min(clip.end));
    for at in first..last {
        let offset = usize::from(at - x);
        row[usize::from(at)].set_symbol(&text[offset..=offset]).set_style(style);
    }
    (end.min(clip.end.max(x)), end > clip.end)
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

/// Empties cells.
pub fn clear(cells: &mut [Cell]) {
    cells.iter_mut().for_each(Cell::reset);
}

/// Whether something in a painted row runs from right to left.
#[must_use]
pub(super) fn is_turned(row: &[Cell]) -> bool {
    row.iter().any(|cell| direction::has_rightward(cell.symbol()))
}

/// Keeps the columns of a painted row where they are on terminals that turn text around which runs from right to left;
/// whether there is such text.
pub(super) fn hold_columns(row: &mut [Cell]) -> bool {
    if !is_turned(row) {
        return false;
    }
    for at in direction::ends(row.iter().map(Cell::symbol)) {
        let mut symbol = row[at].symbol().to_owned();
        symbol.push(direction::MARK);
        row[at].set_symbol(&symbol);
    }
    true
}

/// Fills columns of a row with one glyph of one column.
pub fn fill(row: &mut [Cell], columns: Range<u16>, glyph: &'static str, style: Style) {
    let columns = within(columns, row);
    for cell in &mut row[usize::from(columns.start)..usize::from(columns.end)] {
        cell.set_symbol(glyph).set_style(style);
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

    fn row(columns: usize) -> Vec<Cell> {
        vec![Cell::EMPTY; columns]
    }

    fn symbols(row: &[Cell]) -> String {
        row.iter().map(Cell::symbol).collect()
    }

    fn painted(text: &str, clip: Range<u16>, x: u16) -> (String, u16) {
        let mut row = row(8);
        let end = paint_text(&mut row, clip, x, &SafeText::block(text), Style::new(), &theme());
        (symbols(&row), end)
    }

    #[test]
    fn text_is_clipped_at_both_ends() {
        assert_eq!(painted("abcdef", 0..4, 1), (" abc    ".to_owned(), 4));
        assert_eq!(painted("abcdef", 3..20, 1), ("   cdef ".to_owned(), 7));
        assert_eq!(painted("äbcdef", 3..6, 1), ("   cde  ".to_owned(), 6));
    }

    #[test]
    fn a_wide_cluster_is_never_half_drawn() {
        assert_eq!(painted("a日本", 0..4, 0), ("a日      ".to_owned(), 3));
    }

    #[test]
    fn nothing_follows_a_span_that_met_the_edge() {
        let mut row = row(4);
        let mut line = Line::styled(SafeText::line("a日本"), Style::new());
        line.push(SafeText::line("x"), Style::new().add_modifier(Modifier::BOLD));
        paint_line(&mut row, 0..4, 0, &line, &theme(), &mut Links::default());
        assert_eq!(symbols(&row), "a日  ");
    }

    #[test]
    fn columns_beyond_the_row_are_left_alone() {
        assert_eq!(painted("abc", 0..400, 7), ("       a".to_owned(), 8));
        assert_eq!(painted("abc", 0..400, u16::MAX), (" ".repeat(8), u16::MAX));
        assert_eq!(painted("abc", 9..400, 9), (" ".repeat(8), 9));
    }

    #[test]
    fn columns_stay_behind_text_from_right_to_left() {
        let held = |text: &str| {
            let mut row = row(text.chars().count());
            row.iter_mut().zip(text.chars()).for_each(|(cell, c)| {
                cell.set_char(c);
            });
            (hold_columns(&mut row), symbols(&row))
        };
        assert_eq!(held("a  b "), (false, "a  b ".to_owned()));
        assert_eq!(held("שם  1"), (true, "שם \u{200e} 1".to_owned()));
    }

    #[test]
    fn marks_have_their_own_style() {
        let mut row = row(16);
        paint_text(&mut row, 0..16, 0, &SafeText::block("a\x1b[b\u{202e}c<U+>"), Style::new(), &theme());
        assert_eq!(symbols(&row), "a␛[b<U+202E>c<U+");
        let marked = Cell::default().set_style(theme().marked).style();
        let marks: Vec<usize> = (0..16).filter(|at| row[*at].style() == marked).collect();
        assert_eq!(marks, [1, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
}
