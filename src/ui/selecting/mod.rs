//! Selected text on the rows of the conversation: where its ends stand, and which bytes of a row are in it. `moves` says
//! where its end goes, `copied` gives its text.

mod copied;
mod moves;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::line::Joins;
use super::message::Rows;
use super::transcript::RenderCache;
use crate::app::{Model, Move, Selection, Step, TextPoint, Unit};
use crate::safe_text;

pub use copied::selected_text;
use moves::{by_lines, last_cluster, moved};

/// Beside letters and digits these are part of a word: of an address, a path, a number.
const IN_WORDS: &str = "@-./_~?&=%+#:";

/// A place on the rows: item, row of it, byte of the row's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The item.
    pub item: usize,
    /// Its row.
    pub row: usize,
    /// The byte.
    pub byte: usize,
}

/// The own text of a row; nothing where it is none.
fn own(rows: &Rows, row: usize) -> String {
    match rows.text(row) {
        Some((line, bytes)) => line.to_text().get(bytes).unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

/// The rows that have text, each with the bytes of text before it.
fn text_rows(rows: &Rows) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut before = 0;
    (0..rows.height()).filter_map(move |row| {
        let (line, bytes) = rows.text(row)?;
        let gap = usize::from(before > 0 && line.joins != Joins::Nothing);
        let start = before + gap;
        before = start + bytes.len();
        Some((row, start, bytes.len()))
    })
}

/// Where this much of a message's text ends on its rows.
fn locate(rows: &Rows, offset: usize) -> Option<(usize, usize)> {
    let found = text_rows(rows).take_while(|(_, start, _)| *start <= offset).last();
    let (row, start, length) = found.or_else(|| text_rows(rows).next())?;
    Some((row, floor(&own(rows, row), offset.saturating_sub(start).min(length))))
}

fn floor(text: &str, byte: usize) -> usize {
    text.floor_char_boundary(byte)
}

/// The point of a place.
fn point_of(model: &Model, cache: &RenderCache, place: Place) -> Option<TextPoint> {
    let message = model.chat.conversation.entries.get(place.item)?.id.clone();
    let (_, start, _) = text_rows(cache.rows_of(place.item)?).find(|(row, ..)| *row == place.row)?;
    Some(TextPoint { message, offset: start + place.byte })
}

fn place_of(model: &Model, cache: &RenderCache, point: &TextPoint) -> Option<Place> {
    let item = model.chat.conversation.entries.place(&point.message)?;
    let (row, byte) = locate(cache.rows_of(item)?, point.offset)?;
    Some(Place { item, row, byte })
}

/// The text nearest to this row of the conversation's view, at this column of the screen.
pub(super) fn nearest(model: &Model, cache: &RenderCache, line: usize, x: u16, inset: u16) -> Option<TextPoint> {
    let (item, row) = cache.heights().at(line);
    let (item, row, is_above) = match cache.rows_of(item) {
        Some(_) => (item, row, false),
        None => (cache.heights().len().checked_sub(1)?, usize::MAX, true),
    };
    let rows = cache.rows_of(item)?;
    // Beside the text of a row, its start or its end is meant; below all text, the end of the last row.
    let found = text_rows(rows).take_while(|(at, ..)| *at <= row).last();
    let (at, _, length) = found.or_else(|| text_rows(rows).next())?;
    let own = own(rows, at);
    let byte = if at < row || is_above { length } else { byte_at(rows, at, &own, x, inset) };
    // Where a line goes on without a blank, what stands behind its row is the start of the next one.
    let is_cut = rows.text(at + 1).is_some_and(|(line, _)| line.joins == Joins::Nothing);
    let byte = if is_cut && byte == own.len() { last_cluster(&own) } else { byte };
    point_of(model, cache, Place { item, row: at, byte })
}

/// The byte of a row's own text at this column of the screen.
fn byte_at(rows: &Rows, row: usize, own: &str, x: u16, inset: u16) -> usize {
    let Some((line, bytes)) = rows.text(row) else { return 0 };
    let lead = safe_text::width(line.to_text().get(..bytes.start).unwrap_or_default());
    let left = lead + usize::from(if rows.is_body(row) { inset } else { 0 });
    let mut column = left;
    for (at, cluster) in own.grapheme_indices(true) {
        column += safe_text::cluster_width(cluster);
        if usize::from(x) < column {
            return at;
        }
    }
    own.len()
}

/// The ends of a selection on the rows, the first one first, as its unit wants them; the last byte is not in it.
pub(super) fn ends(model: &Model, cache: &RenderCache, selection: &Selection) -> Option<(Place, Place)> {
    let (anchor, cursor) = selection.ends.as_ref()?;
    let (one, other) = (place_of(model, cache, anchor)?, place_of(model, cache, cursor)?);
    let (mut first, mut last) = (one.min(other), one.max(other));
    let (of_first, of_last) = (cache.rows_of(first.item)?, cache.rows_of(last.item)?);
    match selection.unit {
        Unit::Characters => last.byte = cluster_end(&own(of_last, last.row), last.byte),
        Unit::Words => {
            first.byte = word_at(&own(of_first, first.row), first.byte).start;
            last.byte = word_at(&own(of_last, last.row), last.byte).end;
        }
        Unit::Lines => {
            while first.row > 0 && goes_on(of_first, first.row) {
                first.row -= 1;
            }
            while goes_on(of_last, last.row + 1) {
                last.row += 1;
            }
            (first.byte, last.byte) = (0, own(of_last, last.row).len());
        }
    }
    Some((first, last))
}

/// Whether this row goes on with the line of the row above.
fn goes_on(rows: &Rows, row: usize) -> bool {
    rows.text(row).is_some_and(|(line, _)| line.joins != Joins::NewLine)
}

fn cluster_end(text: &str, byte: usize) -> usize {
    text.get(byte..).and_then(|rest| rest.graphemes(true).next()).map_or(text.len(), |cluster| byte + cluster.len())
}

/// The word at this byte; between words, what is there.
fn word_at(text: &str, byte: usize) -> Range<usize> {
    let is_of_word = |cluster: &str| cluster.chars().any(|c| c.is_alphanumeric() || IN_WORDS.contains(c));
    let end = cluster_end(text, byte);
    if !text.get(byte..end).is_some_and(is_of_word) {
        return byte..end;
    }
    let before = text[..byte].graphemes(true).rev().take_while(|cluster| is_of_word(cluster)).map(str::len);
    let after = text[byte..].graphemes(true).take_while(|cluster| is_of_word(cluster)).map(str::len);
    let (start, end) = (byte - before.sum::<usize>(), byte + after.sum::<usize>());
    // What ends a sentence is not part of its last word.
    let word = text[start..end].trim_end_matches(['.', ':', '?']);
    if start + word.len() > byte { start..start + word.len() } else { start..end }
}

/// The bytes of this row that are selected.
pub(super) fn of_row(ends: (Place, Place), rows: &Rows, item: usize, row: usize) -> Option<Range<usize>> {
    let (first, last) = ends;
    let at = (item, row);
    if at < (first.item, first.row) || at > (last.item, last.row) {
        return None;
    }
    let (_, bytes) = rows.text(row)?;
    let start = if at == (first.item, first.row) { first.byte } else { 0 };
    let end = if at == (last.item, last.row) { last.byte } else { bytes.len() };
    let end = end.min(bytes.len());
    (start < end).then(|| bytes.start + start..bytes.start + end)
}

/// Makes the moves that were wished for; gives how far the view is to scroll so that the end that moves is seen.
pub(super) fn settle(model: &mut Model, cache: &mut RenderCache, inset: u16) -> Option<Move> {
    cache.selected = None;
    let selection = model.selection.clone()?;
    let (top, viewport) = (model.scroll.settled.top, model.scroll.settled.viewport);
    let resolved = resolve(model, cache, &selection, inset)?;
    cache.selected = ends(model, cache, &resolved);
    let sees = !selection.pending.is_empty() && !selection.pending.iter().any(|step| matches!(step, Step::Edge(_)));
    let cursor = resolved.ends.as_ref().and_then(|(_, cursor)| place_of(model, cache, cursor));
    model.selection = Some(resolved);
    let line = cursor.filter(|_| sees).map(|place| cache.heights().start_of(place.item) + place.row)?;
    if line < top {
        Some(Move::Lines(line as i64 - top as i64))
    } else if line >= top + viewport {
        Some(Move::Lines((line - top - viewport) as i64 + 1))
    } else {
        None
    }
}

/// The selection with the moves made that it waits for.
fn resolve(model: &Model, cache: &mut RenderCache, selection: &Selection, inset: u16) -> Option<Selection> {
    let (top, viewport) = (model.scroll.settled.top, model.scroll.settled.viewport);
    let (mut anchor, mut cursor) = match selection.ends.clone() {
        Some(ends) => ends,
        None => begin(model, cache, top, viewport, inset).map(|begin| (begin.clone(), begin))?,
    };
    // Its ends stay, also where they are not seen.
    for point in [&anchor, &cursor] {
        let item = model.chat.conversation.entries.place(&point.message)?;
        cache.make_item(model, item);
    }
    for step in &selection.pending {
        if *step == Step::First {
            cache.make_item(model, 0);
        }
        let Some(from) = place_of(model, cache, &cursor) else { break };
        let to = match step {
            Step::Begin => {
                anchor = cursor.clone();
                Some(from)
            }
            Step::Edge(beyond) => {
                let line = if *beyond < 0 { top } else { (top + viewport).saturating_sub(1) };
                nearest(model, cache, line, if *beyond < 0 { 0 } else { u16::MAX }, inset)
                    .and_then(|point| place_of(model, cache, &point))
            }
            Step::Rows(by) if selection.unit == Unit::Lines => by_lines(cache, from, *by),
            step => moved(cache, from, *step, viewport),
        };
        if let Some(point) = to.and_then(|to| point_of(model, cache, to)) {
            cursor = point;
        }
    }
    Some(Selection { ends: Some((anchor, cursor)), pending: Vec::new(), ..*selection })
}

/// Where keys begin: the first row of the message that is meant, or the first one that is seen.
fn begin(model: &Model, cache: &RenderCache, top: usize, viewport: usize, inset: u16) -> Option<TextPoint> {
    let line = cache.heights().start_of(model.selected_place()?);
    let line = if (top..top + viewport).contains(&line) { line } else { top };
    nearest(model, cache, line, 0, inset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::markdown::Options;
    use crate::ui::theme::{Background, Theme};

    proptest! {
        /// Every place in a text leads to a point and from there back, and the point is the same at every width.
        #[test]
        fn places_and_points_lead_to_each_other(source in "([a-z\u{e9}\u{65e5} ]{0,12}(\n\n|\n- |\n> |\n    |))*", width in 8u16..60) {
            let theme = Theme::new(Background::Dark, true);
            let mut rows = Rows::default();
            let options = Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false };
            rows.document.update(&source, true, &options);
            for (row, start, length) in text_rows(&rows) {
                let text = own(&rows, row);
                assert_eq!(text.len(), length);
                // Where a row ends and the next one goes on, the point belongs to the later one.
                for (byte, _) in text.char_indices() {
                    assert_eq!(locate(&rows, start + byte), Some((row, byte)));
                }
            }
        }
    }

    #[test]
    fn a_word_is_an_address_a_path_or_what_stands_between_blanks() {
        let text = "See https://a.example/x?y=1. (or src/main.rs:12), naïve 日本";
        let word = |part: &str| &text[word_at(text, text.find(part).unwrap())];
        assert_eq!(word("example"), "https://a.example/x?y=1");
        assert_eq!(word("main"), "src/main.rs:12");
        assert_eq!(word("ïve"), "naïve");
        assert_eq!((word("("), word(" (")), ("(", " "));
        assert_eq!(word_at("", 0), 0..0);
    }
}
