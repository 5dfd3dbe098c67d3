//! What must hold for any bytes whatsoever: no panic, and the same result however they are cut. The first two bytes say
//! where the cuts are.

use riffle::chat::{Accumulator, Answer, StreamEnd};
use riffle::provider::{Api, Progress, dialect};
use riffle::sse::{Decoder, SseError, SseEvent};

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
