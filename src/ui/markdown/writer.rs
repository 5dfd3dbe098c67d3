//! From parser events to lines: what stands in one block is gathered, and drawn on the page when it ends. Pure.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, Tag, TagEnd};
use ratatui::style::Style;

use super::folds::{self, Fold};
use super::frames::Frame;
use super::hidden::{self, Hidden, Kind};
use super::html::{self, Piece};
use super::inline::Inline;
use super::math;
use super::page::Page;
use super::plain;
use super::region::{Region, RegionKind};
use super::table::Table;
use super::{Options, table};
use crate::safe_text::SafeText;
use crate::strings;
use crate::ui::code_wrap::wrap_code;
use crate::ui::line::Line;
use crate::ui::theme::Theme;
use crate::ui::wrap::{Breaking, wrap_line};

/// Draws the events of one top-level block after another.
pub(super) struct Writer<'a> {
    options: &'a Options<'a>,
    source: &'a str,
    pieces: &'a [Hidden],
    page: Page<'a>,
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
    /// The folds as they were handed out last.
    folds_known: Arc<[Fold]>,
    /// Folds whose end came within a container that began in them.
    ended_folds: usize,
    /// How far the source was read.
    reached: usize,
    /// Where the fold ended that was closed last.
    fold_end: Option<usize>,
}

/// A code block being gathered.
struct Code {
    text: String,
    language: String,
    source: Range<usize>,
}

impl<'a> Writer<'a> {
    /// Begins within these folds.
    pub(super) fn new(options: &'a Options<'a>, source: &'a str, pieces: &'a [Hidden], folds: &Arc<[Fold]>) -> Self {
        let mut page = Page::new(options);
        folds.iter().filter(|fold| fold.is_drawn()).for_each(|_| page.frames.push(Frame::Fold));
        Self {
            options,
            source,
            pieces,
            page,
            inline: Inline::new(options.theme),
            inline_source: None,
            code: None,
            html: None,
            table: None,
            is_heading: false,
            folds: folds.to_vec(),
            folds_known: Arc::clone(folds),
            ended_folds: 0,
            reached: 0,
            fold_end: None,
        }
    }

    /// The folds that are open now; those of many blocks are the same.
    pub(super) fn folds(&mut self) -> Arc<[Fold]> {
        if *self.folds_known != *self.folds {
            self.folds_known = self.folds.as_slice().into();
        }
        Arc::clone(&self.folds_known)
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
        let rows = plain::lines(self.source.get(block.clone()).unwrap_or_default(), self.options);
        self.page.draw_plain(rows, block);
    }

    /// Hands out the lines of a top-level block, which stands here in the source, and what is where in them; is as new.
    pub(super) fn finish(&mut self, block: &Range<usize>) -> (Vec<Line>, Vec<Region>) {
        self.flush();
        if let Some(closed) = self.folds.iter().find(|fold| fold.is_drawn()).filter(|_| self.is_in_closed_fold()) {
            self.page.take_back(closed.line, block.end);
        }
        self.folds.iter_mut().for_each(Fold::forget_line);
        self.page.finish(block)
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
                Some(code) => code.text.push_str(&hidden::restored(&text, &source, self.source, self.pieces)),
                None if self.pieces.is_empty() => self.inline.text(&text),
                None => self.text_with_hidden(&text, &source),
            },
            Event::Html(text) => {
                let text = hidden::restored(&text, &source, self.source, self.pieces);
                self.html.get_or_insert_default().push_str(&text);
            }
            Event::InlineHtml(text) => {
                self.inline.html(&hidden::restored(&text, &source, self.source, self.pieces));
            }
            Event::Code(text) => {
                self.inline.code(&hidden::restored(&text, &source, self.source, self.pieces));
            }
            Event::FootnoteReference(label) => self.inline.note(&label),
            Event::SoftBreak => self.inline.soft_break(),
            Event::HardBreak => self.inline.hard_break(),
            Event::TaskListMarker(true) => self.inline.text("[x] "),
            Event::TaskListMarker(false) => self.inline.text("[ ] "),
            Event::Rule => {
                self.open_block();
                let width = self.page.room(self.options.width);
                let rule = Line::styled(rule(width, self.options), self.options.theme.dim);
                self.page.draw_rows(vec![rule], source, RegionKind::Text);
                self.page.want_blank();
            }
            // Of an extension that is off; its text would still have to be seen.
            Event::InlineMath(text) | Event::DisplayMath(text) => self.inline.text(&text),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, source: Range<usize>) {
        match tag {
            Tag::BlockQuote(kind) => {
                self.open_block();
                self.page.frames.push(Frame::Quote);
                self.page.begin_container();
                if let Some(kind) = kind {
                    let (words, style) = label(*kind, self.options.theme);
                    self.inline.label(words, style);
                    self.flush();
                    self.page.begin_container();
                }
            }
            Tag::FootnoteDefinition(label) => {
                self.open_block();
                let marker = SafeText::line(&format!("[{label}]  "));
                self.page.frames.push(Frame::Item { marker, is_drawn: false, is_loose: false });
                self.page.begin_container();
            }
            Tag::HtmlBlock => {
                self.open_block();
                self.html = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                if self.page.frames.is_in_quote() && self.page.has_begun() {
                    self.page.want_blank();
                }
                self.page.frames.push(Frame::List { next: *first });
            }
            Tag::Item => {
                self.flush();
                let marker = self.page.frames.next_marker(self.source.get(source).unwrap_or_default());
                self.page.frames.push(Frame::Item { marker, is_drawn: false, is_loose: false });
                self.page.begin_container();
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
                    self.page.frames.holds_paragraph();
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
                self.page.want_blank();
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.flush();
                self.page.draw_empty();
                self.pop_frame();
                self.page.want_blank();
            }
            TagEnd::List(_) => {
                self.flush();
                self.pop_frame();
            }
            TagEnd::Item => {
                self.flush();
                self.page.draw_empty();
                self.pop_frame();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.emit_code(code);
                }
                self.page.want_blank();
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
                    let rows = table::layout(&table, self.page.room(self.options.wide), self.options);
                    self.page.draw_rows(rows, source, RegionKind::Table);
                }
                self.page.want_blank();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.inline.end(tag);
            }
            _ => {
                self.flush();
                self.is_heading = false;
                self.inline.end(tag);
                self.page.want_blank();
            }
        }
    }

    /// The source of the text that is being gathered reaches over this, too.
    fn add_source(&mut self, source: Range<usize>) {
        let known = self.inline_source.get_or_insert(source.clone());
        *known = known.start.min(source.start)..known.end.max(source.end);
    }

    /// Text in which pieces are hidden.
    fn text_with_hidden(&mut self, text: &str, at: &Range<usize>) {
        for (before, piece) in hidden::split(text, at, self.pieces) {
            self.inline.text(before);
            let Some(piece) = piece else { continue };
            let tex = self.without_quotes(self.source.get(piece.inner.clone()).unwrap_or_default());
            let raw = self.source.get(piece.range.clone()).unwrap_or_default();
            let lines = || math::lines(&tex);
            match piece.kind {
                Kind::Text => self.inline.text(raw),
                Kind::InText => self.formula_in_text(raw, lines()),
                _ if self.table.is_some() || self.is_heading => self.formula_in_text(raw, lines()),
                Kind::OnLines => {
                    self.formula_block(&lines().unwrap_or_else(|| self.as_lines(raw)), piece.range.clone());
                }
                Kind::Open => self.formula_block(&self.as_lines(raw), piece.range.clone()),
            }
        }
    }

    fn formula_in_text(&mut self, raw: &str, lines: Option<Vec<String>>) {
        self.inline.formula(&lines.map_or_else(|| raw.to_owned(), |lines| lines.join("; ")));
    }

    /// The source of a formula line by line.
    fn as_lines(&self, raw: &str) -> Vec<String> {
        self.without_quotes(raw).lines().map(|line| line.trim().to_owned()).collect()
    }

    /// The source of a formula without the marks of the quote it stands in.
    fn without_quotes<'t>(&self, raw: &'t str) -> Cow<'t, str> {
        if !self.page.frames.is_in_quote() || !raw.contains('\n') {
            return raw.into();
        }
        let own = |line: &'t str| line.trim_start().strip_prefix('>').unwrap_or(line);
        raw.lines().map(own).collect::<Vec<_>>().join("\n").into()
    }

    /// A formula on lines of its own, set in like code.
    fn formula_block(&mut self, lines: &[String], source: Range<usize>) {
        self.inline.ends_line();
        self.open_block();
        let text = Line::styled(SafeText::block(&lines.join("\n")), self.options.theme.text);
        let wrapped = |columns| wrap_line(&text, columns, Breaking::Words);
        self.page.draw_set_in(self.options.width, wrapped, source, RegionKind::Text);
        self.page.want_blank();
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
                Piece::Open(name) if name.eq_ignore_ascii_case("details") && self.has_room_for_fold() => {
                    self.open_block();
                    // One that begins in another one's place for its line leaves that without words of its own.
                    self.draw_summary();
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
                    if self.page.frames.is_in_fold() {
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

    /// Whether another fold would still be kept, with the line of the one it begins in.
    fn has_room_for_fold(&self) -> bool {
        self.page.frames.has_room_for(1 + usize::from(self.is_at_summary()))
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
        let is_closed = !self.options.is_expanded && !is_hidden;
        let kind = if is_closed { RegionKind::Fold } else { RegionKind::Text };
        self.page.draw_prefixed(|frames| folds::rows(summary, frames, self.options), source, kind);
        if let Some(fold) = self.folds.last_mut() {
            fold.set_drawn(self.page.reached());
        }
        self.page.frames.push(Frame::Fold);
        self.page.want_blank();
    }

    /// Closes the innermost fold, whose frame is the innermost one.
    fn close_fold(&mut self) {
        let Some(fold) = self.folds.pop() else { return };
        self.page.frames.pop();
        if !self.options.is_expanded {
            self.fold_end = Some(self.reached);
            self.page.take_back(fold.line, self.reached);
        }
        self.page.want_blank_here();
    }

    fn pop_frame(&mut self) {
        // A fold ends with what it stands in.
        while self.page.frames.is_in_fold() && !self.folds.is_empty() {
            self.close_fold();
        }
        let is_loose = self.page.end_container();
        while self.ended_folds > 0 && self.page.frames.is_in_fold() {
            self.ended_folds -= 1;
            self.close_fold();
        }
        self.page.raise_blank();
        if is_loose {
            self.page.want_blank();
        }
    }

    /// A block starts: what stood before it is drawn, and a blank line parts them.
    fn open_block(&mut self) {
        self.flush();
        if self.page.has_begun() {
            self.page.want_blank();
        }
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
        let lines = self.inline.take();
        self.page.draw_text(lines, source);
    }

    fn emit_code(&mut self, code: Code) {
        let Code { text, language, source } = code;
        if text.trim().is_empty() {
            return;
        }
        let text = SafeText::block(text.strip_suffix('\n').unwrap_or(&text));
        let line = Line::styled(text, self.options.theme.text);
        let wrapped = |columns| wrap_code(&line, columns, None);
        self.page.draw_set_in(self.options.wide, wrapped, source, RegionKind::Code { language });
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
