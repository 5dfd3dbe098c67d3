//! A chat as a whole: with every version of every message and what a person made of it. This is what is exported,
//! imported and forked.

use super::tree::{Head, Tree};
use super::{Conversation, ConversationId, Entry, EntryBody};

/// A saved chat with all its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedChat {
    /// Its identifier in the history.
    pub id: ConversationId,
    /// Shown in the header and the list; from outside.
    pub title: String,
    /// The provider it last used, by its configured name; empty where it is not known.
    pub provider: String,
    /// The model it last used; empty where it is not known.
    pub model: String,
    /// When it began, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When something was last said in it, milliseconds since 1970 UTC.
    pub updated_ms: i64,
    /// When it was put into the trash, milliseconds since 1970 UTC.
    pub deleted_ms: Option<i64>,
    /// It stands above the others.
    pub is_pinned: bool,
    /// It is out of the way.
    pub is_archived: bool,
    /// A person's words for it, each without blanks.
    pub tags: Vec<String>,
    /// Where the shown path ends.
    pub head: Head,
    /// All messages, in the order of writing; parents come before what follows them.
    pub entries: Vec<Entry>,
}

impl SavedChat {
    /// The messages of the shown path.
    #[must_use]
    pub fn path(&self) -> Vec<&Entry> {
        Tree::new(&self.entries).path(&self.head).into_iter().filter_map(|at| self.entries.get(at)).collect()
    }

    /// Questions and answers, without results of tools.
    #[must_use]
    pub fn message_count(&self) -> usize {
        self.entries.iter().filter(|entry| !matches!(entry.body, EntryBody::ToolResult(_))).count()
    }

    /// The chat on the screen.
    #[must_use]
    pub fn into_conversation(self) -> Conversation {
        Conversation::of_tree(self.id, self.title, self.entries, &self.head)
    }
}
