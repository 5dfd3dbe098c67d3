//! One provider, step by step up to its list of models. The first step that fails is the last one: what comes after it
//! cannot be known. Requests go through the client of every chat, so that it and the doctor never disagree.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finding::{Area, Group};
use super::models;
use super::patients::{Patient, Standing};
use super::probe;
use super::reach::{Place, connect};
use crate::chat::ErrorKind;
use crate::config::provider::{KeySource, ProviderSettings};
use crate::config::secret::Secret;
use crate::provider::connect::Connector;
use crate::provider::recording::Secrets;
use crate::provider::{Client, Endpoint, Failure, Stage, Timeouts, proxy_of};
use crate::strings::doctor::provider as words;
use crate::strings::doctor::{capitalised, without_number};

/// How long a command that prints a key may take.
const KEY_PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may take for its list, in milliseconds.
const LIST_PATIENCE_MS: u64 = 15_000;
/// Characters of a server's own words.
const MAX_WORDS: usize = 300;

/// What came of it.
pub(super) enum Examined {
    /// The steps, the last of which may have failed.
    Steps(Group),
    /// It was only guessed and does not run; where that would be.
    Absent(String),
}

/// What every examination needs.
pub(super) struct Practice {
    pub(super) client: Client,
    pub(super) connector: Connector,
    /// Whether models are asked a question.
    pub(super) is_probed: bool,
}

impl Practice {
    /// Goes through the steps.
    pub(super) async fn examine(&self, patient: &Patient<'_>) -> Examined {
        let provider = patient.provider;
        let mut group = Group::new(Area::Provider, &provider.name, &provider.name);
        if let Some(missing) = &provider.missing {
            group.failed("key", words::key_is_missing(&provider.label), &capitalised(missing));
            return Examined::Steps(group);
        }
        let endpoint = match tokio::time::timeout(KEY_PATIENCE, self.connector.endpoint(provider)).await {
            Ok(Ok(endpoint)) => endpoint,
            Ok(Err(error)) => {
                group.failed("key", error.message, "");
                return Examined::Steps(group);
            }
            Err(_) => {
                group.failed("key", words::key_command_is_slow(KEY_PATIENCE.as_secs()), "");
                return Examined::Steps(group);
            }
        };
        group.title = words::provider_title(&provider.name, &endpoint.base_url);
        let Some(place) = Place::of(&endpoint.base_url) else {
            group.failed("http", words::no_place(&endpoint.base_url), words::BASE_URL_FIX);
            return Examined::Steps(group);
        };
        let secrets = Secrets::of(&endpoint);
        let is_reached = self.reach(&endpoint, &place, patient, &secrets, &mut group).await;
        if !is_reached && patient.standing == Standing::Guessed {
            return Examined::Absent(format!("{}:{}", place.host, place.port));
        }
        if is_reached && self.is_probed {
            let mut probe = probe::ask(&self.client, &endpoint, &patient.model).await;
            probe.error = probe.error.map(|error| secrets.star_text(&error));
            group.probe = Some(probe);
        }
        Examined::Steps(group)
    }

    /// Goes as far as the server lets us; whether it answered in a way that a question makes sense.
    async fn reach(
        &self,
        endpoint: &Arc<Endpoint>,
        place: &Place,
        patient: &Patient<'_>,
        secrets: &Secrets,
        group: &mut Group,
    ) -> bool {
        let proxy = proxy_of(&endpoint.base_url);
        match &proxy {
            Some(proxy) => {
                group.ok("proxy", words::through_proxy(proxy));
            }
            None if !go_there(place, group).await => return false,
            None => {}
        }
        let timeouts = Timeouts { headers_ms: LIST_PATIENCE_MS, idle_ms: LIST_PATIENCE_MS, ..endpoint.timeouts };
        let prepared = self.client.prepare(endpoint).await;
        let start = Instant::now();
        let listed = match prepared {
            Ok(()) => self.client.try_models(&Endpoint { timeouts, ..endpoint.as_ref().clone() }).await,
            Err(failure) => Err(failure),
        };
        let elapsed_ms = start.elapsed().as_millis() as u64;
        match listed {
            Ok(listed) => {
                answered(place, elapsed_ms, group);
                key_is_fine(endpoint, patient.provider, group);
                models::check(&listed, patient, secrets, group);
                true
            }
            Err(failure) => {
                let way = Way { place, proxy: proxy.as_deref(), elapsed_ms };
                refused(&failure, &way, endpoint, patient.provider, secrets, group)
            }
        }
    }
}

/// How a server was asked.
struct Way<'a> {
    place: &'a Place,
    proxy: Option<&'a str>,
    elapsed_ms: u64,
}

/// The name and the connection; whether it came about.
async fn go_there(place: &Place, group: &mut Group) -> bool {
    let start = Instant::now();
    let addresses = match place.look_up().await {
        Ok(addresses) => addresses,
        Err(sentence) => {
            group.failed("dns", sentence, words::DNS_FIX).elapsed_ms = Some(start.elapsed().as_millis() as u64);
            return false;
        }
    };
    if place.is_address() {
        group.skipped("dns", words::no_name(&place.host));
    } else {
        let found = words::addresses(addresses[0].ip(), addresses.len());
        group.ok("dns", found).elapsed_ms = Some(start.elapsed().as_millis() as u64);
    }
    let start = Instant::now();
    let connected = connect(&addresses).await;
    let elapsed_ms = Some(start.elapsed().as_millis() as u64);
    match connected {
        Ok(address) => {
            group.ok("tcp", address.to_string()).elapsed_ms = elapsed_ms;
            true
        }
        Err(sentence) => {
            let is_near = addresses.iter().all(|address| address.ip().is_loopback());
            let fix = if is_near { words::START_FIX } else { words::FAR_FIX };
            group.failed("tcp", sentence, fix).elapsed_ms = elapsed_ms;
            false
        }
    }
}

/// The server gave an answer, whatever it says.
fn answered(place: &Place, elapsed_ms: u64, group: &mut Group) {
    tls_is_fine(place, group);
    group.ok("http", words::ANSWERED).elapsed_ms = Some(elapsed_ms);
}

fn tls_is_fine(place: &Place, group: &mut Group) {
    if place.is_https {
        group.ok("tls", words::TLS_FINE);
    } else {
        group.skipped("tls", words::PLAIN_HTTP);
    }
}

/// The key was sent and not refused.
fn key_is_fine(endpoint: &Endpoint, provider: &ProviderSettings, group: &mut Group) {
    match &endpoint.key {
        None => group.skipped("key", words::NO_KEY_NEEDED),
        Some(key) => group.ok("key", words::key_read(&place_of_key(provider), key.tail().as_deref())),
    };
}

fn place_of_key(provider: &ProviderSettings) -> String {
    match &provider.key {
        KeySource::None => String::new(),
        KeySource::Env(variable) => variable.clone(),
        // The command may hold more than it should.
        KeySource::Command(_) => words::KEY_COMMAND.to_owned(),
        KeySource::Inline(_) => words::CONFIG_FILE.to_owned(),
        KeySource::Saved(_) => words::SAVED_KEYS.to_owned(),
        KeySource::Keyring(_) => crate::strings::KEYRING.to_owned(),
    }
}

/// The step that failed; whether the server may answer questions all the same.
fn refused(
    failure: &Failure,
    way: &Way<'_>,
    endpoint: &Endpoint,
    provider: &ProviderSettings,
    secrets: &Secrets,
    group: &mut Group,
) -> bool {
    let error = &failure.error;
    let said: String = without_number(&secrets.star_text(&error.message)).chars().take(MAX_WORDS).collect();
    let elapsed_ms = Some(way.elapsed_ms);
    match failure.stage {
        Stage::Request => {
            group.failed("http", said, "");
        }
        Stage::Connection => {
            let (step, message, fix) = if let Some(proxy) = way.proxy {
                group.findings.pop();
                ("proxy", words::proxy_failed(proxy, &said), words::PROXY_FIX)
            } else {
                (if way.place.is_https { "tls" } else { "http" }, said, words::FAR_FIX)
            };
            group.failed(step, message, fix).elapsed_ms = elapsed_ms;
        }
        Stage::Tls => {
            let fix = words::tls_fix(&said, &provider.name);
            group.failed("tls", said, &fix).elapsed_ms = elapsed_ms;
        }
        Stage::Answer => return refused_by_server(failure, &said, way, endpoint, provider, group),
        Stage::Body => {
            answered(way.place, way.elapsed_ms, group);
            group.failed("models", said, words::BASE_URL_FIX);
        }
    }
    false
}

fn refused_by_server(
    failure: &Failure,
    said: &str,
    way: &Way<'_>,
    endpoint: &Endpoint,
    provider: &ProviderSettings,
    group: &mut Group,
) -> bool {
    let error = &failure.error;
    match (error.kind, error.status) {
        (ErrorKind::Auth, status) => {
            answered(way.place, way.elapsed_ms, group);
            let tail = endpoint.key.as_ref().and_then(Secret::tail);
            let read = endpoint.key.as_ref().map(|_| words::key_read(&place_of_key(provider), tail.as_deref()));
            let message = words::key_refused(status, said, read.as_deref());
            group.failed("key", message, &key_fix(provider));
            false
        }
        (_, Some(status @ (404 | 405 | 501))) => {
            answered(way.place, way.elapsed_ms, group);
            // An address without a path is the usual slip; else many servers have no list.
            let has_path = endpoint.base_url.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
            if has_path || !provider.api.starts_with("openai") {
                group.warning("models", words::no_list(status), words::NO_LIST_FIX);
                return true;
            }
            group.failed("models", words::no_list(status), words::PATH_FIX);
            false
        }
        (kind, status) => {
            if status.is_some() || !way.place.is_https {
                tls_is_fine(way.place, group);
            }
            let message = match status {
                Some(300..400) | None => said.to_owned(),
                Some(status) => words::http_failed(status, said),
            };
            let fix = match kind {
                ErrorKind::RateLimit | ErrorKind::Overloaded => words::WAIT_FIX,
                ErrorKind::Server | ErrorKind::Network => words::SERVER_FIX,
                _ => "",
            };
            group.failed("http", message, fix).elapsed_ms = Some(way.elapsed_ms);
            false
        }
    }
}

fn key_fix(provider: &ProviderSettings) -> String {
    match &provider.key {
        KeySource::None => words::KEY_NONE_FIX.to_owned(),
        KeySource::Env(variable) => words::key_variable_fix(variable, &provider.label),
        KeySource::Command(_) => words::KEY_COMMAND_FIX.to_owned(),
        KeySource::Inline(_) => words::key_inline_fix(&provider.name),
        KeySource::Saved(_) | KeySource::Keyring(_) => words::key_saved_fix(&provider.label),
    }
}
