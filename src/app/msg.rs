//! Facts that reach the model. Each answer carries the id of its question.

use super::copying::{CopySize, CopyWay};
use super::mouse::MouseMsg;
use super::opener::{NotOpened, OpenWish};
use super::providers::Target;
use super::wire::WireFound;
use crate::agent;
use crate::chat::{Conversation, ConversationId, Draft, Entry, EntryState, MessageId};
use crate::config::action::Action;
use crate::config::key::Key;
use crate::config::look::Background;
use crate::store::{Found, Order, Query, StoreEvent};

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    KeyPressed(Key),
    /// A question was given on the command line.
    Asked(String),
    /// An action was chosen by its name.
    Wanted(Action),
    /// A person said whether a waiting call may run.
    CallAnswered(agent::Event),
    /// A saved chat was chosen, to be opened.
    ChatChosen(ConversationId),
    /// A model was chosen for the next questions.
    TargetChosen(Target),
    /// The configuration has something to say.
    Warned(String),
    /// Text was pasted.
    Pasted(String),
    /// The mouse did something.
    Mouse(MouseMsg),
    /// The wheel turned by so many lines, negative is up.
    Wheeled(i64),
    /// The terminal has this size now, in columns and rows.
    Resized(u16, u16),
    /// The terminal said how light it is.
    BackgroundKnown(Background),
    /// The terminal tells Shift+Enter from Enter.
    KeyboardEnhanced,
    /// A stream, a tool or a wait has something for its turn.
    Turn(agent::Event),
    /// The history has something to say.
    Store(StoreEvent),
    /// The list of saved chats is there.
    ChatsListed {
        /// Which search it answers.
        search: u64,
        /// The chats, newest first, or why they cannot be read.
        found: Result<Box<ChatList>, String>,
    },
    /// A saved chat is there.
    ChatLoaded {
        /// Which request it answers.
        load: u64,
        /// Which chat was asked for.
        id: ConversationId,
        /// The chat, `None` when it is gone, or why it cannot be read.
        found: Result<Option<Box<LoadedChat>>, String>,
    },
    /// An earlier run left a draft.
    DraftFound {
        /// The chat that was not begun.
        conversation: ConversationId,
        /// What waits.
        draft: Draft,
    },
    /// Everything that was said in this chat, by whomever.
    OthersFound {
        /// Which chat.
        id: ConversationId,
        /// All its messages.
        entries: Vec<Entry>,
    },
    /// A model gave a title.
    TitleMade {
        /// Of which chat.
        id: ConversationId,
        /// The title it replaces.
        replaces: String,
        /// The title; from outside.
        title: String,
    },
    /// A chat was written to a file: where, for people, or why it could not be.
    Exported(Result<String, String>),
    /// The providers were looked for again; a local server may have been found.
    ProvidersFound(Box<super::Providers>),
    /// A provider was asked for its models.
    ModelsListed {
        /// The provider's configured name.
        provider: String,
        /// Its models, in its order, or why there are none.
        found: Result<Vec<String>, NotListed>,
    },
    /// The system has a keyring that answers.
    KeyringFound,
    /// A key was tried.
    KeyTried {
        /// Which request it answers.
        request: u64,
        /// The provider's models, or why the key cannot be used.
        found: Result<Vec<String>, String>,
    },
    /// A response was read as it came.
    StreamRead {
        /// Which request it answers.
        request: u64,
        /// What there is.
        found: WireFound,
        /// How long that took, in ms.
        took_ms: u64,
    },
    /// The response of this number was written to a file.
    StreamSaved {
        /// Its number.
        number: u64,
        /// Where, for people, or why it could not be.
        saved: Result<String, String>,
    },
    /// A copy went somewhere.
    Copied {
        /// What was copied, in a few words.
        what: String,
        /// Why it was copied, where something else was asked for.
        because: Option<NotOpened>,
        /// How much.
        size: CopySize,
        /// Where it went, or why nowhere.
        way: Result<CopyWay, String>,
    },
    /// This was opened.
    Opened(String),
    /// This was not.
    NotOpened {
        /// What was to be opened.
        wish: OpenWish,
        /// Why it was not.
        why: NotOpened,
    },
    /// Time passed, to the deadline the model named.
    Ticked,
    /// A signal asks for the end.
    EndRequested,
}

/// Why a provider listed no models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotListed {
    /// A server nearby does not run; what to do.
    NotRunning(String),
    /// It was reached, or should have been; what went wrong.
    Failed(String),
}

/// A saved chat, read.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedChat {
    /// The chat, on the path that was asked for.
    pub conversation: Conversation,
    /// When something was last said in it, milliseconds since 1970 UTC.
    pub updated_ms: i64,
    /// What waits in its prompt.
    pub draft: Draft,
    /// The message it is to be opened at.
    pub at: Option<MessageId>,
}

impl LoadedChat {
    /// Whether an answer in it was still being written when it was read.
    #[must_use]
    pub fn is_being_written(&self) -> bool {
        self.conversation.entries.iter().any(|entry| entry.state == EntryState::Streaming)
    }
}

/// An answer to a search.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatList {
    /// What was found.
    pub found: Found,
    /// What was looked for.
    pub query: Query,
    /// In which order.
    pub order: Order,
    /// Where nothing was found: the nearest word that is there, and how often.
    pub nearest: Option<(String, usize)>,
    /// How long it took, in ms.
    pub took_ms: u64,
}
