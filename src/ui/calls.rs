//! The tool calls of an answer where they happened: a dim line each, with its mark, its arguments in short and how it
//! ended. What a call is given and gives in full, and how long it has been running, is in the panel; a call that waits
//! for a person stands there as a card.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::canvas::push;
use super::line::Line;
use super::message::Frame;
use super::panel::short_value;
use crate::agent::{CallState, Turn};
use crate::app::Model;
use crate::chat::{Arguments, Entry, EntryBody, EntryState, ToolResult, ToolStatus};
use crate::safe_text::SafeText;
use crate::strings;

/// What a line tells.
struct Call<'a> {
    name: &'a str,
    arguments: Option<&'a Arguments>,
    state: CallState,
    /// How long it ran, in ms.
    elapsed_ms: u64,
    /// Its result is a message of its own.
    has_result: bool,
}

/// The results right after this answer.
fn results(model: &Model, at: usize) -> impl Iterator<Item = &ToolResult> {
    model.chat.conversation.entries[at + 1..].iter().map_while(|entry| match &entry.body {
        EntryBody::ToolResult(result) => Some(result),
        EntryBody::Question(_) | EntryBody::Answer { .. } => None,
    })
}

fn calls<'a>(model: &'a Model, at: usize, entry: &'a Entry) -> Vec<Call<'a>> {
    let EntryBody::Answer { message, .. } = &entry.body else { return Vec::new() };
    let turn = model.turn_of(&entry.id);
    let tracked = turn.map(Turn::calls_of_answer).unwrap_or_default();
    if entry.state == EntryState::Streaming {
        let calls = tracked.iter().map(|call| Call {
            name: &call.name,
            arguments: call.arguments.as_ref(),
            state: call.state,
            elapsed_ms: call.elapsed_ms,
            has_result: false,
        });
        return calls.collect();
    }
    let of_message = message.tool_calls.iter().enumerate().map(|(number, call)| {
        let result = results(model, at).find(|result| result.call_id == call.id);
        let state = match (result, tracked.get(number)) {
            (Some(result), _) => CallState::Ended(result.status),
            (None, Some(tracked)) => tracked.state,
            (None, None) => CallState::Ended(ToolStatus::Cancelled),
        };
        Call {
            name: &call.name,
            arguments: Some(&call.arguments),
            state,
            elapsed_ms: result.map_or(0, |result| result.elapsed_ms),
            has_result: result.is_some(),
        }
    });
    of_message.collect()
}

/// Changes when a line of this answer does.
pub(super) fn digest(model: &Model, at: usize, entry: &Entry) -> u64 {
    let EntryBody::Answer { message, .. } = &entry.body else { return 0 };
    if message.tool_calls.is_empty() && entry.state != EntryState::Streaming {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    results(model, at).count().hash(&mut hasher);
    for call in model.turn_of(&entry.id).map(Turn::calls_of_answer).unwrap_or_default() {
        (&call.name, std::mem::discriminant(&call.state), call.arguments.is_some()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Adds the lines of the calls of this answer, and a blank one.
pub(super) fn lines(lines: &mut Vec<Line>, model: &Model, at: usize, entry: &Entry, frame: &Frame) {
    let before = lines.len();
    for call in calls(model, at, entry) {
        let is_card = matches!(call.state, CallState::Waiting(_));
        // Expanded, the result stands below with all there is.
        let is_below = frame.is_expanded && call.has_result;
        if !is_card && !is_below {
            lines.push(line(&call, frame));
        }
    }
    if lines.len() > before {
        lines.push(Line::default());
    }
}

fn line(call: &Call<'_>, frame: &Frame) -> Line {
    let theme = &frame.theme;
    let (style, state) = match call.state {
        CallState::Receiving => (theme.accent, strings::RECEIVING.to_owned()),
        CallState::Ready | CallState::Running { .. } => (theme.accent, String::new()),
        CallState::Waiting(_) => (theme.waiting, strings::WAITING.to_owned()),
        CallState::Ended(ToolStatus::Done) => (theme.good, strings::seconds(call.elapsed_ms)),
        CallState::Ended(ToolStatus::Failed) => (theme.bad, strings::FAILED.to_owned()),
        CallState::Ended(ToolStatus::Denied) => (theme.waiting, strings::DENIED.to_owned()),
        CallState::Ended(ToolStatus::Cancelled) => (theme.waiting, strings::STOPPED.to_owned()),
        CallState::Ended(ToolStatus::Timeout) => (theme.bad, strings::TIMED_OUT.to_owned()),
    };
    let mut line = Line::default();
    push(&mut line, " ", theme.text);
    push(&mut line, frame.symbols.of_call(call.state), style);
    push(&mut line, " ", theme.text);
    let room = usize::from(frame.prose) + 3;
    let free = |line: &Line, state: &str| room.saturating_sub(line.width() + 3 + state.len());
    line.push(SafeText::line(call.name).fit(free(&line, &state)), theme.dim);
    let arguments = SafeText::line(&in_short(call.arguments)).fit(free(&line, &state).saturating_sub(3));
    if !arguments.is_empty() {
        push(&mut line, "   ", theme.dim);
        line.push(arguments, theme.dim);
    }
    if !state.is_empty() {
        push(&mut line, &format!("   {state}"), theme.dim);
    }
    line
}

/// The values of the arguments, as they are in the panel.
fn in_short(arguments: Option<&Arguments>) -> String {
    match arguments {
        Some(Arguments::Object(map)) => map.values().map(short_value).collect::<Vec<_>>().join(", "),
        Some(Arguments::Raw(text)) => text.chars().take(200).collect(),
        None => String::new(),
    }
}
