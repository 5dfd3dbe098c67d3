//! From the pieces of a body to deltas: what is the same in every dialect, and the answer so far that each of them adds
//! to. A dialect only says what a step of its own means. Pure.

use serde_json::Value;

use super::body::{BodyReader, Form, Piece};
use super::error::from_value;
use super::think::ThinkSplitter;
use super::values::{has_error, is_bare_error, parse_json};
use super::{BodyDecoder, Progress, Tolerance};
use crate::chat::{ChatError, Delta, ErrorKind, Finish, StreamEnd, ToolCallFragment, Usage};

/// What a dialect makes of a body.
pub(super) trait Reads: Default {
    /// What its bodies are made of.
    const FORM: Form;
    /// Whether the end is announced besides its reason.
    const ANNOUNCES_END: bool = true;

    /// Reads a step of the commonest shape without building a tree; `false` when it has to be looked at whole.
    fn read_common(&mut self, _data: &str, _answer: &mut Answer) -> bool {
        false
    }

    /// Reads a step; its name only helps where the JSON has no type.
    fn read_step(&mut self, name: Option<&str>, step: &Value, answer: &mut Answer);

    /// Reads a whole answer in place of a stream; `false` when the document is none. It may hold an error besides.
    fn read_document(&mut self, document: &Value, answer: &mut Answer) -> bool;

    /// The body is over: gives out what was held back.
    fn close(&mut self, _answer: &mut Answer) {}

    /// What the same vendor wants back with this answer.
    fn kept(&mut self) -> Option<Value>;
}

/// Bytes of reasoning that are kept to know it again.
const MAX_APART_BYTES: usize = 4096;

/// The answer so far: what it added since it was last handed over, and how it ended.
#[derive(Debug, Default)]
pub(super) struct Answer {
    deltas: Vec<Delta>,
    think: ThinkSplitter,
    /// The beginning of the reasoning that came apart from the text; tags in the text may only repeat it.
    apart: String,
    has_content: bool,
    is_announced: bool,
    error: Option<ChatError>,
    tolerances: Vec<Tolerance>,
    finish: Option<Finish>,
    raw: String,
    model: String,
    /// What the body said that is nothing of an answer.
    unread: String,
}

impl Answer {
    /// Adds to the answer's text; reasoning between tags at its start is told apart.
    pub(super) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.has_content = true;
            let before = self.deltas.len();
            self.think.push(text, &self.apart, &mut self.deltas);
            self.judge_tags(before);
        }
    }

    pub(super) fn reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            let room = MAX_APART_BYTES.saturating_sub(self.apart.len());
            self.apart.push_str(&text[..text.floor_char_boundary(room)]);
            self.push_content(Delta::Reasoning(text.to_owned()));
        }
    }

    /// What came between tags since then counts, unless it came apart as well.
    fn judge_tags(&mut self, from: usize) {
        let is_tagged = |delta: &Delta| matches!(delta, Delta::Reasoning(_));
        if self.deltas[from..].iter().any(is_tagged) {
            self.tolerate(Tolerance::ThinkTags);
            if !self.apart.is_empty() {
                let new = self.deltas.split_off(from);
                self.deltas.extend(new.into_iter().filter(|delta| !is_tagged(delta)));
            }
        }
    }

    pub(super) fn call(&mut self, fragment: ToolCallFragment) {
        self.push_content(Delta::ToolCall(fragment));
    }

    pub(super) fn usage(&mut self, usage: Option<Usage>) {
        self.deltas.extend(usage.map(Delta::Usage));
    }

    /// The model that answers, as a field names it; said once.
    pub(super) fn model(&mut self, field: &Value) {
        self.model_named(field.as_str().unwrap_or_default());
    }

    pub(super) fn model_named(&mut self, model: &str) {
        if !model.is_empty() && model != self.model {
            model.clone_into(&mut self.model);
            self.deltas.push(Delta::Model(model.to_owned()));
        }
    }

    /// The server gave a reason for the end; that all is well does not undo what was said before.
    pub(super) fn finish(&mut self, finish: Finish, raw: &str) {
        if finish == Finish::Stop && self.finish.is_some_and(|known| known != Finish::Stop) {
            return;
        }
        self.finish = Some(finish);
        raw.clone_into(&mut self.raw);
        self.deltas.push(Delta::Finish { finish, raw: raw.to_owned() });
    }

    /// The end was announced.
    pub(super) fn announce(&mut self) {
        self.is_announced = true;
    }

    /// The answer failed; the first failure counts.
    pub(super) fn fail(&mut self, error: ChatError) {
        self.error.get_or_insert(error);
    }

    /// Something had to be tolerated.
    pub(super) fn tolerate(&mut self, tolerance: Tolerance) {
        if !self.tolerances.contains(&tolerance) {
            self.tolerances.push(tolerance);
        }
    }

    /// Whether something to show came.
    pub(super) fn has_content(&self) -> bool {
        self.has_content
    }

    /// The body is over: gives out what was held back for a tag that did not come.
    fn close(&mut self) {
        let before = self.deltas.len();
        self.think.finish(&mut self.deltas);
        self.judge_tags(before);
    }

    fn push_content(&mut self, delta: Delta) {
        self.has_content = true;
        self.deltas.push(delta);
    }

    fn is_over(&self) -> bool {
        self.is_announced || self.error.is_some()
    }

    fn end(&mut self) -> StreamEnd {
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
            None => {
                let quoted = std::mem::take(&mut self.unread);
                let sentence = if self.has_content || quoted.is_empty() {
                    "The answer ended before it was complete.".to_owned()
                } else {
                    format!("The server sent no answer but: {quoted}")
                };
                cut(ErrorKind::Network, &sentence)
            }
        }
    }
}

/// Reads one body with what a dialect knows.
#[derive(Debug)]
pub struct Reader<D> {
    body: BodyReader,
    answer: Answer,
    dialect: D,
}

impl<D: Reads> Default for Reader<D> {
    fn default() -> Self {
        Self { body: BodyReader::new(D::FORM), answer: Answer::default(), dialect: D::default() }
    }
}

impl<D: Reads> BodyDecoder for Reader<D> {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Progress {
        let Self { body, answer, dialect } = self;
        if !answer.is_over() {
            body.push(bytes, &mut |piece| read_piece(dialect, piece, false, answer));
            out.append(&mut answer.deltas);
        }
        if answer.is_over() { Progress::Done } else { Progress::More }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> StreamEnd {
        let Self { body, answer, dialect } = self;
        if !answer.is_over() {
            body.finish(&mut |piece| read_piece(dialect, piece, true, answer));
        }
        dialect.close(answer);
        answer.close();
        out.append(&mut answer.deltas);
        out.extend(dialect.kept().map(Delta::Opaque));
        match (answer.finish, answer.is_announced) {
            (Some(_), false) if D::ANNOUNCES_END && answer.error.is_none() => {
                answer.tolerate(Tolerance::EndNotAnnounced);
            }
            (None, true) => answer.tolerate(Tolerance::EndWithoutReason),
            _ => {}
        }
        answer.end()
    }

    fn tolerances(&self) -> &[Tolerance] {
        &self.answer.tolerances
    }
}

/// Reads a piece, unless the answer is over. `is_last`: the body ended with it; what does not parse was cut and is not
/// wrong.
fn read_piece<D: Reads>(dialect: &mut D, piece: Piece<'_>, is_last: bool, answer: &mut Answer) {
    if answer.is_over() {
        return;
    }
    let before = answer.deltas.len();
    match piece {
        Piece::Alive => {}
        Piece::Step { data, .. } if dialect.read_common(data, answer) => {}
        Piece::Step { name, data } => match parse_json(data) {
            Some((step, is_mended)) => {
                if is_mended {
                    answer.tolerate(Tolerance::LoneSurrogate);
                }
                dialect.read_step(name, &step, answer);
            }
            None if is_last => answer.tolerate(Tolerance::CutPiece),
            // A word that is no JSON at all is some proxy's sign of life.
            None if !data.starts_with('{') => answer.tolerate(Tolerance::NotJson),
            None => {
                let sentence = "The server sent a piece of the answer that is not valid JSON.";
                answer.fail(ChatError::new(ErrorKind::Protocol, sentence));
            }
        },
        Piece::Document(document) => {
            let is_answer = dialect.read_document(&document, answer);
            if has_error(&document) || (!is_answer && is_bare_error(&document)) {
                answer.fail(from_value(&document));
            } else if is_answer {
                answer.tolerate(Tolerance::WholeDocument);
            } else {
                let error = from_value(&document);
                answer.fail(ChatError { kind: ErrorKind::Protocol, retryable: false, ..error });
            }
        }
        Piece::Unread(text) => text.clone_into(&mut answer.unread),
        Piece::Done => answer.announce(),
        Piece::Failed(error) => answer.fail(error),
    }
    if answer.deltas.len() == before && !answer.is_over() {
        answer.deltas.push(Delta::Alive);
    }
}
