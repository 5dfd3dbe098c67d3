//! Saved chats: newest first, one box that searches titles and everything said, and a preview of the selected chat. Letters
//! act on the list only after Tab, so that typing is always typing.

use std::ops::Range;

use super::line_input::LineInput;
use super::msg::{ChatList, LoadedChat};
use crate::chat::{ConversationId, MessageId, Record};
use crate::store::{ChatFound, ChatRow, Hit, Order, Query};

/// Chats asked for at first; more when the selection comes to the last of them.
pub(super) const LISTED: usize = 200;
/// Characters of a tag, and tags of a chat.
const TAG_CHARS: usize = 32;
const TAGS: usize = 16;

/// Where typed letters go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BrowserFocus {
    /// Into the box.
    #[default]
    Query,
    /// To the list.
    List,
    /// Into a line that asks for something about the selected chat.
    Asking(Asking),
}

/// What is asked about a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What is asked.
    pub about: About,
    /// The chat.
    pub chat: ConversationId,
    /// What was typed.
    pub input: LineInput,
}

/// What a person can say about a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Its title.
    Title,
    /// Its tags.
    Tags,
}

/// A change that `u` takes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Undoable {
    /// What is recorded then.
    pub record: Record,
    /// The title of the chat; from outside.
    pub title: String,
}

/// The browser of saved chats.
#[derive(Clone, Debug)]
pub struct Browser {
    /// What is looked for.
    pub input: LineInput,
    /// Where letters go.
    pub focus: BrowserFocus,
    /// In which order.
    pub order: Order,
    /// At most so many chats were asked for.
    pub limit: usize,
    /// The search whose answer is awaited or shown.
    pub search: u64,
    /// The answer: chats, or why they cannot be read. `None` while the first one is on its way.
    pub found: Option<Result<Box<ChatList>, String>>,
    /// The selected row.
    pub selected: usize,
    /// The load whose answer is awaited or shown.
    pub load: u64,
    /// The selected chat, on the path of its hit.
    pub preview: Option<Box<LoadedChat>>,
    /// Lines the preview is scrolled from where it stands by itself: up is negative.
    pub preview_by: i64,
    /// When the list was asked for last, on the forward clock.
    pub listed_ms: u64,
    /// Something else was asked for than what is shown: the first row is selected then.
    pub is_other: bool,
    /// The chat to be selected once it is listed.
    pub wanted: Option<ConversationId>,
}

impl Browser {
    /// The browser, opened with this search awaited.
    #[must_use]
    pub fn new(search: u64, now_ms: u64) -> Self {
        Self {
            input: LineInput::default(),
            focus: BrowserFocus::Query,
            order: Order::Time,
            limit: LISTED,
            search,
            found: None,
            selected: 0,
            load: 0,
            preview: None,
            preview_by: 0,
            listed_ms: now_ms,
            is_other: true,
            wanted: None,
        }
    }

    /// The rows found.
    #[must_use]
    pub fn rows(&self) -> &[ChatFound] {
        match &self.found {
            Some(Ok(list)) => &list.found.chats,
            Some(Err(_)) | None => &[],
        }
    }

    /// What the rows were found by.
    #[must_use]
    pub fn query(&self) -> Option<&Query> {
        match &self.found {
            Some(Ok(list)) => Some(&list.query),
            Some(Err(_)) | None => None,
        }
    }

    /// The selected chat.
    #[must_use]
    pub fn row(&self) -> Option<&ChatRow> {
        self.rows().get(self.selected).map(|found| &found.chat)
    }

    /// The hit of the selected chat.
    #[must_use]
    pub fn hit(&self) -> Option<&Hit> {
        self.rows().get(self.selected).and_then(|found| found.hit.as_ref())
    }

    /// The message the selected chat opens at.
    #[must_use]
    pub fn message(&self) -> Option<&MessageId> {
        self.hit().map(|hit| &hit.message)
    }

    /// Takes an answer; the selected chat stays selected, where it is still there and nothing else was asked for.
    pub fn take(&mut self, found: Result<Box<ChatList>, String>) {
        // Not told by the queries, for `since:3h` means another time each time.
        let is_same = !std::mem::take(&mut self.is_other);
        let kept = self.wanted.take().or_else(|| self.row().map(|row| row.id.clone()).filter(|_| is_same));
        self.found = Some(found);
        let at = kept.and_then(|id| self.rows().iter().position(|found| found.chat.id == id));
        self.selected = at.unwrap_or(if is_same { self.selected } else { 0 }).min(self.rows().len().saturating_sub(1));
    }

    /// Moves the selection; `true` when it changed.
    pub fn select(&mut self, by: i64) -> bool {
        let last = self.rows().len().saturating_sub(1);
        let to = usize::try_from(self.selected as i64 + by).unwrap_or(0).min(last);
        let is_changed = to != self.selected;
        self.selected = to;
        is_changed
    }

    /// Whether the selection stands near the end of what was asked for, and there is more.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        let has_more = matches!(&self.found, Some(Ok(list)) if list.found.is_more);
        has_more && self.rows().len() == self.limit && self.selected + 1 >= self.rows().len()
    }

    /// The next order.
    pub fn turn_order(&mut self) {
        self.order = match self.order {
            Order::Time => Order::Title,
            Order::Title => Order::Length,
            Order::Length => Order::Time,
        };
    }

    /// The bytes of this text that are what was looked for.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        self.query().map(|query| query.marks(text)).unwrap_or_default()
    }
}

/// Tags as they are kept: words without a leading `#`, each once.
#[must_use]
pub(super) fn tags_of(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',') {
        let tag: String = word.trim_start_matches('#').chars().take(TAG_CHARS).collect();
        if !tag.is_empty() && !tags.contains(&tag) && tags.len() < TAGS {
            tags.push(tag);
        }
    }
    tags
}
