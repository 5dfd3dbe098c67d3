//! From parser events to lines. One block is gathered, wrapped and drawn behind the prefix of the containers around it;
//! blank lines are owed and paid before the next line, so there is never one too many. Pure.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::frames::{Frame, Frames};
use super::inline::Inline;
use super::plain;
use super::region::{Region, RegionKind};
use super::table::Table;
use super::{Options, table};
use crate::safe_text::SafeText;
use crate::ui::line::Line;
use crate::ui::wrap::{Breaking, joined, wrap_hanging, wrap_line};

/// Draws the events of one top-level block after another.
pub(super) struct Writer<'a> {
    options: &'a Options<'a>,
    frames: Frames<'a>,
    lines: Vec<Line>,
    /// A blank line is due before the next line, within so many frames.
    blank: Option<usize>,
    /// Nothing was drawn since the innermost container was opened.
    is_fresh: bool,
    inline: Inline<'a>,
    /// Where the text gathered stands in the source.
    inline_source: Option<Range<usize>>,
    code: Option<Code>,
    table: Option<(Table, Range<usize>)>,
    regions: Vec<Region>,
}

/// A code block being gathered.
struct Code {
    text: String,
    language: String,
    source: Range<usize>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self {
            options,
            frames: Frames::new(options),
            lines: Vec::new(),
            blank: None,
            is_fresh: true,
            inline: Inline::new(options.theme),
            inline_source: None,
            code: None,
            table: None,
            regions: Vec::new(),
        }
    }

    /// Draws a whole top-level block as it stands in the source.
    pub(super) fn plain(&mut self, source: &str, block: Range<usize>) {
        self.lines = plain::lines(source.get(block.clone()).unwrap_or_default(), self.options);
        self.add_region(0, block, RegionKind::Text);
    }

    /// Hands out the lines of a top-level block, which stands here in the source, and what is where in them; is as new.
    pub(super) fn finish(&mut self, block: Range<usize>) -> (Vec<Line>, Vec<Region>) {
        self.flush();
        self.blank = None;
        self.is_fresh = true;
        for region in &mut self.regions {
            region.block = block.clone();
        }
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.regions))
    }

    /// The rows from this one on show what stands here in the source.
    fn add_region(&mut self, first: usize, source: Range<usize>, kind: RegionKind) {
        let rows = first..self.lines.len();
        if !rows.is_empty() {
            self.regions.push(Region { rows, block: 0..0, source, kind });
        }
    }

    /// Takes an event, which stands here in the source.
    pub(super) fn event(&mut self, event: Event<'_>, source: Range<usize>) {
        if is_inline(&event) && self.code.is_none() {
            let known = self.inline_source.get_or_insert(source.clone());
            *known = known.start.min(source.start)..known.end.max(source.end);
        }
        match event {
            Event::Start(tag) => self.start(&tag, source),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut self.code {
                Some(code) => code.text.push_str(&text),
                None => self.inline.text(&text),
            },
            Event::Code(text) => self.inline.code(&text),
            Event::SoftBreak => self.inline.soft_break(),
            Event::HardBreak => self.inline.hard_break(),
            Event::TaskListMarker(true) => self.inline.text("[x] "),
            Event::TaskListMarker(false) => self.inline.text("[ ] "),
            Event::Rule => {
                self.open_block();
                let width = self.room(self.options.width);
                let rule = Line::styled(rule(width, self.options), self.options.theme.dim);
                self.emit_rows(vec![rule], source, RegionKind::Text);
                self.want_blank();
            }
            // Of extensions that are off; their text would still have to be seen.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.inline.text(&text);
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, source: Range<usize>) {
        match tag {
            Tag::BlockQuote(_) => {
                self.open_block();
                self.frames.push(Frame::Quote);
                self.is_fresh = true;
            }
            Tag::List(first) => {
                self.flush();
                if self.frames.is_in_quote() && !self.is_fresh {
                    self.want_blank();
                }
                self.frames.push(Frame::List { next: *first });
            }
            Tag::Item => {
                self.flush();
                let marker = self.frames.next_marker();
                self.frames.push(Frame::Item { marker, is_drawn: false });
                self.is_fresh = true;
            }
            Tag::CodeBlock(kind) => {
                self.open_block();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some(Code { text: String::new(), language, source });
            }
            Tag::Table(alignments) => {
                self.open_block();
                self.table = Some((Table::new(alignments.clone()), source));
            }
            Tag::TableHead | Tag::TableRow | Tag::TableCell => {}
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } => {
                self.inline.start(tag);
            }
            _ => {
                self.open_block();
                self.inline.start(tag);
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.draw_empty();
                self.pop_frame();
                self.want_blank();
            }
            TagEnd::List(_) => {
                self.flush();
                self.pop_frame();
            }
            TagEnd::Item => {
                self.flush();
                self.draw_empty();
                self.pop_frame();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.emit_code(code);
                }
                self.want_blank();
            }
            TagEnd::TableCell => {
                let mut cell = Line::default();
                for line in self.inline.take() {
                    for span in line.spans {
                        cell.push_span(span);
                    }
                }
                self.inline_source = None;
                if let Some((table, _)) = &mut self.table {
                    table.push_cell(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some((table, _)) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => {
                if let Some((table, source)) = self.table.take() {
                    let rows = table::layout(&table, self.room(self.options.wide), self.options);
                    self.emit_rows(rows, source, RegionKind::Table);
                }
                self.want_blank();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.inline.end(tag);
            }
            _ => {
                self.flush();
                self.inline.end(tag);
                self.want_blank();
            }
        }
    }

    fn pop_frame(&mut self) {
        self.frames.pop();
        self.blank = self.blank.map(|depth| depth.min(self.frames.len()));
    }

    /// A block starts: what stood before it is drawn, and a blank line parts them.
    fn open_block(&mut self) {
        self.flush();
        if !self.is_fresh {
            self.want_blank();
        }
    }

    fn want_blank(&mut self) {
        let depth = self.frames.len();
        self.blank = Some(self.blank.map_or(depth, |before| before.min(depth)));
    }

    /// Draws the text gathered.
    fn flush(&mut self) {
        let source = self.inline_source.take();
        if self.inline.is_empty() {
            self.inline.take();
            return;
        }
        let mut start = None;
        let mut offset = 0;
        for line in self.inline.take() {
            self.draw_blank();
            start.get_or_insert(self.lines.len());
            let (first, rest) = self.frames.prefixes();
            let rows = wrap_hanging(&line, &first, &rest, usize::from(self.options.width));
            self.lines.extend(rows.into_iter().map(|row| Line { offset: offset + row.offset, ..row }));
            offset += line.to_text().len() as u32 + 1;
        }
        if let (Some(start), Some(source)) = (start, source) {
            self.add_region(start, source, RegionKind::Text);
        }
    }

    fn emit_code(&mut self, code: Code) {
        let Code { text, language, source } = code;
        if text.trim().is_empty() {
            return;
        }
        let width = self.room(self.options.wide).saturating_sub(plain::CODE_INDENT.len());
        let text = SafeText::block(text.strip_suffix('\n').unwrap_or(&text));
        let line = Line::styled(text, self.options.theme.text);
        let indent = Line::styled(SafeText::own(plain::CODE_INDENT), self.options.theme.text).as_lead();
        let rows = wrap_line(&line, width, Breaking::Anywhere)
            .into_iter()
            .map(|row| if row.spans.is_empty() { row } else { joined(&indent, row) });
        self.emit_rows(rows.collect(), source, RegionKind::Code { language });
    }

    /// Draws rows that are wrapped already: what stands here in the source.
    fn emit_rows(&mut self, rows: Vec<Line>, source: Range<usize>, kind: RegionKind) {
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
            self.lines.push(if is_empty { without_blanks_at_end(line) } else { line });
        }
        self.add_region(start, source, kind);
    }

    /// Draws the mark of an item in which there is nothing.
    fn draw_empty(&mut self) {
        if !self.frames.is_in_undrawn_item() {
            return;
        }
        let (first, _) = self.frames.prefixes();
        let line = without_blanks_at_end(first);
        if !line.spans.is_empty() {
            self.draw_blank();
            self.lines.push(line);
        }
    }

    fn draw_blank(&mut self) {
        self.is_fresh = false;
        let Some(depth) = self.blank.take() else { return };
        if !self.lines.is_empty() {
            let prefix = self.frames.prefix_of(depth);
            self.lines.push(without_blanks_at_end(prefix));
        }
    }

    /// Columns left beside the prefix.
    fn room(&self, width: u16) -> usize {
        usize::from(width).saturating_sub(self.frames.prefix_of(self.frames.len()).width())
    }
}

/// Whether this is text of a block, or markup within it.
fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }) => true,
        Event::Start(_) | Event::End(_) | Event::Rule => false,
        _ => true,
    }
}

/// The language that the line of a fence names: its first word, of which some write only the part before a comma, or put
/// it in braces.
pub(super) fn language(info: &str) -> String {
    let word = info.trim_start_matches(['{', '.', ' ']);
    word.split([' ', ',', '}', '\t', ':']).next().unwrap_or_default().to_owned()
}

/// A horizontal line.
pub(super) fn rule(width: usize, options: &Options<'_>) -> SafeText {
    SafeText::line(&if options.ascii_lines { "-" } else { "─" }.repeat(width))
}

fn without_blanks_at_end(mut line: Line) -> Line {
    while let Some(last) = line.spans.last_mut() {
        let kept = last.text.as_str().trim_end_matches(' ').len();
        if kept > 0 {
            last.text = last.text.slice(0..kept);
            break;
        }
        line.spans.pop();
    }
    line
}
