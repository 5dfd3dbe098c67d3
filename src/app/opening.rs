//! Opening a saved chat: it is read aside, and what was asked meanwhile waits for it. It returns to its provider, its
//! draft and its hit.

use super::browser::Browser;
use super::chat::OpenChat;
use super::effect::Effect;
use super::model::Model;
use super::msg::LoadedChat;
use super::overlay::Overlay;
use super::providers::{Providers, Target};
use crate::chat::{Conversation, ConversationId};
use crate::config::choose::model_asked;
use crate::store::Query;
use crate::strings;

/// A saved chat that is being read, to be opened.
#[derive(Debug)]
pub(super) struct Loading {
    /// The load whose answer is awaited.
    pub load: u64,
    /// Who wants it.
    pub from: LoadedFrom,
}

/// Who wants a saved chat.
#[derive(Debug)]
pub(super) enum LoadedFrom {
    /// The start of the program.
    Start,
    /// A digit of the leader.
    Recent,
    /// The browser, as long as it is open.
    Browser {
        /// What was looked for, to be marked.
        marks: Option<Query>,
        /// The search that Esc leads back to.
        searched: Option<Box<Browser>>,
    },
}

impl Providers {
    /// Turns to whom a saved chat was held with, where that can be asked. A chat with the demo goes on with whoever is
    /// chosen.
    fn return_to(&mut self, chat: &Conversation) {
        let Some((provider, answered)) = chat.last_asked() else { return };
        let Some(row) = self.row(provider).filter(|row| row.missing.is_none() && !row.is_demo) else { return };
        let model = model_asked(&row.models, answered).to_owned();
        self.target = Target { provider: row.name.clone(), model };
    }
}

impl Model {
    /// Asks for a saved chat, to be opened.
    pub(super) fn load_chat(&mut self, id: ConversationId, from: LoadedFrom) -> Effect {
        self.forget_load();
        let load = self.next_request_id();
        self.loading = Some(Loading { load, from });
        Effect::LoadChat { load, id, at: None }
    }

    /// The chat that is being read is no longer wanted; Up brings back what was asked in it.
    pub(super) fn forget_load(&mut self) {
        self.loading = None;
        self.recent = None;
        let asked = std::mem::take(&mut self.asked_early);
        self.aside().extend(asked);
    }

    /// A chat that was chosen in the browser is not opened any more once that was left.
    pub(super) fn forget_load_of_left_browser(&mut self) {
        let is_of_browser =
            self.loading.as_ref().is_some_and(|loading| matches!(loading.from, LoadedFrom::Browser { .. }));
        if is_of_browser && !self.overlays.iter().any(|overlay| matches!(overlay, Overlay::Chats(_))) {
            self.forget_load();
        }
    }

    pub(super) fn on_chat_loaded(
        &mut self,
        load: u64,
        id: &ConversationId,
        found: Result<Option<Box<LoadedChat>>, String>,
    ) -> Vec<Effect> {
        if let Some(loading) = self.loading.take_if(|loading| loading.load == load) {
            let mut effects = Vec::new();
            match found {
                Ok(Some(loaded)) => match loading.from {
                    LoadedFrom::Start => effects.extend(self.open_chat_under_prompt(*loaded)),
                    LoadedFrom::Recent => effects.extend(self.open_chat(*loaded)),
                    LoadedFrom::Browser { marks, searched } => {
                        effects.extend(self.open_chat(*loaded));
                        self.chat.marks = marks;
                        self.searched = searched;
                    }
                },
                Ok(None) => self.notify(strings::NOTICE_GONE),
                Err(why) => self.notify(why),
            }
            for text in std::mem::take(&mut self.asked_early) {
                effects.extend(self.send(text));
            }
            return effects;
        }
        if let Some(Overlay::Chats(browser)) = self.overlays.last_mut()
            && browser.load == load
        {
            browser.preview = found.ok().flatten().filter(|loaded| loaded.conversation.id == *id);
        }
        Vec::new()
    }

    /// The same at the start, where the person may be typing already: that stays in the prompt.
    fn open_chat_under_prompt(&mut self, loaded: LoadedChat) -> Vec<Effect> {
        let typed = std::mem::take(&mut self.composer);
        let effects = self.open_chat(loaded);
        if !typed.is_empty() {
            self.put_draft_aside();
            self.composer = typed;
            self.refresh_recall();
            self.draft_touched();
        }
        effects
    }

    /// Puts this saved chat on the screen, to be continued.
    pub(super) fn open_chat(&mut self, loaded: LoadedChat) -> Vec<Effect> {
        let LoadedChat { conversation, at, draft, updated_ms: _ } = loaded;
        let is_same = conversation.id == self.chat.conversation.id;
        let effects = if is_same { Vec::new() } else { self.leave_chat() };
        if self.replaced_question.is_some() {
            self.leave_edit();
        }
        if !self.providers.is_named {
            self.providers.return_to(&conversation);
        }
        let place = at.and_then(|at| conversation.entries.place(&at));
        self.chat = OpenChat::saved(conversation);
        self.reset_view();
        self.overlays.clear();
        if !is_same {
            self.take_up(draft);
        }
        if let Some(place) = place {
            self.scroll.show(place);
        }
        effects
    }
}
