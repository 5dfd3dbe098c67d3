//! A successful body as pieces of JSON, whatever the server made of it: an event stream, lines of JSON, one document in
//! place of either, or a page of HTML. Shared by all dialects, and so is how a body ended. Pure.

use serde_json::Value;

use super::Progress;
use super::error::{from_text, from_value, without_markup};
use super::values::{has_error, parse_json};
use crate::chat::{ChatError, Delta, ErrorKind, Finish, StreamEnd};
use crate::sse::{Decoder, MAX_EVENT_BYTES, MAX_LINE_BYTES, SseError, SseEvent};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Blanks at the start of a body that are looked through for its kind.
const MAX_LEADING_BLANKS: usize = 4096;
/// Characters of a web page that are quoted.
const MAX_QUOTED_CHARS: usize = 300;

/// One thing a body said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// A sign of life.
    Alive,
    /// A step of the stream. Its name is the `event:` field, which only helps where the JSON has no type.
    Step { name: Option<String>, value: Value },
    /// A whole document: the server ignored that a stream was asked for.
    Document(Value),
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
    /// Only blanks and a byte order mark so far.
    Unknown(Vec<u8>),
    Events(Box<Decoder>),
    /// JSON or HTML, read at the end.
    Document(Vec<u8>),
    /// The line that has not ended yet.
    Lines(Vec<u8>),
}

/// Reads a body, however it was cut.
#[derive(Debug)]
pub(super) struct BodyReader {
    form: Form,
    content: Content,
    /// Reading what the body ended with: what does not parse there was cut and is not wrong.
    is_cut_inside: bool,
}

impl BodyReader {
    pub(super) fn new(form: Form) -> Self {
        Self { form, content: Content::Unknown(Vec::new()), is_cut_inside: false }
    }

    /// What these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if let Err(error) = self.take(bytes, &mut pieces) {
            pieces.push(unreadable(error));
        }
        pieces
    }

    /// The body is over: what it ended with.
    pub(super) fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.is_cut_inside = true;
        match std::mem::replace(&mut self.content, Content::Unknown(Vec::new())) {
            Content::Unknown(_) => {}
            Content::Document(document) => read_document(&document, &mut pieces),
            Content::Lines(line) => self.read_line(&line, &mut pieces),
            Content::Events(mut decoder) => {
                let mut events = Vec::new();
                if let Err(error) = decoder.finish(&mut events) {
                    pieces.push(unreadable(error));
                }
                pieces.extend(events.into_iter().map(|event| self.of_event(event)));
            }
        }
        pieces
    }

    fn take(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) -> Result<(), SseError> {
        match &mut self.content {
            Content::Events(decoder) => {
                let mut events = Vec::new();
                decoder.push(bytes, &mut events)?;
                pieces.extend(events.into_iter().map(|event| self.of_event(event)));
            }
            Content::Document(document) => {
                if document.len() + bytes.len() > MAX_EVENT_BYTES {
                    return Err(SseError::EventTooLong);
                }
                document.extend_from_slice(bytes);
            }
            Content::Lines(open) => {
                let mut rest = bytes;
                let mut line = std::mem::take(open);
                while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                    line.extend_from_slice(&rest[..at]);
                    rest = &rest[at + 1..];
                    self.read_line(&line, pieces);
                    line.clear();
                }
                line.extend_from_slice(rest);
                let is_too_long = line.len() > MAX_LINE_BYTES;
                self.content = Content::Lines(line);
                if is_too_long {
                    return Err(SseError::LineTooLong);
                }
            }
            Content::Unknown(seen) => {
                seen.extend_from_slice(bytes);
                if BYTE_ORDER_MARK.starts_with(seen) {
                    return Ok(());
                }
                let text = seen.strip_prefix(BYTE_ORDER_MARK).unwrap_or(seen);
                let start = &text[..text.len().min(MAX_LEADING_BLANKS)];
                let first = start.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
                if first.is_none() && start.len() < MAX_LEADING_BLANKS {
                    return Ok(());
                }
                let seen = std::mem::take(seen);
                self.content = match (first, self.form) {
                    (Some(b'<'), _) | (Some(b'{' | b'['), Form::Events) => Content::Document(Vec::new()),
                    (_, Form::Events) => Content::Events(Box::default()),
                    (_, Form::Lines) => Content::Lines(Vec::new()),
                };
                return self.take(&seen, pieces);
            }
        }
        Ok(())
    }

    fn of_event(&self, event: SseEvent) -> Piece {
        match event {
            SseEvent::Comment => Piece::Alive,
            SseEvent::Error(text) => Piece::Failed(from_text(&text)),
            SseEvent::BareJson(line) => match parse_json(&line).filter(has_error) {
                Some(value) => Piece::Failed(from_value(&value)),
                None => Piece::Alive,
            },
            SseEvent::Message { name, data } => self.of_data(name, data.trim()),
        }
    }

    fn of_data(&self, name: Option<String>, data: &str) -> Piece {
        if data == "[DONE]" {
            return Piece::Done;
        }
        let is_error = name.as_deref() == Some("error");
        match parse_json(data) {
            Some(value) if is_error => Piece::Failed(from_value(&value)),
            Some(value) => Piece::Step { name, value },
            None if is_error && !self.is_cut_inside => Piece::Failed(from_text(data)),
            // A word that is no JSON at all is some proxy's sign of life.
            None if !data.starts_with('{') || self.is_cut_inside => Piece::Alive,
            None => Piece::Failed(invalid()),
        }
    }

    fn read_line(&self, line: &[u8], pieces: &mut Vec<Piece>) {
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        // Proxies turn lines into events.
        let text = text.strip_prefix("data:").map_or(text, str::trim_start);
        if text.is_empty() {
            return;
        }
        pieces.push(self.of_data(None, text));
    }
}

fn unreadable(error: SseError) -> Piece {
    Piece::Failed(ChatError::new(ErrorKind::Protocol, format!("The answer cannot be read: {error}.")))
}

fn invalid() -> ChatError {
    ChatError::new(ErrorKind::Protocol, "The server sent a piece of the answer that is not valid JSON.")
}

fn read_document(document: &[u8], pieces: &mut Vec<Piece>) {
    let text = String::from_utf8_lossy(document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document));
    let text = text.trim();
    if text.starts_with('<') {
        let words: String = without_markup(text).chars().take(MAX_QUOTED_CHARS).collect();
        let sentence = format!("The server sent a web page instead of an answer: {words}");
        pieces.push(Piece::Failed(ChatError::new(ErrorKind::Protocol, sentence)));
    } else if let Some(value) = parse_json(text) {
        pieces.push(Piece::Document(value));
    } else {
        pieces.extend(text.lines().map_while(parse_json).map(Piece::Document));
    }
}

/// What is known of the end of an answer.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Something to show came.
    pub(super) has_content: bool,
    /// The end was announced.
    pub(super) is_announced: bool,
    error: Option<ChatError>,
    finish: Option<Finish>,
    raw: String,
}

impl Ending {
    /// Nothing more is to be read.
    pub(super) fn is_over(&self) -> bool {
        self.is_announced || self.error.is_some()
    }

    /// The answer failed; the first failure counts.
    pub(super) fn fail(&mut self, error: ChatError) {
        self.error.get_or_insert(error);
    }

    /// The server gave a reason for the end.
    pub(super) fn finish(&mut self, finish: Finish, raw: &str, out: &mut Vec<Delta>) {
        self.finish = Some(finish);
        raw.clone_into(&mut self.raw);
        out.push(Delta::Finish { finish, raw: raw.to_owned() });
    }

    /// Whether to read on.
    pub(super) fn progress(&self) -> Progress {
        if self.is_over() { Progress::Done } else { Progress::More }
    }

    /// How the stream ended.
    pub(super) fn end(&mut self) -> StreamEnd {
        if let Some(error) = self.error.take() {
            return StreamEnd::Failed { error, is_cut: false };
        }
        let cut = |kind, sentence: &str| StreamEnd::Failed { error: ChatError::new(kind, sentence), is_cut: true };
        match self.finish {
            Some(Finish::Error) => {
                let sentence = format!("The server ended the answer with `{}`.", self.raw);
                StreamEnd::Failed { error: ChatError::new(ErrorKind::Server, sentence), is_cut: false }
            }
            Some(_) => StreamEnd::Complete,
            None if self.is_announced && self.has_content => StreamEnd::Complete,
            None if self.is_announced => cut(ErrorKind::Protocol, "The server said it was done but sent no answer."),
            None => cut(ErrorKind::Network, "The answer ended before it was complete."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn step(value: Value) -> Piece {
        Piece::Step { name: None, value }
    }

    #[test]
    fn lines_are_found_however_they_are_cut() {
        let body = b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"b\":\"\xc3\xa4\"}\n{\"c\":3}";
        for size in 1..body.len() {
            let mut reader = BodyReader::new(Form::Lines);
            let mut pieces: Vec<_> = body.chunks(size).flat_map(|piece| reader.push(piece)).collect();
            pieces.extend(reader.finish());
            assert_eq!(pieces, [step(json!({"a": 1})), step(json!({"b": "ä"})), step(json!({"c": 3}))], "{size}");
        }
    }

    #[test]
    fn a_web_page_is_no_answer_in_any_form() {
        for form in [Form::Events, Form::Lines] {
            let mut reader = BodyReader::new(form);
            assert!(reader.push(b"<html><h1>Sign in</h1>").is_empty());
            let pieces = reader.finish();
            let [Piece::Failed(error)] = pieces.as_slice() else { panic!("no failure") };
            assert_eq!(error.message, "The server sent a web page instead of an answer: Sign in");
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut reader = BodyReader::new(Form::Lines);
        reader.push(b"{");
        let piece = vec![b'x'; 1024 * 1024];
        let failed = (0..9).flat_map(|_| reader.push(&piece)).any(|piece| matches!(piece, Piece::Failed(_)));
        assert!(failed);
    }
}
