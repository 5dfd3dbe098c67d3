//! Writes frames from a thread of its own, with room for one: a terminal that does not read holds up nobody else.
//!
//! Encoding happens here too, against what the terminal really got. Buffers go round and are not allocated anew.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::encode::{Encoder, Redraw};

/// The longest an end waits for a terminal that does not read.
const END_BOUND: Duration = Duration::from_millis(200);

/// One picture, to be shown.
#[derive(Debug)]
pub struct Frame {
    /// The cells.
    pub buffer: Buffer,
    /// Column and row of the cursor from 0; hidden without.
    pub cursor: Option<(u16, u16)>,
    /// Whether the screen is cleared first.
    pub redraw: Redraw,
}

#[derive(Debug, Default)]
struct Slot {
    frame: Option<Frame>,
    control: Vec<u8>,
    is_writing: bool,
    must_forget: bool,
    must_end: bool,
    has_ended: bool,
    spare: Option<Buffer>,
    cost: Duration,
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

/// The writing thread.
#[derive(Debug)]
pub struct FrameWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl FrameWriter {
    /// Starts the thread. `write` writes all bytes of one frame ([`super::guard::write_all`]); `on_ready` is called
    /// whenever there is room again. An error where there is no thread to be had.
    pub fn start(
        write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
        on_ready: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("frames".to_owned()).spawn(move || work(&theirs, write, on_ready))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether a frame would be taken now: the one before is written.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let slot = self.shared.lock();
        slot.frame.is_none() && !slot.is_writing
    }

    /// Hands a frame over, or gives it back when the one before is not yet written.
    pub fn try_submit(&self, frame: Frame) -> Result<(), Frame> {
        let mut slot = self.shared.lock();
        if slot.frame.is_some() || slot.is_writing {
            return Err(frame);
        }
        slot.frame = Some(frame);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// A blank buffer to draw the next frame in.
    #[must_use]
    pub fn buffer(&self, area: Rect) -> Buffer {
        let Some(mut buffer) = self.shared.lock().spare.take() else {
            return Buffer::empty(area);
        };
        buffer.resize(area);
        buffer.reset();
        buffer
    }

    /// Bytes of our own between two frames (kitty flags, clipboard, progress); never inside of one.
    pub fn control(&self, bytes: &[u8]) {
        self.shared.lock().control.extend_from_slice(bytes);
        self.shared.changed.notify_all();
    }

    /// How long the last frame took to encode and write.
    #[must_use]
    pub fn cost(&self) -> Duration {
        self.shared.lock().cost
    }

    /// Waits until all is written, at most so long; whether it is.
    pub fn settle(&self, bound: Duration) -> bool {
        let slot = self.shared.lock();
        let is_busy = |slot: &mut Slot| slot.is_writing || slot.frame.is_some() || !slot.control.is_empty();
        let waited = self.shared.changed.wait_timeout_while(slot, bound, is_busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The terminal was given away and taken again: the next frame draws everything.
    pub fn forget(&self) {
        self.shared.lock().must_forget = true;
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

fn work(shared: &Shared, mut write: impl FnMut(&[u8]) -> io::Result<()>, on_ready: impl Fn()) {
    let mut encoder = Encoder::default();
    let mut bytes = Vec::new();
    loop {
        let frame = {
            let slot = shared.lock();
            let is_idle = |slot: &mut Slot| slot.frame.is_none() && slot.control.is_empty() && !slot.must_end;
            let mut slot = shared.changed.wait_while(slot, is_idle).unwrap_or_else(PoisonError::into_inner);
            if slot.frame.is_none() && slot.control.is_empty() {
                slot.has_ended = true;
                shared.changed.notify_all();
                return;
            }
            if std::mem::take(&mut slot.must_forget) {
                encoder.forget();
            }
            bytes.clear();
            bytes.append(&mut slot.control);
            slot.is_writing = true;
            slot.frame.take()
        };
        let start = Instant::now();
        if let Some(frame) = &frame {
            encoder.frame(&frame.buffer, frame.cursor, frame.redraw, &mut bytes);
        }
        let is_written = bytes.is_empty() || write(&bytes).is_ok();
        if !is_written {
            encoder.forget();
        }
        {
            let mut slot = shared.lock();
            slot.is_writing = false;
            if let Some(frame) = frame {
                slot.cost = start.elapsed();
                slot.spare = Some(frame.buffer);
            }
            shared.changed.notify_all();
        }
        on_ready();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn frame(text: &str) -> Frame {
        Frame { buffer: Buffer::with_lines([text]), cursor: None, redraw: Redraw::Changes }
    }

    #[test]
    fn frames_and_control_bytes_are_written_whole_and_in_order() {
        let (written, got) = mpsc::channel();
        let writer =
            FrameWriter::start(move |bytes| written.send(bytes.to_vec()).map_err(io::Error::other), || {}).unwrap();
        writer.control(b"\x1b[>1u");
        assert!(writer.settle(Duration::from_secs(5)));
        writer.try_submit(frame("hello")).unwrap();
        assert!(writer.settle(Duration::from_secs(5)));
        assert_eq!(writer.buffer(Rect::new(0, 0, 2, 1)), Buffer::empty(Rect::new(0, 0, 2, 1)));
        drop(writer);
        let got: Vec<String> = got.iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        assert_eq!(got, ["\x1b[>1u", "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hhello\x1b[?2026l"]);
    }

    #[test]
    fn a_terminal_that_does_not_read_takes_one_frame_and_does_not_hold_up_the_end() {
        let (hold, held) = mpsc::channel::<()>();
        let writer = FrameWriter::start(move |_| held.recv().map_err(io::Error::other), || {}).unwrap();
        assert!(writer.is_ready());
        writer.try_submit(frame("one")).unwrap();
        assert!(!writer.is_ready());
        assert!(writer.try_submit(frame("two")).is_err());
        assert!(!writer.settle(Duration::from_millis(1)));
        drop(writer);
        drop(hold);
    }
}
