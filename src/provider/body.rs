//! A successful body as pieces, whatever the server made of it: an event stream, lines of JSON, one document in place of
//! either, or a page of HTML. Shared by all dialects. Pure.

use memchr::memchr;
use serde_json::Value;

use super::error::{from_text, from_value, without_markup};
use super::values::{has_error, parse_json};
use crate::chat::{ChatError, ErrorKind};
use crate::sse::{Decoder, MAX_EVENT_BYTES, MAX_LINE_BYTES, SseError, SseEvent};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Characters of a web page that are quoted.
const MAX_QUOTED_CHARS: usize = 300;

/// One thing a body said.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A sign of life.
    Alive,
    /// A step of the stream. Its name is the `event:` field, which only helps where the JSON has no type.
    Step { name: Option<&'a str>, data: &'a str },
    /// A whole document: the server ignored that a stream was asked for.
    Document(Value),
    /// What a body without any event said, for an error.
    Unread(String),
    /// `[DONE]`: what follows is nobody's business.
    Done,
    /// It cannot be read, or says that something failed.
    Failed(ChatError),
}

/// What a dialect's bodies are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// A JSON object a line.
    Lines,
}

/// What this body turned out to be.
#[derive(Debug)]
enum Content {
    /// Only the beginning of a byte order mark so far, or blanks, which are not kept: a busy server may send them for an
    /// hour.
    Unknown {
        seen: Vec<u8>,
        has_blanks: bool,
    },
    Events(Box<Decoder>, Opening),
    /// JSON or HTML, read at the end.
    Document(Vec<u8>),
    /// The line that has not ended yet.
    Lines(Vec<u8>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Unknown { seen: Vec::new(), has_blanks: false }
    }
}

/// The beginning of an event stream, kept until its first event.
#[derive(Debug, Default)]
struct Opening {
    bytes: Vec<u8>,
    has_event: bool,
}

impl Opening {
    fn take(&mut self, bytes: &[u8]) {
        let room = (4 * MAX_QUOTED_CHARS).saturating_sub(self.bytes.len());
        if !self.has_event {
            self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn quoted(&self) -> Option<Piece<'static>> {
        let text = String::from_utf8_lossy(&self.bytes);
        let is_comment = |line: &&str| !line.trim().is_empty() && !line.starts_with(':');
        let words = without_markup(&text.lines().filter(is_comment).collect::<Vec<_>>().join(" "));
        let words: String = words.chars().take(MAX_QUOTED_CHARS).collect();
        (!self.has_event && !words.is_empty()).then_some(Piece::Unread(words))
    }
}

/// Reads a body, however it was cut.
#[derive(Debug)]
pub(super) struct BodyReader {
    form: Form,
    content: Content,
}

impl BodyReader {
    pub(super) fn new(form: Form) -> Self {
        Self { form, content: Content::default() }
    }

    /// Tells `sink` what these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        if let Err(error) = self.take(bytes, sink) {
            sink(unreadable(error));
        }
    }

    /// The body is over: what it ended with.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Piece<'_>)) {
        match std::mem::take(&mut self.content) {
            Content::Unknown { .. } => {}
            Content::Document(document) => read_document(&document, sink),
            Content::Lines(line) => read_line(&line, true, sink),
            Content::Events(mut decoder, mut opening) => {
                let read = decoder.finish(&mut |event| {
                    opening.has_event |= matches!(event, SseEvent::Message { .. });
                    sink(of_event(event, true));
                });
                opening.quoted().map(&mut *sink);
                if let Err(error) = read {
                    sink(unreadable(error));
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) -> Result<(), SseError> {
        match &mut self.content {
            Content::Events(decoder, opening) => {
                opening.take(bytes);
                decoder.push(bytes, &mut |event| {
                    opening.has_event |= matches!(event, SseEvent::Message { .. });
                    sink(of_event(event, false));
                })?;
            }
            Content::Document(document) => {
                if document.len() + bytes.len() > MAX_EVENT_BYTES {
                    return Err(SseError::EventTooLong);
                }
                document.extend_from_slice(bytes);
            }
            Content::Lines(open) => {
                let mut rest = bytes;
                while let Some(at) = memchr(b'\n', rest) {
                    open.extend_from_slice(&rest[..at]);
                    rest = &rest[at + 1..];
                    read_line(open, false, sink);
                    open.clear();
                }
                open.extend_from_slice(rest);
                if open.len() > MAX_LINE_BYTES {
                    return Err(SseError::LineTooLong);
                }
            }
            Content::Unknown { seen, has_blanks } => {
                seen.extend_from_slice(bytes);
                let is_at_start = !*has_blanks;
                if is_at_start && BYTE_ORDER_MARK.starts_with(seen) {
                    return Ok(());
                }
                let text =
                    seen.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_at_start).unwrap_or(seen).trim_ascii_start();
                let Some(first) = text.first().copied() else {
                    *has_blanks = true;
                    seen.clear();
                    return Ok(());
                };
                let rest = text.to_vec();
                self.content = match (first, self.form) {
                    (b'<', _) | (b'{' | b'[' | b'"', Form::Events) => Content::Document(Vec::new()),
                    (_, Form::Events) => Content::Events(Box::default(), Opening::default()),
                    (_, Form::Lines) => Content::Lines(Vec::new()),
                };
                return self.take(&rest, sink);
            }
        }
        Ok(())
    }
}

fn of_event(event: SseEvent<'_>, is_cut_inside: bool) -> Piece<'_> {
    match event {
        SseEvent::Comment => Piece::Alive,
        SseEvent::Error(text) => Piece::Failed(from_text(text)),
        SseEvent::BareJson("[DONE]") => Piece::Done,
        SseEvent::BareJson(line) => match parse_json(line).filter(|(value, _)| has_error(value)) {
            Some((value, _)) => Piece::Failed(from_value(&value)),
            None => Piece::Alive,
        },
        SseEvent::Message { name, data } => of_data(name, data.trim(), is_cut_inside),
    }
}

fn of_data<'a>(name: Option<&'a str>, data: &'a str, is_cut_inside: bool) -> Piece<'a> {
    if data == "[DONE]" || data == "\"[DONE]\"" {
        Piece::Done
    } else if name == Some("error") {
        match parse_json(data) {
            Some((value, _)) => Piece::Failed(from_value(&value)),
            None if is_cut_inside => Piece::Alive,
            None => Piece::Failed(from_text(data)),
        }
    } else {
        Piece::Step { name, data }
    }
}

fn read_line(line: &[u8], is_cut_inside: bool, sink: &mut impl FnMut(Piece<'_>)) {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    // Proxies turn lines into events.
    let text = text.strip_prefix("data:").map_or(text, str::trim_start);
    if !text.is_empty() {
        sink(of_data(None, text, is_cut_inside));
    }
}

fn unreadable(error: SseError) -> Piece<'static> {
    Piece::Failed(ChatError::new(ErrorKind::Protocol, format!("The answer cannot be read: {error}.")))
}

fn read_document(document: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
    let text = String::from_utf8_lossy(document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document));
    let text = text.trim();
    if text.starts_with('<') {
        let words: String = without_markup(text).chars().take(MAX_QUOTED_CHARS).collect();
        let sentence = format!("The server sent a web page instead of an answer: {words}");
        sink(Piece::Failed(ChatError::new(ErrorKind::Protocol, sentence)));
    } else if let Some((value, _)) = parse_json(text) {
        sink(Piece::Document(value));
    } else if let Some(items) = text.strip_prefix('[') {
        // A list that broke off: what is whole of it counts.
        let mut rest = items;
        loop {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let Some(Ok(value)) = stream.next() else { break };
            rest = rest[stream.byte_offset()..].trim_start().trim_start_matches(',');
            sink(Piece::Document(value));
        }
    } else {
        text.lines().map_while(parse_json).for_each(|(value, _)| sink(Piece::Document(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = BodyReader::new(form);
        let mut out = Vec::new();
        let mut sink = |piece: Piece<'_>| {
            out.push(match piece {
                Piece::Step { data, .. } => data.to_owned(),
                Piece::Failed(error) => error.message,
                other => format!("{other:?}"),
            });
        };
        for piece in pieces {
            reader.push(piece, &mut sink);
        }
        reader.finish(&mut sink);
        out
    }

    #[test]
    fn a_byte_order_mark_counts_at_the_very_start_only_however_it_is_cut() {
        for body in ["\t\u{feff}e", "\u{feff}\te", "\u{feff} \u{feff}{}"] {
            let bytes: Vec<_> = body.as_bytes().chunks(1).collect();
            assert_eq!(read(Form::Events, &bytes), read(Form::Events, &[body.as_bytes()]), "{body:?}");
        }
    }

    #[test]
    fn lines_are_found_however_they_are_cut() {
        let body = b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"b\":\"\xc3\xa4\"}\n{\"c\":3}";
        for size in 1..body.len() {
            let pieces: Vec<_> = body.chunks(size).collect();
            assert_eq!(read(Form::Lines, &pieces), ["{\"a\":1}", "{\"b\":\"ä\"}", "{\"c\":3}"], "{size}");
        }
    }

    #[test]
    fn a_web_page_is_no_answer_in_any_form() {
        for form in [Form::Events, Form::Lines] {
            assert_eq!(
                read(form, &[b"<html><h1>Sign in</h1>"]),
                ["The server sent a web page instead of an answer: Sign in"]
            );
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let piece = vec![b'x'; 1024 * 1024];
        let mut pieces: Vec<&[u8]> = vec![b"{"];
        pieces.extend((0..9).map(|_| piece.as_slice()));
        assert!(read(Form::Lines, &pieces)[0].contains("longer than 8 MiB"));
    }
}
