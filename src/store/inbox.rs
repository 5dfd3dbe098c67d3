//! What waits for the writing thread. Unlike a channel it wakes the thread for streamed text only once: the pieces that
//! follow join the first one until it is flushed, so that a stream of a hundred deltas a second wakes it ten times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::writer::Command;

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    senders: AtomicUsize,
}

#[derive(Default)]
struct Waiting {
    commands: Vec<Command>,
    /// The thread wakes by itself for what can wait.
    has_deadline: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's end.
pub(super) struct Inbox(Arc<Shared>);

/// The others' end.
pub(super) struct InboxSender(Arc<Shared>);

impl Inbox {
    pub(super) fn new() -> (InboxSender, Self) {
        let shared = Arc::new(Shared { senders: AtomicUsize::new(1), ..Shared::default() });
        (InboxSender(shared.clone()), Self(shared))
    }

    /// Waits until something must be done: the first piece of text or anything urgent when nothing waits yet (no
    /// deadline), anything urgent or the deadline otherwise. Gives what came, in order; `None` once all senders are gone.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Option<Vec<Command>> {
        let mut waiting = self.0.lock();
        waiting.has_deadline = deadline.is_some();
        loop {
            let commands = &mut waiting.commands;
            let is_due = match deadline {
                None => !commands.is_empty(),
                Some(_) => commands.iter().any(|command| !command.can_wait()),
            };
            let now = Instant::now();
            if is_due || deadline.is_some_and(|deadline| deadline <= now) {
                return Some(std::mem::take(commands));
            }
            if self.0.senders.load(Ordering::Acquire) == 0 {
                return if commands.is_empty() { None } else { Some(std::mem::take(commands)) };
            }
            waiting = match deadline {
                None => self.0.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(now);
                    self.0.arrived.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl InboxSender {
    /// Adds a command. Never waits.
    pub(super) fn send(&self, command: Command) {
        let mut waiting = self.0.lock();
        let wakes = !command.can_wait() || (waiting.commands.is_empty() && !waiting.has_deadline);
        let command = match waiting.commands.last_mut() {
            Some(last) => last.join(command),
            None => Some(command),
        };
        waiting.commands.extend(command);
        drop(waiting);
        if wakes {
            self.0.arrived.notify_one();
        }
    }
}

impl Clone for InboxSender {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::AcqRel);
        Self(self.0.clone())
    }
}

impl Drop for InboxSender {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let _guard = self.0.lock();
            self.0.arrived.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{MessageId, Record};

    #[test]
    fn pieces_of_one_text_wait_as_one() {
        let (sender, inbox) = Inbox::new();
        let text = |text: &str| Record::AnswerText { message: MessageId::from("a"), text: text.to_owned() };
        for piece in ["a", "b", "c"] {
            sender.send(Command::Append(text(piece)));
        }
        let commands = inbox.wait(None).unwrap();
        assert!(matches!(commands.as_slice(), [Command::Append(record)] if *record == text("abc")));
    }
}
