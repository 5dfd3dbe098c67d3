//! What a person typed, out of the bytes of the terminal. Pure: bytes and the clock are arguments.
//!
//! Bytes and not a library's events: a reply cut in two, an unasked one, or one for which the library has no event would
//! otherwise be typed, or hold up its reader. Every reply ends here; a lone ESC is held, for it may be half an arrow key.

use super::escape::{self, Step};
use crate::app::MouseDeed;
use crate::config::key::{Key, KeyCode};

/// How long a lone ESC may turn out to be the beginning of a key, in milliseconds.
pub const ESC_HOLD_MS: u64 = 25;
/// After this pause Alt+[ or Alt+] is the key and not the opening of a sequence, in milliseconds.
const OPENER_HOLD_MS: u64 = 100;
/// After this pause the rest of a begun sequence does not come any more, in milliseconds.
const SEQUENCE_HOLD_MS: u64 = 500;
/// After this pause a paste is over although its end was not seen, in milliseconds.
const PASTE_HOLD_MS: u64 = 5_000;
/// Bytes kept of a reply; the rest is swallowed.
const REPLY_CAP: usize = 4_096;
const PASTE_END: &[u8] = b"\x1b[201~";

/// One thing the terminal told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputEvent {
    /// A key was pressed, or repeats.
    Key(Key),
    /// A bracketed paste, whole; line ends are LF, nothing else is changed.
    Paste(String),
    /// A burst of arrows in one read, which is what a wheel becomes: lines, negative towards the top.
    Scroll(i32),
    /// The mouse did something, at this column and row, from 0.
    Mouse(MouseDeed, u16, u16),
    /// The terminal speaks the kitty keyboard protocol; the flags now on.
    KittySupported(u8),
    /// The terminal's background: red, green, blue.
    BackgroundColour(u8, u8, u8),
    /// The last of the start-up questions was answered.
    QueriesAnswered,
}

/// A string reply (OSC, DCS, APC, PM, SOS) on its way.
#[derive(Debug, Default)]
struct Reply {
    is_osc: bool,
    body: Vec<u8>,
    has_escape: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Keys,
    Reply(Reply),
    Paste(Vec<u8>),
}

/// The state between two reads.
#[derive(Debug, Default)]
pub struct InputParser {
    state: State,
    pending: Vec<u8>,
    last_ms: u64,
}

impl InputParser {
    /// Takes the bytes of one read. Bytes of one read are one batch: a burst of arrows within it is a wheel.
    pub fn push(&mut self, bytes: &[u8], now_ms: u64) -> Vec<InputEvent> {
        let mut events = self.expire(now_ms);
        self.last_ms = now_ms;
        let mut batch = Vec::new();
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            match &mut self.state {
                State::Paste(body) => {
                    rest = take_paste(body, rest);
                    if body.ends_with(PASTE_END) {
                        body.truncate(body.len() - PASTE_END.len());
                        batch.push(InputEvent::Paste(pasted(body)));
                        self.state = State::Keys;
                    }
                }
                State::Reply(reply) => {
                    rest = after;
                    self.pending.clear();
                    if let Some(end) = reply.push(byte) {
                        batch.extend(reply.meaning());
                        self.state = State::Keys;
                        if let End::AbortedByEscape = end {
                            self.pending = vec![0x1b, byte];
                            self.parse_pending(&mut batch);
                        }
                    }
                }
                State::Keys => {
                    rest = after;
                    self.pending.push(byte);
                    self.parse_pending(&mut batch);
                }
            }
        }
        events.extend(wheel(&batch));
        events
    }

    /// When [`Self::expire`] is to be called if no byte comes before, in the clock of `now_ms`.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let hold = match &self.state {
            State::Paste(_) => PASTE_HOLD_MS,
            State::Reply(reply) if reply.body.is_empty() && !reply.has_escape => OPENER_HOLD_MS,
            State::Reply(_) => SEQUENCE_HOLD_MS,
            State::Keys => match self.pending.as_slice() {
                [] => return None,
                [0x1b] | [0x1b, 0x1b] => ESC_HOLD_MS,
                [0x1b, _] => OPENER_HOLD_MS,
                _ => SEQUENCE_HOLD_MS,
            },
        };
        Some(self.last_ms + hold)
    }

    /// The pause was long enough: what was held is what it looks like.
    pub fn expire(&mut self, now_ms: u64) -> Vec<InputEvent> {
        if self.deadline().is_none_or(|deadline| now_ms < deadline) {
            return Vec::new();
        }
        match std::mem::take(&mut self.state) {
            State::Paste(body) => return vec![InputEvent::Paste(pasted(&body))],
            State::Reply(reply) if !reply.body.is_empty() || reply.has_escape => {
                self.pending.clear();
                return Vec::new();
            }
            State::Reply(_) | State::Keys => {}
        }
        let keys = match std::mem::take(&mut self.pending).as_slice() {
            [0x1b] => vec![Key::plain(KeyCode::Esc)],
            [0x1b, 0x1b] => vec![Key::plain(KeyCode::Esc); 2],
            [0x1b, byte @ 0x21..0x7f] => vec![Key { alt: true, ..Key::char(char::from(*byte)) }],
            _ => Vec::new(),
        };
        keys.into_iter().map(InputEvent::Key).collect()
    }

    fn parse_pending(&mut self, out: &mut Vec<InputEvent>) {
        while !self.pending.is_empty() {
            match escape::step(&self.pending) {
                Step::Incomplete => {
                    // A sequence without an end is no sequence; what follows is typing again.
                    if self.pending.len() > REPLY_CAP {
                        self.pending.clear();
                    }
                    return;
                }
                Step::Take(length, event) => {
                    self.pending.drain(..length);
                    out.extend(event);
                }
                Step::PasteBegins(length) => {
                    self.pending.drain(..length);
                    self.state = State::Paste(Vec::new());
                    return;
                }
                Step::ReplyBegins { is_osc } => {
                    // The opener stays pending: alone and after a pause it is a key.
                    self.state = State::Reply(Reply { is_osc, ..Reply::default() });
                    return;
                }
            }
        }
    }
}

enum End {
    Whole,
    AbortedByEscape,
}

impl Reply {
    fn push(&mut self, byte: u8) -> Option<End> {
        if std::mem::take(&mut self.has_escape) {
            return Some(if byte == b'\\' { End::Whole } else { End::AbortedByEscape });
        }
        match byte {
            0x07 | 0x18 | 0x1a => return Some(End::Whole),
            0x1b => self.has_escape = true,
            _ if self.body.len() < REPLY_CAP => self.body.push(byte),
            _ => {}
        }
        None
    }

    fn meaning(&self) -> Option<InputEvent> {
        let body = self.is_osc.then(|| std::str::from_utf8(&self.body).ok()).flatten()?;
        let (red, green, blue) = colour(body.strip_prefix("11;")?)?;
        Some(InputEvent::BackgroundColour(red, green, blue))
    }
}

/// `rgb:1e1e/1e1e/1e1e`, `rgb:ff/ff/ff`, `rgba:…/…/…/…`, `#1e1e1e`.
fn colour(text: &str) -> Option<(u8, u8, u8)> {
    if let Some(hex) = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii()) {
        return Some((channel(&hex[..2])?, channel(&hex[2..4])?, channel(&hex[4..])?));
    }
    let channels = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut parts = channels.split('/');
    Some((channel(parts.next()?)?, channel(parts.next()?)?, channel(parts.next()?)?))
}

/// One to four hexadecimal digits, scaled to eight bits.
fn channel(digits: &str) -> Option<u8> {
    if !(1..=4).contains(&digits.len()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    u8::try_from(value * 255 / ((1 << (4 * digits.len())) - 1)).ok()
}

/// Moves bytes into the paste up to its end mark or to the end of the read; gives back what follows.
fn take_paste<'a>(body: &mut Vec<u8>, bytes: &'a [u8]) -> &'a [u8] {
    for (index, &byte) in bytes.iter().enumerate() {
        body.push(byte);
        if byte == b'~' && body.ends_with(PASTE_END) {
            return &bytes[index + 1..];
        }
    }
    &[]
}

fn pasted(body: &[u8]) -> String {
    String::from_utf8_lossy(body).replace("\r\n", "\n").replace('\r', "\n")
}

/// Two or more plain Up, or Down, in a row within one read are a wheel.
fn wheel(batch: &[InputEvent]) -> Vec<InputEvent> {
    let mut out = Vec::with_capacity(batch.len());
    let mut index = 0;
    while index < batch.len() {
        let run = batch[index..].iter().take_while(|event| **event == batch[index]).count();
        let lines = i32::try_from(run).unwrap_or(i32::MAX);
        match &batch[index] {
            InputEvent::Key(key) if run > 1 && *key == Key::plain(KeyCode::Up) => out.push(InputEvent::Scroll(-lines)),
            InputEvent::Key(key) if run > 1 && *key == Key::plain(KeyCode::Down) => out.push(InputEvent::Scroll(lines)),
            _ => out.extend_from_slice(&batch[index..index + run]),
        }
        index += run;
    }
    out
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
