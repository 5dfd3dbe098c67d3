use super::super::file::SECTIONS;
use super::super::provider::KeySource;
use super::*;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

fn resolve(text: &str, variables: &[(&str, &str)], flags: &Flags) -> Result<(Settings, Vec<String>), String> {
    let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let file =
        RawFile::parse("f", text).map_err(|(source, problems)| ConfigError::of(&problems, &source).to_string())?;
    Settings::resolve(&file, &env, flags).map_err(|error| error.to_string())
}

fn settings(text: &str, variables: &[(&str, &str)], flags: &Flags) -> Settings {
    resolve(text, variables, flags).expect("resolves").0
}

#[test]
fn the_example_file_equals_the_defaults() {
    let (example, warnings) = resolve(EXAMPLE, &[], &Flags::default()).expect("the example resolves");
    let defaults = settings("", &[], &Flags::default());
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(Settings { origins: BTreeMap::new(), ..example }, Settings { origins: BTreeMap::new(), ..defaults });
}

#[test]
fn the_example_file_holds_every_key_and_every_action() {
    let written: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| line.trim_start_matches("# ").split(" = ").next().unwrap_or_default().trim())
        .collect();
    for (section, keys) in SECTIONS {
        for key in keys.iter().filter(|key| !["chat", "providers", "tools", "ui", "serve", "keys"].contains(key)) {
            let table = format!("[tools.{key}]");
            assert!(written.contains(key) || written.contains(&table.as_str()), "{section} lacks {key}");
        }
    }
    for info in crate::config::action::ACTIONS {
        assert!(written.contains(&info.id), "[keys] lacks {}", info.id);
    }
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    let file = "provider = \"groq\"\nmodel = \"a\"\n[chat]\nmax_rounds = 3\n";
    let flags = Flags { model: Some("c".to_owned()), ..Flags::default() };
    let settings = settings(file, &[("RIFFLE_MODEL", "b"), ("RIFFLE_PROVIDER", "xai"), ("RIFFLE_LOG", "")], &flags);
    assert_eq!((settings.provider.as_str(), settings.model.as_str(), settings.max_rounds), ("xai", "c", 3));
    let origins: Vec<String> =
        ["provider", "model", "chat.max_rounds", "log"].iter().map(|key| settings.origins[key].to_string()).collect();
    assert_eq!(origins, vec!["RIFFLE_PROVIDER", "--model", "f", "default"]);
}

#[test]
fn an_endpoint_on_the_command_line_is_a_provider_named_after_its_host() {
    let flags = Flags {
        api: Some("openai-chat".to_owned()),
        base_url: Some("http://127.0.0.1:18080/v1/".to_owned()),
        ..Flags::default()
    };
    let settings = settings("", &[("OPENAI_API_KEY", "sk")], &flags);
    let provider = &settings.providers[&settings.provider];
    assert_eq!((provider.name.as_str(), provider.base_url.as_str()), ("127.0.0.1:18080", "http://127.0.0.1:18080/v1"));
    assert_eq!((&provider.key, &provider.missing, provider.headers_ms), (&KeySource::None, &None, 900_000));
}

#[test]
fn wrong_words_are_reported_with_the_right_ones() {
    assert_eq!(
        resolve("[ui]\nenter = \"sned\"\n", &[], &Flags::default()).map(|_| ()),
        Err("f:2:9: `enter` cannot be `sned`.\n  2 | enter = \"sned\"\n    |         ^^^^^^ expected \"send\" or \"newline\"\n  Did you mean `send`?".to_owned())
    );
    let api = Flags { api: Some("gpt".to_owned()), base_url: Some("https://h/v1".to_owned()), ..Flags::default() };
    assert_eq!(
        resolve("", &[], &api).map(|_| ()),
        Err("--api cannot be `gpt`; expected one of openai-chat, openai-responses, anthropic, gemini, ollama."
            .to_owned())
    );
    assert!(
        resolve("provider = \"opanai\"", &[], &Flags::default())
            .is_err_and(|text| text.contains("Did you mean `openai`?"))
    );
    assert!(resolve("", &[("RIFFLE_DEMO_RATE", "fast")], &Flags::default()).is_err());
}

#[test]
fn a_vendor_key_goes_to_another_host_only_where_the_file_says_so() {
    let env = [("OPENAI_API_KEY", "sk")];
    let moved = "[providers.openai]\nbase_url = \"https://proxy.example.com/v1\"\n";
    let (settings, warnings) = resolve(moved, &env, &Flags::default()).expect("resolves");
    assert_eq!(settings.providers["openai"].key, KeySource::None);
    assert_eq!(
        warnings,
        vec!["f:2:12: OPENAI_API_KEY is not sent to proxy.example.com; `api_key_env = \"OPENAI_API_KEY\"` sends it."]
    );
    let (settings, warnings) =
        resolve(&format!("{moved}api_key_env = \"OPENAI_API_KEY\"\n"), &env, &Flags::default()).expect("resolves");
    assert_eq!((&settings.providers["openai"].key, warnings), (&KeySource::Env("OPENAI_API_KEY".to_owned()), vec![]));
}

#[test]
fn a_switched_off_address_gets_its_sentence() {
    let text = "[providers.old]\nbase_url = \"https://models.inference.ai.azure.com\"\n";
    let (_, warnings) = resolve(text, &[], &Flags::default()).expect("resolves");
    assert_eq!(
        warnings,
        vec![
            "f:2:12: models.inference.ai.azure.com was switched off in October 2025; GitHub Models is now at https://models.github.ai/inference."
        ]
    );
}

#[test]
fn every_value_has_an_origin() {
    let settings = settings("", &[], &Flags::default());
    let described: Vec<&str> = settings.describe().iter().map(|(key, ..)| *key).collect();
    for key in settings.origins.keys() {
        assert!(described.contains(key), "{key} is not shown");
    }
}

#[test]
fn azure_has_the_customers_own_address_and_is_used_only_when_named() {
    let azure = |env: &[(&'static str, &'static str)], file: &str| {
        settings(file, env, &Flags::default()).providers["azure"].clone()
    };
    let nothing = azure(&[], "");
    assert_eq!(
        nothing.missing.as_deref(),
        Some("set AZURE_OPENAI_ENDPOINT to your resource's address and AZURE_OPENAI_API_KEY and start again")
    );
    assert!(!nothing.takes_pasted_key());
    let address = ("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/");
    let without_key = azure(&[address], "");
    assert_eq!(without_key.base_url, "https://mine.openai.azure.com/openai/v1");
    assert_eq!(without_key.missing.as_deref(), Some("set AZURE_OPENAI_API_KEY and start again"));
    assert!(without_key.takes_pasted_key());
    let key = ("AZURE_OPENAI_API_KEY", "k");
    assert_eq!(azure(&[address, key], "").missing, None);
    let plain = azure(&[("AZURE_OPENAI_ENDPOINT", "http://mine.openai.azure.com"), key], "");
    assert!(plain.missing.is_some_and(|why| why.contains("unencrypted")));
    let old = "[providers.azure]\nbase_url = \"https://mine.openai.azure.com/openai/deployments/d?api-version=2024-10-21\"\nmodels = [\"d\"]";
    let old = azure(&[key], old);
    assert_eq!(old.base_url, "https://mine.openai.azure.com/openai/deployments/d?api-version=2024-10-21");
    assert_eq!((old.missing, old.model.as_str()), (None, "d"));
}
