//! Whom to look at: those that were named, else everybody who can be asked, and which model of each.

use crate::config::choose::choose;
use crate::config::presets::{ChosenBy, DEMO, preset};
use crate::config::provider::{KeySource, ProviderSettings};
use crate::config::settings::Settings;
use crate::host;

/// Why a provider is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody named it: it must work.
    Named,
    /// It has what it needs, and would be asked.
    Connected,
    /// It may run on this machine or not.
    Guessed,
}

/// A provider to look at.
#[derive(Clone, Debug)]
pub(super) struct Patient<'a> {
    pub(super) provider: &'a ProviderSettings,
    /// The model that would be asked; may be empty.
    pub(super) model: String,
    pub(super) standing: Standing,
}

/// All of them, in the order of their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Patients<'a> {
    pub(super) wanted: Vec<Patient<'a>>,
    /// Presets that lack their key, with what to do about it.
    pub(super) keyless: Vec<(&'a str, &'a str)>,
    /// Named ones that nobody knows.
    pub(super) unknown: Vec<&'a str>,
}

impl<'a> Patients<'a> {
    /// Sorts them. Without names all that can be asked are wanted, the demo only where it would be chosen.
    pub(super) fn of(settings: &'a Settings, names: &'a [String]) -> Self {
        let choice = choose(settings, &host::variable, None).ok();
        let chosen = choice.as_ref().map_or("", |choice| choice.provider.as_str());
        let mut found = Self::default();
        for provider in settings.providers.values() {
            let name = &provider.name;
            let is_named = names.contains(name) || (names.is_empty() && settings.provider == *name);
            let is_left_out = !names.is_empty() || (name == DEMO && chosen != DEMO);
            if !is_named && is_left_out {
                continue;
            }
            // A preset that waits for its usual variable is no fault; a provider that somebody set up is.
            let is_untouched = preset(name).is_some() && matches!(provider.key, KeySource::Env(_));
            if let Some(missing) = provider.missing.as_deref().filter(|_| !is_named && is_untouched) {
                found.keyless.push((name, missing));
                continue;
            }
            let is_guess = preset(name).is_some_and(|preset| preset.chosen_by == ChosenBy::Probe);
            let standing = match (is_named, is_guess && provider.key == KeySource::None) {
                (true, _) => Standing::Named,
                (false, true) => Standing::Guessed,
                (false, false) => Standing::Connected,
            };
            let model = choice.as_ref().filter(|_| chosen == name).map_or(&provider.model, |choice| &choice.model);
            found.wanted.push(Patient { provider, model: model.clone(), standing });
        }
        found.unknown =
            names.iter().map(String::as_str).filter(|name| !settings.providers.contains_key(*name)).collect();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::RawFile;
    use crate::config::flags::Flags;

    fn sorted(text: &str, names: &[&str]) -> (Vec<(String, Standing)>, usize, usize) {
        let file = RawFile::parse("f", text).expect("reads");
        let (settings, _) = Settings::resolve(&file, &|_| None, &Flags::default()).expect("resolves");
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let found = Patients::of(&settings, &names);
        let wanted = found.wanted.iter().map(|patient| (patient.provider.name.clone(), patient.standing)).collect();
        (wanted, found.keyless.len(), found.unknown.len())
    }

    #[test]
    fn without_names_those_are_wanted_that_can_be_asked() {
        let own = "[providers.mine]\nbase_url = \"http://localhost:9/v1\"\n";
        let (wanted, keyless, unknown) = sorted(own, &[]);
        let guessed = |name: &str| (name.to_owned(), Standing::Guessed);
        let expected = [
            ("demo".to_owned(), Standing::Connected),
            guessed("llamacpp"),
            guessed("lmstudio"),
            ("mine".to_owned(), Standing::Connected),
            guessed("ollama"),
        ];
        assert_eq!((wanted.as_slice(), keyless, unknown), (&expected[..], 10, 0));
    }

    #[test]
    fn who_is_named_is_looked_at_alone_also_without_a_key() {
        let (wanted, keyless, unknown) = sorted("", &["openai", "nobody"]);
        assert_eq!((wanted, keyless, unknown), (vec![("openai".to_owned(), Standing::Named)], 0, 1));
        let (wanted, ..) = sorted("provider = \"groq\"", &[]);
        assert!(wanted.contains(&("groq".to_owned(), Standing::Named)), "{wanted:?}");
    }
}
