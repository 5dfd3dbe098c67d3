//! The configuration file as written: every value optional and with its place, so that later reports can point at it.
//! Wrong types are errors; unknown keys are warnings, so that a newer file still works. Pure: text in, values out.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::action::ACTIONS;
use super::report::{Problem, Source, did_you_mean};
use super::secret::Secret;

const TOP: &[&str] = &["provider", "model", "chat", "providers", "tools", "ui", "serve", "keys"];
const CHAT: &[&str] = &["system", "max_rounds", "title", "trash_days", "retention_days"];
const PROVIDER: &[&str] = &[
    "api",
    "base_url",
    "api_key_env",
    "api_key_cmd",
    "api_key_keyring",
    "api_key",
    "model",
    "models",
    "headers",
    "params",
    "ca_file",
    "timeouts",
];
const TIMEOUTS: &[&str] = &["connect_s", "headers_s", "idle_s"];
const TOOLS: &[&str] = &["enabled", "rules", "timeout_s", "outdoor_gear"];
const UI: &[&str] = &["theme", "panel", "mouse", "reduce_motion", "icons", "enter", "timestamps", "details"];
const SERVE: &[&str] = &["listen", "token", "origins", "hosts"];
/// The keys of each section, for the example file's test.
pub const SECTIONS: &[(&str, &[&str])] = &[
    ("", TOP),
    ("chat", CHAT),
    ("providers.NAME", PROVIDER),
    ("timeouts", TIMEOUTS),
    ("tools", TOOLS),
    ("ui", UI),
    ("serve", SERVE),
];
/// Names by which other programs turn certificate checks off; to ignore them would be a lie either way.
const UNSAFE_TLS: &[&str] = &[
    "accept_invalid_certs",
    "danger_accept_invalid_certs",
    "insecure",
    "insecure_skip_verify",
    "tls_verify",
    "ssl_verify",
    "verify_ssl",
    "verify_tls",
    "verify",
];
/// Characters of a provider's name.
const MAX_NAME: usize = 64;

/// A value and the bytes of the file where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub at: Range<usize>,
}

/// A configuration file, read but not yet resolved.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are the keys of the file, explained in config.example.toml")]
pub struct RawFile {
    /// The text, for reports.
    pub source: Source,
    /// The folder of the file; relative paths in it start here.
    pub folder: PathBuf,
    /// Unknown keys.
    pub warnings: Vec<Problem>,
    pub provider: Option<Located<String>>,
    pub model: Option<Located<String>>,
    pub system: Option<Located<String>>,
    pub max_rounds: Option<Located<u32>>,
    pub title: Option<Located<String>>,
    pub trash_days: Option<Located<u32>>,
    pub retention_days: Option<Located<u32>>,
    pub providers: BTreeMap<String, RawProvider>,
    pub tools_enabled: Option<Located<bool>>,
    pub tool_rules: BTreeMap<String, Located<String>>,
    pub tool_timeout_s: Option<Located<u32>>,
    pub outdoor_gear: Option<Located<bool>>,
    pub panel: Option<Located<String>>,
    /// `ui.mouse`.
    pub mouse: Option<Located<String>>,
    pub theme: Option<Located<String>>,
    pub reduce_motion: Option<Located<bool>>,
    pub icons: Option<Located<String>>,
    pub enter: Option<Located<String>>,
    pub timestamps: Option<Located<bool>>,
    pub details: Option<Located<String>>,
    pub listen: Option<Located<String>>,
    pub serve_token: Option<Located<Secret>>,
    pub origins: Option<Located<Vec<String>>>,
    pub hosts: Option<Located<Vec<String>>>,
    pub keys: BTreeMap<String, Located<Vec<String>>>,
}

/// A `[providers.NAME]` table as written.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are the keys of the file, explained in config.example.toml")]
pub struct RawProvider {
    /// Where its name stands.
    pub at: Range<usize>,
    pub api: Option<Located<String>>,
    pub base_url: Option<Located<String>>,
    pub api_key_env: Option<Located<String>>,
    pub api_key_cmd: Option<Located<String>>,
    pub api_key_keyring: Option<Located<String>>,
    pub api_key: Option<Located<Secret>>,
    /// The file had an `api_key`, which is not used because others can read the file.
    pub key_withheld: bool,
    pub model: Option<Located<String>>,
    pub models: Option<Located<Vec<String>>>,
    pub headers: BTreeMap<String, Located<Secret>>,
    pub params: Map<String, Value>,
    pub ca_file: Option<Located<String>>,
    pub connect_s: Option<Located<u32>>,
    pub headers_s: Option<Located<u32>>,
    pub idle_s: Option<Located<u32>>,
}

impl RawFile {
    /// Reads `text`; `name` is the path to show.
    pub fn parse(name: &str, text: &str) -> Result<Self, (Source, Vec<Problem>)> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let at = error.span().unwrap_or(0..0);
                let message = error.message().lines().collect::<Vec<_>>().join(" ");
                let problem =
                    Problem::new(at, format!("This is not TOML: {message}.")).expected("`key = value` or `[section]`");
                return Err((source, vec![problem]));
            }
        };
        let mut reader = Reader::default();
        let mut file = reader.file(table.get_ref());
        if !reader.problems.is_empty() {
            return Err((source, reader.problems));
        }
        file.source = source;
        file.warnings = reader.warnings;
        Ok(file)
    }

    /// Takes every `api_key` and the token of `serve` out, because others can read the file; whose they were.
    pub fn withhold_keys(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if self.serve_token.take().is_some() {
            names.push("token of `serve`".to_owned());
        }
        for (name, provider) in &mut self.providers {
            if provider.api_key.take().is_some() {
                provider.key_withheld = true;
                names.push(format!("key of `{name}`"));
            }
        }
        names
    }
}

/// Walks the tables and gathers what is wrong, so that one run reports everything.
#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Reader {
    fn file(&mut self, table: &DeTable<'_>) -> RawFile {
        self.unknown(table, TOP, "");
        let mut file =
            RawFile { provider: self.text(table, "provider"), model: self.text(table, "model"), ..RawFile::default() };
        if let Some(chat) = self.table(table, "chat") {
            self.unknown(chat, CHAT, "chat");
            file.system = self.text(chat, "system");
            file.max_rounds = self.whole(chat, "max_rounds", 1..=1000);
            file.title = self.text(chat, "title");
            file.trash_days = self.whole(chat, "trash_days", 0..=36_500);
            file.retention_days = self.whole(chat, "retention_days", 0..=36_500);
        }
        if let Some(tools) = self.table(table, "tools") {
            self.unknown(tools, TOOLS, "tools");
            file.tools_enabled = self.flag(tools, "enabled");
            file.tool_timeout_s = self.whole(tools, "timeout_s", 1..=86_400);
            file.outdoor_gear = self.flag(tools, "outdoor_gear");
            if let Some(rules) = self.table(tools, "rules") {
                file.tool_rules = self.texts(rules);
            }
        }
        if let Some(ui) = self.table(table, "ui") {
            self.unknown(ui, UI, "ui");
            file.theme = self.text(ui, "theme");
            file.panel = self.text(ui, "panel");
            file.mouse = self.text(ui, "mouse");
            file.reduce_motion = self.flag(ui, "reduce_motion");
            file.icons = self.text(ui, "icons");
            file.enter = self.text(ui, "enter");
            file.timestamps = self.flag(ui, "timestamps");
            file.details = self.text(ui, "details");
        }
        if let Some(serve) = self.table(table, "serve") {
            self.unknown(serve, SERVE, "serve");
            file.listen = self.text(serve, "listen");
            file.serve_token = self.text(serve, "token").filter(|token| !token.value.is_empty()).map(secret);
            file.origins = self.list(serve, "origins");
            file.hosts = self.list(serve, "hosts");
        }
        if let Some(keys) = self.table(table, "keys") {
            let ids: Vec<&str> = ACTIONS.iter().map(|info| info.id).collect();
            self.unknown(keys, &ids, "keys");
            for id in ids {
                if let Some(list) = self.list(keys, id) {
                    file.keys.insert(id.to_owned(), list);
                }
            }
        }
        if let Some(providers) = self.table(table, "providers") {
            for (name, value) in providers {
                let text: &str = name.get_ref();
                if text.is_empty()
                    || text.chars().count() > MAX_NAME
                    || text.chars().any(|c| c.is_control() || c == '/')
                {
                    self.problems.push(
                        Problem::new(name.span(), "This cannot be a provider's name.")
                            .expected("up to 64 characters without `/`"),
                    );
                    continue;
                }
                match value.get_ref() {
                    DeValue::Table(table) => {
                        file.providers.insert(text.to_owned(), self.provider(table, name.span()));
                    }
                    other => self.wrong_type(&format!("providers.{text}"), other, value.span(), "a table"),
                }
            }
        }
        file
    }

    fn provider(&mut self, table: &DeTable<'_>, at: Range<usize>) -> RawProvider {
        self.unknown(table, PROVIDER, "providers.NAME");
        let mut provider = RawProvider {
            at,
            api: self.text(table, "api"),
            base_url: self.text(table, "base_url"),
            api_key_env: self.text(table, "api_key_env"),
            api_key_cmd: self.text(table, "api_key_cmd"),
            api_key_keyring: self.text(table, "api_key_keyring"),
            api_key: self.text(table, "api_key").map(secret),
            model: self.text(table, "model"),
            models: self.list(table, "models"),
            ca_file: self.text(table, "ca_file"),
            ..RawProvider::default()
        };
        if let Some(headers) = self.table(table, "headers") {
            provider.headers = self.texts(headers).into_iter().map(|(name, value)| (name, secret(value))).collect();
        }
        if let Some(params) = self.table(table, "params") {
            provider.params = params
                .iter()
                .filter_map(|(name, value)| self.json(value).map(|value| (name.get_ref().to_string(), value)))
                .collect();
        }
        if let Some(timeouts) = self.table(table, "timeouts") {
            self.unknown(timeouts, TIMEOUTS, "timeouts");
            provider.connect_s = self.whole(timeouts, "connect_s", 1..=3600);
            provider.headers_s = self.whole(timeouts, "headers_s", 1..=86_400);
            provider.idle_s = self.whole(timeouts, "idle_s", 1..=86_400);
        }
        provider
    }

    /// Warns of keys that are not known here.
    fn unknown(&mut self, table: &DeTable<'_>, known: &[&str], section: &str) {
        for (key, _) in table {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            if section == "providers.NAME" && UNSAFE_TLS.contains(&name) {
                self.problems.push(
                    Problem::new(key.span(), format!("There is no `{name}`: certificates are always checked."))
                        .expected("`ca_file = \"FILE\"`, which names an authority of your own"),
                );
                continue;
            }
            let place = if section.is_empty() { "at the top level".to_owned() } else { format!("in [{section}]") };
            let warning = Problem::new(key.span(), format!("There is no key `{name}` {place}; it has no effect."));
            self.warnings.push(warning.hint(did_you_mean(name, known.iter().copied())));
        }
    }

    fn wrong_type(&mut self, key: &str, value: &DeValue<'_>, at: Range<usize>, expected: &str) {
        let found = match value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.problems.push(Problem::new(at, format!("`{key}` is {found}.")).expected(expected));
    }

    fn text(&mut self, table: &DeTable<'_>, key: &str) -> Option<Located<String>> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Located { value: text.to_string(), at: value.span() }),
            other => {
                self.wrong_type(key, other, value.span(), "text in quotes");
                None
            }
        }
    }

    fn flag(&mut self, table: &DeTable<'_>, key: &str) -> Option<Located<bool>> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(Located { value: *flag, at: value.span() }),
            other => {
                self.wrong_type(key, other, value.span(), "true or false");
                None
            }
        }
    }

    fn whole(&mut self, table: &DeTable<'_>, key: &str, range: RangeInclusive<u32>) -> Option<Located<u32>> {
        let value = table.get(key)?;
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        match value.get_ref() {
            DeValue::Integer(number) => {
                let read =
                    u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| range.contains(number));
                if read.is_none() {
                    self.problems
                        .push(Problem::new(value.span(), format!("`{key}` is out of range.")).expected(expected));
                }
                read.map(|number| Located { value: number, at: value.span() })
            }
            other => {
                self.wrong_type(key, other, value.span(), &expected);
                None
            }
        }
    }

    fn list(&mut self, table: &DeTable<'_>, key: &str) -> Option<Located<Vec<String>>> {
        let value = table.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value.get_ref(), value.span(), "a list of texts, such as [\"a\", \"b\"]");
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push(text.to_string()),
                other => self.wrong_type(&format!("an item of {key}"), other, item.span(), "text in quotes"),
            }
        }
        Some(Located { value: texts, at: value.span() })
    }

    fn table<'a, 'i>(&mut self, table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::Table(inner) => Some(inner),
            other => {
                self.wrong_type(key, other, value.span(), &format!("a table, such as [{key}]"));
                None
            }
        }
    }

    /// Every entry of `table` as text.
    fn texts(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Located<String>> {
        let names: Vec<String> = table.iter().map(|(name, _)| name.get_ref().to_string()).collect();
        names.into_iter().filter_map(|name| self.text(table, &name).map(|text| (name, text))).collect()
    }

    fn json(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let bad = |expected: &str| Problem::new(value.span(), "This number cannot be sent.").expected(expected);
        match value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.to_string())),
            DeValue::Boolean(flag) => Some(Value::from(*flag)),
            DeValue::Datetime(date) => Some(Value::from(date.to_string())),
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
                if read.is_none() {
                    self.problems.push(bad("a whole number of 64 bits"));
                }
                read.map(Value::from)
            }
            DeValue::Float(number) => {
                let read = number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
                if read.is_none() {
                    self.problems.push(bad("a finite number"));
                }
                read.map(Value::Number)
            }
            DeValue::Array(items) => Some(Value::Array(items.iter().filter_map(|item| self.json(item)).collect())),
            DeValue::Table(table) => Some(Value::Object(
                table
                    .iter()
                    .filter_map(|(name, value)| self.json(value).map(|value| (name.get_ref().to_string(), value)))
                    .collect(),
            )),
        }
    }
}

fn secret(text: Located<String>) -> Located<Secret> {
    Located { value: Secret::new(text.value), at: text.at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(text: &str) -> Vec<String> {
        match RawFile::parse("f", text) {
            Ok(file) => file.warnings.iter().map(|warning| warning.one_line(&file.source)).collect(),
            Err((source, problems)) => problems.iter().map(|problem| problem.render(&source)).collect(),
        }
    }

    #[test]
    fn an_unknown_key_is_a_warning_with_the_nearest_name() {
        assert_eq!(
            reports("[ui]\nreduce_moton = true\n"),
            vec!["f:2:1: There is no key `reduce_moton` in [ui]; it has no effect. Did you mean `reduce_motion`?"]
        );
    }

    #[test]
    fn every_wrong_type_and_range_is_reported_with_its_place() {
        assert_eq!(
            reports("model = 7\n[chat]\nmax_rounds = -1\n[tools]\ntimeout_s = 0\n"),
            vec![
                "f:1:9: `model` is a number.\n  1 | model = 7\n    |         ^ expected text in quotes",
                "f:3:14: `max_rounds` is out of range.\n  3 | max_rounds = -1\n    |              ^^ expected a whole number from 1 to 1000",
                "f:5:13: `timeout_s` is out of range.\n  5 | timeout_s = 0\n    |             ^ expected a whole number from 1 to 86400",
            ]
        );
    }

    #[test]
    fn params_become_json_and_keys_stay_secret() {
        let text = "[providers.a]\napi_key = \"sk-CANARY\"\nparams = { temperature = 0.5, stop = [\"x\"], n = 0x10 }\n";
        let file = RawFile::parse("f", text).expect("fine");
        assert_eq!(
            Value::Object(file.providers["a"].params.clone()),
            serde_json::json!({ "temperature": 0.5, "stop": ["x"], "n": 16 })
        );
        assert!(!format!("{file:?}").contains("CANARY"));
    }
}
