//! Full-text search over everything said. `words` is text as the index sees it, `query` what a person types, `index` keeps
//! the index up to date, `hits` asks it, `find` answers.
//!
//! Hits come newest first and are never ranked over all of them: that would read every posting of a frequent word.

mod apart;
pub(super) mod find;
mod hits;
pub(super) mod index;
mod query;
#[cfg(test)]
mod tests;
mod words;

pub use find::{ChatFound, Found, Hit, Order};
pub use query::{Now, Place, Query, Role};
