//! The row above the prompt: what happens now, or the last notice. It holds the only thing that moves.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::layout::Layout;
use super::symbols::spinner;
use crate::agent::{CallState, Phase, Turn};
use crate::app::{Model, Panel, SPINNER_MS};
use crate::config::action::Action;
use crate::config::look::Look;
use crate::safe_text::SafeText;
use crate::strings::{self, hint};

/// Which time the row shows while an answer streams in: it looks the same as long as this is the same.
#[must_use]
pub(super) fn time(model: &Model) -> u64 {
    let started = model.running_turn().map_or(0, |turn| turn.started().mono_ms);
    model.now.mono_ms.saturating_sub(started) / SPINNER_MS
}

/// Draws the live row.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.live;
    if area.height == 0 {
        return;
    }
    let y = area.y;
    if let Some(notice) = &model.notice {
        let text = SafeText::line(&notice.text);
        // What is too long for it takes the panel's place in this row, for a moment.
        let area = if text.width() < area.width as usize { area } else { Rect { width: layout.screen.width, ..area } };
        if area.width > layout.live.width {
            canvas.clear(area);
        }
        canvas.text(area, 1, y, text.fit((area.width as usize).saturating_sub(1)).as_str(), canvas.theme.text);
    } else if let Some(turn) = model.running_turn() {
        let mut x = 1;
        if model.is_working() {
            let elapsed = model.now.mono_ms.saturating_sub(turn.started().mono_ms);
            x = canvas.own_text(area, x, y, spinner(canvas.look, elapsed), canvas.theme.accent) + 1;
        }
        let is_waiting = !model.is_working();
        let style = if is_waiting { canvas.theme.waiting } else { canvas.theme.text };
        canvas.text(area, x, y, &state(model, turn), style);
    } else if model.replaced_question.is_some() {
        canvas.text(area, 1, y, strings::EDITING, canvas.theme.waiting);
    } else if model.is_queue_held && !model.queue.is_empty() {
        let count = model.queue.len();
        let text = if model.composer.is_empty() { strings::queue_held(count) } else { strings::queue_behind(count) };
        canvas.text(area, 1, y, &text, canvas.theme.text);
    } else if !Panel::fits(model.size.0) && model.chat.conversation.entries.is_empty() {
        let count = model.offered_tools().count();
        if count > 0 {
            canvas.text(area, 1, y, &strings::tools_ready_long(count), canvas.theme.dim);
        }
    }
    right(canvas, model, layout);
}

/// At the right: new lines below, else how many calls of the turn are done.
fn right(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.live;
    let new_lines = model.scroll.settled.new_lines;
    if new_lines > 0 {
        let mut text = strings::new_lines(new_lines);
        if let Some(key) = model.keymap.key_in(model.key_context(), Action::End) {
            text.push_str(&format!("   {} {}", key.label(), strings::TO_SEE));
        }
        canvas.text_right(area, area.y, 3, &text, canvas.theme.bold);
        return;
    }
    if layout.panel.width > 0 || model.notice.is_some() {
        return;
    }
    if let Some(turn) = model.running_turn() {
        let calls = &turn.tracker().calls;
        if !calls.is_empty() {
            let done = calls.iter().filter(|call| call.is_ended()).count();
            let text = strings::done_of(done, calls.len());
            canvas.text_right(area, area.y, 3, &text, canvas.theme.dim);
        }
    } else if model.chat.conversation.entries.is_empty() && !Panel::fits(model.size.0) {
        let pairs = [("Ctrl+T".to_owned(), hint::TOOLS.to_owned())];
        canvas.keys(area, area.width.saturating_sub(13), area.y, &pairs);
    }
}

fn state(model: &Model, turn: &Turn) -> String {
    let now = model.now;
    let elapsed = now.mono_ms.saturating_sub(turn.started().mono_ms);
    if let Some((silent, left)) = model.stall() {
        return strings::stalled(silent / 1000, left.map(|left| left.div_ceil(1000)));
    }
    match turn.phase() {
        Phase::WaitingToRetry { attempt, due_ms, .. } => {
            let wait = due_ms.saturating_sub(now.mono_ms).div_ceil(1000);
            strings::next_try(wait, attempt + 1, turn.retries() + 1)
        }
        Phase::Asking => format!("{}   {}", strings::ASKING, strings::seconds(elapsed)),
        Phase::Streaming => {
            let what = if turn.is_reasoning() { strings::THINKING } else { strings::WRITING };
            format!("{what}   {}", strings::seconds(elapsed))
        }
        Phase::Tools | Phase::Ended => tools_state(model, turn, elapsed),
    }
}

fn tools_state(model: &Model, turn: &Turn, elapsed: u64) -> String {
    let running: Vec<_> = turn.tracker().running().collect();
    if running.is_empty() {
        return format!("{}   {}", strings::WAITING, strings::seconds(elapsed));
    }
    let longest = running.iter().max_by_key(|call| call.elapsed(model.now));
    let head = strings::tools_running(running.len());
    match longest.filter(|call| matches!(call.state, CallState::Running { .. })) {
        Some(call) if !Panel::fits(model.size.0) => {
            format!("{head}   {} {}", call.name, strings::seconds(call.elapsed(model.now)))
        }
        Some(_) | None => format!("{head}   {}", strings::seconds(elapsed)),
    }
}

/// The state in the header of a small screen.
#[must_use]
pub(super) fn short_state(model: &Model, look: Look) -> String {
    match model.running_turn() {
        Some(turn) if model.is_working() => {
            let elapsed = model.now.mono_ms.saturating_sub(turn.started().mono_ms);
            format!("{} {}", spinner(look, elapsed), strings::seconds(elapsed))
        }
        Some(_) => strings::WAITING.to_owned(),
        None if model.providers.current().is_some_and(|row| row.is_demo) => strings::DEMO.to_owned(),
        None => model.providers.target.model.clone(),
    }
}
