//! A line ready to be drawn: safe text in styles, and how it came to be a line of its own, so that what is copied has
//! neither wraps nor indents.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use ratatui::style::Style;

use super::link::Link;
use crate::safe_text::SafeText;

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Span {
    /// The text, without line feeds.
    pub text: SafeText,
    /// How it looks.
    pub style: Style,
    /// Where it leads.
    pub link: Option<Link>,
}

impl Span {
    /// Another text in the style of this one.
    #[must_use]
    pub fn with_text(&self, text: SafeText) -> Self {
        Self { text, style: self.style, link: self.link.clone() }
    }
}

/// How the text of a row follows that of the row above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joins {
    /// As a line of its own.
    #[default]
    NewLine,
    /// Wrapped at blanks, which were dropped.
    Space,
    /// Wrapped within a word or between characters.
    Nothing,
}

/// One row of spans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// From left to right.
    pub spans: Vec<Span>,
    /// How it follows the row above.
    pub joins: Joins,
    /// Bytes at its start that are not its text: indents and the bars of quotes.
    pub lead: u16,
    /// Where it stands in its block: bytes of the block's text before it, lines of a table before it.
    pub offset: u32,
}

impl Hash for Line {
    /// Rows that look the same are the same.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spans.hash(state);
    }
}

impl Line {
    /// Nothing at all.
    pub const EMPTY: Self = Self { spans: Vec::new(), joins: Joins::NewLine, lead: 0, offset: 0 };

    /// A line of one span.
    #[must_use]
    pub fn styled(text: SafeText, style: Style) -> Self {
        Self { spans: vec![Span { text, style, link: None }], ..Self::EMPTY }
    }

    /// All of it is furniture and no text: what stands before other rows.
    #[must_use]
    pub fn as_lead(mut self) -> Self {
        self.lead = self.bytes() as u16;
        self
    }

    /// The same without room for more, for lines that are kept.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        self.spans.shrink_to_fit();
        self
    }

    /// Adds text at the right.
    pub fn push(&mut self, text: SafeText, style: Style) {
        self.push_span(Span { text, style, link: None });
    }

    /// Adds a span at the right; one that looks like its neighbour and leads to the same place is joined to it.
    pub fn push_span(&mut self, span: Span) {
        if span.text.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.style == span.style && last.link == span.link => last.text.push(&span.text),
            _ => self.spans.push(span),
        }
    }

    /// Adds `mark` to the style of these bytes of the line's text; ranges are in order and do not overlap.
    pub fn mark(&mut self, ranges: &[Range<usize>], mark: Style) {
        let marks: Vec<_> = ranges.iter().map(|range| (range.clone(), mark)).collect();
        self.restyle(&marks);
    }

    /// Adds to the style of bytes of the line's text; ranges are in order and do not overlap.
    pub fn restyle(&mut self, ranges: &[(Range<usize>, Style)]) {
        self.change(ranges, |span, style| span.style = span.style.patch(*style));
    }

    /// Lets bytes of the line's text lead somewhere and look so, where they do not yet; ranges are in order and do not
    /// overlap.
    pub fn link(&mut self, ranges: &[(Range<usize>, Link)], style: Style) {
        self.change(ranges, |span, link| {
            if span.link.is_none() {
                span.style = span.style.patch(style);
                span.link = Some(link.clone());
            }
        });
    }

    /// Changes the spans of these bytes, each with what stands beside them.
    fn change<T>(&mut self, ranges: &[(Range<usize>, T)], change: impl Fn(&mut Span, &T)) {
        if ranges.is_empty() {
            return;
        }
        let mut out = Self { spans: Vec::new(), ..*self };
        let (mut at, mut next) = (0, 0);
        for span in std::mem::take(&mut self.spans) {
            let (start, end) = (at, at + span.text.as_str().len());
            let mut from = start;
            while let Some((range, with)) = ranges.get(next).filter(|(range, _)| range.start < end) {
                let (begin, stop) = (range.start.max(from), range.end.min(end));
                if begin < stop {
                    out.push_span(span.with_text(span.text.slice(from - start..begin - start)));
                    let mut changed = span.with_text(span.text.slice(begin - start..stop - start));
                    change(&mut changed, with);
                    out.push_span(changed);
                    from = stop;
                }
                if range.end > end {
                    break;
                }
                next += 1;
            }
            out.push_span(span.with_text(span.text.slice(from - start..end - start)));
            at = end;
        }
        *self = out;
    }

    /// Bytes of all spans.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spans.iter().map(|span| span.text.as_str().len()).sum()
    }

    /// Columns of all spans.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| span.text.width()).sum()
    }

    /// Columns at its start that look as those of another line do.
    #[must_use]
    pub fn common_columns(&self, other: &Self) -> usize {
        let same = self.spans.iter().zip(&other.spans).take_while(|(here, there)| here == there).count();
        let columns: usize = self.spans[..same].iter().map(|span| span.text.width()).sum();
        match (self.spans.get(same), other.spans.get(same)) {
            (Some(here), Some(there)) if (here.style, &here.link) == (there.style, &there.link) => {
                columns + common_letters(here.text.as_str(), there.text.as_str())
            }
            _ => columns,
        }
    }

    /// Its text without styles and without its lead.
    #[must_use]
    pub fn own_text(&self) -> String {
        let mut text = self.to_text();
        text.drain(..usize::from(self.lead).min(text.len()));
        text
    }

    /// The text without styles.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// ASCII letters with which both texts begin, up to where they may be drawn otherwise because of what follows: the last one
/// before a mark that combines with it, and what may become `<U+…>`.
fn common_letters(here: &str, there: &str) -> usize {
    let letters = here.bytes().zip(there.bytes()).take_while(|(here, there)| here == there && here.is_ascii()).count();
    let is_alone = |text: &str| text.as_bytes().get(letters).is_none_or(u8::is_ascii);
    let common = if is_alone(here) && is_alone(there) { letters } else { letters.saturating_sub(1) };
    here[..common].rfind('<').unwrap_or(common)
}

/// The text of rows that follow each other, with wraps undone and without indents.
#[must_use]
pub fn unwrapped<'a>(rows: impl IntoIterator<Item = &'a Line>) -> String {
    let mut text = String::new();
    for (at, row) in rows.into_iter().enumerate() {
        match row.joins {
            _ if at == 0 => {}
            Joins::NewLine => text.push('\n'),
            Joins::Space => text.push(' '),
            Joins::Nothing => {}
        }
        text.push_str(&row.own_text());
    }
    text
}

impl<'a> From<&'a Line> for Cow<'a, Line> {
    fn from(line: &'a Line) -> Self {
        Self::Borrowed(line)
    }
}

impl From<Line> for Cow<'_, Line> {
    fn from(line: Line) -> Self {
        Self::Owned(line)
    }
}
