//! Text that the parser would take for its own though it is not meant so: marks in addresses, bars in code within a table,
//! and punctuation of languages without blanks, beside which stars would be no emphasis. It is hidden from the parser as
//! formulas are, and shown as it stands. Pure.

use std::ops::Range;

use super::backticks::{code_end, run};
use super::hidden::Hidden;
use crate::ui::link;

/// Signs of ASCII that are nothing but punctuation.
const PUNCTUATION: [char; 11] = ['.', ',', ':', ';', '!', '?', '"', '\'', '(', ')', '%'];

/// Such text in a source with these formulas, from its start to its end.
pub(super) fn find(source: &str, formulas: &[Hidden]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    addresses(source, &mut found);
    bars(source, &mut found);
    punctuation(source, formulas, &mut found);
    found.sort_by_key(|range| range.start);
    let mut end = 0;
    found.retain(|range| {
        let next = formulas.get(formulas.partition_point(|formula| formula.range.end <= range.start));
        let is_own = range.start >= end && next.is_none_or(|formula| formula.range.start >= range.end);
        end = if is_own { range.end } else { end };
        is_own
    });
    found
}

/// Addresses in which a mark could begin or end emphasis, where they are no target of a link.
fn addresses(source: &str, found: &mut Vec<Range<usize>>) {
    if memchr::memchr3(b'_', b'*', b'~', source.as_bytes()).is_none() {
        return;
    }
    for (range, _) in link::in_text(source) {
        let address = source[range.clone()].trim_end_matches(['_', '*', '~', '.', ',', ':', ';', '!', '?']);
        let is_target =
            source[..range.start].ends_with(['<', '"', '\'', '=']) || is_behind_target_mark(&source[..range.start]);
        let is_marked = address.contains(['*', '~']) || has_free_underscore(address);
        if is_marked && !is_target && !address.contains(['&', '\\', '`']) {
            found.push(range.start..range.start + address.len());
        }
    }
}

/// `](`, or `]: ` of a definition.
fn is_behind_target_mark(before: &str) -> bool {
    before.ends_with("](") || before.trim_end_matches([' ', '\t']).ends_with("]:")
}

/// Whether an underscore stands that is not between letters or digits.
fn has_free_underscore(text: &str) -> bool {
    let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices('_')
        .any(|(at, _)| !is_inside(text[..at].chars().next_back()) || !is_inside(text[at + 1..].chars().next()))
}

/// Bars in code in the rows of tables, which the parser would take for the ends of cells.
fn bars(source: &str, found: &mut Vec<Range<usize>>) {
    if memchr::memchr(b'`', source.as_bytes()).is_none() || memchr::memchr(b'|', source.as_bytes()).is_none() {
        return;
    }
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        if line.trim_start_matches([' ', '>']).starts_with('|') {
            bars_in_row(line, start, found);
        }
        start += line.len();
    }
}

fn bars_in_row(row: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let bytes = row.as_bytes();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'`', &bytes[at..]).map(|found| at + found) {
        let ticks = run(row, open);
        let inner = open + ticks;
        let end = code_end(row, inner, ticks);
        at = end.unwrap_or(inner);
        let is_bar = |at: &usize| bytes[*at] == b'|' && bytes[at - 1] != b'\\';
        found.extend((inner..at).filter(is_bar).map(|at| start + at..start + at + 1));
    }
}

/// Punctuation between stars and the words that they emphasise, where other words follow or precede without a blank, as
/// they do in Chinese, Japanese and Korean. A formula counts as such a word.
fn punctuation(source: &str, formulas: &[Hidden], found: &mut Vec<Range<usize>>) {
    if source.is_ascii() && formulas.is_empty() {
        return;
    }
    let bytes = source.as_bytes();
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'*', &bytes[at..]).map(|found| at + found) {
        let end = start + bytes[start..].iter().take_while(|byte| **byte == b'*').count();
        at = end;
        let (before, after) = (source[..start].chars().next_back(), source[end..].chars().next());
        let (Some(before), Some(after)) = (before, after) else { continue };
        let formula = formulas.partition_point(|formula| formula.range.end < start);
        let beside = |at: usize| {
            formulas.iter().skip(formula).take(2).any(|formula| formula.range.start == at || formula.range.end == at)
        };
        let is_word = |c: char, at: usize| (!c.is_ascii() && c.is_alphanumeric()) || beside(at);
        if is_punctuation(before) && is_word(after, end) && !(before == ')' && is_end_of_link(&source[..start])) {
            found.push(start - before.len_utf8()..start);
        } else if is_punctuation(after) && is_word(before, start) && !source[end..].starts_with("![") {
            found.push(end..end + after.len_utf8());
        }
    }
}

fn is_punctuation(c: char) -> bool {
    PUNCTUATION.contains(&c) || (!c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace())
}

/// Whether this ends with the target of a link.
fn is_end_of_link(text: &str) -> bool {
    text.rfind('(').is_some_and(|open| text[..open].ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<&str> {
        find(source, &[]).into_iter().map(|range| &source[range]).collect()
    }

    #[test]
    fn addresses_with_marks_are_left_alone() {
        assert_eq!(
            found("See https://a.example/__main__.html, **https://a.example/_x_** and https://a.example/a_b."),
            ["https://a.example/__main__.html", "https://a.example/_x"]
        );
        assert!(found("[a](https://a.example/_x_) <https://a.example/_x_>\n\n[r]: https://a.example/_x_").is_empty());
    }

    #[test]
    fn bars_in_code_end_no_cell() {
        assert_eq!(found("| `||` | or |\n| ``a | ` b`` | `c\\|d` |"), ["|", "|", "|"]);
        assert!(found("a `b | c` d").is_empty());
    }

    #[test]
    fn stars_beside_punctuation_emphasise() {
        assert_eq!(
            found(
                "**\u{6ce8}\u{610f}\u{ff1a}**\u{8bf7}, \u{4e3a}**\u{201c}\u{5408}\u{201d}**\u{4e3a}, **\u{c911}(\u{ac15})**\u{c785}"
            ),
            ["\u{ff1a}", "\u{201c}", "\u{201d}", ")"]
        );
        assert!(found("**Note:** \u{8bf7}, **[\u{94fe}](u)**\u{4e3a}, 2**(3) and **\u{6ce8}**").is_empty());
    }
}
