//! What must hold for any bytes whatsoever: no panic, and the same result however they are cut. The first two bytes say
//! where the cuts are.

use riffle::chat::{Accumulator, Answer, StreamEnd};
use riffle::provider::{Api, Progress, dialect};
use riffle::safe_text::width;
use riffle::sse::{Decoder, SseError, SseEvent};
use riffle::ui::markdown::{Document, Options};
use riffle::ui::theme::{Background, Theme};

/// The body, and the length of its pieces.
fn split(data: &[u8]) -> (usize, &[u8]) {
    match data {
        [high, low, body @ ..] => (usize::from(u16::from_be_bytes([*high, *low])) % 600 + 1, body),
        short => (1, short),
    }
}

/// Reads a body of this wire format whole and in pieces.
pub fn read_both_ways(api: Api, data: &[u8]) {
    let (size, body) = split(data);
    assert_eq!(read(api, body, size), read(api, body, body.len().max(1)));
}

fn read(api: Api, body: &[u8], size: usize) -> (Answer, StreamEnd) {
    let mut decoder = dialect(api).decoder();
    let mut deltas = Vec::new();
    for piece in body.chunks(size) {
        if decoder.push(piece, &mut deltas) == Progress::Done {
            break;
        }
    }
    let end = decoder.finish(&mut deltas);
    let mut accumulator = Accumulator::default();
    for delta in &deltas {
        accumulator.push(delta);
    }
    let mut ids = 0;
    let mut make_id = || {
        ids += 1;
        format!("invented{ids:04}")
    };
    (accumulator.finish(&end, &mut make_id), end)
}

/// Reads an event stream whole and in pieces.
pub fn events_both_ways(data: &[u8]) {
    let (size, body) = split(data);
    assert_eq!(events(body, size), events(body, body.len().max(1)));
}

fn events(body: &[u8], size: usize) -> (Vec<String>, Result<(), SseError>) {
    let mut decoder = Decoder::new();
    let mut out = Vec::new();
    let mut sink = |event: SseEvent<'_>| out.push(format!("{event:?}"));
    let pushed = body.chunks(size).try_for_each(|piece| decoder.push(piece, &mut sink));
    let end = pushed.and_then(|()| decoder.finish(&mut sink));
    (out, end)
}

/// Lays a message out whole and as it grows, at a width that the size of its pieces gives.
pub fn message_both_ways(data: &[u8]) {
    let (size, body) = split(data);
    let source = String::from_utf8_lossy(body);
    let theme = Theme::new(Background::Dark, true);
    let columns = 8 + (size % 90) as u16;
    let options =
        Options { width: columns, wide: columns, theme: &theme, ascii_lines: false, is_expanded: size % 2 == 0 };
    let mut grown = Document::default();
    for end in (0..source.len()).step_by(size) {
        grown.update(&source[..source.floor_char_boundary(end)], false, &options);
        check(&grown, &source, columns);
    }
    let mut whole = Document::default();
    for document in [&mut grown, &mut whole] {
        document.update(&source, true, &options);
        while document.is_behind() {
            document.update(&source, true, &options);
        }
        check(document, &source, columns);
    }
    assert_eq!(grown.regions(), whole.regions());
    assert_eq!(grown.into_lines(), whole.into_lines());
}

/// No row is wider than asked or has what would act on a terminal, and every region leads into the source.
fn check(document: &Document, source: &str, columns: u16) {
    for at in 0..document.line_count() {
        let text = document.line(at).to_text();
        assert!(width(&text) <= usize::from(columns), "{columns}: {text:?}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    for region in document.regions() {
        assert!(region.rows.end <= document.line_count() && source.get(region.source.clone()).is_some(), "{region:?}");
        let _ = region.code(source);
        let _ = region.cells(source);
    }
}
