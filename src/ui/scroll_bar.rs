//! The scroll bar in the last column of the conversation, where there is more than a screenful: what is seen of it all;
//! and beside it own questions, and hits of what is looked for. While an answer streams in and the view follows it, there
//! is none: one knows where one is, and it would creep.

use super::canvas::Canvas;
use super::layout::Layout;
use super::transcript::RenderCache;
use crate::app::{Heights, Model};
use crate::chat::EntryBody;

/// Messages a row from which on own questions are not marked: there would be one in every row.
const MAX_MESSAGES_A_ROW: usize = 4;

/// Where the bar stands for what, in rows of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    /// Rows of the bar.
    rows: usize,
    /// Lines it stands for.
    lines: usize,
    /// The first row of what is seen, and how many there are.
    seen: (usize, usize),
}

impl Bar {
    /// `None` where everything is seen.
    fn new(rows: usize, top: usize, total: usize) -> Option<Self> {
        let lines = total.max(top + rows);
        if rows == 0 || lines <= rows {
            return None;
        }
        let height = (rows * rows / lines).max(1);
        let free = rows - height;
        let first = (top * free + (lines - rows) / 2) / (lines - rows);
        Some(Self { rows, lines, seen: (first.min(free), height) })
    }

    /// The row that stands for this line.
    fn row_of(&self, line: usize) -> usize {
        (line * self.rows / self.lines).min(self.rows - 1)
    }

    fn is_seen(&self, row: usize) -> bool {
        (self.seen.0..self.seen.0 + self.seen.1).contains(&row)
    }
}

/// The bar, where there is one.
fn bar(model: &Model, layout: &Layout) -> Option<Bar> {
    let area = layout.transcript;
    if area.width < 20 || (model.scroll.is_following() && model.running_turn().is_some() && model.find.is_none()) {
        return None;
    }
    let settled = model.scroll.settled;
    Bar::new(usize::from(area.height), settled.top, settled.total)
}

/// The first line that is to be seen when the bar is pointed at here; `None` beside it.
#[must_use]
pub(super) fn top_at(model: &Model, layout: &Layout, (x, y): (u16, u16)) -> Option<usize> {
    let area = layout.transcript;
    let bar = bar(model, layout).filter(|_| area.contains((x, y).into()) && x + 2 >= area.right())?;
    let row = usize::from(y - area.y);
    // What is pointed at comes into the middle; the ends of the bar are the ends of the chat.
    let line = if row + 1 == bar.rows { bar.lines } else { row * bar.lines / bar.rows };
    Some(line.saturating_sub(bar.rows / 2).min(bar.lines - bar.rows))
}

/// Whether there is one.
#[must_use]
pub(super) fn is_shown(model: &Model, layout: &Layout) -> bool {
    bar(model, layout).is_some()
}

/// Draws the bar.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, cache: &RenderCache, layout: &Layout) {
    let area = layout.transcript;
    let Some(bar) = bar(model, layout) else { return };
    let (theme, symbols, heights) = (canvas.theme, canvas.symbols, cache.heights());
    for row in (0..bar.rows).filter(|row| bar.is_seen(*row)) {
        canvas.text(area, area.right() - 1, area.y + row as u16, symbols.thumb, theme.scroll_bar);
    }
    let mut marks = vec![None; bar.rows];
    for row in questions(model, heights, &bar) {
        marks[row] = Some((symbols.own_in_bar, theme.scroll_bar));
    }
    for line in cache.finder.iter().flat_map(|finder| finder.lines(heights)) {
        marks[bar.row_of(line)] = Some((symbols.hit_in_bar, theme.bold));
    }
    for (row, mark) in marks.into_iter().enumerate() {
        if let Some((mark, style)) = mark {
            canvas.text(area, area.right() - 2, area.y + row as u16, mark, style);
        }
    }
}

/// The rows of own questions, where they can be told apart.
fn questions(model: &Model, heights: &Heights, bar: &Bar) -> Vec<usize> {
    let entries = &model.chat.conversation.entries;
    if entries.len() > bar.rows * MAX_MESSAGES_A_ROW {
        return Vec::new();
    }
    let own = entries.iter().enumerate().filter(|(_, entry)| matches!(entry.body, EntryBody::Question(_)));
    own.map(|(at, _)| bar.row_of(heights.start_of(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_for_all_lines_and_touches_both_ends() {
        assert_eq!(Bar::new(20, 0, 20), None);
        assert_eq!(Bar::new(20, 0, 5), None);
        let seen = |top, total| Bar::new(20, top, total).map(|bar| bar.seen);
        assert_eq!(seen(0, 40), Some((0, 10)));
        assert_eq!(seen(20, 40), Some((10, 10)));
        assert_eq!(seen(10, 40), Some((5, 10)));
        assert_eq!(seen(0, 200_000), Some((0, 1)));
        assert_eq!(seen(199_980, 200_000), Some((19, 1)));
        // A question at the top with room beneath it.
        assert_eq!(seen(35, 40), Some((13, 7)));
    }

    #[test]
    fn every_line_has_a_row() {
        let bar = Bar::new(10, 0, 95).unwrap();
        assert_eq!([bar.row_of(0), bar.row_of(47), bar.row_of(94), bar.row_of(200)], [0, 4, 9, 9]);
    }
}
