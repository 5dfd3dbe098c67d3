//! A response as the page shows it: safe lines in one piece of memory, so that ten thousand events cost one text and are
//! dropped at once. Long lines are cut, so that laying one out never takes long.

use std::convert::Infallible;
use std::ops::Range;

use crate::provider::Api;
use crate::provider::recording::{Chosen, Ending, ResponseHead};
use crate::provider::transcription::{ReadEvent, transcribe};
use crate::safe_text::SafeText;
use crate::strings::wire;

/// Bytes of a line at most; what is longer goes on in the next one.
const MAX_LINE_BYTES: usize = 4096;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// As it came.
    Raw,
    /// What was read from it.
    Read,
    /// What had to be tolerated.
    Tolerated,
    /// Our own words about the stream.
    Note,
}

/// A line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetLine {
    /// What it says.
    pub kind: LineKind,
    /// When its event came, in microseconds from when the request was sent.
    pub at_us: u64,
    /// The first line of its event, where the time stands.
    pub is_first: bool,
    /// Its bytes in the text of the sheet.
    range: Range<usize>,
}

/// A response as lines.
#[derive(Clone, Debug)]
pub struct WireSheet {
    /// Its number.
    pub number: u64,
    /// What it was read from; higher when something came since.
    pub revision: u64,
    /// Its place among those kept, the oldest being 1.
    pub at: usize,
    /// How many are kept.
    pub count: usize,
    /// What it began with.
    pub head: ResponseHead,
    /// More may come.
    pub is_open: bool,
    /// How long things took, how it ended and what had to be tolerated.
    pub summary: String,
    /// The lines in order, the summary being the last.
    pub lines: Vec<SheetLine>,
    /// Lines before the summary.
    pub event_lines: usize,
    text: SafeText,
    dropped: u64,
}

impl WireSheet {
    /// Reads a response; takes as long as it is large.
    #[must_use]
    pub fn new(chosen: Chosen) -> Self {
        let Chosen { number, revision, at, count, response } = chosen;
        let mut sheet = Self {
            number,
            revision,
            at,
            count,
            head: response.head.clone(),
            is_open: response.ending == Ending::Open,
            summary: String::new(),
            lines: Vec::new(),
            event_lines: 0,
            text: SafeText::default(),
            dropped: response.dropped,
        };
        if response.dropped > 0 {
            sheet.push(LineKind::Note, 0, false, &wire::dropped(response.dropped));
        }
        let Some(api) = Api::parse(&response.head.api) else { return sheet };
        let Ok(transcription) = transcribe(&response, api, |event| {
            sheet.push_event(event);
            Ok::<(), Infallible>(())
        });
        sheet.event_lines = sheet.lines.len();
        let times = transcription.times;
        let times = wire::times(times.first_us, times.gap_us, times.end_us, times.events, times.bytes);
        let needed: Vec<_> = transcription.tolerances.iter().map(|tolerance| tolerance.as_str()).collect();
        let mut words = vec![times, transcription.ending(&response)];
        // What nothing had to be tolerated in may still come.
        if !(needed.is_empty() && sheet.is_open) {
            words.push(wire::tolerated(&needed));
        }
        sheet.summary = words.join("   ");
        for words in &words {
            sheet.push(LineKind::Note, response.end_us, false, words);
        }
        sheet
    }

    /// The text of a line.
    #[must_use]
    pub fn text(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", |line| &self.text.as_str()[line.range.clone()])
    }

    /// A piece of a line, by bytes.
    #[must_use]
    pub fn piece(&self, line: usize, piece: Range<usize>) -> SafeText {
        let start = self.lines.get(line).map_or(0, |line| line.range.start);
        self.text.slice(start + piece.start..start + piece.end)
    }

    /// The line at which `line` of an earlier reading of the same response stands now.
    #[must_use]
    pub(super) fn same_line(&self, before: &Self, line: usize) -> usize {
        match before.lines.get(line) {
            Some(old) if self.dropped != before.dropped => self.lines.partition_point(|new| new.at_us < old.at_us),
            _ => line,
        }
    }

    fn push_event(&mut self, event: &ReadEvent<'_>) {
        let first = self.lines.len();
        for line in event.raw_lines() {
            self.push(LineKind::Raw, event.at_us, first == self.lines.len(), &line);
        }
        for delta in event.deltas {
            self.push(LineKind::Read, event.at_us, first == self.lines.len(), &wire::delta(delta));
        }
        for tolerance in event.tolerances {
            self.push(LineKind::Tolerated, event.at_us, first == self.lines.len(), tolerance.as_str());
        }
    }

    fn push(&mut self, kind: LineKind, at_us: u64, is_first: bool, raw: &str) {
        let mut start = self.text.as_str().len();
        self.text.push(&SafeText::line(raw));
        let text = self.text.as_str();
        let mut is_first = is_first;
        loop {
            let end = cut(text, start);
            self.lines.push(SheetLine { kind, at_us, is_first, range: start..end });
            if end == text.len() {
                return;
            }
            (start, is_first) = (end, false);
        }
    }
}

/// Where a line that starts here ends: between two ASCII characters if there are any, never within a character.
fn cut(text: &str, start: usize) -> usize {
    if text.len() - start <= MAX_LINE_BYTES {
        return text.len();
    }
    let last = start + MAX_LINE_BYTES;
    let bytes = text.as_bytes();
    let is_plain = |at: &usize| bytes[*at].is_ascii() && bytes[*at - 1].is_ascii();
    let plain = (start + MAX_LINE_BYTES / 2..=last).rev().find(is_plain);
    plain.unwrap_or_else(|| text.floor_char_boundary(last))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::provider::recording::RecordedResponse;

    fn sheet(body: &[u8], ending: Ending) -> WireSheet {
        let head = ResponseHead {
            provider: "p".to_owned(),
            api: "openai-chat".to_owned(),
            model: "m".to_owned(),
            status: 200,
            headers: BTreeMap::new(),
        };
        let pieces = vec![(1000, body.to_vec())];
        let response = RecordedResponse { head, head_us: 0, dropped: 0, pieces, end_us: 2000, ending };
        WireSheet::new(Chosen { number: 1, revision: 1, at: 1, count: 1, response })
    }

    #[test]
    fn an_event_is_its_lines_and_what_was_read_from_them() {
        let sheet = sheet(b"event: x\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", Ending::Left);
        let line = |at: usize| (sheet.lines[at].kind, sheet.lines[at].is_first, sheet.text(at));
        let lines: Vec<_> = (0..sheet.event_lines).map(line).collect();
        assert_eq!(
            lines,
            [
                (LineKind::Raw, true, "event: x"),
                (LineKind::Raw, false, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"),
                (LineKind::Read, false, "text \"a\""),
            ]
        );
        assert_eq!(sheet.piece(2, 0..4).as_str(), "text");
        assert_eq!(line(4), (LineKind::Note, false, "Ended: stopped before its end"));
    }

    #[test]
    fn a_long_line_is_cut_and_nothing_of_it_is_lost() {
        for letter in ["a", "\u{e9}", "\u{1f468}\u{200d}\u{1f469}"] {
            let long = letter.repeat(20_000);
            let sheet = sheet(format!(": {long}\n\n").as_bytes(), Ending::Open);
            let raw: Vec<_> = (0..sheet.lines.len()).filter(|at| sheet.lines[*at].kind == LineKind::Raw).collect();
            assert!(raw.len() > 4 && raw.iter().all(|at| sheet.text(*at).len() <= MAX_LINE_BYTES));
            let whole: String = raw.iter().map(|at| sheet.text(*at)).collect();
            assert_eq!(whole, SafeText::line(&format!(": {long}")).as_str());
        }
    }

    #[test]
    fn a_line_keeps_its_place_when_the_beginning_is_dropped() {
        let mut before = sheet(b": a\n\n", Ending::Open);
        let mut after = before.clone();
        let line = |at_us| SheetLine { kind: LineKind::Raw, at_us, is_first: true, range: 0..1 };
        before.lines = [10, 20, 30, 40].map(line).to_vec();
        after.lines = [30, 40, 50].map(line).to_vec();
        assert_eq!(after.same_line(&before, 2), 2);
        after.dropped = 7;
        assert_eq!(after.same_line(&before, 2), 0);
        assert_eq!(after.same_line(&before, 3), 1);
    }
}
