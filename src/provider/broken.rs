//! What a connection that failed or broke means, in a sentence with the host and the cause. Pure.

use std::error::Error;

use reqwest::Url;

use crate::chat::{ChatError, ErrorKind};

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
    let sentence = format!("The server said nothing for {} s in the middle of the answer.", limit_ms.div_ceil(1000));
    ChatError::new(ErrorKind::Network, sentence)
}

/// The body broke.
pub(super) fn broken_midway(error: &reqwest::Error) -> ChatError {
    let sentence = format!("The connection broke in the middle of the answer: {}.", innermost(error));
    ChatError::new(ErrorKind::Network, sentence)
}

/// The request could not be sent, or nothing came back.
pub(super) fn unsent(url: &Url, error: &reqwest::Error) -> ChatError {
    let host = host_of(url);
    let cause = innermost(error);
    if error.is_builder() {
        return ChatError::new(ErrorKind::BadRequest, format!("The request to {host} cannot be sent: {cause}."));
    }
    let chain = causes(error).join(": ");
    if chain.contains("certificate") {
        let clock = if ["Expired", "NotValidYet"].iter().any(|word| chain.contains(word)) {
            " or this machine's clock is wrong"
        } else {
            ""
        };
        let sentence = format!(
            "No connection to {host}: its certificate is not accepted{clock} ({cause}). If it is your own, name its authority with ca_file."
        );
        return ChatError { retryable: false, ..ChatError::new(ErrorKind::Network, sentence) };
    }
    let sentence = if error.is_timeout() {
        format!("No connection to {host}: it took too long.")
    } else if chain.contains("dns error") {
        format!("No connection to {host}: its address was not found.")
    } else if chain.contains("corrupt message") {
        format!("No connection to {host}: it does not speak TLS. An address with http:// may be meant.")
    } else if error.is_connect() {
        format!("No connection to {host}: {cause}.")
    } else {
        format!("The connection to {host} broke: {cause}.")
    };
    ChatError::new(ErrorKind::Network, sentence)
}

/// The deepest cause, which is the one that says something.
pub(super) fn innermost(error: &dyn Error) -> String {
    causes(error).pop().unwrap_or_default()
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
