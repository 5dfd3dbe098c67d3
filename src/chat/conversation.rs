//! A chat in memory: entries in order, each with its parent, as the history stores them and a request needs them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::path::Path;
use super::tree::{self, Head, Tree, Version};
use super::{
    AssistantMessage, Attachment, ChatError, ConversationId, Finish, Message, MessageId, ToolResult, ToolStatus, Usage,
};

/// The words `message_text.state` of the history uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// Ended by itself.
    Complete,
    /// Being written now.
    Streaming,
    /// The program ended in the middle of it.
    Interrupted,
    /// A person stopped it.
    Stopped,
    /// It failed or was cut.
    Failed,
}

impl EntryState {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Streaming => "streaming",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Reads [`Self::as_str`] back; an unknown word counts as complete, so that the text is shown.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "streaming" => Self::Streaming,
            "interrupted" => Self::Interrupted,
            "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            _ => Self::Complete,
        }
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryBody {
    /// A person's question.
    Question(String),
    /// What one model request answered, and what it took.
    Answer {
        /// Text, reasoning, calls.
        message: AssistantMessage,
        /// The provider's configured name.
        provider: String,
        /// The model that was asked.
        model: String,
        /// How it ended, once it has.
        finish: Option<Finish>,
        /// The vendor's word for that.
        finish_raw: Option<String>,
        /// Why it failed.
        error: Option<ChatError>,
        /// Tokens, if reported.
        usage: Option<Usage>,
        /// From request to the first visible delta, in ms.
        ttft_ms: Option<u64>,
        /// How long it reasoned before it went on with something else, in ms.
        thought_ms: Option<u64>,
        /// From request to the end, in ms.
        elapsed_ms: u64,
    },
    /// The result of one call of the answer before it.
    ToolResult(ToolResult),
}

impl EntryBody {
    /// An answer of which nothing more is known than what it says and who gives it.
    #[must_use]
    pub fn answer(message: AssistantMessage, provider: String, model: String) -> Self {
        Self::Answer {
            message,
            provider,
            model,
            finish: None,
            finish_raw: None,
            error: None,
            usage: None,
            ttft_ms: None,
            thought_ms: None,
            elapsed_ms: 0,
        }
    }
}

/// One message of a chat with its place in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its identifier in the history.
    pub id: MessageId,
    /// The message it follows; `None` for the first.
    pub parent: Option<MessageId>,
    /// When it began, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Where it stands.
    pub state: EntryState,
    /// What it is.
    pub body: EntryBody,
    /// Images that go with a question.
    pub attachments: Vec<Attachment>,
}

/// A chat: the messages of the path that is shown, and beside it those of other versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its identifier in the history.
    pub id: ConversationId,
    /// Shown in the header and the list; from outside.
    pub title: String,
    /// The path, in order.
    pub entries: Path,
    /// Messages off the path, in the order of writing.
    others: Vec<Entry>,
    /// Of each message that has versions: all of them, oldest first.
    versions: HashMap<MessageId, Arc<[MessageId]>>,
    /// The order of writing, which times alone do not tell: an imported chat may have one for all messages.
    order: HashMap<MessageId, usize>,
}

impl Conversation {
    /// A chat in which nothing was said.
    #[must_use]
    pub fn new(id: ConversationId) -> Self {
        Self {
            id,
            title: String::new(),
            entries: Path::default(),
            others: Vec::new(),
            versions: HashMap::new(),
            order: HashMap::new(),
        }
    }

    /// A chat of these messages, in the order of writing, of which the path to the head is shown.
    #[must_use]
    pub fn of_tree(id: ConversationId, title: String, all: Vec<Entry>, head: &Head) -> Self {
        let path = Tree::new(&all).path(head);
        let mut chat = Self { title, ..Self::new(id) };
        chat.note_order(&all);
        chat.split(all, &path);
        chat
    }

    /// Every message, in the order of writing.
    #[must_use]
    pub fn all(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = self.others.iter().chain(&self.entries).collect();
        all.sort_by_cached_key(|entry| written(&self.order, entry));
        all
    }

    /// Notes that these were written after everything that is there, unless they are.
    fn note_order(&mut self, entries: &[Entry]) {
        for entry in entries {
            let next = self.order.len();
            self.order.entry(entry.id.clone()).or_insert(next);
        }
    }

    /// The message of this id, wherever it stands.
    #[must_use]
    pub fn message(&self, id: &MessageId) -> Option<&Entry> {
        match self.entries.place(id) {
            Some(at) => self.entries.get(at),
            None => self.others.iter().find(|entry| entry.id == *id),
        }
    }

    /// Changes a message of the path; nothing where it is not there.
    pub fn edit(&mut self, id: &MessageId, change: impl FnOnce(&mut Entry)) {
        if let Some(at) = self.entries.place(id) {
            self.entries.edit(at, change);
        }
    }

    /// Notes that something outside of a message changes how it is shown.
    pub fn touch(&mut self, id: &MessageId) {
        if let Some(at) = self.entries.place(id) {
            self.entries.touch(at);
        }
    }

    /// Where the path ends.
    #[must_use]
    pub fn head(&self) -> Head {
        self.entries.last().map_or(Head::Start, |entry| Head::At(entry.id.clone()))
    }

    /// Adds a message at the end of the path.
    pub fn push(&mut self, entry: Entry) {
        self.note_order(std::slice::from_ref(&entry));
        self.entries.push(entry);
        self.find_versions();
    }

    /// Ends the path before this place; what followed stays beside it.
    pub fn truncate(&mut self, at: usize) {
        if at < self.entries.len() {
            self.others.extend(self.entries.split_off(at));
            self.others.sort_by_cached_key(|entry| written(&self.order, entry));
            self.find_versions();
        }
    }

    /// Takes messages that another instance wrote meanwhile, in the order of writing; `true` when any of them was new. An
    /// answer may have been written on there, or not be on the disk yet as far as it is known here.
    pub fn merge(&mut self, all: Vec<Entry>) -> bool {
        self.note_order(&all);
        let before = self.others.len();
        let mut known: HashMap<MessageId, &mut Entry> =
            self.others.iter_mut().map(|entry| (entry.id.clone(), entry)).collect();
        let mut new = Vec::new();
        for theirs in all {
            let place = self.entries.place(&theirs.id);
            let ours = place.and_then(|at| self.entries.get(at));
            match ours.or_else(|| known.get(&theirs.id).map(|ours| &**ours)) {
                Some(ours) if progress(ours) >= progress(&theirs) => {}
                Some(_) => match (place, known.get_mut(&theirs.id)) {
                    (Some(at), _) => self.entries.edit(at, |ours| *ours = theirs),
                    (None, Some(ours)) => **ours = theirs,
                    (None, None) => {}
                },
                None => new.push(theirs),
            }
        }
        self.others.append(&mut new);
        // A message of the path may have another version now.
        self.entries.touch(0);
        self.others.sort_by_cached_key(|entry| written(&self.order, entry));
        self.find_versions();
        self.others.len() > before
    }

    /// Which of its versions this message is; `None` where it is the only one.
    #[must_use]
    pub fn version(&self, message: &MessageId) -> Option<Version> {
        let family = self.versions.get(message)?;
        let at = family.iter().position(|id| id == message)?;
        Some(Version { number: at + 1, of: family.len() })
    }

    /// The message that has versions where this one of the path stands: itself, or an answer of the same turn before it.
    #[must_use]
    pub fn versioned(&self, at: usize) -> Option<&Entry> {
        if self.versions.is_empty() {
            return None;
        }
        let entry = self.entries.get(at)?;
        if matches!(entry.body, EntryBody::Question(_)) {
            return self.versions.contains_key(&entry.id).then_some(entry);
        }
        let turn = self.entries[..=at].iter().rev();
        turn.take_while(|entry| !matches!(entry.body, EntryBody::Question(_)))
            .find(|entry| self.versions.contains_key(&entry.id))
    }

    /// What was said in this version: the question, or everything that was answered in its turn.
    #[must_use]
    pub fn said(&self, message: &MessageId) -> String {
        let path = self.path_through(message);
        let mut turn = path.iter().skip_while(|entry| entry.id != *message).peekable();
        if let Some(EntryBody::Question(text)) = turn.peek().map(|entry| &entry.body) {
            return text.clone();
        }
        let turn = turn.take_while(|entry| !matches!(entry.body, EntryBody::Question(_)));
        let texts = turn.filter_map(|entry| match &entry.body {
            EntryBody::Answer { message, .. } => Some(message.text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }

    /// The path through this message as [`Self::show`] would show it.
    fn path_through(&self, message: &MessageId) -> Vec<&Entry> {
        if self.entries.place(message).is_some() {
            return self.entries.iter().collect();
        }
        let all = self.all();
        let tree = Tree::new(&all);
        let path = tree.place(message).map(|place| tree.path_through(place)).unwrap_or_default();
        path.into_iter().map(|place| all[place]).collect()
    }

    /// Goes on by one turn, to what was written last after the end of the path; `false` when nothing follows it.
    pub fn show_next_turn(&mut self) -> bool {
        let shown = self.entries.len();
        let head = self.entries.last().map(|entry| entry.id.clone());
        self.rebuild(|tree| match head.as_ref() {
            Some(head) => tree.place(head).map(|place| tree.path_through(place)),
            None => Some(tree.path(&Head::Newest)),
        });
        let is_more = self.entries.len() > shown;
        let after = self.entries.iter().enumerate().skip(shown + 1);
        let next = after.into_iter().find(|(_, entry)| matches!(entry.body, EntryBody::Question(_)));
        if let Some((at, _)) = next {
            self.truncate(at);
        }
        is_more
    }

    /// All versions of this message, oldest first; empty where it is the only one.
    #[must_use]
    pub fn versions(&self, message: &MessageId) -> &[MessageId] {
        self.versions.get(message).map_or(&[], |ids| ids)
    }

    /// Shows the path through this message, to what was written last beneath it; `false` when there is no such message.
    pub fn show(&mut self, message: &MessageId) -> bool {
        if self.entries.place(message).is_some() {
            return true;
        }
        self.rebuild(|tree| tree.place(message).map(|place| tree.path_through(place)))
    }

    /// Shows the path that ends so; `false` when there is no such message.
    pub fn show_head(&mut self, head: &Head) -> bool {
        self.rebuild(|tree| match head {
            Head::At(message) => tree.place(message).map(|_| tree.path(head)),
            Head::Newest | Head::Start => Some(tree.path(head)),
        })
    }

    /// Shows another path, if one is found.
    fn rebuild(&mut self, find: impl FnOnce(&Tree) -> Option<Vec<usize>>) -> bool {
        let head = self.head();
        let mut all: Vec<Entry> = self.entries.split_off(0);
        all.append(&mut self.others);
        all.sort_by_cached_key(|entry| written(&self.order, entry));
        let tree = Tree::new(&all);
        let found = find(&tree);
        let is_found = found.is_some();
        let path = found.unwrap_or_else(|| tree.path(&head));
        self.split(all, &path);
        is_found
    }

    /// Divides all messages into those of the path and the others.
    fn split(&mut self, all: Vec<Entry>, path: &[usize]) {
        let mut all: Vec<Option<Entry>> = all.into_iter().map(Some).collect();
        self.entries = path.iter().filter_map(|at| all.get_mut(*at)?.take()).collect();
        self.others = all.into_iter().flatten().collect();
        self.find_versions();
    }

    fn find_versions(&mut self) {
        self.versions = if self.others.is_empty() {
            HashMap::new()
        } else {
            let mut families = tree::families(self.others.iter().chain(&self.entries));
            for family in &mut families {
                family.sort_by_cached_key(|entry| written(&self.order, entry));
            }
            tree::versions(&families)
        };
    }

    /// Who gave the last answer: the provider, and the model that answered.
    #[must_use]
    pub fn last_asked(&self) -> Option<(&str, &str)> {
        self.entries.iter().rev().find_map(|entry| match &entry.body {
            EntryBody::Answer { provider, model, .. } => Some((provider.as_str(), model.as_str())),
            EntryBody::Question(_) | EntryBody::ToolResult(_) => None,
        })
    }

    /// The messages for the next request: every call paired with exactly one result, no empty answers, nothing of the
    /// marks that only people see.
    #[must_use]
    pub fn request_messages(&self, system: Option<&str>) -> Vec<Message> {
        let system = system.filter(|s| !s.is_empty()).map(|text| Message::System { text: text.to_owned() });
        let entries = self.entries.iter().map(|entry| match &entry.body {
            EntryBody::Question(text) => Message::User { text: text.clone(), attachments: entry.attachments.clone() },
            EntryBody::Answer { message, .. } => Message::Assistant(message.clone()),
            EntryBody::ToolResult(result) => Message::Tool(result.clone()),
        });
        paired_for_request(system.into_iter().chain(entries))
    }
}

/// What tells messages written earlier from those written later.
fn written(order: &HashMap<MessageId, usize>, entry: &Entry) -> (i64, Option<usize>) {
    (entry.time_ms, order.get(&entry.id).copied())
}

/// How far an answer is: what was written only grows, and ends once it is all there.
fn progress(entry: &Entry) -> (usize, bool) {
    let bytes = match &entry.body {
        EntryBody::Answer { message, .. } => message.text.len() + message.reasoning.len(),
        EntryBody::Question(_) | EntryBody::ToolResult(_) => 0,
    };
    (bytes, entry.state != EntryState::Streaming)
}

/// Longest title made from a question, in characters.
const TITLE_CHARS: usize = 80;

/// The title of a chat: the first line of its first question.
#[must_use]
pub fn title_of(question: &str) -> String {
    let line = question.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(TITLE_CHARS).collect()
}

/// Makes a message list that any server accepts: each call of an answer is followed by exactly one result, in the order
/// of the calls; results without a call and answers without any content are left out; ids are unique in the list.
pub fn paired_for_request(messages: impl IntoIterator<Item = Message>) -> Vec<Message> {
    let mut input = messages.into_iter().peekable();
    let mut output = Vec::new();
    while let Some(message) = input.next() {
        match message {
            Message::System { .. } | Message::User { .. } => output.push(message),
            Message::Tool(_) => {}
            Message::Assistant(answer) => {
                let mut results = Vec::new();
                while let Some(Message::Tool(_)) = input.peek() {
                    if let Some(Message::Tool(result)) = input.next() {
                        results.push(result);
                    }
                }
                push_answer(&mut output, answer, results);
            }
        }
    }
    output
}

fn push_answer(output: &mut Vec<Message>, mut answer: AssistantMessage, mut results: Vec<ToolResult>) {
    if answer.text.is_empty() && answer.tool_calls.is_empty() {
        return;
    }
    let mut seen = HashSet::new();
    answer.tool_calls.retain(|call| seen.insert(call.id.clone()));
    let calls: Vec<_> = answer.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())).collect();
    output.push(Message::Assistant(answer));
    for (call_id, name) in calls {
        let found = results.iter().position(|result| result.call_id == call_id);
        output.push(Message::Tool(found.map_or_else(
            || ToolResult {
                call_id,
                name,
                status: ToolStatus::Cancelled,
                output: "This call was interrupted and has no result.".to_owned(),
                elapsed_ms: 0,
            },
            |at| results.swap_remove(at),
        )));
    }
}
