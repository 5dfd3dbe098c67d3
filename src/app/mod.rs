//! The screen's state and how it changes.

pub mod composer;
