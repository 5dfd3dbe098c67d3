//! The approval card's own state. It hears its letters only while the prompt is empty and after half a second without any
//! key, so that typed words never allow a call; Enter, Space and Tab never do.

use crate::agent::CallId;

/// Milliseconds without a key before the letters of a card count.
pub(super) const QUIET_MS: u64 = 500;

/// The card of the first waiting call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// The call it asks about.
    pub call: Option<CallId>,
    /// Since when it is on the screen, on the forward clock.
    pub shown_ms: u64,
    /// `a` was pressed: it asks once more.
    pub is_always_asked: bool,
    /// First line of the arguments shown.
    pub top: usize,
    /// Lines of the arguments at the current width, set by the layout.
    pub lines: usize,
    /// Lines of the arguments on the screen, set by the layout.
    pub visible: usize,
    /// The last line of the arguments was on the screen.
    pub is_seen: bool,
}

impl Approval {
    /// Turns to another call, or to none.
    pub fn show(&mut self, call: Option<CallId>, now_ms: u64) {
        if self.call != call {
            *self = Self { call, shown_ms: now_ms, ..Self::default() };
        }
    }

    /// The layout says how many lines there are and how many it can show.
    pub fn laid_out(&mut self, lines: usize, visible: usize) {
        self.lines = lines;
        self.visible = visible;
        self.top = self.top.min(lines.saturating_sub(visible));
    }

    /// The card is on the screen as it was laid out.
    pub fn drawn(&mut self) {
        self.is_seen |= self.call.is_some() && self.top + self.visible >= self.lines;
    }

    /// Scrolls the arguments; `false` when all of them are on the screen anyway.
    pub fn scroll(&mut self, by: i64) -> bool {
        if self.lines <= self.visible {
            return false;
        }
        let last = self.lines - self.visible;
        self.top = usize::try_from(self.top as i64 + by).unwrap_or(0).min(last);
        true
    }

    /// Whether its letters count after the last key at this time.
    #[must_use]
    pub fn is_quiet(&self, last_key_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(last_key_ms.max(self.shown_ms)) >= QUIET_MS
    }
}
