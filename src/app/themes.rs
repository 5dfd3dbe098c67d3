//! Trying themes: the screen has the selected one while the list is open, and the chosen one otherwise, so that leaving
//! the list leaves nothing to be undone.

use super::effect::Effect;
use super::model::Model;
use super::overlay::Overlay;
use crate::config::key::{Key, KeyCode};
use crate::config::theme::NamedTheme;
use crate::strings;

/// The list of themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThemeList {
    /// The row on which the list stands.
    pub selected: usize,
}

impl Model {
    /// The theme of the screen as it is now.
    #[must_use]
    pub fn theme(&self) -> &NamedTheme {
        let tried = match self.overlays.last() {
            Some(Overlay::Themes(list)) => self.themes.all.get(list.selected),
            _ => None,
        };
        tried.unwrap_or_else(|| self.themes.current())
    }

    pub(super) fn open_themes(&mut self) -> Vec<Effect> {
        self.overlays.push(Overlay::Themes(ThemeList { selected: self.themes.chosen }));
        Vec::new()
    }

    pub(super) fn on_theme_list_key(&mut self, key: Key) -> Vec<Effect> {
        match key.code {
            KeyCode::Enter => {
                self.themes.chosen = self.themes.all.iter().position(|theme| theme == self.theme()).unwrap_or(0);
                self.overlays.pop();
                let name = self.theme().name.clone();
                self.notify(strings::notice_theme(&name));
            }
            KeyCode::Up | KeyCode::Char('k') => self.select_theme(-1),
            KeyCode::Down | KeyCode::Char('j') => self.select_theme(1),
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn select_theme(&mut self, by: i64) {
        let last = self.themes.all.len().saturating_sub(1);
        if let Some(Overlay::Themes(list)) = self.overlays.last_mut() {
            list.selected = usize::try_from(list.selected as i64 + by).unwrap_or(0).min(last);
        }
    }
}
