//! A line ready to be drawn: safe text in styles.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::style::Style;

use crate::safe_text::SafeText;

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Span {
    /// The text, without line feeds.
    pub text: SafeText,
    /// How it looks.
    pub style: Style,
}

/// One row of spans.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Line {
    /// From left to right.
    pub spans: Vec<Span>,
}

impl Line {
    /// A line of one span.
    #[must_use]
    pub fn styled(text: SafeText, style: Style) -> Self {
        Self { spans: vec![Span { text, style }] }
    }

    /// Adds a span at the right; the style of an equal neighbour is joined.
    pub fn push(&mut self, text: SafeText, style: Style) {
        if text.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push(&text),
            _ => self.spans.push(Span { text, style }),
        }
    }

    /// Adds `mark` to the style of these bytes of the line's text; ranges are in order and do not overlap.
    pub fn mark(&mut self, ranges: &[Range<usize>], mark: Style) {
        if ranges.is_empty() {
            return;
        }
        let mut out = Self::default();
        let mut at = 0;
        for span in std::mem::take(&mut self.spans) {
            let (start, end) = (at, at + span.text.as_str().len());
            let mut from = start;
            for range in ranges.iter().filter(|range| range.start < end && range.end > start) {
                let (begin, stop) = (range.start.max(from), range.end.min(end));
                if stop <= begin {
                    continue;
                }
                out.push(span.text.slice(from - start..begin - start), span.style);
                out.push(span.text.slice(begin - start..stop - start), span.style.patch(mark));
                from = stop;
            }
            out.push(span.text.slice(from - start..end - start), span.style);
            at = end;
        }
        *self = out;
    }

    /// Columns of all spans.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| span.text.width()).sum()
    }

    /// The text without styles.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
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
