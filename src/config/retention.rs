//! For how long the history keeps what is in it. Apart from the other settings, so that the history can be opened without
//! a configuration. Pure.

/// How long what is kept in the history, in days; 0 is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Deleted chats, from their deletion.
    pub trash_days: u32,
    /// Chats, from when something was last said in them; then they are deleted. Pinned ones stay.
    pub chat_days: u32,
}
