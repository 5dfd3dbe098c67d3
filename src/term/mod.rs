//! The terminal's edge: who may touch it, what it sends, what it is sent.
//!
//! `guard` owns the modes, `signals` and `reader` report what the system and the person do, `input` turns bytes into
//! keys, `encode` turns a picture into bytes, `frames` writes them from a thread of its own, `pace` says when. `session` is
//! the event loop over all of them, `work` does what the model asks for, `highlighter` has code coloured, `streams` reads and saves what came, `setup`
//! makes the model from the settings.

mod ansi;
mod clipboard;
pub mod encode;
mod escape;
pub mod frames;
pub mod guard;
mod highlighter;
pub mod input;
mod opener;
pub mod pace;
pub mod query;
pub mod reader;
mod scroll;
pub mod session;
pub(crate) mod setup;
pub mod signals;
mod streams;
mod style;
mod titles;
mod work;

pub(crate) use work::{Shell, Worker};
