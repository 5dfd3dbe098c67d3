//! The rows of a top-level block as they are drawn: each behind the prefix of the containers around it, with what it shows
//! of the source. Blank lines are owed and paid before the next line, so there is never one too many. Pure.

use std::ops::Range;

use super::Options;
use super::frames::{Frame, Frames};
use super::inline::without_blanks_at_end;
use super::region::{Region, RegionKind};
use crate::safe_text::SafeText;
use crate::ui::line::Line;
use crate::ui::wrap::{joined, wrap_hanging};

/// Columns that code and formulas are set in by.
const INDENT: &str = super::plain::CODE_INDENT;

/// What is drawn of a block.
pub(super) struct Page<'a> {
    options: &'a Options<'a>,
    /// The containers open now.
    pub(super) frames: Frames<'a>,
    lines: Vec<Line>,
    regions: Vec<Region>,
    /// A blank line is due before the next line, within so many frames.
    blank: Option<usize>,
    /// Nothing was drawn since the innermost container was opened.
    is_fresh: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self {
            options,
            frames: Frames::new(options),
            lines: Vec::new(),
            regions: Vec::new(),
            blank: None,
            is_fresh: true,
        }
    }

    /// How many rows and regions there are.
    pub(super) fn reached(&self) -> (usize, usize) {
        (self.lines.len(), self.regions.len())
    }

    /// Takes back what was drawn beyond so many rows and regions. A fold whose line is the last one then goes on to this
    /// byte of the source.
    pub(super) fn take_back(&mut self, (rows, regions): (usize, usize), end: usize) {
        self.lines.truncate(rows);
        self.regions.truncate(regions);
        if let Some(fold) = self.regions.last_mut().filter(|region| region.kind == RegionKind::Fold) {
            fold.source.end = fold.source.end.max(end);
        }
    }

    /// Hands out the rows of a top-level block, which stands here in the source, and what is where in them; is as new.
    pub(super) fn finish(&mut self, block: &Range<usize>) -> (Vec<Line>, Vec<Region>) {
        self.blank = None;
        self.is_fresh = true;
        for region in &mut self.regions {
            region.block = block.clone();
        }
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.regions))
    }

    /// The container opened last has nothing in it yet.
    pub(super) fn begin_container(&mut self) {
        self.is_fresh = true;
    }

    /// Whether something stands in the innermost container.
    pub(super) fn has_begun(&self) -> bool {
        !self.is_fresh
    }

    /// Closes the innermost container; whether it was an item that holds paragraphs.
    pub(super) fn end_container(&mut self) -> bool {
        matches!(self.frames.pop(), Some(Frame::Item { is_loose: true, .. }))
    }

    /// The blank line that is due stands no deeper than what is open now.
    pub(super) fn raise_blank(&mut self) {
        self.blank = self.blank.map(|depth| depth.min(self.frames.len()));
    }

    pub(super) fn want_blank(&mut self) {
        let depth = self.frames.len();
        self.blank = Some(self.blank.map_or(depth, |before| before.min(depth)));
    }

    /// A blank line is due at this depth, whatever was before.
    pub(super) fn want_blank_here(&mut self) {
        self.blank = Some(self.frames.len());
    }

    /// Draws rows as they are.
    pub(super) fn draw_plain(&mut self, rows: Vec<Line>, source: Range<usize>) {
        self.lines = rows;
        self.add_region(0, source, RegionKind::Text);
    }

    /// Draws lines of text, wrapped.
    pub(super) fn draw_text(&mut self, lines: Vec<Line>, source: Option<Range<usize>>) {
        let mut start = None;
        let mut offset = 0;
        for line in lines {
            self.draw_blank();
            start.get_or_insert(self.lines.len());
            let (first, rest) = self.frames.prefixes();
            let rows = wrap_hanging(&line, &first, &rest, usize::from(self.options.width));
            self.lines.extend(rows.into_iter().map(|row| Line { offset: offset + row.offset, ..row }));
            offset += line.bytes() as u32 + 1;
        }
        if let (Some(start), Some(source)) = (start, source) {
            self.add_region(start, source, RegionKind::Text);
        }
    }

    /// Draws rows that have their prefixes already.
    pub(super) fn draw_prefixed(
        &mut self,
        rows: impl FnOnce(&mut Frames<'a>) -> Vec<Line>,
        source: Option<Range<usize>>,
        kind: RegionKind,
    ) {
        self.draw_blank();
        let start = self.lines.len();
        self.lines.extend(rows(&mut self.frames));
        if let Some(source) = source {
            self.add_region(start, source, kind);
        }
    }

    /// Draws rows that are wrapped already: what stands here in the source.
    pub(super) fn draw_rows(&mut self, rows: Vec<Line>, source: Range<usize>, kind: RegionKind) {
        if rows.is_empty() {
            return;
        }
        self.draw_blank();
        let start = self.lines.len();
        let (first, rest) = self.frames.prefixes();
        for (at, row) in rows.into_iter().enumerate() {
            let prefix = if at == 0 { &first } else { &rest };
            let is_empty = row.spans.is_empty();
            let line = joined(prefix, row);
            self.lines.push(if is_empty { trimmed(line) } else { line });
        }
        self.add_region(start, source, kind);
    }

    /// Draws what is set in, such as code; `wrapped` gives its rows in so many columns.
    pub(super) fn draw_set_in(
        &mut self,
        columns: u16,
        wrapped: impl FnOnce(usize) -> Vec<Line>,
        source: Range<usize>,
        kind: RegionKind,
    ) {
        let indent = Line::styled(SafeText::own(INDENT), self.options.theme.text).as_lead();
        let rows = wrapped(self.room(columns).saturating_sub(INDENT.len())).into_iter();
        let rows = rows.map(|row| if row.spans.is_empty() { row } else { joined(&indent, row) }).collect();
        self.draw_rows(rows, source, kind);
    }

    /// Draws the mark of an item in which there is nothing.
    pub(super) fn draw_empty(&mut self) {
        if !self.frames.is_in_undrawn_item() {
            return;
        }
        let (first, _) = self.frames.prefixes();
        let line = trimmed(first);
        if !line.spans.is_empty() {
            self.draw_blank();
            self.lines.push(line);
        }
    }

    /// Columns left beside the prefix.
    pub(super) fn room(&self, width: u16) -> usize {
        usize::from(width).saturating_sub(self.frames.prefix_of(self.frames.len()).width())
    }

    fn draw_blank(&mut self) {
        self.is_fresh = false;
        let Some(depth) = self.blank.take() else { return };
        if !self.lines.is_empty() {
            let prefix = self.frames.prefix_of(depth);
            self.lines.push(trimmed(prefix));
        }
    }

    /// The rows from this one on show what stands here in the source.
    fn add_region(&mut self, first: usize, source: Range<usize>, kind: RegionKind) {
        let rows = first..self.lines.len();
        if !rows.is_empty() {
            self.regions.push(Region { rows, block: 0..0, source, kind });
        }
    }
}

fn trimmed(mut line: Line) -> Line {
    without_blanks_at_end(&mut line);
    line
}
