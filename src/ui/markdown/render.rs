//! From a source to the lines of its top-level blocks and where they start, so that a growing message knows what is
//! settled. Controls are shown before parsing; a block with a huge line is plain text. Pure.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{Event, Options as Extensions, Parser, Tag};

use super::Options;
use super::region::Region;
use super::writer::Writer;
use crate::ui::line::Line;

/// Bytes of a line of prose from which its block is shown as plain text.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024;

/// What is understood beyond `CommonMark`.
pub(super) const EXTENSIONS: Extensions =
    Extensions::ENABLE_TABLES.union(Extensions::ENABLE_STRIKETHROUGH).union(Extensions::ENABLE_TASKLISTS);

/// A top-level block.
pub(super) struct Block {
    /// Byte at which its first line starts in the source.
    pub(super) start: usize,
    /// How it looks.
    pub(super) lines: Vec<Line>,
    /// What stands in which of its lines.
    pub(super) regions: Vec<Region>,
}

/// Parses a source and lays out its top-level blocks. Controls are shown before the parser sees them, because it takes
/// some of them for blanks or line ends and would drop them.
pub(super) fn blocks(source: &str, options: &Options<'_>) -> Vec<Block> {
    let (shown, grown_at) = with_controls_shown(source);
    let mut blocks = parsed(&shown, options);
    if !grown_at.is_empty() {
        let in_source = |at: usize| at - GROWTH * grown_at.partition_point(|grown| *grown < at);
        for block in &mut blocks {
            block.start = in_source(block.start);
            for region in &mut block.regions {
                for range in [&mut region.block, &mut region.source] {
                    *range = in_source(range.start)..in_source(range.end);
                }
            }
        }
    }
    blocks
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

fn parsed(source: &str, options: &Options<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut depth = 0_usize;
    let mut writer = Writer::new(options);
    let (mut is_plain, mut block_end) = (false, 0);
    for (event, range) in Parser::new_ext(source, EXTENSIONS).into_offset_iter() {
        if depth == 0 {
            let line_start = source[..range.start].rfind('\n').map_or(0, |at| at + 1);
            blocks.push(Block { start: line_start, lines: Vec::new(), regions: Vec::new() });
            block_end = range.end;
            is_plain = has_long_line(source, &range, &event);
            if is_plain {
                writer.plain(source, range.clone());
            }
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
            (block.lines, block.regions) = writer.finish(block.start..block_end);
        }
    }
    blocks
}

fn has_long_line(source: &str, range: &Range<usize>, event: &Event<'_>) -> bool {
    !matches!(event, Event::Start(Tag::CodeBlock(_)))
        && range.len() > MAX_LINE_BYTES
        && source[range.clone()].lines().any(|line| line.len() > MAX_LINE_BYTES)
}
