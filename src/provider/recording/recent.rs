//! The last responses of the running program in memory, bounded, for whoever wants to see what really came. While a
//! stream runs this costs a copy and a time for each piece; keys are starred out when somebody looks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Ending, Keeper, RecordedResponse, ResponseHead, Secrets, Starring, Step};

/// Most responses kept.
const MAX_RESPONSES: usize = 8;
/// Most bytes kept of all of them.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What a piece costs besides its bytes.
const PIECE_BYTES: usize = 48;

/// Keeps the last responses.
#[derive(Default)]
pub struct RecentResponses {
    inner: Mutex<Inner>,
}

/// Which response is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that began last.
    Newest,
    /// The one of this number.
    This(u64),
    /// The one before it.
    Before(u64),
    /// The one after it.
    After(u64),
}

/// What there is of a choice.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// No response was kept.
    Nothing,
    /// The same as is known.
    Unchanged,
    /// A response.
    Chosen(Box<Chosen>),
}

/// A response among those kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its number.
    pub number: u64,
    /// Higher after each change of any.
    pub revision: u64,
    /// Its place, the oldest being 1.
    pub at: usize,
    /// How many there are.
    pub count: usize,
    /// It, without keys.
    pub response: RecordedResponse,
}

#[derive(Default)]
struct Inner {
    kept: VecDeque<Kept>,
    bytes: usize,
    revision: u64,
}

#[derive(Clone)]
struct Kept {
    number: u64,
    head: ResponseHead,
    secrets: Secrets,
    head_us: u64,
    dropped: u64,
    pieces: VecDeque<(u64, Arc<[u8]>)>,
    end_us: u64,
    ending: Ending,
}

impl fmt::Debug for RecentResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecentResponses(..)")
    }
}

impl RecentResponses {
    /// The chosen response, else the nearest one that is still kept. `known`: the number and the revision of what is
    /// known already. Takes as long as it is large; a stream that runs meanwhile waits only a moment.
    #[must_use]
    pub fn find(&self, choice: Choice, known: Option<(u64, u64)>) -> Found {
        let inner = self.lock();
        let place = |number: u64| inner.kept.iter().position(|kept| kept.number == number);
        let last = inner.kept.len().saturating_sub(1);
        let at = match choice {
            Choice::Newest => last,
            Choice::This(number) => place(number).unwrap_or(0),
            Choice::Before(number) => place(number).unwrap_or(0).saturating_sub(1),
            Choice::After(number) => place(number).map_or(0, |at| at + 1).min(last),
        };
        let Some(kept) = inner.kept.get(at) else { return Found::Nothing };
        let (number, revision, count) = (kept.number, inner.revision, inner.kept.len());
        if known == Some((number, revision)) {
            return Found::Unchanged;
        }
        let kept = kept.clone();
        drop(inner);
        Found::Chosen(Box::new(Chosen { number, revision, at: at + 1, count, response: kept.without_keys() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for RecentResponses {
    fn keep(&self, number: u64, at_us: u64, step: Step<'_>) {
        let mut inner = self.lock();
        inner.revision += 1;
        if let Step::Head(head, secrets) = step {
            let pieces = VecDeque::new();
            let (dropped, ending) = (0, Ending::Open);
            inner.kept.push_back(Kept {
                number,
                head,
                secrets,
                head_us: at_us,
                dropped,
                pieces,
                end_us: at_us,
                ending,
            });
        } else if let Some(kept) = inner.kept.iter_mut().rfind(|kept| kept.number == number) {
            kept.end_us = at_us;
            match step {
                Step::Bytes(bytes) => {
                    kept.pieces.push_back((at_us, bytes.into()));
                    inner.bytes += bytes.len() + PIECE_BYTES;
                }
                Step::End(ending) => kept.ending = ending,
                Step::Head(..) => {}
            }
        }
        inner.shrink();
    }
}

impl Inner {
    /// Drops the oldest pieces, and responses of which nothing is left.
    fn shrink(&mut self) {
        while self.kept.len() > MAX_RESPONSES {
            self.drop_oldest();
        }
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.kept.front_mut() else { return };
            match oldest.pieces.pop_front() {
                Some((_, piece)) => {
                    oldest.dropped += piece.len() as u64;
                    self.bytes -= piece.len() + PIECE_BYTES;
                }
                None => self.drop_oldest(),
            }
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.bytes -= oldest.pieces.iter().map(|(_, piece)| piece.len() + PIECE_BYTES).sum::<usize>();
        }
    }
}

impl Kept {
    fn without_keys(self) -> RecordedResponse {
        // What was dropped may have ended in the beginning of a key, whose rest would not be known as one.
        let mut cut = if self.dropped > 0 { self.secrets.longest().saturating_sub(1) } else { 0 };
        let ending = match self.ending {
            Ending::Broken(why) => Ending::Broken(self.secrets.star_text(&why)),
            ending => ending,
        };
        let mut dropped = self.dropped;
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let mut show = |at: u64, mut shown: Vec<u8>| {
            let skipped = cut.min(shown.len());
            cut -= skipped;
            dropped += skipped as u64;
            shown.drain(..skipped);
            if !shown.is_empty() {
                pieces.push((at, shown));
            }
        };
        let mut starring = Starring::new(self.secrets);
        for (at, piece) in &self.pieces {
            show(*at, starring.push(piece));
        }
        if ending != Ending::Open {
            show(self.end_us, starring.finish());
        }
        RecordedResponse { head: self.head, head_us: self.head_us, dropped, pieces, end_us: self.end_us, ending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::recording::keeper::Recording;
    use crate::provider::recording::tests::endpoint_with_key;

    const KEY: &str = "sk-CANARY-1234";

    fn begin(recent: &Arc<RecentResponses>, number: u64) -> Recording {
        let mut recording = Recording::start(Some(recent.clone()), number);
        recording.head(&endpoint_with_key(KEY), "m", 200, &http::HeaderMap::new());
        recording
    }

    fn chosen(recent: &RecentResponses, choice: Choice) -> Chosen {
        match recent.find(choice, None) {
            Found::Chosen(chosen) => *chosen,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_few_are_kept_and_stepped_through() {
        let recent = Arc::new(RecentResponses::default());
        assert_eq!(recent.find(Choice::Newest, None), Found::Nothing);
        for number in 1..=10 {
            begin(&recent, number).end(None);
        }
        let place = |choice| {
            let chosen = chosen(&recent, choice);
            (chosen.number, chosen.at, chosen.count)
        };
        assert_eq!(place(Choice::Newest), (10, 8, 8));
        assert_eq!(place(Choice::Before(10)), (9, 7, 8));
        assert_eq!(place(Choice::After(9)), (10, 8, 8));
        assert_eq!(place(Choice::After(10)), (10, 8, 8));
        assert_eq!(place(Choice::Before(3)), (3, 1, 8));
        assert_eq!(place(Choice::This(1)), (3, 1, 8), "the nearest that is left");
    }

    #[test]
    fn what_did_not_change_is_not_read_again() {
        let recent = Arc::new(RecentResponses::default());
        let recording = begin(&recent, 1);
        recording.bytes(b"data: a\n\n");
        let known = chosen(&recent, Choice::Newest);
        let known = Some((known.number, known.revision));
        assert_eq!(recent.find(Choice::Newest, known), Found::Unchanged);
        recording.bytes(b"data: b\n\n");
        assert!(matches!(recent.find(Choice::Newest, known), Found::Chosen(_)));
    }

    #[test]
    fn the_oldest_bytes_go_first_and_that_is_said() {
        let recent = Arc::new(RecentResponses::default());
        let piece = vec![b'x'; 64 * 1024];
        let kept = |number| chosen(&recent, Choice::This(number)).response;
        begin(&recent, 1).bytes(&piece);
        let recording = begin(&recent, 2);
        for _ in 0..100 {
            recording.bytes(&piece);
        }
        assert_eq!((kept(1).dropped, kept(2).dropped), (0, 0));
        for _ in 0..100 {
            recording.bytes(&piece);
        }
        let (response, inner) = (kept(2), recent.lock());
        assert!(inner.bytes <= MAX_BYTES && inner.bytes > MAX_BYTES - 2 * piece.len(), "{}", inner.bytes);
        assert_eq!(inner.kept.len(), 1, "nothing was left of the first");
        assert_eq!(response.dropped + response.body().len() as u64, 200 * piece.len() as u64);
    }

    #[test]
    fn tiny_pieces_are_bounded_too() {
        let recent = Arc::new(RecentResponses::default());
        let recording = begin(&recent, 1);
        for _ in 0..500_000 {
            recording.bytes(b"x");
        }
        let inner = recent.lock();
        assert!(inner.bytes <= MAX_BYTES && inner.kept[0].pieces.len() < 200_000);
    }

    #[test]
    fn a_key_is_never_shown_wherever_it_is_cut_and_whatever_was_dropped() {
        let body = format!("data: {KEY} and {KEY}\n\n");
        for size in 1..body.len() {
            for dropped in 0..=body.len() / size {
                let recent = Arc::new(RecentResponses::default());
                let mut recording = begin(&recent, 1);
                body.as_bytes().chunks(size).for_each(|piece| recording.bytes(piece));
                let mut inner = recent.lock();
                let gone: usize = inner.kept[0].pieces.drain(..dropped).map(|(_, piece)| piece.len()).sum();
                inner.kept[0].dropped = gone as u64;
                drop(inner);
                for is_open in [true, false] {
                    if !is_open {
                        recording.end(None);
                    }
                    let shown = String::from_utf8(chosen(&recent, Choice::Newest).response.body()).unwrap();
                    let leaked = (0..KEY.len() - 5).find(|at| shown.contains(&KEY[*at..*at + 6]));
                    assert_eq!(leaked, None, "cut by {size}, {dropped} dropped: {shown}");
                }
            }
        }
    }
}
