//! The picture on the screen, kept from frame to frame. Drawing lists what stands where; a row in which the same stands
//! as before is not painted again, and whoever sends the picture on need not look at it.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::RandomState;
use ratatui::buffer::Buffer;
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

/// The hash of a row that is to be painted in any case.
const NEVER: u64 = 0;

/// The hash of a row of these halves.
fn joined(mut left: impl Hasher, right: u64) -> u64 {
    left.write_u64(right);
    left.finish()
}

impl Piece<'_> {
    /// The rows it touches.
    fn rows(&self) -> std::ops::Range<u16> {
        match self.content {
            Content::Fill(..) => self.area.top()..self.area.bottom(),
            Content::Text(..) | Content::Line(_) => self.at.1..self.at.1.saturating_add(1),
        }
    }
}

/// The cells, and what was drawn in each of their rows.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    buffer: Buffer,
    /// A hash for every row of what stands in it, with keys of this process: nobody can make two rows look the same.
    drawn: Vec<u64>,
    /// The same of what begins in the column `split` or right of it.
    beside: Vec<u64>,
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

impl Picture {
    /// The cells.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Where its cells lead.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// A number for each row, the same for rows in which the same stands, and another one for every other.
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.drawn
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
    pub(super) fn is_of(&mut self, number: u64, cursor: Option<(u16, u16)>) {
        (self.number, self.cursor) = (number, cursor);
    }

    /// Paints the rows in which these pieces are others than the last ones. No piece lies on both sides of the left edge
    /// of the column `split` in a row that is to be patched.
    pub(super) fn show(&mut self, size: (u16, u16), split: u16, pieces: &[Piece<'_>], theme: &Theme) {
        let area = Rect::new(0, 0, size.0, size.1);
        let is_new = self.buffer.area != area || self.links.are_too_many();
        if is_new {
            self.buffer = Buffer::empty(area);
            self.links.begin_anew();
            self.beginnings += 1;
        }
        self.split = split;
        let seed = self.seed(theme);
        let mut hashers = vec![(seed.clone(), seed); usize::from(size.1)];
        for piece in pieces {
            for y in piece.rows() {
                if let Some((left, right)) = hashers.get_mut(usize::from(y)) {
                    piece.hash(if piece.area.x < split { left } else { right });
                }
            }
        }
        self.beside.clear();
        self.beside.extend(hashers.iter().map(|(_, right)| right.finish()));
        self.changed.clear();
        self.drawn.resize(hashers.len(), NEVER);
        for (row, (left, _)) in hashers.into_iter().enumerate() {
            let hash = joined(left, self.beside[row]);
            if is_new || self.drawn[row] == NEVER || self.drawn[row] != hash {
                self.drawn[row] = hash;
                self.changed.push(row);
                paint::clear(&mut self.buffer, row, 0..size.0);
            }
        }
        for piece in pieces {
            for y in piece.rows() {
                if self.changed.binary_search(&usize::from(y)).is_ok() {
                    self.paint(piece, y, theme);
                }
            }
        }
        for row in &self.changed {
            paint::hold_columns(&mut self.buffer, *row);
        }
    }

    /// Paints what stands left of the split in these rows, where it is something else than before; `false` where columns
    /// are to be held behind text from right to left, which takes whole rows: then all is to be shown.
    #[must_use]
    pub(super) fn patch(&mut self, rows: impl Iterator<Item = u16>, pieces: &[Piece<'_>], theme: &Theme) -> bool {
        self.changed.clear();
        for y in rows {
            let row = usize::from(y);
            let mut left = self.seed(theme);
            let of_row = || pieces.iter().filter(|piece| piece.rows().contains(&y));
            of_row().for_each(|piece| piece.hash(&mut left));
            let (Some(beside), Some(drawn)) = (self.beside.get(row), self.drawn.get_mut(row)) else { continue };
            let hash = joined(left, *beside);
            if std::mem::replace(drawn, hash) == hash {
                continue;
            }
            self.changed.push(row);
            let is_turned = paint::is_turned(&self.buffer, row);
            paint::clear(&mut self.buffer, row, 0..self.split);
            of_row().for_each(|piece| self.paint(piece, y, theme));
            if is_turned || paint::is_turned(&self.buffer, row) {
                self.drawn[row] = NEVER;
                return false;
            }
        }
        true
    }

    /// What the hash of every row begins with.
    fn seed(&self, theme: &Theme) -> impl Hasher + Clone + use<> {
        let mut hasher = self.keys.build_hasher();
        (theme.marked, self.beginnings).hash(&mut hasher);
        hasher
    }

    fn paint(&mut self, piece: &Piece<'_>, y: u16, theme: &Theme) {
        let (area, x) = (piece.area, piece.at.0);
        match &piece.content {
            Content::Text(text, style) => {
                paint::paint_text(&mut self.buffer, area, x, y, text, *style, theme);
            }
            Content::Line(line) => paint::paint_line(&mut self.buffer, area, x, y, line, theme, &mut self.links),
            Content::Fill(glyph, style) => {
                paint::fill(&mut self.buffer, Rect { y, height: 1, ..area }, glyph, *style);
            }
        }
    }
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

    #[test]
    fn only_rows_in_which_something_else_stands_change() {
        let mut picture = Picture::default();
        assert_eq!(show(&mut picture, &[text(0, "one"), text(2, "three")]), [0, 1, 2]);
        assert!(show(&mut picture, &[text(0, "one"), text(2, "three")]).is_empty());
        assert_eq!(show(&mut picture, &[text(0, "one"), text(1, "two"), text(2, "three")]), [1]);
        assert_eq!(picture.buffer(), &Buffer::with_lines(["one  ", "two  ", "three"]));
        assert_eq!(show(&mut picture, &[text(0, "o"), text(1, "two")]), [0, 2]);
        assert_eq!(picture.buffer(), &Buffer::with_lines(["o    ", "two  ", "     "]));
    }

    #[test]
    fn a_patched_row_keeps_what_stands_beside_it() {
        let theme = Theme::new(Background::Dark, true);
        let side = |text| Piece {
            area: Rect { x: 3, width: 2, ..AREA },
            at: (3, 1),
            content: Content::Text(SafeText::own(text), Style::new()),
        };
        let mut picture = Picture::default();
        show(&mut picture, &[text(0, "one"), text(1, "tw"), side("|x")]);
        assert!(picture.patch([1, 2].into_iter(), &[text(1, "two")], &theme));
        assert_eq!(picture.changed, [1]);
        assert_eq!(picture.buffer(), &Buffer::with_lines(["one  ", "two|x", "     "]));
        assert!(
            show(&mut picture, &[text(0, "one"), text(1, "two"), side("|x")]).is_empty(),
            "it is known as the same"
        );
        assert_eq!(show(&mut picture, &[text(0, "one"), text(1, "two"), side("|y")]), [1]);
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
        assert_eq!(picture.buffer(), &Buffer::with_lines(["     ", "uxxer", "     "]));
        assert_eq!(show(&mut picture, &[under()]), [1]);
        assert_eq!(picture.buffer(), &Buffer::with_lines(["     ", "under", "     "]));
    }

    #[test]
    fn another_size_is_another_picture() {
        let mut picture = Picture::default();
        show(&mut picture, &[text(0, "one")]);
        picture.show((4, 2), 3, &[text(0, "one")], &Theme::new(Background::Dark, true));
        assert_eq!(picture.changed, [0, 1]);
        assert_eq!(picture.buffer(), &Buffer::with_lines(["one ", "    "]));
    }
}
