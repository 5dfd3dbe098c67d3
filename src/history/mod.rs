//! `riffle history`: lists, searches, prints, writes and reads saved chats, and renames and deletes them. Lists are plain
//! text for pagers and pipes, JSON lines are for programs; what was changed is on the disk before it is said.

mod args;
mod change;
mod check;
mod export;
mod import;
mod list;
mod show;

use std::io::{IsTerminal as _, Write};
use std::path::Path;

pub use args::{
    CheckArgs, ExportArgs, ExportFormat, HistoryCommand, IdsArgs, ImportArgs, ListArgs, RenameArgs, SearchArgs,
    ShowArgs, ShowFormat, Sort,
};
pub use export::export_to_new_file;

use crate::chat::ConversationId;
use crate::host;
use crate::safe_text::SafeText;
use crate::store::{Reader, StoreError};
use crate::strings;
use crate::strings::history as words;

/// Exit status when the history could not be opened or written.
const NO_HISTORY: u8 = 3;
/// Fewest characters of an id that are shown.
const SHORTEST_ID: usize = 8;

/// Runs it; gives the exit status: 0, 1 when nothing could be imported, 3 when the history could not be used. Any other error
/// is wrong usage.
pub fn run(command: HistoryCommand, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let done = match command {
        HistoryCommand::List(args) => list::list(&args, data_dir, out),
        HistoryCommand::Search(args) => list::search(&args, data_dir, out),
        HistoryCommand::Show(args) => show::run(&args, data_dir, out),
        HistoryCommand::Export(args) => export::run(&args, data_dir, out),
        HistoryCommand::Import(args) => import::run(&args, data_dir, out),
        HistoryCommand::Rename(args) => change::rename(&args, data_dir, out),
        HistoryCommand::Delete(args) => change::delete(&args, data_dir, out),
        HistoryCommand::Restore(args) => change::restore(&args, data_dir, out),
        HistoryCommand::Check(args) => check::run(args, data_dir, out),
    };
    match done {
        Err(error) if error.is::<StoreError>() => {
            host::note(&format!("riffle: {error}"));
            Ok(NO_HISTORY)
        }
        done => done,
    }
}

/// Opens the history; where it has to be brought up to date first, that is said on stderr.
fn open(data_dir: &Path) -> Result<Reader, StoreError> {
    Reader::open_migrating(data_dir, &mut |sentence| host::note(SafeText::line(&sentence).as_str()))
}

/// All ids, those in the trash among them.
struct Ids(Vec<ConversationId>);

impl Ids {
    fn read(reader: &Reader) -> Result<Self, StoreError> {
        let mut ids = reader.ids(true)?;
        ids.sort();
        Ok(Self(ids))
    }

    /// The chat of this id, or of the one id that begins so.
    fn find(&self, wanted: &str) -> anyhow::Result<ConversationId> {
        let from = self.0.partition_point(|id| id.as_str() < wanted);
        let mut found = self.0[from..].iter().take_while(|id| !wanted.is_empty() && id.as_str().starts_with(wanted));
        let shown = SafeText::line(wanted);
        match (found.next(), found.next()) {
            (None, _) => anyhow::bail!(words::unknown_id(shown.as_str())),
            (Some(id), Some(_)) if id.as_str() != wanted => anyhow::bail!(words::ambiguous_id(shown.as_str())),
            (Some(id), _) => Ok(id.clone()),
        }
    }

    fn find_all(&self, wanted: &[String]) -> anyhow::Result<Vec<ConversationId>> {
        let mut found: Vec<ConversationId> = Vec::new();
        for id in wanted {
            let id = self.find(id)?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// The beginning of this id that no other has.
    fn short<'a>(&self, id: &'a ConversationId) -> &'a str {
        let at = self.0.partition_point(|other| other < id);
        let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| self.0.get(at));
        let shared = beside.map(|other| shared_chars(other.as_str(), id.as_str())).max().unwrap_or(0);
        let chars = (shared + 1).max(SHORTEST_ID);
        id.as_str().char_indices().nth(chars).map_or(id.as_str(), |(end, _)| &id.as_str()[..end])
    }
}

fn shared_chars(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// A title in a list, on one line and harmless.
fn title(title: &str) -> String {
    let title = SafeText::line(title.trim()).into_string();
    if title.is_empty() { strings::NEW_CHAT.to_owned() } else { title }
}

/// The minute, where the person is.
pub(crate) fn minute(time_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(time_ms).unwrap_or_default();
    time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Text from outside as stdout may have it: harmless on a terminal, to the letter anywhere else.
fn for_stdout(text: &str) -> String {
    if std::io::stdout().is_terminal() { SafeText::block(text).into_string() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_by_a_beginning_that_no_other_has() {
        let ids = Ids(["0123456789ab", "0123456789cd", "01", "ff00"].map(ConversationId::from).to_vec());
        let ids = Ids({
            let mut sorted = ids.0;
            sorted.sort();
            sorted
        });
        let found = |wanted: &str| ids.find(wanted).map(|id| id.0).map_err(|error| error.to_string());
        assert_eq!(found("f"), Ok("ff00".to_owned()));
        assert_eq!(found("01"), Ok("01".to_owned()));
        assert!(found("012").is_err_and(|why| why.contains("several")));
        assert!(found("x").is_err() && found("").is_err());
        assert_eq!(ids.short(&"0123456789ab".into()), "0123456789a");
        assert_eq!(ids.short(&"ff00".into()), "ff00");
    }
}
