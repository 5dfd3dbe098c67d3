//! Makes chats of what other programs wrote: ids that are the same with every import, times in order, a path that is shown.

use std::collections::HashMap;

use uuid::Uuid;

use crate::chat::{
    AssistantMessage, Attachment, ConversationId, Entry, EntryBody, EntryState, Finish, Head, MessageId, SavedChat,
    title_of,
};
use crate::transfer::words::{LAST_MS, clamped_ms};

/// Of all ids made from what stood in a file.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d1f_3c0a_9a4e_4c67_8b5d_72e9_1f0c_b3a8);
/// Most characters of a title.
const TITLE_CHARS: usize = 300;

/// An id for this, the same each time.
pub(in crate::transfer) fn id_of(parts: &[&str]) -> String {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_le_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name).simple().to_string()
}

/// What is known of a chat besides its messages.
#[derive(Clone, Debug, Default)]
pub(in crate::transfer) struct About {
    /// Its title; the first question gives one where there is none.
    pub(in crate::transfer) title: String,
    pub(in crate::transfer) created_ms: Option<i64>,
    pub(in crate::transfer) updated_ms: Option<i64>,
    pub(in crate::transfer) is_archived: bool,
    pub(in crate::transfer) is_pinned: bool,
}

/// A chat that grows message by message, parents first.
#[derive(Debug)]
pub(in crate::transfer) struct Builder {
    format: &'static str,
    source: String,
    entries: Vec<Entry>,
    places: HashMap<MessageId, usize>,
    /// Where no message says when it was written.
    start_ms: i64,
}

impl Builder {
    /// A chat that this format knows by this name.
    pub(in crate::transfer) fn new(format: &'static str, source: &str, start_ms: Option<i64>) -> Self {
        let start_ms = start_ms.unwrap_or(0);
        Self { format, source: source.to_owned(), entries: Vec::new(), places: HashMap::new(), start_ms }
    }

    /// The id of the message that the chat's source knows by this name.
    pub(in crate::transfer) fn id(&self, source: &str) -> MessageId {
        MessageId(id_of(&[self.format, &self.source, source]))
    }

    /// The message that was added last.
    pub(in crate::transfer) fn last(&self) -> Option<MessageId> {
        self.entries.last().map(|entry| entry.id.clone())
    }

    /// Whether there is such a message.
    pub(in crate::transfer) fn has(&self, id: &MessageId) -> bool {
        self.places.contains_key(id)
    }

    /// Adds a message; it is never earlier than what it follows. `false` when its id was there before.
    pub(in crate::transfer) fn push(
        &mut self,
        id: MessageId,
        parent: Option<MessageId>,
        time_ms: Option<i64>,
        body: EntryBody,
    ) -> bool {
        if self.has(&id) {
            return false;
        }
        let before = parent.as_ref().and_then(|parent| self.places.get(parent)).map(|at| self.entries[*at].time_ms);
        let earliest = before.unwrap_or(0);
        let time_ms = clamped_ms(time_ms.unwrap_or(before.unwrap_or(self.start_ms)).max(earliest));
        self.places.insert(id.clone(), self.entries.len());
        self.entries.push(Entry { id, parent, time_ms, state: EntryState::Complete, body, attachments: Vec::new() });
        true
    }

    /// Attaches files to the message that was added last.
    pub(in crate::transfer) fn attach(&mut self, files: Vec<Attachment>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.attachments.extend(files);
        }
    }

    /// The message that was added last.
    pub(in crate::transfer) fn last_mut(&mut self) -> Option<&mut Entry> {
        self.entries.last_mut()
    }

    /// The chat; `None` when nothing was said in it.
    pub(in crate::transfer) fn finish(self, about: &About, head: Option<MessageId>) -> Option<SavedChat> {
        let id = ConversationId(id_of(&[self.format, &self.source]));
        self.finish_as(id, about, head)
    }

    /// The chat with this id; `None` when nothing was said in it.
    pub(in crate::transfer) fn finish_as(
        mut self,
        id: ConversationId,
        about: &About,
        head: Option<MessageId>,
    ) -> Option<SavedChat> {
        // The order of writing; parents stay in front, for none is later than what follows it.
        self.entries.sort_by_key(|entry| entry.time_ms);
        let first_ms = self.entries.first()?.time_ms;
        let last_ms = self.entries.last()?.time_ms;
        let question = self.entries.iter().find_map(|entry| match &entry.body {
            EntryBody::Question(text) => Some(text.as_str()),
            EntryBody::Answer { .. } | EntryBody::ToolResult(_) => None,
        });
        let title = one_line(&about.title);
        let title = if title.is_empty() { title_of(question.unwrap_or_default()) } else { title };
        let (provider, model) = self
            .entries
            .iter()
            .rev()
            .find_map(|entry| match &entry.body {
                EntryBody::Answer { provider, model, .. } => Some((provider.clone(), model.clone())),
                EntryBody::Question(_) | EntryBody::ToolResult(_) => None,
            })
            .unwrap_or_default();
        Some(SavedChat {
            id,
            title,
            provider,
            model,
            created_ms: about.created_ms.filter(|ms| (1..=LAST_MS).contains(ms)).unwrap_or(first_ms),
            updated_ms: about.updated_ms.filter(|ms| (0..=LAST_MS).contains(ms)).map_or(last_ms, |ms| ms.max(last_ms)),
            deleted_ms: None,
            is_pinned: about.is_pinned,
            is_archived: about.is_archived,
            tags: Vec::new(),
            head: head.map_or(Head::Newest, Head::At),
            entries: self.entries,
        })
    }
}

/// A title from outside: one line of a bounded length.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(TITLE_CHARS).collect()
}

/// An answer of which nothing is known but what it says and who gave it.
pub(in crate::transfer) fn answer(message: AssistantMessage, provider: &str, model: &str) -> EntryBody {
    let finish = if message.tool_calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
    EntryBody::Answer {
        message,
        provider: provider.to_owned(),
        model: model.to_owned(),
        finish: Some(finish),
        finish_raw: None,
        error: None,
        usage: None,
        ttft_ms: None,
        thought_ms: None,
        elapsed_ms: 0,
    }
}

/// A question with the instructions that came with it.
pub(in crate::transfer) fn instructed(instructions: &str, question: &str) -> String {
    [instructions, question].iter().filter(|text| !text.trim().is_empty()).copied().collect::<Vec<_>>().join("\n\n")
}
