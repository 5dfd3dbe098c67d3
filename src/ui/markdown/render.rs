//! From a source to the lines of its top-level blocks and where they start, so that a growing message knows what is
//! settled. Controls are shown and formulas hidden before parsing; a block with a huge line is plain text. Pure.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Options as Extensions, Parser, Tag};

use super::Options;
use super::folds::Fold;
use super::hidden::{self, Hidden};
use super::region::{Region, RegionKind};
use super::writer::Writer;
use crate::ui::line::Line;

/// Bytes of a line of prose from which its block is shown as plain text.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024;

/// How often hidden pieces that stand where the parser hands out no text are made text again one by one. One may bring the
/// next to such a place; from then on all of its block are.
const EXACT_PASSES: usize = 2;

/// What is understood beyond `CommonMark`.
pub(super) const EXTENSIONS: Extensions = Extensions::ENABLE_TABLES
    .union(Extensions::ENABLE_STRIKETHROUGH)
    .union(Extensions::ENABLE_TASKLISTS)
    .union(Extensions::ENABLE_FOOTNOTES)
    .union(Extensions::ENABLE_GFM);

/// A top-level block.
pub(super) struct Block {
    /// Byte at which its first line starts in the source.
    pub(super) start: usize,
    /// Byte after it.
    pub(super) end: usize,
    /// How it looks.
    pub(super) lines: Vec<Line>,
    /// What stands in which of its lines.
    pub(super) regions: Vec<Region>,
    /// It is the text of a footnote.
    pub(super) is_note: bool,
    /// It starts in a fold that is closed.
    pub(super) is_in_fold: bool,
    /// Byte after what of it stands in a fold.
    pub(super) fold_end: usize,
    /// The folds that go on after it.
    pub(super) folds: Arc<[Fold]>,
}

impl Block {
    /// Whether it ends with text, in which marks have their meaning.
    pub(super) fn is_text(&self) -> bool {
        self.regions.last().is_none_or(|region| matches!(region.kind, RegionKind::Text | RegionKind::Table))
    }

    /// Is drawn as this block, which begins with so many bytes of the same.
    pub(super) fn show(&mut self, block: Self, kept: usize) {
        self.lines = block.lines;
        let end = self.start + kept;
        let own = |region: Region| {
            let region = region.moved(0, self.start);
            let source = region.source.start.min(end)..region.source.end.min(end);
            (!source.is_empty()).then_some(Region { block: self.start..self.end, source, ..region })
        };
        self.regions = block.regions.into_iter().filter_map(own).collect();
    }
}

/// The top-level blocks of a source.
pub(super) struct Blocks {
    /// As they stand in the source.
    pub(super) blocks: Vec<Block>,
    /// Where a formula begins that may yet be closed; what starts behind it may become part of it.
    pub(super) open_at: Option<usize>,
}

/// Parses a source and lays out its top-level blocks, which stand in these folds. Controls are shown before the parser
/// sees them, because it takes some of them for blanks or line ends and would drop them.
pub(super) fn blocks(source: &str, options: &Options<'_>, folds: &Arc<[Fold]>) -> Blocks {
    let (shown, grown_at) = with_controls_shown(source);
    let hidden::Found { mut pieces, open_at } = hidden::find(&shown);
    let notes = notes_of(&shown);
    let mut passes = 0;
    let mut blocks = loop {
        passes += 1;
        match parsed((&shown, &notes), &pieces, options, folds, passes > EXACT_PASSES) {
            Ok(blocks) => break blocks,
            // Only what stands there is text again, for the same must become of it when it is parsed with other blocks.
            Err(misplaced) => {
                let known = pieces.len();
                pieces.retain(|piece| !misplaced.holds(piece.range.start));
                // A link may have it from a definition that stands elsewhere.
                if pieces.len() == known || passes > 2 * EXACT_PASSES {
                    pieces.clear();
                }
            }
        }
    };
    let in_source = |at: usize| at - GROWTH * grown_at.partition_point(|grown| *grown < at);
    if !grown_at.is_empty() {
        for block in &mut blocks {
            for at in [&mut block.start, &mut block.end, &mut block.fold_end] {
                *at = in_source(*at);
            }
            for region in &mut block.regions {
                for range in [&mut region.block, &mut region.source] {
                    *range = in_source(range.start)..in_source(range.end);
                }
            }
        }
    }
    Blocks { blocks, open_at: open_at.map(in_source) }
}

/// Whether blocks may look otherwise because of others: a link, by what it refers to; a formula, by code that may end
/// before it.
pub(super) fn depends_on_the_whole(source: &str) -> bool {
    let bytes = source.as_bytes();
    memchr::memchr(b'$', bytes).is_some()
        || [b"]:", b"\\(", b"\\["].iter().any(|mark| memchr::memmem::find(bytes, *mark).is_some())
}

/// The bytes a control grows by when it becomes its picture.
const GROWTH: usize = '\u{2400}'.len_utf8() - 1;

/// The source with control pictures for C0 controls other than tabs and line ends, and where in the result they stand. A
/// CR at the very end may yet become a line end and is left.
fn with_controls_shown(source: &str) -> (Cow<'_, str>, Vec<usize>) {
    let bytes = source.as_bytes();
    let is_shown = |at: usize| match bytes[at] {
        b'\t' | b'\n' => false,
        b'\r' => bytes.get(at + 1).is_some_and(|next| *next != b'\n'),
        byte => byte < 0x20,
    };
    if !bytes.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n')) {
        return (Cow::Borrowed(source), Vec::new());
    }
    let mut out = String::with_capacity(source.len() + 64);
    let mut grown_at = Vec::new();
    let mut copied = 0;
    for at in (0..bytes.len()).filter(|at| is_shown(*at)) {
        out.push_str(&source[copied..at]);
        grown_at.push(out.len());
        out.extend(char::from_u32(0x2400 + u32::from(bytes[at])));
        copied = at + 1;
    }
    out.push_str(&source[copied..]);
    (Cow::Owned(out), grown_at)
}

/// Places at which hidden pieces stand where the parser hands out no text, from start to end.
#[derive(Default)]
struct Misplaced(Vec<Range<usize>>);

impl Misplaced {
    /// Adds a place that starts at the last one or behind its start.
    fn add(&mut self, place: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => self.0.push(place),
        }
    }

    fn holds(&self, at: usize) -> bool {
        self.0.get(self.0.partition_point(|place| place.end <= at)).is_some_and(|place| place.start <= at)
    }
}

/// The blocks of a source with these definitions before it and these pieces hidden; where some of them stand where the
/// parser hands out no text, these places, which are whole blocks where `is_by_block`.
fn parsed(
    (source, notes): (&str, &str),
    pieces: &[Hidden],
    options: &Options<'_>,
    folds: &Arc<[Fold]>,
    is_by_block: bool,
) -> Result<Vec<Block>, Misplaced> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut misplaced = Misplaced::default();
    let mut depth = 0_usize;
    let mut writer = Writer::new(options, source, pieces, folds);
    let mut is_plain = false;
    let masked = hidden::masked(source, pieces);
    let text = if notes.is_empty() { masked } else { Cow::Owned(format!("{notes}{masked}")) };
    for (event, range) in Parser::new_ext(&text, EXTENSIONS).into_offset_iter() {
        let Some(start) = range.start.checked_sub(notes.len()) else { continue };
        let range = start..range.end - notes.len();
        if depth == 0 {
            let line_start = source[..range.start].rfind('\n').map_or(0, |at| at + 1);
            blocks.push(Block {
                start: line_start,
                end: range.end,
                lines: Vec::new(),
                regions: Vec::new(),
                is_note: matches!(event, Event::Start(Tag::FootnoteDefinition(_))),
                is_in_fold: writer.is_in_closed_fold(),
                fold_end: range.end,
                folds: Arc::clone(folds),
            });
            is_plain = has_long_line(source, &range, &event);
            if is_plain {
                writer.plain(range.clone());
            }
        }
        if !pieces.is_empty() && is_misplaced(&event) {
            let block = blocks.last().filter(|_| is_by_block).map(|block| block.start..block.end);
            misplaced.add(block.unwrap_or_else(|| range.clone()));
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !is_plain {
            writer.event(event, range);
        }
        if depth == 0
            && let Some(block) = blocks.last_mut()
        {
            (block.lines, block.regions) = writer.finish(&(block.start..block.end));
            block.fold_end = writer.take_fold_end().unwrap_or(block.end);
            block.folds = writer.folds();
        }
    }
    if misplaced.0.is_empty() { Ok(blocks) } else { Err(misplaced) }
}

/// Definitions for the footnotes that a source refers to by a number, so that a reference is one before its text has
/// come: with them nothing changes its width when that comes.
fn notes_of(source: &str) -> String {
    let mut notes = String::new();
    let mut is_known = [false; 1000];
    for (at, _) in source.match_indices("[^") {
        let digits = source[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let label = &source[at + 2..at + 2 + digits];
        let known = label.parse().ok().and_then(|number: usize| is_known.get_mut(number));
        if source[at + 2 + digits..].starts_with(']')
            && let Some(known) = known.filter(|known| !**known)
        {
            *known = true;
            notes.push_str(&format!("[^{label}]: .\n\n"));
        }
    }
    if !notes.is_empty() {
        // What follows is no part of the last of them.
        notes.push_str("---\n\n");
    }
    notes
}

/// Whether something is hidden in what is no text.
fn is_misplaced(event: &Event<'_>) -> bool {
    match event {
        Event::Start(Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. }) => {
            hidden::is_in(dest_url) || hidden::is_in(title)
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(label)) | Tag::FootnoteDefinition(label))
        | Event::FootnoteReference(label) => hidden::is_in(label),
        _ => false,
    }
}

fn has_long_line(source: &str, range: &Range<usize>, event: &Event<'_>) -> bool {
    !matches!(event, Event::Start(Tag::CodeBlock(_)))
        && range.len() > MAX_LINE_BYTES
        && source[range.clone()].lines().any(|line| line.len() > MAX_LINE_BYTES)
}
