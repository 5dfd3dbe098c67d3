//! A message that grows. Top-level blocks that can no longer change are parsed and wrapped once; only the open block at
//! the end is done again with each delta. One that became too large for that is shown as plain text, to which only the
//! new part is added. A complete message is parsed once more as a whole where its end may change what stands above, by links
//! defined and footnotes, which come to its end. What is too much for one frame is done in steps: then the document is
//! behind, and the next update goes on with the same. What an update changed is known by its rows. Pure.

use std::sync::Arc;

use super::Options;
use super::changed::{Before, Changed};
use super::folds::{self, Fold};
use super::open_code::OpenCode;
use super::open_line::{self, Shown};
use super::open_row::OpenRow;
use super::plain::{Kind, Plain};
use super::region::{Region, RegionKind};
use super::render::{self, Block, Blocks, MAX_LINE_BYTES};
use super::writer::language;
use crate::ui::line::Line;

/// Bytes of an open block from which it is shown as plain text.
const MAX_OPEN_BYTES: usize = 64 * 1024;
/// Bytes of a line that has not ended from which what it is counts as known.
const KNOWN_LINE_BYTES: usize = 1024;
/// Bytes of the source that one update lays out at most.
const STEP_BYTES: usize = 256 * 1024;
/// Bytes of a message up to which it is parsed as a whole.
const MAX_WHOLE_BYTES: usize = 1024 * 1024;
/// Bytes that are added to the last row before all is looked at again: what is very long is shown otherwise.
const MAX_ADDED_BYTES: usize = 1024;
/// Bytes at each end of the former source by which it is known again.
const KNOWN_BY_BYTES: usize = 64;

static NO_LINE: Line = Line::EMPTY;

/// The lines of one message, kept while it grows.
#[derive(Default)]
pub struct Document {
    lines: Vec<Line>,
    /// What stands in which lines, from the top.
    regions: Vec<Region>,
    /// Lines, regions and bytes of blocks that can no longer change.
    settled_lines: usize,
    settled_regions: usize,
    settled_bytes: usize,
    /// The folds that go on after them.
    settled_folds: Arc<[Fold]>,
    /// The last line is of a footnote, now and at the end of what is settled.
    is_after_note: bool,
    is_settled_after_note: bool,
    plain: Option<Plain>,
    /// A block became too large to be parsed at each delta.
    has_plain: bool,
    /// Bytes of the source that are laid out.
    laid_out: usize,
    seen: Option<Seen>,
    /// The last row, where more may be added to it, and the bytes of the source when it was laid out.
    open: Option<(Open, usize)>,
    /// The last block is shown as it is expected to become: a table by its head, marks that are open as closed.
    is_expected: bool,
    /// What was not settled before this update.
    before: Option<Before>,
    /// Bytes handed to the parser so far.
    parsed_bytes: usize,
}

/// What may be added to the last row.
enum Open {
    Words(OpenRow),
    Code(OpenCode),
}

impl Open {
    /// Bytes at the end of the source that are not shown.
    fn hidden(&self) -> usize {
        match self {
            Self::Words(row) => row.hidden(),
            Self::Code(_) => 0,
        }
    }
}

/// What was drawn last.
struct Seen {
    length: usize,
    head: String,
    tail: String,
    is_complete: bool,
    look: (u16, u16, u64, bool, bool),
}

impl Document {
    /// Draws the message as it is now, or a further step of it. `source` is the former source with more at its end;
    /// otherwise, and after a change of the options, all is done anew. Gives what looks otherwise, if anything does.
    pub fn update(&mut self, source: &str, is_complete: bool, options: &Options<'_>) -> Option<Changed> {
        let look = (options.width, options.wide, options.theme.mark(), options.ascii_lines, options.is_expanded);
        let known = self.seen.as_ref().filter(|seen| seen.look == look && seen.is_start_of(source));
        let is_same = known.is_some_and(|seen| seen.length == source.len() && seen.is_complete == is_complete);
        if is_same && !self.is_behind() {
            return None;
        }
        let is_anew = known.is_none_or(|seen| seen.is_complete && !is_same);
        if is_anew {
            self.reset();
        }
        self.open = None;
        self.seen = Some(Seen {
            length: source.len(),
            head: head_of(source).to_owned(),
            tail: tail_of(source).to_owned(),
            is_complete,
            look,
        });
        let may_change = || self.laid_out == 0 || self.has_plain || render::depends_on_the_whole(source);
        if is_complete && source.len() <= MAX_WHOLE_BYTES && may_change() {
            self.drop_lines();
            self.settle(source, options);
            return Some(Changed::ALL);
        }
        let plain_from = self.plain.as_ref().map(Plain::final_lines);
        self.before = None;
        self.laid_out = source.floor_char_boundary(self.laid_out + STEP_BYTES);
        self.grow(&source[..self.laid_out], options);
        if is_complete && self.laid_out == source.len() {
            self.settle(source, options);
        }
        if !is_complete {
            self.open = self.open_at_end(source, options).map(|open| (open, source.len()));
        }
        match (self.before.take(), plain_from) {
            (Some(before), None) if !is_anew => before.compared_with(&self.lines, &self.regions),
            (_, Some(row)) => Some(Changed { row, ..Changed::ALL }),
            _ => Some(Changed::ALL),
        }
    }

    /// Draws the message as it is now, where it only grew by plain words or code since the last update, with the options of
    /// that update; gives the row to which that was added. Where it gives none, nothing is done.
    pub fn grow_last_row(&mut self, source: &str) -> Option<Changed> {
        let seen = self.seen.as_mut().filter(|seen| seen.is_start_of(source))?;
        let row = self.lines.len().checked_sub(1)?;
        let columns = self.lines[row].width();
        let added = source.get(seen.length..)?;
        let (open, _) = self.open.as_mut().filter(|(_, from)| source.len() - *from <= MAX_ADDED_BYTES)?;
        let shown = seen.length - open.hidden();
        let is_added = match open {
            Open::Words(row) => row.add(added, &mut self.lines),
            Open::Code(row) => row.add(added, &mut self.lines),
        };
        if !is_added {
            return None;
        }
        let is_alone = self.lines.len() == row + 1;
        if let Some(region) = self.regions.last_mut() {
            region.rows.end = self.lines.len();
        }
        let is_open = |region: &&mut Region| region.block.end == seen.length;
        for region in self.regions.iter_mut().rev().take_while(is_open) {
            region.block.end = source.len();
            if region.source.end == shown {
                region.source.end = source.len() - open.hidden();
            }
        }
        (seen.length, self.laid_out) = (source.len(), source.len());
        tail_of(source).clone_into(&mut seen.tail);
        // A word that had no room may have been its last one.
        let now = self.lines[row].width();
        Some(Changed { row, columns: columns.min(now), end: columns.max(now), is_alone })
    }

    /// The last row, where it shows the end of the source and nothing else.
    fn open_at_end(&self, source: &str, options: &Options<'_>) -> Option<Open> {
        let is_at_end = |region: &&Region| region.rows.end == self.lines.len() && region.block.end == source.len();
        let region = self.regions.last().filter(is_at_end)?;
        // A formula is another one with each word.
        if self.plain.is_some() || self.is_expected || render::depends_on_the_whole(&source[self.settled_bytes..]) {
            return None;
        }
        let row = self.lines.last()?;
        let open = match region.kind {
            RegionKind::Text => {
                let is_paragraph = region.source.start == region.block.start && row.lead == 0;
                let is_trimmed = !source[region.source.start..].starts_with('<');
                OpenRow::at_end(source, row, usize::from(options.width), is_paragraph, is_trimmed).map(Open::Words)
            }
            // Its lines have nothing before them in the source.
            RegionKind::Code { .. } if source[region.block.start..].starts_with(['`', '~']) => {
                OpenCode::at_end(source, row, usize::from(options.wide)).map(Open::Code)
            }
            RegionKind::Code { .. } | RegionKind::Table | RegionKind::Fold => None,
        };
        open.filter(|open| region.source.end == source.len() - open.hidden())
    }

    /// Whether there is more to be laid out of what it was told last.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| self.laid_out < seen.length)
    }

    /// About how many lines are still to come.
    #[must_use]
    pub fn lines_behind(&self) -> usize {
        let length = self.seen.as_ref().map_or(0, |seen| seen.length);
        self.lines.len() * (length - self.laid_out.min(length)) / self.laid_out.max(1)
    }

    /// How many lines it has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Lines from the top that stay as they are however the message grows.
    #[must_use]
    pub fn final_line_count(&self) -> usize {
        self.plain.as_ref().map_or(self.settled_lines, Plain::final_lines)
    }

    /// A line; an empty one beyond the end.
    #[must_use]
    pub fn line(&self, at: usize) -> &Line {
        self.lines.get(at).unwrap_or(&NO_LINE)
    }

    /// What stands in which lines, from the top.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// What stands in this line, if it is text.
    #[must_use]
    pub fn region_at(&self, line: usize) -> Option<&Region> {
        let after = self.regions.partition_point(|region| region.rows.start <= line);
        self.regions[..after].last().filter(|region| region.rows.contains(&line))
    }

    /// Whether more may yet come at the end of this region.
    #[must_use]
    pub fn is_open(&self, region: &Region) -> bool {
        let is_complete = self.seen.as_ref().is_none_or(|seen| seen.is_complete);
        (!is_complete || self.is_behind()) && self.regions.last() == Some(region)
    }

    /// The lines, taken out.
    #[must_use]
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// Adds a block, found so many bytes into the source, below those before it, with one blank line between.
    fn append(&mut self, block: Block, from: usize) {
        if block.is_in_fold
            && let Some(fold) = self.regions.last_mut().filter(|region| region.kind == RegionKind::Fold)
        {
            fold.source.end = fold.source.end.max(from + block.fold_end);
            fold.block.end = fold.source.end;
        }
        if block.lines.is_empty() {
            return;
        }
        let is_next_note = block.is_note && self.is_after_note;
        if !self.lines.is_empty() && !is_next_note {
            self.lines.push(Line::default());
        }
        self.is_after_note = block.is_note;
        let above = self.lines.len();
        self.regions.extend(block.regions.into_iter().map(|region| region.moved(above, from)));
        self.lines.extend(block.lines.into_iter().map(Line::shrunk));
    }

    /// Takes away what is not settled; what it was when the update began is kept for the while.
    fn take_unsettled(&mut self) {
        let before = Before::taken(&mut self.lines, self.settled_lines, &mut self.regions, self.settled_regions);
        self.before.get_or_insert(before);
    }

    fn reset(&mut self) {
        *self = Self { parsed_bytes: self.parsed_bytes, ..Self::default() };
    }

    fn drop_lines(&mut self) {
        let seen = self.seen.take();
        self.reset();
        self.seen = seen;
    }

    /// Draws what is not settled as it stays.
    fn settle(&mut self, source: &str, options: &Options<'_>) {
        self.laid_out = source.len();
        if self.plain.is_some() {
            return;
        }
        self.take_unsettled();
        let from = self.settled_bytes;
        self.parsed_bytes += source.len() - from;
        self.is_after_note = self.is_settled_after_note;
        let mut blocks = render::blocks(&source[from..], options, &self.settled_folds).blocks;
        blocks.sort_by_key(|block| block.is_note);
        for block in blocks {
            self.append(block, from);
        }
        self.is_expected = false;
        (self.settled_lines, self.settled_regions) = (self.lines.len(), self.regions.len());
        self.settled_bytes = source.len();
    }

    fn grow(&mut self, source: &str, options: &Options<'_>) {
        loop {
            let is_hidden = folds::is_closed(&self.settled_folds, options);
            if let Some(plain) = &mut self.plain {
                // What stands in a fold that is closed is read and not drawn.
                let mut hidden = Vec::new();
                let end = plain.update(source, if is_hidden { &mut hidden } else { &mut self.lines }, options);
                if let Some(region) = self.regions.last_mut() {
                    if !is_hidden {
                        region.rows.end = self.lines.len();
                    }
                    region.source.end = end.unwrap_or(source.len());
                    region.block.end = region.source.end;
                }
                let Some(end) = end else { return };
                self.plain = None;
                self.settled_bytes = end;
                self.settled_lines = self.lines.len();
                self.settled_regions = self.regions.len();
            }
            if !self.parse_open(source, options) {
                return;
            }
        }
    }

    /// Parses what is not settled and settles what can no longer change; whether the open block is now a plain one.
    fn parse_open(&mut self, source: &str, options: &Options<'_>) -> bool {
        self.settled_bytes += blank_lines(&source[self.settled_bytes..]);
        self.take_unsettled();
        self.is_after_note = self.is_settled_after_note;
        let from = self.settled_bytes;
        let tail = &source[self.settled_bytes..];
        self.parsed_bytes += tail.len();
        let Blocks { mut blocks, open_at } = render::blocks(tail, options, &self.settled_folds);
        let last_line = tail.rfind('\n').map_or(0, |at| at + 1);
        let last_line_bytes = tail.len() - last_line;
        // A line that has not ended may still change what the line before it is (a head of a table), so what starts at
        // either of them settles nothing.
        let known = if last_line_bytes > KNOWN_LINE_BYTES {
            tail.len()
        } else {
            tail[..last_line.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1)
        };
        let known = open_at.map_or(known, |at| known.min(at));
        let open = blocks.iter().rposition(|block| block.start < known).unwrap_or(0);
        let open_start = blocks.get(open).map_or(0, |block| block.start);
        let mut unsettled = blocks.split_off(open);
        for block in blocks {
            self.settled_folds = Arc::clone(&block.folds);
            self.append(block, from);
        }
        self.is_settled_after_note = self.is_after_note;
        self.settled_lines = self.lines.len();
        self.settled_regions = self.regions.len();
        self.settled_bytes += open_start;
        let open_bytes = tail.len() - open_start;
        if open_bytes > MAX_OPEN_BYTES || last_line_bytes > MAX_LINE_BYTES {
            self.begin_plain(source, options);
            return true;
        }
        self.is_expected = false;
        let above = unsettled.len().checked_sub(2).map(|at| Arc::clone(&unsettled[at].folds));
        if let Some(last) = unsettled.last_mut().filter(|last| !last.is_in_fold) {
            let block = &tail[last.start..];
            let shown = Some(block).filter(|_| last.is_text()).and_then(open_line::shown);
            let head = table_head(shown.as_ref().map_or(block, |shown| &shown.source));
            if let Some(shown) = head.map(|source| Shown { source, kept: 0 }).or(shown) {
                self.is_expected = true;
                let folds = above.unwrap_or_else(|| Arc::clone(&self.settled_folds));
                match render::blocks(&shown.source, options, &folds).blocks.pop() {
                    Some(block) => last.show(block, shown.kept),
                    None => drop(unsettled.pop()),
                }
            }
        }
        for block in unsettled {
            self.append(block, from);
        }
        false
    }

    fn begin_plain(&mut self, source: &str, options: &Options<'_>) {
        let block = &source[self.settled_bytes..];
        let (kind, text_start) = Kind::of(block);
        // Prose is at least as long as what made it plain, so that each pass over the rest has taken that much away.
        let mut search_from = if kind == Kind::Prose { block.len().min(MAX_OPEN_BYTES) } else { text_start };
        while !block.is_char_boundary(search_from) {
            search_from -= 1;
        }
        let start = self.settled_bytes;
        if folds::is_closed(&self.settled_folds, options) {
            self.plain = Some(Plain::new(kind, start + text_start, start + search_from, 0));
            return;
        }
        self.is_after_note = false;
        self.is_settled_after_note = false;
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let kind_of_region = match kind {
            Kind::Prose => RegionKind::Text,
            Kind::Code { .. } => RegionKind::Code { language: language(fence_line(block)) },
        };
        let lines = self.lines.len();
        self.regions.push(Region {
            rows: lines..lines,
            block: start..start,
            source: start..start,
            kind: kind_of_region,
        });
        self.has_plain = true;
        self.plain = Some(Plain::new(kind, start + text_start, start + search_from, self.lines.len()));
    }
}

impl Seen {
    fn is_start_of(&self, source: &str) -> bool {
        source.len() >= self.length
            && source.starts_with(&self.head)
            && source.as_bytes()[..self.length].ends_with(self.tail.as_bytes())
    }
}

fn head_of(source: &str) -> &str {
    &source[..source.floor_char_boundary(KNOWN_BY_BYTES)]
}

fn tail_of(source: &str) -> &str {
    &source[source.ceil_char_boundary(source.len().saturating_sub(KNOWN_BY_BYTES))..]
}

/// What stands in the line of a fence behind it.
fn fence_line(block: &str) -> &str {
    block.lines().next().unwrap_or_default().trim_start_matches([' ', '`', '~'])
}

/// The head of a table whose rule is still on its way, with a rule: so that it does not stand there as raw text first.
fn table_head(block: &str) -> Option<String> {
    let mut lines = block.lines();
    let head = lines.next().filter(|line| line.starts_with('|'))?;
    let rule = lines.next().unwrap_or_default();
    let is_open = lines.next().is_none()
        && rule.chars().all(|c| "|:- ".contains(c))
        && !block[head.len()..].trim_start().contains('\n');
    if head.chars().all(|c| "|:- ".contains(c)) {
        return is_open.then(String::new);
    }
    let columns = head.trim().trim_matches('|').split('|').count();
    is_open.then(|| format!("{head}\n{}|", "|---".repeat(columns)))
}

/// Bytes of the blank lines a text starts with.
fn blank_lines(text: &str) -> usize {
    let blank = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    text[..blank].rfind('\n').map_or(0, |at| at + 1)
}

#[cfg(test)]
impl Document {
    /// Whether the last block is shown as it is expected to become.
    pub(super) fn is_expected(&self) -> bool {
        self.is_expected
    }

    /// Bytes handed to the parser so far.
    pub(super) fn parsed_bytes(&self) -> usize {
        self.parsed_bytes
    }
}
