//! Chats that are here alone, because the history cannot be written: they are listed with the saved ones and stay until it
//! can, or until the program ends.

use super::chat::OpenChat;
use super::effect::Effect;
use super::model::{Model, Saving};
use super::msg::ChatList;
use crate::chat::ConversationId;
use crate::store::{ChatFound, ChatRow, Found, Order, Query};

impl Model {
    /// Before another chat is shown: keeps this one at hand, where the disk does not take it.
    pub(super) fn keep_unsaved(&mut self) {
        let is_unsaved = self.chat.is_begun && !self.chat.is_private && self.saving != Saving::Works;
        if is_unsaved {
            self.unsaved.retain(|chat| chat.conversation.id != self.chat.conversation.id);
            self.unsaved.push(self.chat.clone());
        }
    }

    /// Puts the chats that are here alone before the saved ones, as far as their titles are looked for.
    pub(super) fn with_unsaved(&self, found: Result<Box<ChatList>, String>) -> Result<Box<ChatList>, String> {
        if self.unsaved.is_empty() {
            return found;
        }
        let mut list = found.unwrap_or_else(|_| {
            Box::new(ChatList {
                found: Found::default(),
                query: Query::default(),
                order: Order::Time,
                nearest: None,
                took_ms: 0,
            })
        });
        let is_wanted = |chat: &&OpenChat| {
            let query = &list.query;
            query.is_empty() || (!query.terms.is_empty() && !query.hits(&chat.conversation.title).is_empty())
        };
        let rows: Vec<ChatFound> = self.unsaved.iter().rev().filter(is_wanted).map(row).collect();
        list.found.chats.retain(|saved| rows.iter().all(|row| row.chat.id != saved.chat.id));
        list.found.chats.splice(0..0, rows);
        list.found.total = list.found.total.max(list.found.chats.len() as u64);
        Ok(list)
    }

    /// Shows a chat that is here alone; `None` when it is not.
    pub(super) fn open_unsaved(&mut self, id: &ConversationId) -> Option<Vec<Effect>> {
        let at = self.unsaved.iter().position(|chat| chat.conversation.id == *id)?;
        let chat = self.unsaved.remove(at);
        self.forget_load();
        let effects = self.leave_chat();
        self.chat = chat;
        self.reset_view();
        self.overlays.clear();
        Some(effects)
    }
}

fn row(chat: &OpenChat) -> ChatFound {
    let all = chat.conversation.all();
    let (provider, model) = chat.conversation.last_asked().unwrap_or_default();
    ChatFound {
        chat: ChatRow {
            id: chat.conversation.id.clone(),
            title: chat.conversation.title.clone(),
            created_ms: all.first().map_or(0, |entry| entry.time_ms),
            updated_ms: all.last().map_or(0, |entry| entry.time_ms),
            messages: all.len() as u32,
            provider: provider.to_owned(),
            model: model.to_owned(),
            tags: Vec::new(),
            is_pinned: false,
            is_archived: false,
            deleted_ms: None,
        },
        hit: None,
        hits: 0,
    }
}
