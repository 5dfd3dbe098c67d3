//! From parser events to lines. One block is gathered, wrapped and drawn behind the prefix of the containers around it;
//! blank lines are owed and paid before the next line, so there is never one too many. Pure.

use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, Tag, TagEnd};
use ratatui::style::Style;

use super::folds::{self, Fold};
use super::formula::{self, Formula};
use super::frames::{Frame, Frames};
use super::html::{self, Piece};
use super::inline::{Inline, without_blanks_at_end};
use super::math;
use super::plain;
use super::region::{Region, RegionKind};
use super::table::Table;
use super::{Options, table};
use crate::safe_text::SafeText;
use crate::strings;
use crate::ui::code_wrap::wrap_code;
use crate::ui::line::Line;
use crate::ui::theme::Theme;
use crate::ui::wrap::{Breaking, joined, wrap_hanging, wrap_line};

/// Draws the events of one top-level block after another.
pub(super) struct Writer<'a> {
    options: &'a Options<'a>,
    source: &'a str,
    formulas: &'a [Formula],
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
    /// Raw HTML being gathered.
    html: Option<String>,
    table: Option<(Table, Range<usize>)>,
    /// The text of a heading is being gathered.
    is_heading: bool,
    folds: Vec<Fold>,
    /// Folds whose end came within a container that began in them.
    ended_folds: usize,
    /// How far the source was read.
    reached: usize,
    /// Where the fold ended that was closed last.
    fold_end: Option<usize>,
    regions: Vec<Region>,
}

/// A code block being gathered.
struct Code {
    text: String,
    language: String,
    source: Range<usize>,
}

impl<'a> Writer<'a> {
    /// Begins within these folds.
    pub(super) fn new(options: &'a Options<'a>, source: &'a str, formulas: &'a [Formula], folds: &[Fold]) -> Self {
        let mut frames = Frames::new(options);
        folds.iter().filter(|fold| fold.is_drawn()).for_each(|_| frames.push(Frame::Fold));
        Self {
            options,
            source,
            formulas,
            frames,
            lines: Vec::new(),
            blank: None,
            is_fresh: true,
            inline: Inline::new(options.theme),
            inline_source: None,
            code: None,
            html: None,
            table: None,
            is_heading: false,
            folds: folds.to_vec(),
            ended_folds: 0,
            reached: 0,
            fold_end: None,
            regions: Vec::new(),
        }
    }

    /// The folds that are open now.
    pub(super) fn folds(&self) -> Vec<Fold> {
        self.folds.clone()
    }

    /// Where a fold ended since this was asked last.
    pub(super) fn take_fold_end(&mut self) -> Option<usize> {
        self.fold_end.take()
    }

    /// Whether what comes now is not drawn.
    pub(super) fn is_in_closed_fold(&self) -> bool {
        folds::is_closed(&self.folds, self.options)
    }

    /// Draws a whole top-level block as it stands in the source.
    pub(super) fn plain(&mut self, block: Range<usize>) {
        self.lines = plain::lines(self.source.get(block.clone()).unwrap_or_default(), self.options);
        self.add_region(0, block, RegionKind::Text);
    }

    /// Hands out the lines of a top-level block, which stands here in the source, and what is where in them; is as new.
    pub(super) fn finish(&mut self, block: Range<usize>) -> (Vec<Line>, Vec<Region>) {
        self.flush();
        if let Some(closed) = self.folds.iter().find(|fold| fold.is_drawn()).filter(|_| self.is_in_closed_fold()) {
            self.lines.truncate(closed.rows);
            self.regions.truncate(closed.regions);
            if let Some(region) = self.regions.last_mut() {
                region.source.end = region.source.end.max(block.end);
            }
        }
        self.folds.iter_mut().for_each(|fold| (fold.rows, fold.regions) = (0, 0));
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
        if is_inline(&event) && self.code.is_none() && self.html.is_none() {
            self.add_source(source.clone());
        }
        self.reached = self.reached.max(source.start);
        match event {
            Event::Start(tag) => self.start(&tag, source),
            Event::End(tag) => self.end(tag, &source),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.text.push_str(&formula::restored(&text, &source, self.source, self.formulas)),
                None if self.formulas.is_empty() => self.inline.text(&text),
                None => self.text_with_formulas(&text, &source),
            },
            Event::Html(text) => {
                let text = formula::restored(&text, &source, self.source, self.formulas);
                self.html.get_or_insert_default().push_str(&text);
            }
            Event::InlineHtml(text) => {
                self.inline.html(&formula::restored(&text, &source, self.source, self.formulas));
            }
            Event::Code(text) => {
                self.inline.code(&formula::restored(&text, &source, self.source, self.formulas));
            }
            Event::FootnoteReference(label) => self.inline.note(&label),
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
            // Of an extension that is off; its text would still have to be seen.
            Event::InlineMath(text) | Event::DisplayMath(text) => self.inline.text(&text),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, source: Range<usize>) {
        match tag {
            Tag::BlockQuote(kind) => {
                self.open_block();
                self.frames.push(Frame::Quote);
                self.is_fresh = true;
                if let Some(kind) = kind {
                    let (words, style) = label(*kind, self.options.theme);
                    self.inline.label(words, style);
                    self.flush();
                    self.is_fresh = true;
                }
            }
            Tag::FootnoteDefinition(label) => {
                self.open_block();
                let marker = SafeText::line(&format!("[{label}]  "));
                self.frames.push(Frame::Item { marker, is_drawn: false, is_loose: false });
                self.is_fresh = true;
            }
            Tag::HtmlBlock => {
                self.open_block();
                self.html = Some(String::new());
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
                self.frames.push(Frame::Item { marker, is_drawn: false, is_loose: false });
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
                if matches!(tag, Tag::Paragraph) {
                    self.frames.holds_paragraph();
                }
                self.is_heading = matches!(tag, Tag::Heading { .. });
                self.inline.start(tag);
            }
        }
    }

    fn end(&mut self, tag: TagEnd, source: &Range<usize>) {
        match tag {
            TagEnd::HtmlBlock => {
                if let Some(html) = self.html.take() {
                    self.html_block(&html, source);
                }
                if self.folds.last().is_some_and(Fold::is_awaited) {
                    self.draw_summary();
                }
                self.flush();
                self.want_blank();
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
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
                let cell = self.inline.take();
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
                self.is_heading = false;
                self.inline.end(tag);
                self.want_blank();
            }
        }
    }

    /// The source of the text that is being gathered reaches over this, too.
    fn add_source(&mut self, source: Range<usize>) {
        let known = self.inline_source.get_or_insert(source.clone());
        *known = known.start.min(source.start)..known.end.max(source.end);
    }

    /// Text in which formulas are hidden.
    fn text_with_formulas(&mut self, text: &str, at: &Range<usize>) {
        for (before, formula) in formula::split(text, at, self.formulas) {
            self.inline.text(before);
            let Some(formula) = formula else { continue };
            let tex = self.source.get(formula.inner.clone()).unwrap_or_default();
            let raw = self.source.get(formula.range.clone()).unwrap_or_default();
            let lines = math::lines(tex);
            if formula.is_display && self.table.is_none() && !self.is_heading {
                let lines =
                    lines.unwrap_or_else(|| raw.lines().map(|line| line.trim_matches([' ', '>']).to_owned()).collect());
                self.formula_block(&lines, formula.range.clone());
            } else {
                self.inline.formula(&lines.map_or_else(|| raw.to_owned(), |lines| lines.join("; ")));
            }
        }
    }

    /// A formula on lines of its own, set in like code.
    fn formula_block(&mut self, lines: &[String], source: Range<usize>) {
        self.inline.ends_line();
        self.open_block();
        let width = self.room(self.options.width).saturating_sub(plain::CODE_INDENT.len());
        let text = Line::styled(SafeText::block(&lines.join("\n")), self.options.theme.text);
        let indent = Line::styled(SafeText::own(plain::CODE_INDENT), self.options.theme.text).as_lead();
        let rows = wrap_line(&text, width, Breaking::Words).into_iter().map(|row| joined(&indent, row)).collect();
        self.emit_rows(rows, source, RegionKind::Text);
        self.want_blank();
        self.inline.follows_break();
    }

    /// Raw HTML between blocks: folds, and the rest as text.
    fn html_block(&mut self, html: &str, source: &Range<usize>) {
        let is_exact = self.source.get(source.clone()).is_some_and(|text| text.starts_with(html));
        let mut offset = 0;
        for (piece, raw) in html::pieces(html) {
            let at = if is_exact { source.start + offset..source.start + offset + raw.len() } else { source.clone() };
            offset += raw.len();
            self.reached = at.end;
            match piece {
                Piece::Open(name) if name.eq_ignore_ascii_case("details") && self.frames.has_room() => {
                    self.open_block();
                    self.folds.push(Fold::new());
                    self.inline_source = Some(at);
                }
                Piece::Open(name) if name.eq_ignore_ascii_case("summary") && self.is_at_summary() => {
                    self.folds.last_mut().into_iter().for_each(Fold::gather);
                }
                Piece::Close(name) if name.eq_ignore_ascii_case("summary") && self.is_at_summary() => {
                    self.add_source(at);
                    self.draw_summary();
                }
                Piece::Close(name) if name.eq_ignore_ascii_case("details") && !self.folds.is_empty() => {
                    self.flush();
                    self.draw_summary();
                    if self.frames.is_in_fold() {
                        self.close_fold();
                    } else {
                        self.ended_folds += 1;
                    }
                }
                _ => {
                    let is_text_start = self.inline.is_empty();
                    let text = if is_text_start { raw.trim_start_matches(['\r', '\n']) } else { raw };
                    if is_text_start && text.trim().is_empty() {
                        continue;
                    }
                    if self.folds.last().is_some_and(Fold::is_awaited) {
                        self.draw_summary();
                    }
                    self.add_source(at);
                    match piece {
                        Piece::Text => self.inline.text(text),
                        _ => self.inline.html(text),
                    }
                }
            }
        }
    }

    /// Whether the innermost fold has no line yet.
    fn is_at_summary(&self) -> bool {
        self.folds.last().is_some_and(|fold| !fold.is_drawn())
    }

    /// Draws the line of the innermost fold, where that is still to be done, with what was gathered as its summary.
    fn draw_summary(&mut self) {
        if !self.is_at_summary() {
            return;
        }
        let is_hidden = self.is_in_closed_fold();
        let source = self.inline_source.take();
        let summary = self.inline.take();
        self.draw_blank();
        let start = self.lines.len();
        self.lines.extend(folds::rows(summary, &mut self.frames, self.options));
        if let Some(source) = source {
            let is_closed = !self.options.is_expanded && !is_hidden;
            self.add_region(start, source, if is_closed { RegionKind::Fold } else { RegionKind::Text });
        }
        if let Some(fold) = self.folds.last_mut() {
            fold.set_drawn(self.lines.len(), self.regions.len());
        }
        self.frames.push(Frame::Fold);
        self.want_blank();
    }

    /// Closes the innermost fold, whose frame is the innermost one.
    fn close_fold(&mut self) {
        let Some(fold) = self.folds.pop() else { return };
        self.frames.pop();
        if !self.options.is_expanded {
            self.fold_end = Some(self.reached);
            self.lines.truncate(fold.rows);
            self.regions.truncate(fold.regions);
            if let Some(region) = self.regions.last_mut().filter(|region| region.kind == RegionKind::Fold) {
                region.source.end = region.source.end.max(self.reached);
            }
        }
        self.blank = None;
        self.want_blank();
    }

    fn pop_frame(&mut self) {
        // A fold ends with what it stands in.
        while self.frames.is_in_fold() && !self.folds.is_empty() {
            self.close_fold();
        }
        let is_loose = matches!(self.frames.pop(), Some(Frame::Item { is_loose: true, .. }));
        while self.ended_folds > 0 && self.frames.is_in_fold() {
            self.ended_folds -= 1;
            self.close_fold();
        }
        self.blank = self.blank.map(|depth| depth.min(self.frames.len()));
        if is_loose {
            self.want_blank();
        }
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
        if !self.inline.is_empty() && self.folds.last().is_some_and(Fold::is_gathered) {
            self.draw_summary();
            return;
        }
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
        let rows = wrap_code(&line, width, None)
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
            self.lines.push(if is_empty { trimmed(line) } else { line });
        }
        self.add_region(start, source, kind);
    }

    /// Draws the mark of an item in which there is nothing.
    fn draw_empty(&mut self) {
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

    fn draw_blank(&mut self) {
        self.is_fresh = false;
        let Some(depth) = self.blank.take() else { return };
        if !self.lines.is_empty() {
            let prefix = self.frames.prefix_of(depth);
            self.lines.push(trimmed(prefix));
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

/// The words above a quote that is a note to the reader, and their look.
fn label(kind: BlockQuoteKind, theme: &Theme) -> (&'static str, Style) {
    let (words, style) = match kind {
        BlockQuoteKind::Note => (strings::NOTE, theme.accent),
        BlockQuoteKind::Tip => (strings::TIP, theme.good),
        BlockQuoteKind::Important => (strings::IMPORTANT, theme.accent),
        BlockQuoteKind::Warning => (strings::WARNING, theme.waiting),
        BlockQuoteKind::Caution => (strings::CAUTION, theme.bad),
    };
    (words, theme.bold.patch(style))
}

fn trimmed(mut line: Line) -> Line {
    without_blanks_at_end(&mut line);
    line
}
