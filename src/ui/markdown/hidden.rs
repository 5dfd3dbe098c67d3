//! What of an answer the parser of Markdown is not to read: formulas, and text that it would misread. It is hidden behind
//! letters that mean nothing, byte for byte, and put back where the parser hands it out as text. Pure.

use std::borrow::Cow;
use std::ops::Range;

use super::{as_it_stands, formula};

/// What a hidden piece starts with and goes on with. Controls are shown as pictures before, so these stand for nothing.
const FIRST: char = '\u{1}';
const NEXT: char = '\u{2}';

/// How what is hidden is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A formula within text.
    InText,
    /// A formula with lines of its own.
    OnLines,
    /// The same while it has no end: as its source, so that it changes once.
    Open,
    /// No formula: text as it stands.
    Text,
}

/// A piece of the source that the parser is not to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Where it stands, with what opens and closes it.
    pub(super) range: Range<usize>,
    /// What stands between those.
    pub(super) inner: Range<usize>,
    /// How it is shown.
    pub(super) kind: Kind,
}

/// What is hidden of a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// From its start to its end.
    pub(super) pieces: Vec<Hidden>,
    /// Where a formula with lines of its own was opened that may yet be closed.
    pub(super) open_at: Option<usize>,
}

/// Finds what is to be hidden of a source without controls.
pub(super) fn find(source: &str) -> Found {
    let mut found = formula::find(source);
    let text = as_it_stands::find(source, &found.pieces);
    if !text.is_empty() {
        found.pieces.extend(text.into_iter().map(|range| Hidden { inner: range.clone(), range, kind: Kind::Text }));
        found.pieces.sort_by_key(|piece| piece.range.start);
    }
    found
}

/// The source with these pieces hidden; as long as it was.
pub(super) fn masked<'a>(source: &'a str, pieces: &[Hidden]) -> Cow<'a, str> {
    if pieces.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len());
    let mut copied = 0;
    for piece in pieces {
        out.push_str(&source[copied..piece.range.start]);
        out.push(FIRST);
        out.extend(std::iter::repeat_n(NEXT, piece.range.len() - 1));
        copied = piece.range.end;
    }
    out.push_str(&source[copied..]);
    Cow::Owned(out)
}

/// Whether a piece is hidden in this text.
pub(super) fn is_in(text: &str) -> bool {
    memchr::memchr(FIRST as u8, text.as_bytes()).is_some()
}

/// Cuts a text that the parser took from these bytes of the source at its hidden pieces.
pub(super) fn split<'t, 'f>(
    text: &'t str,
    at: &Range<usize>,
    pieces: &'f [Hidden],
) -> impl Iterator<Item = (&'t str, Option<&'f Hidden>)> + use<'t, 'f> {
    let first = pieces.partition_point(|piece| piece.range.start < at.start);
    let mut pieces = pieces[first..].iter();
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let piece = memchr::memchr(FIRST as u8, text.as_bytes()).and_then(|at| Some((at, pieces.next()?)));
        let Some((at, piece)) = piece else { return (!text.is_empty()).then_some((text, None)) };
        rest = text.get(at + piece.range.len()..);
        Some((&text[..at], Some(piece)))
    })
}

/// The text with its hidden pieces as they stand in the source.
pub(super) fn restored<'t>(text: &'t str, at: &Range<usize>, source: &str, pieces: &[Hidden]) -> Cow<'t, str> {
    if pieces.is_empty() || !is_in(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (before, piece) in split(text, at, pieces) {
        out.push_str(before);
        out.push_str(piece.and_then(|piece| source.get(piece.range.clone())).unwrap_or_default());
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_source_has_its_bytes_and_gives_them_back() {
        let source = "a $é^2$ b \\(x\\) c";
        let pieces = find(source).pieces;
        let hidden = masked(source, &pieces);
        assert_eq!((hidden.len(), hidden.contains(['$', '\\', 'é'])), (source.len(), false));
        assert_eq!(restored(&hidden, &(0..source.len()), source, &pieces), source);
        assert_eq!(restored(&hidden[9..], &(9..source.len()), source, &pieces), source[9..]);
    }
}
