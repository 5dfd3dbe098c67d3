//! Every tool call of a turn with where it stands. The side panel draws this very list, so it cannot disagree with what
//! the machine does.

use super::{CallId, Moment};
use crate::chat::{Arguments, ToolStatus};

/// Why a call waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskReason {
    /// The policy asks for this tool.
    Policy,
    /// The same call with the same arguments came three times in a row.
    Repeated,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Its arguments are arriving.
    Receiving,
    /// It is whole and about to run.
    Ready,
    /// A person is asked.
    Waiting(AskReason),
    /// The tool works, since this time of [`Moment::mono_ms`].
    Running {
        /// When it began.
        since_ms: u64,
    },
    /// It has its result.
    Ended(ToolStatus),
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedCall {
    /// Ours, for effects and keys.
    pub id: CallId,
    /// The vendor's, for the request.
    pub vendor_id: String,
    /// Which model request asked for it, from 1.
    pub round: u32,
    /// The tool's name as far as known; from outside.
    pub name: String,
    /// The arguments' text so far; from outside.
    pub arguments_text: String,
    /// The arguments, once whole.
    pub arguments: Option<Arguments>,
    /// Where it stands.
    pub state: CallState,
    /// How long it ran, in ms.
    pub elapsed_ms: u64,
    /// The result's text; from outside.
    pub output: String,
}

impl TrackedCall {
    /// Whether it has its result.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, CallState::Ended(_))
    }

    /// How long it has been running or ran, in ms.
    #[must_use]
    pub fn elapsed(&self, now: Moment) -> u64 {
        match self.state {
            CallState::Running { since_ms } => now.mono_ms.saturating_sub(since_ms),
            _ => self.elapsed_ms,
        }
    }
}

/// The calls of a turn, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracker {
    /// In order of appearance.
    pub calls: Vec<TrackedCall>,
}

impl Tracker {
    /// The call of this id.
    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&TrackedCall> {
        self.calls.iter().find(|call| call.id == id)
    }

    pub(super) fn get_mut(&mut self, id: CallId) -> Option<&mut TrackedCall> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// The calls that wait for a person, in the order in which they are asked.
    pub fn waiting(&self) -> impl Iterator<Item = &TrackedCall> {
        self.calls.iter().filter(|call| matches!(call.state, CallState::Waiting(_)))
    }

    /// The calls whose tools work now.
    pub fn running(&self) -> impl Iterator<Item = &TrackedCall> {
        self.calls.iter().filter(|call| matches!(call.state, CallState::Running { .. } | CallState::Ready))
    }

    /// Calls of this round that have no result yet.
    #[must_use]
    pub fn open_in_round(&self, round: u32) -> usize {
        self.calls.iter().filter(|call| call.round == round && !call.is_ended()).count()
    }
}
