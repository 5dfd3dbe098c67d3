//! riffle: a provider-neutral streaming layer for language models, and the terminal chat built on it.
//!
//! Layers, imports point down only: `safe_text < chat < transfer < sse < config < tools < provider < agent < store < app <
//! ui < {ask, doctor, history, term} < plain < cli < main`. The core (`chat`, `sse`, `safe_text`, `agent`'s turn machine, `app`, `ui`) is pure: time,
//! randomness and IO come in as arguments and go out as effects. ARCHITECTURE.md is the map.
#![forbid(unsafe_code)]

pub mod agent;
#[cfg(feature = "tui")]
pub mod app;
#[cfg(feature = "tui")]
pub mod ask;
pub mod chat;
#[cfg(feature = "tui")]
pub mod cli;
pub mod config;
#[cfg(feature = "tui")]
pub mod doctor;
#[cfg(feature = "tui")]
pub mod history;
#[cfg(all(feature = "settings", feature = "store"))]
pub mod host;
#[cfg(feature = "tui")]
pub mod models;
#[cfg(feature = "tui")]
pub mod plain;
pub mod provider;
#[cfg(feature = "tui")]
pub mod replay;
pub mod safe_text;
pub mod sse;
#[cfg(feature = "store")]
pub mod store;
pub mod strings;
#[cfg(feature = "tui")]
pub mod term;
pub mod tools;
#[cfg(feature = "store")]
pub mod transfer;
#[cfg(feature = "tui")]
pub mod ui;
