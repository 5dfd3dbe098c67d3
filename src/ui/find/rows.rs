//! Where a needle stands in the rows of a message. Rows that were wrapped are read as one text again, so that what goes on
//! in the next row is found and marked in both. Pure.

use std::ops::Range;

use super::needle::Needle;
use crate::ui::line::Joins;
use crate::ui::message::Rows;

/// Rows that are read as one text at most; a longer one is read in pieces, so that no frame reads a text of millions of
/// letters.
const MAX_JOINED: usize = 256;
/// Rows of a message that are told apart in the scroll bar.
const MAX_PLACES: usize = 256;
/// Rows above the first one wanted in which what goes on in it may begin.
const LEAD_IN: usize = 8;

/// A part of a hit: bytes of the text of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The row within its message.
    pub row: usize,
    /// Bytes of the row's line.
    pub bytes: Range<usize>,
}

/// Text of rows that belong together, with the place of each row in it.
struct Joined {
    text: String,
    pieces: Vec<Piece>,
}

/// The text of one row in that of several.
struct Piece {
    /// Where it stands in the text of them all.
    at: Range<usize>,
    row: usize,
    /// Bytes of the row's line before it.
    lead: usize,
}

impl Joined {
    fn parts(&self, hit: &Range<usize>) -> Vec<Part> {
        let first = self.pieces.partition_point(|piece| piece.at.end <= hit.start);
        let touched = self.pieces[first..].iter().take_while(|piece| piece.at.start < hit.end);
        let parts = touched.map(|piece| {
            let (from, to) = (hit.start.max(piece.at.start), hit.end.min(piece.at.end));
            Part { row: piece.row, bytes: from - piece.at.start + piece.lead..to - piece.at.start + piece.lead }
        });
        parts.filter(|part| !part.bytes.is_empty()).collect()
    }
}

/// The text that begins in this row, and the row after it.
fn joined_from(rows: &Rows, first: usize) -> (Joined, usize) {
    let mut joined = Joined { text: String::new(), pieces: Vec::new() };
    let mut row = first;
    while let Some((line, text)) = rows.text(row) {
        match line.joins {
            _ if row == first => {}
            Joins::NewLine => break,
            // The blank that was left out at the end of the row above.
            Joins::Space => joined.text.push(' '),
            Joins::Nothing => {}
        }
        let start = joined.text.len();
        let mut at = 0;
        for span in &line.spans {
            let own = span.text.as_str();
            let (from, to) = (text.start.max(at), text.end.min(at + own.len()));
            if from < to {
                joined.text.push_str(&own[from - at..to - at]);
            }
            at += own.len();
        }
        joined.pieces.push(Piece { at: start..joined.text.len(), row, lead: text.start });
        row += 1;
        if row - first >= MAX_JOINED {
            break;
        }
    }
    (joined, row.max(first + 1))
}

/// Hits counted so far in a message that grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// The row from which on they are to be counted again.
    pub from: usize,
    /// Hits above it.
    pub hits: usize,
}

/// How often the needle stands in a message of which so much was counted before and in which the rows above `fixed` do
/// not change any more. Adds to `places` in which rows, of a high message not all of them.
pub(super) fn count(rows: &Rows, known: &mut Counted, fixed: usize, needle: &Needle, places: &mut Vec<usize>) -> usize {
    let (mut row, mut hits) = (known.from, known.hits);
    while row < rows.height() {
        let (joined, next) = joined_from(rows, row);
        for hit in needle.hits(&joined.text) {
            hits += 1;
            let first = joined.pieces.partition_point(|piece| piece.at.end <= hit.start);
            let at = joined.pieces.get(first).map_or(row, |piece| piece.row);
            let apart = rows.height() / MAX_PLACES;
            if places.last().is_none_or(|last| *last + apart < at || (apart == 0 && *last < at)) {
                places.push(at);
            }
        }
        row = next;
        if row <= fixed {
            *known = Counted { from: row, hits };
        }
    }
    hits
}

/// The parts of the hit of this number, from 0.
#[must_use]
pub(super) fn nth(rows: &Rows, number: usize, needle: &Needle) -> Option<Vec<Part>> {
    let (mut row, mut before) = (0, 0);
    while row < rows.height() {
        let (joined, next) = joined_from(rows, row);
        for hit in needle.hits(&joined.text) {
            if before == number {
                return Some(joined.parts(&hit));
            }
            before += 1;
        }
        row = next;
    }
    None
}

/// How many hits end in rows above this one.
#[must_use]
pub(super) fn count_above(rows: &Rows, wanted: usize, needle: &Needle) -> usize {
    let (mut row, mut count) = (0, 0);
    while row < wanted.min(rows.height()) {
        let (joined, next) = joined_from(rows, row);
        let is_above = |hit: &Range<usize>| joined.parts(hit).last().is_some_and(|part| part.row < wanted);
        count += needle.hits(&joined.text).filter(is_above).count();
        row = next;
    }
    count
}

/// Every hit that is seen in these rows.
#[must_use]
pub(super) fn seen(rows: &Rows, wanted: Range<usize>, needle: &Needle) -> Vec<Vec<Part>> {
    let mut row = wanted.start;
    while row > wanted.start.saturating_sub(LEAD_IN)
        && rows.text(row).is_some_and(|(line, _)| line.joins != Joins::NewLine)
    {
        row -= 1;
    }
    let mut found = Vec::new();
    while row < wanted.end {
        let (joined, next) = joined_from(rows, row);
        found.extend(needle.hits(&joined.text).map(|hit| joined.parts(&hit)));
        row = next;
    }
    found
}
