//! What a person can set: actions and their keys, the configuration file, providers, secrets. Pure but for the loaders
//! that say so.

pub mod action;
pub mod key;
pub mod look;
