//! What a person can set: actions and their keys, the configuration file, providers, secrets. Pure but for the loaders
//! that say so.

pub mod action;
pub mod choose;
pub mod exposed;
pub mod file;
pub mod flags;
pub mod key;
pub mod keymap;
pub mod keyring;
pub mod load;
pub mod look;
pub mod presets;
pub mod probe;
pub mod provider;
pub mod report;
pub mod saved_keys;
pub mod secret;
pub mod settings;
pub mod theme;
