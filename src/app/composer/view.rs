//! The prompt's rows: soft-wrapped by our own widths, which are those of what is really drawn, so that the cursor stands
//! where the terminal puts the text.

use unicode_segmentation::UnicodeSegmentation;

use crate::safe_text::{SafeText, TAB_WIDTH, cluster_width, width};

/// The rows to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposerView {
    /// Those visible, from the top.
    pub rows: Vec<SafeText>,
    /// The cursor's column and row among them.
    pub cursor: (u16, u16),
    /// Rows above them.
    pub first_row: u16,
    /// All rows.
    pub total_rows: usize,
}

/// A visual row: which line, and which of its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    line: usize,
    start: usize,
    end: usize,
}

/// Columns of one cluster as drawn, at this column of its row.
fn drawn_width(cluster: &str, column: usize) -> usize {
    if cluster == "\t" {
        return TAB_WIDTH - column % TAB_WIDTH;
    }
    if cluster.len() == 1 && !cluster.as_bytes()[0].is_ascii_control() {
        return 1;
    }
    let safe = SafeText::line(cluster);
    if safe.as_str() == cluster { cluster_width(cluster) } else { width(safe.as_str()) }
}

/// Wraps every line at words, else anywhere; the cursor after the last column has a row of its own.
pub(super) fn rows(lines: &[String], columns: u16) -> Vec<Row> {
    let columns = usize::from(columns.max(1));
    let mut rows = Vec::new();
    for (line, text) in lines.iter().enumerate() {
        wrap_line(&mut rows, line, text, columns);
    }
    rows
}

fn wrap_line(rows: &mut Vec<Row>, line: usize, text: &str, columns: usize) {
    let (mut start, mut at, mut used) = (0, 0, 0);
    // Where the last word of the row begins, with the columns before it.
    let mut word: Option<(usize, usize)> = None;
    for cluster in text.graphemes(true) {
        let w = drawn_width(cluster, used);
        if used + w > columns && at > start {
            if let Some((begin, before)) = word.filter(|(begin, _)| *begin > start && cluster != " ") {
                rows.push(Row { line, start, end: begin });
                start = begin;
                used -= before;
            } else {
                rows.push(Row { line, start, end: at });
                start = at;
                used = 0;
            }
            word = None;
        }
        used += w;
        at += cluster.chars().count();
        if cluster == " " || cluster == "\t" {
            word = Some((at, used));
        }
    }
    rows.push(Row { line, start, end: at });
    if used >= columns {
        rows.push(Row { line, start: at, end: at });
    }
}

/// The row and column of the cursor. At the seam of two rows the cursor stands at the start of the later one.
pub(super) fn place(rows: &[Row], lines: &[String], cursor: (usize, usize)) -> (usize, usize) {
    let (line, character) = cursor;
    let at = rows
        .iter()
        .rposition(|row| row.line == line && row.start <= character)
        .unwrap_or_else(|| rows.len().saturating_sub(1));
    let Some(row) = rows.get(at) else { return (0, 0) };
    let mut column = 0;
    for cluster in piece(lines, row, character).graphemes(true) {
        column += drawn_width(cluster, column);
    }
    (at, column)
}

/// The line and character nearest to a column of a row.
pub(super) fn position(row: &Row, lines: &[String], wanted: usize) -> (usize, usize) {
    let (mut column, mut character) = (0, row.start);
    for cluster in piece(lines, row, row.end).graphemes(true) {
        let w = drawn_width(cluster, column);
        if column + w > wanted {
            break;
        }
        column += w;
        character += cluster.chars().count();
    }
    (row.line, character)
}

/// The row's text up to this character.
fn piece<'a>(lines: &'a [String], row: &Row, to: usize) -> &'a str {
    let Some(line) = lines.get(row.line) else { return "" };
    let byte = |character: usize| line.char_indices().nth(character).map_or(line.len(), |(at, _)| at);
    let start = byte(row.start);
    &line[start..byte(to.min(row.end).max(row.start))]
}

/// The rows around the cursor, at most so many.
pub(super) fn view(lines: &[String], cursor: (usize, usize), columns: u16, max_rows: u16) -> ComposerView {
    let rows = rows(lines, columns);
    let (at, column) = place(&rows, lines, cursor);
    let visible = usize::from(max_rows.max(1)).min(rows.len());
    let from = (at + 1).saturating_sub(visible);
    let shown = rows[from..from + visible].iter().map(|row| SafeText::line(piece(lines, row, row.end))).collect();
    ComposerView {
        rows: shown,
        cursor: (u16::try_from(column).unwrap_or(u16::MAX), (at - from) as u16),
        first_row: u16::try_from(from).unwrap_or(u16::MAX),
        total_rows: rows.len(),
    }
}
