//! Brings chats from files into the history, each file as far as it can be read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read, Seek as _, Write};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::Context as _;
use jiff::Timestamp;

use super::ImportArgs;
use crate::host;
use crate::safe_text::SafeText;
use crate::store::{Importer, StoreError};
use crate::strings::history as words;
use crate::transfer::{self, Found, ImportError, Origin, is_database, llm};

/// Most sentences about what was left out.
const TOLD: usize = 20;
/// How often it is said how far it is.
const EVERY: Duration = Duration::from_millis(100);
/// Nothing could be imported.
const NOTHING: u8 = 1;

pub(super) fn run(args: &ImportArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    // A name that is wrong is wrong usage, and told before anything is done.
    for file in args.files.iter().filter(|file| !is_stdin(file)) {
        let meta = std::fs::metadata(file).with_context(|| words::cannot_read(file))?;
        anyhow::ensure!(!meta.is_dir(), words::is_folder(file));
    }
    let importer = Importer::open(data_dir, &mut |sentence| host::note(&sentence))?;
    let mut import = Import { importer, progress: Progress::new(), read: 0, left_out: 0, failed: None };
    for file in &args.files {
        let read = import.file(file);
        if let Some(error) = import.failed.take() {
            import.progress.clear();
            return Err(error.into());
        }
        if let Err(error) = read {
            import.leave_out(file, &words::file_broken(&error.to_string()));
        }
    }
    let Import { importer, mut progress, read, left_out, .. } = import;
    let imported = importer.finish(&mut |left| progress.tell(&|| words::indexing(left)))?;
    progress.clear();
    if left_out > TOLD {
        host::note(&words::more_left_out(left_out - TOLD));
    }
    writeln!(out, "{}", words::imported(&imported_words(imported), left_out))?;
    Ok(if read == 0 { NOTHING } else { 0 })
}

/// The counts by which the sum is told.
fn imported_words(imported: crate::store::Imported) -> [u64; 4] {
    [imported.new_chats, imported.grown_chats, imported.known_chats, imported.new_messages]
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

struct Import {
    importer: Importer,
    progress: Progress,
    /// Chats that could be read.
    read: u64,
    left_out: usize,
    /// The history cannot be written any more.
    failed: Option<StoreError>,
}

impl Import {
    fn file(&mut self, path: &Path) -> Result<(), ImportError> {
        if is_stdin(path) {
            if io::stdin().is_terminal() {
                host::note(words::FROM_STDIN);
            }
            return self.text(
                path,
                io::stdin().lock(),
                Origin { name: "", time_ms: Timestamp::now().as_millisecond() },
            );
        }
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(16).read_to_end(&mut start)?;
        if is_database(&start) {
            return llm::read(path, &mut |found| self.take(path, found));
        }
        let changed = file.metadata().and_then(|meta| meta.modified()).ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let time_ms = changed.map_or_else(|| Timestamp::now().as_millisecond(), |age| age.as_millis() as i64);
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // A pipe cannot go back, but what was read of it comes first.
        let origin = Origin { name: &name, time_ms };
        if file.rewind().is_ok() {
            self.text(path, BufReader::new(file), origin)
        } else {
            self.text(path, BufReader::new(io::Cursor::new(start).chain(file)), origin)
        }
    }

    fn text(&mut self, path: &Path, input: impl BufRead, origin: Origin<'_>) -> Result<(), ImportError> {
        transfer::read(input, origin, &mut |found| self.take(path, found))
    }

    fn take(&mut self, path: &Path, found: Found) {
        if self.failed.is_some() {
            return;
        }
        match found {
            Found::Chat(chat) => {
                self.read += 1;
                self.failed = self.importer.add(*chat).err();
                let read = self.read;
                self.progress.tell(&|| words::chats_read(read));
            }
            Found::LeftOut(sentence) => self.leave_out(path, &sentence),
        }
    }

    fn leave_out(&mut self, path: &Path, sentence: &str) {
        self.left_out += 1;
        if self.left_out <= TOLD {
            self.progress.clear();
            let line = format!("{}: {sentence}", path.display());
            host::note(SafeText::line(&line).as_str());
        }
    }
}

/// A line on stderr that says how far it is, where somebody sees it.
struct Progress {
    is_seen: bool,
    told: Option<Instant>,
}

impl Progress {
    fn new() -> Self {
        Self { is_seen: io::stderr().is_terminal(), told: None }
    }

    fn tell(&mut self, words: &dyn Fn() -> String) {
        if self.is_seen && self.told.is_none_or(|told| told.elapsed() >= EVERY) {
            self.told = Some(Instant::now());
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", words());
        }
    }

    fn clear(&mut self) {
        if self.told.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
