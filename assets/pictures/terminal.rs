//! The program on a pseudo-terminal, and what stands on its screen at which time.

use std::error::Error;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::svg::Palette;

/// How long it is waited for something.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two letters that are typed.
const TYPING: Duration = Duration::from_millis(35);
/// Between two pictures of a recording.
const FRAME: Duration = Duration::from_millis(100);

/// What stands in the cells, with the cursor where it is seen.
pub(crate) struct Screen {
    /// The rows.
    pub rows: Vec<Vec<vt100::Cell>>,
    /// Row and column.
    pub cursor: Option<(u16, u16)>,
}

struct Shared {
    parser: vt100::Parser,
    written: Vec<u8>,
}

pub(crate) struct Terminal {
    shared: Arc<Mutex<Shared>>,
    _master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _home: tempfile::TempDir,
    begun: Option<Instant>,
    frames: Vec<(Duration, Screen)>,
}

impl Terminal {
    /// Starts the program with an empty home and the demo at this rate, in a terminal of this palette.
    pub(crate) fn start(
        program: &Path,
        (columns, rows): (u16, u16),
        palette: &Palette,
        rate: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })?;
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("RIFFLE_DEMO_RATE", rate);
        command.args(["--provider", "demo"]);
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let size = |cells| NonZeroU16::new(cells).ok_or("no size");
        let parser = vt100::Parser::new(size(rows)?, size(columns)?, 0);
        let shared = Arc::new(Mutex::new(Shared { parser, written: Vec::new() }));
        let mut output = pair.master.try_clone_reader()?;
        let theirs = shared.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let mut shared = theirs.lock().unwrap_or_else(PoisonError::into_inner);
                shared.parser.process(&bytes[..read]);
                shared.written.extend_from_slice(&bytes[..read]);
            }
        });
        let input = pair.master.take_writer()?;
        let mut terminal =
            Self { shared, _master: pair.master, input, child, _home: home, begun: None, frames: Vec::new() };
        terminal.wait_until("\u{1b}]11;?", |shared| shared.written.windows(6).any(|bytes| bytes == b"\x1b]11;?"))?;
        let [red, green, blue] = palette.ground;
        terminal.press(&format!("\u{1b}]11;rgb:{red:02x}/{green:02x}/{blue:02x}\u{1b}\\\u{1b}[?62c"))?;
        Ok(terminal)
    }

    fn with<T>(&self, look: impl FnOnce(&Shared) -> T) -> T {
        look(&self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wait_until(&mut self, what: &str, is_so: impl Fn(&Shared) -> bool) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.with(&is_so) {
                return Ok(());
            }
            self.rest(Duration::from_millis(20));
        }
        Err(format!("never: {what}\n{}", self.with(|shared| shared.parser.screen().contents())).into())
    }

    /// Waits until these words stand on the screen.
    pub(crate) fn wait_for(&mut self, words: &str) -> Result<(), Box<dyn Error>> {
        self.wait_until(words, |shared| shared.parser.screen().contents().contains(words))
    }

    pub(crate) fn press(&mut self, keys: &str) -> Result<(), Box<dyn Error>> {
        self.input.write_all(keys.as_bytes())?;
        self.input.flush()?;
        Ok(())
    }

    /// Types as a person does.
    pub(crate) fn type_text(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        for letter in text.chars() {
            self.press(letter.encode_utf8(&mut [0; 4]))?;
            self.rest(TYPING);
        }
        Ok(())
    }

    /// Lets time pass, and takes pictures meanwhile where it is recorded.
    pub(crate) fn rest(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            std::thread::sleep(left.min(Duration::from_millis(10)));
            if let Some(begun) = self.begun
                && self.frames.last().is_none_or(|(at, _)| begun.elapsed() >= *at + FRAME)
            {
                self.frames.push((begun.elapsed(), self.screen()));
            }
            if left.is_zero() {
                return;
            }
        }
    }

    /// Takes pictures from now on.
    pub(crate) fn record(&mut self) {
        self.begun = Some(Instant::now());
    }

    /// The pictures that were taken, each with its time.
    pub(crate) fn recorded(&mut self) -> Vec<(Duration, Screen)> {
        std::mem::take(&mut self.frames)
    }

    pub(crate) fn screen(&self) -> Screen {
        self.with(|shared| {
            let screen = shared.parser.screen();
            let (rows, columns) = screen.size();
            let row = |row| (0..columns.get()).filter_map(|column| screen.cell(row, column).cloned()).collect();
            Screen {
                rows: (0..rows.get()).map(row).collect(),
                cursor: (!screen.hide_cursor()).then(|| screen.cursor_position()),
            }
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
