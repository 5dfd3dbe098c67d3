//! Work the model asks the shell to do.

use super::copying::CopyWish;
use super::opener::OpenWish;
use super::providers::Target;
use super::selection::Selection;
use crate::agent;
use crate::chat::{ConversationId, MessageId, Record, ToolSpec};
use crate::config::secret::Secret;
use crate::provider::recording::Choice;
use crate::store::Order;

/// One piece of work.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Do this for the running turn.
    Turn {
        /// What to do; never `Record`, `Show` or `Ended`, which the model keeps.
        effect: agent::Effect,
        /// Whom the turn asks.
        target: Target,
        /// The tools it offers.
        tools: Vec<ToolSpec>,
    },
    /// Append to the history.
    Append(Record),
    /// List saved chats; answered by `ChatsListed`.
    ListChats {
        /// The id of the answer.
        search: u64,
        /// What was typed into the box.
        query: String,
        /// In which order.
        order: Order,
        /// At most so many.
        limit: usize,
        /// It was asked for before: without an answer where nothing was written since.
        is_again: bool,
    },
    /// Read a saved chat; answered by `ChatLoaded`.
    LoadChat {
        /// The id of the answer.
        load: u64,
        /// Which chat.
        id: ConversationId,
        /// The message through which its path is to lead.
        at: Option<MessageId>,
    },
    /// Look for a draft that an earlier run left; answered by `DraftFound` where there is one.
    FindDraft,
    /// Look for what other instances said in this chat; answered by `OthersFound`.
    LookForOthers {
        /// Which chat.
        id: ConversationId,
    },
    /// Ask a model for a title of this chat; answered by `TitleMade` where it gave one.
    MakeTitle {
        /// Which chat.
        id: ConversationId,
        /// Whom to ask.
        target: Target,
        /// What to ask.
        prompt: String,
        /// The title that it replaces.
        replaces: String,
    },
    /// Write a chat to a new file; answered by `Exported`.
    Export {
        /// Which chat.
        id: ConversationId,
    },
    /// Look whether the system has a keyring that answers; answered by `KeyringFound` where it has.
    FindKeyring,
    /// Ask the providers that are connected for their models; each is answered by `ModelsListed`.
    ListModels,
    /// Try a key by listing the provider's models; answered by `KeyTried`.
    TryKey {
        /// The id of the answer.
        request: u64,
        /// The provider's configured name.
        provider: String,
        /// The key.
        key: Secret,
    },
    /// Use this key from now on, and keep it.
    SaveKey {
        /// The provider's configured name.
        provider: String,
        /// The key.
        key: Secret,
        /// It was said to go into the keyring.
        to_keyring: bool,
    },
    /// Read a response as it came; answered by `StreamRead`.
    ReadStream {
        /// The id of the answer.
        request: u64,
        /// Which response.
        choice: Choice,
        /// The number and the revision of what is known already.
        known: Option<(u64, u64)>,
    },
    /// Write a response as it came to a new file; answered by `StreamSaved`.
    SaveStream {
        /// Its number.
        number: u64,
    },
    /// Make the first request to this provider quick: one is being written.
    WarmUp {
        /// The provider's name.
        provider: String,
    },
    /// Copy this; answered by `Copied`.
    Copy(CopyWish),
    /// Copy what is selected; answered by `Copied`.
    CopySelection {
        /// What is selected.
        selection: Selection,
        /// It may not be written to any file.
        is_private: bool,
    },
    /// Let the terminal report the mouse, or not.
    SetMouse(bool),
    /// Open this outside of the program; answered by `Opened` or `NotOpened`.
    Open(OpenWish),
    /// Draw everything anew.
    Redraw,
    /// Pause the program.
    Suspend,
    /// End the program.
    Quit,
}
