//! A saved chat for the browser: the part of it around what was looked for, laid out as it would be in the conversation,
//! and again when anything that it was made from is another one.

use super::layout::TEXT_COLUMN;
use super::line::Line;
use super::message::{self, Frame, Rows};
use super::symbols::Symbols;
use super::theme::Theme;
use super::transcript::text_bytes;
use crate::app::{Browser, LoadedChat, Model};
use crate::chat::{ConversationId, EntryState, MessageId};
use crate::store::Query;

/// Messages laid out before and after the one that was looked for, enough to recognise the chat.
const AROUND: usize = 24;

/// A chat laid out for the browser.
pub(super) struct Preview {
    of: PreviewOf,
    /// Its rows.
    pub lines: Vec<Line>,
    /// The first row of what was looked for.
    pub hit: Option<usize>,
}

/// What a preview was made from.
#[derive(PartialEq)]
struct PreviewOf {
    chat: ConversationId,
    updated_ms: i64,
    /// How far its last message is written.
    written: Option<(usize, EntryState)>,
    at: Option<MessageId>,
    query: Option<Query>,
    width: u16,
    theme: Theme,
}

impl Preview {
    /// Lays out the chat that the browser stands on, unless it is known.
    pub(super) fn bring_up_to_date(
        known: &mut Option<Self>,
        browser: &Browser,
        model: &Model,
        width: u16,
        theme: &Theme,
    ) {
        let Some(loaded) = &browser.preview else { return };
        let of = PreviewOf {
            chat: loaded.conversation.id.clone(),
            updated_ms: loaded.updated_ms,
            written: loaded.conversation.entries.last().map(|entry| (text_bytes(entry).0, entry.state)),
            at: loaded.at.clone(),
            query: browser.query().cloned(),
            width,
            theme: *theme,
        };
        if known.as_ref().is_none_or(|known| known.of != of) {
            let (lines, hit) = lines_of(loaded, browser, model, width, theme);
            *known = Some(Self { of, lines, hit });
        }
    }

    /// Whether it shows this chat.
    pub(super) fn is_of(&self, chat: &ConversationId) -> bool {
        self.of.chat == *chat
    }
}

/// The part of a saved chat around what was looked for, or its end; and the row of the first hit.
fn lines_of(
    loaded: &LoadedChat,
    browser: &Browser,
    model: &Model,
    width: u16,
    theme: &Theme,
) -> (Vec<Line>, Option<usize>) {
    let frame = Frame {
        prose: width.saturating_sub(TEXT_COLUMN).max(8),
        wide: width.saturating_sub(TEXT_COLUMN).max(8),
        theme: *theme,
        symbols: Symbols::of(model.look),
        look: crate::config::look::Look { has_clock: false, ..model.look },
        is_expanded: false,
        // What was found may stand in one.
        has_open_folds: true,
    };
    let entries = &loaded.conversation.entries;
    let at = loaded.at.as_ref().and_then(|at| entries.iter().position(|entry| entry.id == *at));
    let center = at.unwrap_or(entries.len());
    let shown = center.saturating_sub(AROUND)..(center + AROUND).min(entries.len());
    let (mut lines, mut start, mut hit) = (Vec::new(), None, None);
    for (place, entry) in shown.clone().zip(&entries[shown]) {
        let mut rows = Rows::default();
        message::lay_out_saved(&mut rows, entry, at == Some(place), &frame);
        if at == Some(place) {
            start = Some(lines.len());
        }
        let first = lines.len();
        lines.append(&mut rows.before);
        for at in 0..rows.document.line_count() {
            let mut line = Line::styled(crate::safe_text::SafeText::own("   "), theme.text);
            line.spans.extend(rows.document.line(at).spans.iter().cloned());
            lines.push(line);
        }
        lines.append(&mut rows.after);
        for (at, line) in lines.iter_mut().enumerate().skip(first) {
            let marks = browser.marks(&line.to_text());
            if !marks.is_empty() && start.is_some_and(|start| at >= start) {
                hit.get_or_insert(at);
            }
            line.mark(&marks, theme.hit);
        }
    }
    (lines, hit.or(start))
}
