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

/// What stands under each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// Model, time, tokens, and the cost where the provider reported it.
    #[default]
    Short,
    /// Also the time to the first token and the tokens per second.
    Full,
    /// Nothing but how an answer ended that is not whole.
    Nothing,
}

impl Details {
    /// Its word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Full => "full",
            Self::Nothing => "none",
        }
    }

    /// Reads [`Self::as_str`] back; an unknown word is the default.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Full, Self::Nothing].into_iter().find(|details| details.as_str() == word).unwrap_or_default()
    }

    /// What the key that changes it turns to.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Short => Self::Full,
            Self::Full => Self::Nothing,
            Self::Nothing => Self::Short,
        }
    }
}

/// How the screen may look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The terminal's background.
    pub background: Background,
    /// Colours are not wanted (`NO_COLOR`).
    pub is_colourless: bool,
    /// The terminal shows every colour, not only 256.
    pub has_true_colour: bool,
    /// Nothing may move (`reduce_motion`).
    pub is_still: bool,
    /// ASCII marks instead of `› ✓ ✗ ⠿`.
    pub is_ascii: bool,
    /// `-` and `|` instead of the two lines, whose width is ambiguous under zh, ja and ko.
    pub has_ascii_lines: bool,
    /// The time of day stands beside a question.
    pub has_clock: bool,
    /// What stands under each answer.
    pub details: Details,
}
