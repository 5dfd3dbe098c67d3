//! Themes as data: which role looks how, on which background. Raw files in, resolved themes out, so that nobody who draws
//! asks where a style came from. The roles are few and named by meaning; a file that names only some goes on from another.

mod file;
mod folder;
mod role;
mod style;

use std::sync::LazyLock;

pub use folder::{FOLDER, Themes};
pub use role::{ROLES, Role, RoleInfo};
pub use style::{Colour, RoleStyle, rgb_of};

use super::look::Background;

/// The name of the theme that is used when none is named.
pub const DEFAULT: &str = "default";

const BUILT_IN: [(&str, &str); 4] = [
    (DEFAULT, include_str!("../../../assets/themes/default.toml")),
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../../assets/themes/high-contrast.toml")),
];

/// The styles of every role, by the role's number.
type Styles = [RoleStyle; ROLES.len()];

/// A theme with nothing left open: every role has a style on every background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTheme {
    /// By which it is chosen.
    pub name: String,
    /// What it is, in a line; may be empty.
    pub about: String,
    on_unknown: Styles,
    on_dark: Styles,
    on_light: Styles,
    without_colour: Styles,
}

impl NamedTheme {
    /// How this role looks on this background; without colours, where they are not wanted.
    #[must_use]
    pub fn style(&self, role: Role, background: Background, has_colour: bool) -> RoleStyle {
        let styles = match (has_colour, background) {
            (false, _) => &self.without_colour,
            (true, Background::Unknown) => &self.on_unknown,
            (true, Background::Dark) => &self.on_dark,
            (true, Background::Light) => &self.on_light,
        };
        styles[role as usize]
    }

    /// A theme without a style, from which the first one goes on.
    fn blank() -> Self {
        let plain = [RoleStyle::default(); ROLES.len()];
        Self {
            name: String::new(),
            about: String::new(),
            on_unknown: plain,
            on_dark: plain,
            on_light: plain,
            without_colour: plain,
        }
    }
}

/// The themes that come with the program, the default first.
#[must_use]
pub fn built_in() -> &'static [NamedTheme] {
    static THEMES: LazyLock<Vec<NamedTheme>> = LazyLock::new(|| {
        let mut themes = vec![];
        for (name, text) in BUILT_IN {
            let read = file::parse(name, name, text, &themes);
            themes.push(read.map_or_else(|_| NamedTheme::blank(), |(theme, _)| theme));
        }
        themes
    });
    &THEMES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::report::Problem;

    #[test]
    fn each_theme_that_comes_with_the_program_is_whole() {
        let mut known = Vec::new();
        for (name, text) in BUILT_IN {
            let (theme, warnings) = file::parse(name, name, text, &known).expect("reads");
            assert_eq!((warnings, theme.about.is_empty()), (Vec::<Problem>::new(), false), "{name}");
            for role in ROLES {
                let line = format!("\n{} = ", role.name);
                let styles = text.split("[on_dark]").next().unwrap_or_default();
                let styles = styles.split("[without_colour]").next().unwrap_or_default();
                assert!(styles.contains(&line), "{name} leaves {} to another theme", role.name);
            }
            known.push(theme);
        }
        assert_eq!(built_in(), known);
    }

    /// Relative luminance. <https://www.w3.org/TR/WCAG21/#dfn-relative-luminance>
    fn luminance(colour: [u8; 3]) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = colour.map(part);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: [u8; 3], two: [u8; 3]) -> f64 {
        let (one, two) = (luminance(one), luminance(two));
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[test]
    fn colours_can_be_read_on_the_backgrounds_they_are_for() {
        let (darks, lights) = ([[0, 0, 0], [0x1e, 0x1e, 0x1e]], [[255, 255, 255], [0xfd, 0xf6, 0xe3]]);
        for (name, background, grounds, least) in [
            ("dark", Background::Dark, darks, 4.5),
            ("light", Background::Light, lights, 4.5),
            ("high-contrast", Background::Dark, darks, 7.0),
            ("high-contrast", Background::Light, lights, 7.0),
        ] {
            let theme = built_in().iter().find(|theme| theme.name == name).expect("is there");
            for (role, ground) in ROLES.iter().flat_map(|role| grounds.map(|ground| (role, ground))) {
                let Some(colour) = theme.style(role.role, background, true).colour else { continue };
                let Colour::Numbered(number @ 16..) = colour else { panic!("{name} {}: {colour}", role.name) };
                let contrast = contrast(rgb_of(number), ground);
                assert!(contrast >= least, "{name} {}: {contrast:.1} on {ground:?}", role.name);
            }
        }
    }

    #[test]
    fn without_colours_no_theme_has_one_and_high_contrast_is_never_dim() {
        for theme in built_in() {
            for role in ROLES {
                for background in [Background::Dark, Background::Light, Background::Unknown] {
                    let style = theme.style(role.role, background, false);
                    assert_eq!(style, style.without_colour(), "{} {}", theme.name, role.name);
                    let is_dim = theme.style(role.role, background, true).is_dim || style.is_dim;
                    assert!(!is_dim || theme.name != "high-contrast", "{}", role.name);
                }
            }
        }
    }
}
