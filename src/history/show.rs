//! Prints one chat.

use std::io::Write;
use std::path::Path;

use super::{Ids, ShowArgs, ShowFormat, for_stdout, minute, title};
use crate::chat::{EntryBody, EntryState, SavedChat};
use crate::safe_text::SafeText;
use crate::strings::history as words;
use crate::transfer::json;
use crate::transfer::markdown::{self, MarkdownOptions};

pub(super) fn run(args: &ShowArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let reader = super::open(data_dir)?;
    let id = Ids::read(&reader)?.find(&args.id)?;
    let chat = reader.saved(&id)?.ok_or_else(|| anyhow::anyhow!(words::unknown_id(id.as_str())))?;
    if args.json {
        writeln!(out, "{}", json::line(&chat))?;
        return Ok(0);
    }
    let text = match args.format {
        ShowFormat::Plain => plain(&chat),
        ShowFormat::Markdown => markdown::write(&chat, MarkdownOptions::default()),
    };
    out.write_all(for_stdout(&text).as_bytes())?;
    Ok(0)
}

/// Questions and answers under their times; of tools only that they ran.
fn plain(chat: &SavedChat) -> String {
    let mut head = vec![minute(chat.created_ms)];
    let names = [&chat.provider, &chat.model].into_iter().filter(|name| !name.is_empty());
    head.extend(names.map(|name| SafeText::line(name).into_string()));
    head.push(chat.id.to_string());
    let mut out = format!("{}\n{}\n", title(&chat.title), head.join("   "));
    for entry in chat.path() {
        let time = minute(entry.time_ms);
        match &entry.body {
            EntryBody::Question(text) => {
                out.push_str(&format!("\n{}   {time}\n{}\n", words::QUESTION, text.trim_end()));
                for file in &entry.attachments {
                    out.push_str(&format!("{} {}\n", words::ATTACHED, file.name));
                }
            }
            EntryBody::Answer { message, model, error, .. } => {
                let head = [words::ANSWER, model, &time].into_iter().filter(|part| !part.is_empty());
                out.push_str(&format!("\n{}\n", head.collect::<Vec<_>>().join("   ")));
                if !message.text.is_empty() {
                    out.push_str(&format!("{}\n", message.text.trim_end()));
                }
                let state = match entry.state {
                    EntryState::Complete => continue,
                    EntryState::Streaming => words::STREAMING,
                    EntryState::Interrupted => words::INTERRUPTED,
                    EntryState::Stopped => words::STOPPED,
                    EntryState::Failed => words::FAILED,
                };
                let why = error.as_ref().map(|error| format!(" {}", error.message)).unwrap_or_default();
                out.push_str(&format!("{state}{why}\n"));
            }
            EntryBody::ToolResult(result) => {
                let (name, status) = (&result.name, result.status.as_str());
                out.push_str(&format!("\n{} {name}   {status}   {} ms\n", words::RESULT, result.elapsed_ms));
            }
        }
    }
    out
}
