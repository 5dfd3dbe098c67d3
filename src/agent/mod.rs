//! The turn: from a question to its answer, with tool calls between. `turn` is a pure state machine (events in, effects
//! out) that three hosts share; `tracker` is what the side panel draws; `perform` does the effects; `drive` runs a turn
//! without a screen; `clock` is what the machine is handed from outside.

mod checks;
mod clock;
mod drive;
mod effect;
mod event;
mod perform;
mod setup;
mod tracker;
mod turn;

pub use clock::{Clock, ids, jitter};
pub use drive::{Drive, Driven, drive};
pub use effect::{Effect, Progress, TurnEnd};
pub use event::{CallId, CallOutcome, Event, Moment, RequestId, TurnId};
pub use perform::{CommitGate, EndpointSource, Performer};
pub use setup::{CutAnswer, NewQuestion, OfferedTool, Opening, TurnSetup};
pub use tracker::{AskReason, CallState, TrackedCall, Tracker};
pub use turn::{Phase, Turn};

#[cfg(test)]
mod tests;
