//! Colours of code. Code is shown plain at once; what is to be seen of it is asked for, a thread finds out which word is
//! of which kind, and the colours are laid over the rows when they are drawn: nothing is wrapped anew and nothing jumps.
//! A block that grows is coloured line by line, each line once. Pure.

mod kinds;
mod syntax;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use ratatui::style::Style;

use super::line::{Joins, Line, unwrapped};
use super::markdown::{Document, Region, RegionKind};
use super::theme::Theme;
use crate::chat::MessageId;

pub use kinds::Kind;
pub use syntax::Highlighter;

/// Bytes of a line from which neither it nor what follows in its block is coloured.
pub const MAX_LINE_BYTES: usize = 2 * 1024;

/// Rows that are asked for at once, so that no frame gathers the text of a block without end.
const MAX_ROWS: usize = 2000;

/// A block of code: of which message, and at which byte of its source it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlockKey {
    /// The message.
    pub message: MessageId,
    /// The first byte of the block.
    pub start: usize,
}

/// Whole lines of a block that are to be coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which block.
    pub block: BlockKey,
    /// The language as its fence names it, which may be none.
    pub language: String,
    /// Bytes of the block before these lines; what is 0 begins it anew.
    pub from: usize,
    /// The lines as they are shown, each with its line feed.
    pub text: String,
}

/// Words of one kind: bytes of the block's text as it is shown.
pub type Word = (Range<u32>, Kind);

/// The answer to a [`Request`], or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coloured {
    /// Which block.
    pub block: BlockKey,
    /// From this byte of it,
    pub from: usize,
    /// to this one, where the next line starts.
    pub to: usize,
    /// The words in order, those of no kind left out.
    pub words: Vec<Word>,
    /// What follows stays plain (or, with nothing done, must be asked for from the start).
    pub end: End,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More lines may follow.
    Open,
    /// What follows in this block stays plain: its language is not known, or it takes too long.
    Plain,
    /// The lines before are not known any more.
    Forgotten,
}

/// What is known of a block.
#[derive(Debug, Default)]
struct Known {
    language: String,
    words: Vec<Word>,
    /// Bytes that are coloured, and bytes that were asked for.
    done: usize,
    asked: usize,
    is_plain_from_here: bool,
}

/// The colours of the open chat, and what is missing of them.
#[derive(Debug, Default)]
pub struct Colours {
    /// By message and by the byte at which the block starts.
    blocks: HashMap<MessageId, HashMap<usize, Known>>,
    requests: Vec<Request>,
}

impl Colours {
    /// Another chat is open.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is missing, asked once.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// Takes an answer; a late one, of what is known already, is dropped.
    pub fn take(&mut self, answer: Coloured) {
        let BlockKey { message, start } = &answer.block;
        let Some(known) = self.blocks.get_mut(message).and_then(|blocks| blocks.get_mut(start)) else { return };
        if answer.end == End::Forgotten {
            (known.done, known.asked) = (0, 0);
            known.words.clear();
        } else if answer.from == known.done {
            known.done = answer.to;
            known.words.extend(answer.words);
            known.is_plain_from_here = answer.end == End::Plain;
        }
    }

    /// Asks for what is missing in these rows of a message.
    pub fn want(&mut self, message: &MessageId, document: &Document, rows: Range<usize>) {
        let regions = document.regions();
        let first = regions.partition_point(|region| region.rows.end <= rows.start);
        for region in regions[first..].iter().take_while(|region| region.rows.start < rows.end) {
            if let RegionKind::Code { language } = &region.kind {
                self.want_block(message, document, region, language, rows.end);
            }
        }
    }

    fn want_block(&mut self, message: &MessageId, document: &Document, region: &Region, language: &str, end: usize) {
        let start = region.source.start;
        // A key is made for a new message only: this is asked in every frame.
        if !self.blocks.contains_key(message) {
            self.blocks.insert(message.clone(), HashMap::new());
        }
        let Some(blocks) = self.blocks.get_mut(message) else { return };
        let known = blocks.entry(start).or_default();
        if known.language != language {
            *known = Known { language: language.to_owned(), ..Known::default() };
        }
        if known.is_plain_from_here {
            return;
        }
        let line = |row: usize| document.line(row);
        // Whole lines only, and all rows of the last one.
        let mut last = end.min(region.rows.end);
        while last < region.rows.end && line(last).joins != Joins::NewLine {
            last += 1;
        }
        let is_last_open = last == region.rows.end && document.is_open(region);
        if is_last_open {
            last -= 1;
            while last > region.rows.start && line(last).joins != Joins::NewLine {
                last -= 1;
            }
        }
        let asked = known.asked;
        let is_asked = |at: usize| (line(region.rows.start + at).offset as usize) < asked;
        let first = region.rows.start + partition_point(region.rows.len(), is_asked);
        if first >= last {
            return;
        }
        if last > first + MAX_ROWS {
            let starts_line = |row: &usize| line(*row).joins == Joins::NewLine;
            last = (first + 1..=first + MAX_ROWS).rfind(starts_line).unwrap_or(last);
        }
        let mut text = unwrapped((first..last).map(line));
        text.push('\n');
        known.asked = asked + text.len();
        let block = BlockKey { message: message.clone(), start };
        self.requests.push(Request { block, language: language.to_owned(), from: asked, text });
    }

    /// This row of a message's document in its colours; nothing where it has none.
    #[must_use]
    pub fn coloured(&self, message: &MessageId, document: &Document, row: usize, theme: &Theme) -> Option<Line> {
        let region = document.region_at(row).filter(|region| matches!(region.kind, RegionKind::Code { .. }))?;
        let known = self.blocks.get(message)?.get(&region.source.start)?;
        let line = document.line(row);
        let lead = usize::from(line.lead);
        let start = line.offset as usize;
        let end = start + line.bytes() - lead;
        let first = known.words.partition_point(|(word, _)| word.end as usize <= start);
        let words: Vec<(Range<usize>, Style)> = known.words[first..]
            .iter()
            .take_while(|(word, _)| (word.start as usize) < end)
            .map(|(word, kind)| {
                let from = (word.start as usize).max(start) - start + lead;
                (from..(word.end as usize).min(end) - start + lead, kind.style(theme))
            })
            .collect();
        if words.is_empty() {
            return None;
        }
        let mut line = line.clone();
        line.restyle(&words);
        Some(line)
    }
}

/// The first of so many places for which this does not hold, where it holds for those before.
fn partition_point(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
