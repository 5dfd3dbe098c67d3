//! Who is asked when nobody is named: the configuration's provider, else the first key found, else a provider of the
//! person's own, else a server on this machine, else the demo. Pure; the probe's answer is an argument.

use super::presets::{ChosenBy, DEMO, PRESETS, preset};
use super::provider::{KeySource, ProviderSettings};
use super::report::did_you_mean;
use super::settings::Settings;

/// The provider and model of a new chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The provider's name in [`Settings::providers`].
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// Why, for the first screen; empty for the demo and where the person named it.
    pub reason: String,
}

/// Chooses by the settings, the keys in `env`, and `found_local`, the preset whose server answered. The error is a
/// sentence; a named provider that lacks its key is chosen all the same, its `missing` says what to do.
pub fn choose(
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    found_local: Option<&str>,
) -> Result<Choice, String> {
    if !settings.provider.is_empty() {
        return named(settings, &settings.provider, String::new());
    }
    for one in PRESETS.iter().filter(|one| one.chosen_by == ChosenBy::Key) {
        let Some(provider) = settings.providers.get(one.name).filter(|provider| provider.missing.is_none()) else {
            continue;
        };
        let because = match &provider.key {
            KeySource::Env(variable) if env(variable).is_some_and(|value| !value.is_empty()) => {
                format!("{variable} is set")
            }
            KeySource::Command(_) | KeySource::Inline(_) => "its key is in the configuration".to_owned(),
            KeySource::Saved(_) | KeySource::Keyring(_) => "its key was saved".to_owned(),
            KeySource::Env(_) | KeySource::None => continue,
        };
        return named(settings, one.name, format!("Using {}, because {because}. Ctrl+X m to change.", provider.label));
    }
    let is_own =
        |one: &&ProviderSettings| preset(&one.name).is_none() && one.missing.is_none() && !one.model.is_empty();
    if let Some(own) = settings.providers.values().find(is_own) {
        let reason = format!("Using {}, because it is in your configuration. Ctrl+X m to change.", own.label);
        return named(settings, &own.name, reason);
    }
    if let Some(one) = found_local.and_then(preset) {
        let reason = format!("Using {}, because it runs on this machine. Ctrl+X m to change.", one.label);
        return named(settings, one.name, reason);
    }
    let scripted = preset(DEMO).map_or("", |demo| demo.model);
    let reason = if settings.model.is_empty() {
        String::new()
    } else {
        format!("No provider is connected that could be asked for {}; this is the demo.", settings.model)
    };
    Ok(Choice { provider: DEMO.to_owned(), model: scripted.to_owned(), reason })
}

/// The model to ask again for one that answered: vendors answer `gpt-4o-mini` as `gpt-4o-mini-2024-07-18`.
#[must_use]
pub fn model_asked<'a>(models: &'a [String], answered: &'a str) -> &'a str {
    let is_dated = |model: &&String| {
        let rest = answered.strip_prefix(model.as_str()).and_then(|rest| rest.strip_prefix(['-', ':', '@']));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    models.iter().find(is_dated).map_or(answered, String::as_str)
}

fn named(settings: &Settings, name: &str, reason: String) -> Result<Choice, String> {
    let Some(provider) = settings.providers.get(name) else {
        let hint = did_you_mean(name, settings.providers.keys().map(String::as_str));
        return Err(format!("There is no provider `{name}`. {}", hint.unwrap_or_default()).trim_end().to_owned());
    };
    let model = if settings.model.is_empty() { &provider.model } else { &settings.model };
    if model.is_empty() {
        return Err(format!("No model is named for {}. Name one with --model NAME.", provider.label));
    }
    Ok(Choice { provider: name.to_owned(), model: model.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::super::file::RawFile;
    use super::super::flags::Flags;
    use super::*;

    fn chosen(
        text: &str,
        variables: &[&str],
        flags: &Flags,
        local: Option<&str>,
    ) -> Result<(String, String, String), String> {
        let env = |name: &str| variables.contains(&name).then(|| "sk-test".to_owned());
        let file = RawFile::parse("f", text).expect("reads");
        let (settings, _) = Settings::resolve(&file, &env, flags).expect("resolves");
        choose(&settings, &env, local).map(|choice| (choice.provider, choice.model, choice.reason))
    }

    fn flags(provider: &str) -> Flags {
        Flags { provider: Some(provider.to_owned()), ..Flags::default() }
    }

    fn triple(provider: &str, model: &str, reason: &str) -> Result<(String, String, String), String> {
        Ok((provider.to_owned(), model.to_owned(), reason.to_owned()))
    }

    #[test]
    fn the_first_key_in_the_order_of_the_contract_decides() {
        assert_eq!(
            chosen("", &["GROQ_API_KEY", "OPENAI_API_KEY"], &Flags::default(), Some("ollama")),
            triple("openai", "gpt-4o-mini", "Using OpenAI, because OPENAI_API_KEY is set. Ctrl+X m to change.")
        );
    }

    #[test]
    fn a_local_server_comes_next_and_then_the_demo() {
        let none = Flags::default();
        assert_eq!(
            chosen("", &[], &none, Some("ollama")),
            triple("ollama", "llama3.2", "Using Ollama, because it runs on this machine. Ctrl+X m to change.")
        );
        assert_eq!(chosen("", &["GITHUB_TOKEN"], &none, None), triple("demo", "scripted", ""));
        assert_eq!(
            chosen("[providers.openai]\napi_key_env = \"MINE\"", &["OPENAI_API_KEY"], &none, None),
            triple("demo", "scripted", "")
        );
    }

    #[test]
    fn a_provider_of_ones_own_comes_before_what_runs_here_once_it_can_be_asked() {
        let own = "[providers.mine]\nbase_url = \"http://localhost:9/v1\"\nmodel = \"tiny\"";
        let none = Flags::default();
        assert_eq!(
            chosen(own, &[], &none, Some("ollama")),
            triple("mine", "tiny", "Using mine, because it is in your configuration. Ctrl+X m to change.")
        );
        assert_eq!(chosen(own, &["GROQ_API_KEY"], &none, None).map(|found| found.0), Ok("groq".to_owned()));
        let keyless = format!("{own}\napi_key_env = \"MINE_KEY\"");
        assert_eq!(chosen(&keyless, &[], &none, None), triple("demo", "scripted", ""));
    }

    #[test]
    fn the_model_that_was_asked_is_known_by_the_dated_name_that_answered() {
        let models = ["gpt-4o", "gpt-4o-mini"].map(str::to_owned);
        assert_eq!(model_asked(&models, "gpt-4o-mini-2024-07-18"), "gpt-4o-mini");
        assert_eq!(model_asked(&models, "gpt-4o-audio"), "gpt-4o-audio");
        assert_eq!(model_asked(&models, "gpt-4o"), "gpt-4o");
    }

    #[test]
    fn a_named_provider_is_taken_without_a_reason_and_without_the_model_of_another() {
        let file = "provider = \"openai\"\nmodel = \"gpt-4o\"";
        assert_eq!(chosen(file, &[], &Flags::default(), None), triple("openai", "gpt-4o", ""));
        assert_eq!(chosen(file, &[], &flags("groq"), None), triple("groq", "llama-3.3-70b-versatile", ""));
        assert_eq!(chosen("", &["OPENAI_API_KEY"], &flags("github"), None), triple("github", "openai/gpt-4o-mini", ""));
        let own = "[providers.mine]\nbase_url = \"http://localhost:9/v1\"";
        assert_eq!(
            chosen(own, &[], &flags("mine"), None),
            Err("No model is named for mine. Name one with --model NAME.".to_owned())
        );
    }
}
