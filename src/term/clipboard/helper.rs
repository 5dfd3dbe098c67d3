//! The thread that asks the desktop and tmux. It lives as long as the program, for on some desktops a copy is there only
//! as long as whoever made it answers for it; a desktop that hangs holds up nobody but this thread.

use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::app::CopyWay;
use crate::host;

/// How long the end waits for the desktop to take the copy over.
const CLOSE_BOUND: Duration = Duration::from_millis(200);

struct Job {
    text: String,
    done: oneshot::Sender<Option<CopyWay>>,
}

/// The thread.
pub(super) struct Helper {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Helper {
    /// Starts it; `None` where there is no thread to be had.
    pub(super) fn start(asks_desktop: bool, asks_tmux: bool) -> Option<Self> {
        let (jobs, wanted) = channel();
        let work = move || work(&wanted, asks_desktop, asks_tmux);
        let thread = thread::Builder::new().name("clipboard".to_owned()).spawn(work).ok()?;
        Some(Self { jobs, thread })
    }

    /// Copies; the answer is the way that worked.
    pub(super) fn copy(&self, text: String) -> Option<oneshot::Receiver<Option<CopyWay>>> {
        let (done, answer) = oneshot::channel();
        self.jobs.send(Job { text, done }).ok()?;
        Some(answer)
    }

    /// Ends it, as soon as the desktop has what was copied, or a moment later.
    pub(super) fn close(self) {
        drop(self.jobs);
        let end = Instant::now() + CLOSE_BOUND;
        while !self.thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn work(jobs: &Receiver<Job>, asks_desktop: bool, asks_tmux: bool) {
    let mut desktop = desktop::Desktop::default();
    while let Ok(Job { text, done }) = jobs.recv() {
        // tmux keeps it for its own paste too, and knows the terminal a person sits at now, whatever the desktop is.
        let by_tmux = asks_tmux && give_to_tmux(&text);
        let by_desktop = asks_desktop && desktop.set(text);
        let way = if by_desktop { Some(CopyWay::Clipboard) } else { by_tmux.then_some(CopyWay::Tmux) };
        let _ = done.send(way);
    }
}

/// Whether tmux took it. Sequences of programs inside of it reach the clipboard only where its `set-clipboard` is `on`,
/// which is not its default; this one always does (`-w`, from tmux 3.2 on).
fn give_to_tmux(text: &str) -> bool {
    use std::io::Write as _;
    let mut command = Command::new("tmux");
    command.env_clear().envs(host::child_environment());
    command.args(["load-buffer", "-w", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut tmux) = command.spawn() else { return false };
    let is_written = tmux.stdin.take().is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    tmux.wait().is_ok_and(|status| status.success()) && is_written
}

#[cfg(feature = "clipboard-native")]
mod desktop {
    use arboard::Clipboard;

    /// The desktop's clipboard, opened with the first copy and kept.
    #[derive(Default)]
    pub(super) struct Desktop(Option<Clipboard>);

    impl Desktop {
        /// Whether it took the text.
        pub(super) fn set(&mut self, text: String) -> bool {
            if self.0.is_none() {
                self.0 = Clipboard::new().ok();
            }
            let is_set = self.0.as_mut().is_some_and(|clipboard| clipboard.set_text(text).is_ok());
            if !is_set {
                // It is opened anew the next time.
                self.0 = None;
            }
            is_set
        }
    }
}

#[cfg(not(feature = "clipboard-native"))]
mod desktop {
    /// There is none.
    #[derive(Default)]
    pub(super) struct Desktop {
        is_there: bool,
    }

    impl Desktop {
        /// Whether it took the text.
        pub(super) fn set(&mut self, _text: String) -> bool {
            self.is_there
        }
    }
}
