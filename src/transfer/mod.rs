//! Chats as files and back: our JSON (`json`, complete), Markdown and HTML for people, and what other programs write
//! (`import`, a file per format; `llm`, the one that is a database and so the only part here that opens a file). Readers give
//! one chat at a time, so that neither direction holds more than one.

pub mod html;
mod import;
pub mod json;
pub mod llm;
pub mod markdown;
mod words;

pub use import::{Found, ImportError, MAX_TEXT, Origin, is_database, read};
