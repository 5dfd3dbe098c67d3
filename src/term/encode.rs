//! The bytes that turn the picture on the terminal into the next one. Pure.
//!
//! Only absolute moves, SGR, text, cursor visibility, synchronised update and a scrolling region: whatever is drawn,
//! nothing else can leave the program. After a cluster on whose width terminals disagree the cursor is placed anew.

use std::io::Write;
use std::ops::Range;

use crossterm::cursor::{Hide, Show};
use crossterm::style::ResetColor;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, ScrollDown, ScrollUp};
use ratatui::buffer::Cell;
use unicode_width::UnicodeWidthChar;

use super::ansi;
use super::scroll;
use super::style::Look;
use crate::safe_text::{cluster_width, width as width_of_text};
use crate::ui::link::{Link, Links};
use crate::ui::{Patched, Rows};

/// Unchanged cells between two changed ones that are cheaper written again than jumped over.
const CHEAP_GAP: usize = 4;

/// How much of the screen is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redraw {
    /// What changed since the last frame.
    Changes,
    /// The screen is cleared first: at the start, after a resize, on a person's redraw.
    Everything,
}

/// Remembers what the terminal shows. In the beginning nothing is known of it but that its cursor is hidden.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The cells, row by row; none before the first frame.
    shown: Vec<Vec<Cell>>,
    /// What stands in its rows; nothing for a row of which that is not known.
    numbers: Vec<Option<u64>>,
    is_cursor_visible: bool,
    cursor: Option<(u16, u16)>,
    /// The terminal makes links of what leads somewhere.
    has_links: bool,
}

impl Encoder {
    /// For a terminal that makes links of what leads somewhere, or does not.
    #[must_use]
    pub fn new(has_links: bool) -> Self {
        Self { has_links, ..Self::default() }
    }

    /// Writes the bytes of one frame; none at all when nothing changed. `rows` are those that are to be seen, `links` says
    /// where cells lead, `cursor` is a column and a row from 0.
    pub fn frame(
        &mut self,
        rows: Rows<'_>,
        links: &Links,
        cursor: Option<(u16, u16)>,
        redraw: Redraw,
        out: &mut Vec<u8>,
    ) {
        let (width, height) = (rows.cells.first().map_or(0, Vec::len), rows.cells.len());
        if width == 0 {
            return;
        }
        let cursor = cursor.filter(|&(x, y)| usize::from(x) < width && usize::from(y) < height);
        let begin = out.len();
        ansi::push(out, BeginSynchronizedUpdate);
        let empty = out.len();
        let links = self.has_links.then_some(links);
        let mut pen = Pen { out, look: Look::default(), at: self.cursor, links, link: None };
        let is_known = self.shown.len() == height && self.shown[0].len() == width;
        if redraw == Redraw::Everything || !is_known {
            self.shown = vec![vec![Cell::EMPTY; width]; height];
            self.numbers = vec![None; height];
            ansi::push(pen.out, ResetColor);
            ansi::push(pen.out, Clear(ClearType::All));
            pen.at = None;
        } else if let Some(found) = scroll::find(rows.cells, &self.numbers, rows.numbers) {
            debug_assert!(found.is_true(&self.shown, rows.cells), "rows of the same number are not the same");
            let (top, bottom, by) = (found.rows.start() + 1, found.rows.end() + 1, found.by.unsigned_abs() as u16);
            pen.write(format_args!("\x1b[{top};{bottom}r"));
            if found.by < 0 {
                ansi::push(pen.out, ScrollUp(by));
            } else {
                ansi::push(pen.out, ScrollDown(by));
            }
            pen.write(format_args!("\x1b[r"));
            pen.at = None;
            found.apply(&mut self.shown, |row| row.fill(Cell::EMPTY));
            found.apply(&mut self.numbers, |number| *number = None);
        }
        for (y, (shown, number)) in self.numbers.iter_mut().zip(rows.numbers).enumerate() {
            if *shown != Some(*number) {
                let is_it = |patched: &&Patched| patched.row == y && *shown == Some(patched.before);
                let columns = |patched: &Patched| usize::from(patched.columns.start)..usize::from(patched.columns.end);
                let columns = rows.patched.iter().find(is_it).map_or(0..width, columns);
                pen.row(y as u16, columns, &mut self.shown[y], &rows.cells[y]);
                *shown = Some(*number);
            }
        }
        pen.look.change_to(Look::default(), pen.out);
        pen.lead_to(None);
        if let Some(wanted) = cursor {
            pen.go(wanted);
        }
        self.cursor = pen.at;
        if self.is_cursor_visible != cursor.is_some() {
            self.is_cursor_visible = cursor.is_some();
            if cursor.is_some() {
                ansi::push(out, Show);
            } else {
                ansi::push(out, Hide);
            }
        }
        if out.len() == empty {
            out.truncate(begin);
        } else {
            ansi::push(out, EndSynchronizedUpdate);
        }
    }

    /// The terminal was left and entered again: its cursor is hidden and its content unknown.
    pub fn forget(&mut self) {
        *self = Self::new(self.has_links);
    }
}

struct Pen<'a> {
    out: &'a mut Vec<u8>,
    look: Look,
    /// Where the cursor is, if that is certain.
    at: Option<(u16, u16)>,
    links: Option<&'a Links>,
    /// Where what is written now leads.
    link: Option<u16>,
}

impl Pen<'_> {
    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.out.write_fmt(text);
    }

    /// Lets what is written from here on lead there: OSC 8, <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>.
    fn lead_to(&mut self, link: Option<(u16, &Link)>) {
        let number = link.map(|(number, _)| number);
        if self.link == number {
            return;
        }
        self.link = number;
        match link {
            Some((number, link)) => self.write(format_args!("\x1b]8;id={number};{}\x1b\\", link.target())),
            None => self.write(format_args!("\x1b]8;;\x1b\\")),
        }
    }

    fn go(&mut self, to: (u16, u16)) {
        if self.at != Some(to) {
            ansi::move_to(self.out, to);
            self.at = Some(to);
        }
    }

    /// Writes what differs in these columns, at both ends of which a cluster begins; what is shown is then the same.
    fn row(&mut self, y: u16, columns: Range<usize>, shown: &mut [Cell], next: &[Cell]) {
        let differs = |x: &usize| !is_same(&shown[*x], &next[*x]);
        let Some(first) = columns.clone().find(differs) else { return };
        let last = (first..columns.end).rfind(differs).unwrap_or(first);
        let changed = first..last + 1;
        let written = if is_simple(&shown[changed.clone()]) && is_simple(&next[changed.clone()]) {
            self.letters(y, changed.clone(), shown, next);
            changed
        } else {
            self.clusters(y, changed, shown, next)
        };
        shown[written.clone()].clone_from_slice(&next[written]);
    }

    /// Writes what differs in these columns, one by one.
    fn letters(&mut self, y: u16, columns: Range<usize>, shown: &[Cell], next: &[Cell]) {
        let mut last_written: Option<usize> = None;
        for x in columns {
            if is_same(&shown[x], &next[x]) {
                continue;
            }
            let start = match last_written {
                Some(last) if x - last <= CHEAP_GAP && next[last + 1..x].iter().all(|c| Look::of(c) == self.look) => {
                    last + 1
                }
                _ => x,
            };
            for (offset, cell) in next[start..=x].iter().enumerate() {
                self.cell((start + offset) as u16, y, cell, 1, next.len());
            }
            last_written = Some(x);
        }
    }

    /// Writes all of these columns, and what they cut in half; gives what was written.
    fn clusters(&mut self, y: u16, changed: Range<usize>, shown: &[Cell], next: &[Cell]) -> Range<usize> {
        let Range { start, mut end } = stretched(changed, shown, next);
        let mut x = start;
        while x < end {
            let columns = columns(&next[x]).min(next.len() - x);
            // What the terminal may have drawn of a doubtful cluster beyond its columns is written over.
            if !is_certain(next[x].symbol()) {
                end = end.max((x + most_columns(next[x].symbol())).min(next.len()));
                if columns > 1 {
                    self.cell(x as u16, y, &Cell::EMPTY, 1, next.len());
                    self.cell(x as u16 + 1, y, &Cell::EMPTY, 1, next.len());
                }
            }
            self.cell(x as u16, y, &next[x], columns, next.len());
            x += columns;
        }
        start..x
    }

    fn cell(&mut self, x: u16, y: u16, cell: &Cell, columns: usize, width: usize) {
        self.go((x, y));
        self.lead_to(self.links.and_then(|links| links.of(cell)));
        let look = Look::of(cell);
        if look != self.look {
            self.look.change_to(look, self.out);
            self.look = look;
        }
        let after = usize::from(x) + columns;
        let symbol = cell.symbol();
        let is_as_wide = if let ([letter], 1) = (symbol.as_bytes(), columns) {
            self.out.push(*letter);
            true
        } else {
            let room = if is_certain(symbol) { columns } else { width - usize::from(x) };
            let symbol = fitting(symbol, room, columns);
            self.out.extend_from_slice(symbol.as_bytes());
            is_certain(symbol) && width_of_text(symbol) == columns
        };
        // In the last column the cursor waits for the next character: where it is, terminals disagree.
        self.at = (after < width && is_as_wide).then_some((after as u16, y));
    }
}

/// Whether the same is written of both cells.
fn is_same(one: &Cell, other: &Cell) -> bool {
    let is_same_symbol = match (one.symbol().as_bytes(), other.symbol().as_bytes()) {
        // What nearly every cell holds needs no call.
        ([one], [other]) => one == other,
        (one, other) => one == other,
    };
    is_same_symbol
        && Look::of(one) == Look::of(other)
        // By it links are told apart.
        && one.underline_color == other.underline_color
}

/// Columns a cell takes, at least one.
fn columns(cell: &Cell) -> usize {
    cluster_width(cell.symbol()).max(1)
}

/// Whether every cluster takes one column wherever it is shown.
fn is_simple(row: &[Cell]) -> bool {
    row.iter().all(|cell| cell.symbol().len() == 1 || (columns(cell) == 1 && is_certain(cell.symbol())))
}

/// Columns that a terminal may use for this cluster, which draws its characters one after another.
fn most_columns(symbol: &str) -> usize {
    if is_certain(symbol) {
        return cluster_width(symbol);
    }
    symbol.chars().map(|c| c.width_cjk().unwrap_or(0).clamp(1, 2)).sum::<usize>().max(2)
}

/// What is written of a cluster so that no terminal wraps in the middle of it: all of it where even the most columns it
/// may take are there, else its first character, else nothing.
fn fitting(symbol: &str, room: usize, columns: usize) -> &str {
    if most_columns(symbol) <= room {
        return symbol;
    }
    let first = &symbol[..symbol.chars().next().map_or(0, char::len_utf8)];
    if most_columns(first) <= columns { first } else { &"  "[..columns.min(2)] }
}

/// The columns to write again in a row with wide clusters: these ones, from the first to the last difference, stretched
/// until both ends fall between clusters of the old row and of the new one. Outside of it nothing is cut in half.
fn stretched(Range { mut start, mut end }: Range<usize>, old: &[Cell], new: &[Cell]) -> Range<usize> {
    loop {
        let before = (start, end);
        for row in [old, new] {
            let mut x = 0;
            while x < row.len() {
                let after = (x + columns(&row[x])).min(row.len());
                if x < start && start < after {
                    start = x;
                }
                if x < end && end < after {
                    end = after;
                }
                x = after;
            }
        }
        if (start, end) == before {
            return start..end;
        }
    }
}

/// Whether all terminals move the cursor by the same number of columns for this cluster.
fn is_certain(symbol: &str) -> bool {
    if symbol.len() == 1 {
        return true;
    }
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        // The two lines are exchanged for ASCII where they would be wide.
        (Some('\u{2500}' | '\u{2502}'), None) => true,
        (Some('\u{2600}'..='\u{27bf}' | '\u{1f000}'..), None) => false,
        (Some(c), None) => c.width().is_some_and(|width| width > 0) && c.width() == c.width_cjk(),
        _ => false,
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
