//! Colours code on a thread of its own, which is started with the first code there is to be seen: loading what is known of
//! a language takes up to a tenth of a second. What was asked for last comes first, for that is what is looked at now.
//! What is known of languages takes some ten megabytes, so it is let go of once no code comes any more.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::ui::highlight::{Coloured, Highlighter, Request};

/// Colours are handed out this often while a long block is read.
const SLICE: Duration = Duration::from_millis(50);
/// A request that takes longer is given up; what is left of its block stays plain.
const LONGEST: Duration = Duration::from_secs(2);
/// After so long without code what is known of languages is let go of.
const KEPT: Duration = Duration::from_secs(30);

/// Has code coloured.
pub(super) struct CodeColourer<F> {
    to_thread: Option<Sender<Request>>,
    on_coloured: Option<F>,
}

impl<F: Fn(Coloured) + Send + 'static> CodeColourer<F> {
    /// Calls `on_coloured` on its thread.
    pub(super) fn new(on_coloured: F) -> Self {
        Self { to_thread: None, on_coloured: Some(on_coloured) }
    }

    /// Has this coloured. Where there is no thread to be had, code stays plain.
    pub(super) fn ask(&mut self, request: Request) {
        if let Some(on_coloured) = self.on_coloured.take() {
            let (to_thread, inbox) = mpsc::channel();
            let work = move || work(&inbox, &on_coloured);
            if thread::Builder::new().name("highlight".to_owned()).spawn(work).is_ok() {
                self.to_thread = Some(to_thread);
            }
        }
        if let Some(to_thread) = &self.to_thread {
            let _ = to_thread.send(request);
        }
    }
}

fn work(inbox: &Receiver<Request>, on_coloured: &impl Fn(Coloured)) {
    let mut highlighter: Option<Highlighter> = None;
    let mut waiting = Vec::new();
    loop {
        let next_request = match highlighter {
            Some(_) => inbox.recv_timeout(KEPT),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next_request {
            Ok(request) => waiting.push(request),
            Err(RecvTimeoutError::Timeout) => {
                highlighter = None;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(request) = next(inbox, &mut waiting) {
            let highlighter = highlighter.get_or_insert_default();
            let (start, mut slice) = (Instant::now(), Instant::now());
            let must_pause = || {
                if start.elapsed() > LONGEST {
                    return Some(false);
                }
                let is_due = slice.elapsed() > SLICE;
                if is_due {
                    slice = Instant::now();
                }
                is_due.then_some(true)
            };
            highlighter.colour(request, must_pause, on_coloured);
        }
    }
}

/// What to colour now: of the block that was asked for last, its first lines.
fn next(inbox: &Receiver<Request>, waiting: &mut Vec<Request>) -> Option<Request> {
    waiting.extend(inbox.try_iter());
    let block = &waiting.last()?.block;
    let at = waiting.iter().position(|request| request.block == *block)?;
    Some(waiting.remove(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::MessageId;
    use crate::ui::highlight::BlockKey;

    fn request(start: usize, from: usize) -> Request {
        let block = BlockKey { message: MessageId("m".to_owned()), start };
        Request { block, language: "rust".to_owned(), from, text: "let x;\n".to_owned() }
    }

    #[test]
    fn what_is_looked_at_comes_first_and_from_its_start() {
        let (to_thread, inbox) = mpsc::channel();
        for (start, from) in [(1, 0), (2, 0), (1, 7), (2, 7)] {
            to_thread.send(request(start, from)).unwrap();
        }
        let mut waiting = Vec::new();
        let order: Vec<_> = std::iter::from_fn(|| next(&inbox, &mut waiting))
            .map(|request| (request.block.start, request.from))
            .collect();
        assert_eq!(order, [(2, 0), (2, 7), (1, 0), (1, 7)]);
    }

    #[test]
    fn colours_come_from_a_thread() {
        let (to_us, answers) = mpsc::channel();
        let mut colourer = CodeColourer::new(move |coloured| drop(to_us.send(coloured)));
        colourer.ask(request(1, 0));
        assert_eq!(answers.recv().unwrap().to, 7);
    }
}
