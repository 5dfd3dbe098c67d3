//! Writes chats to files. A file that was named is replaced only when the new one is whole; a file in a folder never takes the
//! place of another. All are private to their owner.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{ExportArgs, ExportFormat, Ids, for_stdout};
use crate::chat::{ConversationId, SavedChat};
use crate::host;
use crate::store::Reader;
use crate::strings::history as words;
use crate::transfer::html;
use crate::transfer::json::JsonWriter;
use crate::transfer::markdown::{self, MarkdownOptions};

/// Most characters of a file's name before its number and ending, and most bytes: file systems take 255.
const NAME_CHARS: usize = 60;
const NAME_BYTES: usize = 180;
/// Most chats of one title that are told apart by numbers.
const NUMBERS: usize = 1000;

pub(super) fn run(args: &ExportArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let reader = super::open(data_dir)?;
    let is_json = args.format == ExportFormat::Json;
    let ids = if args.all { reader.ids(is_json)? } else { Ids::read(&reader)?.find_all(&args.ids)? };
    let is_stdout = args.output == Path::new("-");
    let options = MarkdownOptions { with_reasoning: !args.without_reasoning, with_tools: !args.without_tools };
    let write = |chat: &SavedChat| match args.format {
        ExportFormat::Html => html::write(chat, options),
        ExportFormat::Markdown | ExportFormat::Json => markdown::write(chat, options),
    };
    if is_json {
        if is_stdout {
            write_json(&reader, &ids, out)?;
        } else {
            replace_file(&args.output, |file| write_json(&reader, &ids, file).map(drop))?;
        }
        return Ok(0);
    }
    let is_folder = args.all || ids.len() > 1 || args.output.is_dir() || ends_with_slash(&args.output);
    if is_stdout {
        anyhow::ensure!(!args.all && ids.len() == 1, words::NAME_A_FOLDER);
    }
    if !is_stdout && is_folder {
        fs::create_dir_all(&args.output).with_context(|| words::no_folder(&args.output))?;
    }
    let mut count = 0;
    for id in &ids {
        let Some(chat) = reader.saved(id)? else { continue };
        let text = write(&chat);
        if is_stdout {
            out.write_all(for_stdout(&text).as_bytes())?;
        } else if is_folder {
            let ending = if args.format == ExportFormat::Html { "html" } else { "md" };
            new_file(&args.output, &chat, ending, &text)?;
        } else {
            replace_file(&args.output, |file| Ok(file.write_all(text.as_bytes())?))?;
        }
        count += 1;
    }
    if !is_stdout && is_folder {
        host::note(&words::written(count, &args.output));
    }
    Ok(0)
}

/// Writes one chat as Markdown to a new file in this folder, named after its title; gives the file's path. Never takes the
/// place of another file. An error is a sentence for the person.
pub fn export_to_new_file(reader: &Reader, id: &ConversationId, folder: &Path) -> Result<PathBuf, String> {
    let chat = reader.saved(id).map_err(|error| error.to_string())?;
    let chat = chat.ok_or_else(|| words::unknown_id(id.as_str()))?;
    let text = markdown::write(&chat, MarkdownOptions::default());
    new_file(folder, &chat, "md", &text).map_err(|error| format!("{error:#}"))
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last() == Some(&b'/')
}

/// One chat in memory at a time.
fn write_json(reader: &Reader, ids: &[ConversationId], out: &mut dyn Write) -> anyhow::Result<usize> {
    let mut writer = JsonWriter::begin(BufWriter::new(out))?;
    let mut count = 0;
    for id in ids {
        if let Some(chat) = reader.saved(id)? {
            writer.add(&chat)?;
            count += 1;
        }
    }
    writer.end()?;
    Ok(count)
}

/// Writes a file beside this one and then puts it in its place. What is no plain file, such as a pipe, is written to directly.
fn replace_file(path: &Path, fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let cannot = || words::cannot_write(path);
    if fs::metadata(&target).is_ok_and(|meta| !meta.is_file()) {
        let mut file = OpenOptions::new().write(true).open(&target).with_context(cannot)?;
        fill(&mut file)?;
        return file.flush().with_context(cannot);
    }
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).with_context(cannot)?;
    let fresh = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let mut file = host::create_private(&fresh).with_context(cannot)?;
    let written = fill(&mut file).and_then(|()| {
        file.sync_all()?;
        Ok(fs::rename(&fresh, &target)?)
    });
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written.with_context(cannot)
}

/// Writes a file of a name that nobody has yet.
fn new_file(folder: &Path, chat: &SavedChat, ending: &str, text: &str) -> anyhow::Result<PathBuf> {
    let name = file_name(&chat.title);
    let numbered = (1..=NUMBERS).map(|number| match number {
        1 => format!("{name}.{ending}"),
        number => format!("{name}-{number}.{ending}"),
    });
    let id = file_name(chat.id.as_str());
    for candidate in numbered.chain(std::iter::once(format!("{name}-{id}.{ending}"))) {
        let path = folder.join(candidate);
        let mut file = match host::create_new_private(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            file => file.with_context(|| words::cannot_write(&path))?,
        };
        let written: io::Result<()> = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written.with_context(|| words::cannot_write(&path))?;
        return Ok(path);
    }
    anyhow::bail!(words::cannot_write(&folder.join(name)))
}

/// A title as a name that every system takes: letters and digits, hyphens between them.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        if name.chars().count() >= NAME_CHARS || name.len() >= NAME_BYTES {
            break;
        }
        if c.is_alphanumeric() || c == '_' {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-').to_owned();
    let lower = name.to_ascii_lowercase();
    let is_device = ["con", "prn", "aux", "nul"].contains(&lower.as_str())
        || (lower.len() == 4 && (lower.starts_with("com") || lower.starts_with("lpt")));
    match name.is_empty() {
        true => "chat".to_owned(),
        false if is_device => format!("chat-{name}"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names_that_cannot_lead_anywhere() {
        assert_eq!(file_name("Compare all tents & bags"), "Compare-all-tents-bags");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name(" \u{1b}[31m.. "), "31m");
        assert_eq!((file_name("..."), file_name("NUL")), ("chat".to_owned(), "chat-NUL".to_owned()));
        assert_eq!(file_name("テント を比較"), "テント-を比較");
        assert!(file_name(&"長".repeat(500)).len() <= NAME_BYTES + 4);
    }
}
