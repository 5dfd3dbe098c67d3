//! Wrapping of code. What goes on in the next row is set in from where its line begins, so that it is not taken for a line
//! of its own, and it is cut behind a blank where one is near. Nothing is left out. Pure.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::line::{Joins, Line};
use super::wrap::joined;
use crate::safe_text::{SafeText, cluster_width};

/// Columns by which the rest of a line is set in from where the line begins.
const HANG: usize = 2;
/// Columns below which nothing is set in.
const NARROWEST: usize = 16;

/// A row: its bytes, and the columns that it is set in.
type Row = (Range<usize>, usize);

/// Wraps code to rows of at most `width` columns. `begun` is the hang of the line that its first row goes on with.
#[must_use]
pub(super) fn wrap_code(line: &Line, width: usize, begun: Option<usize>) -> Vec<Line> {
    let mut text = SafeText::default();
    line.spans.iter().for_each(|span| text.push(&span.text));
    let style = line.spans.first().map(|span| span.style).unwrap_or_default();
    let mut above = None;
    let laid_out = rows(text.as_str(), width, begun).into_iter().map(|(range, hang)| {
        let is_new = above.is_some_and(|end| end < range.start);
        let joins = if above.is_none() || is_new { Joins::NewLine } else { Joins::Nothing };
        above = Some(range.end);
        let row = Line { joins, offset: range.start as u32, ..Line::styled(text.slice(range), style) };
        if row.spans.iter().all(|span| span.text.is_empty()) {
            return Line { spans: Vec::new(), ..row };
        }
        if hang == 0 {
            return row;
        }
        joined(&Line::styled(SafeText::line(&" ".repeat(hang)), style).as_lead(), row)
    });
    laid_out.collect()
}

fn rows(text: &str, width: usize, mut begun: Option<usize>) -> Vec<Row> {
    let width = width.max(1);
    let mut out = Vec::with_capacity(text.len() / width + 1);
    let mut start = 0;
    for piece in text.split('\n') {
        let indent = piece.len() - piece.trim_start_matches(' ').len();
        let hang = if width < NARROWEST { 0 } else { indent.min(width / 2) + HANG };
        let (first, rest) = begun.take().map_or((0, hang), |hang| (hang, hang));
        wrap_piece(piece, start, width, (first, rest), &mut out);
        start += piece.len() + 1;
    }
    out
}

fn wrap_piece(piece: &str, base: usize, width: usize, (first, rest): (usize, usize), out: &mut Vec<Row>) {
    let is_ascii = piece.is_ascii();
    let (mut at, mut hang) = (0, first);
    loop {
        let room = width.saturating_sub(hang).max(1);
        let left = &piece[at..];
        let cut = if is_ascii { ascii_cut(left.as_bytes(), room) } else { cut(left, room) };
        out.push((base + at..base + at + cut, hang));
        at += cut;
        if at >= piece.len() {
            return;
        }
        hang = rest;
    }
}

/// Columns of a row before which no blank is looked for to end it with.
fn near(room: usize) -> usize {
    room * 2 / 3
}

fn ascii_cut(left: &[u8], room: usize) -> usize {
    if left.len() <= room {
        return left.len();
    }
    let blank = left[..room].iter().rposition(|byte| *byte == b' ').filter(|at| *at >= near(room));
    blank.map_or(room, |at| at + 1)
}

fn cut(left: &str, room: usize) -> usize {
    let (mut used, mut blank) = (0, None);
    for (at, cluster) in left.grapheme_indices(true) {
        let columns = cluster_width(cluster);
        if used + columns > room && at > 0 {
            return blank.unwrap_or(at);
        }
        if cluster == " " && used >= near(room) {
            blank = Some(at + 1);
        }
        used += columns;
    }
    left.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;
    use crate::ui::line::unwrapped;

    fn wrapped(code: &str, width: usize) -> Vec<Line> {
        wrap_code(&Line::styled(SafeText::block(code), Style::new()), width, None)
    }

    #[test]
    fn what_goes_on_is_set_in() {
        let rows: Vec<String> = wrapped("    let total = prices.iter().sum();\n\nabcdefghijklmnopqrstuvwxyz", 20)
            .iter()
            .map(Line::to_text)
            .collect();
        assert_eq!(
            rows,
            ["    let total = ", "      prices.iter().", "      sum();", "", "abcdefghijklmnopqrst", "  uvwxyz"]
        );
    }

    proptest! {
        #[test]
        fn rows_fit_and_nothing_is_lost(code in "[a é日 \n👋]{0,80}", width in 2_usize..40) {
            let rows = wrapped(&code, width);
            prop_assert!(rows.iter().all(|row| row.width() <= width), "{:?}", rows);
            prop_assert_eq!(unwrapped(&rows), SafeText::block(&code).into_string());
        }

        #[test]
        fn the_ascii_path_equals_the_general_one(code in "[ab ]{0,80}", room in 1_usize..30) {
            prop_assert_eq!(ascii_cut(code.as_bytes(), room), cut(&code, room));
        }
    }
}
