//! What is typed, line by line, and what the system says. A thread of its own reads: the terminal's own line editing stays,
//! with everything a screen reader knows of it.

use std::io::{self, BufRead};
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};

/// Lines read and not yet taken.
const LINES: usize = 64;

/// One thing that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(String),
    /// There are no further lines.
    Over,
    /// Control C.
    Interrupt,
    /// End now, with this exit status.
    End(u8),
}

/// Where lines and signals come from.
pub(super) struct Input {
    lines: Receiver<String>,
    is_over: bool,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Input {
    /// Begins to read stdin. Needs a thread and the right to hear signals.
    pub(super) fn start() -> io::Result<Self> {
        let (send, lines) = channel(LINES);
        let read = move || {
            let mut stdin = io::stdin().lock();
            let mut bytes = Vec::new();
            while stdin.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let line = String::from_utf8_lossy(&bytes);
                let line = line.trim_end_matches(['\n', '\r']).to_owned();
                if send.blocking_send(line).is_err() {
                    return;
                }
                bytes.clear();
            }
        };
        thread::Builder::new().name("lines".to_owned()).spawn(read)?;
        Ok(Self {
            lines,
            is_over: false,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next thing; safe to be dropped and called again.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Heard::End(128 + 15),
            _ = self.hang_up.recv() => Heard::End(128 + 1),
            _ = self.interrupt.recv() => Heard::Interrupt,
            line = self.lines.recv(), if !self.is_over => if let Some(line) = line {
                Heard::Line(line)
            } else {
                self.is_over = true;
                Heard::Over
            },
        }
    }
}
