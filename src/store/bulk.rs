//! Many chats at once, as a history for measuring has them: the same rows and the same index as the writer's, in large
//! transactions and without its pauses. Nobody else should be waiting for the file meanwhile.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::search::index;
use super::{open, write};
use crate::chat::SavedChat;

/// A history that many chats are added to.
#[derive(Debug)]
pub struct Bulk(Connection);

impl Bulk {
    /// Opens or makes the history of this data folder.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self(open::for_writing(folder, &mut |_| ())?))
    }

    /// Adds chats in one transaction; gives the number of messages that were new. The search does not know them yet.
    pub fn add(&mut self, chats: &[SavedChat]) -> Result<usize, StoreError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut added = 0;
        for chat in chats {
            added += write::add_chat(&transaction, chat)?;
        }
        transaction.commit()?;
        Ok(added)
    }

    /// A step as the writer does it behind everything else; `false` when the search knows all messages.
    pub fn index_some(&mut self) -> Result<bool, StoreError> {
        Ok(index::step(&mut self.0)?)
    }

    /// Brings everything that waits into the search index.
    pub fn index_all(&mut self) -> Result<(), StoreError> {
        Ok(index::all(&mut self.0)?)
    }
}
