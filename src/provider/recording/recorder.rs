//! Responses into a file, line by line as they come.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{Ending, Keeper, Starring, Step, end_line, head_line, piece_line, write_line};

/// Writes a recording. Responses are recorded one after the other.
pub struct Recorder {
    inner: Mutex<Inner>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    number: u64,
    starring: Starring,
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
        Self { inner: Mutex::new(Inner { out, number: 0, starring: Starring::default(), failed: None }) }
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

impl Keeper for Recorder {
    fn keep(&self, number: u64, at_us: u64, step: Step<'_>) {
        let mut inner = self.lock();
        match step {
            Step::Head(head, secrets) => {
                inner.number = number;
                inner.starring = Starring::new(secrets);
                inner.line(at_us, head_line(&head, 0));
            }
            // Another response began since.
            Step::Bytes(_) | Step::End(_) if inner.number != number => {}
            Step::Bytes(bytes) => {
                let shown = inner.starring.push(bytes);
                inner.piece(at_us, &shown);
            }
            Step::End(ending) => {
                let shown = inner.starring.finish();
                inner.piece(at_us, &shown);
                let ending = match ending {
                    Ending::Broken(why) => Ending::Broken(inner.starring.secrets().star_text(&why)),
                    ending => ending,
                };
                if let Some(line) = end_line(&ending) {
                    inner.line(at_us, line);
                }
            }
        }
    }
}

impl Inner {
    fn piece(&mut self, at_us: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.line(at_us, piece_line(bytes));
        }
    }

    fn line(&mut self, at_us: u64, line: Value) {
        if self.failed.is_none() {
            self.failed = write_line(&mut self.out, at_us, line).err();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::provider::recording::keeper::Recording;
    use crate::provider::recording::{read_recording, tests::endpoint_with_key};

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
        let endpoint = endpoint_with_key(key);
        let body = format!("data: s sk-C \u{e9} {key}{key}sk-CANARY-123\n\nsk-").into_bytes();
        let expected = String::from_utf8_lossy(&body).replace(key, &"*".repeat(key.len()));
        let headers = [("x-request-id", format!("for {key}"))];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        for size in 1..body.len() {
            let out = Shared::default();
            let recorder = Arc::new(Recorder::new(Box::new(out.clone())));
            let mut recording = Recording::start(Some(recorder.clone()), 1);
            recording.head(&endpoint, "m", 200, &headers.clone().into_iter().collect());
            body.chunks(size).for_each(|piece| recording.bytes(piece));
            recording.end(Some("It broke."));
            recorder.close().unwrap();
            let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains(key));
            let read = read_recording(&text).unwrap();
            assert_eq!(String::from_utf8_lossy(&read[0].body()), expected, "cut by {size}");
            assert_eq!(
                (read.len(), &read[0].ending, read[0].head.model.as_str()),
                (1, &Ending::Broken("It broke.".to_owned()), "m")
            );
        }
    }

    #[test]
    fn a_request_that_is_dropped_was_left() {
        let out = Shared::default();
        let recorder = Arc::new(Recorder::new(Box::new(out.clone())));
        let mut recording = Recording::start(Some(recorder), 1);
        recording.head(&endpoint_with_key("sk-CANARY-1234"), "m", 200, &http::HeaderMap::new());
        recording.bytes(b"data: sk-");
        drop(recording);
        let read = read_recording(&String::from_utf8(out.0.lock().unwrap().clone()).unwrap()).unwrap();
        assert_eq!((read[0].body(), &read[0].ending), (b"data: sk-".to_vec(), &Ending::Left));
    }
}
