//! Five colour roles on the terminal's own background. Each also has a mark or a word, so that nothing is lost without
//! colours. Dim is SGR 2, never colour 8, which is the background in some palettes.

use ratatui::style::{Color, Modifier, Style};

pub use crate::config::look::Background;

/// The styles of everything drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The default text.
    pub text: Style,
    /// Headings, own questions, the selected row, key names.
    pub bold: Style,
    /// Time, rules, finished results, footer words.
    pub dim: Style,
    /// Keys, links, inline code, the prompt mark.
    pub accent: Style,
    /// Done.
    pub good: Style,
    /// Waiting for a person.
    pub waiting: Style,
    /// Failed.
    pub bad: Style,
    /// Characters taken out of outside text.
    pub marked: Style,
    /// Selected text.
    pub selected: Style,
    /// What was looked for, over the style it stands in.
    pub hit: Style,
    /// Colours may be used; without them inline code keeps its backticks.
    pub has_colour: bool,
}

impl Theme {
    /// The theme for this background.
    #[must_use]
    pub fn new(background: Background, has_colour: bool) -> Self {
        let plain = Style::new();
        let coloured = |colour| if has_colour { plain.fg(colour) } else { plain };
        let accent = match background {
            Background::Dark => coloured(Color::Cyan),
            Background::Light => coloured(Color::Blue),
            Background::Unknown => plain,
        };
        Self {
            text: plain,
            bold: plain.add_modifier(Modifier::BOLD),
            dim: plain.add_modifier(Modifier::DIM),
            accent,
            good: coloured(Color::Green),
            // Yellow on white is not to be read.
            waiting: coloured(if background == Background::Light { Color::Magenta } else { Color::Yellow }),
            bad: coloured(Color::Red),
            marked: plain.add_modifier(Modifier::REVERSED),
            selected: plain.add_modifier(Modifier::REVERSED),
            hit: plain.add_modifier(Modifier::UNDERLINED.union(Modifier::BOLD)),
            has_colour,
        }
    }
}
