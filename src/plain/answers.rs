//! What a typed line answers: a question about a tool, a list, or nothing, and then it is a question or a command. Only a
//! clear yes lets a tool run, and nothing that was typed is dropped.

use super::{Asked, Plain, commands};
use crate::agent::{CallId, Event};
use crate::app::Msg;
use crate::strings::plain as words;

/// Nothing typed so soon after a tool asked can be meant for it, in ms.
const QUIET_MS: u64 = 500;
/// Before and after a question of several lines.
const LONG: &str = "\"\"\"";

impl Plain {
    pub(super) fn take(&mut self, line: &str) {
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Nothing => self.take_question(line),
            Asked::MayRun(call) => self.take_approval(call, line),
            Asked::Always(call) => match line.trim().to_lowercase().as_str() {
                "y" | "yes" => self.tell(Msg::CallAnswered(Event::ToolApproved { call })),
                // The question before it stands.
                _ => self.is_prompted = false,
            },
            Asked::Chat(ids) => match self.chosen(line, &ids) {
                Some(id) if id == self.model.chat.conversation.id => self.line(words::OPEN_ALREADY),
                Some(id) => self.tell(Msg::ChatChosen(id)),
                None => {}
            },
            Asked::Model(targets) => {
                if let Some(target) = self.chosen(line, &targets) {
                    self.tell(Msg::TargetChosen(target));
                }
            }
        }
    }

    fn chosen<T: Clone>(&mut self, line: &str, rows: &[T]) -> Option<T> {
        if line.trim().is_empty() {
            self.line(words::NOTHING_CHOSEN);
            return None;
        }
        let row = line.trim().parse::<usize>().ok().and_then(|number| rows.get(number.checked_sub(1)?)).cloned();
        if row.is_none() {
            self.line(words::NO_SUCH_NUMBER);
        }
        row
    }

    /// Only a clear yes allows; what looks like a question is one.
    fn take_approval(&mut self, call: CallId, line: &str) {
        self.is_prompted = false;
        let is_too_soon = self.is_typed && self.clock.now().mono_ms.saturating_sub(self.asked_ms) < QUIET_MS;
        match line.trim().to_lowercase().as_str() {
            "" if is_too_soon => self.asked = Asked::MayRun(call),
            "y" | "yes" if !is_too_soon => self.tell(Msg::CallAnswered(Event::CallApproved { call })),
            "a" | "always" if !is_too_soon => self.asked = Asked::Always(call),
            "n" | "no" | "" => self.tell(Msg::CallAnswered(Event::CallRefused { call })),
            _ => {
                self.asked = Asked::MayRun(call);
                self.take_question(line);
            }
        }
    }

    /// A question, a command, or a part of a question of several lines.
    fn take_question(&mut self, line: &str) {
        if let Some(mut begun) = self.begun.take() {
            if let Some(last) = line.trim_end().strip_suffix(LONG) {
                begun.push_str(last);
                self.tell(Msg::Asked(begun.trim_matches('\n').to_owned()));
            } else {
                begun.push_str(line);
                begun.push('\n');
                self.begun = Some(begun);
                // The next line belongs to it, without a question in between.
                self.is_prompted = true;
            }
            return;
        }
        if let Some(first) = line.trim_start().strip_prefix(LONG) {
            self.begun = Some(String::new());
            return self.take_question(first);
        }
        match commands::parse(line) {
            Some((command, rest)) => self.command(command, rest),
            None => self.tell(Msg::Asked(line.to_owned())),
        }
    }
}
