//! Streams as they came: JSON lines, a head for each response, its bytes with their arrival, its end. No request is kept,
//! and the key is starred out of whatever a server echoes.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Endpoint;

/// Headers that are kept: what is needed to read the response, and to ask its vendor about it.
const KEPT_HEADERS: [&str; 6] =
    ["content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id", "apim-request-id"];
/// Values of configured headers that are shorter are no secrets.
const MIN_SECRET_BYTES: usize = 8;

/// What a response began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// The provider's configured name.
    pub provider: String,
    /// The wire format.
    pub api: String,
    /// The model that was asked for.
    pub model: String,
    /// The HTTP status.
    pub status: u16,
    /// Headers by their name in small letters.
    pub headers: BTreeMap<String, String>,
}

/// A response that was recorded. Times are microseconds from when the request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedResponse {
    /// What it began with.
    pub head: ResponseHead,
    /// When that came.
    pub head_us: u64,
    /// What arrived when.
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// When it ended; the last arrival where the recording was cut.
    pub end_us: u64,
    /// Why the connection broke, a sentence.
    pub broken: Option<String>,
}

/// Reads a recording. The error is a sentence with the line.
pub fn read_recording(text: &str) -> Result<Vec<RecordedResponse>, String> {
    let mut responses: Vec<RecordedResponse> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.is_empty())
    {
        let wrong = || format!("line {number} is no part of a recording.");
        let value: Value = serde_json::from_str(line).map_err(|_| wrong())?;
        let at = value["at_us"].as_u64().ok_or_else(wrong)?;
        if let Some(head) = value.get("head") {
            let head = ResponseHead::deserialize(head).map_err(|_| wrong())?;
            responses.push(RecordedResponse { head, head_us: at, pieces: Vec::new(), end_us: at, broken: None });
            continue;
        }
        let response = responses.last_mut().ok_or_else(wrong)?;
        response.end_us = response.end_us.max(at);
        if let Some(text) = value["text"].as_str() {
            response.pieces.push((at, text.as_bytes().to_vec()));
        } else if let Some(hex) = value["hex"].as_str() {
            response.pieces.push((at, of_hex(hex).ok_or_else(wrong)?));
        } else if let Some(end) = value.get("end") {
            response.broken = end.as_str().map(str::to_owned);
        } else {
            return Err(wrong());
        }
    }
    Ok(responses)
}

/// Writes a recording. Requests are recorded one after the other.
pub struct Recorder {
    inner: Mutex<Inner>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    asked: Instant,
    secrets: Vec<Vec<u8>>,
    /// The start of what may be a secret, until its rest comes.
    held: Vec<u8>,
    failed: Option<io::Error>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder(..)")
    }
}

impl Recorder {
    /// Records to this.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        let inner = Inner { out, asked: Instant::now(), secrets: Vec::new(), held: Vec::new(), failed: None };
        Self { inner: Mutex::new(inner) }
    }

    /// A request is being sent.
    pub(super) fn asked(&self) {
        self.lock().asked = Instant::now();
    }

    pub(super) fn head(&self, endpoint: &Endpoint, model: &str, status: u16, headers: &HeaderMap) {
        let value = |name: &&str| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()));
        let head = ResponseHead {
            provider: endpoint.name.clone(),
            api: endpoint.api.as_str().to_owned(),
            model: model.to_owned(),
            status,
            headers: KEPT_HEADERS.iter().filter_map(value).collect(),
        };
        let key = endpoint.key.iter().map(|key| key.expose().as_bytes().to_vec()).filter(|key| !key.is_empty());
        let values = endpoint.headers.iter().map(|(_, value)| value.as_bytes().to_vec());
        let mut inner = self.lock();
        inner.secrets = key.chain(values.filter(|value| value.len() >= MIN_SECRET_BYTES)).collect();
        inner.line(json!({"head": head}));
    }

    pub(super) fn bytes(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.held.extend_from_slice(bytes);
        let mut held = std::mem::take(&mut inner.held);
        for secret in &inner.secrets {
            star_out(&mut held, secret);
        }
        let kept = inner.secrets.iter().map(|secret| open_length(&held, secret)).max().unwrap_or(0);
        inner.held = held.split_off(held.len() - kept);
        inner.piece(held);
    }

    pub(super) fn end(&self, broken: Option<&str>) {
        let mut inner = self.lock();
        let held = std::mem::take(&mut inner.held);
        inner.piece(held);
        inner.line(json!({"end": broken}));
    }

    /// All is written, or why it is not.
    pub fn close(&self) -> io::Result<()> {
        let mut inner = self.lock();
        match inner.failed.take() {
            Some(error) => Err(error),
            None => inner.out.flush(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn piece(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.line(match String::from_utf8(bytes) {
            Ok(text) => json!({"text": text}),
            Err(error) => json!({"hex": to_hex(error.as_bytes())}),
        });
    }

    fn line(&mut self, mut line: Value) {
        line["at_us"] = json!(self.asked.elapsed().as_micros() as u64);
        if self.failed.is_none() {
            self.failed = writeln!(self.out, "{line}").err();
        }
    }
}

fn star_out(bytes: &mut [u8], secret: &[u8]) {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], secret) {
        bytes[from + at..from + at + secret.len()].fill(b'*');
        from += at + secret.len();
    }
}

/// How many of the last bytes may be the start of the secret.
fn open_length(bytes: &[u8], secret: &[u8]) -> usize {
    (1..secret.len().min(bytes.len() + 1)).rev().find(|length| bytes.ends_with(&secret[..*length])).unwrap_or(0)
}

fn to_hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
    bytes.iter().flat_map(digits).flatten().collect()
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let (pairs, rest) = digits.as_ref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::secret::Secret;
    use crate::provider::{Api, Timeouts};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_came_is_read_back_and_a_key_never_however_it_is_cut() {
        let key = "sk-CANARY-1234";
        let endpoint = Endpoint {
            name: "p".to_owned(),
            label: "P".to_owned(),
            api: Api::OpenAiChat,
            base_url: String::new(),
            key: Some(Secret::new(key.to_owned())),
            key_source: None,
            headers: Vec::new(),
            params: serde_json::Map::new(),
            timeouts: Timeouts::default(),
            ca_file: None,
        };
        let body = format!("data: s sk-C \u{e9} {key}{key}sk-CANARY-123\n\nsk-").into_bytes();
        let expected = String::from_utf8_lossy(&body).replace(key, &"*".repeat(key.len()));
        for size in 1..body.len() {
            let out = Shared::default();
            let recorder = Recorder::new(Box::new(out.clone()));
            recorder.asked();
            recorder.head(&endpoint, "m", 200, &HeaderMap::new());
            body.chunks(size).for_each(|piece| recorder.bytes(piece));
            recorder.end(Some("It broke."));
            recorder.close().expect("is written");
            let text = String::from_utf8(out.0.lock().expect("is there").clone()).expect("is text");
            let read = read_recording(&text).expect("reads");
            let whole: Vec<u8> = read[0].pieces.iter().flat_map(|(_, piece)| piece.clone()).collect();
            assert_eq!(String::from_utf8_lossy(&whole), expected, "cut by {size}");
            assert_eq!(
                (read.len(), read[0].broken.as_deref(), read[0].head.model.as_str()),
                (1, Some("It broke."), "m")
            );
        }
    }

    #[test]
    fn what_is_no_recording_is_named_by_its_line() {
        for (text, line) in [("x", 1), ("{\"at_us\":1,\"text\":\"a\"}", 1), ("\n{\"at_us\":1}", 2)] {
            assert_eq!(read_recording(text), Err(format!("line {line} is no part of a recording.")));
        }
    }
}
