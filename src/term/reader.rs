//! Reads the terminal from a thread of its own that sleeps until there is something: a key, a pause in a sequence, the
//! end of the terminal. It also waits for the hang-up, so that a vanished terminal ends us even when SIGHUP is ignored.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::input::{InputEvent, InputParser};
use super::signals::{SignalEvent, end_after_grace};

/// The exit status after a hang-up: as for SIGHUP.
const HUNG_UP_STATUS: u8 = 129;
/// The longest [`InputReader::pause`] waits for the thread to let go.
const PAUSE_BOUND: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
struct Shared {
    is_wanted_paused: AtomicBool,
    is_paused: Mutex<bool>,
    changed: Condvar,
}

/// The reading thread; it ends with the process.
#[derive(Debug)]
pub struct InputReader {
    shared: Arc<Shared>,
    wake: PipeWriter,
}

impl InputReader {
    /// Starts to read. `on_input` gets what one read brought, in order; `on_hang_up` is called once, and if the process
    /// still lives after its grace it is ended. Needs two file descriptors and a thread; an error where there are none.
    pub fn start(
        tty: Arc<File>,
        on_input: impl Fn(Vec<InputEvent>) + Send + 'static,
        on_hang_up: impl FnOnce(SignalEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let (woken, wake) = io::pipe()?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            read(&tty, &woken, &theirs, on_input);
            on_hang_up(SignalEvent::HungUp);
            end_after_grace(HUNG_UP_STATUS);
        })?;
        Ok(Self { shared, wake })
    }

    /// Leaves the terminal's input to others (an editor, the shell). Returns when the thread let go of it.
    pub fn pause(&self) {
        self.tell(true);
        let is_paused = self.shared.is_paused.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.shared.changed.wait_timeout_while(is_paused, PAUSE_BOUND, |is_paused| !*is_paused);
    }

    /// Reads again.
    pub fn resume(&self) {
        self.tell(false);
    }

    fn tell(&self, is_paused: bool) {
        self.shared.is_wanted_paused.store(is_paused, Ordering::SeqCst);
        // A full pipe has already woken it.
        let _ = (&self.wake).write(b".");
    }
}

/// Returns when the terminal is gone.
fn read(tty: &File, woken: &PipeReader, shared: &Shared, on_input: impl Fn(Vec<InputEvent>)) {
    let start = Instant::now();
    let now_ms = || start.elapsed().as_millis() as u64;
    let mut parser = InputParser::default();
    let mut bytes = [0; 4096];
    loop {
        let is_paused = shared.is_wanted_paused.load(Ordering::SeqCst);
        *shared.is_paused.lock().unwrap_or_else(PoisonError::into_inner) = is_paused;
        shared.changed.notify_all();
        let wanted = if is_paused { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = [PollFd::new(tty, wanted), PollFd::new(woken, PollFlags::IN)];
        let pause = parser.deadline().map(|deadline| Duration::from_millis(deadline.saturating_sub(now_ms())));
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        if rustix::event::poll(&mut fds, pause.as_ref()).is_err() {
            continue;
        }
        let (terminal, waker) = (fds[0].revents(), fds[1].revents());
        if waker.contains(PollFlags::IN) {
            let _ = rustix::io::read(woken, &mut bytes);
        }
        let mut events = parser.expire(now_ms());
        if terminal.contains(PollFlags::IN) && !shared.is_wanted_paused.load(Ordering::SeqCst) {
            match rustix::io::read(tty, &mut bytes) {
                Ok(0) => return,
                Ok(length) => events.extend(parser.push(&bytes[..length], now_ms())),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        } else if terminal.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
        if !events.is_empty() {
            on_input(events);
        }
    }
}
