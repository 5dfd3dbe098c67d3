//! Text within a block: emphasis, code, links, images and the HTML that models write in prose become spans. Nesting is
//! counted, not recursed into, so that a hundred thousand emphases cost as much as one. A tag of HTML is text until it is
//! closed; then it goes and what stands behind it changes its look. Pure.

use std::cell::Cell;

use pulldown_cmark::{CowStr, Tag, TagEnd};
use ratatui::style::{Modifier, Style};

use super::html::{Meaning, Piece, meaning, piece};
use super::scripts::{Script, script};
use super::target;
use crate::safe_text::SafeText;
use crate::strings;
use crate::ui::line::{Line, Span};
use crate::ui::link::{self, Link};
use crate::ui::theme::Theme;

/// Tags of HTML that may be open at once; further ones are text.
const MAX_TAGS: usize = 64;

/// What was opened by `[` or `![`.
struct Opened {
    target: String,
    link: Option<Link>,
    /// It stands in the text of an image and has no marks of its own.
    is_silent: bool,
    is_image: bool,
    /// Where its text starts in the plain text.
    text_start: usize,
}

/// A tag of HTML that is not closed yet: where its own text stands.
struct OpenTag {
    name: String,
    meaning: Meaning,
    line: usize,
    start: usize,
    end: usize,
}

/// The text of one block being gathered.
pub(super) struct Inline<'a> {
    theme: &'a Theme,
    lines: Vec<Line>,
    /// Bytes of the last line.
    line_bytes: usize,
    /// Blanks at the start of the line are dropped.
    is_after_break: bool,
    plain: String,
    opened: Vec<Opened>,
    /// Where those that are open lead, the innermost last.
    links: Vec<Link>,
    images: usize,
    tags: Vec<OpenTag>,
    bold: usize,
    italic: usize,
    struck: usize,
    /// Lines of which it is known that nothing stands in them.
    empty_lines: Cell<usize>,
}

impl<'a> Inline<'a> {
    pub(super) fn new(theme: &'a Theme) -> Self {
        Self {
            theme,
            lines: Vec::new(),
            line_bytes: 0,
            is_after_break: false,
            plain: String::new(),
            opened: Vec::new(),
            links: Vec::new(),
            images: 0,
            tags: Vec::new(),
            bold: 0,
            italic: 0,
            struck: 0,
            empty_lines: Cell::new(0),
        }
    }

    /// Opens emphasis, a link or an image; other tags are none of its business.
    pub(super) fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong | Tag::Heading { .. } => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } => self.open(dest_url, false),
            Tag::Image { dest_url, .. } => {
                if self.images == 0 {
                    self.push(SafeText::own(strings::IMAGE), self.style());
                }
                self.open(dest_url, true);
            }
            _ => {}
        }
    }

    /// Closes what [`Inline::start`] opened.
    pub(super) fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Heading(_) => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.close(),
            _ => {}
        }
    }

    fn open(&mut self, dest_url: &CowStr<'_>, is_image: bool) {
        let is_silent = self.images > 0;
        let link = Link::new(dest_url).filter(|_| !is_silent);
        self.links.extend(link.clone());
        self.images += usize::from(is_image);
        let (target, text_start) = (dest_url.to_string(), self.plain.len());
        self.opened.push(Opened { target, link, is_silent, is_image, text_start });
    }

    fn close(&mut self) {
        let Some(opened) = self.opened.pop() else { return };
        self.images -= usize::from(opened.is_image);
        if opened.is_image && !opened.is_silent {
            self.push(SafeText::own("]"), self.style());
        }
        if opened.link.is_some() {
            self.links.pop();
        }
        if opened.is_silent {
            return;
        }
        let shown = target::shown(&opened.target);
        if shown.is_empty() || self.plain.get(opened.text_start..) == Some(shown.as_str()) {
            return;
        }
        self.push(SafeText::own(" ("), self.theme.dim);
        self.push_span(Span { text: shown, style: self.theme.dim, link: opened.link });
        self.push(SafeText::own(")"), self.theme.dim);
    }

    /// Text with its entities decoded. Line feeds in it (of raw HTML) are kept.
    pub(super) fn text(&mut self, raw: &str) {
        self.styled_text(raw, self.style());
    }

    /// A line of our own.
    pub(super) fn label(&mut self, words: &'static str, style: Style) {
        self.push(SafeText::own(words), style);
        self.hard_break();
    }

    /// A formula as it is shown.
    pub(super) fn formula(&mut self, shown: &str) {
        self.push(SafeText::line(shown), self.style());
    }

    /// What comes next stands at the start of a line, without blanks.
    pub(super) fn follows_break(&mut self) {
        self.is_after_break = true;
    }

    /// The mark of a footnote.
    pub(super) fn note(&mut self, label: &str) {
        self.push(SafeText::line(&format!("[{label}]")), self.theme.accent);
    }

    /// HTML as it stands: what it means where that is known, else as text.
    pub(super) fn html(&mut self, raw: &str) {
        match piece(raw) {
            Piece::Comment => self.styled_text(raw, self.theme.dim),
            Piece::Open(name) => match meaning(name) {
                Some(Meaning::Break) => self.html_break(),
                Some(meaning) if self.tags.len() < MAX_TAGS => {
                    let start = self.line_bytes;
                    self.text(raw);
                    let (line, end) = (self.lines.len().saturating_sub(1), self.line_bytes);
                    self.tags.push(OpenTag { name: name.to_owned(), meaning, line, start, end });
                }
                _ => self.text(raw),
            },
            Piece::Close(name) => match self.tags.iter().rposition(|tag| tag.name.eq_ignore_ascii_case(name)) {
                Some(at) => {
                    self.tags.truncate(at + 1);
                    if let Some(tag) = self.tags.pop() {
                        self.close_tag(&tag);
                    }
                }
                None => self.text(raw),
            },
            Piece::Text => self.text(raw),
        }
    }

    /// Takes the tag out and gives what stands behind it its look.
    fn close_tag(&mut self, tag: &OpenTag) {
        let is_in_last = tag.line + 1 == self.lines.len();
        let Some(line) = self.lines.get_mut(tag.line) else { return };
        let bytes = if is_in_last { self.line_bytes } else { line.bytes() };
        let tail = split_off(line, tag.start, bytes);
        let mut kept = Line::default();
        let mut left_out = tag.end.saturating_sub(tag.start);
        for span in tail {
            let bytes = span.text.as_str().len();
            let skipped = left_out.min(bytes);
            left_out -= skipped;
            kept.push_span(span.with_text(span.text.slice(skipped..bytes)));
        }
        let look = match tag.meaning {
            Meaning::Bold => Style::new().add_modifier(Modifier::BOLD),
            Meaning::Italic => Style::new().add_modifier(Modifier::ITALIC),
            Meaning::Struck => Style::new().add_modifier(Modifier::CROSSED_OUT),
            Meaning::Underlined => Style::new().add_modifier(Modifier::UNDERLINED),
            Meaning::Code => self.theme.accent,
            Meaning::Break | Meaning::Raised | Meaning::Lowered => Style::new(),
        };
        let lifted = match tag.meaning {
            Meaning::Raised => Some(Script::Raised),
            Meaning::Lowered => Some(Script::Lowered),
            _ => None,
        };
        if let (Some(lift), Some(first)) = (lifted, kept.spans.first()) {
            let lifted = first.with_text(SafeText::line(&script(kept.to_text().trim(), lift)));
            kept = Line { spans: vec![lifted], ..Line::EMPTY };
        }
        let kept_bytes = kept.bytes();
        for span in kept.spans {
            line.push_span(Span { style: span.style.patch(look), ..span });
        }
        for later in self.lines.iter_mut().skip(tag.line + 1) {
            later.spans.iter_mut().for_each(|span| span.style = span.style.patch(look));
        }
        if is_in_last {
            self.line_bytes = tag.start + kept_bytes;
        }
    }

    fn styled_text(&mut self, raw: &str, style: Style) {
        for (at, piece) in raw.split('\n').enumerate() {
            if at > 0 {
                self.hard_break();
            }
            let piece = piece.strip_suffix('\r').unwrap_or(piece);
            let piece = if self.is_after_break { piece.trim_start_matches(' ') } else { piece };
            self.is_after_break &= piece.is_empty();
            let safe = SafeText::line(&target::with_hosts_spelt(piece));
            if !self.opened.is_empty() {
                self.plain.push_str(safe.as_str());
            }
            self.push(safe, style);
        }
    }

    /// Code within text.
    pub(super) fn code(&mut self, raw: &str) {
        let code = SafeText::line(&target::with_hosts_spelt(raw));
        if !self.opened.is_empty() {
            self.plain.push_str(code.as_str());
        }
        let style = self.style().patch(self.theme.accent);
        // Where colour cannot tell code from text, its backticks do.
        let is_told_by_colour = self.theme.has_colour && self.theme.accent != self.theme.text;
        let tick = if is_told_by_colour { SafeText::default() } else { SafeText::own("`") };
        self.push(tick.clone(), style);
        self.push(code, style);
        self.push(tick, style);
    }

    /// A space where the source has a line end.
    pub(super) fn soft_break(&mut self) {
        if !self.is_after_break {
            self.push(SafeText::own(" "), self.style());
        }
    }

    /// A new line.
    pub(super) fn hard_break(&mut self) {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::default());
        self.line_bytes = 0;
    }

    /// The line ends here: blanks at its end are dropped.
    pub(super) fn ends_line(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            without_blanks_at_end(line);
        }
    }

    /// `<br>`: a new line, without the blanks around it.
    fn html_break(&mut self) {
        self.ends_line();
        self.hard_break();
        self.is_after_break = true;
    }

    /// Whether nothing was gathered.
    pub(super) fn is_empty(&self) -> bool {
        let rest = self.lines.get(self.empty_lines.get()..).unwrap_or_default();
        let is_empty = rest.iter().all(|line| line.spans.is_empty());
        if is_empty {
            self.empty_lines.set(self.lines.len().saturating_sub(1));
        }
        is_empty
    }

    /// Hands out the lines gathered, without blank ones at their end.
    pub(super) fn take(&mut self) -> Vec<Line> {
        self.plain.clear();
        self.tags.clear();
        self.empty_lines.set(0);
        (self.line_bytes, self.is_after_break) = (0, false);
        while self.lines.last().is_some_and(|line| line.spans.is_empty()) {
            self.lines.pop();
        }
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            with_addresses_linked(line, self.theme);
        }
        lines
    }

    /// Adds text that leads where the innermost link does.
    fn push(&mut self, text: SafeText, style: Style) {
        let link = self.links.last().cloned();
        self.push_span(Span { text, style, link });
    }

    fn push_span(&mut self, span: Span) {
        self.line_bytes += span.text.as_str().len();
        self.is_after_break &= span.text.is_empty();
        match self.lines.last_mut() {
            Some(line) => line.push_span(span),
            None if span.text.is_empty() => {}
            None => self.lines.push(Line { spans: vec![span], ..Line::EMPTY }),
        }
    }

    fn style(&self) -> Style {
        let mut style = self.theme.text;
        if !self.links.is_empty() {
            style = style.patch(self.theme.accent);
        }
        for (count, modifier) in
            [(self.bold, Modifier::BOLD), (self.italic, Modifier::ITALIC), (self.struck, Modifier::CROSSED_OUT)]
        {
            if count > 0 {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

/// Lets addresses that stand in the text lead to where they say, unless a part of their host had to be spelt out.
fn with_addresses_linked(line: &mut Line, theme: &Theme) {
    let text = line.to_text();
    let is_whole = |at: &std::ops::Range<usize>| !text[at.end..].starts_with("<U+");
    let found: Vec<_> = link::in_text(&text).filter(|(at, _)| is_whole(at)).collect();
    line.link(&found, theme.accent);
}

/// Takes what stands behind this byte out of a line of so many bytes.
fn split_off(line: &mut Line, at: usize, bytes: usize) -> Vec<Span> {
    let mut tail = Vec::new();
    let mut start = bytes;
    while start > at
        && let Some(span) = line.spans.pop()
    {
        start -= span.text.as_str().len();
        let cut = at.saturating_sub(start);
        tail.push(span.with_text(span.text.slice(cut..span.text.as_str().len())));
        if cut > 0 {
            line.push_span(span.with_text(span.text.slice(0..cut)));
        }
    }
    tail.reverse();
    tail
}

/// Takes blanks away from the end of a line, and what is empty then.
pub(super) fn without_blanks_at_end(line: &mut Line) {
    while let Some(last) = line.spans.last_mut() {
        let kept = last.text.as_str().trim_end_matches(' ').len();
        if kept > 0 {
            last.text = last.text.slice(0..kept);
            break;
        }
        line.spans.pop();
    }
}
