//! Keys in what a server echoes: starred out before it is shown or written, however the stream was cut. Pure.

use std::fmt;
use std::ops::Range;

use crate::provider::Endpoint;

/// Values of configured headers that are shorter are no secrets, and shorter beginnings of a key tell nothing.
const MIN_BYTES: usize = 8;

/// What must not be shown. Its `Debug` tells none of it.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// The key and the configured header values of this endpoint.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        let key = endpoint.key.iter().map(|key| key.expose().as_bytes().to_vec());
        let values = endpoint.headers.iter().map(|(_, value)| value.as_bytes().to_vec());
        let values = values.filter(|value| value.len() >= MIN_BYTES);
        Self(key.chain(values).filter(|secret| !secret.is_empty()).collect())
    }

    /// Bytes of the longest one.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// A whole text with stars in place of them.
    #[must_use]
    pub fn star_text(&self, text: &str) -> String {
        let mut starring = Starring::new(self.clone());
        let mut bytes = starring.push(text.as_bytes());
        bytes.extend(starring.finish());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Where they stand, also where they overlap.
    fn places(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for secret in &self.0 {
            let mut from = 0;
            while let Some(at) = memchr::memmem::find(&bytes[from..], secret) {
                found.push(from + at..from + at + secret.len());
                from += at + 1;
            }
        }
        found
    }

    /// How many of the last bytes may be the beginning of one.
    fn open_length(&self, bytes: &[u8]) -> usize {
        let open = |secret: &Vec<u8>| {
            (1..secret.len().min(bytes.len() + 1)).rev().find(|length| bytes.ends_with(&secret[..*length]))
        };
        self.0.iter().filter_map(open).max().unwrap_or(0)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// Stars a stream out piece by piece.
#[derive(Debug, Default)]
pub struct Starring {
    secrets: Secrets,
    /// The end that may be the beginning of a secret, until its rest comes.
    held: Vec<u8>,
}

impl Starring {
    /// Nothing came yet.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, held: Vec::new() }
    }

    /// What is starred out.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What can be shown after these bytes; the rest is held back.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.0.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend_from_slice(bytes);
        let places = self.secrets.places(&self.held);
        let mut end = self.held.len() - self.secrets.open_length(&self.held);
        // A secret that reaches into what is held back is held back whole, or its rest would be shown.
        while let Some(place) = places.iter().find(|place| place.start < end && end < place.end) {
            end = place.start;
        }
        let rest = self.held.split_off(end);
        let mut shown = std::mem::replace(&mut self.held, rest);
        places.into_iter().filter(|place| place.end <= end).for_each(|place| shown[place].fill(b'*'));
        shown
    }

    /// What was held back, at the end. What is most likely a key that was cut off is starred out too.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.held);
        let open = rest.len() - self.secrets.open_length(&rest);
        for place in self.secrets.places(&rest) {
            rest[place].fill(b'*');
        }
        if rest.len() - open >= MIN_BYTES {
            rest[open..].fill(b'*');
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starred(secrets: &[&str], pieces: &[&[u8]]) -> String {
        let secrets = Secrets(secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect());
        let mut starring = Starring::new(secrets);
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| starring.push(piece)).collect();
        out.extend(starring.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_key_is_starred_out_wherever_the_stream_is_cut() {
        let key = "sk-CANARY-1234";
        let body = format!("data: s sk-C \u{e9} {key}{key}sk-CANARY-123\n\nsk-");
        let expected = body.replace(key, &"*".repeat(key.len()));
        let bytes = body.as_bytes();
        for size in 1..bytes.len() {
            assert_eq!(starred(&[key], &bytes.chunks(size).collect::<Vec<_>>()), expected, "cut by {size}");
        }
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(starred(&[key], &pieces), expected, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_key_that_the_end_cut_off_is_starred_out_too() {
        let key = "sk-CANARY-1234";
        for length in 0..=key.len() {
            let shown = starred(&[key], &[b"data: ", &key.as_bytes()[..length]]);
            let is_hidden = length >= MIN_BYTES;
            let expected = if is_hidden { "*".repeat(length) } else { key[..length].to_owned() };
            assert_eq!(shown, format!("data: {expected}"));
        }
    }

    #[test]
    fn secrets_that_overlap_leave_nothing() {
        for (secrets, body, expected) in [
            (["abcd1234", "abcd1234XYZ"], "-abcd1234XYZ-abcd1234-", "-***********-********-"),
            (["xxxxxxab", "abcdefgh"], "-xxxxxxabcdefgh-xxxxxxab", "-**************-********"),
            (["aaaaaaaa", "bbbbbbbb"], "-aaaaaaaaaa-", "-**********-"),
        ] {
            for size in 1..body.len() {
                let pieces: Vec<_> = body.as_bytes().chunks(size).collect();
                assert_eq!(starred(&secrets, &pieces), expected, "cut by {size}");
            }
        }
    }

    #[test]
    fn debug_says_nothing() {
        let mut starring = Starring::new(Secrets(vec![b"sk-canary".to_vec()]));
        starring.push(b"sk-");
        assert!(!format!("{:?}", starring.secrets).contains("canary"));
    }
}
