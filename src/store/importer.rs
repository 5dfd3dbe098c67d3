//! Brings whole chats into the history, and what else is changed from outside of a chat, on a connection of its own and at
//! once: what a call returned from is on the disk. Ids decide what is new, so that whatever was broken off is completed by
//! doing it again. The search learns of new messages in the end, or behind the next start.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::open::{self, Held};
use super::search::index;
use super::write;
use crate::chat::{EntryBody, Record, SavedChat};

/// Messages of one transaction, and about how many bytes, so that other instances need not wait.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;
/// The pause after each, in which another instance gets its turn.
const PAUSE: Duration = Duration::from_millis(2);

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Chats that were not there.
    pub new_chats: u64,
    /// Chats that were there and got new messages.
    pub grown_chats: u64,
    /// Chats that were there as they are.
    pub known_chats: u64,
    /// Messages that were not there, results of tools among them.
    pub new_messages: u64,
}

impl Imported {
    /// All chats that were read.
    #[must_use]
    pub fn chats(&self) -> u64 {
        self.new_chats + self.grown_chats + self.known_chats
    }
}

/// Writes to the history from outside of a chat.
pub struct Importer {
    connection: Held,
    /// Chats that wait for company, with the number of messages and about how many bytes they have.
    waiting: Vec<SavedChat>,
    messages: usize,
    bytes: usize,
    imported: Imported,
}

impl Importer {
    /// Opens the history of this data folder. `tell` hears sentences for the person, where it had to be mended first.
    pub fn open(folder: &Path, tell: &mut dyn FnMut(String)) -> Result<Self, StoreError> {
        let connection = open::for_writing(folder, tell)?;
        Ok(Self { connection, waiting: Vec::new(), messages: 0, bytes: 0, imported: Imported::default() })
    }

    /// Writes what happened; it is on the disk when this returns.
    pub fn record(&mut self, record: &Record) -> Result<(), StoreError> {
        let transaction = self.connection.begin()?;
        write::write(&transaction, record, None)?;
        transaction.commit()?;
        Ok(())
    }

    /// Adds a chat, or what is new of it. Small ones wait for company; [`Self::finish`] writes the last.
    pub fn add(&mut self, chat: SavedChat) -> Result<(), StoreError> {
        if chat.entries.len() > BATCH || bytes(&chat) > BATCH_BYTES {
            self.flush()?;
            return self.add_long(chat);
        }
        self.messages += chat.entries.len() + 1;
        self.bytes += bytes(&chat);
        self.waiting.push(chat);
        if self.messages >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what waits and brings new messages into the search index; `progress` hears how many are left.
    pub fn finish(mut self, progress: &mut dyn FnMut(u64)) -> Result<Imported, StoreError> {
        self.flush()?;
        loop {
            let left: i64 = self.connection.query_row("select count(*) from unindexed", [], |row| row.get(0))?;
            progress(left.unsigned_abs());
            if left == 0 || !index::large_step(&mut self.connection)? {
                return Ok(self.imported);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// A step of the index as the writer does it behind everything else; `false` when the search knows all messages.
    pub fn index_some(&mut self) -> Result<bool, StoreError> {
        self.flush()?;
        Ok(index::step(&mut self.connection)?)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        (self.messages, self.bytes) = (0, 0);
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut imported = self.imported;
        let transaction = self.connection.begin()?;
        for chat in &waiting {
            let is_known = is_known(&transaction, chat)?;
            let added = write::add_chat(&transaction, chat)?;
            imported.count(is_known, added);
        }
        transaction.commit()?;
        self.imported = imported;
        std::thread::sleep(PAUSE);
        Ok(())
    }

    /// Adds a chat in pieces. Each begins with the last message of the one before it, whose place it continues from.
    fn add_long(&mut self, mut chat: SavedChat) -> Result<(), StoreError> {
        let mut entries = std::mem::take(&mut chat.entries).into_iter().peekable();
        let (mut is_known, mut added) = (None, 0);
        while entries.peek().is_some() {
            let mut size = 0;
            while let Some(entry) = entries.next_if(|_| chat.entries.len() <= BATCH && size <= BATCH_BYTES) {
                size += entry_bytes(&entry.body) + entry.attachments.iter().map(|file| file.data.len()).sum::<usize>();
                chat.entries.push(entry);
            }
            let transaction = self.connection.begin()?;
            if is_known.is_none() {
                is_known = Some(self::is_known(&transaction, &chat)?);
            }
            added += write::add_chat(&transaction, &chat)?;
            transaction.commit()?;
            chat.entries.drain(..chat.entries.len().saturating_sub(1));
            for entry in &mut chat.entries {
                entry.attachments.clear();
            }
            std::thread::sleep(PAUSE);
        }
        self.imported.count(is_known.unwrap_or(false), added);
        Ok(())
    }
}

impl Imported {
    fn count(&mut self, is_known: bool, added: usize) {
        self.new_messages += added as u64;
        match (is_known, added) {
            (false, _) => self.new_chats += 1,
            (true, 0) => self.known_chats += 1,
            (true, _) => self.grown_chats += 1,
        }
    }
}

fn is_known(connection: &Connection, chat: &SavedChat) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("select 1 from conversation where id = ?1")?
        .query_row([chat.id.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

fn bytes(chat: &SavedChat) -> usize {
    let sizes = chat
        .entries
        .iter()
        .map(|entry| entry_bytes(&entry.body) + entry.attachments.iter().map(|file| file.data.len()).sum::<usize>());
    sizes.sum()
}

/// About how much is to be written.
fn entry_bytes(body: &EntryBody) -> usize {
    match body {
        EntryBody::Question(text) => text.len(),
        EntryBody::Answer { message, .. } => message.text.len() + message.reasoning.len(),
        EntryBody::ToolResult(result) => result.output.len(),
    }
}
