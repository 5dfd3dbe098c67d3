//! The last row of a text that grows by plain words, which is most of what streams in: they are added to the row, or begin
//! the next one, and nothing is parsed or wrapped again. What might mean more than itself is not for here. Pure.

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
    /// What the text ends with.
    end: End,
    /// Bytes that may be added before all is to be looked at again: what is very long is shown otherwise.
    bytes_left: usize,
}

/// The most bytes that are added.
const MAX_BYTES: usize = 1024;

/// The end of a text of plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A letter.
    Letter,
    /// A digit or a mark within a word.
    Inside,
    /// A mark after a word: only a blank may follow.
    Stop,
    /// The blank between two words.
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
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (('\u{c0}'..'\u{530}').contains(&c) && c.is_alphabetic())
}

impl OpenRow {
    /// The row that shows the end of this source, in so many columns; `None` where it does not end with a plain word.
    /// `is_bare`: rows have nothing before their text.
    pub(super) fn at_end(source: &str, row: &Line, columns: usize, is_bare: bool) -> Option<Self> {
        let word_start = source.rfind([' ', '\n']).map_or(0, |at| at + 1);
        let word = &source[word_start..];
        row.spans.last().filter(|span| span.link.is_none() && span.text.as_str().ends_with(word))?;
        let end = End::of(word)?;
        Some(Self { columns, room: columns.saturating_sub(row.width()), is_bare, end, bytes_left: MAX_BYTES })
    }

    /// Adds this to the rows, of which it is the last one; `false` where it is not for here, and nothing is done.
    pub(super) fn add(&mut self, added: &str, rows: &mut Vec<Line>) -> bool {
        let (mut end, mut columns) = (Some(self.end), 0);
        for c in added.chars() {
            (end, columns) = (end.and_then(|end| end.then(c)), columns + 1);
        }
        let Some(end) = end.filter(|end| *end != End::Blank && added.len() <= self.bytes_left) else { return false };
        let Some(row) = rows.last_mut() else { return false };
        if columns <= self.room {
            let Some(span) = row.spans.last_mut() else { return false };
            span.text.push(&SafeText::line(added));
            self.room -= columns;
        } else if !self.is_bare {
            return false;
        } else {
            let Some(next) = wrapped(row, added, self.columns) else { return false };
            self.room = self.columns - next.width();
            rows.push(next);
        }
        (self.end, self.bytes_left) = (end, self.bytes_left - added.len());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Cell;

    use crate::ui::line::Line;
    use crate::ui::link::Links;
    use crate::ui::markdown::{Changed, Document, Options};
    use crate::ui::paint;
    use crate::ui::theme::{Background, Theme};

    fn options(theme: &Theme, width: u16) -> Options<'_> {
        Options { width, wide: width + 8, theme, ascii_lines: false, is_expanded: false }
    }

    /// How many of these pieces were added to the last row; fails where anything looks otherwise than without that, or than
    /// is told.
    fn grown(pieces: &[&str], width: u16) -> usize {
        let theme = Theme::new(Background::Dark, true);
        let options = options(&theme, width);
        let (mut quick, mut slow, mut source, mut count) = (Document::default(), Document::default(), String::new(), 0);
        for piece in pieces {
            source.push_str(piece);
            let before = lines(&slow);
            let added = quick.grow_last_row(&source);
            count += usize::from(added.is_some());
            let changed = added.or_else(|| quick.update(&source, false, &options));
            assert_changed(&before, &lines(&quick), changed, &source);
            let changed = slow.update(&source, false, &options);
            assert_changed(&before, &lines(&slow), changed, &source);
            assert_same(&quick, &slow, &source);
        }
        let before = lines(&slow);
        quick.update(&source, true, &options);
        let changed = slow.update(&source, true, &options);
        assert_changed(&before, &lines(&slow), changed, &source);
        assert_same(&quick, &slow, &source);
        count
    }

    fn lines(document: &Document) -> Vec<Line> {
        (0..document.line_count()).map(|at| document.line(at).clone()).collect()
    }

    fn assert_same(quick: &Document, slow: &Document, source: &str) {
        assert_eq!(lines(quick), lines(slow), "{source:?}");
        assert_eq!(quick.regions(), slow.regions(), "{source:?}");
    }

    /// Nothing looks otherwise but what is told.
    fn assert_changed(before: &[Line], now: &[Line], changed: Option<Changed>, source: &str) {
        let Some(Changed { row, columns, is_alone }) = changed else { return assert_eq!(before, now, "{source:?}") };
        assert_eq!(before.get(..row), now.get(..row), "{source:?}");
        if is_alone {
            assert_eq!(before.get(row + 1..), now.get(row + 1..), "{source:?}");
        }
        if let (Some(before), Some(now)) = (before.get(row), now.get(row)) {
            let columns = columns.min(CELLS);
            assert_eq!(cells(before)[..columns], cells(now)[..columns], "{source:?}");
        }
    }

    const CELLS: usize = 80;

    fn cells(line: &Line) -> Vec<Cell> {
        let (mut row, theme) = (vec![Cell::EMPTY; CELLS], Theme::new(Background::Dark, true));
        paint::paint_line(&mut row, 0..CELLS as u16, 0, line, &theme, &mut Links::default());
        row
    }

    #[test]
    fn words_are_added_to_the_row_or_begin_the_next_one() {
        let count = grown(&["The ", "tent", " is", " dry", ",", " it", "'s", " well", "-made", ".", " And"], 60);
        assert_eq!(count, 9, "all but the first, and the one behind the blank");
        let count = grown(&["- [ ] a", "b", " **c", "d", "**", " e", " f"], 60);
        assert_eq!(count, 2, "`b` and `f`");
        assert_eq!(grown(&["one", " two", " three"], 7), 2, "what does not fit begins a row");
        assert_eq!(grown(&["one two", "fold", " x"], 8), 2, "so does a word that no longer fits");
        assert_eq!(grown(&["- one", " two", " three"], 10), 1, "where rows have nothing before their text");
    }

    #[test]
    fn what_may_mean_more_is_not() {
        for pieces in [
            ["1", "."],
            ["a www", ".x"],
            ["`a", "` b"],
            ["a_b", "_ c"],
            ["a", "\n"],
            ["a ", " b"],
            ["a. b.", "c"],
            ["$$ a", "b"],
        ] {
            assert_eq!(grown(&pieces, 60), 0, "{pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn it_looks_as_if_all_were_parsed_again(
            pieces in prop::collection::vec(
                prop_oneof![
                    8 => "( ?[a-c1é'’ж-]{1,4}[.,:!]?){1,2}",
                    2 => "[-#>|*1.a =`~<:_\\[\\]\\\\$&;\n]{1,4}",
                    1 => "\n|\n\n|\n- |\n> |\n\n1\\. |\n# |```\n|\\| |<details>|</details>|<b>|</b>|https://|\\[\\^1\\]:? |é|e\u{301}|\u{301}|שם |日|\t|<U\\+|202E>",
                ],
                0..30,
            ),
            width in 2_u16..24,
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            grown(&pieces, width);
        }
    }
}
