//! The events of one answer as they go out: numbered, written once, read by whoever follows it, also again after a lost
//! connection. What was read is kept up to a bound; what was not read holds the writer up, so that a slow client slows
//! down the model it asked and nobody else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::sse::encode_event;

/// Bytes of events that were read and are kept for a client that comes back.
const KEPT_BYTES: u64 = 256 * 1024;
/// Bytes that may wait for the slowest client before the model has to.
const WAITING_BYTES: u64 = 64 * 1024;
/// How long a client that lost its connection is waited for before the model is stopped.
const GRACE: Duration = Duration::from_millis(500);

/// The events of one answer.
#[derive(Clone, Debug)]
pub(super) struct EventLog {
    /// What its events' ids begin with.
    name: Arc<str>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is more to read, or it has ended.
    grown: Notify,
    /// A client read on, came or went.
    read: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Each with how many bytes there are up to its end.
    events: VecDeque<(u64, Bytes)>,
    /// The number of the first that is kept.
    first: u64,
    total_bytes: u64,
    is_ended: bool,
    /// The next event of each reader.
    readers: BTreeMap<u64, u64>,
    next_reader: u64,
    /// Where the last reader was when it went; who comes back goes on there.
    left_at: Option<u64>,
}

impl State {
    fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The first event that somebody has still to read.
    fn unread(&self) -> u64 {
        self.readers.values().copied().chain(self.left_at).min().unwrap_or(self.end())
    }

    /// Bytes before this event.
    fn bytes_before(&self, number: u64) -> u64 {
        let before = number.checked_sub(self.first + 1).and_then(|at| self.events.get(at as usize));
        let start = || self.events.front().map_or(self.total_bytes, |(end, bytes)| end - bytes.len() as u64);
        before.map_or_else(start, |(end, _)| *end)
    }

    fn forget_old(&mut self) {
        let unread = self.unread();
        while self.first < unread
            && let Some((end, _)) = self.events.front()
            && self.total_bytes - end >= KEPT_BYTES
        {
            self.events.pop_front();
            self.first += 1;
        }
    }
}

impl EventLog {
    /// A log without events, and its first reader. Ids of its events are `NAME-NUMBER`, numbers from 1.
    pub(super) fn begin(name: &str) -> (Self, EventReader) {
        let state = State { first: 1, readers: BTreeMap::from([(0, 1)]), next_reader: 1, ..State::default() };
        let shared = Shared { state: Mutex::new(state), ..Shared::default() };
        let log = Self { name: name.into(), shared: Arc::new(shared) };
        (log.clone(), EventReader { log, reader: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event; an unnamed one without `name`.
    pub(super) fn push(&self, name: Option<&str>, data: &str) {
        let mut state = self.lock();
        let mut bytes = format!("id: {}-{}\n", self.name, state.end()).into_bytes();
        bytes.extend(encode_event(name, data));
        state.total_bytes += bytes.len() as u64;
        let end = state.total_bytes;
        state.events.push_back((end, bytes.into()));
        state.forget_old();
        drop(state);
        self.shared.grown.notify_waiters();
    }

    /// There will be no more events.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.shared.grown.notify_waiters();
    }

    /// Whether there is nothing to be read behind this event, now and later.
    pub(super) fn is_over_after(&self, number: u64) -> bool {
        let state = self.lock();
        state.is_ended && number + 1 >= state.end()
    }

    /// Ends once the slowest client has read so much that more may be written.
    pub(super) async fn room(&self) {
        loop {
            let read = self.shared.read.notified();
            {
                let state = self.lock();
                if state.total_bytes - state.bytes_before(state.unread()) <= WAITING_BYTES {
                    return;
                }
            }
            read.await;
        }
    }

    /// Ends once nobody has been reading for a while.
    pub(super) async fn abandoned(&self) {
        loop {
            let read = self.shared.read.notified();
            if !self.lock().readers.is_empty() {
                read.await;
                continue;
            }
            tokio::select! {
                () = sleep(GRACE) => return,
                () = read => {}
            }
        }
    }

    /// Reads what follows this event; 0 is from the start. `None` where some of it is not kept any more.
    pub(super) fn read_after(&self, number: u64) -> Option<EventReader> {
        let mut state = self.lock();
        if number + 1 < state.first || number >= state.end() {
            return None;
        }
        let reader = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(reader, number + 1);
        state.left_at = None;
        drop(state);
        self.shared.read.notify_waiters();
        Some(EventReader { log: self.clone(), reader })
    }
}

/// Somebody who reads the events.
#[derive(Debug)]
pub(super) struct EventReader {
    log: EventLog,
    reader: u64,
}

impl EventReader {
    /// What was written since the last time; `None` at the end. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let grown = self.log.shared.grown.notified();
            if let Poll::Ready(next) = self.take() {
                return next;
            }
            grown.await;
        }
    }

    /// What is there already.
    fn take(&self) -> Poll<Option<Bytes>> {
        let mut state = self.log.lock();
        let end = state.end();
        let from = state.readers.get(&self.reader).copied().unwrap_or(end);
        if from >= end {
            return if state.is_ended { Poll::Ready(None) } else { Poll::Pending };
        }
        let start = (from - state.first) as usize;
        let new: Vec<&Bytes> = state.events.range(start..).map(|(_, bytes)| bytes).collect();
        let bytes = match new.as_slice() {
            [one] => (*one).clone(),
            several => several.iter().flat_map(|bytes| bytes.iter().copied()).collect(),
        };
        state.readers.insert(self.reader, end);
        state.forget_old();
        drop(state);
        self.log.shared.read.notify_waiters();
        Poll::Ready(Some(bytes))
    }
}

impl Drop for EventReader {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        let at = state.readers.remove(&self.reader);
        if state.readers.is_empty() {
            state.left_at = at;
        }
        drop(state);
        self.log.shared.read.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Option<Bytes>) -> String {
        String::from_utf8(bytes.expect("something to read").to_vec()).expect("text")
    }

    #[tokio::test]
    async fn two_clients_read_the_same_and_one_comes_back_where_it_was() {
        let (log, mut one) = EventLog::begin("run");
        let mut other = log.read_after(0).unwrap();
        log.push(None, "a");
        assert_eq!(text(one.next().await), "id: run-1\ndata: a\n\n");
        log.push(Some("tool"), "{}");
        log.end();
        assert_eq!(text(one.next().await), "id: run-2\nevent: tool\ndata: {}\n\n");
        assert_eq!(one.next().await, None);
        assert_eq!(text(other.next().await), "id: run-1\ndata: a\n\nid: run-2\nevent: tool\ndata: {}\n\n");
        let mut again = log.read_after(1).unwrap();
        assert_eq!(text(again.next().await), "id: run-2\nevent: tool\ndata: {}\n\n");
        assert!(log.is_over_after(2) && !log.is_over_after(1));
        assert!(log.read_after(3).is_none(), "there was no such event");
    }

    #[tokio::test]
    async fn what_was_read_is_kept_up_to_a_bound() {
        let (log, mut reader) = EventLog::begin("run");
        let piece = "x".repeat(1024);
        for _ in 0..600 {
            log.push(None, &piece);
            reader.next().await.unwrap();
        }
        assert!(log.read_after(0).is_none() && log.read_after(100).is_none());
        assert!(log.read_after(400).is_some() && log.read_after(600).is_some());
        assert!(log.lock().total_bytes > KEPT_BYTES * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_client_holds_the_writer_up() {
        let (log, mut slow) = EventLog::begin("run");
        let mut quick = log.read_after(0).unwrap();
        log.push(None, &"x".repeat(WAITING_BYTES as usize + 1));
        quick.next().await.unwrap();
        assert!(tokio::time::timeout(Duration::from_mins(1), log.room()).await.is_err());
        slow.next().await.unwrap();
        log.room().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_is_waited_for_a_moment() {
        let (log, reader) = EventLog::begin("run");
        assert!(tokio::time::timeout(Duration::from_mins(1), log.abandoned()).await.is_err());
        drop(reader);
        let back = async {
            sleep(GRACE / 2).await;
            log.read_after(0)
        };
        let (is_abandoned, back) = tokio::join!(tokio::time::timeout(GRACE * 4, log.abandoned()), back);
        assert!(is_abandoned.is_err());
        drop(back);
        log.abandoned().await;
    }
}
