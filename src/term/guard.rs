//! The modes of the terminal, and the one way back. Process-wide state, for the panic hook and the signal thread must
//! reach it; `restore` is idempotent, never blocks for long, and undoes only what was done here.
//!
//! All writing goes through [`write_some`] and [`write_all`], which stop the moment the terminal was given back.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, PopKeyboardEnhancementFlags};
use crossterm::style::ResetColor;
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr};

use super::{ansi, query};

/// The longest a terminal that does not read can hold up [`restore`].
const RESTORE_BOUND: Duration = Duration::from_millis(250);
/// Ends a scrolling region.
const WHOLE_SCREEN: &[u8] = b"\x1b[r";
const PAUSED: &[u8] = b"riffle is paused. fg brings it back.\r\n";

fn enter_sequence() -> Vec<u8> {
    let mut out = Vec::new();
    ansi::push(&mut out, EnterAlternateScreen);
    ansi::push(&mut out, EnableBracketedPaste);
    ansi::push(&mut out, Hide);
    out
}

/// Ends a link, also one that was cut in its middle.
const NO_LINK: &[u8] = b"\x1b\\\x1b]8;;\x1b\\";

/// A frame may have been cut: its update ends, its scrolling region, its links and its looks too.
fn leave_sequence(is_kitty: bool, has_links: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if has_links {
        out.extend_from_slice(NO_LINK);
    }
    if is_kitty {
        ansi::push(&mut out, PopKeyboardEnhancementFlags);
    }
    ansi::push(&mut out, DisableBracketedPaste);
    ansi::push(&mut out, EndSynchronizedUpdate);
    out.extend_from_slice(WHOLE_SCREEN);
    ansi::push(&mut out, ResetColor);
    ansi::push(&mut out, Show);
    ansi::push(&mut out, LeaveAlternateScreen);
    out
}

struct Held {
    tty: Arc<File>,
    saved: Termios,
    raw: Termios,
    is_kitty: bool,
    has_mouse: bool,
    has_links: bool,
    is_active: bool,
}

static HELD: Mutex<Option<Held>> = Mutex::new(None);

/// Has the terminal in full-screen mode until it is dropped.
#[derive(Debug)]
pub struct Guard {
    tty: Arc<File>,
}

impl Guard {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste, cursor hidden, and then `questions`.
    /// Needs one file descriptor. Fails with a sentence where there is no terminal; then nothing was changed.
    pub fn enter(questions: &[u8]) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "The full screen needs a terminal, and stdout is none.",
            ));
        }
        let tty = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags((OFlags::NOCTTY | OFlags::NONBLOCK).bits() as i32)
            .open("/dev/tty")
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("The full screen needs a terminal, and /dev/tty does not open: {error}."),
                )
            })?;
        let tty = Arc::new(tty);
        let saved = tcgetattr(&*tty)?;
        let mut raw = saved.clone();
        raw.make_raw();
        tcsetattr(&*tty, OptionalActions::Now, &raw)?;
        *held() = Some(Held {
            tty: Arc::clone(&tty),
            saved,
            raw,
            is_kitty: false,
            has_mouse: false,
            has_links: false,
            is_active: true,
        });
        let guard = Self { tty };
        write_all(&[&enter_sequence(), questions].concat())?;
        Ok(guard)
    }

    /// The terminal itself, non-blocking, for reading.
    #[must_use]
    pub fn tty(&self) -> Arc<File> {
        Arc::clone(&self.tty)
    }

    /// Columns and rows; 0 by 0, on which nothing is drawn, while the terminal does not say.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        tcgetwinsize(&*self.tty).map_or((0, 0), |size| (size.ws_col, size.ws_row))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`held`], but gives up after a while: whoever panicked may hold it.
fn held_soon() -> Option<MutexGuard<'static, Option<Held>>> {
    for _ in 0..50 {
        match HELD.try_lock() {
            Ok(lock) => return Some(lock),
            Err(TryLockError::Poisoned(lock)) => return Some(lock.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    None
}

/// Writes what the terminal takes at once; gives how many bytes that was. An error as for [`write_all`].
pub fn write_some(bytes: &[u8]) -> io::Result<usize> {
    let held = held();
    let held = held.as_ref().filter(|held| held.is_active).ok_or_else(given_back)?;
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::write(&*held.tty, &bytes[written..]) {
            Ok(more) => written += more,
            Err(rustix::io::Errno::AGAIN) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(written)
}

fn given_back() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the terminal was given back")
}

/// Writes all bytes to the terminal, waiting as long as it takes; an error once the terminal was given back or is gone.
/// Sequences are kept whole only if one thread at a time calls this.
pub fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    loop {
        bytes = &bytes[write_some(bytes)?..];
        if bytes.is_empty() {
            return Ok(());
        }
        let tty = held().as_ref().map(|held| Arc::clone(&held.tty)).ok_or_else(given_back)?;
        wait_writable(&tty, None);
    }
}

fn wait_writable(tty: &File, bound: Option<Duration>) {
    let bound = bound.and_then(|bound| Timespec::try_from(bound).ok());
    let _ = rustix::event::poll(&mut [PollFd::new(tty, PollFlags::OUT)], bound.as_ref());
}

fn write_bounded(tty: &File, mut bytes: &[u8]) {
    let end = Instant::now() + RESTORE_BOUND;
    while !bytes.is_empty() {
        match rustix::io::write(tty, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                wait_writable(tty, Some(left));
            }
            Err(_) => return,
        }
    }
}

/// Gives the terminal back as it was: modes off, typed input drained, termios last. May be called from anywhere, any
/// number of times; a terminal that is gone or does not read is left after a quarter of a second.
pub fn restore() {
    if let Some(mut held) = held_soon() {
        leave(&mut held, b"");
    }
}

fn leave(held: &mut Option<Held>, farewell: &[u8]) {
    let Some(held) = held.as_mut().filter(|held| held.is_active) else {
        return;
    };
    held.is_active = false;
    let leave = leave_sequence(std::mem::take(&mut held.is_kitty), held.has_links);
    let mouse = if std::mem::take(&mut held.has_mouse) { query::MOUSE_OFF } else { b"" };
    write_bounded(&held.tty, &[mouse, leave.as_slice(), farewell].concat());
    let _ = tcflush(&*held.tty, QueueSelector::IFlush);
    let _ = tcsetattr(&*held.tty, OptionalActions::Now, &held.saved);
}

/// Takes the terminal again after [`restore`]. The next frame must draw everything; kitty flags are to be pushed again.
pub fn reenter() -> io::Result<()> {
    {
        let mut held = held();
        let Some(held) = held.as_mut() else {
            return Ok(());
        };
        // Termios may have changed while others had the terminal, so they are set even when we thought to have it.
        tcsetattr(&*held.tty, OptionalActions::Now, &held.raw)?;
        held.is_active = true;
    }
    write_all(&enter_sequence())
}

/// Remembers that kitty flags were pushed (the writer sends [`super::query::kitty_push`]), so that they are popped once.
pub fn kitty_pushed() {
    if let Some(held) = held().as_mut().filter(|held| held.is_active) {
        held.is_kitty = true;
    }
}

/// Remembers that frames may have links, so that one that is cut ends.
pub fn links_are_written() {
    if let Some(held) = held().as_mut() {
        held.has_links = true;
    }
}

/// Remembers whether the mouse is reported (the writer sends [`query::MOUSE_ON`]), so that it is given back.
pub fn mouse_set(is_on: bool) {
    if let Some(held) = held().as_mut().filter(|held| held.is_active) {
        held.has_mouse = is_on;
    }
}

/// Gives the terminal back, stops this process until it is continued, and takes the terminal again.
/// The reader and the writer must be at rest. Then: draw everything, push the kitty flags again.
pub fn suspend() -> io::Result<()> {
    leave(&mut held(), PAUSED);
    kill_process(getpid(), Signal::STOP)?;
    reenter()
}

/// Lets the terminal be restored before the message of a panic.
pub fn install_panic_hook() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        default(panic);
    }));
}
