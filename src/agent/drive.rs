//! Runs one turn without a screen: the host of `riffle ask`, of the library, and of anything else that only listens.

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

/// Drives the turn to its end. `record` gets what belongs into the history, `show` what happens; both in order. When
/// `stop` ends first, the turn is stopped as a person would stop it.
pub async fn drive(
    started: (Turn, Vec<Effect>),
    mut host: Drive<'_>,
    record: &mut (dyn FnMut(Record) + Send),
    show: &mut (dyn FnMut(Progress) + Send),
    stop: impl Future<Output = ()> + Send,
) -> TurnEnd {
    let (mut turn, mut effects) = started;
    let mut stop = std::pin::pin!(stop);
    let mut is_stopping = false;
    loop {
        for effect in effects {
            match host.performer.perform(effect, &host.endpoint, &host.model, &host.tools) {
                Some(Effect::Record(what)) => record(what),
                Some(Effect::Show(progress)) => show(progress),
                Some(Effect::Ended(end)) => return end,
                _ => {}
            }
        }
        let event = tokio::select! {
            biased;
            () = &mut stop, if !is_stopping => {
                is_stopping = true;
                Event::TurnStopped
            }
            event = host.events.recv() => event.unwrap_or(Event::TurnStopped),
        };
        effects = turn.handle(event, (host.clock)(), (host.jitter)());
    }
}
