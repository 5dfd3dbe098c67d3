//! The history: one `SQLite` file that several instances share. `writer` commits what happens to chats in
//! order on a thread of its own, `importer` whole chats at once, `reader` finds and loads chats, `repair` mends what a
//! killed instance left, `inspect` looks at it all without touching it.

pub mod check;
mod error;
mod importer;
mod inbox;
mod inspect;
mod instance;
mod mark;
mod mend;
mod open;
mod place;
mod reader;
mod repair;
mod retention;
mod salvage;
mod schema;
mod search;
mod trace;
mod write;
mod writer;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use importer::{Imported, Importer};
pub use inspect::{Inspection, inspect};
pub use mark::HistoryMark;
pub use place::network_file_system;
pub use reader::{ChatRow, Reader};
pub use schema::create as create_schema;
pub use search::{ChatFound, Found, Hit, Now, Order, Place, Query, Role};
pub use writer::{CommittedWhat, StoreEvent, StoreOptions, Writer};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "history.db";
