//! Text within a block: emphasis, code, links and images become spans. Nesting is counted, not recursed into, so that a
//! hundred thousand emphases cost as much as one. Pure.

use pulldown_cmark::{CowStr, Tag, TagEnd};
use ratatui::style::{Modifier, Style};

use super::target;
use crate::safe_text::SafeText;
use crate::strings;
use crate::ui::line::{Line, Span};
use crate::ui::link::{self, Link};
use crate::ui::theme::Theme;

/// What was opened by `[` or `![`.
struct Opened {
    target: String,
    link: Option<Link>,
    /// Where its text starts in the plain text.
    text_start: usize,
}

/// The text of one block being gathered.
pub(super) struct Inline<'a> {
    theme: &'a Theme,
    lines: Vec<Line>,
    plain: String,
    opened: Vec<Opened>,
    /// Where those that are open lead, the innermost last.
    links: Vec<Link>,
    bold: usize,
    italic: usize,
    struck: usize,
}

impl<'a> Inline<'a> {
    pub(super) fn new(theme: &'a Theme) -> Self {
        Self {
            theme,
            lines: Vec::new(),
            plain: String::new(),
            opened: Vec::new(),
            links: Vec::new(),
            bold: 0,
            italic: 0,
            struck: 0,
        }
    }

    /// Opens emphasis, a link or an image; other tags are none of its business.
    pub(super) fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong | Tag::Heading { .. } => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } => self.open(dest_url),
            Tag::Image { dest_url, .. } => {
                self.push(SafeText::own(strings::IMAGE), self.style());
                self.open(dest_url);
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
            TagEnd::Link => self.close(&SafeText::default()),
            TagEnd::Image => self.close(&SafeText::own("]")),
            _ => {}
        }
    }

    fn open(&mut self, dest_url: &CowStr<'_>) {
        let link = Link::new(dest_url);
        self.links.extend(link.clone());
        self.opened.push(Opened { target: dest_url.to_string(), link, text_start: self.plain.len() });
    }

    fn close(&mut self, bracket: &SafeText) {
        self.push(bracket.clone(), self.style());
        let Some(opened) = self.opened.pop() else { return };
        if opened.link.is_some() {
            self.links.pop();
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
        for (at, piece) in raw.split('\n').enumerate() {
            if at > 0 {
                self.hard_break();
            }
            let piece = target::with_hosts_spelt(piece.strip_suffix('\r').unwrap_or(piece));
            let safe = SafeText::line(&piece);
            if !self.opened.is_empty() {
                self.plain.push_str(safe.as_str());
            }
            self.push(safe, self.style());
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
        self.push(SafeText::own(" "), self.style());
    }

    /// A new line.
    pub(super) fn hard_break(&mut self) {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::default());
    }

    /// Whether nothing was gathered.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.spans.is_empty())
    }

    /// Hands out the lines gathered, without blank ones at their end.
    pub(super) fn take(&mut self) -> Vec<Line> {
        self.plain.clear();
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
