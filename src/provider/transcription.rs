//! A response as it came, event by event, with what the same reader makes of each as answers are read with; how long
//! things took, and how it ended. Pure.

use super::error::from_response;
use super::recording::{Ending, RecordedResponse};
use super::{Api, Progress, Tolerance, dialect};
use crate::chat::{Accumulator, Answer, Delta, StreamEnd};
use crate::strings::wire;

/// An event of a body with what was read from it.
#[derive(Debug)]
pub struct ReadEvent<'a> {
    /// When its last byte came, in microseconds from when the request was sent.
    pub at_us: u64,
    /// Its bytes; none where it is only the end that brought something.
    pub raw: &'a [u8],
    /// What was read from it.
    pub deltas: &'a [Delta],
    /// What had to be tolerated for the first time.
    pub tolerances: &'a [Tolerance],
}

impl ReadEvent<'_> {
    /// Its lines that are not blank; bytes that are no UTF-8 as `<FF>`. Not yet safe to be drawn.
    #[must_use]
    pub fn raw_lines(&self) -> Vec<String> {
        let mut text = String::with_capacity(self.raw.len());
        for chunk in self.raw.utf8_chunks() {
            text.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("<{byte:02X}>")));
        }
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }
}

/// What a response came to.
#[derive(Debug)]
pub struct Transcription {
    /// What was answered and how it ended; `None` while it still comes in.
    pub ended: Option<(Answer, StreamEnd)>,
    /// What had to be tolerated.
    pub tolerances: Vec<Tolerance>,
    /// Bytes that are missing before the first event.
    pub dropped: u64,
    /// How long things took.
    pub times: Times,
}

/// How long things took, in microseconds from when the request was sent, and how much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Text, reasoning or a tool call came first.
    pub first_us: Option<u64>,
    /// The longest time between two events.
    pub gap_us: u64,
    /// The end.
    pub end_us: u64,
    /// Events.
    pub events: usize,
    /// Bytes of the body.
    pub bytes: u64,
}

impl Transcription {
    /// How it ended, in words; the response's own ending says what the reader cannot know.
    #[must_use]
    pub fn ending(&self, response: &RecordedResponse) -> String {
        match (&self.ended, &response.ending) {
            (None, _) => wire::STILL_OPEN.to_owned(),
            (Some((_, StreamEnd::Failed { is_cut: true, .. })), Ending::Broken(why)) => wire::ended(why),
            (Some((_, StreamEnd::Failed { is_cut: true, .. })), Ending::Left) => wire::ended(wire::LEFT),
            (Some((_, StreamEnd::Failed { error, .. })), _) => wire::ended(&error.message),
            (Some((answer, StreamEnd::Complete)), _) => {
                let raw = answer.finish_raw.as_deref().unwrap_or_default();
                wire::ended(&wire::finish(answer.finish, raw))
            }
        }
    }
}

/// Reads a response and tells `each` of every event.
pub fn transcribe<E>(
    response: &RecordedResponse,
    api: Api,
    mut each: impl FnMut(&ReadEvent<'_>) -> Result<(), E>,
) -> Result<Transcription, E> {
    let mut times = Times { end_us: response.end_us, bytes: response.dropped, ..Times::default() };
    times.bytes += response.pieces.iter().map(|(_, piece)| piece.len() as u64).sum::<u64>();
    if response.head.status >= 400 {
        return refused(response, times, each);
    }
    let (mut accumulator, mut decoder) = (Accumulator::default(), dialect(api).decoder());
    let (mut deltas, mut tolerated) = (Vec::new(), 0);
    let mut last_us = response.head_us;
    let (events, dropped) = events(response, api);
    for (at_us, raw) in events {
        let progress = decoder.push(&raw, &mut deltas);
        let tolerances = &decoder.tolerances()[tolerated..];
        tolerated += tolerances.len();
        times.events += 1;
        times.gap_us = times.gap_us.max(at_us.saturating_sub(last_us));
        last_us = at_us;
        if deltas.iter().any(|delta| matches!(delta, Delta::Text(_) | Delta::Reasoning(_) | Delta::ToolCall(_))) {
            times.first_us.get_or_insert(at_us);
        }
        each(&ReadEvent { at_us, raw: &raw, deltas: &deltas, tolerances })?;
        deltas.drain(..).for_each(|delta| accumulator.push(&delta));
        if progress == Progress::Done {
            break;
        }
    }
    if response.ending == Ending::Open {
        return Ok(Transcription { ended: None, tolerances: decoder.tolerances().to_vec(), dropped, times });
    }
    let end = decoder.finish(&mut deltas);
    let tolerances = &decoder.tolerances()[tolerated..];
    if !deltas.is_empty() || !tolerances.is_empty() {
        each(&ReadEvent { at_us: response.end_us, raw: b"", deltas: &deltas, tolerances })?;
    }
    deltas.drain(..).for_each(|delta| accumulator.push(&delta));
    let answer = accumulator.finish(&end, &mut call_ids());
    Ok(Transcription { ended: Some((answer, end)), tolerances: decoder.tolerances().to_vec(), dropped, times })
}

/// A refusal is read whole.
fn refused<E>(
    response: &RecordedResponse,
    times: Times,
    mut each: impl FnMut(&ReadEvent<'_>) -> Result<(), E>,
) -> Result<Transcription, E> {
    let body = response.body();
    each(&ReadEvent { at_us: response.end_us, raw: &body, deltas: &[], tolerances: &[] })?;
    let headers = response.head.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
    let error = from_response(response.head.status, &headers.collect(), &body, 0);
    let end = StreamEnd::Failed { error, is_cut: false };
    let answer = Accumulator::default().finish(&end, &mut call_ids());
    let gap_us = response.end_us.saturating_sub(response.head_us);
    let times = Times { events: 1, gap_us, ..times };
    Ok(Transcription { ended: Some((answer, end)), tolerances: Vec::new(), dropped: response.dropped, times })
}

fn call_ids() -> impl FnMut() -> String {
    let mut count = 0;
    move || {
        count += 1;
        format!("call_{count}")
    }
}

/// The body cut at the ends of its events, each with the arrival of its last byte, and how many bytes are missing before
/// them: what is left of an event whose beginning was dropped can only be misread.
fn events(response: &RecordedResponse, api: Api) -> (Vec<(u64, Vec<u8>)>, u64) {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut line_start = 0;
    for (at, piece) in &response.pieces {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            open.extend_from_slice(part);
            if !part.ends_with(b"\n") {
                continue;
            }
            let is_blank = open[line_start..].trim_ascii().is_empty();
            line_start = open.len();
            if is_blank || api == Api::Ollama {
                found.push((*at, std::mem::take(&mut open)));
                line_start = 0;
            }
        }
    }
    if !open.is_empty() && response.ending != Ending::Open {
        found.push((response.end_us, open));
    }
    let mut dropped = response.dropped;
    if dropped > 0 && found.len() > 1 {
        dropped += found.remove(0).1.len() as u64;
    }
    (found, dropped)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::provider::recording::ResponseHead;

    const EVENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"tent\"}}]}\n\n";

    fn response(pieces: &[(u64, &[u8])], dropped: u64, ending: Ending) -> RecordedResponse {
        let head = ResponseHead {
            provider: "p".to_owned(),
            api: "openai-chat".to_owned(),
            model: "m".to_owned(),
            status: 200,
            headers: std::collections::BTreeMap::new(),
        };
        let pieces = pieces.iter().map(|(at, piece)| (*at, piece.to_vec())).collect();
        RecordedResponse { head, head_us: 100, dropped, pieces, end_us: 900, ending }
    }

    fn read(response: &RecordedResponse) -> (Vec<(u64, String, usize)>, Transcription) {
        let mut seen = Vec::new();
        let each = |event: &ReadEvent<'_>| {
            seen.push((event.at_us, event.raw_lines().join("|"), event.deltas.len()));
            Ok::<(), Infallible>(())
        };
        let Ok(transcription) = transcribe(response, Api::OpenAiChat, each);
        (seen, transcription)
    }

    #[test]
    fn an_event_came_when_its_last_byte_came() {
        let (first, rest) = EVENT.as_bytes().split_at(20);
        let pieces = [(200, first), (500, rest), (600, b"data: [DONE]\n\n".as_slice())];
        let (seen, transcription) = read(&response(&pieces, 0, Ending::Whole));
        assert_eq!(seen[0], (500, EVENT.trim_end().to_owned(), 1));
        let times = Times { first_us: Some(500), gap_us: 400, end_us: 900, events: 2, bytes: EVENT.len() as u64 + 14 };
        assert_eq!(transcription.times, times);
    }

    #[test]
    fn what_still_comes_in_has_no_end_and_no_half_event() {
        let response = response(&[(200, EVENT.as_bytes()), (300, b"data: {\"cho")], 0, Ending::Open);
        let (seen, transcription) = read(&response);
        assert_eq!(seen.len(), 1);
        assert_eq!(transcription.ending(&response), wire::STILL_OPEN);
    }

    #[test]
    fn the_rest_of_an_event_whose_beginning_was_dropped_is_left_out() {
        let body = format!("ent\":\"bag\"}}}}]}}\n\n{EVENT}");
        let (seen, transcription) = read(&response(&[(200, body.as_bytes())], 1000, Ending::Left));
        assert_eq!(seen[0].1, EVENT.trim_end());
        assert_eq!(transcription.dropped, 1000 + (body.len() - EVENT.len()) as u64);
    }

    #[test]
    fn a_stream_that_was_left_says_so() {
        let response = response(&[(200, EVENT.as_bytes())], 0, Ending::Left);
        assert_eq!(read(&response).1.ending(&response), wire::ended(wire::LEFT));
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        let (seen, _) = read(&response(&[(200, b": \xff\xc3\n\n")], 0, Ending::Left));
        assert_eq!(seen[0].1, ": <FF><C3>");
    }
}
