//! The side panel: every call of the turn, live, oldest first; a call that waits for a person comes first.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;
use serde_json::Value;

use super::canvas::{Canvas, push, styled};
use super::layout::Layout;
use super::line::Line;
use super::theme::Theme;
use crate::agent::{CallState, TrackedCall};
use crate::app::{Focus, Model};
use crate::chat::{Arguments, ToolStatus};
use crate::safe_text::SafeText;
use crate::strings;

/// Most lines of arguments shown for a call.
const MAX_ARGUMENT_LINES: usize = 6;

/// Draws the panel beside the conversation.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.panel;
    if area.width == 0 {
        return;
    }
    canvas.divider(Rect { width: 1, ..area });
    let inner = Rect::new(area.x + 1, area.y, area.width - 1, area.height);
    canvas.text(inner, inner.x + 1, inner.y, strings::TOOLS, canvas.theme.bold);
    canvas.text_right(inner, inner.y, 2, &summary(model), canvas.theme.dim);
    draw_calls(canvas, model, body(layout));
}

/// Draws the calls into this area, the newest visible where they do not all fit.
pub(super) fn draw_calls(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let Calls { lines, top, .. } = lay_out(canvas, model, area);
    let top = top.saturating_sub(model.panel.scrolled_up);
    for (row, line) in lines.into_iter().skip(top).take(area.height as usize).enumerate() {
        canvas.line(area, area.x, area.y + row as u16, line);
    }
}

/// The call in this row of the screen, where the calls are drawn into this area.
#[must_use]
pub(super) fn call_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let calls = lay_out(&Canvas::empty(model, &Theme::of(model.theme(), model.look)), model, area);
    let row = calls.top.saturating_sub(model.panel.scrolled_up) + usize::from(y.checked_sub(area.y)?);
    calls.places.into_iter().find(|(_, rows)| rows.contains(&row)).map(|(at, _)| at)
}

/// How far up the calls can be scrolled in this area.
#[must_use]
pub(super) fn most_scrolled(model: &Model, area: Rect) -> usize {
    lay_out(&Canvas::empty(model, &Theme::of(model.theme(), model.look)), model, area).top
}

/// Where the calls stand in the panel.
#[must_use]
pub(super) fn body(layout: &Layout) -> Rect {
    let area = layout.panel;
    Rect::new(area.x + 1, area.y + 2, area.width.saturating_sub(1), area.height.saturating_sub(2))
}

/// The calls as rows.
struct Calls {
    lines: Vec<Line>,
    /// Which rows show which call.
    places: Vec<(usize, Range<usize>)>,
    /// The first row to be seen, unless another one is scrolled to.
    top: usize,
}

fn lay_out(canvas: &Canvas<'_>, model: &Model, area: Rect) -> Calls {
    let theme = canvas.theme;
    let mut lines: Vec<Line> = Vec::new();
    let mut places = Vec::new();
    let mut selected_rows = (0, 0);
    let calls = model.turn.as_ref().map(|turn| turn.tracker().calls.as_slice()).unwrap_or_default();
    let earlier = model
        .chat
        .conversation
        .entries
        .result_count()
        .saturating_sub(calls.iter().filter(|call| call.is_ended()).count());
    if earlier > 0 {
        lines.push(styled(&format!("   {}", strings::earlier_calls(earlier)), theme.dim));
        lines.push(Line::default());
    }
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|at| !matches!(calls[*at].state, CallState::Waiting(_)));
    let is_focused = model.focus == Focus::Panel || !model.overlays.is_empty();
    for at in order {
        let from = lines.len();
        let is_selected = is_focused && model.panel.selected == Some(at);
        call_lines(canvas, model, &calls[at], is_selected, area.width, &mut lines);
        places.push((at, from..lines.len()));
        lines.push(Line::default());
        if is_selected {
            selected_rows = (from, lines.len());
        }
    }
    if calls.is_empty() && earlier == 0 {
        lines.extend(ready_lines(model, &theme));
    }
    let height = area.height as usize;
    let top = if is_focused && selected_rows.1 > 0 {
        selected_rows.1.saturating_sub(height).min(selected_rows.0)
    } else if model.approval.call.is_some() {
        0
    } else {
        lines.len().saturating_sub(height + 1)
    };
    Calls { lines, places, top }
}

/// `2 running`, `1 waiting`, `3 ready`.
#[must_use]
pub(super) fn summary(model: &Model) -> String {
    if let Some(turn) = model.running_turn() {
        let waiting = turn.tracker().waiting().count();
        if waiting > 0 {
            return strings::calls_waiting(waiting);
        }
        let running = turn.tracker().running().count();
        if running > 0 {
            return strings::calls_running(running);
        }
    }
    let count = model.offered_tools().count();
    if count == 0 { String::new() } else { strings::tools_ready(count) }
}

fn ready_lines(model: &Model, theme: &Theme) -> Vec<Line> {
    let names: Vec<_> = model.offered_tools().map(|tool| tool.spec.name.clone()).collect();
    if names.is_empty() {
        return vec![styled(&format!("   {}", strings::NO_TOOLS), theme.dim)];
    }
    let mut lines: Vec<Line> = names.iter().map(|name| styled(&format!("   {name}"), theme.dim)).collect();
    lines.push(Line::default());
    lines.push(styled(&format!("   {}", strings::TOOLS_EMPTY), theme.dim));
    lines
}

fn call_lines(
    canvas: &Canvas<'_>,
    model: &Model,
    call: &TrackedCall,
    is_selected: bool,
    width: u16,
    lines: &mut Vec<Line>,
) {
    let theme = canvas.theme;
    let (mark_style, state) = state_words(model, call, &theme);
    let width = width as usize;
    let mut head = Line::default();
    push(&mut head, if is_selected { canvas.symbols.own } else { " " }, theme.accent);
    push(&mut head, canvas.symbols.of_call(call.state), mark_style);
    let room = width.saturating_sub(state.len() + 7);
    let name = SafeText::line(&call.name).fit(room);
    let name_style = if is_selected { theme.bold } else { text_style(call, &theme) };
    push(&mut head, " ", theme.text);
    head.push(name, name_style);
    let gap = width.saturating_sub(head.width() + state.len() + 2);
    push(&mut head, &" ".repeat(gap), theme.text);
    push(&mut head, &state, theme.dim);
    lines.push(head);
    argument_lines(call, width, &theme, lines);
    if let CallState::Ended(status) = call.state {
        let style = match status {
            ToolStatus::Failed | ToolStatus::Timeout => theme.bad,
            ToolStatus::Done | ToolStatus::Denied | ToolStatus::Cancelled => theme.dim,
        };
        let preview = SafeText::line(&preview(&call.output)).fit(width.saturating_sub(7));
        lines.push(Line::styled(indented(&preview), style));
    }
}

fn text_style(call: &TrackedCall, theme: &Theme) -> Style {
    if call.is_ended() { theme.dim } else { theme.text }
}

fn indented(text: &SafeText) -> SafeText {
    let mut out = SafeText::own("     ");
    out.push(text);
    out
}

/// The style of the mark and the words at the right.
fn state_words(model: &Model, call: &TrackedCall, theme: &Theme) -> (Style, String) {
    match call.state {
        CallState::Receiving => (theme.accent, strings::RECEIVING.to_owned()),
        CallState::Ready => (theme.accent, strings::STARTING.to_owned()),
        CallState::Waiting(_) => (theme.waiting, strings::WAITING.to_owned()),
        CallState::Running { .. } => (theme.accent, strings::seconds(call.elapsed(model.now))),
        CallState::Ended(ToolStatus::Done) => (theme.good, strings::seconds(call.elapsed_ms)),
        CallState::Ended(ToolStatus::Failed) => (theme.bad, strings::FAILED.to_owned()),
        CallState::Ended(ToolStatus::Denied) => (theme.waiting, strings::DENIED.to_owned()),
        CallState::Ended(ToolStatus::Cancelled) => (theme.waiting, strings::STOPPED.to_owned()),
        CallState::Ended(ToolStatus::Timeout) => (theme.bad, strings::TIMED_OUT.to_owned()),
    }
}

/// One line an argument, in columns; the raw text while it streams in.
fn argument_lines(call: &TrackedCall, width: usize, theme: &Theme, lines: &mut Vec<Line>) {
    let room = width.saturating_sub(7);
    let Some(Arguments::Object(arguments)) = &call.arguments else {
        if !call.arguments_text.is_empty() {
            let text = SafeText::line(&tail_of(&call.arguments_text, room * 2));
            let text = if text.width() > room { last_columns(&text, room) } else { text };
            lines.push(Line::styled(indented(&text), theme.text));
        }
        return;
    };
    let key_width = arguments.keys().map(|key| SafeText::line(key).width()).max().unwrap_or(0).min(16);
    for (key, value) in arguments.iter().take(MAX_ARGUMENT_LINES) {
        let mut line = Line::default();
        let key = SafeText::line(key).fit(16);
        let pad = key_width.saturating_sub(key.width()) + 2;
        line.push(indented(&key), theme.dim);
        push(&mut line, &" ".repeat(pad), theme.dim);
        let room = room.saturating_sub(key_width + 2);
        line.push(SafeText::line(&short_value(value)).fit(room), text_style(call, theme));
        lines.push(line);
    }
    if arguments.len() > MAX_ARGUMENT_LINES {
        let more = strings::and_more(arguments.len() - MAX_ARGUMENT_LINES);
        lines.push(styled(&format!("     {more}"), theme.dim));
    }
}

/// A value in a few words: strings without quotes, long lists by their length.
pub(super) fn short_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(200).collect(),
        Value::Array(items) if items.len() > 2 => strings::items(items.len()),
        other => other.to_string().chars().take(200).collect(),
    }
}

/// The result in one line: the count of a list, else its first line.
fn preview(output: &str) -> String {
    if output.len() < 65_536
        && let Ok(Value::Object(map)) = serde_json::from_str::<Value>(output)
    {
        if let Some((name, list)) = map.iter().find_map(|(name, value)| value.as_array().map(|list| (name, list))) {
            let count = list.len();
            let name = if count == 1 { name.trim_end_matches('s') } else { name };
            return format!("{count} {name}");
        }
        if let Some(name) = ["name", "total", "error"].iter().find_map(|key| map.get(*key)) {
            return name.as_str().map_or_else(|| name.to_string(), ToOwned::to_owned);
        }
    }
    output.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().chars().take(400).collect()
}

fn tail_of(text: &str, bytes: usize) -> String {
    let mut from = text.len().saturating_sub(bytes.max(8));
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}

fn last_columns(text: &SafeText, columns: usize) -> SafeText {
    let mut from = 0;
    for (at, _) in text.as_str().char_indices() {
        from = at;
        if crate::safe_text::width(&text.as_str()[at..]) <= columns {
            break;
        }
    }
    text.slice(from..text.as_str().len())
}
