//! riffle: a provider-neutral streaming layer for language models, and the terminal chat built on it.
//!
//! Layers, imports point down only: `safe_text < chat < transfer < sse < config < tools < provider < store < agent < app <
//! ui < {ask, doctor, history, term} < plain < cli < main`. The core (`chat`, `sse`, `safe_text`, `agent`'s turn machine, `app`, `ui`) is pure: time,
//! randomness and IO come in as arguments and go out as effects. ARCHITECTURE.md is the map.
#![forbid(unsafe_code)]

pub mod agent;
pub mod app;
pub mod ask;
pub mod chat;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod history;
pub mod host;
pub mod models;
pub mod plain;
pub mod provider;
pub mod replay;
pub mod safe_text;
pub mod sse;
pub mod store;
pub mod strings;
pub mod term;
pub mod tools;
pub mod transfer;
pub mod ui;
