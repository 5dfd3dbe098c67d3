//! A copy as a sequence of the terminal: OSC 52 with the text in base64, which cannot hold an escape of its own. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest text sent, in bytes: some terminals take 100,000 characters in one sequence, and this is that in base64.
pub(super) const MAX_BYTES: usize = 74_994;
/// GNU screen takes a string of its own in pieces of at most 256 bytes, and hands on what they hold.
const SCREEN_PIECE: usize = 240;

/// The sequence. It ends in BEL, which every terminal and mosh know.
pub(super) fn sequence(text: &str) -> Vec<u8> {
    let mut out = b"\x1b]52;c;".to_vec();
    out.extend_from_slice(STANDARD.encode(text).as_bytes());
    out.push(0x07);
    out
}

/// The sequence in pieces that screen hands to its terminal as they are.
pub(super) fn through_screen(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in sequence(text).chunks(SCREEN_PIECE) {
        out.extend_from_slice(b"\x1bP");
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\x1b\\");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_in_base64_whatever_it_holds() {
        assert_eq!(sequence("hello"), b"\x1b]52;c;aGVsbG8=\x07");
        let hostile = sequence("a\u{1b}]52;c;?\u{7}\u{1b}\\é");
        assert!(hostile[7..hostile.len() - 1].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
        assert_eq!(sequence(&"a".repeat(MAX_BYTES)).len() - 8, 99_992);
    }

    #[test]
    fn screen_is_given_pieces_whose_inner_text_is_the_sequence() {
        let text = "long ".repeat(200);
        let sent = String::from_utf8(through_screen(&text)).unwrap();
        let pieces: Vec<&str> = sent.split_terminator("\u{1b}\\").collect();
        assert!(pieces.len() > 4 && pieces.iter().all(|piece| piece.len() <= 256 && piece.starts_with("\u{1b}P")));
        let inner: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(inner.as_bytes(), sequence(&text));
    }
}
