//! Text selected in the conversation, by keys or with the mouse. Its ends belong to messages and to places in their text,
//! so that it stays with the words however the screen scrolls, streams or changes its width. Where rows matter, a wish is
//! kept until the next layout, as for scrolling.

use super::effect::Effect;
use super::model::{Focus, Model};
use crate::chat::MessageId;
use crate::config::key::{Key, KeyCode};

/// A place in the text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPoint {
    /// The message.
    pub message: MessageId,
    /// Bytes of its shown text before it, with wraps undone.
    pub offset: usize,
}

/// What a selection is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From one character to another.
    Characters,
    /// Whole words.
    Words,
    /// Whole lines, however they are wrapped.
    Lines,
}

/// Who selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectedBy {
    /// Keys, which mean nothing else meanwhile.
    Keys,
    /// The mouse.
    Mouse,
}

/// A move of the end that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows; negative is up.
    Rows(i64),
    /// So many half pages.
    HalfPages(i64),
    /// So many characters.
    Characters(i64),
    /// So many words.
    Words(i64),
    /// To the start of the row.
    RowStart,
    /// To the end of the row.
    RowEnd,
    /// To the first row of the chat.
    First,
    /// To the last row of the chat.
    Last,
    /// To the first or the last row that is seen.
    Edge(i64),
    /// The end that stays comes here too.
    Begin,
}

/// Selected text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The end that stays and the one that moves; `None` before the first layout.
    pub ends: Option<(TextPoint, TextPoint)>,
    /// What it is made of.
    pub unit: Unit,
    /// Who selects.
    pub by: SelectedBy,
    /// Moves that the next layout makes.
    pub pending: Vec<Step>,
}

impl Model {
    /// Begins to select by keys, at the message that is meant.
    pub(super) fn select(&mut self) -> Vec<Effect> {
        if self.selected_place().is_none() {
            self.notify(crate::strings::copying::NOTHING);
            return Vec::new();
        }
        self.focus = Focus::Messages;
        self.notice = None;
        self.overlays.clear();
        let unit = Unit::Lines;
        self.selection = Some(Selection { ends: None, unit, by: SelectedBy::Keys, pending: Vec::new() });
        Vec::new()
    }

    /// Whether keys select now.
    #[must_use]
    pub fn selects_by_keys(&self) -> bool {
        self.selection.as_ref().is_some_and(|selection| selection.by == SelectedBy::Keys)
    }

    /// Copies what is selected and leaves it.
    pub(super) fn copy_selection(&mut self) -> Option<Vec<Effect>> {
        let selection = self.selection.take()?;
        Some(vec![Effect::CopySelection { selection, is_private: self.chat.is_private }])
    }

    pub(super) fn on_selection_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(selection) = &mut self.selection else { return Vec::new() };
        let step = match (key.code, key.ctrl) {
            (KeyCode::Char('c'), true) | (KeyCode::Char('y') | KeyCode::Enter, false) => {
                return self.copy_selection().unwrap_or_default();
            }
            (KeyCode::Char('v'), false) => {
                selection.unit = if selection.unit == Unit::Characters { Unit::Lines } else { Unit::Characters };
                return Vec::new();
            }
            (KeyCode::Char('V'), false) => {
                selection.unit = Unit::Lines;
                return Vec::new();
            }
            (KeyCode::Char('q'), false) => {
                self.selection = None;
                return Vec::new();
            }
            (KeyCode::Char('u'), true) | (KeyCode::PageUp, _) => Step::HalfPages(-1),
            (KeyCode::Char('d'), true) | (KeyCode::PageDown, _) => Step::HalfPages(1),
            (KeyCode::Up | KeyCode::Char('k'), false) => Step::Rows(-1),
            (KeyCode::Down | KeyCode::Char('j'), false) => Step::Rows(1),
            (KeyCode::Left | KeyCode::Char('h'), false) => Step::Characters(-1),
            (KeyCode::Right | KeyCode::Char('l'), false) => Step::Characters(1),
            (KeyCode::Char('b'), false) => Step::Words(-1),
            (KeyCode::Char('w' | 'e'), false) => Step::Words(1),
            (KeyCode::Home | KeyCode::Char('0' | '^'), false) => Step::RowStart,
            (KeyCode::End | KeyCode::Char('$'), false) => Step::RowEnd,
            (KeyCode::Char('g'), false) | (KeyCode::Home, true) => Step::First,
            (KeyCode::Char('G'), false) | (KeyCode::End, true) => Step::Last,
            (KeyCode::Char(' '), false) => Step::Begin,
            _ => return Vec::new(),
        };
        if matches!(step, Step::Characters(_) | Step::Words(_) | Step::RowStart | Step::RowEnd) {
            selection.unit = Unit::Characters;
        }
        selection.pending.push(step);
        Vec::new()
    }
}
