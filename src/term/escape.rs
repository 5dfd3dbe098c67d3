//! One key or reply at the front of the bytes read: UTF-8, control characters, CSI, SS3, the kitty and xterm forms of
//! modified keys. Replies and what nobody knows are taken without an event; nothing is ever typed by accident. Pure.

use super::input::InputEvent;
use crate::app::MouseDeed;
use crate::config::key::{Key, KeyCode};

/// What stands at the front.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More bytes are needed.
    Incomplete,
    /// So many bytes are done with, and mean this or nothing.
    Take(usize, Option<InputEvent>),
    /// A bracketed paste follows after so many bytes.
    PasteBegins(usize),
    /// A string reply follows these two bytes.
    ReplyBegins { is_osc: bool },
}

/// Reads the front of `bytes`, which is not empty.
pub(super) fn step(bytes: &[u8]) -> Step {
    match bytes {
        [0x1b] | [0x1b, 0x1b] => Step::Incomplete,
        [0x1b, 0x1b, b'[' | b'O', ..] => with_alt(&bytes[1..]),
        [0x1b, 0x1b, ..] => take(1, Some(Key::plain(KeyCode::Esc))),
        [0x1b, b'[', ..] => csi(bytes),
        [0x1b, b'O', ..] => ss3(bytes),
        [0x1b, opener @ (b']' | b'P' | b'_' | b'^' | b'X')] => Step::ReplyBegins { is_osc: *opener == b']' },
        [0x1b, ..] => with_alt(&bytes[1..]),
        _ => character(bytes),
    }
}

fn take(length: usize, key: Option<Key>) -> Step {
    Step::Take(length, key.map(InputEvent::Key))
}

/// The key after an ESC that is Alt; that ESC is counted in.
fn with_alt(after: &[u8]) -> Step {
    match if after[0] == 0x1b { step(after) } else { character(after) } {
        Step::Take(length, Some(InputEvent::Key(key))) => take(length + 1, Some(Key { alt: true, ..key })),
        Step::Take(length, event) => Step::Take(length + 1, event),
        Step::PasteBegins(length) => Step::PasteBegins(length + 1),
        other => other,
    }
}

fn character(bytes: &[u8]) -> Step {
    let first = bytes[0];
    match first {
        b'\r' => take(1, Some(Key::plain(KeyCode::Enter))),
        b'\t' => take(1, Some(Key::plain(KeyCode::Tab))),
        0x08 | 0x7f => take(1, Some(Key::plain(KeyCode::Backspace))),
        0 => take(1, Some(Key::ctrl(' '))),
        0x01..=0x1a => take(1, Some(Key::ctrl(char::from(first - 1 + b'a')))),
        // The same bytes are Ctrl+\ Ctrl+] Ctrl+^ Ctrl+_; the digits are the customary names.
        0x1c..=0x1f => take(1, Some(Key::ctrl(char::from(first - 0x1c + b'4')))),
        0x20..=0x7e => take(1, Some(Key::char(char::from(first)))),
        _ => match std::str::from_utf8(&bytes[..bytes.len().min(utf8_length(first))]) {
            Ok(text) => take(text.len(), text.chars().next().filter(|c| !c.is_control()).map(Key::char)),
            Err(error) if error.error_len().is_none() && bytes.len() < utf8_length(first) => Step::Incomplete,
            Err(error) => take(error.error_len().unwrap_or(1).max(1), None),
        },
    }
}

fn utf8_length(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

fn ss3(bytes: &[u8]) -> Step {
    let Some(&last) = bytes.get(2) else {
        return Step::Incomplete;
    };
    let code = match last {
        b'M' => Some(KeyCode::Enter),
        b'R' => Some(KeyCode::F(3)),
        b'X' => Some(KeyCode::Char('=')),
        b'j'..=b'y' => Some(KeyCode::Char(char::from(b"*+,-./0123456789"[usize::from(last - b'j')]))),
        0x1b => return take(2, Some(Key { alt: true, ..Key::char('O') })),
        _ => letter_code(last),
    };
    take(3, code.map(Key::plain))
}

/// Keys named by the last letter of CSI and SS3. `R` is left out: it is also the end of a cursor report.
fn letter_code(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'Z' => KeyCode::BackTab,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// Keys named by a number before `~`.
fn number_code(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23..=26 => KeyCode::F(number as u8 - 12),
        28..=29 => KeyCode::F(number as u8 - 13),
        31..=34 => KeyCode::F(number as u8 - 14),
        _ => return None,
    })
}

/// Keys named by a code point in the kitty protocol, the keypad among them.
/// <https://sw.kovidgoyal.net/kitty/keyboard-protocol/#functional-key-definitions>
fn codepoint_code(codepoint: u32) -> Option<KeyCode> {
    const KEYPAD: &[u8] = b"0123456789./*-+";
    Some(match codepoint {
        27 => KeyCode::Esc,
        13 | 57414 => KeyCode::Enter,
        9 => KeyCode::Tab,
        8 | 127 => KeyCode::Backspace,
        57376..=57387 => KeyCode::F((codepoint - 57376) as u8 + 13),
        57399..=57413 => KeyCode::Char(char::from(KEYPAD[(codepoint - 57399) as usize])),
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        0xe000..=0xf8ff => return None,
        _ => KeyCode::Char(char::from_u32(codepoint).filter(|c| !c.is_control())?),
    })
}

fn csi(bytes: &[u8]) -> Step {
    match bytes {
        [_, _] | [_, _, b'['] => return Step::Incomplete,
        // The Linux console's F1 to F5.
        [_, _, b'[', letter, ..] => {
            let code = (b'A'..=b'E').contains(letter).then(|| KeyCode::F(letter - b'A' + 1));
            return take(4, code.map(Key::plain));
        }
        // A mouse report of the oldest kind: three bytes follow.
        [_, _, b'M', ..] => return if bytes.len() < 6 { Step::Incomplete } else { take(6, None) },
        _ => {}
    }
    let Some(end) = bytes[2..].iter().position(|byte| !(0x20..0x40).contains(byte)).map(|at| at + 2) else {
        return Step::Incomplete;
    };
    let (parameters, last) = (&bytes[2..end], bytes[end]);
    if !(0x40..0x7f).contains(&last) {
        // Broken off; what stands there begins anew.
        return take(end, None);
    }
    let length = end + 1;
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    match (text.strip_prefix('?'), last) {
        (Some(flags), b'u') => {
            return Step::Take(length, flags.parse().ok().map(InputEvent::KittySupported));
        }
        (Some(_), b'c') => return Step::Take(length, Some(InputEvent::QueriesAnswered)),
        _ => {}
    }
    if let (Some(report), b'M' | b'm') = (text.strip_prefix('<'), last) {
        return Step::Take(length, mouse(report, last == b'm'));
    }
    if text == "200" && last == b'~' {
        return Step::PasteBegins(length);
    }
    take(length, csi_key(text, last))
}

/// A report of the mouse in the form of mode 1006: button and modifiers, column, row; let go where it ends in `m`. Other
/// buttons than the left one and the wheel mean nothing here, and moves without a button neither.
fn mouse(report: &str, is_release: bool) -> Option<InputEvent> {
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Shift, Alt and Ctrl are the bits 4, 8 and 16.
    let deed = match (button & !0b1_1100, is_release) {
        (0, false) => MouseDeed::Pressed,
        (0, true) => MouseDeed::Released,
        (32, _) => MouseDeed::Dragged,
        (64, false) => MouseDeed::Wheeled(-1),
        (65, false) => MouseDeed::Wheeled(1),
        _ => return None,
    };
    Some(InputEvent::Mouse(deed, column.saturating_sub(1), row.saturating_sub(1)))
}

fn csi_key(text: &str, last: u8) -> Option<Key> {
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let mut groups = text.split(';');
    let number =
        |group: Option<&str>| group.and_then(|group| group.split(':').next()).and_then(|n| n.parse::<u32>().ok());
    let first = number(groups.next()).unwrap_or(1);
    let second = groups.next();
    let (mask, kind) = (number(second).unwrap_or(1), second.and_then(|group| group.split(':').nth(1)));
    if kind == Some("3") {
        return None;
    }
    let code = match last {
        b'u' => codepoint_code(first)?,
        // xterm's modifyOtherKeys: CSI 27 ; modifiers ; code point ~
        b'~' if first == 27 => codepoint_code(number(groups.next())?)?,
        b'~' => number_code(first)?,
        _ => letter_code(last)?,
    };
    modified(code, mask)
}

/// A key with the modifiers of a mask (1 + Shift 1, Alt 2, Ctrl 4; locks are no modifiers; with Super it is not ours).
fn modified(code: KeyCode, mask: u32) -> Option<Key> {
    let bits = mask.saturating_sub(1);
    if bits & 0b11_1000 != 0 {
        return None;
    }
    let mut key = Key { code, shift: bits & 1 != 0, alt: bits & 2 != 0, ctrl: bits & 4 != 0 };
    match key.code {
        KeyCode::Char(c) if key.shift => {
            let mut upper = c.to_uppercase();
            key.code = KeyCode::Char(upper.next().filter(|_| upper.next().is_none()).unwrap_or(c));
            key.shift = false;
        }
        KeyCode::Tab if key.shift => {
            key.code = KeyCode::BackTab;
            key.shift = false;
        }
        KeyCode::BackTab => key.shift = false,
        _ => {}
    }
    Some(key)
}
