//! Wrapping of safe text to columns, by words or anywhere, over grapheme clusters. ASCII has its own path, because nearly
//! all text is ASCII and a long answer is wrapped while it streams. Rows are byte ranges, so styles are laid over them
//! afterwards and nothing is copied twice. Pure.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::safe_text::{SafeText, cluster_width};
use crate::ui::line::{Joins, Line, Span};

/// Where a row may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaking {
    /// At spaces, which are dropped there, and between CJK characters; only words longer than a row are cut.
    Words,
    /// Between any two clusters; nothing is dropped. For code.
    Anywhere,
}

/// Wraps text to rows of at most `width` columns: line feeds end a row, then words. At least one row, which may be empty.
#[must_use]
pub fn wrap_plain(text: &SafeText, width: usize) -> Vec<SafeText> {
    rows(text.as_str(), width, Breaking::Words).into_iter().map(|range| text.slice(range)).collect()
}

/// Wraps a styled line to rows of at most `width` columns; line feeds in it end a row. At least one row.
#[must_use]
pub fn wrap_line(line: &Line, width: usize, breaking: Breaking) -> Vec<Line> {
    let mut text = SafeText::default();
    let mut runs: Vec<(Range<usize>, &Span)> = Vec::with_capacity(line.spans.len());
    for span in &line.spans {
        let start = text.as_str().len();
        text.push(&span.text);
        runs.push((start..text.as_str().len(), span));
    }
    let (mut first_run, mut last_end) = (0, None);
    rows(text.as_str(), width, breaking)
        .into_iter()
        .map(|row| {
            while runs.get(first_run).is_some_and(|(run, _)| run.end <= row.start) {
                first_run += 1;
            }
            let joins = last_end.map_or(Joins::NewLine, |end| joins(&text.as_str()[end..row.start]));
            last_end = Some(row.end);
            let mut out = Line { joins, offset: row.start as u32, ..Line::EMPTY };
            for (run, span) in runs.iter().skip(first_run).take_while(|(run, _)| run.start < row.end) {
                out.push_span(span.with_text(text.slice(run.start.max(row.start)..run.end.min(row.end))));
            }
            out
        })
        .collect()
}

/// How a row follows the one above, between which this was left out.
#[must_use]
pub fn joins(left_out: &str) -> Joins {
    match left_out {
        "" => Joins::Nothing,
        blanks if blanks.contains('\n') => Joins::NewLine,
        _ => Joins::Space,
    }
}

/// Wraps a styled line by words and puts `first` before the first row, `rest` before each other: a hanging indent. The
/// prefixes count towards `width`.
#[must_use]
pub fn wrap_hanging(line: &Line, first: &Line, rest: &Line, width: usize) -> Vec<Line> {
    let inner = width.saturating_sub(first.width().max(rest.width()));
    let mut out = Vec::new();
    for (at, row) in wrap_line(line, inner, Breaking::Words).into_iter().enumerate() {
        out.push(joined(if at == 0 { first } else { rest }, row));
    }
    out
}

/// Puts a prefix before a row, whose lead it becomes as far as it is one itself.
#[must_use]
pub fn joined(prefix: &Line, row: Line) -> Line {
    if prefix.spans.is_empty() {
        return row;
    }
    let mut out = prefix.clone();
    out.lead =
        if usize::from(prefix.lead) == prefix.bytes() { prefix.lead.saturating_add(row.lead) } else { prefix.lead };
    (out.joins, out.offset) = (row.joins, row.offset);
    for span in row.spans {
        out.push_span(span);
    }
    out
}

/// The byte ranges of the rows of a text, at least one. A width of 0 counts as 1; a wide cluster in a row of one column
/// stands alone in it.
#[must_use]
pub fn rows(text: &str, width: usize, breaking: Breaking) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut out = Vec::with_capacity(text.len() / width + 1);
    let mut start = 0;
    loop {
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let piece = &text[start..end];
        match (piece.is_ascii(), breaking) {
            (true, _) if piece.len() <= width => out.push(start..end),
            (true, Breaking::Words) => ascii_words(piece.as_bytes(), start, width, &mut out),
            (true, Breaking::Anywhere) => {
                out.extend((start..end).step_by(width).map(|from| from..(from + width).min(end)));
            }
            (false, Breaking::Words) => words(piece, start, width, &mut out),
            (false, Breaking::Anywhere) => anywhere(piece, start, width, &mut out),
        }
        if end == text.len() {
            return out;
        }
        start = end + 1;
    }
}

fn ascii_words(piece: &[u8], base: usize, width: usize, out: &mut Vec<Range<usize>>) {
    let rows_before = out.len();
    let mut start = 0;
    while start < piece.len() {
        if piece.len() - start <= width {
            out.push(base + start..base + piece.len());
            return;
        }
        let window = &piece[start..=start + width];
        let Some(first_letter) = window.iter().position(|byte| *byte != b' ').filter(|at| *at < width) else {
            // A row of nothing but blanks is dropped.
            start = skip_blanks(piece, start);
            continue;
        };
        let space = window.iter().rposition(|byte| *byte == b' ').filter(|at| *at > first_letter);
        let (end, next) = match space {
            Some(at) => {
                let letters = window[..at].iter().rposition(|byte| *byte != b' ').map_or(at, |last| last + 1);
                (start + letters, skip_blanks(piece, start + at))
            }
            None => (start + width, start + width),
        };
        out.push(base + start..base + end);
        start = next;
    }
    if out.len() == rows_before {
        out.push(base..base);
    }
}

fn skip_blanks(piece: &[u8], from: usize) -> usize {
    piece[from..].iter().position(|byte| *byte != b' ').map_or(piece.len(), |at| from + at)
}

fn words(piece: &str, base: usize, width: usize, out: &mut Vec<Range<usize>>) {
    let rows_before = out.len();
    let (mut row_start, mut used, mut text_end) = (0, 0, 0);
    // Where the row would end, where the next would start, and the columns up to there.
    let mut opportunity: Option<(usize, usize, usize)> = None;
    let (mut is_skipping, mut after_space, mut after_cjk) = (false, false, false);
    for (at, cluster) in piece.grapheme_indices(true) {
        let columns = cluster_width(cluster);
        if cluster == " " {
            if is_skipping {
                continue;
            }
            if used < width {
                used += 1;
            } else {
                if text_end > row_start {
                    out.push(base + row_start..base + text_end);
                }
                is_skipping = true;
            }
            (after_space, after_cjk) = (true, false);
            continue;
        }
        if is_skipping {
            (row_start, used, text_end, opportunity) = (at, 0, at, None);
            (is_skipping, after_space, after_cjk) = (false, false, false);
        }
        let is_cjk = breaks_anywhere(cluster);
        if text_end > row_start && (after_space || ((is_cjk || after_cjk) && !must_not_start_a_row(cluster))) {
            opportunity = Some((text_end, at, used));
        }
        while used + columns > width && at > row_start {
            if let Some((end, next, columns_before)) = opportunity.take() {
                out.push(base + row_start..base + end);
                row_start = next;
                used -= columns_before;
            } else {
                if text_end > row_start {
                    out.push(base + row_start..base + at);
                }
                row_start = at;
                used = 0;
            }
        }
        used += columns;
        text_end = at + cluster.len();
        (after_space, after_cjk) = (false, is_cjk);
    }
    if !is_skipping {
        out.push(base + row_start..base + piece.len());
    } else if out.len() == rows_before {
        out.push(base..base);
    }
}

fn anywhere(piece: &str, base: usize, width: usize, out: &mut Vec<Range<usize>>) {
    let (mut row_start, mut used) = (0, 0);
    for (at, cluster) in piece.grapheme_indices(true) {
        let columns = cluster_width(cluster);
        if used + columns > width && at > row_start {
            out.push(base + row_start..base + at);
            (row_start, used) = (at, 0);
        }
        used += columns;
    }
    out.push(base + row_start..base + piece.len());
}

/// Scripts written without spaces. Korean has spaces and is wrapped at them.
fn breaks_anywhere(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(|c| {
        matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}')
    })
}

fn must_not_start_a_row(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(|c| "、。，．！？：；）」』】〉》｝］ー,.!?:;)]}\"'".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        wrap_plain(&SafeText::block(text), width).into_iter().map(SafeText::into_string).collect()
    }

    #[test]
    fn words_break_at_spaces_and_blanks_are_dropped_there() {
        assert_eq!(wrapped("the quick  brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(wrapped("ab   cd", 3), ["ab", "cd"]);
        assert_eq!(wrapped("one\n\ntwo", 10), ["one", "", "two"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("end ", 10), ["end "]);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("go abcdefghij", 4), ["go", "abcd", "efgh", "ij"]);
        assert_eq!(wrapped("éééééé", 4), ["éééé", "éé"]);
    }

    #[test]
    fn cjk_breaks_between_characters_and_full_stops_stay_behind() {
        assert_eq!(wrapped("日本語のテキスト", 6), ["日本語", "のテキ", "スト"]);
        assert_eq!(wrapped("日本語。次", 6), ["日本", "語。次"]);
        assert_eq!(wrapped("abc 日本", 6), ["abc 日", "本"]);
    }

    #[test]
    fn emoji_stay_whole() {
        assert_eq!(wrapped("👩‍👩‍👧‍👦👋🏽🇩🇪", 3), ["👩‍👩‍👧‍👦", "👋🏽", "🇩🇪"]);
    }

    #[test]
    fn tiny_widths_end() {
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
        assert_eq!(wrapped("日 本", 1), ["日", "本"]);
        assert_eq!(wrapped("     ", 2), [""]);
    }

    #[test]
    fn styles_follow_their_text() {
        let bold = Style::new().add_modifier(ratatui::style::Modifier::BOLD);
        let mut line = Line::styled(SafeText::line("plain "), Style::new());
        line.push(SafeText::line("bold words"), bold);
        let mut first = Line::styled(SafeText::line("plain "), Style::new());
        first.push(SafeText::line("bold"), bold);
        let second = Line { joins: Joins::Space, offset: 11, ..Line::styled(SafeText::line("words"), bold) };
        assert_eq!(wrap_line(&line, 10, Breaking::Words), [first, second]);
    }

    #[test]
    fn a_hanging_indent_counts_as_width() {
        let line = Line::styled(SafeText::line("one two three"), Style::new());
        let first = Line::styled(SafeText::line("-  "), Style::new());
        let rest = Line::styled(SafeText::line("   "), Style::new());
        let rows: Vec<String> = wrap_hanging(&line, &first, &rest, 10).iter().map(Line::to_text).collect();
        assert_eq!(rows, ["-  one two", "   three"]);
    }

    proptest! {
        #[test]
        fn the_ascii_path_equals_the_general_one(text in "[ab ]{0,40}", width in 1_usize..12) {
            let mut general = Vec::new();
            words(&text, 0, width, &mut general);
            prop_assert_eq!(rows(&text, width, Breaking::Words), general);
        }

        #[test]
        fn rows_fit_and_keep_every_letter(text in "([aé日 \n👋שم]|e\u{301}|✈\u{fe0f}|👩\u{200d}👧|🇩🇪|สวั|नमस्ते|\u{1112}\u{1161}\u{11ab}){0,40}", width in 2_usize..12) {
            let safe = SafeText::block(&text);
            let pieces = wrap_plain(&safe, width);
            prop_assert!(pieces.iter().all(|piece| piece.width() <= width));
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let kept: String = pieces.iter().map(|piece| letters(piece.as_str())).collect();
            prop_assert_eq!(kept, letters(&text));
        }

        #[test]
        fn breaking_anywhere_loses_nothing(text in "[aé日 👋]{0,60}", width in 0_usize..12) {
            let kept: String = rows(&text, width, Breaking::Anywhere).into_iter().map(|row| &text[row]).collect();
            prop_assert_eq!(kept, text);
        }
    }
}
