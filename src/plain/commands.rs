//! What begins with a slash: the commands of the action table that mean something without a screen.

use super::{Asked, Plain};
use crate::app::{Msg, Target, ToolOffer};
use crate::chat::EntryBody;
use crate::config::action::{ACTIONS, Action};
use crate::config::key::Key;
use crate::config::report::nearest;
use crate::store::{Order, Reader};
use crate::strings::{self, plain as words};
use crate::tools::policy::Decision;
use crate::{history, host};

/// Chats and models that are listed at once.
const CHATS: usize = 10;
const MODELS: usize = 20;

/// Every command there is here, in the order of `/help`.
const COMMANDS: [Action; 18] = [
    Action::Stop,
    Action::New,
    Action::Private,
    Action::Chats,
    Action::Search,
    Action::Model,
    Action::Again,
    Action::GoOn,
    Action::Undo,
    Action::Redo,
    Action::VersionPrev,
    Action::VersionNext,
    Action::Fork,
    Action::Export,
    Action::Tools,
    Action::Expand,
    Action::Help,
    Action::Quit,
];

/// A command, as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// One of the table.
    Known(Action),
    /// A word that is none.
    Unknown(&'a str),
}

/// The command of a line and what follows it; `None` where the line is a question: a path has a second slash, and a blank
/// before the slash makes a question of anything.
pub(super) fn parse(line: &str) -> Option<(Command<'_>, &str)> {
    let rest = line.strip_prefix('/')?;
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if word.is_empty() || word.contains('/') {
        return None;
    }
    let known = ACTIONS.iter().find(|info| info.slash == Some(word)).map(|info| info.action);
    Some((known.map_or(Command::Unknown(word), Command::Known), rest.trim()))
}

impl Plain {
    pub(super) fn command(&mut self, command: Command<'_>, rest: &str) {
        let action = match command {
            Command::Known(action) => action,
            Command::Unknown(word) => {
                let known = COMMANDS.iter().filter_map(|action| action.info().slash);
                return self.line(&words::no_command(word, nearest(word, known)));
            }
        };
        match action {
            Action::Chats | Action::Search => self.list_chats(rest),
            Action::Model => self.list_models(rest),
            Action::Again => self.ask_again(),
            Action::VersionPrev | Action::VersionNext => self.switch_version(action),
            Action::Undo | Action::Redo => self.take_back(action),
            Action::Tools => self.list_tools(),
            Action::Expand => self.expand(),
            Action::Help => self.help(),
            action if COMMANDS.contains(&action) => self.tell(Msg::Wanted(action)),
            action => self.line(&words::full_screen_only(action.info().slash.unwrap_or_default())),
        }
    }

    fn help(&mut self) {
        self.line(words::COMMANDS);
        for info in COMMANDS.iter().map(|action| action.info()) {
            let Some(slash) = info.slash else { continue };
            let argument = words::ARGUMENTS.iter().find(|(of, _)| *of == slash).map_or("", |(_, argument)| argument);
            self.line(&format!("/{slash}{argument}: {}.", info.title));
        }
        self.line(words::SEVERAL_LINES);
        self.line(words::CONTROLS);
    }

    fn list_chats(&mut self, search: &str) {
        let listed = Reader::open(&self.data_dir).and_then(|reader| {
            let query = host::parse_query(&format!("{search} "));
            let found = reader.find(&query, Order::Time, CHATS)?;
            Ok((found.chats, reader.count()?))
        });
        let (chats, all) = match listed {
            Ok(listed) => listed,
            Err(error) => return self.line(&error.to_string()),
        };
        if chats.is_empty() {
            return self.line(if search.is_empty() { words::NO_CHATS } else { words::NOTHING_FOUND });
        }
        for (at, found) in chats.iter().enumerate() {
            let time = history::minute(found.chat.updated_ms);
            self.line(&words::chat_row(at + 1, &found.chat.title, &time, found.chat.messages));
            if let Some(hit) = &found.hit {
                self.line(hit.excerpt.trim());
            }
        }
        if search.is_empty() && all > chats.len() as u64 {
            self.line(&words::more_chats(chats.len(), all));
        }
        self.asked = Asked::Chat(chats.into_iter().map(|found| found.chat.id).collect());
    }

    fn list_models(&mut self, name: &str) {
        let wanted = name.to_lowercase();
        let current = self.model.providers.target.clone();
        let rows = self.model.providers.rows.iter().filter(|row| row.missing.is_none());
        let models = rows.flat_map(|row| row.models.iter().map(move |model| (row, model)));
        let found: Vec<(Target, String)> = models
            .filter(|(row, model)| {
                let text = format!("{model} {}", row.label).to_lowercase();
                wanted.split_whitespace().all(|word| text.contains(word))
            })
            .map(|(row, model)| (Target { provider: row.name.clone(), model: model.clone() }, row.label.clone()))
            .collect();
        let exact = found.iter().filter(|(target, _)| target.model.to_lowercase() == wanted);
        let only = if found.len() == 1 { found.first() } else { exact.take(1).next() };
        match only {
            Some((target, _)) if !wanted.is_empty() => return self.tell(Msg::TargetChosen(target.clone())),
            None if found.is_empty() => return self.line(words::NO_MODELS),
            Some(_) | None => {}
        }
        for (at, (target, label)) in found.iter().take(MODELS).enumerate() {
            self.line(&words::model_row(at + 1, &target.model, label, *target == current));
        }
        if found.len() > MODELS {
            self.line(&words::more_models(MODELS, found.len()));
        }
        self.asked = Asked::Model(found.into_iter().take(MODELS).map(|(target, _)| target).collect());
    }

    fn ask_again(&mut self) {
        self.tell(Msg::Wanted(Action::Again));
        if self.model.is_again_asked {
            // A whole word was typed: that is no slip of a key.
            self.tell(Msg::KeyPressed(Key::char('r')));
        }
    }

    fn switch_version(&mut self, action: Action) {
        let before = self.model.chat.conversation.head();
        self.tell(Msg::Wanted(action));
        let chat = &self.model.chat.conversation;
        if chat.head() == before {
            return;
        }
        let last = chat.entries.len().saturating_sub(1);
        let version = chat.versioned(last).and_then(|entry| chat.version(&entry.id));
        let mut out = String::new();
        if let Some(version) = version {
            self.view.line(&mut out, &words::version(version.number, version.of));
        }
        self.view.last_answer(&self.model, &mut out);
        self.write(&out);
    }

    fn take_back(&mut self, action: Action) {
        let before = self.model.chat.conversation.head();
        self.tell(Msg::Wanted(action));
        if self.model.chat.conversation.head() != before {
            self.line(if action == Action::Undo { words::UNDONE } else { strings::NOTICE_TURN_REDONE });
        }
    }

    fn list_tools(&mut self) {
        let rows: Vec<String> = self.model.offered_tools().map(tool_row).collect();
        if rows.is_empty() {
            self.line(strings::NO_TOOLS);
        }
        for row in rows {
            self.line(&row);
        }
    }

    /// What was thought and what the tools gave for the last question.
    fn expand(&mut self) {
        let entries = &self.model.chat.conversation.entries;
        let from = entries.iter().rposition(|entry| matches!(entry.body, EntryBody::Question(_))).unwrap_or(0);
        let mut out = String::new();
        for entry in &entries[from..] {
            match &entry.body {
                EntryBody::Answer { message, .. } if !message.reasoning.trim().is_empty() => {
                    self.view.line(&mut out, words::REASONING);
                    self.view.block(&mut out, &message.reasoning);
                }
                EntryBody::ToolResult(result) => {
                    self.view.line(&mut out, &words::tool_gave(&result.name));
                    self.view.block(&mut out, &result.output);
                }
                EntryBody::Answer { .. } | EntryBody::Question(_) => {}
            }
        }
        if out.is_empty() {
            let is_answered = self.model.chat.last_answer().is_some();
            self.view.line(&mut out, if is_answered { words::NOTHING_HIDDEN } else { words::NOTHING_SAID });
        }
        self.write(&out);
    }
}

fn tool_row(tool: &ToolOffer) -> String {
    let state = match tool.decision_here() {
        Decision::Allow => words::RUNS_AT_ONCE,
        Decision::Ask => words::ASKS_FIRST,
        Decision::Deny => words::NEVER_RUNS,
    };
    words::tool_row(&tool.spec.name, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_begins_a_command_and_a_path_or_a_blank_does_not() {
        let of = |line: &'static str| parse(line).map(|(command, rest)| (command, rest.to_owned()));
        assert_eq!(of("/chats tent two"), Some((Command::Known(Action::Chats), "tent two".to_owned())));
        assert_eq!(of("/quti"), Some((Command::Unknown("quti"), String::new())));
        for line in ["/etc/hosts is what?", " /new", "/", "new", ""] {
            assert_eq!(of(line), None, "{line:?}");
        }
    }

    #[test]
    fn every_command_has_a_slash() {
        for action in COMMANDS {
            assert!(action.info().slash.is_some(), "{action:?}");
        }
    }
}
