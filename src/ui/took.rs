//! What an answer took, in the words of the dim line under it: the figures of the whole turn that it ends.

use crate::chat::{Entry, EntryBody, EntryState, Finish, PAUSED, ToolStatus};
use crate::config::look::Details;
use crate::safe_text::width;
use crate::strings;

/// Shorter than this, in ms, what was measured is the network and no speed of a model.
const MEASURED_MS: u64 = 100;

/// The figures of one turn.
#[derive(Default)]
struct Figures {
    elapsed_ms: u64,
    /// From each request's first token to its end.
    writing_ms: u64,
    first_token_ms: Option<u64>,
    tokens: Option<u64>,
    cost_usd: Option<f64>,
}

impl Figures {
    /// Of the entries of a turn, the last first.
    fn of<'a>(turn: impl Iterator<Item = &'a Entry>) -> Self {
        let mut figures = Self::default();
        for entry in turn {
            match &entry.body {
                EntryBody::Answer { elapsed_ms, usage, ttft_ms, .. } => {
                    figures.elapsed_ms += elapsed_ms;
                    figures.writing_ms += elapsed_ms.saturating_sub(ttft_ms.unwrap_or(0));
                    figures.first_token_ms = *ttft_ms;
                    if let Some(usage) = usage {
                        *figures.tokens.get_or_insert(0) += usage.output;
                        if let Some(cost) = usage.cost_usd() {
                            *figures.cost_usd.get_or_insert(0.0) += cost;
                        }
                    }
                }
                EntryBody::ToolResult(result) => figures.elapsed_ms += result.elapsed_ms,
                EntryBody::Question(_) => {}
            }
        }
        figures
    }
}

/// `gpt-4o-mini`, `1.9 s`, `58 tokens`, `stopped`: of the turn whose last answer is the entry at this place.
#[must_use]
pub(super) fn parts(all: &[Entry], at: usize, details: Details) -> Vec<String> {
    let Some(entries) = all.get(..=at) else { return Vec::new() };
    let entry = &entries[at];
    let EntryBody::Answer { model, finish, finish_raw, error, message, .. } = &entry.body else { return Vec::new() };
    if error.is_some() && message.text.is_empty() {
        return Vec::new();
    }
    let ended = match (entry.state, finish) {
        (EntryState::Interrupted, _) => strings::INTERRUPTED,
        (EntryState::Stopped, _) => strings::STOPPED,
        (_, Some(Finish::Stop)) if finish_raw.as_deref() == Some(PAUSED) => strings::PAUSED_ANSWER,
        (_, Some(Finish::Truncated)) => strings::INCOMPLETE,
        (_, Some(Finish::Length)) => strings::LENGTH,
        (_, Some(Finish::ToolCalls)) if is_stopped(&all[at + 1..]) => strings::STOPPED,
        (_, Some(Finish::ToolCalls)) => strings::ROUND_LIMIT,
        (EntryState::Failed, _) => strings::FAILED,
        _ => "",
    };
    let mut parts = Vec::new();
    if details != Details::Nothing {
        parts.push(model.clone());
        let turn = entries.iter().rev().take_while(|entry| !matches!(entry.body, EntryBody::Question(_)));
        parts.extend(figures(&Figures::of(turn), entry.state, details));
    }
    parts.push(ended.to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether a call of the answer before these was stopped, and the turn with it.
fn is_stopped(after: &[Entry]) -> bool {
    let results = after.iter().map_while(|entry| match &entry.body {
        EntryBody::ToolResult(result) => Some(result.status),
        EntryBody::Question(_) | EntryBody::Answer { .. } => None,
    });
    results.last() == Some(ToolStatus::Cancelled)
}

fn figures(figures: &Figures, state: EntryState, details: Details) -> Vec<String> {
    let Figures { elapsed_ms, writing_ms, first_token_ms, tokens, cost_usd } = *figures;
    let is_full = details == Details::Full;
    // What was imported does not say how long it took.
    let is_told = elapsed_ms > 0 || tokens.is_some() || first_token_ms.is_some();
    let time = (state != EntryState::Interrupted && is_told).then(|| strings::seconds(elapsed_ms));
    let first = first_token_ms.filter(|_| is_full).map(strings::first_token);
    let written = tokens.filter(|tokens| is_full && *tokens > 0 && writing_ms >= MEASURED_MS);
    let speed = written.map(|tokens| strings::speed(tokens, writing_ms));
    [time, first, tokens.map(strings::token_count), speed, cost_usd.map(strings::dollars)]
        .into_iter()
        .flatten()
        .collect()
}

/// The parts, three blanks apart, in as few rows of so many columns as they fit into.
#[must_use]
pub(super) fn rows(parts: &[String], columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for part in parts {
        match rows.last_mut() {
            Some(row) if width(row) + 3 + width(part) <= columns => {
                row.push_str("   ");
                row.push_str(part);
            }
            _ => rows.push(part.clone()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{AssistantMessage, MessageId, ToolResult, ToolStatus, Usage};

    fn entry(body: EntryBody) -> Entry {
        let id = MessageId("1".to_owned());
        Entry { id, parent: None, time_ms: 0, state: EntryState::Complete, body, attachments: Vec::new() }
    }

    fn answer(ttft_ms: u64, elapsed_ms: u64, usage: Option<Usage>) -> Entry {
        entry(EntryBody::Answer {
            message: AssistantMessage { text: "It is.".to_owned(), ..AssistantMessage::default() },
            provider: "openrouter".to_owned(),
            model: "m".to_owned(),
            finish: Some(Finish::Stop),
            finish_raw: None,
            error: None,
            usage,
            ttft_ms: Some(ttft_ms),
            thought_ms: None,
            elapsed_ms,
        })
    }

    #[test]
    fn a_turn_with_tools_is_told_as_one() {
        let usage = |output, cost| Some(Usage { input: 1, output, details: Some(json!({ "cost": cost })) });
        let result = entry(EntryBody::ToolResult(ToolResult {
            call_id: "c".to_owned(),
            name: "t".to_owned(),
            status: ToolStatus::Done,
            output: String::new(),
            elapsed_ms: 700,
        }));
        let turn = [
            entry(EntryBody::Question("Is it?".to_owned())),
            answer(400, 1400, usage(20, 0.001)),
            result,
            answer(100, 1100, usage(40, 0.0011)),
        ];
        assert_eq!(parts(&turn, turn.len() - 1, Details::Short), ["m", "3.2 s", "60 tokens", "$0.0021"]);
        assert_eq!(
            parts(&turn, turn.len() - 1, Details::Full),
            ["m", "3.2 s", "first 0.4 s", "60 tokens", "30 tokens/s", "$0.0021"]
        );
        assert!(parts(&turn, turn.len() - 1, Details::Nothing).is_empty());
    }

    #[test]
    fn what_was_not_reported_is_not_told() {
        assert_eq!(parts(&[answer(100, 1100, None)], 0, Details::Full), ["m", "1.1 s", "first 0.1 s"]);
        assert_eq!(parts(&[answer(10, 20, Some(Usage::default()))], 0, Details::Full)[3..], ["0 tokens"]);
    }

    #[test]
    fn what_does_not_fit_goes_into_the_next_row() {
        let parts = ["model", "1.9 s", "58 tokens"].map(str::to_owned);
        assert_eq!(rows(&parts, 25), ["model   1.9 s   58 tokens"]);
        assert_eq!(rows(&parts, 24), ["model   1.9 s", "58 tokens"]);
    }
}
