//! Tables: columns as wide as their content, three blanks between, two where only those fit, one rule under the head. What
//! is too wide is shrunk and its cells wrapped; where even that leaves no words, each row becomes lines of `Header  value`.
//! Pure.

use pulldown_cmark::Alignment;

use super::Options;
use super::writer::rule;
use crate::safe_text::SafeText;
use crate::ui::line::Line;
use crate::ui::wrap::{Breaking, wrap_hanging, wrap_line};

/// Blank columns between two columns, and where the table is too wide for that.
const GAP: usize = 3;
const SMALL_GAP: usize = 2;
/// Columns below which a shrunk column cannot be read.
const NARROWEST: usize = 8;

/// The lines of a cell; mostly one.
type Cell = Vec<Line>;

/// The cells of a table; the first row is the head.
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new(), row: Vec::new() }
    }

    pub(super) fn push_cell(&mut self, cell: Cell) {
        self.row.push(cell);
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }
}

/// The rows of a table in so many columns.
pub(super) fn layout(table: &Table, room: usize, options: &Options<'_>) -> Vec<Line> {
    let Some((head, body)) = table.rows.split_first() else { return Vec::new() };
    let of_row = |lines: Vec<Line>, row: usize| lines.into_iter().map(move |line| Line { offset: row as u32, ..line });
    let mut natural = vec![1; head.len()];
    for row in &table.rows {
        for (width, cell) in natural.iter_mut().zip(row) {
            *width = cell.iter().map(Line::width).fold(*width, usize::max);
        }
    }
    let between = head.len().saturating_sub(1);
    let gap = if natural.iter().sum::<usize>() + GAP * between <= room { GAP } else { SMALL_GAP };
    let gaps = gap * between;
    let Some(widths) = shrunk(&natural, room.saturating_sub(gaps)) else {
        return records(head, body, room, options);
    };
    let alignments: Vec<Alignment> = (0..head.len())
        .map(|column| match table.alignments.get(column) {
            Some(Alignment::None) | None if is_numeric_column(body, column) => Alignment::Right,
            Some(alignment) => *alignment,
            None => Alignment::None,
        })
        .collect();
    let mut lines = row_lines(head, &widths, &alignments, gap);
    if lines.is_empty() && body.iter().flatten().all(is_empty) {
        return lines;
    }
    lines.push(Line::styled(rule(widths.iter().sum::<usize>() + gaps, options), options.theme.dim).as_lead());
    for (at, row) in body.iter().enumerate() {
        lines.extend(of_row(row_lines(row, &widths, &alignments, gap), at + 1));
    }
    lines
}

/// Widths that fit into `room` together: narrow columns keep theirs, the others share what is left. None where a column
/// would be too narrow to read.
fn shrunk(natural: &[usize], room: usize) -> Option<Vec<usize>> {
    let mut by_width: Vec<usize> = (0..natural.len()).collect();
    by_width.sort_by_key(|column| natural[*column]);
    let mut widths = natural.to_vec();
    let mut left = room;
    for (at, column) in by_width.iter().enumerate() {
        let share = left / (natural.len() - at);
        let width = natural[*column].min(share);
        if width < natural[*column].min(NARROWEST) {
            return None;
        }
        widths[*column] = width;
        left -= width;
    }
    Some(widths)
}

fn is_empty(cell: &Cell) -> bool {
    cell.iter().all(|line| line.spans.is_empty())
}

fn is_numeric_column(body: &[Vec<Cell>], column: usize) -> bool {
    let mut has_numbers = false;
    for row in body {
        let text = row.get(column).and_then(|cell| cell.first()).map(Line::to_text).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if !is_number(text) {
            return false;
        }
        has_numbers = true;
    }
    has_numbers
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let text = text.strip_suffix('%').map_or(text, str::trim_end);
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'_'))
}

/// The lines of one row; none where all its cells are empty.
fn row_lines(cells: &[Cell], widths: &[usize], alignments: &[Alignment], gap: usize) -> Vec<Line> {
    if cells.iter().all(is_empty) {
        return Vec::new();
    }
    let wrap = |(cell, width): (&Cell, &usize)| -> Vec<Line> {
        cell.iter().flat_map(|line| wrap_line(line, *width, Breaking::Words)).collect()
    };
    let wrapped: Vec<Vec<Line>> = cells.iter().zip(widths).map(wrap).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let mut wrapped: Vec<_> = wrapped.into_iter().map(Vec::into_iter).collect();
    let mut lines = Vec::with_capacity(height);
    for _ in 0..height {
        let mut line = Line::default();
        // Blanks are written only before something, so that no row ends in them.
        let mut owed = 0;
        for ((cell, width), alignment) in wrapped.iter_mut().zip(widths).zip(alignments) {
            let piece = cell.next().unwrap_or_default();
            let free = width.saturating_sub(piece.width());
            let before = match alignment {
                Alignment::None | Alignment::Left => 0,
                Alignment::Center => free / 2,
                Alignment::Right => free,
            };
            if piece.spans.is_empty() {
                owed += *width + gap;
                continue;
            }
            line.push(blanks(owed + before), ratatui::style::Style::new());
            for span in piece.spans {
                line.push_span(span);
            }
            owed = free - before + gap;
        }
        lines.push(line);
    }
    lines
}

static NO_NAME: Line = Line::EMPTY;

/// Cells of a table up to which empty ones are told, too: a row of a few bytes may have thousands of them.
const MAX_TOLD_CELLS: usize = 2000;
/// Rows of a column's name in records.
const MAX_NAME_ROWS: usize = 3;

fn records(head: &[Cell], body: &[Vec<Cell>], room: usize, options: &Options<'_>) -> Vec<Line> {
    let widest = head.iter().flatten().map(Line::width).max().unwrap_or(0).min(room / 3);
    let name = |header: &Cell| -> Vec<Line> {
        let rows = header.iter().flat_map(|line| wrap_line(line, widest, Breaking::Words));
        rows.take(MAX_NAME_ROWS).collect()
    };
    let names: Vec<Vec<Line>> = head.iter().map(name).collect();
    let rest = Line::styled(blanks(widest + 2), options.theme.text);
    let are_empty_told = head.len() * body.len() <= MAX_TOLD_CELLS;
    let mut lines = Vec::new();
    let no_rows = [Vec::new()];
    for (at, row) in (if body.is_empty() { &no_rows } else { body }).iter().enumerate() {
        let start = lines.len();
        if lines.last().is_some_and(|line: &Line| !line.spans.is_empty()) {
            lines.push(Line::default());
        }
        for (column, name) in names.iter().enumerate() {
            let value = row.get(column).map(Vec::as_slice).unwrap_or_default();
            if value.is_empty() && !are_empty_told {
                continue;
            }
            // A name of several rows stands above its value, which follows its last row.
            let (last_name, above) = name.split_last().map_or((&NO_NAME, &[][..]), |(last, above)| (last, above));
            lines.extend_from_slice(above);
            let mut first = Line::default();
            let free = widest.saturating_sub(last_name.width()) + 2;
            for span in &last_name.spans {
                first.push_span(span.clone());
            }
            if let Some((line, more)) = value.split_first() {
                first.push(blanks(free), options.theme.text);
                lines.extend(wrap_hanging(line, &first, &rest, room));
                lines.extend(more.iter().flat_map(|line| wrap_hanging(line, &rest, &rest, room)));
            } else if !first.spans.is_empty() {
                lines.push(first);
            }
        }
        for line in &mut lines[start..] {
            line.offset = at as u32 + 1;
        }
    }
    lines
}

fn blanks(count: usize) -> SafeText {
    SafeText::line(&" ".repeat(count))
}
