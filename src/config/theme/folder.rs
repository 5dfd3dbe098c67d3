//! Where themes are found: those of the program, those in the `themes` folder beside the configuration file, and the one
//! that the configuration names by its path.

use std::path::{Path, PathBuf};

use super::{DEFAULT, NamedTheme, built_in, file};
use crate::config::file::Located;
use crate::config::load::{process_env, read};
use crate::config::report::{ConfigError, Problem, Source, did_you_mean};

/// The folder of a person's own themes, beside the configuration file.
pub const FOLDER: &str = "themes";
/// A theme file's ending.
const ENDING: &str = "toml";
/// Files of the folder that are read at most.
const MAX_FILES: usize = 200;

/// The themes there are, and the one that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes {
    /// Those of the program first, then a person's own.
    pub all: Vec<NamedTheme>,
    /// The place of the one that is used.
    pub chosen: usize,
}

impl Default for Themes {
    fn default() -> Self {
        Self { all: built_in().to_vec(), chosen: 0 }
    }
}

impl Themes {
    /// The one that is used.
    #[must_use]
    pub fn current(&self) -> &NamedTheme {
        self.all.get(self.chosen).unwrap_or(&built_in()[0])
    }

    /// Those of the program and of the folder beside the configuration file, with the `wanted` one chosen. A file that
    /// cannot be used is an error if it is the wanted one, else a warning.
    pub(in crate::config) fn find(
        wanted: Option<&Located<String>>,
        config: &Source,
        folder: &Path,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let (mut themes, mut warnings) = (Self::default(), Vec::new());
        let named_path = wanted.and_then(|wanted| path_of(&wanted.value, folder));
        let mut files = theme_files(&folder.join(FOLDER));
        if let Some(path) = named_path.iter().find(|path| !files.contains(path)) {
            files.push(path.clone());
        }
        let name = match (&named_path, wanted) {
            (Some(path), _) => stem(path),
            (None, Some(wanted)) => wanted.value.clone(),
            (None, None) => DEFAULT.to_owned(),
        };
        for path in files {
            match load(&path) {
                Ok(Some((theme, more))) => {
                    themes.add(theme);
                    warnings.extend(more);
                }
                Ok(None) => {}
                Err(error) if stem(&path) == name => return Err(error),
                Err(error) => warnings.extend(error.reports.iter().filter_map(|report| one_line(report))),
            }
        }
        match (themes.all.iter().position(|theme| theme.name == name), wanted) {
            (Some(at), _) => themes.chosen = at,
            (None, None) => {}
            (None, Some(wanted)) => {
                let names: Vec<&str> = themes.all.iter().map(|theme| theme.name.as_str()).collect();
                let sentence = match &named_path {
                    Some(path) => format!("There is no theme file {}.", path.display()),
                    None => format!("There is no theme `{name}`."),
                };
                let problem = Problem::new(wanted.at.clone(), sentence)
                    .expected(format!("{}, or the path of a theme file", names.join(", ")))
                    .hint(did_you_mean(&name, names));
                return Err(ConfigError::of(&[problem], config));
            }
        }
        Ok((themes, warnings))
    }

    /// One's own theme takes the place of the one of the same name.
    fn add(&mut self, theme: NamedTheme) {
        match self.all.iter_mut().find(|known| known.name == theme.name) {
            Some(known) => *known = theme,
            None => self.all.push(theme),
        }
    }
}

/// The file that is meant, where a path and not a name is.
fn path_of(wanted: &str, folder: &Path) -> Option<PathBuf> {
    if let Some(rest) = wanted.strip_prefix("~/") {
        return Some(folder.join(process_env("HOME").unwrap_or_default()).join(rest));
    }
    let is_path = wanted.contains('/') || Path::new(wanted).extension().is_some_and(|ending| ending == ENDING);
    is_path.then(|| folder.join(wanted))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The theme files of a folder by name; none where there is no such folder.
fn theme_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).take(MAX_FILES).collect();
    paths.sort();
    paths
}

/// Reads a theme file, with warnings; `None` where there is none.
fn load(path: &Path) -> Result<Option<(NamedTheme, Vec<String>)>, ConfigError> {
    let place = path.display().to_string();
    let text = match read(path) {
        Ok(Some(read)) => read.text,
        Ok(None) => return Ok(None),
        Err(sentence) => {
            let source = Source { name: place, text: String::new() };
            return Err(ConfigError::sentence(Problem::new(0..0, sentence).one_line(&source)));
        }
    };
    match file::parse(&stem(path), &place, &text, built_in()) {
        Ok((theme, warnings)) => {
            let source = Source { name: place, text };
            Ok(Some((theme, warnings.iter().map(|warning| warning.one_line(&source)).collect())))
        }
        Err((source, problems)) => Err(ConfigError::of(&problems, &source)),
    }
}

/// The sentence of a report, without the line it points at.
fn one_line(report: &str) -> Option<String> {
    report.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, wanted: &str) -> Result<(Themes, Vec<String>), String> {
        let config = Source { name: "c.toml".to_owned(), text: format!("[ui]\ntheme = \"{wanted}\"\n") };
        let wanted = Located { value: wanted.to_owned(), at: 13..15 + wanted.len() };
        Themes::find(Some(&wanted), &config, folder).map_err(|error| error.to_string())
    }

    #[test]
    fn a_theme_is_found_by_its_name_and_by_its_path() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(FOLDER)).expect("makes");
        std::fs::write(folder.path().join("themes/moss.toml"), "about = \"Green\"\n").expect("writes");
        std::fs::write(folder.path().join("themes/dark.toml"), "about = \"Mine\"\n").expect("writes");
        std::fs::write(folder.path().join("elsewhere.toml"), "[styles]\naccent = \"201\"\n").expect("writes");
        let current = |wanted: &str| {
            let (themes, warnings) = found(folder.path(), wanted).expect("finds");
            assert_eq!(warnings, Vec::<String>::new());
            (themes.current().name.clone(), themes.current().about.clone())
        };
        let pair = |name: &str, about: &str| (name.to_owned(), about.to_owned());
        assert_eq!(current("moss"), pair("moss", "Green"));
        assert_eq!(current("dark"), pair("dark", "Mine"));
        assert_eq!(current("light").0, "light");
        assert_eq!(current("elsewhere.toml"), pair("elsewhere", ""));
        assert_eq!(current(folder.path().join("elsewhere.toml").to_str().expect("text")).0, "elsewhere");
        let names: Vec<_> =
            found(folder.path(), "moss").expect("finds").0.all.into_iter().map(|theme| theme.name).collect();
        assert_eq!(names, ["default", "dark", "light", "high-contrast", "moss"]);
    }

    #[test]
    fn a_theme_that_is_not_there_is_told_where_it_was_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let report = found(folder.path(), "drak").expect_err("fails");
        assert!(report.starts_with("c.toml:2:9: There is no theme `drak`."), "{report}");
        assert!(report.ends_with("Did you mean `dark`?"), "{report}");
        let report = found(folder.path(), "./none.toml").expect_err("fails");
        assert!(report.contains("There is no theme file") && report.contains("none.toml"), "{report}");
    }

    #[test]
    fn a_broken_theme_ends_the_start_only_where_it_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(FOLDER)).expect("makes");
        let path = folder.path().join("themes/moss.toml");
        std::fs::write(&path, "[styles]\nacent = \"\"\nhit = \"glowing\"\n").expect("writes");
        let report = found(folder.path(), "moss").expect_err("fails");
        assert!(report.starts_with(&format!("{}:3:8: `hit` has the word `glowing`", path.display())), "{report}");
        let (themes, warnings) = found(folder.path(), "dark").expect("starts");
        assert_eq!((themes.current().name.as_str(), warnings.len()), ("dark", 1));
    }
}
