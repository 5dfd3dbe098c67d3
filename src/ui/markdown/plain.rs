//! Text shown as it is, for blocks too large to be parsed at each delta. Only the last row is open: what was appended is
//! joined to it and wrapped, rows before it are never touched again. Pure.

use unicode_segmentation::UnicodeSegmentation;

use super::Options;
use crate::safe_text::SafeText;
use crate::ui::code_wrap::wrap_code;
use crate::ui::line::{Joins, Line};
use crate::ui::wrap::{Breaking, joined, wrap_line};

/// What stands before each line of code.
pub(super) const CODE_INDENT: &str = "  ";
/// Bytes at the end of a growing text among which its last, possibly unfinished cluster is looked for.
const MAX_HELD_BACK: usize = 64;

/// A whole source text as plain rows, without blank lines at its end.
pub(super) fn lines(source: &str, options: &Options<'_>) -> Vec<Line> {
    let text = Line::styled(SafeText::block(source.trim_end()), options.theme.text);
    wrap_line(&text, usize::from(options.width), Breaking::Words)
}

/// What ends the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Prose: a blank line ends it.
    Prose,
    /// Code: a line of at least so many of this byte ends it.
    Code { fence: u8, length: usize },
}

impl Kind {
    /// What the block is that starts at the start of this text, and where its text starts.
    pub(super) fn of(block: &str) -> (Self, usize) {
        let line_end = block.find('\n');
        let indented = block.trim_start_matches(' ');
        let fence = indented.bytes().next().unwrap_or_default();
        let length = indented.bytes().take_while(|byte| *byte == fence).count();
        match line_end {
            Some(end) if block.len() - indented.len() <= 3 && matches!(fence, b'`' | b'~') && length >= 3 => {
                (Self::Code { fence, length }, end + 1)
            }
            _ => (Self::Prose, 0),
        }
    }

    fn is_ended_by(self, line: &str) -> bool {
        match self {
            Self::Prose => line.trim().is_empty(),
            Self::Code { fence, length } => {
                let indented = line.trim_start_matches(' ');
                let run = indented.bytes().take_while(|byte| *byte == fence).count();
                line.len() - indented.len() <= 3 && run >= length && indented[run..].trim().is_empty()
            }
        }
    }
}

/// A plain block that still grows.
pub(super) struct Plain {
    kind: Kind,
    /// Bytes of the source already in rows or in `row`.
    consumed: usize,
    /// Bytes of the source in which the end was looked for, and the start of the line there.
    searched: usize,
    line_start: usize,
    /// The text of the open row, where it begins in the safe text of the block, and how it follows the row above.
    row: SafeText,
    offset: usize,
    joins: Joins,
    /// Columns that the open row of code is set in, where it goes on with a line.
    hang: Option<usize>,
    /// Rows that are final.
    fixed: usize,
}

impl Plain {
    /// Begins at this byte of the source. The end is looked for from `search_from`. `fixed` lines stand above.
    pub(super) fn new(kind: Kind, start: usize, search_from: usize, fixed: usize) -> Self {
        Self {
            kind,
            consumed: start,
            searched: search_from,
            line_start: search_from,
            row: SafeText::default(),
            offset: 0,
            joins: Joins::NewLine,
            hang: None,
            fixed,
        }
    }

    /// Lines from the top of the message that are final.
    pub(super) fn final_lines(&self) -> usize {
        self.fixed
    }

    /// Draws what was appended; the byte after the end of the block, where there is one.
    pub(super) fn update(&mut self, source: &str, lines: &mut Vec<Line>, options: &Options<'_>) -> Option<usize> {
        lines.truncate(self.fixed);
        while let Some(at) = source[self.searched..].find('\n') {
            let (start, end) = (self.line_start, self.searched + at);
            self.searched = end + 1;
            self.line_start = end + 1;
            if self.kind.is_ended_by(&source[start..end]) {
                let text_end = start.saturating_sub(1).max(self.consumed);
                self.append(&source[self.consumed..text_end], lines, options);
                if self.row.is_empty() && self.kind != Kind::Prose {
                    lines.push(Line::default());
                }
                self.draw_open("", lines, options);
                return Some(end + 1);
            }
        }
        self.searched = source.len();
        let held_back = last_cluster(&source[self.consumed..]);
        let end = source.len() - held_back;
        self.append(&source[self.consumed..end], lines, options);
        self.consumed = end;
        self.draw_open(&source[end..], lines, options);
        None
    }

    fn append(&mut self, raw: &str, lines: &mut Vec<Line>, options: &Options<'_>) {
        if raw.is_empty() {
            return;
        }
        self.row.push(&SafeText::block(raw));
        let mut rows = self.rows(&self.row, options);
        let Some(open) = rows.pop() else { return };
        for row in rows {
            let is_second_blank = row.spans.is_empty() && lines.last().is_none_or(|line| line.spans.is_empty());
            if !(is_second_blank && self.kind == Kind::Prose) {
                lines.push(row.shrunk());
            }
        }
        self.joins = open.joins;
        let goes_on = self.kind != Kind::Prose && open.joins == Joins::Nothing;
        self.hang = goes_on.then(|| usize::from(open.lead).saturating_sub(CODE_INDENT.len()));
        let start = open.offset as usize - self.offset;
        self.offset += start;
        self.row = self.row.slice(start..self.row.as_str().len());
        self.fixed = lines.len();
    }

    /// Draws the open row with what may yet become another cluster.
    fn draw_open(&self, held_back: &str, lines: &mut Vec<Line>, options: &Options<'_>) {
        let mut row = self.row.clone();
        row.push(&SafeText::block(held_back.trim_end_matches(['\r', '\n'])));
        if !row.is_empty() {
            lines.extend(self.rows(&row, options));
        }
    }

    /// The rows of the open row and what follows it.
    fn rows(&self, text: &SafeText, options: &Options<'_>) -> Vec<Line> {
        let text = Line::styled(text.clone(), options.theme.text);
        let mut rows = match self.kind {
            Kind::Prose => wrap_line(&text, usize::from(options.width), Breaking::Words),
            Kind::Code { .. } => {
                let width = usize::from(options.wide).saturating_sub(CODE_INDENT.len());
                let indent = Line::styled(SafeText::own(CODE_INDENT), options.theme.text).as_lead();
                let rows = wrap_code(&text, width, self.hang).into_iter();
                rows.map(|row| if row.spans.is_empty() { row } else { joined(&indent, row) }).collect()
            }
        };
        for row in &mut rows {
            row.offset += self.offset as u32;
        }
        if let Some(first) = rows.first_mut() {
            first.joins = self.joins;
        }
        rows
    }
}

/// Bytes of the last cluster of a text.
fn last_cluster(text: &str) -> usize {
    let mut from = text.len().saturating_sub(MAX_HELD_BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].graphemes(true).next_back().map_or(0, str::len)
}
