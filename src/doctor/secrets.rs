//! What must not be repeated: servers quote keys in the sentences with which they refuse them.

use crate::provider::Endpoint;

/// Values of configured headers that are shorter are no secrets.
const MIN_HEADER_BYTES: usize = 8;

/// The secrets of one endpoint.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Its key and what its headers hold.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let key = endpoint.key.iter().map(|key| key.expose().to_owned());
        let headers = endpoint.headers.iter().map(|(_, value)| value.clone());
        let values = headers.filter(|value| value.len() >= MIN_HEADER_BYTES);
        Self(key.chain(values).filter(|secret| !secret.is_empty()).collect())
    }

    /// The text with stars in their places.
    pub(super) fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "****"))
    }
}
