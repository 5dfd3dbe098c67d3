//! Formulas in an answer, before it is parsed as Markdown, which would take their `_`, `*`, `\\` and `|` for its own. What is
//! a formula and what a price or an escaped bracket is told by what stands in it and beside it. Pure.

use std::ops::Range;

use super::hidden::{Found, Hidden, Kind};
use super::math::is_function;

/// Bytes of a formula; what is longer is text.
const MAX_BYTES: usize = 4096;
/// Bytes within which the end of a link's target is looked for.
const MAX_TARGET: usize = 2083;
/// Signs that stand in formulas rather than in text.
const SIGNS: [char; 10] = ['^', '_', '=', '{', '+', '*', '<', '>', '|', '\\'];
/// Finds the formulas of a source without controls.
pub(super) fn find(source: &str) -> Found {
    if memchr::memchr2(b'$', b'\\', source.as_bytes()).is_none() {
        return Found::default();
    }
    let mut scan = Scan {
        source,
        paragraph: 0..0,
        text: 0..0,
        is_row: false,
        closer: [None; 4],
        looked_to: [0; 4],
        ticks: [0; 8],
        found: Found::default(),
    };
    let mut fence: Option<Fence> = None;
    let (mut at, mut is_line_start) = (0, true);
    while at < source.len() {
        let end = memchr::memchr(b'\n', &source.as_bytes()[at..]).map_or(source.len(), |found| at + found);
        if is_line_start {
            let (body, is_quoted) = body_of(&source[at..end]);
            let run = Fence::of(body, is_quoted);
            if let Some(open) = &fence {
                let is_ended = run.as_ref().is_some_and(|run| run.ends(open, body)) || (open.is_quoted && !is_quoted);
                if is_ended {
                    fence = None;
                }
                if !is_ended || run.is_some() {
                    at = end + 1;
                    continue;
                }
            } else if run.is_some() {
                fence = run;
                at = end + 1;
                continue;
            }
            at = end - body.len();
            scan.is_row = body.starts_with('|');
        }
        let reached = scan.line(at, end, is_line_start.then_some(at));
        // Code or a formula may go on into another line.
        at = if reached > end { reached } else { end + 1 };
        is_line_start = source.as_bytes().get(at - 1).is_none_or(|byte| *byte == b'\n');
    }
    scan.found
}

/// A line without the marks of quotes and lists before its text, and whether a quote was among them.
fn body_of(line: &str) -> (&str, bool) {
    let body = line.trim_start_matches([' ', '\t', '>']);
    let is_quoted = line[..line.len() - body.len()].contains('>');
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match body.as_bytes().get(digits) {
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        Some(b'.' | b')') if (1..10).contains(&digits) => digits + 1,
        _ => return (body, is_quoted),
    };
    match body[mark..].strip_prefix(' ') {
        Some(rest) => (rest.trim_start_matches(' '), is_quoted),
        None => (body, is_quoted),
    }
}

/// Whether a line may be the first one of a block, also below text.
pub(super) fn starts_block(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t']).trim_end_matches([' ', '\t', '\r']);
    let (body, is_quoted) = body_of(line);
    let is_marked = body.trim_end_matches([' ', '\t', '\r']).len() < text.len();
    let is_rule = text.bytes().all(|byte| matches!(byte, b'-' | b'*' | b'_' | b'+' | b'=' | b' '));
    is_quoted || is_marked || is_rule || text.starts_with(['#', '<', '|']) || Fence::of(body, is_quoted).is_some()
}

/// The line that starts or ends a block of code.
struct Fence {
    byte: u8,
    length: usize,
    is_quoted: bool,
}

impl Fence {
    fn of(body: &str, is_quoted: bool) -> Option<Self> {
        let byte = body.bytes().next().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let length = body.bytes().take_while(|other| *other == byte).count();
        (length >= 3 && (byte == b'~' || !body[length..].contains('`'))).then_some(Self { byte, length, is_quoted })
    }

    fn ends(&self, open: &Self, body: &str) -> bool {
        self.byte == open.byte && self.length >= open.length && body[self.length..].trim().is_empty()
    }
}

/// What opens a formula.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Dollar,
    Dollars,
    Bracket,
    Parenthesis,
}

impl Opener {
    fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Dollar => ("$", "$"),
            Self::Dollars => ("$$", "$$"),
            Self::Bracket => ("\\[", "\\]"),
            Self::Parenthesis => ("\\(", "\\)"),
        }
    }
}

struct Scan<'a> {
    source: &'a str,
    /// The paragraph looked at last, and what of it no other block can interrupt.
    paragraph: Range<usize>,
    text: Range<usize>,
    /// The line may be a row of a table.
    is_row: bool,
    /// For each kind the mark that closes a formula next, and up to where it was looked for.
    closer: [Option<usize>; 4],
    looked_to: [usize; 4],
    /// Up to where no run of so many backticks stands.
    ticks: [usize; 8],
    found: Found,
}

impl Scan<'_> {
    /// Looks through a line, whose text starts at `body` unless something went on into it; how far it came, which is
    /// beyond the line where something in it goes on.
    fn line(&mut self, from: usize, end: usize, body: Option<usize>) -> usize {
        let bytes = self.source.as_bytes();
        let mut at = from;
        while at < end {
            let next = bytes.get(at + 1).copied().unwrap_or_default();
            let is_first = body == Some(at);
            at = match (bytes[at], next) {
                (b'`', _) => self.after_code(at),
                (b'\\', b'(') => self.formula(at, Opener::Parenthesis, is_first, end),
                (b'\\', b'[') => self.formula(at, Opener::Bracket, is_first, end),
                // Three and more tell how expensive something is.
                (b'$', b'$') if bytes.get(at + 2) == Some(&b'$') => {
                    at + bytes[at..].iter().take_while(|byte| **byte == b'$').count()
                }
                (b'$', b'$') => self.formula(at, Opener::Dollars, is_first, end),
                (b'$', _) => self.formula(at, Opener::Dollar, is_first, end),
                (b'\\', _) => at + 2,
                (b'<', _) => self.after_target(at, end, '>').unwrap_or(at + 1),
                (b']', b'(') => self.after_target(at, end, ')').unwrap_or(at + 1),
                _ => at + 1,
            };
        }
        at
    }

    /// The byte after the code that starts here, or after its backticks where nothing closes it.
    fn after_code(&mut self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let run = |from: usize| bytes[from..].iter().take_while(|byte| **byte == b'`').count();
        let length = run(at);
        let start = at + length;
        let end = self.text_end(at);
        let known = self.ticks.get(length).copied();
        if known.is_none_or(|known| known >= end) {
            return start;
        }
        let mut from = start;
        while let Some(found) = memchr::memchr(b'`', &bytes[from..end]) {
            let other = run(from + found);
            from += found + other;
            if other == length {
                return from;
            }
        }
        self.ticks[length] = end;
        start
    }

    /// The byte after a target or a tag with values, in which nothing is a formula.
    fn after_target(&self, at: usize, end: usize, close: char) -> Option<usize> {
        let window = &self.source[at..self.source.floor_char_boundary(end.min(at + MAX_TARGET))];
        let length = window.find(close)?;
        let target = &window[..length];
        let is_one = match close {
            ')' => target.starts_with("](<") || !target.contains(' '),
            _ => target.contains("://") || target.contains("=\""),
        };
        is_one.then_some(at + length + 1)
    }

    /// The end of the paragraph in which this byte stands.
    fn paragraph_end(&mut self, at: usize) -> usize {
        if !self.paragraph.contains(&at) {
            let mut end = at;
            loop {
                let Some(found) = memchr::memchr(b'\n', &self.source.as_bytes()[end..]) else {
                    end = self.source.len();
                    break;
                };
                end += found + 1;
                let next = self.source[end..].split('\n').next().unwrap_or_default();
                if next.trim_matches([' ', '\t', '>', '\r']).is_empty() && self.source.len() > end + next.len() {
                    break;
                }
            }
            self.paragraph = at..end.max(at + 1);
        }
        self.paragraph.end.min(self.source.len())
    }

    /// The end of the lines from this byte on of which none looks like the start of another block: code does not go on
    /// into one.
    fn text_end(&mut self, at: usize) -> usize {
        if !self.text.contains(&at) {
            let limit = self.paragraph_end(at);
            let mut end = at;
            loop {
                let Some(found) = memchr::memchr(b'\n', &self.source.as_bytes()[end..limit]) else {
                    end = limit;
                    break;
                };
                end += found + 1;
                if starts_block(self.source[end..limit].split('\n').next().unwrap_or_default()) {
                    break;
                }
            }
            self.text = at..end.max(at + 1);
        }
        self.text.end.min(self.source.len())
    }

    /// Where the mark stands that closes a formula whose text starts here, if it is not too long.
    fn closer(&mut self, start: usize, opener: Opener) -> Option<usize> {
        let kind = opener as usize;
        if self.closer[kind].is_none_or(|at| at < start) {
            let from = start.max(self.looked_to[kind]);
            let to = self.source.floor_char_boundary(start + MAX_BYTES + 4).max(from);
            self.closer[kind] = closing(self.source, from..to, opener);
            self.looked_to[kind] = self.closer[kind].unwrap_or(to);
        }
        self.closer[kind]
    }

    /// Takes the formula that starts here, if there is one; where to go on.
    fn formula(&mut self, at: usize, opener: Opener, is_first: bool, line_end: usize) -> usize {
        let (open, close) = opener.ends();
        let start = at + open.len();
        let is_display = matches!(opener, Opener::Dollars | Opener::Bracket);
        // In a row of a table a formula ends with its line.
        let end = if is_display && !self.is_row { self.paragraph_end(at) } else { line_end };
        let closer = self.closer(start, opener);
        let Some(closer) = closer.filter(|at| at + close.len() <= end) else {
            let is_open = closer.is_none() && self.source.len() - start <= MAX_BYTES;
            if is_display && is_open && end == self.source.len() {
                self.found.open_at.get_or_insert(at);
                let inner = start..start + self.source[start..].trim_end().len();
                if is_first && is_formula(&self.source[inner.clone()], opener) {
                    self.found.pieces.push(Hidden { range: at..inner.end, inner, kind: Kind::Open });
                    return self.source.len();
                }
            }
            return start;
        };
        let inner = start..closer;
        let range = at..inner.end + close.len();
        let is_alone = is_first && {
            let rest = self.source[range.end..].split('\n').next().unwrap_or_default();
            rest.trim_matches([' ', '\t', '\r', '.', ',', ';']).is_empty()
        };
        let text = &self.source[inner.clone()];
        // Beside other text, escaped brackets are brackets unless something in them says otherwise.
        let is_bracketed = opener == Opener::Bracket && !is_alone && !text.contains(SIGNS);
        let is_price = opener == Opener::Dollar && !has_command(text) && {
            let beside = [self.source[..at].chars().next_back(), self.source[range.end..].chars().next()];
            beside.into_iter().flatten().any(|c| c.is_ascii_alphanumeric() || c == '$')
        };
        let is_cut = self.is_row && is_display && text.contains('|') && text.trim() != text;
        if is_price || is_bracketed || is_cut || !is_formula(text, opener) {
            return start;
        }
        let goes_on = range.end;
        let kind = if is_display && is_alone { Kind::OnLines } else { Kind::InText };
        self.found.pieces.push(Hidden { range, inner, kind });
        goes_on
    }
}

/// Where in these bytes the mark stands that closes a formula of this kind: not escaped, and two dollars not beside a third.
fn closing(source: &str, within: Range<usize>, opener: Opener) -> Option<usize> {
    let (_, close) = opener.ends();
    let is_dollar = close.starts_with('$');
    let found = source.get(within.clone())?.match_indices(close).map(|(at, _)| within.start + at);
    found.into_iter().find(|at| {
        let (before, after) = (&source[..*at], &source[at + close.len()..]);
        !is_dollar
            || !(before.ends_with('\\') || (close.len() == 2 && (before.ends_with('$') || after.starts_with('$'))))
    })
}

/// Whether a command of TeX stands in it.
fn has_command(text: &str) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(first, second)| first == '\\' && second.is_alphabetic())
}

/// Whether another formula is opened in it. Behind a backslash, a dollar is one and a bracket ends a line.
fn is_opened_in(text: &str, open: &str) -> bool {
    text.match_indices(open).any(|(at, _)| !text[..at].ends_with('\\'))
}

/// Whether this is a formula and no price, no words in escaped brackets and no variables of a shell.
fn is_formula(inner: &str, opener: Opener) -> bool {
    let (open, _) = opener.ends();
    if inner.len() > MAX_BYTES || inner.contains('`') {
        return false;
    }
    if is_opened_in(inner, if opener == Opener::Dollars { "$" } else { open }) {
        return false;
    }
    let text = inner.trim();
    if opener == Opener::Dollar
        && (text.len() != inner.len() || text.ends_with(['+', '-', '*', '/', '=', '<', '(', ',']))
    {
        return false;
    }
    if has_command(text) {
        return true;
    }
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 2);
    let words = words.filter(|word| !is_function(word)).count();
    let has_sign = text.contains(SIGNS);
    if opener == Opener::Dollar {
        let is_snake = text.split('_').zip(text.split('_').skip(1)).any(|(before, after)| {
            let ends = (before.chars().rev().take(2), after.chars().take(2));
            ends.0.filter(|c| c.is_alphabetic()).count() == 2 && ends.1.filter(|c| c.is_alphabetic()).count() == 2
        });
        let is_range = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['-', '/', ' ']) && !has_sign;
        if is_snake || is_range {
            return false;
        }
    }
    let is_number = opener == Opener::Bracket && !text.contains(char::is_alphabetic) && !has_sign;
    text.contains(char::is_alphanumeric) && !is_number && if has_sign { words < 3 } else { words == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<&str> {
        find(source).pieces.iter().map(|formula| &source[formula.range.clone()]).collect()
    }

    #[test]
    fn formulas_are_told_from_prices() {
        assert_eq!(
            found("so $x^2$ and \\(a_1\\), $O(n \\log n)$ or $O(n log n)$."),
            ["$x^2$", "\\(a_1\\)", "$O(n \\log n)$", "$O(n log n)$"]
        );
        for prices in [
            "$189.99 and $229.00",
            "from $5-$10, $5/$10 or $5 to 10$ each",
            "US$100 = CA$140, 5$ and 6$",
            "|$5|$6|\n|-|-|\n|$7|$8|",
            "echo $HOME:$PATH and $my_var$ or ${x} and ${y}",
            "\\$x^2\\$ `$x$` ``a ` $y$`` [a](/$x$) <https://a.example/$x$>",
            "```\n$x$\n```\n~~~ x\n\\(a\\)\n",
            "as in \\[1\\] and \\[2\\], use \\[a-z\\]",
            "\\[1\\] Smith, 2020",
            "\\[1\\]",
            "\\[not a link\\](/foo) \\(in brackets\\) $ x^2 $",
            "$5 plus tax = $6 and up^",
            "| Thai | $$ | 4.5 |\n| Noma | $$$ | 4.9 |\n| Mid | $$ |\n| High | $$ |\n| $$ | good | $$ |",
            "- $$ = moderate\n- $$$ = expensive",
            "($ = cheap, $$ = moderate, $$$ = expensive)",
        ] {
            assert_eq!(found(prices), [""; 0], "{prices}");
        }
    }

    #[test]
    fn formulas_with_lines_of_their_own() {
        let source = "a\n\\[\nx\n= y\n\\]\n\n> $$ a\n> + b $$\n\nsee $$c^2$$ there\n\n\\[ z^2";
        let found = find(source);
        let shown: Vec<_> = found.pieces.iter().map(|found| (&source[found.inner.clone()], found.kind)).collect();
        let kinds = [("\nx\n= y\n", Kind::OnLines), (" a\n> + b ", Kind::OnLines), ("c^2", Kind::InText)];
        assert_eq!(shown, [&kinds[..], &[(" z^2", Kind::Open)]].concat());
        assert_eq!(found.open_at, Some(source.len() - 6));
        assert_eq!(find("\\[ a = b\n\nc").pieces, []);
    }

    #[test]
    fn formulas_may_stand_beside_anything_that_is_no_price() {
        assert_eq!(
            found("\u{8bbe}$a_1$\u{548c}$b_1$, 3$\\times$3, $\\$100 \\times 2$"),
            ["$a_1$", "$b_1$", "$\\times$", "$\\$100 \\times 2$"]
        );
        assert_eq!(found("\\[ a \\\\[6pt] b \\]"), ["\\[ a \\\\[6pt] b \\]"]);
    }

    #[test]
    fn nothing_takes_long() {
        let began = std::time::Instant::now();
        for unit in ["\\[", "$", "$$ ", "`", "\\(", "<", "](", "`` ` ", "$a ", "\\[a=\n", "$x^", "$x$ ", "\\[\n"] {
            find(&unit.repeat(200_000 / unit.len()));
            find(&(unit.repeat(200_000 / unit.len()) + "\\]\\)$$"));
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
