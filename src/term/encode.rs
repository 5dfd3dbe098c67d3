//! The bytes that turn the picture on the terminal into the next one. Pure.
//!
//! Only absolute moves, SGR, text, cursor visibility, synchronised update and a scrolling region: whatever is drawn,
//! nothing else can leave the program. After a cluster on whose width terminals disagree the cursor is placed anew.

use std::io::Write;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::ResetColor;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, ScrollDown, ScrollUp};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthChar;

use super::ansi;
use super::scroll;
use super::style::Look;
use crate::safe_text::{cluster_width, width as width_of_text};
use crate::ui::link::{Link, Links};
use crate::ui::{Grown, Rows};

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

/// Remembers what the terminal shows.
#[derive(Debug)]
pub struct Encoder {
    shown: Buffer,
    /// What stands in its rows; nothing for a row of which that is not known.
    rows: Vec<Option<u64>>,
    is_cursor_visible: bool,
    cursor: Option<(u16, u16)>,
    is_started: bool,
    /// The terminal makes links of what leads somewhere.
    has_links: bool,
}

impl Default for Encoder {
    /// A terminal of which nothing is known but that its cursor is hidden.
    fn default() -> Self {
        Self {
            shown: Buffer::empty(Rect::ZERO),
            rows: Vec::new(),
            is_cursor_visible: false,
            cursor: None,
            is_started: false,
            has_links: false,
        }
    }
}

impl Encoder {
    /// For a terminal that makes links of what leads somewhere, or does not.
    #[must_use]
    pub fn new(has_links: bool) -> Self {
        Self { has_links, ..Self::default() }
    }

    /// Writes the bytes of one frame; none at all when nothing changed. `rows` says what stands in them, `links` where
    /// cells lead, `cursor` is a column and a row from 0.
    pub fn frame(
        &mut self,
        next: &Buffer,
        links: &Links,
        rows: Rows<'_>,
        cursor: Option<(u16, u16)>,
        redraw: Redraw,
        out: &mut Vec<u8>,
    ) {
        if next.area.is_empty() {
            return;
        }
        let cursor = cursor.filter(|&(x, y)| x < next.area.width && y < next.area.height);
        let begin = out.len();
        ansi::push(out, BeginSynchronizedUpdate);
        let empty = out.len();
        let links = self.has_links.then_some(links);
        let mut pen = Pen { out, look: Look::default(), at: self.cursor, links, link: None };
        if redraw == Redraw::Everything || !self.is_started || self.shown.area != next.area {
            self.shown = Buffer::empty(next.area);
            self.rows = vec![None; rows.numbers.len()];
            self.is_started = true;
            ansi::push(pen.out, ResetColor);
            ansi::push(pen.out, Clear(ClearType::All));
            pen.at = None;
        } else if let Some(found) = scroll::find(next, &self.rows, rows.numbers) {
            debug_assert!(found.is_true(&self.shown, next), "rows of the same number are not the same");
            let (top, bottom, by) = (found.rows.start() + 1, found.rows.end() + 1, found.by.unsigned_abs() as u16);
            pen.write(format_args!("\x1b[{top};{bottom}r"));
            if found.by < 0 {
                ansi::push(pen.out, ScrollUp(by));
            } else {
                ansi::push(pen.out, ScrollDown(by));
            }
            pen.write(format_args!("\x1b[r"));
            pen.at = None;
            found.apply(&mut self.shown.content, usize::from(next.area.width), &Cell::EMPTY);
            found.apply(&mut self.rows, 1, &None);
        }
        let width = usize::from(next.area.width);
        for (y, (shown, number)) in self.rows.iter_mut().zip(rows.numbers).enumerate() {
            if *shown != Some(*number) {
                let is_it = |grown: &Grown| grown.row == y && *shown == Some(grown.before);
                let from = rows.grown.filter(is_it).map_or(0, |grown| usize::from(grown.from).min(width));
                let cells = y * width..(y + 1) * width;
                let (old, new) = (&mut self.shown.content[cells.clone()], &next.content[cells]);
                pen.row(y as u16, from, old, new);
                old[from..].clone_from_slice(&new[from..]);
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
            ansi::push(self.out, MoveTo(to.0, to.1));
            self.at = Some(to);
        }
    }

    /// Writes what differs from this column on, where a cluster begins.
    fn row(&mut self, y: u16, from: usize, old: &[Cell], new: &[Cell]) {
        if is_simple(&old[from..]) && is_simple(&new[from..]) {
            let mut last_written: Option<usize> = None;
            for x in from..new.len() {
                if old[x] == new[x] {
                    continue;
                }
                let start = match last_written {
                    Some(last)
                        if x - last <= CHEAP_GAP && new[last + 1..x].iter().all(|c| Look::of(c) == self.look) =>
                    {
                        last + 1
                    }
                    _ => x,
                };
                for (offset, cell) in new[start..=x].iter().enumerate() {
                    self.cell((start + offset) as u16, y, cell, 1, new.len());
                }
                last_written = Some(x);
            }
            return;
        }
        let Some((start, end)) = changed_span(from, old, new) else {
            return;
        };
        let (mut x, mut end) = (start, end);
        while x < end {
            let columns = columns(&new[x]).min(new.len() - x);
            // What the terminal may have drawn of a doubtful cluster beyond its columns is written over.
            if !is_certain(new[x].symbol()) {
                end = end.max((x + most_columns(new[x].symbol())).min(new.len()));
                if columns > 1 {
                    self.cell(x as u16, y, &Cell::EMPTY, 1, new.len());
                    self.cell(x as u16 + 1, y, &Cell::EMPTY, 1, new.len());
                }
            }
            self.cell(x as u16, y, &new[x], columns, new.len());
            x += columns;
        }
    }

    fn cell(&mut self, x: u16, y: u16, cell: &Cell, columns: usize, width: usize) {
        self.go((x, y));
        self.lead_to(self.links.and_then(|links| links.of(cell)));
        let look = Look::of(cell);
        self.look.change_to(look, self.out);
        self.look = look;
        let after = usize::from(x) + columns;
        let room = if is_certain(cell.symbol()) { columns } else { width - usize::from(x) };
        let symbol = fitting(cell.symbol(), room, columns);
        self.out.extend_from_slice(symbol.as_bytes());
        // In the last column the cursor waits for the next character: where it is, terminals disagree.
        let is_as_wide = is_certain(symbol) && width_of_text(symbol) == columns;
        self.at = (after < width && is_as_wide).then_some((after as u16, y));
    }
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

/// The columns to write again in a row with wide clusters: from the first to the last difference, stretched until both
/// ends fall between clusters of the old row and of the new one. Outside of it nothing is cut in half.
fn changed_span(from: usize, old: &[Cell], new: &[Cell]) -> Option<(usize, usize)> {
    let mut start = (from..new.len()).find(|&x| old[x] != new[x])?;
    let mut end = (from..new.len()).rev().find(|&x| old[x] != new[x])? + 1;
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
            return Some(before);
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
