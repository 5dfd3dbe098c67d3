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

/// The hash of this row.
pub(super) fn hash_of(buffer: &Buffer, row: usize) -> u64 {
    let width = usize::from(buffer.area.width);
    hash(&buffer.content[row * width..(row + 1) * width])
}

/// Whether a row of these buffers, which have the same area, is another one.
pub(super) fn differs(shown: &Buffer, next: &Buffer, row: usize) -> bool {
    let width = usize::from(next.area.width);
    let cells = row * width..(row + 1) * width;
    shown.content.get(cells.clone()) != next.content.get(cells)
}

/// The move between the first and the last changed row that saves most, if one is worth its bytes. Rows are told apart by
/// their hashes, `old` and `new`; whether those that move really are the same is looked at in the end.
pub(super) fn find(shown: &Buffer, next: &Buffer, changed: &[usize], (old, new): (&[u64], &[u64])) -> Option<Move> {
    let &[first, _, .., last] = changed else {
        return None;
    };
    let width = usize::from(next.area.width);
    let (old, new) = (&old[first..=last], &new[first..=last]);
    let gain: Vec<usize> = (first..=last).map(|at| written(&next.content[at * width..(at + 1) * width])).collect();
    let mut best: Option<(usize, Move)> = None;
    for distance in 1..=FARTHEST.min(last - first) {
        for is_up in [true, false] {
            let (to, from) = if is_up { (0, distance) } else { (distance, 0) };
            let mut start = 0;
            let mut saved = 0;
            let count = new.len() - distance;
            for index in 0..=count {
                let (target, source) = (index + to, index + from);
                if index < count && new[target] == old[source] {
                    if new[target] != old[target] {
                        saved += gain[target];
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
    best.map(|(_, found)| found).filter(|found| found.is_true(shown, next))
}

impl Move {
    /// Whether the rows that stay in the band are the same before and after.
    fn is_true(&self, shown: &Buffer, next: &Buffer) -> bool {
        let width = usize::from(next.area.width);
        let distance = self.by.unsigned_abs() as usize;
        let (start, end) = (*self.rows.start(), *self.rows.end() + 1);
        let (near, far) = (start * width..(end - distance) * width, (start + distance) * width..end * width);
        let (old, new) = if self.by < 0 { (far, near) } else { (near, far) };
        shown.content.get(old) == next.content.get(new)
    }
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

/// A letter a byte, colours by what they are: mixed with a multiplication each. Rows with equal hashes are still compared.
fn hash(row: &[Cell]) -> u64 {
    let mut hasher = Mix(0);
    for cell in row {
        for piece in cell.symbol().as_bytes().chunks(8) {
            let mut letters = [0; 8];
            letters[..piece.len()].copy_from_slice(piece);
            hasher.write_u64(u64::from_le_bytes(letters));
        }
        (cell.fg, cell.bg).hash(&mut hasher);
        hasher.write_u16(cell.modifier.bits());
    }
    hasher.finish()
}

struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}
