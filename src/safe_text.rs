//! The one gate for text from outside. Whatever a model, tool, server, file or paste says becomes `SafeText` before it
//! is drawn; nothing else can be drawn. What is taken out is visibly marked: C0 controls as control pictures, everything
//! invisible, bidirectional or C1 as `<U+XXXX>`. The store keeps the original. Pure.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns of a tab stop.
pub const TAB_WIDTH: usize = 4;
/// Combining marks kept in one cluster; further ones are marked.
const MAX_COMBINING: usize = 8;
/// Zero-width joiners kept in one cluster; further ones are marked.
const MAX_JOINERS: usize = 10;
/// Bytes of one cell.
const MAX_CLUSTER_BYTES: usize = 64;

/// Text that is harmless on any terminal. Line feeds are kept by [`SafeText::block`] only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeText(String);

impl SafeText {
    /// One line: line ends become spaces.
    #[must_use]
    pub fn line(raw: &str) -> Self {
        if is_plain_ascii(raw) {
            return Self(raw.to_owned());
        }
        let mut out = sanitised(raw);
        if out.contains('\n') {
            out = out.replace('\n', " ");
        }
        Self(out)
    }

    /// Several lines: CRLF and LF end a line, a lone CR is shown.
    #[must_use]
    pub fn block(raw: &str) -> Self {
        if is_plain_ascii(raw) {
            return Self(raw.to_owned());
        }
        Self(sanitised(raw))
    }

    /// Text of our own that is safe by construction.
    #[must_use]
    pub fn own(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken out.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// A piece of it by bytes, which is as safe as the whole; nothing where the range is not on character boundaries.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        Self(self.0.get(range).unwrap_or_default().to_owned())
    }

    /// Adds other safe text.
    pub fn push(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Its width in columns.
    #[must_use]
    pub fn width(&self) -> usize {
        width(&self.0)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Cut to so many columns, with `...` where something was left out.
    #[must_use]
    pub fn fit(&self, columns: usize) -> Self {
        if self.width() <= columns {
            return self.clone();
        }
        let dots = columns.min(3);
        let mut used = 0;
        let mut out = String::new();
        for cluster in self.0.graphemes(true) {
            let w = cluster_width(cluster);
            if used + w > columns - dots {
                break;
            }
            used += w;
            out.push_str(cluster);
        }
        out.push_str(&"..."[..dots]);
        Self(out)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain_ascii(raw: &str) -> bool {
    raw.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn sanitised(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 16);
    let mut column = 0;
    for cluster in raw.graphemes(true) {
        push_shown(&mut out, &mut column, cluster);
    }
    out
}

/// Adds what a cluster is shown as, and counts its columns since the line began.
fn push_shown(out: &mut String, column: &mut usize, cluster: &str) {
    match cluster {
        "\n" | "\r\n" => {
            out.push('\n');
            *column = 0;
        }
        "\t" => {
            let spaces = TAB_WIDTH - *column % TAB_WIDTH;
            out.extend(std::iter::repeat_n(' ', spaces));
            *column += spaces;
        }
        _ => {
            let start = out.len();
            push_cluster(out, cluster);
            *column += width(&out[start..]);
        }
    }
}

/// Which bytes of the raw text stand behind these bytes of its [`SafeText::block`]. A cluster of which only a part is
/// meant counts as a whole.
#[must_use]
pub fn raw_range(raw: &str, shown: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let (mut out, mut column, mut before) = (String::new(), 0, 0);
    let mut found: Option<std::ops::Range<usize>> = None;
    for (at, cluster) in raw.grapheme_indices(true) {
        if before >= shown.end {
            break;
        }
        out.clear();
        push_shown(&mut out, &mut column, cluster);
        before += out.len();
        if before > shown.start {
            let start = found.map_or(at, |found| found.start);
            found = Some(start..at + cluster.len());
        }
    }
    found.unwrap_or(raw.len()..raw.len())
}

fn push_cluster(out: &mut String, cluster: &str) {
    if cluster.len() == 1 && cluster.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        out.push_str(cluster);
        return;
    }
    let (mut marks, mut joiners) = (0, 0);
    let mut base: Option<char> = None;
    let start = out.len();
    for c in cluster.chars() {
        let is_mark = is_combining(c);
        let keep = match c {
            '\u{200d}' => {
                joiners += 1;
                base.is_some_and(|b| !b.is_ascii()) && joiners <= MAX_JOINERS
            }
            '\u{fe0e}' | '\u{fe0f}' => base.is_some() && marks < MAX_COMBINING,
            _ if must_be_marked(c) => false,
            _ if is_mark => {
                marks += 1;
                base.is_some() && marks <= MAX_COMBINING
            }
            _ => true,
        };
        if keep && out.len() - start + c.len_utf8() <= MAX_CLUSTER_BYTES {
            out.push(c);
            base = Some(c);
        } else {
            push_marked(out, c);
        }
    }
}

/// Code points that would act on the terminal, hide, or turn text around.
fn must_be_marked(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32) & 0xfffe == 0xfffe
}

fn is_combining(c: char) -> bool {
    !c.is_ascii() && UnicodeWidthStr::width(c.encode_utf8(&mut [0; 4]) as &str) == 0
}

fn push_marked(out: &mut String, c: char) {
    match c {
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + c as u32)),
        '\u{7f}' => out.push('\u{2421}'),
        _ => out.push_str(&format!("<U+{:04X}>", c as u32)),
    }
}

/// Columns of one grapheme cluster: 0, 1 or 2.
#[must_use]
pub fn cluster_width(cluster: &str) -> usize {
    if cluster.len() == 1 {
        return usize::from(!cluster.as_bytes()[0].is_ascii_control());
    }
    UnicodeWidthStr::width(cluster).min(2)
}

/// Columns of a text without line feeds, by grapheme cluster.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(cluster_width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_pictures_and_bidi_becomes_marks() {
        assert_eq!(SafeText::block("a\x1b[31mb\u{202e}c\u{9b}d").as_str(), "a\u{241b}[31mb<U+202E>c<U+009B>d");
    }

    #[test]
    fn what_is_shown_leads_back_to_what_was_said() {
        let raw = "a\tb\r\n\x1b[1m\u{202e}é";
        let shown = SafeText::block(raw);
        let back = |words: &str| {
            let at = shown.as_str().find(words).unwrap();
            &raw[raw_range(raw, at..at + words.len())]
        };
        assert_eq!(back("a"), "a");
        assert_eq!(back(" b"), "\tb");
        assert_eq!(back("b\n\u{241b}"), "b\r\n\x1b");
        assert_eq!(back("U+"), "\u{202e}");
        assert_eq!(back("é"), "é");
        assert_eq!(&raw[raw_range(raw, 0..shown.as_str().len())], raw);
        assert_eq!(raw_range(raw, 99..100), raw.len()..raw.len());
    }

    #[test]
    fn line_ends_and_tabs() {
        assert_eq!(SafeText::block("a\tb\r\nc\rd").as_str(), "a   b\nc\u{240d}d");
        assert_eq!(SafeText::line("a\nb").as_str(), "a b");
    }

    #[test]
    fn emoji_and_accents_pass_floods_do_not() {
        for ok in ["e\u{301}", "👩‍👩‍👧‍👦", "✈️", "🇩🇪", "日本", "👋🏽"] {
            assert_eq!(SafeText::block(ok).as_str(), ok);
        }
        let flood = format!("a{}", "\u{301}".repeat(20));
        assert_eq!(SafeText::block(&flood).as_str().matches("<U+0301>").count(), 12);
        assert_eq!(SafeText::block("\u{301}").as_str(), "<U+0301>");
    }

    #[test]
    fn clusters_have_the_columns_that_terminals_give_them() {
        for (clusters, columns) in [
            (&["a", "é", "e\u{301}", "±", "“", "①", "…", "─", "ก็", "เ", "न", "✈\u{fe0e}", "ש", "م"][..], 1),
            (
                &[
                    "日",
                    "नि",
                    "กำ",
                    "ｱ\u{ff9e}",
                    "한",
                    "\u{1112}\u{1161}\u{11ab}",
                    "Ａ",
                    "👋🏽",
                    "👩\u{200d}👩\u{200d}👧",
                    "🇩🇪",
                    "✈\u{fe0f}",
                    "1\u{fe0f}\u{20e3}",
                    "©\u{fe0f}",
                ],
                2,
            ),
        ] {
            for cluster in clusters {
                assert_eq!(cluster.graphemes(true).count(), 1, "{cluster}");
                assert_eq!((*cluster, width(cluster)), (*cluster, columns));
                assert_eq!(SafeText::block(cluster).as_str(), *cluster);
            }
        }
    }

    #[test]
    fn fitting_cuts_between_clusters() {
        assert_eq!(SafeText::line("日本語のテキスト").fit(8).as_str(), "日本...");
        assert_eq!(SafeText::line("short").fit(5).as_str(), "short");
    }
}
