//! What happens to a chat, in the order in which it is to be committed. Pure.

use super::{
    AssistantMessage, Attachment, ChatError, Conversation, ConversationId, Entry, EntryBody, EntryState, Finish, Head,
    MessageId, Opaque, SavedChat, ToolCall, ToolResult, Usage,
};

/// A chat's beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct NewChat {
    /// The first line of its first question.
    pub title: String,
    /// The provider's configured name.
    pub provider: String,
    /// The model.
    pub model: String,
}

/// What waits in the prompt of a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The text in the prompt.
    pub text: String,
    /// Questions that wait for the answer to end.
    pub queue: Vec<String>,
}

impl Draft {
    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.queue.is_empty()
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A person asked.
    Question {
        /// The chat.
        conversation: ConversationId,
        /// The question's id.
        message: MessageId,
        /// The message it follows.
        parent: Option<MessageId>,
        /// When, milliseconds since 1970 UTC.
        time_ms: i64,
        /// What was asked.
        text: String,
        /// Images that go with it.
        attachments: Vec<Attachment>,
        /// The chat begins with it.
        new_chat: Option<NewChat>,
    },
    /// A model is asked.
    AnswerBegan {
        /// The chat.
        conversation: ConversationId,
        /// The answer's id.
        message: MessageId,
        /// The message it follows.
        parent: Option<MessageId>,
        /// When, milliseconds since 1970 UTC.
        time_ms: i64,
        /// The provider's configured name.
        provider: String,
        /// The model.
        model: String,
    },
    /// An answer that was cut goes on where it ended.
    AnswerResumed {
        /// The answer.
        message: MessageId,
        /// Its text so far, in bytes.
        text_bytes: u64,
        /// The provider that is asked to go on.
        provider: String,
        /// Its model.
        model: String,
    },
    /// More of an answer's text.
    AnswerText {
        /// The answer.
        message: MessageId,
        /// What came.
        text: String,
    },
    /// More of an answer's reasoning.
    AnswerReasoning {
        /// The answer.
        message: MessageId,
        /// What came.
        text: String,
    },
    /// An answer ended; its text is what came before.
    AnswerEnded {
        /// The answer.
        message: MessageId,
        /// How it stands.
        state: EntryState,
        /// The calls it asked for.
        tool_calls: Vec<ToolCall>,
        /// Vendor parts to send back.
        opaque: Option<Opaque>,
        /// How it ended.
        finish: Option<Finish>,
        /// The vendor's word for that.
        finish_raw: Option<String>,
        /// Why it failed.
        error: Option<ChatError>,
        /// Tokens.
        usage: Option<Usage>,
        /// To the first visible delta, in ms.
        ttft_ms: Option<u64>,
        /// In reasoning, in ms.
        thought_ms: Option<u64>,
        /// To the end, in ms.
        elapsed_ms: u64,
        /// The model that answered, as the server named it.
        model: String,
    },
    /// A call has its result.
    ToolResult {
        /// The chat.
        conversation: ConversationId,
        /// The result's id.
        message: MessageId,
        /// The message it follows.
        parent: MessageId,
        /// When, milliseconds since 1970 UTC.
        time_ms: i64,
        /// The result.
        result: ToolResult,
    },
    /// A chat has another title.
    Renamed {
        /// The chat.
        conversation: ConversationId,
        /// The title.
        title: String,
    },
    /// A chat was put into the trash.
    Deleted {
        /// The chat.
        conversation: ConversationId,
        /// When, milliseconds since 1970 UTC.
        time_ms: i64,
    },
    /// A chat came back from the trash.
    Restored {
        /// The chat.
        conversation: ConversationId,
    },
    /// Another path of a chat is shown.
    HeadMoved {
        /// The chat.
        conversation: ConversationId,
        /// Where it ends.
        head: Head,
    },
    /// A chat stands above the others, or no longer.
    Pinned {
        /// The chat.
        conversation: ConversationId,
        /// When, milliseconds since 1970 UTC; `None` when no longer.
        since_ms: Option<i64>,
    },
    /// A chat is out of the way, or no longer.
    Archived {
        /// The chat.
        conversation: ConversationId,
        /// When, milliseconds since 1970 UTC; `None` when no longer.
        since_ms: Option<i64>,
    },
    /// A chat has these tags.
    Tagged {
        /// The chat.
        conversation: ConversationId,
        /// Each without blanks.
        tags: Vec<String>,
    },
    /// A model found a title, which counts only as long as nobody gave another one.
    Titled {
        /// The chat.
        conversation: ConversationId,
        /// The title it had meanwhile.
        replaces: String,
        /// The title.
        title: String,
    },
    /// This waits in the prompt of a chat.
    Drafted {
        /// The chat, begun or not.
        conversation: ConversationId,
        /// When, milliseconds since 1970 UTC.
        time_ms: i64,
        /// What waits.
        draft: Draft,
    },
    /// A whole chat was made, as by a fork. Messages that are there already stay as they are.
    Added(Box<SavedChat>),
}

impl Record {
    /// Whether it is a piece of an answer, of which there are many.
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        matches!(self, Self::AnswerText { .. } | Self::AnswerReasoning { .. })
    }

    /// Takes in the next piece of the same text; gives anything else back.
    pub fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::AnswerText { message, text }, Self::AnswerText { message: of, text: more })
            | (Self::AnswerReasoning { message, text }, Self::AnswerReasoning { message: of, text: more })
                if *message == of =>
            {
                text.push_str(&more);
                None
            }
            (_, next) => Some(next),
        }
    }

    /// The chat that something as a whole happened to; `None` for what happened to its messages.
    #[must_use]
    pub fn chat(&self) -> Option<&ConversationId> {
        match self {
            Self::Renamed { conversation, .. }
            | Self::Titled { conversation, .. }
            | Self::Deleted { conversation, .. }
            | Self::Restored { conversation }
            | Self::Pinned { conversation, .. }
            | Self::Archived { conversation, .. }
            | Self::Tagged { conversation, .. }
            | Self::HeadMoved { conversation, .. }
            | Self::Drafted { conversation, .. } => Some(conversation),
            Self::Added(chat) => Some(&chat.id),
            Self::Question { .. }
            | Self::AnswerBegan { .. }
            | Self::AnswerResumed { .. }
            | Self::AnswerText { .. }
            | Self::AnswerReasoning { .. }
            | Self::AnswerEnded { .. }
            | Self::ToolResult { .. } => None,
        }
    }

    /// Brings a conversation up to this: what happened to its messages, its title or its path. What else is known of a chat
    /// does not stand in a conversation.
    pub fn apply_to(&self, chat: &mut Conversation) {
        match self {
            Self::Question { message, parent, time_ms, text, attachments, new_chat, .. } => {
                if let Some(new) = new_chat {
                    chat.title.clone_from(&new.title);
                }
                chat.push(Entry {
                    id: message.clone(),
                    parent: parent.clone(),
                    time_ms: *time_ms,
                    state: EntryState::Complete,
                    body: EntryBody::Question(text.clone()),
                    attachments: attachments.clone(),
                });
            }
            Self::AnswerBegan { message, parent, time_ms, provider, model, .. } => chat.push(Entry {
                id: message.clone(),
                parent: parent.clone(),
                time_ms: *time_ms,
                state: EntryState::Streaming,
                body: EntryBody::answer(AssistantMessage::default(), provider.clone(), model.clone()),
                attachments: Vec::new(),
            }),
            Self::AnswerResumed { message: id, provider, model, .. } => {
                chat.edit(id, |entry| {
                    entry.state = EntryState::Streaming;
                    if let EntryBody::Answer { provider: asked, model: of, finish, finish_raw, error, .. } =
                        &mut entry.body
                    {
                        (*finish, *finish_raw, *error) = (None, None, None);
                        provider.clone_into(asked);
                        model.clone_into(of);
                    }
                });
            }
            Self::AnswerText { message, text } => {
                chat.edit(message, |entry| {
                    if let EntryBody::Answer { message, .. } = &mut entry.body {
                        message.text.push_str(text);
                    }
                });
            }
            Self::AnswerReasoning { message, text } => {
                chat.edit(message, |entry| {
                    if let EntryBody::Answer { message, .. } = &mut entry.body {
                        message.reasoning.push_str(text);
                    }
                });
            }
            Self::AnswerEnded { message: id, state, .. } => {
                chat.edit(id, |entry| {
                    entry.state = *state;
                    end_answer(&mut entry.body, self);
                });
            }
            Self::ToolResult { message, parent, time_ms, result, .. } => chat.push(Entry {
                id: message.clone(),
                parent: Some(parent.clone()),
                time_ms: *time_ms,
                state: EntryState::Complete,
                body: EntryBody::ToolResult(result.clone()),
                attachments: Vec::new(),
            }),
            Self::Renamed { title, .. } => chat.title.clone_from(title),
            Self::Titled { replaces, title, .. } if chat.title == *replaces => {
                chat.title.clone_from(title);
            }
            Self::HeadMoved { head, .. } => {
                chat.show_head(head);
            }
            Self::Titled { .. }
            | Self::Deleted { .. }
            | Self::Restored { .. }
            | Self::Pinned { .. }
            | Self::Archived { .. }
            | Self::Tagged { .. }
            | Self::Drafted { .. }
            | Self::Added(_) => {}
        }
    }
}

fn end_answer(body: &mut EntryBody, record: &Record) {
    let (
        EntryBody::Answer { message, model, finish, finish_raw, error, usage, ttft_ms, thought_ms, elapsed_ms, .. },
        Record::AnswerEnded {
            tool_calls,
            opaque,
            finish: ended,
            finish_raw: word,
            error: failure,
            usage: tokens,
            ttft_ms: first,
            thought_ms: thought,
            elapsed_ms: took,
            model: served,
            ..
        },
    ) = (body, record)
    else {
        return;
    };
    message.tool_calls.clone_from(tool_calls);
    message.opaque.clone_from(opaque);
    *finish = *ended;
    finish_raw.clone_from(word);
    error.clone_from(failure);
    usage.clone_from(tokens);
    *ttft_ms = *first;
    *thought_ms = *thought;
    *elapsed_ms = *took;
    model.clone_from(served);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_text_become_one_and_nothing_else_does() {
        let text = |id: &str, text: &str| Record::AnswerText { message: MessageId::from(id), text: text.to_owned() };
        let thought = Record::AnswerReasoning { message: MessageId::from("a"), text: "hm".to_owned() };
        let mut record = text("a", "one ");
        assert_eq!(record.join(text("a", "two")), None);
        assert_eq!(record, text("a", "one two"));
        for other in [text("b", "three"), thought] {
            assert_eq!(record.join(other.clone()), Some(other));
        }
        assert_eq!(record, text("a", "one two"));
    }
}
