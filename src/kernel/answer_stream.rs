//! An answer that comes in: a turn that is driven by whoever reads the stream, and that writes into the conversation what
//! the history of the program would be told. Nothing runs on behind a reader who left.

use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use super::Event;
use crate::agent::{self, Clock, Driven, Effect, TurnEnd, jitter};
use crate::chat::{ChatError, Conversation, ErrorKind};

/// The events of an answer, the last of which is [`Event::End`].
///
/// Dropping it before that stops the answer: the connection is closed at once, also while the server is silent, tools that
/// run are ended, and the conversation keeps what came so far, with a result for each call.
#[must_use = "an answer that nobody reads is stopped"]
pub struct AnswerStream<C>
where
    C: DerefMut<Target = Conversation> + Unpin,
{
    driven: Driven,
    events: mpsc::Receiver<agent::Event>,
    clock: Clock,
    conversation: C,
    is_over: bool,
}

impl<C> AnswerStream<C>
where
    C: DerefMut<Target = Conversation> + Unpin,
{
    /// Does what can be done at once: the question is in the conversation and on its way.
    pub(super) fn start(driven: Driven, events: mpsc::Receiver<agent::Event>, clock: Clock, conversation: C) -> Self {
        let mut stream = Self { driven, events, clock, conversation, is_over: false };
        // A turn that has just started has nothing to show.
        let _ = stream.due();
        stream
    }

    /// The conversation as far as it is.
    #[must_use]
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Reads on to the end and gives the answer, or why it failed. What the model wrote before it failed is in the
    /// conversation.
    pub async fn answer(mut self) -> Result<TurnEnd, ChatError> {
        let mut answered = None;
        while let Some(event) = self.next().await {
            if let Event::End(end) = event {
                answered = Some(end);
            }
        }
        match answered {
            Some(end) => end.into_result(),
            None => Err(ChatError::new(ErrorKind::Protocol, "The answer was read to its end before.")),
        }
    }

    /// Does what is due up to the next thing to show.
    fn due(&mut self) -> Option<Event> {
        while let Some(effect) = self.driven.next_effect() {
            match effect {
                Effect::Record(record) => record.apply_to(&mut self.conversation),
                Effect::Show(progress) => {
                    if let Some(event) = Event::of(progress) {
                        return Some(event);
                    }
                }
                Effect::Ended(end) => {
                    self.is_over = true;
                    return Some(Event::End(end));
                }
                // These are the performer's.
                Effect::StartStream { .. }
                | Effect::DropStream { .. }
                | Effect::Wait { .. }
                | Effect::RunTool { .. }
                | Effect::CancelTool { .. } => {}
            }
        }
        None
    }
}

impl<C> Stream for AnswerStream<C>
where
    C: DerefMut<Target = Conversation> + Unpin,
{
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let stream = self.get_mut();
        loop {
            if stream.is_over {
                return Poll::Ready(None);
            }
            if let Some(event) = stream.due() {
                return Poll::Ready(Some(event));
            }
            let event = ready!(stream.events.poll_recv(context)).unwrap_or(agent::Event::TurnStopped);
            stream.driven.handle(event, stream.clock.now(), jitter());
        }
    }
}

impl<C> fmt::Debug for AnswerStream<C>
where
    C: DerefMut<Target = Conversation> + Unpin,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStream").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

impl<C> Drop for AnswerStream<C>
where
    C: DerefMut<Target = Conversation> + Unpin,
{
    fn drop(&mut self) {
        if !self.is_over {
            for record in self.driven.stop(self.clock.now()) {
                record.apply_to(&mut self.conversation);
            }
        }
    }
}
