//! Bytes to events, however the bytes were cut. Lines are found on bytes and only whole lines become text, so that a
//! character cut by the network stays whole. Nothing but the two size limits can fail: unknown lines are skipped, and
//! what an event's data means is the dialect's business.

use std::borrow::Cow;

use memchr::memchr2;
use thiserror::Error;

/// Bytes of one line, against hostile servers.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of one event's data.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a buffer that are kept for the next event.
const MAX_KEPT_BYTES: usize = 64 * 1024;
/// The data that announces the end; its blank line is not waited for.
const END: &str = "[DONE]";
/// It with blanks.
const MAX_END_BYTES: usize = 16;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One thing a stream said, borrowed from the decoder for as long as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SseEvent<'a> {
    /// An event with data; several data lines are joined with a line feed.
    Message {
        /// The `event:` field, which may come after the data.
        name: Option<&'a str>,
        /// The data.
        data: &'a str,
    },
    /// An `error:` field, which older llama.cpp servers send instead of an event.
    Error(&'a str),
    /// A bare JSON object or list rather than fields, on one line or several, as some proxies write their errors.
    BareJson(&'a str),
    /// A comment or an event without data: a sign of life.
    Comment,
}

/// The stream is not one that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// A line over [`MAX_LINE_BYTES`].
    #[error("a line of the stream is longer than 8 MiB")]
    LineTooLong,
    /// An event over [`MAX_EVENT_BYTES`].
    #[error("an event of the stream is larger than 64 MiB")]
    EventTooLong,
}

/// Reads a stream piece by piece. Its buffers are kept from event to event.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The start of a line whose end has not come.
    open: Vec<u8>,
    is_after_carriage_return: bool,
    is_past_first_line: bool,
    name: Option<String>,
    has_data: bool,
    data: String,
    /// Bare JSON whose end has not come.
    bare: String,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and tells `sink` of the events they complete.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        let mut rest = bytes;
        if self.is_after_carriage_return && !rest.is_empty() {
            self.is_after_carriage_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(at) = memchr2(b'\n', b'\r', rest) {
            let (line, end) = rest.split_at(at);
            if self.open.len() + line.len() > MAX_LINE_BYTES {
                return Err(SseError::LineTooLong);
            }
            rest = &end[1..];
            if end[0] == b'\r' {
                if rest.is_empty() {
                    self.is_after_carriage_return = true;
                } else {
                    rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                }
            }
            if self.open.is_empty() {
                self.read_line(line, sink)?;
            } else {
                self.open.extend_from_slice(line);
                self.read_open_line(sink)?;
            }
        }
        if self.open.len() + rest.len() > MAX_LINE_BYTES {
            return Err(SseError::LineTooLong);
        }
        self.open.extend_from_slice(rest);
        Ok(())
    }

    /// The body is over: a last line without its end and an event without its blank line still count.
    pub fn finish(&mut self, sink: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        if !self.open.is_empty() {
            self.read_open_line(sink)?;
        }
        self.dispatch(sink);
        self.end_bare(sink);
        Ok(())
    }

    /// Bare JSON that broke off is told as it is.
    fn end_bare(&mut self, sink: &mut impl FnMut(SseEvent<'_>)) {
        if !self.bare.is_empty() {
            sink(SseEvent::BareJson(&self.bare));
            self.bare.clear();
        }
    }

    fn read_open_line(&mut self, sink: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        let mut line = std::mem::take(&mut self.open);
        let read = self.read_line(&line, sink);
        line.clear();
        self.open = line;
        read
    }

    fn read_line(&mut self, line: &[u8], sink: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        let mut line = line;
        if !self.is_past_first_line {
            self.is_past_first_line = true;
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        // What is UTF-8, as nearly every line is, is found to be so many bytes at a time.
        let text = std::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        if text.is_empty() {
            self.dispatch(sink);
            self.end_bare(sink);
            return Ok(());
        }
        if text.starts_with("data:") {
            self.end_bare(sink);
        } else if !self.bare.is_empty() || text.starts_with(['{', '[']) {
            return self.extend_bare(&text, sink);
        }
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if text.starts_with(':') => sink(SseEvent::Comment),
            "data" if text.len() > field.len() => {
                self.extend_data(value)?;
                if self.data.len() <= MAX_END_BYTES && self.data.trim() == END {
                    self.dispatch(sink);
                }
            }
            "event" => self.name = Some(value.to_owned()),
            "error" if !value.is_empty() => sink(SseEvent::Error(value)),
            _ => {}
        }
        Ok(())
    }

    /// Adds a line to bare JSON; its last line stands at the margin and closes it.
    fn extend_bare(&mut self, line: &str, sink: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        if self.bare.len() + line.len() > MAX_LINE_BYTES {
            return Err(SseError::LineTooLong);
        }
        let is_first = self.bare.is_empty();
        self.bare.push_str(line);
        let is_closed = if is_first { line.trim_end().ends_with(['}', ']']) } else { line.starts_with(['}', ']']) };
        if is_closed {
            self.end_bare(sink);
        }
        Ok(())
    }

    fn extend_data(&mut self, value: &str) -> Result<(), SseError> {
        if self.has_data {
            if self.data.len() + value.len() + 1 > MAX_EVENT_BYTES {
                return Err(SseError::EventTooLong);
            }
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(value);
        Ok(())
    }

    fn dispatch(&mut self, sink: &mut impl FnMut(SseEvent<'_>)) {
        let name = self.name.take();
        if self.has_data {
            sink(SseEvent::Message { name: name.as_deref(), data: &self.data });
            self.has_data = false;
            self.data.clear();
            self.data.shrink_to(MAX_KEPT_BYTES);
        } else if name.is_some() {
            sink(SseEvent::Comment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was said, a line each.
    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        let mut sink = |event: SseEvent<'_>| out.push(format!("{event:?}"));
        for piece in pieces {
            decoder.push(piece, &mut sink).unwrap();
        }
        decoder.finish(&mut sink).unwrap();
        out
    }

    fn message(name: Option<&str>, data: &str) -> String {
        format!("{:?}", SseEvent::Message { name, data })
    }

    #[test]
    fn every_cut_of_every_line_end_gives_the_same_events() {
        let body = "\u{feff}data: a\r\n\r\ndata:b\revent: late\r\r: hello\n\ndata: c\ndata:  d\n\nnonsense\nfoo: 1\n"
            .as_bytes();
        let expected = vec![
            message(None, "a"),
            message(Some("late"), "b"),
            format!("{:?}", SseEvent::Comment),
            message(None, "c\n d"),
        ];
        for first in 0..body.len() {
            for second in first..body.len() {
                let pieces = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(read(&pieces), expected, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn an_event_without_its_blank_line_counts() {
        assert_eq!(read(&[b"data: last"]), vec![message(None, "last")]);
    }

    #[test]
    fn an_error_field_is_an_error() {
        assert_eq!(read(&[b"error: {\"code\":400}\n\n"]), vec![format!("{:?}", SseEvent::Error("{\"code\":400}"))]);
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        let mut decoder = Decoder::new();
        let long = vec![b'x'; MAX_LINE_BYTES];
        decoder.push(&long, &mut |_| {}).unwrap();
        assert_eq!(decoder.push(b"x", &mut |_| {}), Err(SseError::LineTooLong));
    }
}
