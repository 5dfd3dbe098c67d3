//! The provider-neutral vocabulary: messages, deltas, tool calls, errors, and the accumulator that joins deltas to an
//! answer. Every dialect speaks it, every host (screen, `ask`, library) reads it. Pure.

mod accumulator;
mod attachment;
mod conversation;
mod delta;
mod error;
mod ids;
mod message;
mod path;
mod record;
mod saved;
mod tool_call;
mod tree;

pub(crate) use accumulator::short_id;
pub use accumulator::{Accumulator, Answer, PartialCall};
pub use attachment::Attachment;
pub use conversation::{Conversation, Entry, EntryBody, EntryState, paired_for_request, title_of};
pub use delta::{Delta, Finish, PAUSED, StreamEnd, ToolCallFragment, Usage};
pub use error::{ChatError, ErrorKind};
pub use ids::{ConversationId, IdSource, MessageId};
pub use message::{AssistantMessage, Message, Opaque};
pub use path::{Path, Revision};
pub use record::{Draft, NewChat, Record};
pub use saved::SavedChat;
pub use tool_call::{Arguments, ToolCall, ToolResult, ToolSpec, ToolStatus};
pub use tree::{Head, Version};
