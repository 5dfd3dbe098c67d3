//! What went wrong with an answer, in the conversation: a mark, a sentence, what it means, and the keys that help, the best
//! on Enter.

use super::canvas::{push, styled};
use super::line::Line;
use super::message::{Frame, cut};
use super::wrap;
use crate::agent::Phase;
use crate::app::{Model, Remedy, Target};
use crate::chat::ChatError;
use crate::safe_text::{SafeText, width};
use crate::strings::failure::{Reached, error_words};
use crate::strings::{self, hint};

/// Bytes of the vendor's words that are shown.
const MAX_WHY_BYTES: usize = 16 * 1024;
/// Column of what follows the sentence.
const INDENT: &str = "     ";

/// The card of an answer that failed. `is_open`: it is the last one, so that something can be done about it.
pub(super) fn of_answer(
    model: &Model,
    error: &ChatError,
    asked: &Target,
    reached: Reached,
    is_open: bool,
    frame: &Frame,
) -> Vec<Line> {
    let words = error_words(error, &model.providers.culprit(asked), reached);
    let mut lines = head(&words.sentence, words.is_warning, frame);
    for sentence in &words.meaning {
        indented(&mut lines, &SafeText::line(sentence), frame.theme.text, frame);
    }
    if is_open {
        why(&mut lines, model, error, frame);
        if !words.meaning.is_empty() || model.is_why_shown {
            lines.push(Line::default());
        }
        keys(&mut lines, model, frame);
    }
    lines.push(Line::default());
    lines
}

/// The card of a request that failed and is made again in a moment; the countdown stands in the live row only.
pub(super) fn of_wait(model: &Model, frame: &Frame) -> Option<Vec<Line>> {
    let turn = model.running_turn()?;
    let Phase::WaitingToRetry { error, .. } = turn.phase() else { return None };
    let asked = Target { provider: turn.provider().to_owned(), model: turn.model().to_owned() };
    let words = error_words(error, &model.providers.culprit(&asked), Reached::default());
    let mut lines = head(&words.sentence, true, frame);
    // That the question is kept goes without saying while it is asked.
    if let [cause, _, ..] = words.meaning.as_slice() {
        indented(&mut lines, &SafeText::line(cause), frame.theme.text, frame);
        lines.push(Line::default());
    }
    why(&mut lines, model, error, frame);
    if model.is_why_shown {
        lines.push(Line::default());
    }
    keys(&mut lines, model, frame);
    lines.push(Line::default());
    Some(lines)
}

fn head(sentence: &str, is_warning: bool, frame: &Frame) -> Vec<Line> {
    let theme = &frame.theme;
    let (mark, style) = if is_warning { ("!", theme.waiting) } else { (frame.symbols.bad, theme.bad) };
    let mut lines = Vec::new();
    for (row, piece) in wrap::wrap_plain(&SafeText::line(sentence), frame.prose as usize).into_iter().enumerate() {
        let mut line = styled(" ", theme.text);
        push(&mut line, if row == 0 { mark } else { " " }, style);
        push(&mut line, " ", theme.text);
        line.push(piece, theme.text);
        lines.push(line);
    }
    lines.push(Line::default());
    lines
}

fn indented(lines: &mut Vec<Line>, text: &SafeText, style: ratatui::style::Style, frame: &Frame) {
    for piece in wrap::wrap_plain(text, (frame.prose as usize).saturating_sub(2)) {
        let mut line = styled(INDENT, style);
        line.push(piece, style);
        lines.push(line);
    }
}

/// The vendor's own words, once asked for.
fn why(lines: &mut Vec<Line>, model: &Model, error: &ChatError, frame: &Frame) {
    if !model.is_why_shown {
        return;
    }
    let words = match error.status {
        Some(status) => format!("{status}   {}", error.message),
        None => error.message.clone(),
    };
    indented(lines, &SafeText::block(cut(&words, MAX_WHY_BYTES)), frame.theme.dim, frame);
}

/// The keys, on as many rows as they need.
fn keys(lines: &mut Vec<Line>, model: &Model, frame: &Frame) {
    let Some(remedy) = model.remedy() else { return };
    let theme = &frame.theme;
    let mut pairs = vec![("Enter", words_of(remedy))];
    if !matches!(remedy, Remedy::OtherModel | Remedy::GoOn) {
        pairs.push(("m", hint::OTHER_MODEL));
    }
    match remedy {
        Remedy::TryAgain | Remedy::TryNow => {}
        Remedy::GoOn => pairs.push(("r", hint::ASK_AGAIN)),
        Remedy::OtherModel => pairs.extend([("e", hint::EDIT_THE_QUESTION), ("r", hint::TRY_AGAIN)]),
        Remedy::OtherKey | Remedy::EditQuestion => pairs.push(("r", hint::TRY_AGAIN)),
    }
    if model.has_reason() {
        pairs.push(("w", hint::WHY));
    }
    let room = frame.prose as usize + 3;
    let mut line = styled(strings::TAB_THEN, theme.dim);
    for (at, (key, words)) in pairs.into_iter().enumerate() {
        let columns = width(key) + width(words) + 2;
        if at > 0 && line.width() + 3 + columns > room {
            lines.push(std::mem::replace(&mut line, styled(INDENT, theme.dim)));
        } else if at > 0 {
            push(&mut line, "   ", theme.dim);
        }
        push(&mut line, key, theme.bold);
        push(&mut line, &format!("  {words}"), theme.dim);
    }
    lines.push(line);
}

/// What a remedy does, in a few words.
pub(super) fn words_of(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::TryNow => hint::TRY_NOW,
        Remedy::OtherKey => hint::OTHER_KEY,
        Remedy::OtherModel => hint::OTHER_MODEL,
        Remedy::EditQuestion => hint::EDIT_THE_QUESTION,
        Remedy::TryAgain => hint::TRY_AGAIN,
        Remedy::GoOn => hint::GO_ON,
    }
}
