//! Facts the turn machine is told. Each carries the id of what it answers, so that a late one of an earlier turn or
//! request falls out in one place.

use crate::chat::{Delta, StreamEnd, ToolStatus};

/// One question and everything done to answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub u64);

/// One model request of a turn; a repeated attempt is a request of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId {
    /// The turn it belongs to.
    pub turn: TurnId,
    /// Counted from 1 within the turn.
    pub number: u32,
}

/// One tool call of a turn, whatever id the vendor gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    /// The turn it belongs to.
    pub turn: TurnId,
    /// Counted from 1 within the turn.
    pub number: u32,
}

/// A point in time, handed in by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds of a clock that only goes forward.
    pub mono_ms: u64,
    /// Milliseconds since 1970 UTC.
    pub unix_ms: i64,
}

/// How a tool's run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// `Done`, `Failed` or `Timeout`.
    pub status: ToolStatus,
    /// The text for the model.
    pub output: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A stream brought something.
    Delta {
        /// Which stream.
        request: RequestId,
        /// What it brought.
        delta: Delta,
    },
    /// A stream ended.
    StreamEnded {
        /// Which stream.
        request: RequestId,
        /// How.
        end: StreamEnd,
    },
    /// The wait before a repeated attempt is over, or a person cut it short.
    RetryDue {
        /// The attempt that may start.
        request: RequestId,
    },
    /// A call is recorded and its tool begins.
    CallStarted {
        /// Which call.
        call: CallId,
    },
    /// A tool ended.
    CallFinished {
        /// Which call.
        call: CallId,
        /// How.
        outcome: CallOutcome,
    },
    /// A person allowed a waiting call once.
    CallApproved {
        /// Which call.
        call: CallId,
    },
    /// A person allowed this tool for the rest of the chat.
    ToolApproved {
        /// The waiting call that was asked about.
        call: CallId,
    },
    /// A person refused a waiting call.
    CallRefused {
        /// Which call.
        call: CallId,
    },
    /// A person stopped one call; the answer goes on.
    CallStopped {
        /// Which call.
        call: CallId,
    },
    /// A person stopped everything.
    TurnStopped,
}
