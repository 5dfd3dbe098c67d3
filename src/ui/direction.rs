//! Where text that runs from right to left stops. Terminals that turn such text around (VTE) take whatever follows it up to
//! the next letter along, numbers and the divider of the panel among them; a mark of our own behind it keeps the columns
//! where they are. Marks from outside never get here. Pure.

use crate::safe_text::cluster_width;

/// Says "from left to right" and is not seen.
pub(super) const MARK: char = '\u{200e}';

/// Blanks that part columns.
const GAP: usize = 2;

/// Whether a letter or a number runs from right to left.
fn is_rightward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Behind which of these cells a text ends that runs from right to left: the blanks or lines that begin a gap between
/// columns. A mark at the text itself would take part in the joining of its letters (kitty).
pub(super) fn ends<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut is_from_right, mut after, mut blanks, mut covered) = (false, 0, 0, 0);
    for (at, symbol) in cells.enumerate() {
        if covered > 0 {
            covered -= 1;
            continue;
        }
        let is_line = matches!(symbol, "│" | "|" | "─");
        if symbol == " " || symbol.is_empty() || is_line {
            blanks += 1;
            if is_from_right && (is_line || blanks >= GAP) {
                found.push(after);
                is_from_right = false;
            }
            continue;
        }
        (blanks, covered) = (0, cluster_width(symbol).saturating_sub(1));
        after = at + covered + 1;
        match symbol.chars().next() {
            Some(c) if is_rightward(c) => is_from_right = true,
            Some(c) if c.is_alphabetic() => is_from_right = false,
            _ => {}
        }
    }
    found
}

/// Whether any of it runs from right to left.
pub(super) fn has_rightward(symbol: &str) -> bool {
    symbol.len() > 1 && symbol.chars().next().is_some_and(is_rightward)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_of(row: &str) -> Vec<usize> {
        let cells = row.chars().flat_map(|c| {
            let covered = cluster_width(c.encode_utf8(&mut [0; 4])).saturating_sub(1);
            std::iter::once(c).chain(std::iter::repeat_n(' ', covered)).map(String::from)
        });
        let cells: Vec<String> = cells.collect();
        ends(cells.iter().map(String::as_str))
    }

    #[test]
    fn columns_end_what_runs_from_right_to_left() {
        assert_eq!(ends_of("a  שלום  4 │ 5"), [7]);
        assert_eq!(ends_of("שלום עולם! │ 5"), [10]);
        assert_eq!(ends_of("שלום 12 b  מה"), [0; 0]);
        assert_eq!(ends_of("שם 👋 שם  1"), [8]);
        assert_eq!(ends_of("abc  日本 │ x"), [0; 0]);
    }
}
