//! What waits in the prompt is kept with its chat: the draft and the queued questions, so that neither another chat nor
//! `kill -9` loses them. Of a private chat nothing is kept.

use super::chat::OpenChat;
use super::effect::Effect;
use super::model::{Model, Saving};
use crate::chat::{ConversationId, Draft, Record};
use crate::strings;

/// A draft is kept at most this long after it changed, in ms.
const KEPT_AFTER_MS: u64 = 500;

impl Model {
    /// Notes that the prompt or the queue may have changed.
    pub(super) fn draft_touched(&mut self) {
        if !self.chat.is_private && self.draft_due_ms.is_none() {
            self.draft_due_ms = Some(self.now.mono_ms + KEPT_AFTER_MS);
        }
    }

    /// Keeps the draft once it is time.
    pub(super) fn keep_draft_if_due(&mut self) -> Option<Effect> {
        let is_due = self.draft_due_ms.is_some_and(|due| due <= self.now.mono_ms);
        if is_due { self.keep_draft() } else { None }
    }

    /// Keeps the draft now, if it differs from the one that is kept.
    pub(super) fn keep_draft(&mut self) -> Option<Effect> {
        self.draft_due_ms = None;
        if self.chat.is_private {
            return None;
        }
        let draft = Draft { text: self.text_that_waits(), queue: self.queue.iter().cloned().collect() };
        if draft == self.kept_draft {
            return None;
        }
        self.kept_draft = draft.clone();
        let conversation = self.chat.conversation.id.clone();
        Some(Effect::Append(Record::Drafted { conversation, time_ms: self.now.unix_ms, draft }))
    }

    /// What was typed and not sent: while a question is edited, the draft before it as well.
    fn text_that_waits(&self) -> String {
        let typed = if self.is_edit_unchanged() { String::new() } else { self.composer.text() };
        let all = [Some(typed), self.draft_before_edit.clone()].into_iter().flatten();
        all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// Before another chat is shown: the draft and the queue stay with this one. Where this one was not begun, Up brings
    /// its draft back, or the next start; that of a private one Up alone, in private chats only.
    pub(super) fn leave_chat(&mut self) -> Vec<Effect> {
        if self.replaced_question.is_some() {
            self.leave_edit();
        }
        if self.chat.is_private && self.chat.is_begun {
            self.notify(strings::NOTICE_PRIVATE_GONE);
        }
        self.keep_unsaved();
        let is_kept_there = self.chat.is_begun && !self.chat.is_private && self.saving == Saving::Works;
        let kept = self.keep_draft();
        // With what Ctrl+_ would bring back of it.
        let text = self.composer.take();
        let queue = std::mem::take(&mut self.queue);
        if !is_kept_there {
            self.aside().extend(Some(text).filter(|text| !text.is_empty()));
            self.aside().extend(queue);
        }
        self.is_queue_held = false;
        self.kept_draft = Draft::default();
        self.draft_due_ms = None;
        kept.into_iter().collect()
    }

    /// Puts a chat's draft into the prompt and its queue back, to wait for the person.
    pub(super) fn take_up(&mut self, draft: Draft) {
        if !draft.text.is_empty() {
            self.composer.set_text(&draft.text);
        }
        self.queue = draft.queue.iter().cloned().collect();
        self.is_queue_held = !self.queue.is_empty();
        self.kept_draft = draft;
    }

    /// The draft of a chat that was never begun, found at the start.
    pub(super) fn on_draft_found(&mut self, conversation: ConversationId, draft: Draft) -> Vec<Effect> {
        let is_fresh =
            !self.chat.is_begun && !self.chat.is_private && self.composer.is_empty() && self.queue.is_empty();
        if !is_fresh || draft.is_empty() {
            return Vec::new();
        }
        self.chat = OpenChat::new(conversation.clone());
        self.take_up(draft.clone());
        self.notify(strings::NOTICE_DRAFT_BACK);
        // From now on it is this instance's.
        vec![Effect::Append(Record::Drafted { conversation, time_ms: self.now.unix_ms, draft })]
    }
}
