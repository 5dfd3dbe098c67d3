//! The last row of a text that grows by plain words, which is most of what streams in: they are added to the row, or begin
//! the next one, and nothing is parsed or wrapped again. What might mean more than itself is not for here. Pure.

use std::borrow::Cow;

use crate::safe_text::SafeText;
use crate::ui::line::{Joins, Line};

/// What is known of the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenRow {
    /// Columns of each row, and how many are left in this one.
    columns: usize,
    room: usize,
    /// Rows have nothing before their text, so that a next one can be begun.
    is_bare: bool,
    /// A blank at its end does not belong to the text, as it does in HTML.
    is_trimmed: bool,
    /// What the text ends with.
    end: End,
}

/// The end of a text of plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A letter.
    Letter,
    /// A digit or a mark within a word.
    Inside,
    /// A mark after a word: only a blank may follow.
    Stop,
    /// The blank between two words, which is shown once there is a second one.
    Blank,
}

impl End {
    /// The end of a plain word; `None` where it is none.
    fn of(word: &str) -> Option<Self> {
        word.chars().try_fold(Self::Blank, Self::then).filter(|end| *end != Self::Blank)
    }

    /// What a text ends with once this character follows; `None` where it may mean more than itself: a number before a full
    /// stop begins a list, letters behind one an address.
    fn then(self, c: char) -> Option<Self> {
        match (self, c) {
            (Self::Letter | Self::Inside | Self::Blank, c) if is_letter(c) => Some(Self::Letter),
            (Self::Letter | Self::Inside | Self::Blank, '0'..='9') | (Self::Letter, '\'' | '\u{2019}' | '-') => {
                Some(Self::Inside)
            }
            (Self::Letter, '.' | ',' | ';' | ':' | '!' | '?') => Some(Self::Stop),
            (Self::Letter | Self::Inside | Self::Stop, ' ') => Some(Self::Blank),
            _ => None,
        }
    }
}

/// A letter of one column that nothing joins with: Latin, Greek, Cyrillic.
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (matches!(c, '\u{c0}'..'\u{300}' | '\u{370}'..'\u{530}') && c.is_alphabetic())
}

impl OpenRow {
    /// The row that shows the end of this source, in so many columns; `None` where it does not end with a plain word.
    /// `is_bare`: rows have nothing before their text. `is_trimmed`: a blank at its end does not belong to it.
    pub(super) fn at_end(source: &str, row: &Line, columns: usize, is_bare: bool, is_trimmed: bool) -> Option<Self> {
        let shown = source.strip_suffix(' ').filter(|_| is_trimmed).unwrap_or(source);
        let word_start = shown.rfind([' ', '\n']).map_or(0, |at| at + 1);
        let word = &shown[word_start..];
        row.spans.last().filter(|span| span.link.is_none() && span.text.as_str().ends_with(word))?;
        let end = source[shown.len()..].chars().try_fold(End::of(word)?, End::then)?;
        Some(Self { columns, room: columns.saturating_sub(row.width()), is_bare, is_trimmed, end })
    }

    /// Bytes at the end of the source that are not shown.
    pub(super) fn hidden(&self) -> usize {
        usize::from(self.end == End::Blank)
    }

    /// Adds this to the rows, of which it is the last one; `false` where it is not for here, and nothing is done.
    pub(super) fn add(&mut self, added: &str, rows: &mut Vec<Line>) -> bool {
        let (mut end, mut columns) = (Some(self.end), 0);
        for c in added.chars() {
            (end, columns) = (end.and_then(|end| end.then(c)), columns + 1);
        }
        let Some(end) = end.filter(|end| self.is_trimmed || *end != End::Blank) else { return false };
        let Some(row) = rows.last_mut() else { return false };
        let mut shown = Cow::Borrowed(added);
        if self.end == End::Blank {
            shown.to_mut().insert(0, ' ');
            columns += 1;
        }
        if end == End::Blank {
            shown.to_mut().pop();
            columns -= 1;
        }
        if columns <= self.room {
            let Some(span) = row.spans.last_mut() else { return false };
            span.text.push(&SafeText::line(&shown));
            self.room -= columns;
        } else if !self.is_bare {
            return false;
        } else {
            let Some(next) = wrapped(row, &shown, self.columns) else { return false };
            self.room = self.columns - next.width();
            rows.push(next);
        }
        self.end = end;
        true
    }
}

/// The next row, which begins with the word that has no room at the end of this one: an added one, or the last one with
/// what is added to it.
fn wrapped(row: &mut Line, added: &str, columns: usize) -> Option<Line> {
    let bytes = row.bytes();
    let span = row.spans.last_mut()?;
    let text = span.text.as_str();
    let (kept, word) = if let Some(word) = added.strip_prefix(' ') {
        (text.len(), word.to_owned())
    } else {
        let blank = text.rfind(' ').filter(|at| *at > 0 && !text[..*at].ends_with(' '))?;
        End::of(&text[blank + 1..])?;
        (blank, format!("{}{added}", &text[blank + 1..]))
    };
    if word.contains(' ') || word.chars().count() > columns {
        return None;
    }
    let offset = row.offset + (bytes - (text.len() - kept)) as u32 + 1;
    let next = Line { spans: vec![span.with_text(SafeText::line(&word))], joins: Joins::Space, offset, ..Line::EMPTY };
    span.text = span.text.slice(0..kept);
    Some(next)
}
