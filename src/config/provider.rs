//! One provider, resolved: a preset, a table of the file, or both laid over each other. Pure; whether a key is set is asked
//! of the environment that is passed in, but the key itself stays there until a request needs it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::file::{Located, RawProvider};
use super::presets::{APIS, AZURE, DEMO, OPENAI_CHAT, Preset, retired};
use super::report::{Problem, did_you_mean};
use super::saved_keys::{SavedKey, SavedPlace, keyring_name};
use super::secret::Secret;

/// Below an Azure resource, the interface that needs no version.
const AZURE_PATH: &str = "/openai/v1";
const CONNECT_S: u32 = 10;
const HEADERS_S: u32 = 120;
const IDLE_S: u32 = 90;
/// A model on this machine may think long before its first word.
const NEAR_S: u32 = 900;

/// Where a provider's key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// It needs none.
    None,
    /// This environment variable.
    Env(String),
    /// The first line that this command prints.
    Command(String),
    /// The private configuration file.
    Inline(Secret),
    /// It was pasted into the program.
    Saved(Secret),
    /// The system's keyring, under this name.
    Keyring(String),
}

/// A provider with nothing left to default.
#[derive(Clone, PartialEq)]
pub struct ProviderSettings {
    /// Its name in the configuration.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its dialect: `openai-chat` or `demo`.
    pub api: String,
    /// Its address without a slash at the end; empty for the demo.
    pub base_url: String,
    /// Where its key comes from.
    pub key: KeySource,
    /// The model when none is named; empty where one has to be named.
    pub model: String,
    /// Models to offer before the provider was asked.
    pub models: Vec<String>,
    /// Further request headers; their values may be secret.
    pub headers: Vec<(String, String)>,
    /// Further members of the request body, such as `temperature`.
    pub params: Map<String, Value>,
    /// A PEM file with certificate authorities to trust besides the usual ones.
    pub ca_file: Option<PathBuf>,
    /// Time to connect, in ms.
    pub connect_ms: u64,
    /// Time to the response's headers, in ms.
    pub headers_ms: u64,
    /// Silence within a response after which it counts as lost, in ms.
    pub idle_ms: u64,
    /// What to do before it can be asked, such as "set `OPENAI_API_KEY` and start again".
    pub missing: Option<String>,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("name", &self.name)
            .field("api", &self.api)
            .field("base_url", &self.base_url)
            .field("key", &self.key)
            .field("model", &self.model)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// An address, taken apart as far as settings need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The URL without slashes at the end.
    pub url: String,
    /// Host and, where written, port: `127.0.0.1:18080`.
    pub authority: String,
    /// Whether it is this machine or a private network.
    pub is_near: bool,
    is_plain_http: bool,
}

impl Address {
    /// Reads a base URL: http or https, a host, no user, no query.
    pub fn parse(url: &str) -> Result<Self, String> {
        let uri: http::Uri = url.trim().parse().map_err(|_| format!("`{url}` is not an address."))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_owned();
        if scheme != "http" && scheme != "https" {
            return Err(format!("`{url}` does not start with http:// or https://."));
        }
        let authority = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        if authority.contains('@') {
            return Err("The address holds a user name or a password.".to_owned());
        }
        // A query may hold a key; the version of an interface cannot.
        if uri.query().is_some_and(|query| !query.starts_with("api-version=") || query.contains('&')) {
            return Err(format!("`{url}` has a query."));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| format!("`{url}` names no host."))?;
        Ok(Self {
            url: url.trim().trim_end_matches('/').to_owned(),
            is_near: is_near(host),
            authority,
            is_plain_http: scheme == "http",
        })
    }

    /// The address as this preset's requests need it: Azure's bare resource lacks the path of its interface.
    fn of_preset(&self, preset: &Preset) -> String {
        let (base, query) = self.url.split_once('?').map_or((self.url.as_str(), ""), |(base, query)| (base, query));
        let base = base.trim_end_matches('/');
        let is_bare = preset.name == AZURE && base.ends_with(self.authority.as_str());
        let path = if is_bare { AZURE_PATH } else { "" };
        if query.is_empty() { format!("{base}{path}") } else { format!("{base}{path}?{query}") }
    }

    /// A sentence, if a key would travel unencrypted through other people's networks.
    #[must_use]
    pub fn refuses_key(&self) -> Option<String> {
        (self.is_plain_http && !self.is_near).then(|| format!("A key would be sent unencrypted to {}.", self.authority))
    }
}

/// Whether `host` is this machine or in a private network: such addresses, `localhost`, `.local`, and names without a dot.
fn is_near(host: &str) -> bool {
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => !host.contains('.') || [".localhost", ".local"].iter().any(|end| host.ends_with(end)),
    }
}

/// What [`ProviderSettings::resolve`] needs besides the table.
pub(super) struct Surroundings<'a> {
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    pub(super) folder: &'a Path,
    pub(super) file_name: &'a str,
}

impl ProviderSettings {
    /// A preset as it is.
    pub(super) fn of_preset(preset: &Preset, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let address = preset.address_variable.and_then(env).map(|url| Address::parse(&url));
        let address = address.unwrap_or_else(|| Address::parse(preset.base_url));
        let (url, is_near) = match &address {
            Ok(address) => (address.of_preset(preset), address.is_near),
            Err(_) => (preset.base_url.to_owned(), false),
        };
        let mut provider = Self::bare(preset.name, preset.label, &url, is_near);
        provider.api = preset.api.to_owned();
        provider.model = preset.model.to_owned();
        provider.models = preset.models.iter().map(|&model| model.to_owned()).collect();
        let set = preset.key_variables.iter().find(|name| env(name).is_some()).or(preset.key_variables.first());
        if let Some(name) = set {
            provider.read_key_from(name, env);
        }
        if let Some(variable) = preset.address_variable {
            provider.require_address(variable, &address);
        }
        provider
    }

    /// Says what to do where the customer's own address is missing or cannot be used.
    fn require_address(&mut self, variable: &str, address: &Result<Address, String>) {
        let key = match &self.key {
            KeySource::Env(key) if self.missing.is_some() => format!(" and {key}"),
            _ => String::new(),
        };
        let refused = address.as_ref().ok().and_then(Address::refuses_key);
        match (address, refused) {
            (Err(_), _) => {
                self.missing = Some(format!("set {variable} to your resource's address{key} and start again"));
                self.base_url.clear();
            }
            (Ok(_), Some(why)) => self.missing = Some(format!("{variable}: {why}")),
            (Ok(_), None) => {}
        }
    }

    /// An endpoint that was named on the command line.
    pub(super) fn of_address(address: &Address, key_env: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut provider = Self::bare(&address.authority, &address.authority, &address.url, address.is_near);
        if let Some(name) = key_env {
            provider.read_key_from(name, env);
        }
        provider
    }

    /// The table `raw` named `name`, over its preset if it has one.
    pub(super) fn resolve(
        name: &str,
        raw: &RawProvider,
        preset: Option<&Preset>,
        around: &Surroundings<'_>,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut ok = true;
        let mut fail = |problem: Problem| {
            problems.push(problem);
            ok = false;
        };
        if let Some(api) = raw.api.as_ref().filter(|api| !APIS.contains(&api.value.as_str())) {
            let problem = Problem::new(api.at.clone(), format!("`api` cannot be `{}`.", api.value));
            let expected = APIS.map(|api| format!("`{api}`")).join(", ");
            fail(problem.expected(&expected).hint(did_you_mean(&api.value, APIS)));
        }
        let (url, url_at) = match (&raw.base_url, preset) {
            (Some(url), _) => (url.value.clone(), url.at.clone()),
            (None, Some(preset)) if preset.address_variable.is_some() => {
                let known = Self::of_preset(preset, around.env);
                if known.base_url.is_empty() {
                    return Some(known);
                }
                (known.base_url, raw.at.clone())
            }
            (None, Some(preset)) => (preset.base_url.to_owned(), raw.at.clone()),
            (None, None) => {
                let problem = Problem::new(raw.at.clone(), format!("`{name}` has no `base_url`."));
                fail(problem.expected("`base_url = \"https://host/v1\"`"));
                return None;
            }
        };
        if name == DEMO {
            fail(
                Problem::new(raw.at.clone(), format!("`{name}` is built in and takes no settings."))
                    .expected("another name"),
            );
            return None;
        }
        let address = match Address::parse(&url) {
            Ok(address) => address,
            Err(sentence) => {
                let problem = Problem::new(url_at, format!("`base_url`: {sentence}"));
                // An address with a user in it may hold a password.
                fail(if url.contains('@') { problem.masked() } else { problem }.expected("`https://host/v1`"));
                return None;
            }
        };
        if let Some(sentence) = retired(&address.url) {
            warnings.push(Problem::new(url_at.clone(), sentence));
        }
        let mut provider = match preset {
            Some(preset) => Self::of_preset(preset, around.env),
            None => Self::bare(name, name, &address.url, address.is_near),
        };
        let moved = preset.is_some_and(|preset| !preset.base_url.is_empty() && preset.base_url != address.url);
        provider.base_url = preset.map_or_else(|| address.url.clone(), |preset| address.of_preset(preset));
        if let (Some(_), KeySource::Env(variable)) =
            (preset.and_then(|preset| preset.address_variable), provider.key.clone())
        {
            provider.read_key_from(&variable, around.env);
        }
        provider.overlay(raw, &address, around, moved, warnings);
        let given = [
            raw.api_key_env.is_some(),
            raw.api_key_cmd.is_some(),
            raw.api_key_keyring.is_some(),
            raw.api_key.is_some() || raw.key_withheld,
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            fail(
                Problem::new(raw.at.clone(), format!("`{name}` has several keys."))
                    .expected("one of `api_key_env`, `api_key_cmd`, `api_key_keyring`, `api_key`"),
            );
        }
        if let Some(sentence) = address.refuses_key().filter(|_| provider.key != KeySource::None) {
            fail(Problem::new(url_at, format!("`base_url`: {sentence}")).expected("an address with https://"));
        }
        for (header, value) in &raw.headers {
            let fits =
                header.parse::<http::HeaderName>().is_ok() && value.value.expose().parse::<http::HeaderValue>().is_ok();
            if !fits {
                fail(
                    Problem::new(value.at.clone(), format!("`{header}` cannot be sent as a header."))
                        .expected("a header name and one line of text")
                        .masked(),
                );
            }
        }
        ok.then_some(provider)
    }

    /// Whether a key may be pasted into the program for it: its key is read from a variable, or was pasted before.
    #[must_use]
    pub fn takes_pasted_key(&self) -> bool {
        match &self.key {
            KeySource::Env(_) => !self.base_url.is_empty(),
            KeySource::Saved(_) => true,
            // One that the file names is changed there.
            KeySource::Keyring(name) => *name == keyring_name(&self.name, &self.base_url),
            KeySource::None | KeySource::Command(_) | KeySource::Inline(_) => false,
        }
    }

    /// The same with a key that was pasted.
    #[must_use]
    pub fn with_saved_key(&self, key: Secret) -> Self {
        Self { key: KeySource::Saved(key), missing: None, ..self.clone() }
    }

    /// Takes a key that was pasted earlier, where it belongs here and no other is set.
    pub(super) fn use_saved_key(&mut self, saved: &SavedKey) {
        if self.takes_pasted_key() && self.missing.is_some() && self.base_url == saved.base_url {
            self.missing = None;
            self.key = match &saved.place {
                SavedPlace::File(key) => KeySource::Saved(key.clone()),
                SavedPlace::Keyring => KeySource::Keyring(keyring_name(&self.name, &self.base_url)),
            };
        }
    }

    fn bare(name: &str, label: &str, base_url: &str, is_near: bool) -> Self {
        let patience = |seconds: u32| u64::from(if is_near { NEAR_S } else { seconds }) * 1000;
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            api: OPENAI_CHAT.to_owned(),
            base_url: base_url.to_owned(),
            key: KeySource::None,
            model: String::new(),
            models: Vec::new(),
            headers: Vec::new(),
            params: Map::new(),
            ca_file: None,
            connect_ms: u64::from(CONNECT_S) * 1000,
            headers_ms: patience(HEADERS_S),
            idle_ms: patience(IDLE_S),
            missing: None,
        }
    }

    fn read_key_from(&mut self, variable: &str, env: &dyn Fn(&str) -> Option<String>) {
        self.missing = env(variable).is_none().then(|| format!("set {variable} and start again"));
        self.key = KeySource::Env(variable.to_owned());
    }

    /// Lays the values of the file over the provider.
    fn overlay(
        &mut self,
        raw: &RawProvider,
        address: &Address,
        around: &Surroundings<'_>,
        moved: bool,
        warnings: &mut Vec<Problem>,
    ) {
        if let Some(secret) = &raw.api_key {
            (self.key, self.missing) = (KeySource::Inline(secret.value.clone()), None);
        } else if let Some(command) = &raw.api_key_cmd {
            (self.key, self.missing) = (KeySource::Command(command.value.clone()), None);
        } else if let Some(name) = &raw.api_key_keyring {
            (self.key, self.missing) = (KeySource::Keyring(name.value.clone()), None);
        } else if let Some(variable) = &raw.api_key_env {
            self.read_key_from(&variable.value, around.env);
        } else if raw.key_withheld {
            self.key = KeySource::None;
            self.missing = Some(format!("make {} private (chmod 600) and start again", around.file_name));
        } else if let (true, KeySource::Env(variable)) = (moved, &self.key) {
            // A vendor's key goes to the vendor; to another host only where the file says so.
            let at = raw.base_url.as_ref().map_or(raw.at.clone(), |url| url.at.clone());
            let sentence =
                format!("{variable} is not sent to {}; `api_key_env = \"{variable}\"` sends it.", address.authority);
            warnings.push(Problem::new(at, sentence));
            (self.key, self.missing) = (KeySource::None, None);
        }
        if let Some(api) = &raw.api {
            self.api.clone_from(&api.value);
        }
        if let Some(models) = &raw.models {
            self.models.clone_from(&models.value);
            self.model = models.value.first().cloned().unwrap_or_default();
        }
        if let Some(model) = &raw.model {
            self.model.clone_from(&model.value);
        }
        if !self.model.is_empty() && !self.models.contains(&self.model) {
            self.models.insert(0, self.model.clone());
        }
        self.headers =
            raw.headers.iter().map(|(name, value)| (name.clone(), value.value.expose().to_owned())).collect();
        self.params.clone_from(&raw.params);
        self.ca_file = raw.ca_file.as_ref().map(|file| around.folder.join(&file.value));
        let patience = |written: &Option<Located<u32>>, seconds: u32| {
            let default = if address.is_near { NEAR_S } else { seconds };
            u64::from(written.as_ref().map_or(default, |written| written.value)) * 1000
        };
        self.connect_ms = raw.connect_s.as_ref().map_or(self.connect_ms, |written| u64::from(written.value) * 1000);
        self.headers_ms = patience(&raw.headers_s, HEADERS_S);
        self.idle_ms = patience(&raw.idle_s, IDLE_S);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_hosts_are_told_apart() {
        for host in ["localhost", "127.0.0.1", "[::1]", "192.168.1.9", "10.0.0.1", "box.local", "ollama", "169.254.1.1"]
        {
            assert!(is_near(host), "{host}");
        }
        for host in ["api.openai.com", "8.8.8.8", "172.32.0.1", "localhost.example.com", "2001:db8::1"] {
            assert!(!is_near(host), "{host}");
        }
    }

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for url in [
            "file:///etc/passwd",
            "",
            "api.openai.com/v1",
            "https://",
            "https://u:p@h/v1",
            "https://h/v1?key=x",
            "ftp://h",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
        let address = Address::parse("http://127.0.0.1:18080/v1/").expect("fine");
        assert_eq!(
            (address.url.as_str(), address.authority.as_str()),
            ("http://127.0.0.1:18080/v1", "127.0.0.1:18080")
        );
        assert_eq!(address.refuses_key(), None);
        assert!(Address::parse("http://api.example.com/v1").expect("fine").refuses_key().is_some());
    }
}
