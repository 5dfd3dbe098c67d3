//! How the end of a selection moves: over rows, lines, characters and words, from one message into the next. Pure.

use unicode_segmentation::UnicodeSegmentation;

use super::{Place, cluster_end, floor, goes_on, own};
use crate::app::Step;
use crate::ui::transcript::RenderCache;

/// Where this step leads.
pub(super) fn moved(cache: &RenderCache, from: Place, step: Step, viewport: usize) -> Option<Place> {
    let rows = cache.rows_of(from.item)?;
    let text = own(rows, from.row);
    let at_start = |place: (usize, usize)| Place { item: place.0, row: place.1, byte: 0 };
    match step {
        Step::Rows(by) => by_rows(cache, from, by),
        Step::HalfPages(by) => by_rows(cache, from, by * (viewport as i64 / 2).max(1)),
        Step::First => {
            let first = (0, 0);
            let has_text = cache.rows_of(0).is_some_and(|rows| rows.text(0).is_some());
            Some(at_start(if has_text { first } else { row_after(cache, first)? }))
        }
        Step::Last => row_before(cache, (cache.heights().len(), 0)).map(at_start),
        Step::RowStart => Some(Place { byte: 0, ..from }),
        Step::RowEnd => Some(Place { byte: last_cluster(&text), ..from }),
        Step::Characters(by) if by < 0 => {
            let before = text[..from.byte].graphemes(true).next_back();
            before.map(|cluster| Place { byte: from.byte - cluster.len(), ..from }).or_else(|| {
                let above = by_rows(cache, from, -1).filter(|above| *above != from)?;
                let byte = last_cluster(&own(cache.rows_of(above.item)?, above.row));
                Some(Place { byte, ..above })
            })
        }
        Step::Characters(_) => {
            let next = cluster_end(&text, from.byte);
            if next < text.len() { Some(Place { byte: next, ..from }) } else { next_row(cache, from) }
        }
        Step::Words(by) if by < 0 => {
            let before = text[..from.byte].unicode_word_indices().next_back();
            match before {
                Some((at, _)) => Some(Place { byte: at, ..from }),
                None => moved(cache, from, Step::Characters(-1), viewport),
            }
        }
        Step::Words(_) => {
            let after = text.unicode_word_indices().map(|(at, word)| at + word.len());
            let end = after.map(|end| floor(&text, end - 1)).find(|end| *end > from.byte);
            match end {
                Some(byte) => Some(Place { byte, ..from }),
                None => next_row(cache, from),
            }
        }
        Step::Begin | Step::Edge(_) => Some(from),
    }
}

fn next_row(cache: &RenderCache, from: Place) -> Option<Place> {
    by_rows(cache, from, 1).filter(|next| *next != from).map(|next| Place { byte: 0, ..next })
}

pub(super) fn last_cluster(text: &str) -> usize {
    text.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
}

/// So many rows with text further on, as far as there are some.
fn by_rows(cache: &RenderCache, from: Place, by: i64) -> Option<Place> {
    let mut at = (from.item, from.row);
    for _ in 0..by.unsigned_abs() {
        let Some(next) = (if by < 0 { row_before(cache, at) } else { row_after(cache, at) }) else { break };
        at = next;
    }
    let byte = floor(&own(cache.rows_of(at.0)?, at.1), from.byte);
    Some(Place { item: at.0, row: at.1, byte })
}

/// So many lines further on, over the rows they are wrapped to and over empty ones.
pub(super) fn by_lines(cache: &RenderCache, from: Place, by: i64) -> Option<Place> {
    let mut at = (from.item, from.row);
    let is_start = |(item, row): (usize, usize)| {
        cache.rows_of(item).is_some_and(|rows| !goes_on(rows, row) && !own(rows, row).is_empty())
    };
    for _ in 0..by.unsigned_abs() {
        let mut next = at;
        if by < 0 {
            // Back to the start of its own line first.
            while !is_start(next) {
                next = row_before(cache, next)?;
            }
        }
        let found = loop {
            match if by < 0 { row_before(cache, next) } else { row_after(cache, next) } {
                Some(row) if is_start(row) => break Some(row),
                Some(row) => next = row,
                None => break None,
            }
        };
        let Some(found) = found else { break };
        at = found;
    }
    Some(Place { item: at.0, row: at.1, byte: 0 })
}

/// The next row with text.
fn row_after(cache: &RenderCache, (item, row): (usize, usize)) -> Option<(usize, usize)> {
    (item..cache.heights().len()).find_map(|at| {
        let rows = cache.rows_of(at)?;
        let from = if at == item { row + 1 } else { 0 };
        (from..rows.height()).find(|row| rows.text(*row).is_some()).map(|row| (at, row))
    })
}

/// The row with text before.
fn row_before(cache: &RenderCache, (item, row): (usize, usize)) -> Option<(usize, usize)> {
    (0..=item).rev().find_map(|at| {
        let rows = cache.rows_of(at)?;
        let to = if at == item { row } else { rows.height() };
        (0..to).rev().find(|row| rows.text(*row).is_some()).map(|row| (at, row))
    })
}
