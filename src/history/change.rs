//! Renames, deletes and brings back. Each is on the disk before it is told.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use super::{Ids, IdsArgs, RenameArgs, title};
use crate::chat::{ConversationId, Record};
use crate::host;
use crate::store::{Importer, Reader, StoreError};
use crate::strings::history as words;

pub(super) fn rename(args: &RenameArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let wanted = args.title.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    anyhow::ensure!(!wanted.is_empty(), words::EMPTY_TITLE);
    let reader = super::open(data_dir)?;
    let id = Ids::read(&reader)?.find(&args.id)?;
    let before = known(&reader, &id)?.map(|chat| chat.title).unwrap_or_default();
    drop(reader);
    let record = Record::Renamed { conversation: id, title: wanted.clone() };
    open(data_dir)?.record(&record)?;
    writeln!(out, "{}", words::renamed(&title(&before), &title(&wanted)))?;
    Ok(0)
}

pub(super) fn delete(args: &IdsArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    each(args, data_dir, out, |id, short, chat| {
        let name = title(&chat.title);
        if chat.is_deleted {
            return (None, words::deleted_already(&name));
        }
        let time_ms = Timestamp::now().as_millisecond();
        (Some(Record::Deleted { conversation: id.clone(), time_ms }), words::deleted(&name, short))
    })
}

pub(super) fn restore(args: &IdsArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    each(args, data_dir, out, |id, _, chat| {
        let name = title(&chat.title);
        if !chat.is_deleted {
            return (None, words::not_deleted(&name));
        }
        (Some(Record::Restored { conversation: id.clone() }), words::restored(&name))
    })
}

/// What is known of a chat.
struct Known {
    title: String,
    is_deleted: bool,
}

fn known(reader: &Reader, id: &ConversationId) -> Result<Option<Known>, StoreError> {
    let chat = reader.saved(id)?;
    Ok(chat.map(|chat| Known { title: chat.title, is_deleted: chat.deleted_ms.is_some() }))
}

fn open(data_dir: &Path) -> Result<Importer, StoreError> {
    Importer::open(data_dir, &mut |sentence| host::note(&sentence))
}

/// Finds all chats, and only then changes them one by one.
fn each(
    args: &IdsArgs,
    data_dir: &Path,
    out: &mut dyn Write,
    change: impl Fn(&ConversationId, &str, &Known) -> (Option<Record>, String),
) -> anyhow::Result<u8> {
    let reader = super::open(data_dir)?;
    let ids = Ids::read(&reader)?;
    let found = ids.find_all(&args.ids)?;
    let mut writer = None;
    for id in &found {
        let Some(chat) = known(&reader, id)? else { continue };
        let (record, sentence) = change(id, ids.short(id), &chat);
        if let Some(record) = record {
            let writer = match &mut writer {
                Some(writer) => writer,
                none => none.insert(open(data_dir)?),
            };
            writer.record(&record)?;
        }
        writeln!(out, "{sentence}")?;
    }
    Ok(0)
}
