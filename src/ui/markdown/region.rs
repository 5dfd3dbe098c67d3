//! What stands where in a laid-out message: which rows show which block, and where that block is in the source. Contents
//! are read from the source again when they are wanted, so that a region costs next to nothing and is exact. Pure.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::hidden;
use super::html::{Meaning, Piece, meaning, piece};
use super::render::EXTENSIONS;

/// What a region is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// A heading, a paragraph, the text of an item.
    Text,
    /// Code, with the language as it was named; the offsets of its rows are bytes of its safe text.
    Code {
        /// The first word of the fence's line; empty where there is none.
        language: String,
    },
    /// A table; the offsets of its rows are lines of it, the head is line 0.
    Table,
    /// A fold that is closed: its only row is its summary, its source is all that is in it.
    Fold,
}

/// Rows that show one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Which rows of the document.
    pub rows: Range<usize>,
    /// Bytes of the source of the outermost block that it stands in: what can be parsed by itself.
    pub block: Range<usize>,
    /// Bytes of the source of its own.
    pub source: Range<usize>,
    /// What it is.
    pub kind: RegionKind,
}

/// What the parser says of a block, with where.
pub type Events<'a> = Vec<(Event<'a>, Range<usize>)>;

impl Region {
    /// The same so many rows further down and so many bytes further on.
    #[must_use]
    pub(super) fn moved(self, rows: usize, bytes: usize) -> Self {
        let by = |range: Range<usize>, by: usize| range.start + by..range.end + by;
        Self { rows: by(self.rows, rows), block: by(self.block, bytes), source: by(self.source, bytes), ..self }
    }

    /// The code of this region in its source, byte for byte; `None` where it is none.
    #[must_use]
    pub fn code(&self, source: &str) -> Option<String> {
        self.code_in(&self.events(source)?)
    }

    /// The same by what the parser says of its block.
    #[must_use]
    pub fn code_in(&self, events: &Events<'_>) -> Option<String> {
        let mut code: Option<String> = None;
        for (event, at) in events {
            match event {
                Event::Start(Tag::CodeBlock(_)) if self.block.start + at.start == self.source.start => {
                    code = Some(String::new());
                }
                Event::End(TagEnd::CodeBlock) if code.is_some() => return code,
                Event::Text(text) => {
                    if let Some(code) = &mut code {
                        code.push_str(text);
                    }
                }
                _ => {}
            }
        }
        code
    }

    /// The cells of this region's table line by line, the head first, without markup; nothing where it is none.
    #[must_use]
    pub fn cells(&self, source: &str) -> Vec<Vec<String>> {
        self.events(source).map(|events| self.cells_in(&events)).unwrap_or_default()
    }

    /// The same by what the parser says of its block.
    #[must_use]
    pub fn cells_in(&self, events: &Events<'_>) -> Vec<Vec<String>> {
        let (mut lines, mut is_in) = (Vec::new(), false);
        for (event, at) in events {
            match event {
                Event::Start(Tag::Table(_)) if self.block.start + at.start == self.source.start => is_in = true,
                Event::End(TagEnd::Table) if is_in => return lines,
                Event::Start(Tag::TableHead | Tag::TableRow) if is_in => lines.push(Vec::new()),
                Event::Start(Tag::TableCell) if is_in => {
                    if let Some(line) = lines.last_mut() {
                        line.push(String::new());
                    }
                }
                Event::Text(_) | Event::Code(_) | Event::InlineHtml(_) | Event::FootnoteReference(_) if is_in => {
                    let text = match event {
                        Event::InlineHtml(html) => without_markup(html).to_owned(),
                        Event::FootnoteReference(label) => format!("[{label}]"),
                        Event::Text(text) | Event::Code(text) => text.to_string(),
                        _ => String::new(),
                    };
                    if let Some(cell) = lines.last_mut().and_then(|line: &mut Vec<String>| line.last_mut()) {
                        cell.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        lines
    }

    /// What the parser says of the block in which this region stands.
    #[must_use]
    pub fn events<'a>(&self, source: &'a str) -> Option<Events<'a>> {
        let block = source.get(self.block.clone())?;
        let pieces = if hidden::is_in(block) { Vec::new() } else { hidden::find(block).pieces };
        if pieces.is_empty() {
            return Some(Parser::new_ext(block, EXTENSIONS).into_offset_iter().collect());
        }
        let masked = hidden::masked(block, &pieces);
        let restored = |(event, at): (Event<'_>, Range<usize>)| {
            let event = match event {
                Event::Text(text) => Event::Text(hidden::restored(&text, &at, block, &pieces).into_owned().into()),
                Event::Code(text) => Event::Code(hidden::restored(&text, &at, block, &pieces).into_owned().into()),
                other => other.into_static(),
            };
            (event, at)
        };
        Some(Parser::new_ext(&masked, EXTENSIONS).into_offset_iter().map(restored).collect())
    }
}

/// HTML within a cell as text: nothing where it is markup that is understood.
fn without_markup(html: &str) -> &str {
    match piece(html) {
        Piece::Open(name) | Piece::Close(name) => match meaning(name) {
            Some(Meaning::Break) => " ",
            Some(_) => "",
            None => html,
        },
        Piece::Comment | Piece::Text => html,
    }
}
