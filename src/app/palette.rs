//! The command palette and the slash commands: one list, filtered by what is typed.

use super::line_input::LineInput;
use crate::config::action::{ACTIONS, Action, ActionInfo};

/// The palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What was typed, without the slash.
    pub input: LineInput,
    /// Opened by a slash on an empty prompt: a second slash, a blank or no match makes it text.
    pub is_slash: bool,
    /// The row the next Enter runs.
    pub selected: usize,
}

impl Palette {
    /// The actions that match, best first: those whose slash command or name begins with the words, then those that
    /// hold all of them.
    #[must_use]
    pub fn matches(&self) -> Vec<&'static ActionInfo> {
        if self.number().is_some() {
            return vec![Action::Copy.info()];
        }
        let query = self.input.text.to_lowercase();
        let mut found: Vec<(u8, &ActionInfo)> = ACTIONS
            .iter()
            .filter(|info| info.leader.is_some() || info.slash.is_some())
            .filter(|info| !self.is_slash || info.slash.is_some())
            .filter_map(|info| rank(info, &query).map(|rank| (rank, info)))
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, info)| info).collect()
    }

    /// The number behind `copy`, as in `/copy 2`.
    #[must_use]
    pub fn number(&self) -> Option<usize> {
        let (name, number) = self.input.text.split_once(' ')?;
        number.trim().parse().ok().filter(|_| Action::Copy.info().slash == Some(name))
    }
}

fn rank(info: &ActionInfo, query: &str) -> Option<u8> {
    let title = info.title.to_lowercase();
    if info.slash.is_some_and(|slash| slash.starts_with(query)) || title.starts_with(query) {
        return Some(0);
    }
    query.split_whitespace().all(|word| title.contains(word) || info.id.contains(word)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_find_actions_and_slash_only_those_with_a_command() {
        let palette =
            |text: &str, is_slash| Palette { input: LineInput { text: text.to_owned() }, is_slash, selected: 0 };
        let ids = |p: Palette| p.matches().iter().map(|info| info.id).collect::<Vec<_>>();
        assert_eq!(ids(palette("saved", false)), ["chats", "private"]);
        assert_eq!(ids(palette("mo", true)), ["model", "mouse"]);
        assert_eq!(ids(palette("copy 2", true)), ["copy"]);
        assert_eq!((palette("copy 2", true).number(), palette("copy two", true).number()), (Some(2), None));
        assert_eq!(ids(palette("etc", true)), Vec::<&str>::new());
    }
}
