//! What can be done about an answer that failed, was cut or waits for its next attempt: the one remedy on Enter, and how
//! each is done.

use super::connect::ConnectPage;
use super::effect::Effect;
use super::model::Model;
use super::model_list::ModelList;
use super::overlay::Overlay;
use crate::agent::{CutAnswer, Event, Opening, Turn};
use crate::chat::{Entry, EntryBody, EntryState, ErrorKind, Finish, MessageId, PAUSED, Record};
use crate::strings;

/// What Enter does about the last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The wait before the next attempt ends now.
    TryNow,
    /// Another key for its provider.
    OtherKey,
    /// Another model, which is then asked.
    OtherModel,
    /// The question comes back into the prompt.
    EditQuestion,
    /// The failed request is made again.
    TryAgain,
    /// The answer goes on where it ended.
    GoOn,
}

impl Model {
    /// The best that can be done about the last answer; `None` when nothing is wrong with it.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        if let Some(turn) = self.running_turn() {
            return turn.waiting_request().map(|_| Remedy::TryNow);
        }
        let entry = self.chat.last_answer()?;
        let EntryBody::Answer { finish, finish_raw, error, provider, .. } = &entry.body else { return None };
        let go_on = if can_go_on(entry) { Remedy::GoOn } else { Remedy::TryAgain };
        match entry.state {
            EntryState::Streaming => None,
            EntryState::Stopped | EntryState::Interrupted => Some(go_on),
            EntryState::Complete => match finish {
                Some(Finish::Length | Finish::ToolCalls) => Some(go_on),
                Some(Finish::Stop) if finish_raw.as_deref() == Some(PAUSED) => Some(go_on),
                _ => None,
            },
            EntryState::Failed if *finish == Some(Finish::ContentFilter) => Some(Remedy::EditQuestion),
            EntryState::Failed => Some(match error.as_ref().map(|error| error.kind) {
                Some(ErrorKind::Auth) if self.providers.row(provider).is_some_and(|row| row.takes_key) => {
                    Remedy::OtherKey
                }
                Some(ErrorKind::ContextLength) => Remedy::OtherModel,
                Some(ErrorKind::ContentFilter) => Remedy::EditQuestion,
                _ => go_on,
            }),
        }
    }

    /// Whether the last answer failed, so that there are words of the vendor to show.
    #[must_use]
    pub fn has_reason(&self) -> bool {
        if self.running_turn().is_some() {
            return self.remedy().is_some();
        }
        let body = self.chat.last_answer().map(|entry| &entry.body);
        matches!(body, Some(EntryBody::Answer { error: Some(_), .. }))
    }

    /// Does what Enter promises.
    pub(super) fn apply(&mut self, remedy: Remedy) -> Vec<Effect> {
        match remedy {
            Remedy::TryNow => {
                let request = self.running_turn().and_then(Turn::waiting_request);
                request.map(|request| self.on_turn(Event::RetryDue { request }, 0.0)).unwrap_or_default()
            }
            Remedy::OtherKey => {
                let entry = self.chat.last_answer();
                let Some(EntryBody::Answer { provider, .. }) = entry.map(|entry| &entry.body) else {
                    return Vec::new();
                };
                match self.providers.row(provider).map(ConnectPage::to_ask_again) {
                    Some(page) => self.open_connect(page),
                    None => Vec::new(),
                }
            }
            Remedy::OtherModel => self.choose_other_model(),
            Remedy::EditQuestion => {
                self.selected = None;
                self.edit()
            }
            Remedy::TryAgain => self.try_again(),
            Remedy::GoOn => self.go_on(),
        }
    }

    /// Opens the list of models; the chosen one answers the last question.
    pub(super) fn choose_other_model(&mut self) -> Vec<Effect> {
        self.overlays.push(Overlay::Models(ModelList { asks_again: true, ..ModelList::default() }));
        vec![Effect::ListModels]
    }

    /// Goes on with an answer that was cut, or from the results of its calls.
    pub(super) fn go_on(&mut self) -> Vec<Effect> {
        if self.running_turn().is_some() {
            return Vec::new();
        }
        let is_cut = self.remedy().is_some() && self.chat.last_answer().is_some_and(can_go_on);
        if !is_cut {
            self.notify(strings::NOTICE_NOTHING_CUT);
            return Vec::new();
        }
        let Some(cut) = self.chat.cut_answer() else { return self.start_turn(Opening::AsItStands) };
        let (cut, mut effects) = self.continued(cut);
        effects.extend(self.start_turn(Opening::GoOn(cut)));
        effects
    }

    /// Makes another version of a cut answer, which goes on; the cut one stays as it is. One that went on without getting
    /// any further is gone on with itself.
    fn continued(&mut self, mut cut: CutAnswer) -> (CutAnswer, Vec<Effect>) {
        let chat = &mut self.chat.conversation;
        let Some(Entry { parent, body: EntryBody::Answer { message, provider, model, .. }, .. }) =
            chat.entries.last().cloned()
        else {
            return (cut, Vec::new());
        };
        let says_the_same = |version: &&MessageId| match chat.message(version).map(|entry| &entry.body) {
            Some(EntryBody::Answer { message: other, .. }) => **version != cut.message && other.text == message.text,
            _ => false,
        };
        if chat.versions(&cut.message).iter().any(|version| says_the_same(&version)) {
            return (cut, Vec::new());
        }
        chat.truncate(chat.entries.len() - 1);
        cut.message = MessageId((self.ids)().next_id());
        let id = cut.message.clone();
        let began = Record::AnswerBegan {
            conversation: chat.id.clone(),
            message: id.clone(),
            parent,
            time_ms: self.now.unix_ms,
            provider,
            model,
        };
        let reasoning = (!message.reasoning.is_empty())
            .then(|| Record::AnswerReasoning { message: id.clone(), text: message.reasoning.clone() });
        let text = Record::AnswerText { message: id, text: message.text };
        let mut effects = Vec::new();
        for record in std::iter::once(began).chain(reasoning).chain([text]) {
            self.chat.apply(&record);
            if !self.chat.is_private {
                effects.push(Effect::Append(record));
            }
        }
        // What the vendor wants back goes along with the request.
        self.chat.conversation.edit(&cut.message, |entry| {
            if let EntryBody::Answer { message: copy, .. } = &mut entry.body {
                copy.opaque = message.opaque;
            }
        });
        (cut, effects)
    }

    /// Makes the last request again: results that are there already are not asked for twice.
    pub(super) fn try_again(&mut self) -> Vec<Effect> {
        if self.running_turn().is_none() && self.chat.drop_empty_answer() {
            return self.start_turn(Opening::AsItStands);
        }
        self.ask_again()
    }
}

/// Whether going on gives more than asking again: some of the answer is there, or its calls have their results.
fn can_go_on(entry: &Entry) -> bool {
    let EntryBody::Answer { message, .. } = &entry.body else { return false };
    !message.tool_calls.is_empty() || !message.text.trim().is_empty()
}
