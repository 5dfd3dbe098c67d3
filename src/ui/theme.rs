//! The styles of everything drawn: the roles of the chosen theme on the terminal's own background. Each role also has a
//! mark or a word, so that nothing is lost without colours. In the default theme dim is SGR 2, never colour 8, which is
//! the background in some palettes.

use std::hash::{DefaultHasher, Hash, Hasher};

use ratatui::style::{Color, Modifier, Style};

pub use crate::config::look::Background;
use crate::config::look::Look;
use crate::config::theme::{Colour, NamedTheme, Role, RoleStyle, built_in};

/// The styles of everything drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The hit that is gone to.
    pub current_hit: Style,
    /// The scroll bar.
    pub scroll_bar: Style,
    /// Code in a code block.
    pub syntax: SyntaxStyles,
    /// The lines of a diff, which have a mark of their own besides.
    pub diff: DiffStyles,
    /// Colours may be used; without them inline code keeps its backticks.
    pub has_colour: bool,
}

/// The kinds of words in code; everything else there (names, operators, punctuation) is plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiffStyles {
    /// `+`
    pub added: Style,
    /// `-`
    pub removed: Style,
    /// `@@`
    pub hunk: Style,
}

impl Theme {
    /// The default theme for this background.
    #[must_use]
    pub fn new(background: Background, has_colour: bool) -> Self {
        let look = Look { background, is_colourless: !has_colour, ..Look::default() };
        Self::of(&built_in()[0], look)
    }

    /// A number that is another one for every other theme, for whoever only has to know whether it changed.
    #[must_use]
    pub fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// The styles of a theme in this look.
    #[must_use]
    pub fn of(theme: &NamedTheme, look: Look) -> Self {
        let has_colour = !look.is_colourless;
        let style = |role| style(theme.style(role, look.background, has_colour), look.has_true_colour);
        Self {
            text: style(Role::Text),
            bold: style(Role::Bold),
            dim: style(Role::Dim),
            accent: style(Role::Accent),
            good: style(Role::Good),
            waiting: style(Role::Waiting),
            bad: style(Role::Bad),
            marked: style(Role::Marked),
            selected: style(Role::Selected),
            hit: style(Role::Hit),
            current_hit: style(Role::CurrentHit),
            scroll_bar: style(Role::ScrollBar),
            syntax: SyntaxStyles {
                keyword: style(Role::Keyword),
                string: style(Role::String),
                comment: style(Role::Comment),
                number: style(Role::Number),
                function: style(Role::Function),
                type_name: style(Role::Type),
                constant: style(Role::Constant),
            },
            diff: DiffStyles { added: style(Role::Added), removed: style(Role::Removed), hunk: style(Role::Hunk) },
            has_colour,
        }
    }
}

fn style(role: RoleStyle, has_true_colour: bool) -> Style {
    let shown = |colour: Colour| colour_of(if has_true_colour { colour } else { colour.numbered() });
    let modifiers = [
        (role.is_bold, Modifier::BOLD),
        (role.is_dim, Modifier::DIM),
        (role.is_italic, Modifier::ITALIC),
        (role.is_underlined, Modifier::UNDERLINED),
        (role.is_reversed, Modifier::REVERSED),
    ];
    let on = modifiers.into_iter().filter(|(is_on, _)| *is_on).map(|(_, modifier)| modifier).collect();
    let style = Style::new().add_modifier(on);
    Style { fg: role.colour.map(shown), bg: role.ground.map(shown), ..style }
}

fn colour_of(colour: Colour) -> Color {
    const OWN: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Colour::Own(number) => OWN[usize::from(number % 16)],
        Colour::Numbered(number) => Color::Indexed(number),
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::ROLES;

    #[test]
    fn without_colours_nothing_has_one() {
        for (theme, role) in built_in().iter().flat_map(|theme| ROLES.iter().map(move |role| (theme, role))) {
            let style = style(theme.style(role.role, Background::Dark, false), true);
            assert_eq!((style.fg, style.bg), (None, None), "{} {}", theme.name, role.name);
        }
    }

    #[test]
    fn yellow_is_never_put_on_a_light_background() {
        for role in ROLES {
            let style = style(built_in()[0].style(role.role, Background::Light, true), true);
            assert_ne!(style.fg, Some(Color::Yellow), "{}", role.name);
        }
    }

    #[test]
    fn a_terminal_of_256_colours_gets_no_others() {
        let role = RoleStyle { colour: Some(Colour::Rgb(0, 0x5f, 0xaf)), is_bold: true, ..RoleStyle::default() };
        assert_eq!(style(role, false), Style::new().fg(Color::Indexed(25)).add_modifier(Modifier::BOLD));
        assert_eq!(style(role, true).fg, Some(Color::Rgb(0, 0x5f, 0xaf)));
    }
}
