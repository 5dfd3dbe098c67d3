//! Finds rows that only moved up or down since the last frame, so that the terminal can move them itself. Pure.

use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;

use ratatui::buffer::{Buffer, Cell};

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

/// Those of these rows that differ. Both buffers have the same area.
pub(super) fn changed(shown: &Buffer, next: &Buffer, rows: &[usize]) -> Vec<usize> {
    let width = usize::from(next.area.width);
    let differs = |row: &usize| {
        let cells = row * width..(row + 1) * width;
        shown.content.get(cells.clone()) != next.content.get(cells)
    };
    rows.iter().copied().filter(differs).collect()
}

/// The move between the first and the last changed row that saves most, if one is worth its bytes.
pub(super) fn find(shown: &Buffer, next: &Buffer, changed: &[usize]) -> Option<Move> {
    let &[first, _, .., last] = changed else {
        return None;
    };
    let width = usize::from(next.area.width);
    let old: Vec<&[Cell]> = shown.content.chunks(width).collect();
    let new: Vec<&[Cell]> = next.content.chunks(width).collect();
    let old_hashes: Vec<u64> = old[first..=last].iter().map(|row| hash(row)).collect();
    let new_hashes: Vec<u64> = new[first..=last].iter().map(|row| hash(row)).collect();
    let mut best: Option<(usize, Move)> = None;
    for distance in 1..=FARTHEST.min(last - first) {
        for is_up in [true, false] {
            let (to, from) = if is_up { (0, distance) } else { (distance, 0) };
            let mut start = 0;
            let mut saved = 0;
            let count = new_hashes.len() - distance;
            for index in 0..=count {
                let (target, source) = (index + to, index + from);
                if index < count
                    && new_hashes[target] == old_hashes[source]
                    && new[first + target] == old[first + source]
                {
                    if new_hashes[target] != old_hashes[target] {
                        saved += written(new[first + target]);
                    }
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

/// What the terminal did when it moved the band: the rows that came in are blank.
pub(super) fn apply(shown: &mut Buffer, found: &Move) {
    let width = usize::from(shown.area.width);
    let distance = found.by.unsigned_abs() as usize * width;
    let (start, end) = (found.rows.start() * width, (found.rows.end() + 1) * width);
    let band = &mut shown.content[start..end];
    if found.by < 0 {
        band.rotate_left(distance);
        let kept = band.len() - distance;
        band[kept..].fill(Cell::EMPTY);
    } else {
        band.rotate_right(distance);
        band[..distance].fill(Cell::EMPTY);
    }
}

fn written(row: &[Cell]) -> usize {
    row.iter().filter(|cell| cell.symbol() != " ").count()
}

/// FNV-1a is enough: an equal hash is still compared.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn hash(row: &[Cell]) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    for cell in row {
        hasher.write(cell.symbol().as_bytes());
        (cell.fg, cell.bg, cell.modifier.bits()).hash(&mut hasher);
    }
    hasher.finish()
}
