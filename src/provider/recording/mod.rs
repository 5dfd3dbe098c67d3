//! Streams as they came: what a response began with, its bytes with their arrival, how it ended. As a file these are JSON
//! lines. No request is kept, and keys are starred out of whatever a server echoes.

mod keeper;
mod recent;
mod recorder;
mod secrets;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use keeper::Recording;
pub use keeper::{Keeper, Step};
pub use recent::{Choice, Chosen, Found, RecentResponses};
pub use recorder::Recorder;
pub use secrets::{Secrets, Starring};

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

/// How a response ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It still comes in.
    Open,
    /// Nobody waited for its end.
    Left,
    /// All of it came.
    Whole,
    /// The connection broke; why, as a sentence.
    Broken(String),
}

/// A response that was recorded. Times are microseconds from when the request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedResponse {
    /// What it began with.
    pub head: ResponseHead,
    /// When that came.
    pub head_us: u64,
    /// Bytes of the body that are missing before the first piece.
    pub dropped: u64,
    /// What arrived when.
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// When it ended; the last arrival where nobody waited for that.
    pub end_us: u64,
    /// How it ended.
    pub ending: Ending,
}

impl RecordedResponse {
    /// The body, as far as it is there.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect()
    }
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
            let dropped = value["dropped_bytes"].as_u64().unwrap_or(0);
            let (pieces, ending) = (Vec::new(), Ending::Left);
            responses.push(RecordedResponse { head, head_us: at, dropped, pieces, end_us: at, ending });
            continue;
        }
        let response = responses.last_mut().ok_or_else(wrong)?;
        response.end_us = response.end_us.max(at);
        if let Some(text) = value["text"].as_str() {
            response.pieces.push((at, text.as_bytes().to_vec()));
        } else if let Some(hex) = value["hex"].as_str() {
            response.pieces.push((at, of_hex(hex).ok_or_else(wrong)?));
        } else if let Some(end) = value.get("end") {
            response.ending = end.as_str().map_or(Ending::Whole, |why| Ending::Broken(why.to_owned()));
        } else {
            return Err(wrong());
        }
    }
    Ok(responses)
}

/// Writes a response so that it can be read back.
pub fn write_recording(response: &RecordedResponse, out: &mut dyn Write) -> io::Result<()> {
    write_line(out, response.head_us, head_line(&response.head, response.dropped))?;
    for (at, piece) in &response.pieces {
        write_line(out, *at, piece_line(piece))?;
    }
    match end_line(&response.ending) {
        Some(line) => write_line(out, response.end_us, line),
        None => Ok(()),
    }
}

fn head_line(head: &ResponseHead, dropped: u64) -> Value {
    let mut line = json!({"head": head});
    if dropped > 0 {
        line["dropped_bytes"] = json!(dropped);
    }
    line
}

fn piece_line(piece: &[u8]) -> Value {
    match std::str::from_utf8(piece) {
        Ok(text) => json!({"text": text}),
        Err(_) => json!({"hex": to_hex(piece)}),
    }
}

/// Where nobody waited for the end, there is no line.
fn end_line(ending: &Ending) -> Option<Value> {
    match ending {
        Ending::Open | Ending::Left => None,
        Ending::Whole => Some(json!({"end": null})),
        Ending::Broken(why) => Some(json!({"end": why})),
    }
}

fn write_line(out: &mut dyn Write, at_us: u64, mut line: Value) -> io::Result<()> {
    line["at_us"] = json!(at_us);
    writeln!(out, "{line}")
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
    use super::*;
    use crate::config::secret::Secret;
    use crate::provider::{Api, Endpoint, Timeouts};

    pub(super) fn endpoint_with_key(key: &str) -> Endpoint {
        Endpoint {
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
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let head = ResponseHead {
            provider: "p".to_owned(),
            api: "openai-chat".to_owned(),
            model: "m".to_owned(),
            status: 200,
            headers: BTreeMap::from([("x-request-id".to_owned(), "1".to_owned())]),
        };
        let pieces = vec![(10, b"data: \"\xc3".to_vec()), (20, b"\xa4\"\n\n".to_vec())];
        for (ending, end_us) in [(Ending::Whole, 30), (Ending::Broken("It broke.".to_owned()), 30), (Ending::Left, 20)]
        {
            let response =
                RecordedResponse { head: head.clone(), head_us: 5, dropped: 7, pieces: pieces.clone(), end_us, ending };
            let mut out = Vec::new();
            write_recording(&response, &mut out).unwrap();
            assert_eq!(read_recording(&String::from_utf8(out).unwrap()), Ok(vec![response]));
        }
    }

    #[test]
    fn what_is_no_recording_is_named_by_its_line() {
        for (text, line) in [("x", 1), ("{\"at_us\":1,\"text\":\"a\"}", 1), ("\n{\"at_us\":1}", 2)] {
            assert_eq!(read_recording(text), Err(format!("line {line} is no part of a recording.")));
        }
    }
}
