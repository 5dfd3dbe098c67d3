//! What `riffle doctor` says of providers, and of how a model answered.

#![expect(missing_docs, reason = "each says itself")]

use std::fmt::Display;

use super::capitalised;
use crate::strings;

pub const UNKNOWN_YET: &str = "may stand in the configuration, which cannot be read";
pub const PROBE_COSTS: &str = "--probe asks each provider one small question.";
pub const DNS_FIX: &str = "Look at the host in base_url, and whether this machine is online.";
pub const FAR_FIX: &str = "Look at the network, or whether it wants a proxy (HTTPS_PROXY).";
pub const START_FIX: &str = "Start the server, or look at the port in base_url.";
pub const PROXY_FIX: &str = "Look at HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY.";
pub const BASE_URL_FIX: &str = "Look at base_url: does it point to the API rather than to a page?";
pub const TLS_FINE: &str = "the certificate is trusted";
pub const PLAIN_HTTP: &str = "plain http";
pub const ANSWERED: &str = "it answers";
pub const NO_KEY_NEEDED: &str = "none is sent";
pub const KEY_COMMAND: &str = "its key command";
pub const CONFIG_FILE: &str = strings::CONFIG_FILE;
pub const SAVED_KEYS: &str = strings::SAVED_KEYS;
pub const KEY_NONE_FIX: &str =
    "Name the variable that holds it: --api-key-env NAME, or api_key_env in the configuration.";
pub const KEY_COMMAND_FIX: &str = "Look at what its api_key_cmd prints.";
pub const WAIT_FIX: &str = "Wait, or look at the limits and the credit of the account.";
pub const SERVER_FIX: &str = "That is the server's side: look at its log or its status page.";
pub const NO_MODELS: &str = "It offers no models.";
pub const NO_LIST_FIX: &str = "--probe tells whether it answers questions; if not, look at base_url.";
pub const PATH_FIX: &str = "base_url usually ends in /v1.";
pub const NO_KEY: &str = "no key";
pub const KEYLESS_FIX: &str = "riffle models says what each needs.";

#[must_use]
pub fn provider_title(name: &str, url: &str) -> String {
    format!("{name}   {url}")
}

#[must_use]
pub fn keyless(names: &[&str]) -> String {
    names.join(", ")
}

#[must_use]
pub fn key_is_missing(label: &str) -> String {
    format!("There is no key for {label}.")
}

#[must_use]
pub fn key_command_is_slow(seconds: u64) -> String {
    format!("Its api_key_cmd printed nothing within {seconds} s.")
}

#[must_use]
pub fn no_place(url: &str) -> String {
    format!("{url} names no host.")
}

#[must_use]
pub fn no_name(host: &str) -> String {
    format!("{host} is an address already")
}

#[must_use]
pub fn addresses(first: impl Display, count: usize) -> String {
    match count {
        0 | 1 => first.to_string(),
        2 => format!("{first} and 1 more"),
        _ => format!("{first} and {} more", count - 1),
    }
}

#[must_use]
pub fn no_such_host(host: &str, why: &str) -> String {
    let why = why.trim_start_matches("failed to lookup address information: ");
    format!("{host} is not found: {why}.")
}

#[must_use]
pub fn lookup_is_slow(host: &str, seconds: u64) -> String {
    format!("Nobody said within {seconds} s where {host} is.")
}

#[must_use]
pub fn no_address(host: &str) -> String {
    format!("{host} has no address.")
}

#[must_use]
pub fn no_connection(address: impl Display, why: &str) -> String {
    format!("{address} takes no connection: {why}.")
}

#[must_use]
pub fn connection_is_slow(address: impl Display, seconds: u64) -> String {
    format!("{address} did not take the connection within {seconds} s.")
}

#[must_use]
pub fn through_proxy(proxy: &str) -> String {
    format!("through {proxy}; the host itself is not tried")
}

#[must_use]
pub fn proxy_failed(proxy: &str, said: &str) -> String {
    format!("through {proxy}: {said}")
}

/// Where a provider's settings stand; one of the command line has none yet.
fn in_table(name: &str) -> String {
    let is_bare = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    format!("under [providers.{}]", if is_bare { name } else { "NAME" })
}

#[must_use]
pub fn tls_fix(said: &str, name: &str) -> String {
    let said = said.to_ascii_lowercase();
    if said.contains("ca_file") {
        format!("Look at ca_file {}.", in_table(name))
    } else if said.contains("expired") || said.contains("notvalidyet") {
        "Its certificate is out of date, or the clock of this machine is wrong.".to_owned()
    } else if said.contains("notvalidforname") || said.contains("not valid for name") {
        "The certificate is another host's: look at base_url.".to_owned()
    } else if said.contains("certificate") {
        format!("If it is your own authority's, name it: ca_file = \"authority.pem\" {}.", in_table(name))
    } else {
        "It may speak plain http: look at base_url.".to_owned()
    }
}

#[must_use]
pub fn key_read(place: &str, tail: Option<&str>) -> String {
    match tail {
        Some(tail) => format!("read from {place}, ends in ...{tail}"),
        None => format!("read from {place}"),
    }
}

#[must_use]
pub fn key_refused(status: Option<u16>, said: &str, read: Option<&str>) -> String {
    let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
    match read {
        Some(read) => format!("not accepted{status}: {said}\n{}", capitalised(read)),
        None => format!("none is set, and one is wanted{status}: {said}"),
    }
}

#[must_use]
pub fn key_variable_fix(variable: &str, label: &str) -> String {
    format!("Set {variable} to a key of {label} and start again.")
}

#[must_use]
pub fn key_inline_fix(name: &str) -> String {
    format!("Mend api_key {}.", in_table(name))
}

#[must_use]
pub fn key_saved_fix(label: &str) -> String {
    format!("In riffle, F2 and Enter on {label} takes another one.")
}

#[must_use]
pub fn http_failed(status: u16, said: &str) -> String {
    if said.starts_with("HTTP ") { said.to_owned() } else { format!("HTTP {status}: {said}") }
}

#[must_use]
pub fn no_list(status: u16) -> String {
    format!("It has no list of models here (HTTP {status}).")
}

#[must_use]
pub fn no_models_fix(api: &str) -> String {
    if api == "ollama" { "Fetch one: ollama pull NAME".to_owned() } else { "Load one in its server.".to_owned() }
}

fn models(count: usize) -> String {
    if count == 1 { "1 model".to_owned() } else { format!("{count} models") }
}

#[must_use]
pub fn offered_with(count: usize, model: &str) -> String {
    if count == 1 { model.to_owned() } else { format!("{}, {model} is one of them", models(count)) }
}

#[must_use]
pub fn offered(count: usize, first: &str) -> String {
    if count == 1 { first.to_owned() } else { format!("{}, the first is {first}", models(count)) }
}

#[must_use]
pub fn no_model_named(count: usize) -> String {
    format!("{}, and none is named.", models(count))
}

#[must_use]
pub fn name_model(model: &str) -> String {
    format!("Name one: --model {model}")
}

#[must_use]
pub fn not_offered(model: &str, count: usize, first: &str) -> String {
    if count == 1 {
        format!("{model} is not offered, only {first}.")
    } else {
        format!("{model} is not among its {}.", models(count))
    }
}

// How a model answered.

pub const QUESTION: &str = "question";
pub const STREAM: &str = "stream";
pub const USAGE: &str = "usage";
pub const TOOLS: &str = "tools";
pub const REASONING: &str = "reasoning";
pub const TOLERATED: &str = "tolerated";
pub const END: &str = "end";

#[must_use]
pub fn answer_is_slow(seconds: u64) -> String {
    format!("The answer had not ended after {seconds} s and was stopped.")
}

#[must_use]
pub fn answer_fell_silent(seconds: u64) -> String {
    format!("The answer began and then fell silent for {seconds} s.")
}

#[must_use]
pub fn streams(streams: bool) -> &'static str {
    if streams { "to the first token; the rest came bit by bit" } else { "to the first token; all came at once" }
}

#[must_use]
pub fn usage(tokens: Option<(u64, u64)>) -> String {
    tokens.map_or("not reported".to_owned(), |(input, output)| strings::usage(input, output))
}

#[must_use]
pub fn tools(calls: usize) -> String {
    match calls {
        0 => "did not call the tool".to_owned(),
        1 => "called one, not two at once".to_owned(),
        _ => format!("called {calls} at once"),
    }
}

#[must_use]
pub fn reasoning(is_there: bool) -> &'static str {
    if is_there { "sent" } else { "none was sent" }
}
