//! How far a request came before it failed, for those who say what to do about it.

use std::error::Error;

use reqwest::Url;

use crate::chat::ChatError;

/// How far a request came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It cannot be sent as it is.
    Request,
    /// No connection came about.
    Connection,
    /// Its encryption failed, or a certificate was not trusted.
    Tls,
    /// No answer came, or one that refuses.
    Answer,
    /// The answer could not be read.
    Body,
}

/// A failed request with how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How far it came.
    pub stage: Stage,
    /// What went wrong.
    pub error: ChatError,
}

impl From<Failure> for ChatError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Stage {
    pub(super) fn of(self, error: ChatError) -> Failure {
        Failure { stage: self, error }
    }

    /// How far a request came that broke.
    pub(super) fn reached(url: &Url, error: &reqwest::Error) -> Self {
        match (error.is_builder(), error.is_connect()) {
            (true, _) => Stage::Request,
            (_, true) if url.scheme() == "https" && is_of_tls(error) => Stage::Tls,
            (_, true) => Stage::Connection,
            _ => Stage::Answer,
        }
    }
}

/// Whether a connection failed in its handshake: rustls gives what it cannot read or trust as `InvalidData`, and a server
/// that does not know TLS hangs up, while a port where nobody listens refuses.
fn is_of_tls(error: &reqwest::Error) -> bool {
    use std::io::{Error as IoError, ErrorKind};
    let of_handshake = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
    // What an `io::Error` is made of is not among its sources.
    let inner = |error: &IoError| error.get_ref().and_then(|inner| inner.downcast_ref::<IoError>()).map(IoError::kind);
    std::iter::successors(error.source(), |cause| (**cause).source())
        .filter_map(|cause| cause.downcast_ref::<IoError>())
        .any(|error| of_handshake.contains(&inner(error).unwrap_or(error.kind())))
}
