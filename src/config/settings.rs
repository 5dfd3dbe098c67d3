//! The settings a run works with: defaults, then the file, the environment, the options, each over the one before. Raw in,
//! resolved out: no value here is optional in order to mean "default", and each remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::defaults::{MAX_ROUNDS, RETRIES, TOOL_TIMEOUT_S};
use super::file::{Located, RawFile};
use super::flags::Flags;
use super::keymap::Keymap;
use super::look::Details;
use super::presets::{APIS, OPENAI_CHAT, PRESETS, preset};
use super::provider::{Address, ProviderSettings, Surroundings};
use super::report::{ConfigError, Problem, did_you_mean};
use super::retention::Retention;
use super::saved_keys::SavedKey;
use super::secret::Secret;
use super::theme::{self, Themes};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(String),
    /// An environment variable.
    Env(&'static str),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => f.write_str(place),
            Self::Env(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What `riffle serve` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// Address and port.
    pub listen: String,
    /// Asked of every client; `None` for a random one each time.
    pub token: Option<Secret>,
    /// Pages of other addresses that may ask, such as `http://localhost:3000`.
    pub origins: Vec<String>,
    /// Further names of this server, where it listens for other machines.
    pub hosts: Vec<String>,
}

/// Everything that can be set, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The provider's name; empty means "choose one".
    pub provider: String,
    /// The model's name; empty means the provider's default.
    pub model: String,
    /// Instructions at the start of each chat; may be empty.
    pub system: String,
    /// Model requests in one turn.
    pub max_rounds: u32,
    /// A model is asked for a title once a chat has its first answer.
    pub titles_by_model: bool,
    /// How long what is kept in the history.
    pub retention: Retention,
    /// Further attempts after a failed request.
    pub retries: u32,
    /// Whether the model is offered tools.
    pub tools_enabled: bool,
    /// `name` or `name(scope)` to `allow`, `ask` or `deny`.
    pub tool_rules: BTreeMap<String, String>,
    /// Time one tool call may take, in ms.
    pub tool_timeout_ms: u64,
    /// Whether the outdoor shop's tools are offered to providers other than the demo.
    pub outdoor_gear: bool,
    /// Tools that run without asking, by option.
    pub allow_tools: Vec<String>,
    /// A JSON file with tools and fixed answers.
    pub tools_file: Option<PathBuf>,
    /// The name or the path of the theme.
    pub theme: String,
    /// The themes there are; those in files are added when the configuration is read.
    pub themes: Themes,
    /// The terminal shows every colour, not only 256.
    pub has_true_colour: bool,
    /// The tool panel starts closed.
    pub panel_closed: bool,
    /// The terminal reports the mouse.
    pub mouse: bool,
    /// Nothing moves on its own.
    pub reduce_motion: bool,
    /// Marks and rules in ASCII.
    pub icons_ascii: bool,
    /// Enter makes a new line; `keymap` already says so.
    pub enter_is_newline: bool,
    /// The time of day beside each question.
    pub timestamps: bool,
    /// What stands under each answer.
    pub details: Details,
    /// What `riffle serve` is told.
    pub serve: ServeSettings,
    /// No colours.
    pub no_color: bool,
    /// The effective keys.
    pub keymap: Keymap,
    /// Every preset and configured provider by name.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Tokens per second of the demo; 0 is at once.
    pub demo_rate: u32,
    /// Where commits are traced.
    pub ack_trace: Option<PathBuf>,
    /// The log level; `off` for none.
    pub log: String,
    /// Where each value came from, by its name in the file.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// One value's candidates by precedence.
struct Pick<'a, T> {
    file: &'a Option<Located<T>>,
    env: Option<(&'static str, T)>,
    flag: Option<(&'static str, T)>,
}

/// Takes the candidate of the highest precedence, and writes down where it came from.
struct Resolver<'a> {
    file: &'a RawFile,
    origins: BTreeMap<&'static str, Origin>,
}

impl Resolver<'_> {
    fn pick<T: Clone>(&mut self, key: &'static str, default: T, from: Pick<'_, T>) -> T {
        let (value, origin) = match (from.flag, from.env, from.file) {
            (Some((name, value)), ..) => (value, Origin::Flag(name)),
            (None, Some((name, value)), _) => (value, Origin::Env(name)),
            (None, None, Some(located)) => (located.value.clone(), self.in_file()),
            (None, None, None) => (default, Origin::Default),
        };
        self.origins.insert(key, origin);
        value
    }

    fn in_file(&self) -> Origin {
        Origin::File(self.file.source.name.clone())
    }
}

impl Settings {
    /// Connects the providers that lack a key and for which one was saved.
    pub fn use_saved_keys(&mut self, keys: &BTreeMap<String, SavedKey>) {
        for (name, saved) in keys {
            if let Some(provider) = self.providers.get_mut(name) {
                provider.use_saved_key(saved);
            }
        }
    }

    /// The settings of a file (empty where there is none), an environment (empty values count as unset) and options, with
    /// warnings for the person.
    pub fn resolve(
        file: &RawFile,
        env: &dyn Fn(&str) -> Option<String>,
        flags: &Flags,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let env = &|name: &str| env(name).filter(|value| !value.is_empty());
        let env_text = |name: &'static str| env(name).map(|value| (name, value));
        let mut problems = Vec::new();
        let mut warnings = file.warnings.clone();
        let mut sentences = Vec::new();
        let mut resolver = Resolver { file, origins: BTreeMap::new() };

        let mut providers = providers(file, env, &mut problems, &mut warnings);
        let endpoint = endpoint(flags, env, &mut sentences);
        let provider_flag = match &endpoint {
            Some(endpoint) => Some(("--base-url", endpoint.name.clone())),
            None => flags.provider.clone().filter(|name| !name.is_empty()).map(|name| ("--provider", name)),
        };
        let provider = resolver.pick(
            "provider",
            String::new(),
            Pick { file: &file.provider, env: env_text("RIFFLE_PROVIDER"), flag: provider_flag },
        );
        if let Some(endpoint) = endpoint {
            providers.insert(endpoint.name.clone(), endpoint);
        } else if !provider.is_empty() && !providers.contains_key(&provider) && problems.is_empty() {
            unknown_provider(&provider, &providers, &resolver, &mut problems, &mut sentences);
        }
        let mut model = resolver.pick(
            "model",
            String::new(),
            Pick {
                file: &file.model,
                env: env_text("RIFFLE_MODEL"),
                flag: flags.model.clone().filter(|name| !name.is_empty()).map(|name| ("--model", name)),
            },
        );
        // A model goes with the provider of the same place or of a weaker one: the file's model is not --provider's.
        let of_file = |key: &str| matches!(resolver.origins.get(key), Some(Origin::File(_)));
        let provider_is_elsewhere = !of_file("provider") && !provider.is_empty();
        let same_name = file.provider.as_ref().is_some_and(|named| named.value == provider);
        if of_file("model") && provider_is_elsewhere && !same_name {
            model = String::new();
            resolver.origins.insert("model", Origin::Default);
        }
        let keymap = keymap(file, &mut problems);
        let panel = choice(&file.panel, "panel", ["auto", "closed"], &mut problems);
        let mouse = choice(&file.mouse, "mouse", ["off", "full"], &mut problems);
        let icons = choice(&file.icons, "icons", ["unicode", "ascii"], &mut problems);
        let details = choice(&file.details, "details", ["short", "full", "none"], &mut problems);
        let title = choice(&file.title, "title", ["first-line", "model"], &mut problems);
        let enter = choice(&file.enter, "enter", ["send", "newline"], &mut problems);
        for rule in file.tool_rules.values() {
            choice(&Some(rule.clone()), "rule", ["allow", "ask", "deny"], &mut problems);
        }
        let demo_rate = env("RIFFLE_DEMO_RATE").and_then(|text| {
            if let Ok(rate) = text.trim().parse::<u32>() {
                Some(("RIFFLE_DEMO_RATE", rate))
            } else {
                sentences.push(format!(
                    "RIFFLE_DEMO_RATE is `{text}`; expected tokens per second, such as 50, or 0 for at once."
                ));
                None
            }
        });
        let env_token = env_text("RIFFLE_SERVE_TOKEN").map(|(name, token)| (name, Some(Secret::new(token))));
        let serve_token = file.serve_token.clone().map(|token| Located { value: Some(token.value), at: token.at });
        let retries_flag = flags.retries.map(|retries| ("--retries", retries));
        let enter_is_newline = resolver.pick("ui.enter", false, from_file(&enter.map(|word| word.is("newline"))));
        let settings = Self {
            provider,
            model,
            system: resolver.pick(
                "chat.system",
                String::new(),
                Pick { file: &file.system, env: None, flag: flags.system.clone().map(|text| ("--system", text)) },
            ),
            max_rounds: resolver.pick(
                "chat.max_rounds",
                MAX_ROUNDS,
                Pick {
                    file: &file.max_rounds,
                    env: None,
                    flag: flags.max_rounds.map(|rounds| ("--max-rounds", rounds)),
                },
            ),
            titles_by_model: resolver.pick("chat.title", false, from_file(&title.map(|word| word.is("model")))),
            retention: Retention {
                trash_days: resolver.pick("chat.trash_days", 30, from_file(&file.trash_days)),
                chat_days: resolver.pick("chat.retention_days", 0, from_file(&file.retention_days)),
            },
            retries: resolver.pick("retries", RETRIES, Pick { file: &None, env: None, flag: retries_flag }),
            tools_enabled: resolver.pick(
                "tools.enabled",
                true,
                Pick { file: &file.tools_enabled, env: None, flag: flags.no_tools.then_some(("--no-tools", false)) },
            ),
            tool_rules: file.tool_rules.iter().map(|(name, rule)| (name.clone(), rule.value.clone())).collect(),
            tool_timeout_ms: u64::from(resolver.pick(
                "tools.timeout_s",
                TOOL_TIMEOUT_S,
                from_file(&file.tool_timeout_s),
            )) * 1000,
            outdoor_gear: resolver.pick("tools.outdoor_gear", false, from_file(&file.outdoor_gear)),
            allow_tools: flags.allow_tool.clone(),
            tools_file: flags.tools_file.clone(),
            theme: resolver.pick("ui.theme", theme::DEFAULT.to_owned(), from_file(&file.theme)),
            themes: Themes::default(),
            has_true_colour: env("COLORTERM").is_some_and(|value| ["truecolor", "24bit"].contains(&value.as_str())),
            panel_closed: resolver.pick("ui.panel", false, from_file(&panel.map(|word| word.is("closed")))),
            mouse: resolver.pick("ui.mouse", false, from_file(&mouse.map(|word| word.is("full")))),
            reduce_motion: resolver.pick(
                "ui.reduce_motion",
                false,
                Pick {
                    file: &file.reduce_motion,
                    env: env("RIFFLE_NO_ANIM").filter(|value| value != "0").map(|_| ("RIFFLE_NO_ANIM", true)),
                    flag: None,
                },
            ),
            icons_ascii: resolver.pick("ui.icons", false, from_file(&icons.map(|word| word.is("ascii")))),
            enter_is_newline,
            timestamps: resolver.pick("ui.timestamps", true, from_file(&file.timestamps)),
            details: resolver.pick("ui.details", Details::default(), from_file(&details.map(Located::details))),
            serve: ServeSettings {
                listen: resolver.pick("serve.listen", "127.0.0.1:8787".to_owned(), from_file(&file.listen)),
                token: resolver.pick("serve.token", None, Pick { file: &serve_token, env: env_token, flag: None }),
                origins: resolver.pick("serve.origins", Vec::new(), from_file(&file.origins)),
                hosts: resolver.pick("serve.hosts", Vec::new(), from_file(&file.hosts)),
            },
            no_color: resolver.pick(
                "no_color",
                false,
                Pick { file: &None, env: env("NO_COLOR").map(|_| ("NO_COLOR", true)), flag: None },
            ),
            keymap: if enter_is_newline { keymap.with_enter_as_newline() } else { keymap },
            providers,
            demo_rate: resolver.pick("demo_rate", 50, Pick { file: &None, env: demo_rate, flag: None }),
            ack_trace: env("RIFFLE_ACK_TRACE").map(PathBuf::from),
            log: resolver.pick("log", "off".to_owned(), Pick { file: &None, env: env_text("RIFFLE_LOG"), flag: None }),
            origins: BTreeMap::new(),
        };
        if !problems.is_empty() || !sentences.is_empty() {
            let mut error = ConfigError::of(&problems, &file.source);
            error.reports.append(&mut sentences);
            return Err(error);
        }
        let warnings = warnings.iter().map(|warning| warning.one_line(&file.source)).collect();
        Ok((Self { origins: resolver.origins, ..settings }, warnings))
    }

    /// Whether a provider or a model was named for this run, by an option or the environment.
    #[must_use]
    pub fn is_named_for_this_run(&self) -> bool {
        let is_named = |key| matches!(self.origins.get(key), Some(Origin::Flag(_) | Origin::Env(_)));
        is_named("provider") || is_named("model")
    }

    /// Each value as `config check` shows it: name, value as in the file, origin.
    #[must_use]
    pub fn describe(&self) -> Vec<(&'static str, String, Origin)> {
        let word = |flag: bool, yes: &str, no: &str| format!("\"{}\"", if flag { yes } else { no });
        let values = [
            ("provider", format!("{:?}", self.provider)),
            ("model", format!("{:?}", self.model)),
            ("chat.system", format!("{:?}", self.system)),
            ("chat.max_rounds", self.max_rounds.to_string()),
            ("chat.title", word(self.titles_by_model, "model", "first-line")),
            ("chat.trash_days", self.retention.trash_days.to_string()),
            ("chat.retention_days", self.retention.chat_days.to_string()),
            ("retries", self.retries.to_string()),
            ("tools.enabled", self.tools_enabled.to_string()),
            ("tools.timeout_s", (self.tool_timeout_ms / 1000).to_string()),
            ("tools.outdoor_gear", self.outdoor_gear.to_string()),
            ("ui.theme", format!("{:?}", self.theme)),
            ("ui.panel", word(self.panel_closed, "closed", "auto")),
            ("ui.mouse", word(self.mouse, "full", "off")),
            ("ui.reduce_motion", self.reduce_motion.to_string()),
            ("ui.icons", word(self.icons_ascii, "ascii", "unicode")),
            ("ui.enter", word(self.enter_is_newline, "newline", "send")),
            ("ui.timestamps", self.timestamps.to_string()),
            ("ui.details", format!("{:?}", self.details.as_str())),
            ("serve.listen", format!("{:?}", self.serve.listen)),
            ("serve.token", if self.serve.token.is_some() { "(set)" } else { "\"\"" }.to_owned()),
            ("serve.origins", format!("{:?}", self.serve.origins)),
            ("serve.hosts", format!("{:?}", self.serve.hosts)),
            ("no_color", self.no_color.to_string()),
            ("demo_rate", self.demo_rate.to_string()),
            ("log", format!("{:?}", self.log)),
        ];
        let origin = |key: &str| self.origins.get(key).cloned().unwrap_or(Origin::Default);
        values.into_iter().map(|(key, value)| (key, value, origin(key))).collect()
    }
}

fn from_file<T>(file: &Option<Located<T>>) -> Pick<'_, T> {
    Pick { file, env: None, flag: None }
}

impl Located<&'static str> {
    /// Whether it is `word`, in the same place.
    fn is(self, word: &str) -> Located<bool> {
        Located { value: self.value == word, at: self.at }
    }

    /// What it means, in the same place.
    fn details(self) -> Located<Details> {
        Located { value: Details::parse(self.value), at: self.at }
    }
}

/// Every preset, and the file's tables over and beside them.
fn providers(
    file: &RawFile,
    env: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> BTreeMap<String, ProviderSettings> {
    let mut all: BTreeMap<String, ProviderSettings> =
        PRESETS.iter().map(|one| (one.name.to_owned(), ProviderSettings::of_preset(one, env))).collect();
    let around = Surroundings { env, folder: &file.folder, file_name: &file.source.name };
    for (name, raw) in &file.providers {
        if let Some(provider) = ProviderSettings::resolve(name, raw, preset(name), &around, problems, warnings) {
            all.insert(name.clone(), provider);
        }
    }
    all
}

/// The provider that `--api` and `--base-url` make, named after its host.
fn endpoint(
    flags: &Flags,
    env: &dyn Fn(&str) -> Option<String>,
    sentences: &mut Vec<String>,
) -> Option<ProviderSettings> {
    let api = flags.api.as_deref().unwrap_or(OPENAI_CHAT);
    if !APIS.contains(&api) {
        sentences.push(format!("--api cannot be `{api}`; expected one of {}.", APIS.join(", ")));
        return None;
    }
    let url = match (&flags.base_url, &flags.api) {
        (Some(url), _) => url,
        (None, Some(_)) => {
            sentences.push("--api needs the address: --base-url https://host/v1".to_owned());
            return None;
        }
        (None, None) => return None,
    };
    if flags.provider.as_ref().is_some_and(|name| !name.is_empty()) {
        sentences.push("--provider and --base-url both name who to ask; give one of them.".to_owned());
        return None;
    }
    let address = match Address::parse(url) {
        Ok(address) => address,
        Err(sentence) => {
            sentences.push(format!("--base-url: {sentence} Expected https://host/v1."));
            return None;
        }
    };
    if let Some(sentence) = address.refuses_key().filter(|_| flags.api_key_env.is_some()) {
        sentences.push(format!("--base-url: {sentence} Expected an address with https://."));
        return None;
    }
    Some(ProviderSettings {
        api: api.to_owned(),
        ..ProviderSettings::of_address(&address, flags.api_key_env.as_deref(), env)
    })
}

fn unknown_provider(
    name: &str,
    providers: &BTreeMap<String, ProviderSettings>,
    resolver: &Resolver<'_>,
    problems: &mut Vec<Problem>,
    sentences: &mut Vec<String>,
) {
    let names: Vec<&str> = providers.keys().map(String::as_str).collect();
    let hint = did_you_mean(name, names.iter().copied());
    let expected = format!("one of {}, or a [providers.NAME] of your own", names.join(", "));
    match (resolver.origins.get("provider").unwrap_or(&Origin::Default), &resolver.file.provider) {
        (Origin::File(_), Some(located)) => problems.push(
            Problem::new(located.at.clone(), format!("There is no provider `{name}`.")).expected(expected).hint(hint),
        ),
        (origin, _) => {
            let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
            sentences.push(format!("{origin}: there is no provider `{name}`.{hint} Expected {expected}."));
        }
    }
}

/// The keys, or the defaults beside the problems.
fn keymap(file: &RawFile, problems: &mut Vec<Problem>) -> Keymap {
    let overrides = file.keys.iter().map(|(id, keys)| (id.clone(), keys.value.clone())).collect();
    match Keymap::resolve_by_action(&overrides) {
        Ok(keymap) => keymap,
        Err(errors) => {
            for error in errors {
                let at = file.keys.get(&error.action).map_or(0..0, |keys| keys.at.clone());
                problems.push(Problem::new(at, error.message).expected("keys that no other action has there"));
            }
            Keymap::empty()
        }
    }
}

/// A word out of a few.
fn choice<const N: usize>(
    written: &Option<Located<String>>,
    key: &str,
    words: [&'static str; N],
    problems: &mut Vec<Problem>,
) -> Option<Located<&'static str>> {
    let written = written.as_ref()?;
    if let Some(word) = words.iter().find(|word| **word == written.value) {
        return Some(Located { value: word, at: written.at.clone() });
    }
    let list = words.map(|word| format!("\"{word}\"")).join(" or ");
    let problem = Problem::new(written.at.clone(), format!("`{key}` cannot be `{}`.", written.value));
    problems.push(problem.expected(list).hint(did_you_mean(&written.value, words)));
    None
}

#[cfg(test)]
mod tests;
