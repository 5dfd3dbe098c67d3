//! What decides how the screen may look: the terminal's background and what a person set.

/// What is known about the terminal's background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
    /// It did not say.
    #[default]
    Unknown,
}

/// How the screen may look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The terminal's background.
    pub background: Background,
    /// Colours are not wanted (`NO_COLOR`).
    pub is_colourless: bool,
    /// Nothing may move (`reduce_motion`).
    pub is_still: bool,
    /// ASCII marks instead of `› ✓ ✗ ⠿`.
    pub is_ascii: bool,
    /// `-` and `|` instead of the two lines, whose width is ambiguous under zh, ja and ko.
    pub has_ascii_lines: bool,
    /// The time of day stands beside a question.
    pub has_clock: bool,
}
