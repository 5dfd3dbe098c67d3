//! Text as the search index sees it: words without case and accents, identifiers in their parts, scripts without blanks in
//! single characters, and symbols such as emoji. Index, query and marked hits all go through here, so that they agree. Pure.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character is to the index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Of a word.
    Word,
    /// A word of its own, of a script that writes without blanks between words.
    Single,
    /// A word of its own: emoji, arrows and the like.
    Symbol,
    /// Goes with the character before it.
    Joined,
    /// Between words.
    Gap,
}

/// A word of the index, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Without case and accents.
    pub text: String,
    /// Bytes of the original.
    pub range: Range<usize>,
    /// It is a further part of the identifier whose first part stands before it, as `Case` in `camelCase`.
    pub is_part: bool,
    /// It is a character of a script without blanks, or a symbol.
    pub is_single: bool,
}

/// The words of a text, in order.
#[must_use]
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    each_word(text, |word, range, is_part, is_single| {
        out.push(Word { text: word.to_owned(), range, is_part, is_single });
    });
    out
}

/// The text of two columns of the index: all words, and whole identifiers that have parts.
#[must_use]
pub(in crate::store) fn columns(text: &str) -> (String, String) {
    let (mut all, mut whole) = (String::with_capacity(text.len()), String::new());
    let mut last = String::new();
    let mut is_open = false;
    each_word(text, |word, _, is_part, _| {
        if is_part {
            if !is_open {
                whole.push_str(&last);
                is_open = true;
            }
            whole.push_str(word);
        } else {
            if std::mem::take(&mut is_open) {
                whole.push(' ');
            }
            last.clear();
            last.push_str(word);
        }
        all.push_str(word);
        all.push(' ');
    });
    (all, whole)
}

/// Calls `found` with each word, its bytes, whether it is a further part of an identifier and whether it is a single
/// character of its own.
fn each_word(text: &str, mut found: impl FnMut(&str, Range<usize>, bool, bool)) {
    let mut word = String::new();
    let mut start = 0;
    let mut is_part = false;
    let mut chars = text.char_indices().peekable();
    let mut before = '\0';
    let mut before_that = '\0';
    while let Some((at, c)) = chars.next() {
        let class = class_of(c);
        let is_boundary = class == Class::Word && !word.is_empty() && {
            let next = chars.peek().map_or('\0', |(_, next)| *next);
            let is_hump = c.is_uppercase() && before.is_lowercase();
            // `HTTPServer`: the last capital begins the next part.
            let is_acronym_end =
                c.is_uppercase() && before.is_uppercase() && next.is_lowercase() && before_that != '\0';
            is_hump || is_acronym_end
        };
        if !word.is_empty() && (is_boundary || !matches!(class, Class::Word | Class::Joined)) {
            found(&word, start..at, is_part, false);
            word.clear();
            is_part = is_boundary;
        }
        match class {
            Class::Word => {
                if word.is_empty() {
                    start = at;
                    is_part = is_part && is_boundary;
                }
                fold(c, &mut word);
            }
            Class::Single | Class::Symbol => {
                let mut end = at + c.len_utf8();
                while let Some((next_at, next)) = chars.next_if(|(_, next)| class_of(*next) == Class::Joined) {
                    end = next_at + next.len_utf8();
                }
                let single: String = if class == Class::Single {
                    let composed: String = text[at..end].nfkc().filter(|c| class_of(*c) != Class::Gap).collect();
                    composed
                } else {
                    c.to_string()
                };
                if !single.is_empty() {
                    found(&single, at..end, false, true);
                }
            }
            Class::Joined | Class::Gap => {}
        }
        before_that = if class == Class::Word { before } else { '\0' };
        before = if class == Class::Word { c } else { '\0' };
    }
    if !word.is_empty() {
        found(&word, start..text.len(), is_part, false);
    }
}

/// Adds a character without case and accents.
fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for base in std::iter::once(c).nfkd().filter(|base| base.is_alphanumeric() && !is_combining_mark(*base)) {
        out.extend(base.to_lowercase().filter(|lower| !is_combining_mark(*lower)));
    }
}

/// A text without case and accents, for comparing titles.
#[must_use]
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match class_of(c) {
            Class::Word => fold(c, &mut out),
            Class::Single => out.extend(std::iter::once(c).nfkc()),
            Class::Joined => {}
            Class::Symbol | Class::Gap => out.push(c),
        }
    }
    out
}

fn class_of(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Word } else { Class::Gap };
    }
    match u32::from(c) {
        // Skin tones, the joiner, selectors of a glyph, tags; the sound marks of kana.
        0x1F3FB..=0x1F3FF
        | 0x200C..=0x200D
        | 0xFE00..=0xFE0F
        | 0xE0020..=0xE007F
        | 0x3099..=0x309A
        | 0xFF9E..=0xFF9F => Class::Joined,
        // Thai to Lao, Burmese, Khmer; Chinese, Japanese, Korean with their forms of half width.
        0x0E01..=0x0E30
        | 0x0E32..=0x0E33
        | 0x0E40..=0x0E46
        | 0x0E50..=0x0E59
        | 0x0E81..=0x0EB0
        | 0x0EB2..=0x0EB3
        | 0x0EBD..=0x0EC6
        | 0x0ED0..=0x0EDF
        | 0x1000..=0x102A
        | 0x1780..=0x17B3
        | 0x1100..=0x11FF
        | 0x2E80..=0x2FDF
        | 0x3005..=0x3007
        | 0x3041..=0x3096
        | 0x309D..=0x309F
        | 0x30A1..=0x30FA
        | 0x30FC..=0x30FF
        | 0x3105..=0x318E
        | 0x31A0..=0x31BF
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA960..=0xA97C
        | 0xAC00..=0xD7FB
        | 0xF900..=0xFAD9
        | 0xFF66..=0xFF9D
        | 0xFFA0..=0xFFDC
        | 0x1B000..=0x1B16F
        | 0x20000..=0x3FFFF => Class::Single,
        // Arrows, signs, dingbats, emoji; not the lines of boxes.
        0x2190..=0x24FF | 0x25A0..=0x2BFF | 0x1F000..=0x1FAFF => Class::Symbol,
        _ if is_combining_mark(c) => Class::Joined,
        _ if c.is_alphanumeric() => Class::Word,
        _ => Class::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_lose_case_and_accents_however_they_are_composed() {
        assert_eq!(split("Crème BRÛLÉE, Ångström!"), ["creme", "brulee", "angstrom"]);
        assert_eq!(split("Cre\u{300}me"), ["creme"]);
        assert_eq!(split("ﬁn Ａ１ Straße İstanbul"), ["fin", "a1", "straße", "istanbul"]);
    }

    #[test]
    fn identifiers_are_known_by_their_parts_and_as_a_whole() {
        assert_eq!(split("max_rounds src/store/mod.rs"), ["max", "rounds", "src", "store", "mod", "rs"]);
        assert_eq!(split("parseHTTPServer readFile2"), ["parse", "http", "server", "read", "file2"]);
        let (all, whole) = columns("call parseHTTPServer() or openFile now");
        assert_eq!(all.trim(), "call parse http server or open file now");
        assert_eq!(whole.trim(), "parsehttpserver openfile");
    }

    #[test]
    fn scripts_without_blanks_are_single_characters_with_their_marks() {
        assert_eq!(split("寝袋とテント"), ["寝", "袋", "と", "テ", "ン", "ト"]);
        assert_eq!(split("ｶﾞｽ ガス"), ["ガ", "ス", "ガ", "ス"]);
        assert_eq!(split("か\u{3099}"), ["が"]);
        assert_eq!(split("학교"), ["학", "교"]);
    }

    #[test]
    fn emoji_are_words_without_skin_tone_and_joiner() {
        assert_eq!(split("ok 👍🏽→👩‍🚀❤️"), ["ok", "👍", "→", "👩", "🚀", "❤"]);
    }

    #[test]
    fn ranges_name_the_bytes_of_the_original() {
        let text = "Ü camelCase 寝";
        let found: Vec<&str> = words(text).into_iter().map(|word| &text[word.range]).collect();
        assert_eq!(found, ["Ü", "camel", "Case", "寝"]);
    }
}
