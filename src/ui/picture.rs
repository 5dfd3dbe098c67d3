//! The picture on the screen, kept from frame to frame. Drawing lists what stands where; a row in which the same stands
//! as before is not painted again, and whoever sends the picture on need not look at it.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::iter;
use std::ops::Range;

use foldhash::quality::RandomState;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line::Line;
use super::link::Links;
use super::paint;
use super::theme::Theme;
use crate::safe_text::SafeText;

/// Something that stands on the screen; a later one lies over an earlier one.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// What it is clipped to, within the screen.
    pub area: Rect,
    /// Column and row where it begins, the row within the area.
    pub at: (u16, u16),
    /// What it is.
    pub content: Content<'a>,
}

/// What a piece shows.
#[derive(Debug, Hash)]
pub(super) enum Content<'a> {
    /// Text in one style.
    Text(SafeText, Style),
    /// Text in several.
    Line(Cow<'a, Line>),
    /// The whole area in one glyph of one column.
    Fill(&'static str, Style),
}

impl Hash for Piece<'_> {
    /// Pieces that look the same in a row are the same.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.at.0, self.area.x, self.area.width).hash(state);
        self.content.hash(state);
    }
}

impl Piece<'_> {
    /// The rows it touches.
    fn rows(&self) -> Range<u16> {
        match self.content {
            Content::Fill(..) => self.area.top()..self.area.bottom(),
            Content::Text(..) | Content::Line(_) => self.at.1..self.at.1.saturating_add(1),
        }
    }
}

/// How far up a row may have moved since the last frame to be known again.
const FARTHEST: usize = 12;

/// The cells, and what was drawn in each of their rows.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    size: (u16, u16),
    /// Row by row, so that those that move need not be copied.
    cells: Vec<Vec<Cell>>,
    rows: Vec<Row>,
    /// A number for every row, see [`Rows`].
    numbers: Vec<u64>,
    patched: Vec<Patched>,
    /// Where the right half of the rows begins.
    split: u16,
    keys: RandomState,
    cursor: Option<(u16, u16)>,
    /// Which frame it shows.
    number: u64,
    changed: Vec<usize>,
    links: Links,
    /// How often it began anew; where its cells lead is told by other numbers since then.
    beginnings: u64,
}

/// The rows of a picture, for whoever shows it and knows what it looked like before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows<'a> {
    /// The cells of each row, as many in each.
    pub cells: &'a [Vec<Cell>],
    /// A number for each row, the same for rows in which the same stands, and another one for every other.
    pub numbers: &'a [u64],
    /// Rows of which a part was painted.
    pub patched: &'a [Patched],
}

/// A row of which a part was painted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// Which row.
    pub row: usize,
    /// Its number before.
    pub before: u64,
    /// The columns in which it may look otherwise than it did then; at both ends a cluster begins.
    pub columns: Range<u16>,
}

/// What stands in a row: a hash for each half, with keys of this process, so that nobody can make two rows look the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    left: u64,
    right: u64,
    /// Nothing lies across the split.
    is_split: bool,
    /// Some of it runs from right to left, so that columns are held in the whole row.
    is_turned: bool,
}

/// What of a picture differs from the frame before, in the left halves of its rows.
pub(super) struct Part {
    /// These rows went up by so many.
    pub up: (Range<u16>, usize),
    /// Rows in which something else stands than in those that went there.
    pub rows: Range<u16>,
    /// The columns in which it does so in the first of them.
    pub columns: Range<u16>,
    /// The live row, where it differs, too.
    pub live_row: Option<u16>,
}

impl Row {
    /// Whether one half can be changed and the other left as it is.
    fn has_halves(&self) -> bool {
        self.is_split && !self.is_turned
    }
}

impl Picture {
    /// The cells, row by row.
    #[must_use]
    pub fn cells(&self) -> &[Vec<Cell>] {
        &self.cells
    }

    /// Where its cells lead.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Its rows, with what stands in them without looking at all cells.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows { cells: &self.cells, numbers: &self.numbers, patched: &self.patched }
    }

    /// Where the cursor is, if it is to be seen: a column and a row from 0.
    #[must_use]
    pub fn cursor(&self) -> Option<(u16, u16)> {
        self.cursor
    }

    /// Which frame it shows.
    #[must_use]
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// It shows this frame now, with the cursor there.
    pub(super) fn note_frame(&mut self, number: u64, cursor: Option<(u16, u16)>) {
        (self.number, self.cursor) = (number, cursor);
    }

    /// Paints the rows in which these pieces are others than the last ones. What begins left of the column `split` is the
    /// left half of a row.
    pub(super) fn show(&mut self, size: (u16, u16), split: u16, pieces: &[Piece<'_>], theme: &Theme) {
        self.split = split;
        self.patched.clear();
        if self.size != size || self.links.are_too_many() {
            self.size = size;
            self.cells = vec![vec![Cell::EMPTY; usize::from(size.0)]; usize::from(size.1)];
            self.links.begin_anew();
            self.beginnings += 1;
            self.rows = vec![Row::default(); usize::from(size.1)];
        }
        let seed = self.seed(theme);
        let mut hashers = vec![(seed.clone(), seed, true); self.rows.len()];
        for piece in pieces {
            for y in piece.rows() {
                if let Some((left, right, is_split)) = hashers.get_mut(usize::from(y)) {
                    let is_left = piece.area.x < split;
                    *is_split &= !is_left || piece.area.right() <= split;
                    piece.hash(if is_left { left } else { right });
                }
            }
        }
        self.changed.clear();
        for (at, (left, right, is_split)) in hashers.into_iter().enumerate() {
            let (left, right) = (left.finish(), right.finish());
            if is_split {
                self.bring_up(left, at, self.rows.len());
            }
            if (self.rows[at].left, self.rows[at].right) != (left, right) {
                (self.rows[at].left, self.rows[at].right) = (left, right);
                self.changed.push(at);
                paint::clear(&mut self.cells[at]);
            }
            self.rows[at].is_split = is_split;
        }
        for piece in pieces {
            for y in piece.rows() {
                if self.changed.binary_search(&usize::from(y)).is_ok() {
                    self.paint(piece, y, &(0..size.0), theme);
                }
            }
        }
        for at in &self.changed {
            self.rows[*at].is_turned = paint::hold_columns(&mut self.cells[*at]);
        }
        self.numbers.clear();
        self.numbers.extend(self.rows.iter().map(|row| number_of(&self.keys, row)));
    }

    /// Moves and paints the left halves of these rows; `false` where the halves of a row belong together: then all is to be
    /// shown.
    #[must_use]
    pub(super) fn patch(&mut self, part: Part, pieces: &[Piece<'_>], theme: &Theme) -> bool {
        let Part { up, rows, columns, live_row } = part;
        if self.links.are_too_many() || !self.move_up(up) {
            return false;
        }
        self.patched.clear();
        self.changed.clear();
        let end = usize::from(rows.end);
        let in_left = |columns: Range<u16>| columns.start.min(self.split)..columns.end.min(self.split);
        let all = in_left(0..u16::MAX);
        let columns = iter::once(in_left(columns)).chain(iter::repeat(all.clone()));
        for (y, columns) in rows.zip(columns).chain(live_row.map(|y| (y, all))) {
            let at = usize::from(y);
            let mut hasher = self.seed(theme);
            let of_row = || pieces.iter().filter(|piece| piece.rows().contains(&y));
            of_row().for_each(|piece| piece.hash(&mut hasher));
            let left = hasher.finish();
            self.bring_up(left, at, end);
            if self.rows[at].left != left {
                if !self.rows[at].has_halves() {
                    return false;
                }
                let cells = usize::from(columns.start)..usize::from(columns.end);
                paint::clear(&mut self.cells[at][cells.clone()]);
                of_row().for_each(|piece| self.paint(piece, y, &columns, theme));
                self.changed.push(at);
                self.rows[at].left = left;
                if paint::is_turned(&self.cells[at][cells]) {
                    // To be painted as a whole, whatever it is found to be.
                    self.rows[at] = Row::default();
                    return false;
                }
                self.patched.push(Patched { row: at, before: self.numbers[at], columns });
            }
            self.numbers[at] = number_of(&self.keys, &self.rows[at]);
        }
        true
    }

    /// Moves the left halves of these rows up by so many; `false`, with nothing done, where one belongs to its right half.
    fn move_up(&mut self, (rows, by): (Range<u16>, usize)) -> bool {
        if by == 0 {
            return true;
        }
        let rows = usize::from(rows.start)..usize::from(rows.end);
        if !self.rows[rows.clone()].iter().all(Row::has_halves) {
            return false;
        }
        for at in rows.start..rows.end - by {
            self.swap_left(at, at + by);
        }
        for at in rows {
            self.numbers[at] = number_of(&self.keys, &self.rows[at]);
        }
        true
    }

    /// Lets the left halves of two rows change places.
    fn swap_left(&mut self, at: usize, from: usize) {
        self.cells.swap(at, from);
        (self.rows[at].left, self.rows[from].left) = (self.rows[from].left, self.rows[at].left);
        // Most rows have the same beside them.
        if self.rows[at].right != self.rows[from].right
            && let Ok([one, other]) = self.cells.get_disjoint_mut([at, from])
        {
            one[usize::from(self.split)..].swap_with_slice(&mut other[usize::from(self.split)..]);
        }
    }

    /// Where the left half of this row is to be what stands in one of the next ones before `end`, they change places: what
    /// moved up need not be painted again.
    fn bring_up(&mut self, left: u64, at: usize, end: usize) {
        if self.rows[at].left == left || !self.rows[at].has_halves() {
            return;
        }
        let is_it = |from: &usize| self.rows[*from].left == left && self.rows[*from].has_halves();
        if let Some(from) = (at + 1..end.min(at + 1 + FARTHEST)).find(is_it) {
            self.swap_left(at, from);
        }
    }

    /// What the hash of every row begins with.
    fn seed(&self, theme: &Theme) -> impl Hasher + Clone + use<> {
        let mut hasher = self.keys.build_hasher();
        (theme.marked, self.beginnings).hash(&mut hasher);
        hasher
    }

    /// Paints what stands in these columns of a row.
    fn paint(&mut self, piece: &Piece<'_>, y: u16, columns: &Range<u16>, theme: &Theme) {
        let Some(row) = self.cells.get_mut(usize::from(y)) else { return };
        let clip = piece.area.x.max(columns.start)..piece.area.right().min(columns.end);
        let x = piece.at.0;
        match &piece.content {
            Content::Text(text, style) => {
                paint::paint_text(row, clip, x, text, *style, theme);
            }
            Content::Line(line) => paint::paint_line(row, clip, x, line, theme, &mut self.links),
            Content::Fill(glyph, style) => paint::fill(row, clip, glyph, *style),
        }
    }
}

fn number_of(keys: &RandomState, row: &Row) -> u64 {
    keys.hash_one((row.left, row.right))
}

#[cfg(test)]
impl Picture {
    /// A picture of one row.
    pub(crate) fn of_text(text: &'static str) -> Self {
        let mut picture = Self::default();
        let area = Rect::new(0, 0, text.len() as u16, 1);
        let piece = Piece { area, at: (0, 0), content: Content::Text(SafeText::own(text), Style::new()) };
        picture.show((area.width, 1), area.width, &[piece], &Theme::new(super::theme::Background::Dark, true));
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Background;

    fn text(y: u16, text: &'static str) -> Piece<'static> {
        Piece { area: AREA, at: (0, y), content: Content::Text(SafeText::own(text), Style::new()) }
    }

    const AREA: Rect = Rect { x: 0, y: 0, width: 5, height: 3 };

    fn show(picture: &mut Picture, pieces: &[Piece<'_>]) -> Vec<usize> {
        picture.show((5, 3), 3, pieces, &Theme::new(Background::Dark, true));
        picture.changed.clone()
    }

    fn assert_shows(picture: &Picture, rows: &[&str]) {
        let of = |row: &Vec<Cell>| row.iter().map(Cell::symbol).collect::<String>();
        assert_eq!(picture.cells().iter().map(of).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn only_rows_in_which_something_else_stands_change() {
        let mut picture = Picture::default();
        assert_eq!(show(&mut picture, &[text(0, "one"), text(2, "three")]), [0, 1, 2]);
        assert!(show(&mut picture, &[text(0, "one"), text(2, "three")]).is_empty());
        assert_eq!(show(&mut picture, &[text(0, "one"), text(1, "two"), text(2, "three")]), [1]);
        assert_shows(&picture, &["one  ", "two  ", "three"]);
        assert_eq!(show(&mut picture, &[text(0, "o"), text(1, "two")]), [0, 2]);
        assert_shows(&picture, &["o    ", "two  ", "     "]);
    }

    fn half(x: u16, y: u16, text: &'static str) -> Piece<'static> {
        let width = if x == 0 { 3 } else { 2 };
        Piece { area: Rect { x, width, ..AREA }, at: (x, y), content: Content::Text(SafeText::own(text), Style::new()) }
    }

    fn part(rows: Range<u16>, columns: Range<u16>) -> Part {
        Part { up: (0..3, 0), rows, columns, live_row: None }
    }

    #[test]
    fn a_patched_row_keeps_what_stands_beside_it() {
        let theme = Theme::new(Background::Dark, true);
        let mut picture = Picture::default();
        show(&mut picture, &[half(0, 0, "one"), half(0, 1, "tw"), half(3, 1, "|x")]);
        assert!(picture.patch(part(1..3, 0..9), &[half(0, 1, "two")], &theme));
        assert_eq!(picture.changed, [1]);
        assert_shows(&picture, &["one  ", "two|x", "     "]);
        let whole = [half(0, 0, "one"), half(0, 1, "two"), half(3, 1, "|x")];
        assert!(show(&mut picture, &whole).is_empty(), "it is known as the same");
        assert_eq!(show(&mut picture, &[half(0, 0, "one"), half(0, 1, "two"), half(3, 1, "|y")]), [1]);
    }

    #[test]
    fn a_row_that_got_longer_is_painted_from_there_on() {
        let theme = Theme::new(Background::Dark, true);
        let mut picture = Picture::default();
        show(&mut picture, &[half(0, 1, "tw"), half(3, 1, "|x")]);
        let before = picture.rows().numbers[1];
        assert!(picture.patch(part(1..2, 2..3), &[half(0, 1, "two")], &theme));
        assert_eq!(picture.rows().patched, [Patched { row: 1, before, columns: 2..3 }]);
        assert_shows(&picture, &["     ", "two|x", "     "]);
        show(&mut picture, &[half(0, 1, "two"), half(3, 1, "|x")]);
        assert_eq!(picture.rows().patched, []);
    }

    #[test]
    fn what_moved_up_is_not_painted_again() {
        let theme = Theme::new(Background::Dark, true);
        let mut picture = Picture::default();
        let side = || half(3, 0, "|x");
        show(&mut picture, &[half(0, 0, "one"), half(0, 1, "two"), half(0, 2, "thr"), side()]);
        let numbers = picture.rows().numbers.to_vec();
        assert!(picture.patch(part(0..3, 0..9), &[half(0, 0, "two"), half(0, 1, "thr"), half(0, 2, "fou")], &theme));
        assert_eq!(picture.changed, [2]);
        assert_shows(&picture, &["two|x", "thr  ", "fou  "]);
        assert_eq!(picture.rows().numbers[1], numbers[2], "it is told by the same number");
        assert_eq!(show(&mut picture, &[half(0, 0, "thr"), half(0, 1, "fou"), half(3, 0, "|y")]), [0, 2]);
        assert_shows(&picture, &["thr|y", "fou  ", "     "]);
    }

    #[test]
    fn rows_that_are_told_to_have_gone_up_keep_what_stands_beside_them() {
        let theme = Theme::new(Background::Dark, true);
        let mut picture = Picture::default();
        show(&mut picture, &[half(0, 0, "one"), half(0, 1, "two"), half(0, 2, "th"), half(3, 1, "|x")]);
        let up = Part { up: (0..3, 1), rows: 1..3, columns: 2..3, live_row: None };
        assert!(picture.patch(up, &[half(0, 1, "thr"), half(0, 2, "fou")], &theme));
        assert_eq!(picture.changed, [1, 2]);
        assert_shows(&picture, &["two  ", "thr|x", "fou  "]);
        let whole = [half(0, 0, "two"), half(0, 1, "thr"), half(0, 2, "fou"), half(3, 1, "|x")];
        assert!(show(&mut picture, &whole).is_empty(), "it is known as the same");
    }

    #[test]
    fn what_runs_from_right_to_left_is_painted_as_a_whole() {
        let theme = Theme::new(Background::Dark, true);
        let mut picture = Picture::default();
        show(&mut picture, &[half(0, 0, "one")]);
        assert!(!picture.patch(part(0..1, 0..9), &[half(0, 0, "\u{5e9}")], &theme));
        show(&mut picture, &[half(0, 0, "\u{5e9}")]);
        assert!(!picture.patch(part(0..1, 0..9), &[half(0, 0, "two")], &theme));
    }

    #[test]
    fn what_lies_over_it_belongs_to_a_row() {
        let mut picture = Picture::default();
        let under = || text(1, "under");
        let over = Piece {
            area: Rect { x: 1, y: 1, width: 2, height: 1 },
            at: (1, 1),
            content: Content::Fill("x", Style::new()),
        };
        show(&mut picture, &[under(), over]);
        assert_shows(&picture, &["     ", "uxxer", "     "]);
        assert_eq!(show(&mut picture, &[under()]), [1]);
        assert_shows(&picture, &["     ", "under", "     "]);
    }

    #[test]
    fn another_size_is_another_picture() {
        let mut picture = Picture::default();
        show(&mut picture, &[text(0, "one")]);
        picture.show((4, 2), 3, &[text(0, "one")], &Theme::new(Background::Dark, true));
        assert_eq!(picture.changed, [0, 1]);
        assert_shows(&picture, &["one ", "    "]);
    }
}
