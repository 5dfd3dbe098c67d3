//! The end of a text that streams in, as it is shown until more of it has come: marks that were opened count as closed at
//! its end, and what may yet be a mark is not shown. So bold words are bold from their first letter on, and nothing moves
//! when their end comes. Pure.

use super::backticks::{code_end, run};
use super::formula::starts_block;

/// Bytes of text from which it is shown as it stands.
const MAX_BYTES: usize = 2048;

/// A block with its end as it is shown for now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The source to be parsed in place of the block's.
    pub(super) source: String,
    /// Bytes of the block that stand in it.
    pub(super) kept: usize,
}

/// What is shown of a block of text that has not ended; `None` where that is what stands there.
pub(super) fn shown(block: &str) -> Option<Shown> {
    let start = text_start(block)?;
    let text = &block[start..];
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    // In formulas, behind escapes, in fences and in blocks of HTML marks mean something else.
    let is_other = || block.starts_with('<') || ["$", "\\", "```", "~~~"].iter().any(|mark| text.contains(mark));
    let (kept, marks) = match &text[line..] {
        last if !last.is_empty() && is_mark(last) => closed(&text[..line]),
        last if is_tag_begun(last) => (line, String::new()),
        _ if is_other() => return None,
        _ => closed(text),
    };
    let line = text[..kept].rfind('\n').map_or(0, |at| at + 1);
    let kept = if marks.is_empty() && is_mark(&text[line..kept]) { text[..line].trim_end().len() } else { kept };
    if marks.is_empty() && kept == text.trim_end().len() {
        return None;
    }
    let kept = start + kept;
    Some(Shown { source: format!("{}{marks}", &block[..kept]), kept })
}

/// Where the text begins that the block ends with: a paragraph, or an item of a list. `None` where it is too long.
fn text_start(block: &str) -> Option<usize> {
    let mut start = block.rfind('\n').map_or(0, |at| at + 1);
    let is_first = |from: &str| from.lines().next().is_some_and(|line| !line.trim().is_empty() && starts_block(line));
    while start > 0 && !is_first(&block[start..]) {
        let above = block[..start - 1].rfind('\n').map_or(0, |at| at + 1);
        if block[above..start].trim().is_empty() {
            break;
        }
        start = above;
        if block.len() - start > MAX_BYTES {
            return None;
        }
    }
    Some(start)
}

/// Whether a line is nothing but what may become the mark of a list, a heading, a quote, a rule or a fence.
fn is_mark(line: &str) -> bool {
    let own = line.trim_start_matches([' ', '>']).trim_end();
    match own.bytes().next() {
        None => true,
        Some(b'0'..=b'9') => {
            let digits = own.strip_suffix(['.', ')']).unwrap_or(own);
            digits.len() < 10 && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        Some(first @ (b'-' | b'=' | b'#' | b'+' | b'*' | b'_' | b'~' | b'`')) => {
            own.len() < 7 && own.bytes().all(|byte| byte == first)
        }
        Some(_) => false,
    }
}

/// Whether this may become a tag.
fn is_tag_begun(text: &str) -> bool {
    text.strip_prefix('<').is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/'))
}

/// A mark that was opened: its sign, how many of it, and the byte behind it.
struct Opened {
    sign: u8,
    count: usize,
    end: usize,
}

/// How many bytes of a text are shown, and the marks that close what is open in them.
fn closed(text: &str) -> (usize, String) {
    let mut kept = text.trim_end().len();
    let mut opened: Vec<Opened> = Vec::new();
    let mut marks = String::new();
    let mut at = 0;
    while at < kept {
        let (sign, count) = (text.as_bytes()[at], run(text, at));
        let end = at + count;
        at = match sign {
            b'`' => match code_end(text, end, count) {
                Some(behind) => behind,
                None if end == kept => {
                    kept = at;
                    break;
                }
                None => {
                    // Of the marks that end it some may have come.
                    kept = text[..kept].trim_end_matches('`').len();
                    marks = "`".repeat(count);
                    break;
                }
            },
            b'*' | b'_' | b'~' => {
                let left = count - close(&mut opened, sign, count, &text[..at]);
                let is_open = opened.iter().any(|open| open.sign == sign);
                let may_open = may_open(&text[..at], sign);
                if left > 0 && end == kept && (may_open || is_open) {
                    // What comes next says what it is.
                    kept = end - left;
                    break;
                }
                let is_mark = sign != b'~' || count == 2;
                if left > 0 && end < kept && may_open && is_mark && is_before_text(&text[..at], &text[end..]) {
                    opened.push(Opened { sign, count: left, end });
                }
                end
            }
            b'<' if is_tag_begun(&text[at..kept]) => {
                kept = at;
                break;
            }
            // In a tag marks mean nothing.
            b'<' if text[end..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') => {
                text[end..kept].find('>').map_or(kept, |length| end + length + 1)
            }
            _ => end,
        };
    }
    kept = text[..kept].trim_end().len();
    for open in opened.iter().rev() {
        if marks.is_empty() && open.end >= kept {
            // It has no text yet.
            kept = text[..open.end - open.count].trim_end().len();
        } else {
            marks.extend(std::iter::repeat_n(char::from(open.sign), open.count));
        }
    }
    (kept, marks)
}

/// Closes what these marks close behind this text; how many of them that takes.
fn close(opened: &mut Vec<Opened>, sign: u8, count: usize, before: &str) -> usize {
    let mut taken = 0;
    if before.ends_with(char::is_whitespace) {
        return taken;
    }
    while let Some(last) = opened.pop_if(|last| last.sign == sign && last.count <= count - taken) {
        taken += last.count;
    }
    taken
}

/// Whether marks behind this text may open something.
fn may_open(before: &str, sign: u8) -> bool {
    match before.chars().next_back() {
        None => true,
        Some(c) if sign == b'*' => !c.is_ascii_alphanumeric(),
        Some(c) => !c.is_alphanumeric(),
    }
}

/// Whether marks between these open something, where they may.
fn is_before_text(before: &str, after: &str) -> bool {
    let is_behind_letter = before.ends_with(char::is_alphanumeric);
    after.chars().next().is_some_and(|c| c.is_alphanumeric() || (!is_behind_letter && !c.is_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(block: &str) -> String {
        shown(block).map_or_else(|| block.to_owned(), |shown| shown.source)
    }

    #[test]
    fn what_is_open_is_closed_at_the_end() {
        for (block, source) in [
            ("**Na", "**Na**"),
            ("- **Name and ", "- **Name and**"),
            ("- **Name*", "- **Name**"),
            ("a *b **c", "a *b **c***"),
            ("*a **b***", "*a **b***"),
            ("run `car", "run `car`"),
            ("run ``a ` b`", "run ``a ` b``"),
            ("**run `car", "**run `car`**"),
            ("~~old", "~~old~~"),
            ("one\n> **two", "one\n> **two**"),
            ("这是**重", "这是**重**"),
            ("a\n\n- b *c\n  d", "a\n\n- b *c\n  d*"),
            ("a **b\n", "a **b**"),
            ("**a\n1.", "**a**"),
            ("__x", "__x__"),
        ] {
            assert_eq!(of(block), source);
        }
    }

    #[test]
    fn what_may_be_a_mark_is_not_shown_yet() {
        for (block, source) in [
            ("see **", "see"),
            ("see `", "see"),
            ("a *b* *", "a *b*"),
            ("Two:\n-", "Two:"),
            ("Two:\n- **", "Two:"),
            ("Two:\n1. *", "Two:"),
            ("- one\n2", "- one"),
            ("##", ""),
            ("> ", ""),
            ("Text\n==", "Text"),
            ("Text\n```", "Text"),
            ("***", ""),
            ("one\n\n</det", "one"),
            ("two <b", "two"),
            ("**two <", "**two**"),
            ("`Vec<u", "`Vec<u`"),
            ("`Vec<u8>", "`Vec<u8>`"),
            ("a<br>**b", "a<br>**b**"),
        ] {
            assert_eq!(of(block).trim_end(), source);
        }
    }

    #[test]
    fn what_is_no_mark_stays() {
        for block in [
            "2 * 3 * x",
            "5*3 and 2**8",
            "5*",
            "snake_case and in_",
            "about ~5",
            "a **b** c",
            "`a`",
            "$a_1 *b",
            "\\*a",
            "<b title=\"**",
            "<div>\n**x",
            "```rust",
            "- ~~~ x",
            "a\n",
            "12 tents",
            "a, 12",
            "a**\u{201c}x",
        ] {
            assert_eq!(of(block), block);
        }
    }
}
