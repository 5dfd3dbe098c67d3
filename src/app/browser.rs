//! Saved chats: newest first, a box that filters by title, a preview, and delete with undo. Letters act on the list only
//! after Tab, so that typing is always typing.

use super::line_input::LineInput;
use super::msg::ChatList;
use crate::chat::{Conversation, ConversationId};
use crate::store::ChatRow;

/// Where typed letters go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrowserFocus {
    /// Into the box.
    #[default]
    Query,
    /// To the list.
    List,
}

/// The browser of saved chats.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The filter.
    pub input: LineInput,
    /// Where letters go.
    pub focus: BrowserFocus,
    /// The search whose answer is awaited or shown.
    pub search: u64,
    /// The answer: chats, or why they cannot be read. `None` while the first one is on its way.
    pub found: Option<Result<ChatList, String>>,
    /// The selected row.
    pub selected: usize,
    /// The load whose answer is awaited or shown.
    pub load: u64,
    /// The selected chat.
    pub preview: Option<Box<Conversation>>,
    /// Lines the preview is scrolled up from its end.
    pub preview_up: usize,
    /// The chat deleted last, with its title, for undo.
    pub deleted: Option<(ConversationId, String)>,
    /// Enter was pressed: the chat opens when it is there.
    pub is_opening: bool,
}

impl Browser {
    /// The rows found.
    #[must_use]
    pub fn rows(&self) -> &[ChatRow] {
        match &self.found {
            Some(Ok(list)) => &list.rows,
            Some(Err(_)) | None => &[],
        }
    }

    /// The selected row.
    #[must_use]
    pub fn row(&self) -> Option<&ChatRow> {
        self.rows().get(self.selected)
    }

    /// Takes an answer and keeps the selected chat selected, where it is still there.
    pub fn take(&mut self, found: Result<ChatList, String>) {
        let kept = self.row().map(|row| row.id.clone());
        self.found = Some(found);
        let at = kept.and_then(|id| self.rows().iter().position(|row| row.id == id));
        self.selected = at.unwrap_or(self.selected).min(self.rows().len().saturating_sub(1));
    }

    /// Moves the selection; `true` when it changed.
    pub fn select(&mut self, by: i64) -> bool {
        let last = self.rows().len().saturating_sub(1);
        let to = usize::try_from(self.selected as i64 + by).unwrap_or(0).min(last);
        let is_changed = to != self.selected;
        self.selected = to;
        is_changed
    }
}
