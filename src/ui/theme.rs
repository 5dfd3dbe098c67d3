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
    /// Code in a code block.
    pub syntax: SyntaxStyles,
    /// The lines of a diff, which have a mark of their own besides.
    pub diff: DiffStyles,
    /// Colours may be used; without them inline code keeps its backticks.
    pub has_colour: bool,
}

/// The kinds of words in code; everything else there (names, operators, punctuation) is plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxStyles {
    /// Words of the language.
    pub keyword: Style,
    /// Texts and single characters.
    pub string: Style,
    /// What the machine does not read.
    pub comment: Style,
    /// Numbers.
    pub number: Style,
    /// Names of functions and macros.
    pub function: Style,
    /// Names of types.
    pub type_name: Style,
    /// Names of constants, `true`, `null`.
    pub constant: Style,
}

/// The kinds of lines in a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffStyles {
    /// `+`
    pub added: Style,
    /// `-`
    pub removed: Style,
    /// `@@`
    pub hunk: Style,
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
            syntax: SyntaxStyles::new(background, has_colour),
            diff: DiffStyles { added: coloured(Color::Green), removed: coloured(Color::Red), hunk: accent },
            has_colour,
        }
    }
}

impl SyntaxStyles {
    /// Where the background is not known only what can be read on either is coloured.
    fn new(background: Background, has_colour: bool) -> Self {
        let plain = Style::new();
        let comment = plain.add_modifier(Modifier::DIM);
        if !has_colour {
            let keyword = plain.add_modifier(Modifier::BOLD);
            return Self {
                keyword,
                comment,
                string: plain,
                number: plain,
                function: plain,
                type_name: plain,
                constant: plain,
            };
        }
        let (keyword, string) = (plain.fg(Color::Magenta), plain.fg(Color::Green));
        let (number, function, type_name) = match background {
            Background::Dark => (plain.fg(Color::Cyan), plain.fg(Color::LightBlue), plain.fg(Color::Yellow)),
            Background::Light => (plain.fg(Color::Red), plain.fg(Color::Blue), plain.fg(Color::Blue)),
            Background::Unknown => (plain, plain, plain),
        };
        Self { keyword, string, comment, number, function, type_name, constant: number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(theme: &Theme) -> Vec<Style> {
        let SyntaxStyles { keyword, string, comment, number, function, type_name, constant } = theme.syntax;
        let DiffStyles { added, removed, hunk } = theme.diff;
        vec![
            theme.text,
            theme.bold,
            theme.dim,
            theme.accent,
            theme.good,
            theme.waiting,
            theme.bad,
            theme.marked,
            theme.selected,
            theme.hit,
            keyword,
            string,
            comment,
            number,
            function,
            type_name,
            constant,
            added,
            removed,
            hunk,
        ]
    }

    #[test]
    fn without_colours_nothing_has_one() {
        for background in [Background::Dark, Background::Light, Background::Unknown] {
            for style in all(&Theme::new(background, false)) {
                assert_eq!((style.fg, style.bg), (None, None));
            }
        }
    }

    #[test]
    fn yellow_is_never_put_on_a_light_background() {
        assert!(all(&Theme::new(Background::Light, true)).iter().all(|style| style.fg != Some(Color::Yellow)));
    }
}
