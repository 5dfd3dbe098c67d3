//! Writes frames. What the terminal takes at once is written at once, by the loop itself; what it does not take, a thread
//! waits with, and until then there is no further frame: a terminal that does not read holds up nobody else.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::encode::{Encoder, Redraw};
use crate::ui::Picture;

/// The longest an end waits for a terminal that does not read.
const END_BOUND: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
struct Slot {
    /// What the terminal did not take at once.
    left: Vec<u8>,
    is_writing: bool,
    /// The thread did not get rid of what was left.
    has_failed: bool,
    must_end: bool,
    has_ended: bool,
    cost: Duration,
}

impl Slot {
    fn is_at_rest(&self) -> bool {
        self.left.is_empty() && !self.is_writing
    }
}

#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is taken at once.
type WriteSome = Box<dyn FnMut(&[u8]) -> io::Result<usize> + Send>;

/// Writes frames to the terminal.
pub struct FrameWriter {
    encoder: Encoder,
    bytes: Vec<u8>,
    write_some: WriteSome,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl FrameWriter {
    /// Starts the thread. `write_some` writes what is taken at once and gives how much that was
    /// ([`super::guard::write_some`]), `write_all` waits until all is taken ([`super::guard::write_all`]); `on_ready` is
    /// called when there is room again after there was none. An error where there is no thread to be had.
    pub fn start(
        write_some: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static,
        write_all: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
        on_ready: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let work = move || work(&theirs, write_all, on_ready);
        let thread = thread::Builder::new().name("frames".to_owned()).spawn(work)?;
        let (encoder, bytes) = (Encoder::default(), Vec::new());
        Ok(Self { encoder, bytes, write_some: Box::new(write_some), shared, thread: Some(thread) })
    }

    /// For a terminal that makes links of what leads somewhere.
    #[must_use]
    pub fn with_links(mut self) -> Self {
        self.encoder = Encoder::new(true);
        self
    }

    /// Whether a frame would be taken now: the one before is written.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared.lock().is_at_rest()
    }

    /// Shows the picture. Of use only when [`Self::is_ready`]: otherwise nothing is written, and the next frame draws
    /// everything.
    pub fn show(&mut self, picture: &Picture, redraw: Redraw) {
        {
            let mut slot = self.shared.lock();
            if std::mem::take(&mut slot.has_failed) {
                self.encoder.forget();
            }
            if !slot.is_at_rest() {
                self.encoder.forget();
                return;
            }
            slot.cost = Duration::ZERO;
        }
        self.bytes.clear();
        self.encoder.frame(picture.rows(), picture.links(), picture.cursor(), redraw, &mut self.bytes);
        if !self.bytes.is_empty() {
            self.send();
        }
    }

    /// Bytes of our own between two frames (kitty flags, clipboard, progress); never inside of one.
    pub fn control(&mut self, bytes: &[u8]) {
        let mut slot = self.shared.lock();
        if slot.is_at_rest() {
            drop(slot);
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
            self.send();
        } else {
            slot.left.extend_from_slice(bytes);
            self.shared.changed.notify_all();
        }
    }

    fn send(&mut self) {
        match (self.write_some)(&self.bytes) {
            Ok(written) if written == self.bytes.len() => {}
            Ok(written) => {
                self.shared.lock().left.extend_from_slice(&self.bytes[written..]);
                self.shared.changed.notify_all();
            }
            Err(_) => self.encoder.forget(),
        }
    }

    /// How long the terminal took for what it did not take at once of the last frame.
    #[must_use]
    pub fn cost(&self) -> Duration {
        self.shared.lock().cost
    }

    /// Waits until all is written, at most so long; whether it is.
    pub fn settle(&self, bound: Duration) -> bool {
        let slot = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(slot, bound, |slot| !slot.is_at_rest());
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The terminal was given away and taken again: the next frame draws everything.
    pub fn forget(&mut self) {
        self.encoder.forget();
    }
}

impl Drop for FrameWriter {
    fn drop(&mut self) {
        let slot = {
            let mut slot = self.shared.lock();
            slot.must_end = true;
            self.shared.changed.notify_all();
            self.shared.changed.wait_timeout_while(slot, END_BOUND, |slot| !slot.has_ended)
        };
        let has_ended = slot.unwrap_or_else(PoisonError::into_inner).0.has_ended;
        if let Some(thread) = self.thread.take().filter(|_| has_ended) {
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, mut write_all: impl FnMut(&[u8]) -> io::Result<()>, on_ready: impl Fn()) {
    loop {
        let bytes = {
            let slot = shared.lock();
            let is_idle = |slot: &mut Slot| slot.left.is_empty() && !slot.must_end;
            let mut slot = shared.changed.wait_while(slot, is_idle).unwrap_or_else(PoisonError::into_inner);
            if slot.left.is_empty() {
                slot.has_ended = true;
                shared.changed.notify_all();
                return;
            }
            slot.is_writing = true;
            std::mem::take(&mut slot.left)
        };
        let start = Instant::now();
        let is_written = write_all(&bytes).is_ok();
        {
            let mut slot = shared.lock();
            slot.is_writing = false;
            slot.has_failed |= !is_written;
            slot.cost += start.elapsed();
            shared.changed.notify_all();
        }
        on_ready();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn terminal(room: usize) -> (impl FnMut(&[u8]) -> io::Result<usize> + Send, mpsc::Receiver<Vec<u8>>) {
        let (written, got) = mpsc::channel();
        let write = move |bytes: &[u8]| {
            let taken = bytes.len().min(room);
            written.send(bytes[..taken].to_vec()).map_err(io::Error::other)?;
            Ok(taken)
        };
        (write, got)
    }

    fn text(got: &mpsc::Receiver<Vec<u8>>) -> String {
        got.try_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn what_the_terminal_takes_is_written_at_once() {
        let (write, got) = terminal(usize::MAX);
        let mut writer = FrameWriter::start(write, |_| panic!("nothing is left"), || {}).unwrap();
        writer.control(b"\x1b[>1u");
        assert_eq!(text(&got), "\x1b[>1u");
        writer.show(&Picture::of_text("hello"), Redraw::Changes);
        assert_eq!(text(&got), "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hhello\x1b[?2026l");
        assert!(writer.is_ready());
    }

    #[test]
    fn what_is_left_is_written_in_order_and_nothing_comes_inside_of_a_frame() {
        let (write, at_once) = terminal(20);
        let (hold, held) = mpsc::channel::<()>();
        let (written, later) = mpsc::channel();
        let wait = move |bytes: &[u8]| {
            held.recv().map_err(io::Error::other)?;
            written.send(bytes.to_vec()).map_err(io::Error::other)
        };
        let mut writer = FrameWriter::start(write, wait, || {}).unwrap();
        writer.show(&Picture::of_text("hello"), Redraw::Changes);
        assert!(!writer.is_ready());
        writer.control(b"<control>");
        hold.send(()).unwrap();
        hold.send(()).unwrap();
        assert!(writer.settle(Duration::from_secs(5)));
        let whole = text(&at_once) + &text(&later);
        assert_eq!(whole, "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hhello\x1b[?2026l<control>");
    }

    #[test]
    fn a_terminal_that_does_not_read_takes_one_frame_and_does_not_hold_up_the_end() {
        let (write, at_once) = terminal(0);
        let (hold, held) = mpsc::channel::<()>();
        let mut writer = FrameWriter::start(write, move |_| held.recv().map_err(io::Error::other), || {}).unwrap();
        assert!(writer.is_ready());
        writer.show(&Picture::of_text("one"), Redraw::Changes);
        assert!(!writer.is_ready());
        writer.show(&Picture::of_text("two"), Redraw::Changes);
        assert_eq!(at_once.try_iter().count(), 1);
        assert!(!writer.settle(Duration::from_millis(1)));
        drop(writer);
        drop(hold);
    }
}
