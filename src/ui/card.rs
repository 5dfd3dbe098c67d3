//! Questions to the person inside the conversation: may this call run, and ask again. A call's arguments are shown in
//! full, escaped, with their size; longer ones scroll inside the card.

use serde_json::Value;

use super::canvas::{push, styled};
use super::line::Line;
use super::message::Frame;
use super::wrap;
use crate::agent::{AskReason, CallState};
use crate::app::{Focus, Model};
use crate::chat::Arguments;
use crate::safe_text::SafeText;
use crate::strings;

/// Rows of the card around its arguments: with blank lines, and without where the conversation has few rows.
const CARD_ROWS: usize = 8;
const TIGHT_CARD_ROWS: usize = 3;
/// Below this many rows there are no blank lines in the card.
const TIGHT: usize = 14;
/// Below this many columns the keys have one word each.
const NARROW: usize = 56;

/// The rows of the approval card and, for scrolling, how many argument lines there are and how many are shown.
pub struct Card {
    /// The rows, from column 0.
    pub lines: Vec<Line>,
    /// All lines of the arguments.
    pub argument_lines: usize,
    /// Those shown.
    pub visible: usize,
}

/// The card of the call that waits, if one does.
#[must_use]
pub(super) fn approval(model: &Model, frame: &Frame, viewport: usize) -> Option<Card> {
    let turn = model.running_turn()?;
    let call = turn.tracker().get(model.approval.call?)?;
    let theme = &frame.theme;
    let is_tight = viewport < TIGHT;
    let mut lines = Vec::new();
    let blank = |lines: &mut Vec<Line>| {
        if !is_tight {
            lines.push(Line::default());
        }
    };
    let mut head = styled(" ", theme.text);
    push(&mut head, "?", theme.waiting.patch(theme.bold));
    push(&mut head, " ", theme.text);
    push(&mut head, &strings::may_run(&call.name), theme.waiting.patch(theme.bold));
    let waiting: Vec<_> = turn.tracker().waiting().collect();
    if waiting.len() > 1 {
        push(&mut head, &format!("   {}", strings::one_of(1, waiting.len())), theme.dim);
    }
    lines.push(head);
    blank(&mut lines);
    if call.state == CallState::Waiting(AskReason::Repeated) {
        lines.push(styled(&format!("     {}", strings::CARD_REPEATED), theme.waiting));
        blank(&mut lines);
    }
    let width = (frame.prose as usize).saturating_sub(2).max(8);
    let arguments = argument_lines(call.arguments.as_ref(), frame, width);
    let around = if is_tight { TIGHT_CARD_ROWS } else { CARD_ROWS };
    let visible = arguments.len().min(viewport.saturating_sub(around).max(2));
    let top = model.approval.top.min(arguments.len().saturating_sub(visible));
    let count = arguments.len();
    lines.extend(arguments.into_iter().skip(top).take(visible));
    blank(&mut lines);
    let bytes = call.arguments.as_ref().map_or(0, |arguments| arguments.to_json_text().len());
    let size =
        if top + visible < count { strings::more_lines(count - top - visible) } else { strings::bytes_in_full(bytes) };
    let about = model.tools.iter().find(|tool| tool.spec.name == call.name).map_or("", |tool| tool.about.as_str());
    let about = SafeText::line(about).fit(width.saturating_sub(size.len() + 2));
    let mut foot = styled("     ", theme.dim);
    let gap = width.saturating_sub(about.width() + size.len());
    foot.push(about, theme.dim);
    push(&mut foot, &" ".repeat(gap), theme.dim);
    push(&mut foot, &size, theme.dim);
    lines.push(foot);
    blank(&mut lines);
    lines.push(keys_line(model, frame));
    blank(&mut lines);
    Some(Card { lines, argument_lines: count, visible })
}

fn keys_line(model: &Model, frame: &Frame) -> Line {
    let theme = &frame.theme;
    let mut line = styled("     ", theme.text);
    if model.approval.is_always_asked {
        push(&mut line, &format!("{}   ", strings::CARD_ALWAYS), theme.waiting);
        key_pairs(&mut line, &strings::CARD_ALWAYS_KEYS, frame);
        return line;
    }
    if !model.composer.is_empty() || model.focus == Focus::Messages {
        push(&mut line, &format!("{}   ", strings::CARD_WITH_DRAFT), theme.dim);
    }
    let keys = if (frame.prose as usize) < NARROW { &strings::CARD_KEYS_SHORT } else { &strings::CARD_KEYS };
    key_pairs(&mut line, keys, frame);
    line
}

fn key_pairs(line: &mut Line, pairs: &[(&str, &str)], frame: &Frame) {
    for (index, (key, words)) in pairs.iter().enumerate() {
        if index > 0 {
            push(line, if (frame.prose as usize) < NARROW { "   " } else { "     " }, frame.theme.text);
        }
        push(line, key, frame.theme.bold);
        push(line, &format!("  {words}"), frame.theme.text);
    }
}

/// Every argument in full: names dim, values as JSON.
fn argument_lines(arguments: Option<&Arguments>, frame: &Frame, width: usize) -> Vec<Line> {
    let theme = &frame.theme;
    let mut lines = Vec::new();
    let map = match arguments {
        Some(Arguments::Object(map)) => map,
        Some(Arguments::Raw(text)) => {
            for piece in wrap::wrap_plain(&SafeText::block(text), width) {
                let mut line = styled("     ", theme.text);
                line.push(piece, theme.text);
                lines.push(line);
            }
            return lines;
        }
        None => return lines,
    };
    let key_width = map.keys().map(|key| SafeText::line(key).width()).max().unwrap_or(0);
    // A long name has a line of its own, so that it is never cut.
    let has_own_lines = key_width > width / 3;
    let key_width = if has_own_lines { 0 } else { key_width };
    for (key, value) in map {
        let key = SafeText::line(key);
        let value = match value {
            Value::String(text) => SafeText::block(&format!("{text:?}")),
            other => SafeText::block(&spaced_json(other)),
        };
        if has_own_lines {
            for piece in wrap::wrap_plain(&key, width) {
                let mut line = styled("     ", theme.text);
                line.push(piece, theme.dim);
                lines.push(line);
            }
        }
        let pieces = wrap::wrap_plain(&value, width.saturating_sub(key_width + 2).max(8));
        for (row, piece) in pieces.into_iter().enumerate() {
            let mut line = styled("     ", theme.text);
            let label = if row == 0 && !has_own_lines { key.clone() } else { SafeText::default() };
            let pad = key_width.saturating_sub(label.width()) + 2;
            line.push(label, theme.dim);
            push(&mut line, &" ".repeat(pad), theme.text);
            line.push(piece, theme.text);
            lines.push(line);
        }
    }
    lines
}

/// JSON on one line with a blank after commas and colons, as people write it.
fn spaced_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// The question before the last question is asked again.
#[must_use]
pub(super) fn ask_again(frame: &Frame) -> Vec<Line> {
    let theme = &frame.theme;
    let mut line = styled(" ", theme.text);
    push(&mut line, "?", theme.waiting);
    push(&mut line, &format!(" {}   ", strings::ASK_AGAIN), theme.waiting.patch(theme.bold));
    key_pairs(&mut line, &strings::ASK_AGAIN_KEYS, frame);
    vec![line, Line::default()]
}
