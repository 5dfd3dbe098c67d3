//! What is asked: the words of the command line, what is piped in, and the files that go with it.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::chat::Attachment;
use crate::host::note;
use crate::strings;

/// After so much silence of a piped stdin it is said what is waited for.
const SILENT_PIPE: Duration = Duration::from_secs(1);
const MIB: u64 = 1024 * 1024;
/// Size of what goes with a question: what vendors take at most.
const MAX_MIB: u64 = 20;
/// Names standard input, as a word and as a file.
const STDIN: &str = "-";
/// What an image from standard input is called.
const STDIN_NAME: &str = "stdin";

/// A question with what goes with it.
pub(super) struct Asked {
    /// Its text, that of files at its end.
    pub(super) text: String,
    /// Images.
    pub(super) images: Vec<Attachment>,
}

/// Puts the question together. Files are read first, so that a wrong name is told at once; stdin is read to its end where it
/// is no terminal, or where `-` asks for it. An error is a sentence.
pub(super) fn read(words: &[String], attach: &[PathBuf], ignores_stdin: bool) -> anyhow::Result<Asked> {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    for path in attach.iter().filter(|path| *path != Path::new(STDIN)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = File::open(path).map_err(|error| format!("{error}.")).and_then(read_whole);
        let fail = |why: String| anyhow::anyhow!(strings::cannot_attach(&path.display().to_string(), &why));
        match Sent::of(&read.map_err(fail)?, &name).map_err(|why| fail(why.to_owned()))? {
            Sent::Image(image) => images.push(image),
            Sent::Text(text) => files.push(fenced(&name, &text)),
            Sent::Scraps(_) => return Err(fail(strings::ATTACHABLE.to_owned())),
        }
    }
    let is_named = words == [STDIN] || attach.iter().any(|path| path == Path::new(STDIN));
    let words = if words == [STDIN] { String::new() } else { words.join(" ") };
    let mut parts = vec![words];
    if !ignores_stdin && (is_named || !io::stdin().is_terminal()) {
        let fail = |why: &str| anyhow::anyhow!(strings::cannot_read_stdin(why));
        let piped = stdin(!parts.concat().is_empty()).map_err(|why| fail(&why))?;
        match Sent::of(&piped, STDIN_NAME).map_err(fail)? {
            Sent::Image(image) => images.push(image),
            Sent::Text(text) | Sent::Scraps(text) => parts.push(text.trim_end_matches('\n').to_owned()),
        }
    }
    parts.extend(files);
    parts.retain(|part| !part.is_empty());
    let text = parts.join("\n\n");
    anyhow::ensure!(!text.trim().is_empty(), strings::NOTHING_ASKED);
    Ok(Asked { text, images })
}

/// What some bytes are sent as.
enum Sent {
    Image(Attachment),
    Text(String),
    /// Text with marks where there were bytes of another encoding.
    Scraps(String),
}

impl Sent {
    /// An error is why they cannot be sent.
    fn of(bytes: &[u8], name: &str) -> Result<Self, &'static str> {
        if let Some(image) = Attachment::image(name, bytes) {
            return Ok(Self::Image(image));
        }
        if bytes.starts_with(b"%PDF-") {
            return Err(strings::NO_PDF);
        }
        if bytes.contains(&0) {
            return Err(strings::ATTACHABLE);
        }
        Ok(match String::from_utf8_lossy(bytes) {
            std::borrow::Cow::Borrowed(text) => Self::Text(text.to_owned()),
            std::borrow::Cow::Owned(text) => Self::Scraps(text),
        })
    }
}

/// All of it, or why not.
fn read_whole(from: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(MAX_MIB * MIB + 1).read_to_end(&mut bytes).map_err(|error| format!("{error}."))?;
    if bytes.len() as u64 > MAX_MIB * MIB { Err(strings::too_large(MAX_MIB)) } else { Ok(bytes) }
}

/// Standard input to its end. A closed one is an empty one.
fn stdin(has_words: bool) -> Result<Vec<u8>, String> {
    let (send, piped) = mpsc::channel();
    std::thread::spawn(move || send.send(read_whole(io::stdin().lock())));
    if let Ok(read) = piped.recv_timeout(SILENT_PIPE) {
        return read;
    }
    if has_words && io::stderr().is_terminal() {
        note(strings::WAITS_FOR_STDIN);
    }
    piped.recv().map_err(|error| format!("{error}."))?
}

/// A text file as it stands in a question: its name, and a fence longer than any in it.
fn fenced(name: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{name}:\n{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
}
