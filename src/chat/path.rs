//! The messages of a chat that are shown, in order, with what is known about all of them: where each stands, what they
//! took together, and from where on they changed since somebody looked last. So nobody has to go through thousands of
//! messages for a frame in which one of them grew. Pure.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::{Entry, EntryBody, MessageId, Usage};

/// The messages that are shown. Reading is that of a slice; every change is noted.
#[derive(Debug, Default)]
pub struct Path {
    entries: Vec<Entry>,
    places: HashMap<MessageId, usize>,
    totals: Totals,
    /// Told apart by its address: revisions of another path say nothing about this one.
    identity: Arc<()>,
    revision: u64,
    /// Places with the revision in which they changed last, both rising: what stands before the first place with a later
    /// revision has not changed since.
    changes: Vec<(usize, u64)>,
}

/// A state of a path, to be asked later what changed since.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    of: Arc<()>,
    number: u64,
}

/// Sums over all messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    input: u64,
    output: u64,
    /// Answers whose tokens are known.
    reported: usize,
    results: usize,
}

impl Path {
    /// Adds a message at the end.
    pub(super) fn push(&mut self, entry: Entry) {
        let at = self.entries.len();
        self.totals.add(&entry);
        self.places.insert(entry.id.clone(), at);
        self.entries.push(entry);
        self.touch(at);
    }

    /// Ends it before this place; gives what followed.
    pub(super) fn split_off(&mut self, at: usize) -> Vec<Entry> {
        let rest = self.entries.split_off(at.min(self.entries.len()));
        for entry in &rest {
            self.totals.subtract(entry);
            self.places.remove(&entry.id);
        }
        self.touch(at);
        rest
    }

    /// Changes the message at this place, where there is one.
    pub(super) fn edit(&mut self, at: usize, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        self.totals.subtract(entry);
        change(entry);
        self.totals.add(entry);
        self.touch(at);
    }

    /// Notes that what is shown of the message at this place, or of later ones, changed.
    pub(super) fn touch(&mut self, at: usize) {
        self.revision += 1;
        let before = self.changes.partition_point(|(place, _)| *place < at);
        self.changes.truncate(before);
        self.changes.push((at, self.revision));
    }

    /// Where the message of this id stands.
    #[must_use]
    pub fn place(&self, id: &MessageId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The state it is in.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision { of: Arc::clone(&self.identity), number: self.revision }
    }

    /// The place from which on messages are others, or other ones, than in this state; `None` when nothing changed. Of a
    /// state of another path nothing is known.
    #[must_use]
    pub fn changed_since(&self, known: &Revision) -> Option<usize> {
        if !Arc::ptr_eq(&known.of, &self.identity) {
            return Some(0);
        }
        let first = self.changes.partition_point(|(_, revision)| *revision <= known.number);
        self.changes.get(first).map(|(place, _)| *place)
    }

    /// Tokens of all answers; `None` when none was reported.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let Totals { input, output, reported, .. } = self.totals;
        (reported > 0).then_some(Usage { input, output, details: None })
    }

    /// Results of tools.
    #[must_use]
    pub fn result_count(&self) -> usize {
        self.totals.results
    }
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        match &entry.body {
            EntryBody::Answer { usage: Some(usage), .. } => {
                self.input = self.input.wrapping_add(usage.input);
                self.output = self.output.wrapping_add(usage.output);
                self.reported += 1;
            }
            EntryBody::ToolResult(_) => self.results += 1,
            EntryBody::Answer { .. } | EntryBody::Question(_) => {}
        }
    }

    fn subtract(&mut self, entry: &Entry) {
        match &entry.body {
            EntryBody::Answer { usage: Some(usage), .. } => {
                self.input = self.input.wrapping_sub(usage.input);
                self.output = self.output.wrapping_sub(usage.output);
                self.reported -= 1;
            }
            EntryBody::ToolResult(_) => self.results -= 1,
            EntryBody::Answer { .. } | EntryBody::Question(_) => {}
        }
    }
}

impl Deref for Path {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.entries
    }
}

impl<'a> IntoIterator for &'a Path {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl FromIterator<Entry> for Path {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut path = Self::default();
        for entry in entries {
            path.push(entry);
        }
        path
    }
}

/// A copy goes its own way.
impl Clone for Path {
    fn clone(&self) -> Self {
        self.entries.iter().cloned().collect()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::EntryState;

    fn question(id: &str) -> Entry {
        Entry {
            id: MessageId::from(id),
            parent: None,
            time_ms: 0,
            state: EntryState::Complete,
            body: EntryBody::Question(id.to_owned()),
            attachments: Vec::new(),
        }
    }

    fn path() -> Path {
        ["a", "b", "c", "d"].map(question).into_iter().collect()
    }

    #[test]
    fn the_first_place_that_changed_is_known_for_every_earlier_state() {
        let mut path = path();
        let start = path.revision();
        assert_eq!(path.changed_since(&start), None);
        path.edit(3, |entry| entry.time_ms = 1);
        let later = path.revision();
        path.edit(1, |entry| entry.time_ms = 1);
        let last = path.revision();
        path.edit(2, |entry| entry.time_ms = 1);
        let seen = [&start, &later, &last].map(|known| path.changed_since(known));
        assert_eq!(seen, [Some(1), Some(1), Some(2)]);
        assert_eq!(path.changed_since(&path.revision()), None);
        path.split_off(2);
        path.push(question("e"));
        assert_eq!(path.changed_since(&last), Some(2));
    }

    #[test]
    fn of_another_path_nothing_is_known() {
        let path = path();
        assert_eq!(path.changed_since(&Revision::default()), Some(0));
        assert_eq!(path.clone().changed_since(&path.revision()), Some(0));
    }

    #[test]
    fn places_follow_what_is_added_and_cut_off() {
        let mut path = path();
        assert_eq!(path.place(&MessageId::from("c")), Some(2));
        assert_eq!(path.split_off(2).len(), 2);
        assert_eq!(path.place(&MessageId::from("c")), None);
        path.push(question("e"));
        assert_eq!(path.place(&MessageId::from("e")), Some(2));
    }
}
