//! Code within text, between runs of equally many backticks. Pure.

/// How many of the byte that stands here do in a row.
pub(super) fn run(text: &str, at: usize) -> usize {
    let bytes = &text.as_bytes()[at..];
    bytes.iter().take_while(|byte| **byte == bytes[0]).count()
}

/// The byte behind the code that is open from this byte on, with so many backticks before it.
pub(super) fn code_end(text: &str, from: usize, count: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = text[at..].find('`') {
        let other = run(text, at + found);
        at += found + other;
        if other == count {
            return Some(at);
        }
    }
    None
}
