//! What is added to the last row looks as if all was parsed again.

use proptest::prelude::*;
use ratatui::buffer::Cell;
use unicode_segmentation::UnicodeSegmentation;

use super::open_row::is_letter;
use super::{Changed, Document, Options};
use crate::safe_text;
use crate::ui::line::Line;
use crate::ui::link::Links;
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
    let Some(Changed { row, columns, end, is_alone }) = changed else { return assert_eq!(before, now, "{source:?}") };
    assert_eq!(before.get(..row), now.get(..row), "{source:?}");
    if is_alone {
        assert_eq!(before.get(row + 1..), now.get(row + 1..), "{source:?}");
    }
    if let (Some(before), Some(now)) = (before.get(row), now.get(row)) {
        let (columns, end) = (columns.min(CELLS), end.min(CELLS));
        let (before, now) = (cells(before), cells(now));
        assert!(before[..columns] == now[..columns], "{columns} columns of {now:?} in {source:?}");
        assert!(before[end..] == now[end..], "from column {end} of {now:?} in {source:?}");
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
    assert_eq!(count, 10, "all but the first");
    assert_eq!(grown(&["- The ", "tent ", "is ", "dry ", "\n"], 60), 3, "blanks may come first, too");
    assert_eq!(grown(&["one ", "two ", "three ", "four"], 7), 3);
    assert_eq!(grown(&["<p>\na", "b", "c ", "d"], 60), 1, "HTML keeps its blanks");
    let count = grown(&["- [ ] a", "b", " **c", "d", "**", " e", " f"], 60);
    assert_eq!(count, 2, "`b` and `f`");
    assert_eq!(grown(&["one", " two", " three"], 7), 2, "what does not fit begins a row");
    assert_eq!(grown(&["one two", "fold", " x"], 8), 2, "so does a word that no longer fits");
    assert_eq!(grown(&["- one", " two", " three"], 10), 1, "where rows have nothing before their text");
}

#[test]
fn letters_stand_alone_in_one_column() {
    for c in ('\0'..='\u{ffff}').filter(|c| is_letter(*c)) {
        let text = format!("a{c}b");
        assert_eq!((safe_text::width(&text), text.graphemes(true).count()), (3, 3), "{c:?}");
    }
}

#[test]
fn code_is_added_to_the_row_and_its_lines_begin_the_next_ones() {
    let pieces = ["```rust\n", "let", " x", " = a[0]", ";\n", "    f(x)", ";", "\n\n", "}", "\n", "`", "``\n"];
    assert_eq!(grown(&pieces, 60), 6, "all but the fences, the first of each line behind a blank one, and that");
    let in_item = ["- ```\n", "  a", " b", "\n", "  c", "\n", "  d"];
    assert_eq!(grown(&in_item, 60), 0, "lines of an item have more before them");
    assert_eq!(grown(&["```\nabcdefgh", "i", "j", "k"], 4), 2, "what has no room is wrapped");
    for piece in ["$", "\\", "+", "]:", "\t", "\u{301}", "\n~~~", "\n\n"] {
        assert_eq!(grown(&["```\na<U", piece], 60), 0, "{piece:?}");
    }
    assert_eq!(grown(&["```\na<U+", "202E>"], 60), 0);
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
                8 => "( ?[a-c1é'’ж-]{1,4}[.,:!]?){1,2} ?",
                2 => "[a-c]{1,4} ",
                2 => "[-#>|*1.a =`~<:_\\[\\]\\\\$&;\n]{1,4}",
                2 => "```rs\n|let x|  |a\\[0|\\]: ?|\\(f\\) |\n    y|;\n|\n```\n|\n~~~|\\$|\\\\|<T>",
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
