//! Finds rows that only moved up or down since the last frame, so that the terminal can move them itself. Pure.

use std::ops::RangeInclusive;

use ratatui::buffer::Cell;

/// Rows moved by more than this are written anew.
const FARTHEST: usize = 12;
/// Written cells a move must save, for its own sequences cost bytes too.
const WORTH_CELLS: usize = 40;

/// A band of rows (from 0) whose content moves by `by` rows, negative towards the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) rows: RangeInclusive<usize>,
    pub(super) by: i32,
}

/// The move between the first and the last changed row that saves most, if one is worth its bytes. Rows are told apart by
/// their numbers, those that are shown and the `next` ones.
pub(super) fn find(picture: &[Vec<Cell>], shown: &[Option<u64>], next: &[u64]) -> Option<Move> {
    let is_changed = |at: &usize| shown[*at] != Some(next[*at]);
    let first = (0..next.len()).find(is_changed)?;
    let last = (0..next.len()).rfind(is_changed)?;
    if (first..=last).filter(is_changed).count() < 3 {
        return None;
    }
    let (old, new) = (&shown[first..=last], &next[first..=last]);
    let gain = |at: usize| written(&picture[first + at]);
    let gain: Vec<usize> = (0..new.len()).map(|at| if old[at] == Some(new[at]) { 0 } else { gain(at) }).collect();
    let mut best: Option<(usize, Move)> = None;
    for distance in 1..=FARTHEST.min(last - first) {
        for is_up in [true, false] {
            let (to, from) = if is_up { (0, distance) } else { (distance, 0) };
            let mut start = 0;
            let mut saved = 0;
            let count = new.len() - distance;
            for index in 0..=count {
                let (target, source) = (index + to, index + from);
                if index < count && old[source] == Some(new[target]) {
                    saved += gain[target];
                    continue;
                }
                if saved > best.as_ref().map_or(WORTH_CELLS, |(saved, _)| *saved) {
                    let rows = first + start..=first + index - 1 + distance;
                    let by = distance as i32;
                    best = Some((saved, Move { rows, by: if is_up { -by } else { by } }));
                }
                start = index + 1;
                saved = 0;
            }
        }
    }
    best.map(|(_, found)| found)
}

impl Move {
    /// Whether the rows that stay in the band are the same before and after.
    pub(super) fn is_true(&self, shown: &[Vec<Cell>], next: &[Vec<Cell>]) -> bool {
        let distance = self.by.unsigned_abs() as usize;
        let (start, end) = (*self.rows.start(), *self.rows.end() + 1);
        let (near, far) = (start..end - distance, start + distance..end);
        let (old, new) = if self.by < 0 { (far, near) } else { (near, far) };
        shown.get(old) == next.get(new)
    }

    /// Does to rows what the terminal does: those that come in are to be made blank.
    pub(super) fn apply<T>(&self, rows: &mut [T], blank: impl FnMut(&mut T)) {
        let distance = self.by.unsigned_abs() as usize;
        let band = &mut rows[self.rows.clone()];
        let kept = band.len() - distance;
        if self.by < 0 {
            band.rotate_left(distance);
            band[kept..].iter_mut().for_each(blank);
        } else {
            band.rotate_right(distance);
            band[..distance].iter_mut().for_each(blank);
        }
    }
}

/// Cells of a row that would be written, counted up to what is worth a move.
fn written(row: &[Cell]) -> usize {
    row.iter().filter(|cell| !matches!(cell.symbol().as_bytes(), [b' '])).take(WORTH_CELLS + 1).count()
}
