//! The open chat. It is built from the very records that go to the history, so that screen and history cannot disagree.

use std::collections::HashSet;

use crate::agent::CutAnswer;
use crate::chat::{Conversation, ConversationId, Entry, EntryBody, Message, MessageId, Record};
use crate::store::Query;

/// The chat on the screen.
#[derive(Clone, Debug)]
pub struct OpenChat {
    /// Its messages.
    pub conversation: Conversation,
    /// Questions whose commit has not returned yet; they are drawn as being sent.
    pub being_sent: HashSet<MessageId>,
    /// Never written to the disk.
    pub is_private: bool,
    /// What it was opened by, marked where it stands.
    pub marks: Option<Query>,
    /// A model was asked for a title.
    pub is_title_asked: bool,
    /// Whether the first question was asked; before it nothing is stored.
    pub is_begun: bool,
}

impl OpenChat {
    /// A chat without messages.
    #[must_use]
    pub fn new(id: ConversationId) -> Self {
        Self { is_begun: false, ..Self::saved(Conversation::new(id)) }
    }

    /// A chat without messages that is never written to the disk.
    #[must_use]
    pub fn private(id: ConversationId) -> Self {
        Self { is_private: true, ..Self::new(id) }
    }

    /// A saved chat, to be continued.
    #[must_use]
    pub fn saved(conversation: Conversation) -> Self {
        Self {
            conversation,
            being_sent: HashSet::new(),
            is_private: false,
            marks: None,
            is_begun: true,
            is_title_asked: false,
        }
    }

    /// Brings it up to this record.
    pub fn apply(&mut self, record: &Record) {
        if let Record::Question { message, .. } = record {
            self.is_begun = true;
            if !self.is_private {
                self.being_sent.insert(message.clone());
            }
        }
        record.apply_to(&mut self.conversation);
    }

    /// This question is on the disk.
    pub fn committed(&mut self, question: &MessageId) {
        if self.being_sent.remove(question) {
            self.conversation.touch(question);
        }
    }

    /// Whether the history takes what is said changed, which is seen at what is being sent.
    pub fn saving_changed(&mut self) {
        for question in &self.being_sent {
            self.conversation.touch(question);
        }
    }

    /// The messages for a request, and the message the next question follows.
    #[must_use]
    pub fn for_request(&self, system: &str) -> (Vec<Message>, Option<MessageId>) {
        let parent = self.conversation.entries.last().map(|entry| entry.id.clone());
        (self.conversation.request_messages(Some(system)), parent)
    }

    /// Goes back to right after the last question, which is to be asked again; what followed stays in the history.
    /// `None` when nothing was asked yet.
    pub fn rewind_to_question(&mut self) -> Option<usize> {
        let at = self.conversation.entries.iter().rposition(|entry| matches!(entry.body, EntryBody::Question(_)))?;
        self.conversation.truncate(at + 1);
        Some(at)
    }

    /// The answer that was given last, whatever results its calls have.
    #[must_use]
    pub fn last_answer(&self) -> Option<&Entry> {
        let is_result = |entry: &&Entry| matches!(entry.body, EntryBody::ToolResult(_));
        let last = self.conversation.entries.iter().rev().find(|entry| !is_result(entry))?;
        matches!(last.body, EntryBody::Answer { .. }).then_some(last)
    }

    /// The last message, if it is an answer whose text broke off.
    #[must_use]
    pub fn cut_answer(&self) -> Option<CutAnswer> {
        let entry = self.conversation.entries.last()?;
        let EntryBody::Answer { message, provider, usage, ttft_ms, thought_ms, elapsed_ms, .. } = &entry.body else {
            return None;
        };
        let is_cut = message.tool_calls.is_empty() && !message.text.trim().is_empty();
        is_cut.then(|| CutAnswer {
            message: entry.id.clone(),
            provider: provider.clone(),
            usage: usage.clone(),
            ttft_ms: *ttft_ms,
            thought_ms: *thought_ms,
            elapsed_ms: *elapsed_ms,
        })
    }

    /// Takes a last answer without any content back, which stays in the history; `false` when it does not follow results.
    pub fn drop_empty_answer(&mut self) -> bool {
        let [.., before, last] = &*self.conversation.entries else { return false };
        let is_empty = matches!(&last.body, EntryBody::Answer { message, .. }
            if message.text.trim().is_empty() && message.tool_calls.is_empty());
        let is_dropped = is_empty && matches!(before.body, EntryBody::ToolResult(_));
        if is_dropped {
            self.conversation.truncate(self.conversation.entries.len() - 1);
        }
        is_dropped
    }

    /// The last question.
    #[must_use]
    pub fn last_question(&self) -> Option<(&Entry, &str)> {
        self.conversation.entries.iter().rev().find_map(|entry| match &entry.body {
            EntryBody::Question(text) => Some((entry, text.as_str())),
            EntryBody::Answer { .. } | EntryBody::ToolResult(_) => None,
        })
    }

    /// Goes back to before this message, which stays in the history.
    pub fn rewind_before(&mut self, message: &MessageId) {
        if let Some(at) = self.conversation.entries.place(message) {
            self.conversation.truncate(at);
        }
    }

    /// The person's questions, oldest first.
    pub fn questions(&self) -> impl Iterator<Item = &str> {
        self.conversation.entries.iter().filter_map(|entry| match &entry.body {
            EntryBody::Question(text) => Some(text.as_str()),
            EntryBody::Answer { .. } | EntryBody::ToolResult(_) => None,
        })
    }
}
