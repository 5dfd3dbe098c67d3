//! The marks of the interface: glyphs of neutral width, or ASCII ones.

use crate::agent::CallState;
use crate::chat::ToolStatus;
use crate::config::look::Look;

/// The marks of one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbols {
    /// Own question, selected row, prompt.
    pub own: &'static str,
    /// Done.
    pub good: &'static str,
    /// Failed.
    pub bad: &'static str,
    /// Running.
    pub running: &'static str,
    /// Receiving arguments.
    pub receiving: &'static str,
    /// What is seen, in the scroll bar.
    pub thumb: &'static str,
    /// Own question in the scroll bar.
    pub own_in_bar: &'static str,
    /// A hit in the scroll bar.
    pub hit_in_bar: &'static str,
    /// The horizontal rule.
    pub rule: &'static str,
    /// The divider.
    pub divider: &'static str,
}

impl Symbols {
    /// The marks for this look.
    #[must_use]
    pub(super) fn of(look: Look) -> Self {
        let (rule, divider) = if look.has_ascii_lines || look.is_ascii { ("-", "|") } else { ("─", "│") };
        if look.is_ascii {
            return Self {
                own: ">",
                good: "ok",
                bad: "x",
                running: "*",
                receiving: ".",
                thumb: "#",
                own_in_bar: "<",
                hit_in_bar: "=",
                rule,
                divider,
            };
        }
        Self {
            own: "›",
            good: "✓",
            bad: "✗",
            running: "⠿",
            receiving: "⠤",
            // Of neutral width, as all Braille.
            thumb: "⢸",
            own_in_bar: "‹",
            hit_in_bar: "⠶",
            rule,
            divider,
        }
    }

    /// The mark of a call in this state.
    #[must_use]
    pub(super) fn of_call(&self, state: CallState) -> &'static str {
        match state {
            CallState::Receiving => self.receiving,
            CallState::Ready | CallState::Running { .. } => self.running,
            CallState::Waiting(_) => "?",
            CallState::Ended(ToolStatus::Done) => self.good,
            CallState::Ended(ToolStatus::Failed | ToolStatus::Timeout) => self.bad,
            CallState::Ended(ToolStatus::Denied | ToolStatus::Cancelled) => "!",
        }
    }
}

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The spinner's cell after so many ms.
#[must_use]
pub(super) fn spinner(look: Look, elapsed_ms: u64) -> &'static str {
    if look.is_still || look.is_ascii {
        return "*";
    }
    SPINNER[(elapsed_ms / crate::app::SPINNER_MS) as usize % SPINNER.len()]
}
