//! Titles that a model gives, where that was asked for: once a chat, behind everything else, and never over one that a
//! person gave.

use super::effect::Effect;
use super::model::Model;
use crate::chat::{ConversationId, EntryBody, Record, title_of};
use crate::strings;

/// Bytes of the question and of the answer that the model is shown.
const SHOWN: usize = 2000;

impl Model {
    /// Asks for a title after the first answer of a chat.
    pub(super) fn ask_for_title(&mut self) -> Vec<Effect> {
        let is_model = self.providers.current().is_some_and(|row| !row.is_demo);
        let is_wanted = self.titles_by_model && is_model && !self.chat.is_private && !self.chat.is_title_asked;
        if !is_wanted || self.chat.questions().count() != 1 {
            return Vec::new();
        }
        let Some((_, question)) = self.chat.last_question() else { return Vec::new() };
        let chat = &self.chat.conversation;
        if chat.title != title_of(question) {
            return Vec::new();
        }
        let answer = self.chat.last_answer().and_then(|entry| match &entry.body {
            EntryBody::Answer { message, .. } => Some(message.text.as_str()),
            _ => None,
        });
        let prompt = strings::ask_for_title(start(question), start(answer.unwrap_or_default()));
        let effect = Effect::MakeTitle {
            id: chat.id.clone(),
            target: self.providers.target.clone(),
            prompt,
            replaces: chat.title.clone(),
        };
        self.chat.is_title_asked = true;
        vec![effect]
    }

    pub(super) fn on_title_made(&mut self, id: &ConversationId, replaces: String, title: &str) -> Vec<Effect> {
        // Its first line, without what models put around one.
        let title = title_of(title);
        let title = title.trim_start_matches(['"', '\'', '“', '”', '*', '#', ' ']);
        let title = title.trim_end_matches(['"', '\'', '“', '”', '*', '.', ' ']).to_owned();
        if title.is_empty() {
            return Vec::new();
        }
        let record = Record::Titled { conversation: id.clone(), replaces, title };
        if self.chat.conversation.id == *id {
            self.chat.apply(&record);
        }
        vec![Effect::Append(record)]
    }
}

fn start(text: &str) -> &str {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
