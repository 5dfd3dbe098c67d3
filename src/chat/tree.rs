//! Which message follows which. A chat is a tree: asking again, editing a question and going on elsewhere make siblings,
//! and the path from the beginning to one message is what is shown and sent.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Entry, EntryBody, MessageId};

/// The message with which the shown path ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Head {
    /// The one that was written last.
    #[default]
    Newest,
    /// This one; what follows it was undone.
    At(MessageId),
    /// None: even the first question was undone.
    Start,
}

/// Where a message stands among its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// All messages of a chat, in the order of writing, by their places.
#[derive(Debug)]
pub(super) struct Tree {
    parents: Vec<Option<usize>>,
    is_leaf: Vec<bool>,
    places: HashMap<MessageId, usize>,
}

impl Tree {
    /// The tree of these messages. A parent that cannot be found leaves a gap, bridged by what was written before it.
    #[must_use]
    pub(super) fn new<E: Borrow<Entry>>(entries: &[E]) -> Self {
        let placed = || entries.iter().map(Borrow::borrow).enumerate();
        let places: HashMap<_, _> = placed().map(|(at, entry)| (entry.id.clone(), at)).collect();
        let parent_of = |(at, entry): (usize, &Entry)| match &entry.parent {
            None => None,
            Some(parent) => match places.get(parent) {
                Some(place) if *place != at => Some(*place),
                Some(_) | None => at.checked_sub(1),
            },
        };
        let parents: Vec<Option<usize>> = placed().map(parent_of).collect();
        let mut is_leaf = vec![true; entries.len()];
        for parent in parents.iter().flatten() {
            is_leaf[*parent] = false;
        }
        Self { parents, is_leaf, places }
    }

    /// Where this message stands.
    #[must_use]
    pub(super) fn place(&self, message: &MessageId) -> Option<usize> {
        self.places.get(message).copied()
    }

    /// The places from the beginning to the head.
    #[must_use]
    pub(super) fn path(&self, head: &Head) -> Vec<usize> {
        let count = self.parents.len();
        let newest = (0..count).rev().find(|at| self.is_leaf[*at]).or(count.checked_sub(1));
        let end = match head {
            Head::Newest => newest,
            Head::At(message) => self.place(message).or(newest),
            Head::Start => None,
        };
        self.path_to(end)
    }

    fn path_to(&self, end: Option<usize>) -> Vec<usize> {
        let (mut path, mut seen) = (Vec::new(), HashSet::new());
        let mut at = end;
        while let Some(here) = at.filter(|here| seen.insert(*here)) {
            path.push(here);
            at = self.parents[here];
        }
        path.reverse();
        path
    }

    /// The path that leads through this message to what was written last beneath it.
    #[must_use]
    pub(super) fn path_through(&self, message: usize) -> Vec<usize> {
        self.path_to(Some(self.newest_beneath(message)))
    }

    fn newest_beneath(&self, message: usize) -> usize {
        let mut is_beneath: Vec<Option<bool>> = vec![None; self.parents.len()];
        is_beneath[message] = Some(true);
        let leaves = (0..self.parents.len()).rev().filter(|at| self.is_leaf[*at]);
        leaves.into_iter().find(|at| self.climbs_to(*at, &mut is_beneath)).unwrap_or(message)
    }

    /// Whether the way up from here meets a place that is known to be beneath; what is learned on it is noted.
    fn climbs_to(&self, from: usize, is_beneath: &mut [Option<bool>]) -> bool {
        let mut way = Vec::new();
        let mut at = Some(from);
        let mut found = false;
        while let Some(here) = at {
            if let Some(known) = is_beneath[here] {
                found = known;
                break;
            }
            // Until it is known better; a ring of parents ends here.
            is_beneath[here] = Some(false);
            way.push(here);
            at = self.parents[here];
        }
        for here in way {
            is_beneath[here] = Some(found);
        }
        found
    }
}

/// Messages that are versions of each other: same parent, same kind.
#[must_use]
pub(super) fn families<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Vec<&'a Entry>> {
    let mut families: HashMap<(Option<&MessageId>, bool), Vec<&Entry>> = HashMap::new();
    for entry in entries {
        let is_question = match entry.body {
            EntryBody::Question(_) => true,
            EntryBody::Answer { .. } => false,
            EntryBody::ToolResult(_) => continue,
        };
        families.entry((entry.parent.as_ref(), is_question)).or_default().push(entry);
    }
    families.into_values().filter(|family| family.len() > 1).collect()
}

/// The messages that have versions, each with its versions' ids in the order of its family.
#[must_use]
pub(super) fn versions(families: &[Vec<&Entry>]) -> HashMap<MessageId, Arc<[MessageId]>> {
    let mut out = HashMap::new();
    for family in families {
        let ids: Arc<[MessageId]> = family.iter().map(|entry| entry.id.clone()).collect();
        out.extend(ids.iter().map(|id| (id.clone(), Arc::clone(&ids))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{AssistantMessage, Conversation, EntryState};
    use super::*;

    fn entry(id: &str, parent: Option<&str>, time_ms: i64) -> Entry {
        let body = if id.starts_with('q') {
            EntryBody::Question(id.to_owned())
        } else {
            EntryBody::Answer {
                message: AssistantMessage { text: id.to_owned(), ..AssistantMessage::default() },
                provider: String::new(),
                model: String::new(),
                finish: None,
                finish_raw: None,
                error: None,
                usage: None,
                ttft_ms: None,
                thought_ms: None,
                elapsed_ms: 0,
            }
        };
        let parent = parent.map(MessageId::from);
        Entry { id: id.into(), parent, time_ms, state: EntryState::Complete, body, attachments: Vec::new() }
    }

    /// q1 has the answers a1 and b1; after a1 comes q2 with a2.
    fn chat() -> Conversation {
        let all = vec![
            entry("q1", None, 1),
            entry("a1", Some("q1"), 1),
            entry("q2", Some("a1"), 2),
            entry("a2", Some("q2"), 3),
            entry("b1", Some("q1"), 4),
        ];
        Conversation::of_tree("c".into(), "t".to_owned(), all, &Head::Newest)
    }

    fn path(chat: &Conversation) -> Vec<&str> {
        chat.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn the_newest_path_is_shown_and_the_others_stay_beside_it() {
        let mut chat = chat();
        assert_eq!(path(&chat), ["q1", "b1"]);
        assert_eq!(chat.version(&"b1".into()), Some(Version { number: 2, of: 2 }));
        assert_eq!(chat.version(&"q1".into()), None);
        assert!(chat.show(&"a1".into()));
        assert_eq!(path(&chat), ["q1", "a1", "q2", "a2"]);
        assert_eq!(chat.version(&"a1".into()), Some(Version { number: 1, of: 2 }));
        assert_eq!(chat.all().len(), 5);
    }

    #[test]
    fn what_is_cut_off_comes_back_and_an_unknown_message_changes_nothing() {
        let mut chat = chat();
        assert!(chat.show(&"a2".into()));
        chat.truncate(2);
        assert_eq!(path(&chat), ["q1", "a1"]);
        assert!(!chat.show(&"x".into()));
        assert_eq!(path(&chat), ["q1", "a1"]);
        assert!(chat.show_head(&Head::At("q2".into())));
        assert_eq!(path(&chat), ["q1", "a1", "q2"]);
        assert!(chat.show_head(&Head::Start));
        assert!(path(&chat).is_empty());
        assert!(chat.show(&"q2".into()));
        assert_eq!(path(&chat), ["q1", "a1", "q2", "a2"]);
    }

    #[test]
    fn messages_of_another_instance_become_versions() {
        let mut chat = chat();
        assert!(chat.merge(vec![entry("c1", Some("q1"), 9), entry("a1", Some("q1"), 1)]));
        assert_eq!(path(&chat), ["q1", "b1"]);
        assert_eq!(chat.versions(&"b1".into()), ["a1".into(), "b1".into(), "c1".into()]);
        assert!(!chat.merge(vec![entry("c1", Some("q1"), 9)]));
    }

    #[test]
    fn a_missing_parent_is_bridged_and_a_ring_of_parents_ends() {
        let all = vec![entry("q1", None, 1), entry("a1", Some("gone"), 2)];
        assert_eq!(path(&Conversation::of_tree("c".into(), String::new(), all, &Head::Newest)), ["q1", "a1"]);
        let ring = vec![entry("q1", Some("a1"), 1), entry("a1", Some("q1"), 2), entry("q2", Some("q2"), 3)];
        let mut chat = Conversation::of_tree("c".into(), String::new(), ring, &Head::Newest);
        assert_eq!(path(&chat), ["q1", "a1", "q2"]);
        assert!(chat.show(&"q1".into()));
    }
}
