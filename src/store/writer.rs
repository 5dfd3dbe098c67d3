//! Persistence as an actor: one thread owns the connection and commits records in the order in which they were appended.
//! Streamed text waits up to 100 ms for company, everything else is committed at once together with what waits before it.
//! What cannot be written is kept and tried again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::TransactionBehavior;
use tokio::sync::oneshot;

use super::error::StoreError;
use super::inbox::{Inbox, InboxSender};
use super::instance::Instance;
use super::open::Held;
use super::place::Fate;
use super::search::index;
use super::trace::AckTrace;
use super::{mend, open, reader, repair, retention, write};
use crate::chat::{ConversationId, Draft, Head, MessageId, Record};
use crate::config::retention::Retention;

/// Streamed text is committed at most this long after it came.
const FLUSH: Duration = Duration::from_millis(100);
/// After a failed write it is tried again this often.
const RETRY: Duration = Duration::from_secs(2);
/// The same while nothing waits to be written.
const SELDOM: Duration = Duration::from_secs(30);
/// Most rows of one transaction, so that it stays short. A chat that is added is never cut.
const BATCH: usize = 512;
/// The pause after each step of what is done behind everything else.
const PAUSE: Duration = Duration::from_millis(20);

/// The file was removed while it was open.
const BROUGHT_BACK: &str = "The history was removed while riffle was running. It is written again from what riffle still \
    held of it; remove it after the end of riffle if that was meant.";
/// Something could not be stored, and never will be.
const NO_PLACE: &str = "Part of this chat could not be saved, since the history no longer has the place where it \
    belongs. Copy what you need, or ask again.";

/// Where the history is.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The data folder.
    pub folder: PathBuf,
    /// Where acknowledgements are traced, if anywhere.
    pub ack_trace: Option<PathBuf>,
    /// How long what is kept.
    pub retention: Retention,
}

#[cfg(feature = "settings")]
impl StoreOptions {
    /// What was set, for the history in this folder.
    #[must_use]
    pub fn of(settings: &crate::config::settings::Settings, folder: &std::path::Path) -> Self {
        Self { folder: folder.to_owned(), ack_trace: settings.ack_trace.clone(), retention: settings.retention }
    }
}

/// What is on the disk now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommittedWhat {
    /// A question.
    Question(MessageId),
    /// The beginning of an answer.
    AnswerBegan(MessageId),
    /// An answer's text so far.
    AnswerText {
        /// The answer.
        message: MessageId,
        /// Bytes of its text.
        len: u64,
    },
    /// A whole answer.
    AnswerEnded(MessageId),
    /// A call's result.
    ToolResult(MessageId),
    /// A title that a person gave.
    Renamed(ConversationId),
    /// A chat is in the trash.
    Deleted(ConversationId),
    /// A chat is back.
    Restored(ConversationId),
    /// A chat was pinned, archived, tagged or added.
    Changed(ConversationId),
    /// The path of a chat ends here.
    HeadMoved(ConversationId, Head),
}

/// What the history says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreEvent {
    /// It is open.
    Opened,
    /// This is on the disk.
    Committed(CommittedWhat),
    /// It cannot be written for now; a sentence that says why.
    Failed {
        /// Why and what to do.
        why: String,
    },
    /// What was kept back is written.
    Recovered,
    /// Something the person should know.
    Notice(String),
}

pub(super) enum Command {
    Append(Record),
    Barrier(oneshot::Sender<()>),
    FindDraft(oneshot::Sender<(ConversationId, Draft)>),
    Close(Sender<()>),
}

impl Command {
    /// Takes in what follows where both are pieces of one text, of which there may be a hundred thousand a second; gives
    /// anything else back.
    pub(super) fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Append(last), Self::Append(next)) => last.join(next).map(Self::Append),
            (_, next) => Some(next),
        }
    }

    /// Streamed text waits for company; it does not wake the thread a second time.
    pub(super) fn can_wait(&self) -> bool {
        matches!(self, Self::Append(record) if record.is_streamed())
    }
}

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    commands: InboxSender,
    received: Arc<Mutex<Option<Received>>>,
}

/// The trace of received deltas, written where they arrive.
struct Received {
    trace: AckTrace,
    lengths: HashMap<MessageId, u64>,
}

impl Received {
    fn take(&mut self, record: &Record) {
        match record {
            Record::AnswerResumed { message, text_bytes, .. } => {
                self.lengths.insert(message.clone(), *text_bytes);
            }
            Record::AnswerText { message, text } => {
                let len = self.lengths.entry(message.clone()).or_default();
                *len += text.len() as u64;
                self.trace.received(message, *len);
            }
            _ => {}
        }
    }
}

impl Writer {
    /// Starts the thread, which opens the history by itself. `notify` is called from that thread.
    pub fn open(options: StoreOptions, notify: Box<dyn Fn(StoreEvent) + Send>) -> std::io::Result<Self> {
        let (commands, inbox) = Inbox::new();
        let trace = |path: &PathBuf| AckTrace::open(path).ok();
        let received =
            options.ack_trace.as_ref().and_then(trace).map(|trace| Received { trace, lengths: HashMap::new() });
        let actor = Actor {
            retention: options.retention,
            is_work_left: false,
            trace: options.ack_trace.as_ref().and_then(trace),
            folder: options.folder,
            notify,
            connection: None,
            left: None,
            written: HashSet::new(),
            told: HashSet::new(),
            instance: None,
            pending: VecDeque::new(),
            barriers: Vec::new(),
            is_failing: false,
            lengths: HashMap::new(),
        };
        std::thread::Builder::new().name("history".to_owned()).spawn(move || actor.run(&inbox))?;
        Ok(Self { commands, received: Arc::new(Mutex::new(received)) })
    }

    /// Appends a record. Never waits.
    pub fn append(&self, record: Record) {
        if let Ok(mut guard) = self.received.lock()
            && let Some(received) = guard.as_mut()
        {
            received.take(&record);
        }
        self.commands.send(Command::Append(record));
    }

    /// Ends when everything appended before it is committed, or could not be.
    pub fn barrier(&self) -> impl Future<Output = ()> + Send + 'static {
        let (done, waiting) = oneshot::channel();
        self.commands.send(Command::Barrier(done));
        async move {
            let _ = waiting.await;
        }
    }

    /// The newest draft that an earlier run left, with the id its chat was to have. The writer looks for it, since at the
    /// start nobody else has the history open.
    pub fn lost_draft(&self) -> impl Future<Output = Option<(ConversationId, Draft)>> + Send + 'static {
        let (found, waiting) = oneshot::channel();
        self.commands.send(Command::FindDraft(found));
        async move { waiting.await.ok() }
    }

    /// Commits what waits and ends the thread; `false` when that took longer than the limit or failed.
    #[must_use]
    pub fn close(&self, limit: Duration) -> bool {
        let (done, waiting) = channel();
        self.commands.send(Command::Close(done));
        waiting.recv_timeout(limit).is_ok()
    }
}

struct Actor {
    folder: PathBuf,
    trace: Option<AckTrace>,
    connection: Option<Held>,
    /// A file that was open when another took its place, until what was written to it is in that one.
    left: Option<Held>,
    /// Chats to which this instance wrote.
    written: HashSet<ConversationId>,
    /// Sentences of an opening that is tried again and again: each is said once.
    told: HashSet<String>,
    instance: Option<Instance>,
    pending: VecDeque<Record>,
    barriers: Vec<oneshot::Sender<()>>,
    is_failing: bool,
    retention: Retention,
    /// Messages wait to be brought into the search index, or old chats to be removed.
    is_work_left: bool,
    /// Bytes of answer text on the disk, of answers being written.
    lengths: HashMap<MessageId, u64>,
    /// Last, so that whoever listens hears the end only when everything else is closed.
    notify: Box<dyn Fn(StoreEvent) + Send>,
}

impl Actor {
    fn run(mut self, inbox: &Inbox) {
        self.try_open();
        let mut deadline = self.next_try();
        loop {
            let Some(commands) = inbox.wait(self.wake(deadline)) else {
                self.flush();
                return;
            };
            if commands.is_empty() && deadline.is_none_or(|at| at > Instant::now()) {
                self.work_behind();
                continue;
            }
            let is_news = self.pending.is_empty() && !commands.is_empty();
            let mut is_urgent = commands.is_empty();
            let mut closing = None;
            for command in commands {
                is_urgent |= self.take(command, &mut closing);
            }
            let is_tried_now = closing.is_some() || (is_news && is_urgent);
            if self.is_failing && deadline.is_some_and(|at| at > Instant::now()) && !is_tried_now {
                self.release_barriers();
                continue;
            }
            if is_urgent || closing.is_some() || deadline.is_some_and(|at| at <= Instant::now()) {
                // While text streams in, the thread wakes by itself: to be woken by the next piece as well costs as much
                // again.
                let is_streaming = self.pending.back().is_some_and(Record::is_streamed);
                self.flush();
                self.release_barriers();
                deadline = self.next_try().or_else(|| is_streaming.then(|| Instant::now() + FLUSH));
            } else if !self.pending.is_empty() && deadline.is_none() {
                deadline = Some(Instant::now() + FLUSH);
            }
            if let Some(done) = closing {
                let is_committed = self.pending.is_empty();
                // Closing brings the log into the file; then nobody takes this instance for a living one.
                drop(self.connection.take());
                drop(self.left.take());
                drop(self.instance.take());
                if is_committed {
                    let _ = done.send(());
                }
                return;
            }
        }
    }

    /// When to wake without any command.
    fn wake(&self, deadline: Option<Instant>) -> Option<Instant> {
        let step = (self.is_work_left && !self.is_failing).then(|| Instant::now() + PAUSE);
        match (deadline, step) {
            (Some(deadline), Some(step)) => Some(deadline.min(step)),
            (one, other) => one.or(other),
        }
    }

    /// When what failed is tried again.
    fn next_try(&self) -> Option<Instant> {
        let pause = if self.pending.is_empty() { SELDOM } else { RETRY };
        self.is_failing.then(|| Instant::now() + pause)
    }

    /// A step of what nobody waits for. What goes wrong with it is tried again with the next start.
    fn work_behind(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let is_left = index::step(connection).and_then(|is_left| {
            if is_left {
                Ok(true)
            } else {
                retention::step(connection, self.retention, Timestamp::now().as_millisecond())
            }
        });
        self.is_work_left = is_left.unwrap_or_else(|error| {
            tracing::warn!(%error, "the search index was not brought up to date");
            let error = StoreError::from(error);
            mend::suspect(&self.folder, &error);
            error.is_contention()
        });
        if !self.is_work_left && mend::is_suspect(&self.folder) {
            self.reopen();
        }
    }

    /// Queues a record or notes a wish; `true` when it may not wait for the next flush.
    fn take(&mut self, command: Command, closing: &mut Option<Sender<()>>) -> bool {
        match command {
            Command::Append(record) => {
                let is_streamed = record.is_streamed();
                let record = match self.pending.back_mut() {
                    Some(last) => last.join(record),
                    None => Some(record),
                };
                self.pending.extend(record);
                !is_streamed
            }
            Command::Barrier(done) => {
                self.barriers.push(done);
                true
            }
            Command::FindDraft(found) => {
                if let Some(connection) = &self.connection
                    && let Ok(Some(draft)) = reader::lost_draft(connection, &self.folder)
                {
                    let _ = found.send(draft);
                }
                false
            }
            Command::Close(done) => {
                *closing = Some(done);
                true
            }
        }
    }

    fn release_barriers(&mut self) {
        for barrier in self.barriers.drain(..) {
            let _ = barrier.send(());
        }
    }

    fn try_open(&mut self) {
        let mut opened = self.open();
        if let Err(error) = &opened
            && error.is_damage()
        {
            mend::suspect(&self.folder, error);
            opened = self.open();
        }
        match opened {
            Ok(connection) => {
                self.connection = Some(connection);
                self.told.clear();
                if self.instance.is_none() {
                    let id = uuid::Uuid::now_v7().simple().to_string();
                    self.instance = Instance::register(&self.folder, id).ok();
                }
                self.is_work_left = true;
                (self.notify)(StoreEvent::Opened);
            }
            Err(error) => self.fail(&error),
        }
    }

    fn open(&mut self) -> Result<Held, StoreError> {
        let (notify, told) = (&self.notify, &mut self.told);
        let mut connection = open::for_writing(&self.folder, &mut |sentence| {
            if told.insert(sentence.clone()) {
                notify(StoreEvent::Notice(sentence));
            }
        })?;
        repair::mark_interrupted(&mut connection, &self.folder, &mut || uuid::Uuid::now_v7().simple().to_string())?;
        Ok(connection)
    }

    fn fail(&mut self, error: &StoreError) {
        let why = error.to_string();
        if !self.is_failing || !self.told.contains(&why) {
            tracing::error!(%error, "the history cannot be written");
            self.is_failing = true;
            self.told.insert(why.clone());
            (self.notify)(StoreEvent::Failed { why });
        }
    }

    /// Closes the history and opens it again, which mends it where somebody met damage.
    fn reopen(&mut self) {
        drop(self.connection.take());
        self.try_open();
    }

    /// Goes on where the history is now, after its file was removed or another took its place. What this instance wrote is
    /// brought along.
    fn follow(&mut self) {
        if let Some(old) = self.connection.take() {
            if old.fate() == Fate::Gone {
                match mend::bring_back(&old, &self.folder) {
                    Ok(true) => (self.notify)(StoreEvent::Notice(BROUGHT_BACK.to_owned())),
                    Ok(false) => {}
                    Err(error) => {
                        self.connection = Some(old);
                        self.fail(&error);
                        return;
                    }
                }
            }
            self.left = self.left.take().or(Some(old));
        }
        self.try_open();
        let Some(connection) = &mut self.connection else { return };
        if let Some(left) = &self.left {
            match bring_along(left, connection, &self.written) {
                Ok(()) => self.left = None,
                Err(error) => tracing::error!(%error, "what was written before was not brought along"),
            }
        }
    }

    /// Commits everything pending, in transactions of a bounded size.
    fn flush(&mut self) {
        if self.connection.is_none() {
            self.follow();
        } else if !self.pending.is_empty() && mend::is_suspect(&self.folder) {
            self.reopen();
        }
        let mut has_mended = false;
        while !self.pending.is_empty() && self.connection.is_some() {
            let count = batch_len(&self.pending);
            let batch: Vec<Record> = self.pending.range(..count).cloned().collect();
            let (done, error) = match self.commit(&batch) {
                Ok(true) => (batch, None),
                Ok(false) => {
                    self.follow();
                    if self.connection.as_ref().is_none_or(|held| held.fate() != Fate::There) {
                        return;
                    }
                    continue;
                }
                Err(error) if error.is_damage() && !has_mended => {
                    has_mended = true;
                    mend::suspect(&self.folder, &error);
                    self.reopen();
                    continue;
                }
                Err(error) if error.is_misfit() => self.commit_what_fits(batch),
                Err(error) => (Vec::new(), Some(error)),
            };
            if let Some(error) = error {
                self.fail(&error);
                return;
            }
            self.pending.drain(..count);
            self.acknowledge(&done);
        }
        if self.connection.is_some() && std::mem::replace(&mut self.is_failing, false) {
            self.told.clear();
            (self.notify)(StoreEvent::Recovered);
        }
    }

    /// One by one, since something has no place: its chat or its answer is no longer in the history.
    fn commit_what_fits(&mut self, batch: Vec<Record>) -> (Vec<Record>, Option<StoreError>) {
        let all = batch.len();
        let mut done = Vec::with_capacity(all);
        for record in batch {
            match self.commit(std::slice::from_ref(&record)) {
                Ok(_) => done.push(record),
                Err(error) if error.is_misfit() => tracing::error!(%error, "a record has no place in the history"),
                Err(error) => return (Vec::new(), Some(error)),
            }
        }
        if done.len() < all {
            (self.notify)(StoreEvent::Notice(NO_PLACE.to_owned()));
        }
        (done, None)
    }

    /// `false` when the file is no longer where it was opened: nothing is written then.
    fn commit(&mut self, batch: &[Record]) -> Result<bool, StoreError> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        let instance = self.instance.as_ref().map(|instance| instance.id.as_str());
        let transaction = match connection.begin() {
            Err(StoreError::Moved) => return Ok(false),
            begun => begun?,
        };
        for record in batch {
            write::write(&transaction, record, instance)?;
        }
        transaction.commit()?;
        Ok(true)
    }

    fn acknowledge(&mut self, batch: &[Record]) {
        let mut texts: Vec<MessageId> = Vec::new();
        for record in batch {
            if let Record::Question { conversation, .. } | Record::AnswerBegan { conversation, .. } = record {
                self.written.insert(conversation.clone());
            }
            let what = match record {
                Record::AnswerText { message, text } => {
                    *self.lengths.entry(message.clone()).or_default() += text.len() as u64;
                    if !texts.contains(message) {
                        texts.push(message.clone());
                    }
                    continue;
                }
                Record::Question { conversation, message, text, .. } => {
                    if let Some(trace) = &self.trace {
                        trace.question(conversation, message, text);
                    }
                    CommittedWhat::Question(message.clone())
                }
                Record::AnswerBegan { message, .. } => CommittedWhat::AnswerBegan(message.clone()),
                Record::AnswerResumed { message, text_bytes, .. } => {
                    self.lengths.insert(message.clone(), *text_bytes);
                    CommittedWhat::AnswerBegan(message.clone())
                }
                Record::AnswerEnded { message, .. } => {
                    let len = self.lengths.remove(message).unwrap_or(0);
                    texts.retain(|other| other != message);
                    if let Some(trace) = &self.trace {
                        trace.answer("done", None, message, len);
                    }
                    CommittedWhat::AnswerEnded(message.clone())
                }
                Record::ToolResult { conversation, message, result, .. } => {
                    if let Some(trace) = &self.trace {
                        trace.tool(conversation, message, &result.output);
                    }
                    CommittedWhat::ToolResult(message.clone())
                }
                // Nobody waits for these, and they are not to be taken for what somebody waits for.
                Record::AnswerReasoning { .. } | Record::Drafted { .. } | Record::Titled { .. } => continue,
                Record::HeadMoved { conversation, head } => {
                    CommittedWhat::HeadMoved(conversation.clone(), head.clone())
                }
                Record::Renamed { conversation, .. } => CommittedWhat::Renamed(conversation.clone()),
                Record::Pinned { conversation, .. }
                | Record::Archived { conversation, .. }
                | Record::Tagged { conversation, .. } => CommittedWhat::Changed(conversation.clone()),
                Record::Added(chat) => {
                    self.is_work_left = true;
                    CommittedWhat::Changed(chat.id.clone())
                }
                Record::Deleted { conversation, .. } => CommittedWhat::Deleted(conversation.clone()),
                Record::Restored { conversation } => CommittedWhat::Restored(conversation.clone()),
            };
            (self.notify)(StoreEvent::Committed(what));
        }
        for message in texts {
            let len = self.lengths.get(&message).copied().unwrap_or(0);
            if let Some(trace) = &self.trace {
                trace.answer("delta", None, &message, len);
            }
            (self.notify)(StoreEvent::Committed(CommittedWhat::AnswerText { message, len }));
        }
    }
}

/// How many of these records make a transaction.
fn batch_len(pending: &VecDeque<Record>) -> usize {
    let mut rows = 0;
    let fits = |record: &&Record| {
        rows += if let Record::Added(chat) = record { chat.entries.len() } else { 1 };
        rows <= BATCH
    };
    pending.iter().take_while(fits).count().max(1)
}

/// Adds what the old file has of these chats and the new one has not.
fn bring_along(old: &Held, new: &mut Held, chats: &HashSet<ConversationId>) -> Result<(), StoreError> {
    for id in chats {
        if let Some(chat) = reader::saved(old, id, &|_| ())? {
            let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write::add_chat(&transaction, &chat)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
