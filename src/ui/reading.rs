//! The line that is being read, found again after the rows of its message were made anew for another width or with more of
//! it shown: by where its text stands in the source, not by its number. Pure.

use super::markdown::Document;
use super::message::Rows;

/// What stands in a row, in a way that outlasts the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Text of a block of the Markdown: where the block begins in the source, and how much of its text stands above.
    Text {
        /// Bytes of the source before the block.
        block: usize,
        /// What the row calls its offset.
        offset: u32,
        /// The blank line right above it is meant.
        is_gap: bool,
    },
    /// A row before the Markdown: how much of its text stands above where rows tell, and its number.
    Before {
        /// What the row calls its offset.
        offset: u32,
        /// Its number among so many.
        number: (usize, usize),
    },
    /// A row behind the Markdown, by its number.
    After(usize),
}

impl Reading {
    /// What stands in this row.
    pub(super) fn of(rows: &Rows, row: usize) -> Self {
        let (before, document) = (rows.before.len(), &rows.document);
        let body = row.saturating_sub(before);
        if row < before {
            return Self::Before { offset: rows.before[row].offset, number: (row, before) };
        }
        let below =
            (body..document.line_count().min(body + 3)).find_map(|at| document.region_at(at).map(|known| (at, known)));
        match below {
            Some((at, region)) => Self::Text {
                block: region.source.start,
                offset: if at == body { document.line(at).offset } else { 0 },
                is_gap: at > body,
            },
            None => Self::After(body.saturating_sub(document.line_count())),
        }
    }

    /// The row in which it stands now.
    pub(super) fn row(self, rows: &Rows) -> usize {
        let before = rows.before.len();
        match self {
            Self::Text { block, offset, is_gap } => {
                let at = text_row(&rows.document, block, offset);
                before + if is_gap { at.saturating_sub(1) } else { at }
            }
            Self::Before { offset, number: (row, of) } => {
                let is_one_text =
                    rows.before.iter().take(before.saturating_sub(1)).is_sorted_by_key(|line| line.offset);
                if is_one_text && rows.document.line_count() == 0 {
                    let text = &rows.before[..before.saturating_sub(1)];
                    text.partition_point(|line| line.offset <= offset).saturating_sub(1)
                } else {
                    row * before / of.max(1)
                }
            }
            Self::After(number) => before + rows.document.line_count() + number.min(rows.after.len().saturating_sub(1)),
        }
    }
}

/// The line in which this part of a block stands.
fn text_row(document: &Document, block: usize, offset: u32) -> usize {
    let regions = document.regions();
    let found = regions.iter().find(|region| region.source.start == block);
    let found = found.or_else(|| regions.iter().rev().find(|region| region.source.start <= block));
    let Some(region) = found else { return 0 };
    let within = region.rows.clone().rev().find(|row| document.line(*row).offset <= offset);
    within.unwrap_or(region.rows.start)
}
