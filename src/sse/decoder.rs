//! Bytes to events, however the bytes were cut. Lines are found on bytes and only whole lines become text, so that a
//! character cut by the network stays whole. Nothing but the two size limits can fail: unknown lines are skipped, and
//! what an event's data means is the dialect's business.

use thiserror::Error;

/// Bytes of one line, against hostile servers.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of one event's data.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One thing a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SseEvent {
    /// An event with data; several data lines are joined with a line feed.
    Message {
        /// The `event:` field, which may come after the data.
        name: Option<String>,
        /// The data.
        data: String,
    },
    /// An `error:` field, which older llama.cpp servers send instead of an event.
    Error(String),
    /// A line that is a bare JSON object rather than a field, as some proxies write their errors.
    BareJson(String),
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

/// Reads a stream piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    is_after_carriage_return: bool,
    is_past_first_line: bool,
    name: Option<String>,
    data: Option<String>,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and appends the events they complete to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<SseEvent>) -> Result<(), SseError> {
        let mut rest = bytes;
        if self.is_after_carriage_return && !rest.is_empty() {
            self.is_after_carriage_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend_line(&rest[..at])?;
            let is_carriage_return = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if is_carriage_return {
                if rest.is_empty() {
                    self.is_after_carriage_return = true;
                } else {
                    rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                }
            }
            self.end_line(out)?;
        }
        self.extend_line(rest)
    }

    /// The body is over: a last line without its end and an event without its blank line still count.
    pub fn finish(&mut self, out: &mut Vec<SseEvent>) -> Result<(), SseError> {
        if !self.line.is_empty() {
            self.end_line(out)?;
        }
        self.dispatch(out);
        Ok(())
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        if self.line.len() + bytes.len() > MAX_LINE_BYTES {
            return Err(SseError::LineTooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<SseEvent>) -> Result<(), SseError> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if !self.is_past_first_line {
            self.is_past_first_line = true;
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let text = String::from_utf8_lossy(line);
        if text.is_empty() {
            self.dispatch(out);
            return Ok(());
        }
        if text.starts_with('{') {
            out.push(SseEvent::BareJson(text.into_owned()));
            return Ok(());
        }
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if text.starts_with(':') => out.push(SseEvent::Comment),
            "data" if text.len() > field.len() => self.extend_data(value)?,
            "event" => self.name = Some(value.to_owned()),
            "error" if !value.is_empty() => out.push(SseEvent::Error(value.to_owned())),
            _ => {}
        }
        Ok(())
    }

    fn extend_data(&mut self, value: &str) -> Result<(), SseError> {
        match &mut self.data {
            Some(data) => {
                if data.len() + value.len() + 1 > MAX_EVENT_BYTES {
                    return Err(SseError::EventTooLong);
                }
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        Ok(())
    }

    fn dispatch(&mut self, out: &mut Vec<SseEvent>) {
        let name = self.name.take();
        match self.data.take() {
            Some(data) => out.push(SseEvent::Message { name, data }),
            None if name.is_some() => out.push(SseEvent::Comment),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: Option<&str>, data: &str) -> SseEvent {
        SseEvent::Message { name: name.map(str::to_owned), data: data.to_owned() }
    }

    fn read(pieces: &[&[u8]]) -> Vec<SseEvent> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in pieces {
            decoder.push(piece, &mut out).unwrap();
        }
        decoder.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn every_cut_of_every_line_end_gives_the_same_events() {
        let body = "\u{feff}data: a\r\n\r\ndata:b\revent: late\r\r: hello\n\ndata: c\ndata:  d\n\nnonsense\nfoo: 1\n"
            .as_bytes();
        let expected = vec![message(None, "a"), message(Some("late"), "b"), SseEvent::Comment, message(None, "c\n d")];
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
        assert_eq!(read(&[b"error: {\"code\":400}\n\n"]), vec![SseEvent::Error("{\"code\":400}".to_owned())]);
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        let mut decoder = Decoder::new();
        let long = vec![b'x'; MAX_LINE_BYTES];
        decoder.push(&long, &mut Vec::new()).unwrap();
        assert_eq!(decoder.push(b"x", &mut Vec::new()), Err(SseError::LineTooLong));
    }
}
