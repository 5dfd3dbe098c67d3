//! A theme file as it is written, made into a theme. Wrong words are errors with their place, unknown roles are warnings,
//! so that a file for a newer version still works. Pure: text in, a theme out.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::role::{ROLES, RoleInfo};
use super::style::{self, RoleStyle};
use super::{DEFAULT, NamedTheme, Styles};
use crate::config::report::{Problem, Source, did_you_mean};

const ABOUT: &str = "about";
const BASE: &str = "base";
const STYLES: &str = "styles";
const ON_DARK: &str = "on_dark";
const ON_LIGHT: &str = "on_light";
const WITHOUT_COLOUR: &str = "without_colour";
const TOP: [&str; 6] = [ABOUT, BASE, STYLES, ON_DARK, ON_LIGHT, WITHOUT_COLOUR];
/// Characters of the line about a theme.
const MAX_ABOUT: usize = 80;

/// The styles that a section names.
type Named = [Option<RoleStyle>; ROLES.len()];

/// Reads a theme; `place` is the path to show, `known` are those it may go on from. Also gives warnings.
pub(super) fn parse(
    name: &str,
    place: &str,
    text: &str,
    known: &[NamedTheme],
) -> Result<(NamedTheme, Vec<Problem>), (Source, Vec<Problem>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fail = |problems| (Source { name: place.to_owned(), text: text.to_owned() }, problems);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            let problem = Problem::new(at, format!("This is not TOML: {message}.")).expected("`role = \"style\"`");
            return Err(fail(vec![problem]));
        }
    };
    let mut reader = Reader { text, problems: Vec::new(), warnings: Vec::new() };
    let theme = reader.theme(name, table.get_ref(), known);
    if reader.problems.is_empty() { Ok((theme, reader.warnings)) } else { Err(fail(reader.problems)) }
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Reader<'_> {
    fn theme(&mut self, name: &str, table: &DeTable<'_>, known: &[NamedTheme]) -> NamedTheme {
        for (key, _) in table {
            self.known(key, &TOP, "at the top level");
        }
        let about = self.string(table, ABOUT).map(|(text, _)| text.chars().take(MAX_ABOUT).collect());
        let base = self.base(table, known);
        let styles = self.section(table, STYLES);
        let (on_dark, on_light) = (self.section(table, ON_DARK), self.section(table, ON_LIGHT));
        let without_colour = self.section(table, WITHOUT_COLOUR);
        let over = |named: &Named, base: &Styles| -> Styles {
            std::array::from_fn(|role| named[role].or(styles[role]).unwrap_or(base[role]))
        };
        NamedTheme {
            name: name.to_owned(),
            about: about.unwrap_or_default(),
            on_unknown: over(&styles, &base.on_unknown),
            on_dark: over(&on_dark, &base.on_dark),
            on_light: over(&on_light, &base.on_light),
            without_colour: over(&without_colour, &base.without_colour).map(RoleStyle::without_colour),
        }
    }

    /// The theme that this one goes on from.
    fn base(&mut self, table: &DeTable<'_>, known: &[NamedTheme]) -> NamedTheme {
        let (wanted, at) = self.string(table, BASE).unwrap_or_else(|| (DEFAULT.to_owned(), 0..0));
        let found = known.iter().find(|theme| theme.name == wanted);
        if found.is_none() && !known.is_empty() {
            let names: Vec<&str> = known.iter().map(|theme| theme.name.as_str()).collect();
            self.problems.push(
                Problem::new(at, format!("There is no theme `{wanted}` to go on from."))
                    .expected(names.join(", "))
                    .hint(did_you_mean(&wanted, names)),
            );
        }
        found.cloned().unwrap_or_else(NamedTheme::blank)
    }

    fn section(&mut self, table: &DeTable<'_>, name: &str) -> Named {
        let mut named = [None; ROLES.len()];
        let Some(value) = table.get(name) else { return named };
        let DeValue::Table(section) = value.get_ref() else {
            self.problems
                .push(Problem::new(value.span(), format!("`{name}` is not a table.")).expected(format!("`[{name}]`")));
            return named;
        };
        let roles: Vec<&str> = ROLES.iter().map(|role| role.name).collect();
        for (key, _) in section {
            self.known(key, &roles, &format!("in [{name}]"));
        }
        for (style, RoleInfo { name, .. }) in named.iter_mut().zip(ROLES) {
            *style = self.string(section, name).and_then(|(text, at)| self.style(name, &text, at));
        }
        named
    }

    fn style(&mut self, role: &str, text: &str, at: Range<usize>) -> Option<RoleStyle> {
        match RoleStyle::parse(text) {
            Ok(style) => Some(style),
            Err(unknown) => {
                // The word itself, where the text stands in the file as it is.
                let inner = at.start + 1 + unknown.at.start..at.start + 1 + unknown.at.end;
                let at = if self.text.get(inner.clone()) == Some(unknown.word.as_str()) { inner } else { at };
                let sentence = format!("`{role}` has the word `{}`, which is not for this place.", unknown.word);
                self.problems.push(Problem::new(at, sentence).expected(style::EXPECTED).hint(unknown.hint));
                None
            }
        }
    }

    fn string(&mut self, table: &DeTable<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let value = table.get(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.problems.push(Problem::new(value.span(), format!("`{key}` is not text.")).expected("text in quotes"));
            return None;
        };
        Some((text.to_string(), value.span()))
    }

    fn known(&mut self, key: &Spanned<impl AsRef<str>>, known: &[&str], place: &str) {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            let sentence = format!("There is no `{name}` {place} of a theme; it has no effect.");
            self.warnings.push(Problem::new(key.span(), sentence).hint(did_you_mean(name, known.iter().copied())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Colour, Role, built_in};
    use super::*;
    use crate::config::look::Background;

    fn reports(text: &str) -> Vec<String> {
        match parse("mine", "mine.toml", text, built_in()) {
            Ok((_, warnings)) => {
                let source = Source { name: "mine.toml".to_owned(), text: text.to_owned() };
                warnings.iter().map(|warning| warning.one_line(&source)).collect()
            }
            Err((source, problems)) => problems.iter().map(|problem| problem.render(&source)).collect(),
        }
    }

    #[test]
    fn what_a_file_leaves_out_is_as_in_the_theme_it_goes_on_from() {
        let text = "base = \"dark\"\n[styles]\naccent = \"201\"\n[on_light]\ngood = \"bold\"\n";
        let (theme, _) = parse("mine", "mine.toml", text, built_in()).expect("reads");
        let colour = |role, background| theme.style(role, background, true).colour;
        assert_eq!(colour(Role::Accent, Background::Light), Some(Colour::Numbered(201)));
        assert_eq!(colour(Role::Good, Background::Light), None);
        assert_eq!(colour(Role::Good, Background::Dark), Some(Colour::Numbered(114)));
        assert_eq!(theme.style(Role::Accent, Background::Dark, false), RoleStyle::default());
    }

    #[test]
    fn a_role_that_a_file_sets_for_all_backgrounds_is_so_on_each() {
        let (theme, _) = parse("mine", "mine.toml", "[styles]\naccent = \"201\"\n", built_in()).expect("reads");
        assert_eq!(theme.style(Role::Accent, Background::Dark, true).colour, Some(Colour::Numbered(201)));
    }

    #[test]
    fn mistakes_are_reported_with_their_place_and_the_nearest_name() {
        assert_eq!(
            reports("[styles]\naccent = \"bold cyna\"\n"),
            vec![format!(
                "mine.toml:2:16: `accent` has the word `cyna`, which is not for this place.\n  2 | accent = \"bold cyna\"\n    |                ^^^^ expected {}\n  Did you mean `cyan`?",
                style::EXPECTED
            )]
        );
        assert_eq!(
            reports("base = \"drak\"\n"),
            vec![
                "mine.toml:1:8: There is no theme `drak` to go on from.\n  1 | base = \"drak\"\n    |        ^^^^^^ expected default, dark, light, high-contrast\n  Did you mean `dark`?"
            ]
        );
        assert_eq!(
            reports("[styles]\nacent = \"cyan\"\n"),
            vec!["mine.toml:2:1: There is no `acent` in [styles] of a theme; it has no effect. Did you mean `accent`?"]
        );
        assert!(reports("styles = 3\n")[0].starts_with("mine.toml:1:10: `styles` is not a table."));
        assert!(reports("[styles]\naccent = 3\n")[0].starts_with("mine.toml:2:10: `accent` is not text."));
        assert!(reports("accent\n")[0].starts_with("mine.toml:1:7: This is not TOML"));
    }
}
