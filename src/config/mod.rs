//! What a person can set: actions and their keys, the configuration file, providers, secrets. Pure but for the loaders
//! that say so. `presets`, `retention` and `secret` are what a client and the history need; the rest is the feature
//! `settings`.

#[cfg(feature = "settings")]
pub mod action;
#[cfg(feature = "settings")]
pub mod choose;
#[cfg(feature = "settings")]
pub mod exposed;
#[cfg(feature = "settings")]
pub mod file;
#[cfg(feature = "settings")]
pub mod flags;
#[cfg(feature = "settings")]
pub mod key;
#[cfg(feature = "settings")]
pub mod keymap;
#[cfg(feature = "settings")]
pub mod keyring;
#[cfg(feature = "settings")]
pub mod load;
#[cfg(feature = "settings")]
pub mod look;
pub mod presets;
#[cfg(feature = "settings")]
pub mod probe;
#[cfg(feature = "settings")]
pub mod provider;
#[cfg(feature = "settings")]
pub mod report;
pub mod retention;
#[cfg(feature = "settings")]
pub mod saved_keys;
pub mod secret;
#[cfg(feature = "settings")]
pub mod settings;
#[cfg(feature = "settings")]
pub mod theme;
