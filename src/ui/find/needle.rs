//! What is looked for in the open chat: letters as they were typed. Smart case: a capital among them makes case count. A
//! blank stands for any run of blanks. Pure.

use std::ops::Range;

/// Letters of Markdown that may stand between those of a word without being seen.
const MARKUP: &str = "*_~`\\^";
/// Letters of Markdown within a word that are looked over.
const MAX_MARKUP: usize = 64;
/// What stands in sources of which more is not known here: entities, formulas, tags within words.
const UNKNOWN: [&[u8]; 5] = [b"&", b"$", b"\\(", b"\\[", b"</"];

/// A text to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needle {
    /// Letters, folded where case does not count; runs of blanks are one.
    letters: Vec<char>,
    is_exact: bool,
}

impl Needle {
    /// What was typed; nothing but blanks is looked for like nothing.
    #[must_use]
    pub(crate) fn new(typed: &str) -> Self {
        let is_exact = typed.chars().any(char::is_uppercase);
        let mut letters = Vec::new();
        for letter in typed.chars() {
            match letter {
                _ if !letter.is_whitespace() => letters.push(if is_exact { letter } else { folded(letter) }),
                _ if letters.last() != Some(&' ') => letters.push(' '),
                _ => {}
            }
        }
        if letters == [' '] {
            letters.clear();
        }
        Self { letters, is_exact }
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Whether every text in which this stands holds the other one as well.
    #[must_use]
    pub(crate) fn narrows(&self, other: &Self) -> bool {
        let is_case_kept = self.is_exact || !other.is_exact;
        let starts_alike = self.letters.len() >= other.letters.len()
            && self.letters.iter().zip(&other.letters).all(|(own, other)| own == other || folded(*own) == *other);
        !other.is_empty() && is_case_kept && starts_alike
    }

    /// Where it stands in a line of text, from left to right, without overlaps.
    pub(crate) fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let found = self.first_from(text, from)?;
            from = found.end;
            Some(found)
        })
    }

    fn first_from(&self, text: &str, mut from: usize) -> Option<Range<usize>> {
        let first = *self.letters.first()?;
        loop {
            let start = from + self.candidate(first, &text[from..])?;
            if let Some(end) = self.end_at(text, start) {
                return Some(start..end);
            }
            from = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
    }

    /// The first place at which this letter stands.
    fn candidate(&self, letter: char, text: &str) -> Option<usize> {
        let byte = u8::try_from(letter).ok().filter(u8::is_ascii);
        match byte {
            _ if letter == ' ' => text.find(char::is_whitespace),
            // The Kelvin sign is the one sign beyond ASCII that is folded into it; nobody looks for it by a k.
            Some(byte) if !self.is_exact => {
                memchr::memchr2(byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), text.as_bytes())
            }
            Some(byte) => memchr::memchr(byte, text.as_bytes()),
            None => text.char_indices().find(|(_, own)| self.is(*own, letter)).map(|(at, _)| at),
        }
    }

    fn is(&self, own: char, wanted: char) -> bool {
        own == wanted || (!self.is_exact && folded(own) == wanted)
    }

    /// Where it ends, if it stands here.
    fn end_at(&self, text: &str, start: usize) -> Option<usize> {
        let mut own = text[start..].char_indices().peekable();
        for wanted in &self.letters {
            if *wanted == ' ' {
                own.next_if(|(_, letter)| letter.is_whitespace())?;
                while own.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
            } else {
                own.next_if(|(_, letter)| self.is(*letter, *wanted))?;
            }
        }
        Some(own.peek().map_or(text.len(), |(at, _)| start + at))
    }

    /// Whether it may be seen somewhere once this source is laid out: each of its words stands there, perhaps with markup
    /// between its letters. Tells most messages of a long chat from those that have to be laid out to know.
    #[must_use]
    pub(crate) fn may_stand_in(&self, source: &str) -> bool {
        UNKNOWN.iter().any(|mark| memchr::memmem::find(source.as_bytes(), mark).is_some())
            || self.letters.split(|letter| *letter == ' ').all(|word| self.has_word(word, source))
    }

    fn has_word(&self, word: &[char], source: &str) -> bool {
        let Some(first) = word.first() else { return true };
        let mut from = 0;
        while let Some(at) = self.candidate(*first, &source[from..]) {
            let start = from + at;
            let mut own = source[start..].chars();
            let mut skipped = 0;
            let is_here = word.iter().all(|wanted| {
                let is_here = |own: &char| self.is(*own, *wanted) || !MARKUP.contains(*own);
                own.by_ref().inspect(|_| skipped += 1).find(is_here).is_some_and(|own| self.is(own, *wanted))
            });
            // Behind so much markup nobody looks further.
            if is_here || skipped > word.len() + MAX_MARKUP {
                return true;
            }
            from = start + source[start..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }
}

/// A letter without case, where that is one letter.
fn folded(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(typed: &str, text: &str) -> Vec<String> {
        Needle::new(typed).hits(text).map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn a_capital_makes_case_count() {
        assert_eq!(hits("tent", "Tent, tent, TENTS"), ["Tent", "tent", "TENT"]);
        assert_eq!(hits("Tent", "Tent, tent, TENTS"), ["Tent"]);
        assert_eq!(hits("über", "ÜBER Über"), ["ÜBER", "Über"]);
        assert_eq!(hits("寝袋", "この寝袋は寝袋"), ["寝袋", "寝袋"]);
    }

    #[test]
    fn a_blank_stands_for_any_run_of_blanks() {
        assert_eq!(hits("two  tents", "two tents, two   tents, twotents"), ["two tents", "two   tents"]);
        assert_eq!(hits("a ", "a b a"), ["a "]);
        assert!(hits("  ", "a  b").is_empty());
        assert!(hits("", "a").is_empty());
    }

    #[test]
    fn hits_do_not_overlap() {
        assert_eq!(hits("aa", "aaaaa").len(), 2);
    }

    #[test]
    fn words_are_found_in_the_source_with_markup_between_their_letters() {
        let may = |typed: &str, source: &str| Needle::new(typed).may_stand_in(source);
        assert!(may("unbelievable tent", "**un**believable [Tent](x)"));
        assert!(may("snake_case", "snake\\_case"));
        assert!(may("café", "caf&eacute;") && may("α", "$\\alpha$") && may("un", "<b>u</b>n") && may("[1]", "[^1]"));
        assert!(may("\\x", &"\\".repeat(500_000)));
        assert!(!may("unbelievable", "un believable"));
        assert!(!may("Tent", "tent"));
    }

    #[test]
    fn what_was_typed_on_is_found_in_fewer_texts() {
        let narrows = |own: &str, other: &str| Needle::new(own).narrows(&Needle::new(other));
        assert!(narrows("tent", "ten"));
        assert!(narrows("tenT", "ten"));
        assert!(narrows("Tent", "t"));
        assert!(!narrows("tent", "Ten"));
        assert!(!narrows("ten", "tent"));
        assert!(!narrows("ten", ""));
    }
}
