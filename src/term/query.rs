//! The questions put to the terminal once, before the first frame. Nothing waits for an answer: the byte parser knows
//! each reply whenever it comes, so that a key typed meanwhile is never lost and a late answer is never typed. Pure.

use crossterm::event::{KeyboardEnhancementFlags, PushKeyboardEnhancementFlags};

use super::ansi;

/// Does it speak the kitty keyboard protocol, what is its background, and (answered by all, hence the end) what is it.
/// <https://sw.kovidgoyal.net/kitty/keyboard-protocol/#detection-of-support-for-this-protocol>
const QUESTIONS: &[u8] = b"\x1b[?u\x1b]11;?\x1b\\\x1b[c";

/// Turns on unambiguous keys (Shift+Enter, a real Esc), to be sent once a terminal said that it can.
#[must_use]
pub fn kitty_push() -> Vec<u8> {
    let mut out = Vec::new();
    ansi::push(&mut out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES));
    out
}

/// Lets the terminal report presses, moves with a button held, and the wheel, in the form that has no limits (1006).
pub const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
/// Ends that.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

/// What to ask a terminal of this `TERM`: nothing where the answer could be shown as text.
#[must_use]
pub fn questions(term: Option<&str>) -> &'static [u8] {
    match term {
        None | Some("" | "dumb" | "linux" | "unknown") => b"",
        Some(_) => QUESTIONS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_terminals_are_not_asked() {
        for term in [None, Some(""), Some("dumb"), Some("linux")] {
            assert_eq!(questions(term), b"");
        }
        assert_eq!(questions(Some("xterm-256color")), QUESTIONS);
    }
}
