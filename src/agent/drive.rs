//! Runs one turn without a screen: the host of `riffle ask`, of the library, and of anything else that only listens.

use std::collections::VecDeque;
use std::future::Future;

use tokio::sync::mpsc;

use super::perform::EndpointSource;
use super::{Effect, Event, Moment, Performer, Progress, Turn, TurnEnd};
use crate::chat::{Record, ToolSpec};

/// What a driven turn needs besides the turn itself.
pub struct Drive<'a> {
    /// Does the work.
    pub performer: Performer,
    /// What the performer reports.
    pub events: mpsc::Receiver<Event>,
    /// Where the model is.
    pub endpoint: EndpointSource,
    /// The model that is asked.
    pub model: String,
    /// The tools offered.
    pub tools: Vec<ToolSpec>,
    /// The time.
    pub clock: &'a (dyn Fn() -> Moment + Sync),
    /// A random number from 0 to 1 for waits.
    pub jitter: &'a (dyn Fn() -> f64 + Sync),
}

/// A turn with whoever does its work. What is left to the host comes out one by one.
pub struct Driven {
    turn: Turn,
    due: VecDeque<Effect>,
    performer: Performer,
    endpoint: EndpointSource,
    model: String,
    tools: Vec<ToolSpec>,
}

impl Driven {
    /// A turn that has just started, of which nothing is done yet.
    #[must_use]
    pub fn new(
        (turn, effects): (Turn, Vec<Effect>),
        performer: Performer,
        endpoint: EndpointSource,
        model: String,
        tools: Vec<ToolSpec>,
    ) -> Self {
        Self { turn, due: effects.into(), performer, endpoint, model, tools }
    }

    /// Does what is due up to what the host has to do itself: `Record`, `Show` or `Ended`. `None` when nothing is due
    /// until something happens. Must be called inside a tokio runtime.
    pub fn next_effect(&mut self) -> Option<Effect> {
        loop {
            let effect = self.due.pop_front()?;
            let own = self.performer.perform(effect, &self.endpoint, &self.model, &self.tools);
            if own.is_some() {
                return own;
            }
        }
    }

    /// Takes what happened. `jitter` is a random number from 0 to 1 for the wait before a repeated attempt.
    pub fn handle(&mut self, event: Event, now: Moment, jitter: f64) {
        self.due.extend(self.turn.handle(event, now, jitter));
    }

    /// Ends the turn as a person who stops it would, and begins nothing more; gives what is left to be recorded. What runs
    /// ends when this value is dropped.
    pub fn stop(&mut self, now: Moment) -> impl Iterator<Item = Record> {
        self.handle(Event::TurnStopped, now, 0.0);
        self.due.drain(..).filter_map(|effect| match effect {
            Effect::Record(record) => Some(record),
            _ => None,
        })
    }
}

/// Drives the turn to its end. `record` gets what belongs into the history, `show` what happens; both in order. When
/// `stop` ends first, the turn is stopped as a person would stop it.
pub async fn drive(
    started: (Turn, Vec<Effect>),
    host: Drive<'_>,
    record: &mut (dyn FnMut(Record) + Send),
    show: &mut (dyn FnMut(Progress) + Send),
    stop: impl Future<Output = ()> + Send,
) -> TurnEnd {
    let Drive { performer, mut events, endpoint, model, tools, clock, jitter } = host;
    let mut driven = Driven::new(started, performer, endpoint, model, tools);
    let mut stop = std::pin::pin!(stop);
    let mut is_stopping = false;
    loop {
        while let Some(effect) = driven.next_effect() {
            match effect {
                Effect::Record(what) => record(what),
                Effect::Show(progress) => show(progress),
                Effect::Ended(end) => return end,
                _ => {}
            }
        }
        let event = tokio::select! {
            biased;
            () = &mut stop, if !is_stopping => {
                is_stopping = true;
                Event::TurnStopped
            }
            event = events.recv() => event.unwrap_or(Event::TurnStopped),
        };
        driven.handle(event, clock(), jitter());
    }
}
