//! The answers that can be read: those that are being written, and for a while those that are over, for clients that lost
//! their connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::events::EventLog;

/// Answers that are over and can be read again.
const KEPT: usize = 32;

/// The answers that can be read, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<Vec<Answer>>);

#[derive(Debug)]
struct Answer {
    name: String,
    log: EventLog,
    is_over: bool,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer begins.
    pub(super) fn begin(&self, name: &str, log: &EventLog) {
        self.lock().push(Answer { name: name.to_owned(), log: log.clone(), is_over: false });
    }

    /// It is over; where too many are, the oldest gives way.
    pub(super) fn end(&self, name: &str) {
        let mut answers = self.lock();
        for answer in answers.iter_mut().filter(|answer| answer.name == name) {
            answer.is_over = true;
        }
        if answers.iter().filter(|answer| answer.is_over).count() > KEPT
            && let Some(oldest) = answers.iter().position(|answer| answer.is_over)
        {
            answers.remove(oldest);
        }
    }

    /// Nobody comes back to it any more.
    pub(super) fn forget(&self, name: &str) {
        self.lock().retain(|answer| answer.name != name);
    }

    /// Its events, where they are known.
    pub(super) fn find(&self, name: &str) -> Option<EventLog> {
        self.lock().iter().find(|answer| answer.name == name).map(|answer| answer.log.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_answers_stay_and_the_oldest_of_those_that_are_over_give_way() {
        let answers = Answers::default();
        let names: Vec<String> = (0..KEPT + 3).map(|number| number.to_string()).collect();
        for name in &names {
            answers.begin(name, &EventLog::begin(name).0);
        }
        for name in &names[1..] {
            answers.end(name);
        }
        let known: Vec<bool> = names[..5].iter().map(|name| answers.find(name).is_some()).collect();
        assert_eq!(known, [true, false, false, true, true]);
        answers.forget("3");
        assert!(answers.find("3").is_none() && answers.find("4").is_some());
    }
}
