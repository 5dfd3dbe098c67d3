//! Versions of messages: which message is meant, editing, taking back and bringing back, switching, comparing, and new
//! chats that begin in the middle of another one. Nothing here removes anything: it shows other paths.

use super::chat::OpenChat;
use super::compare::ComparePage;
use super::effect::Effect;
use super::model::{Focus, Model};
use super::overlay::Overlay;
use crate::chat::{ConversationId, Entry, EntryBody, Head, MessageId, Record, SavedChat};
use crate::store::CommittedWhat;
use crate::strings;

impl Model {
    /// Records something about the open chat, unless it is private.
    fn record(&self, record: Record) -> Vec<Effect> {
        if self.chat.is_private || !self.chat.is_begun { Vec::new() } else { vec![Effect::Append(record)] }
    }

    /// Where the message stands that keys in the messages mean: the selected one, or the last.
    #[must_use]
    pub fn selected_place(&self) -> Option<usize> {
        let entries = &self.chat.conversation.entries;
        let selected = self.selected.as_ref().filter(|_| self.focus == Focus::Messages);
        let place = selected.and_then(|id| entries.place(id));
        place.or_else(|| entries.iter().rposition(is_selectable))
    }

    /// Selects a message before or after, and brings it into view.
    pub(super) fn select_message(&mut self, by: i64) -> Vec<Effect> {
        let entries = &self.chat.conversation.entries;
        let Some(here) = self.selected_place() else { return Vec::new() };
        let is_meant = |at: &usize| is_selectable(&entries[*at]);
        let next = if by < 0 { (0..here).rfind(is_meant) } else { (here + 1..entries.len()).find(is_meant) };
        if let Some(next) = next {
            self.selected = Some(entries[next].id.clone());
            self.scroll.reveal(next, 0);
        } else if by > 0 {
            self.scroll.request(super::scroll::Move::End);
        }
        Vec::new()
    }

    /// Selects the first message that can be selected among those at these places.
    pub fn select_among(&mut self, places: std::ops::Range<usize>) {
        let entries = &self.chat.conversation.entries;
        let found = places.into_iter().find(|at| entries.get(*at).is_some_and(is_selectable));
        if let Some(found) = found {
            self.selected = Some(entries[found].id.clone());
        }
    }

    /// Nothing of this is done while an answer runs.
    fn refuses_while_running(&mut self) -> bool {
        let is_running = self.running_turn().is_some();
        if is_running {
            self.notify(strings::NOTICE_RUNNING_VERSIONS);
        }
        is_running
    }

    /// Brings the question that is meant back into the prompt; what is sent then is another version of it.
    pub(super) fn edit(&mut self) -> Vec<Effect> {
        if self.refuses_while_running() {
            return Vec::new();
        }
        let place = self.selected_place().unwrap_or(0);
        let entries = &self.chat.conversation.entries;
        let question = entries.iter().take(place + 1).rfind(|entry| matches!(entry.body, EntryBody::Question(_)));
        let Some(Entry { id, body: EntryBody::Question(text), attachments, .. }) = question else {
            self.notify(strings::NOTICE_NOTHING_ASKED);
            return Vec::new();
        };
        let (text, replaced) = (text.clone(), (id.clone(), attachments.clone()));
        if self.replaced_question.is_none() {
            self.draft_before_edit = self.composer.clear_aside();
        }
        self.composer.set_text(&text);
        self.replaced_question = Some(replaced);
        self.focus = Focus::Prompt;
        self.notice = None;
        Vec::new()
    }

    /// Takes the last question and what was answered off the path.
    pub(super) fn undo_turn(&mut self) -> Vec<Effect> {
        if self.refuses_while_running() {
            return Vec::new();
        }
        let chat = &mut self.chat.conversation;
        let Some(at) = chat.entries.iter().rposition(|entry| matches!(entry.body, EntryBody::Question(_))) else {
            self.notify(strings::NOTICE_NO_UNDO);
            return Vec::new();
        };
        let Head::At(head) = chat.head() else { return Vec::new() };
        chat.truncate(at);
        self.undone.push(head);
        self.path_changed_with(strings::NOTICE_TURN_UNDONE)
    }

    /// Brings back what was taken back last, or goes on to what was said next.
    pub(super) fn redo_turn(&mut self) -> Vec<Effect> {
        if self.refuses_while_running() {
            return Vec::new();
        }
        let is_back = match self.undone.pop() {
            Some(head) => self.chat.conversation.show_head(&Head::At(head)),
            None => self.chat.conversation.show_next_turn(),
        };
        if !is_back {
            self.notify(strings::NOTICE_NO_REDO);
            return Vec::new();
        }
        self.path_changed_with(strings::NOTICE_TURN_REDONE)
    }

    /// Shows another version of the message that is meant; the path beneath follows.
    pub(super) fn switch_version(&mut self, by: i64) -> Vec<Effect> {
        if self.refuses_while_running() {
            return Vec::new();
        }
        let Some((at, id, versions)) = self.versions_meant() else {
            // In the prompt the arrows are pressed for other reasons.
            if self.focus == Focus::Messages {
                self.notify(strings::NOTICE_ONE_VERSION);
            }
            return Vec::new();
        };
        let here = versions.iter().position(|version| *version == id).unwrap_or(0);
        let to = here as i64 + by;
        let Some(to) = usize::try_from(to).ok().and_then(|to| versions.get(to)).cloned() else {
            self.notify(if by < 0 { strings::NOTICE_FIRST_VERSION } else { strings::NOTICE_LAST_VERSION });
            return Vec::new();
        };
        self.undone.clear();
        self.notice = None;
        self.chat.conversation.show(&to);
        let effects = self.path_changed();
        self.selected = Some(to);
        self.scroll.keep(at);
        effects
    }

    /// The message whose versions are meant: its place on the path, its id, and all of them.
    fn versions_meant(&self) -> Option<(usize, MessageId, Vec<MessageId>)> {
        let place = self.selected_place()?;
        // Where keys are not in the messages, the nearest message with versions is meant.
        let places: Box<dyn Iterator<Item = usize>> =
            if self.focus == Focus::Messages { Box::new(std::iter::once(place)) } else { Box::new((0..=place).rev()) };
        let mut found = places.filter_map(|at| self.chat.conversation.versioned(at));
        let id = found.next()?.id.clone();
        let at = self.chat.conversation.entries.place(&id)?;
        let versions = self.chat.conversation.versions(&id).to_vec();
        Some((at, id, versions))
    }

    /// Opens the page that compares the version shown with the one before it.
    pub(super) fn compare_versions(&mut self) -> Vec<Effect> {
        match self.versions_meant() {
            Some((_, id, versions)) => {
                let texts: Vec<String> = versions.iter().map(|version| self.chat.conversation.said(version)).collect();
                let here = versions.iter().position(|version| *version == id).unwrap_or(0);
                self.overlays.push(Overlay::Compare(Box::new(ComparePage::new(texts, here))));
            }
            None => self.notify(strings::NOTICE_ONE_VERSION),
        }
        Vec::new()
    }

    /// Makes a new chat of everything up to the message that is meant.
    pub(super) fn fork(&mut self) -> Vec<Effect> {
        if self.refuses_while_running() {
            return Vec::new();
        }
        if self.chat.is_private {
            // There would be no way back to it.
            self.notify(strings::NOTICE_PRIVATE_FORK);
            return Vec::new();
        }
        let Some(place) = self.selected_place() else {
            self.notify(strings::NOTICE_NOTHING_ASKED);
            return Vec::new();
        };
        let entries = &self.chat.conversation.entries;
        // The results of its calls belong to an answer.
        let results = entries[place + 1..].iter().take_while(|entry| matches!(entry.body, EntryBody::ToolResult(_)));
        let end = place + 1 + results.count();
        let mut ids = (self.ids)();
        let mut last: Option<MessageId> = None;
        let copies = entries[..end].iter().map(|entry| {
            let id = MessageId(ids.next_id());
            // The path may lead over a message that is lost.
            let parent = last.replace(id.clone());
            Entry { id, parent, ..entry.clone() }
        });
        let copies: Vec<Entry> = copies.collect();
        let chat = SavedChat {
            id: ConversationId(ids.next_id()),
            title: self.chat.conversation.title.clone(),
            provider: self.providers.target.provider.clone(),
            model: self.providers.target.model.clone(),
            created_ms: self.now.unix_ms,
            updated_ms: self.now.unix_ms,
            deleted_ms: None,
            is_pinned: false,
            is_archived: false,
            tags: Vec::new(),
            head: Head::Newest,
            entries: copies,
        };
        self.forget_load();
        let mut effects = self.leave_chat();
        self.chat = OpenChat::saved(chat.clone().into_conversation());
        self.reset_view();
        self.promise(CommittedWhat::Changed(chat.id.clone()), strings::NOTICE_FORKED.to_owned());
        effects.push(Effect::Append(Record::Added(Box::new(chat))));
        effects
    }

    /// The same with a notice, once it is remembered.
    fn path_changed_with(&mut self, notice: &'static str) -> Vec<Effect> {
        let effects = self.path_changed();
        match effects.last() {
            Some(Effect::Append(Record::HeadMoved { conversation, head })) => {
                self.promise(CommittedWhat::HeadMoved(conversation.clone(), head.clone()), notice.to_owned());
            }
            _ => self.notify(notice),
        }
        effects
    }

    /// After another path is shown: it is remembered, and nothing points at what is gone.
    fn path_changed(&mut self) -> Vec<Effect> {
        self.turn = None;
        self.is_why_shown = false;
        self.is_again_asked = false;
        self.panel.selected = None;
        self.selected = None;
        self.refresh_recall();
        let (conversation, head) = (self.chat.conversation.id.clone(), self.chat.conversation.head());
        self.record(Record::HeadMoved { conversation, head })
    }
}

/// Whether keys in the messages can mean it.
fn is_selectable(entry: &Entry) -> bool {
    match &entry.body {
        EntryBody::Question(_) => true,
        // An answer that only calls tools has no row of its own.
        EntryBody::Answer { message, .. } => !message.text.is_empty() || message.tool_calls.is_empty(),
        EntryBody::ToolResult(_) => false,
    }
}
