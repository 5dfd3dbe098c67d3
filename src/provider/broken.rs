//! What a connection that failed or broke means, in a sentence with the host and the cause. Pure.

use std::error::Error;

use reqwest::Url;

use crate::chat::{ChatError, ErrorKind};
use crate::strings::failure::SILENT;

/// The host of an address, with its port where one is written.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the server");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The headers did not come in time.
pub(super) fn no_answer(url: &Url, limit_ms: u64) -> ChatError {
    ChatError::new(ErrorKind::Network, format!("{} did not answer within {} s.", host_of(url), limit_ms.div_ceil(1000)))
}

/// The body was silent for too long.
pub(super) fn silent(limit_ms: u64) -> ChatError {
    let sentence = format!("{SILENT} for {} s in the middle of the answer.", limit_ms.div_ceil(1000));
    ChatError::new(ErrorKind::Network, sentence)
}

/// The body broke.
pub(super) fn broken_midway(error: &reqwest::Error) -> ChatError {
    let is_short =
        ["end of file before message length", "unexpected EOF", "connection closed before message completed"]
            .iter()
            .any(|words| causes(error).join(": ").contains(words));
    let cause = if is_short { "the body ended early".to_owned() } else { innermost(error) };
    ChatError::new(ErrorKind::Network, format!("The connection broke in the middle of the answer: {cause}."))
}

/// The request could not be sent, or nothing came back; `proxy` stood in between.
pub(super) fn unsent(url: &Url, error: &reqwest::Error, proxy: Option<&str>) -> ChatError {
    let host = host_of(url);
    let cause = innermost(error);
    if error.is_builder() {
        return ChatError::new(ErrorKind::BadRequest, format!("The request to {host} cannot be sent: {cause}."));
    }
    let chain = causes(error).join(": ");
    let place = proxy.map_or_else(|| host.clone(), |proxy| format!("{host} through the proxy {proxy}"));
    let in_vain = |sentence: String| ChatError { retryable: false, ..ChatError::new(ErrorKind::Network, sentence) };
    if chain.contains("certificate") {
        let why = why_distrusted(&chain).unwrap_or(&cause);
        return in_vain(format!(
            "No connection to {place}: its certificate is not accepted ({why}). If it is your own, name its authority with ca_file."
        ));
    }
    if chain.contains("corrupt message") {
        return in_vain(format!(
            "No connection to {place}: it does not speak TLS. An address with http:// may be meant."
        ));
    }
    if chain.contains("invalid HTTP") {
        return ChatError::new(ErrorKind::Protocol, format!("{host} does not answer in HTTP: {cause}."));
    }
    let sentence = if error.is_timeout() {
        format!("No connection to {place}: it took too long.")
    } else if chain.contains("dns error") {
        format!("No connection to {place}: no host of this name was found.")
    } else if chain.contains("Connection refused") {
        format!("No connection to {place}: nothing listens there. Start the server, or check its address.")
    } else if error.is_connect() {
        format!("No connection to {place}: {cause}.")
    } else {
        format!("The connection to {place} broke: {cause}.")
    };
    ChatError::new(ErrorKind::Network, sentence)
}

/// What a certificate lacks, in words; the names are rustls's.
fn why_distrusted(chain: &str) -> Option<&'static str> {
    [
        ("UnknownIssuer", "nobody whom this machine trusts vouches for it"),
        ("CaUsedAsEndEntity", "it vouches only for itself"),
        ("NotValidForName", "it is for another name"),
        ("Expired", "it is out of date, or this machine's clock is wrong"),
        ("NotValidYet", "it is not valid yet, or this machine's clock is wrong"),
        ("Revoked", "it was revoked"),
    ]
    .into_iter()
    .find(|(name, _)| chain.contains(name))
    .map(|(_, words)| words)
}

/// The deepest cause, which is the one that says something.
pub(super) fn innermost(error: &dyn Error) -> String {
    let cause = causes(error).pop().unwrap_or_default();
    cause.split(" (os error").next().unwrap_or_default().to_owned()
}

/// What happened, from the outside in.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut at = error.source();
    while let Some(deeper) = at {
        causes.push(deeper.to_string());
        at = deeper.source();
    }
    causes
}
