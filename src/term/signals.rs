//! What the system tells us: end, pause, resize. A thread of its own waits for signals; the loop flushes and ends.
//!
//! Should the loop not end in time, the thread restores the terminal and ends the process itself. SIGXFSZ is heard and
//! dropped, so that a full quota is a failed write; SIGTTOU too, so that restoring from the background does not stop us.

use std::io;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTOU, SIGWINCH, SIGXFSZ};
use signal_hook::iterator::Signals;

use super::guard;

/// How long the loop has to flush the history and end; with restoring the whole stays under a second.
const GRACE: Duration = Duration::from_millis(650);

/// One thing the system told us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalEvent {
    /// End now, with this exit status (128 + the signal's number).
    End(u8),
    /// The terminal is gone; end with 129, as for SIGHUP.
    HungUp,
    /// Someone asked us to pause (SIGTSTP).
    Pause,
    /// We run again after a pause: take the terminal again and draw everything.
    Continued,
    /// The terminal's size changed.
    Resized,
}

/// Starts to listen. Needs two file descriptors and a thread; an error where there are none.
pub fn start(send: impl Fn(SignalEvent) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH, SIGXFSZ, SIGTTOU])?;
    let listen = move || {
        for signal in signals.forever() {
            match signal {
                SIGTERM | SIGHUP | SIGINT | SIGQUIT => {
                    let status = 128 + signal as u8;
                    send(SignalEvent::End(status));
                    end_after_grace(status);
                }
                SIGTSTP => send(SignalEvent::Pause),
                SIGCONT => send(SignalEvent::Continued),
                SIGWINCH => send(SignalEvent::Resized),
                _ => {}
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map(|_| ())
}

/// Waits for the loop to end the process, and does so itself when it does not.
pub(super) fn end_after_grace(status: u8) {
    thread::sleep(GRACE);
    guard::restore();
    std::process::exit(i32::from(status));
}
