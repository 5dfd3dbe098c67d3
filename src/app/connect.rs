//! The page that connects a provider: a pasted key is tried once by listing the models, and kept only when that worked.

use std::fmt;

use super::effect::Effect;
use super::line_input::LineInput;
use super::model::Model;
use super::msg::NotListed;
use super::overlay::Overlay;
use super::providers::ProviderRow;
use crate::config::key::{Key, KeyCode};
use crate::config::secret::Secret;
use crate::strings;

/// The page. Its `Debug` does not tell the key.
#[derive(Clone)]
pub struct ConnectPage {
    /// The provider's configured name.
    pub provider: String,
    /// As people write it.
    pub label: String,
    /// How far it is.
    pub state: ConnectState,
    /// Once connected, the question that failed is asked again.
    pub asks_again: bool,
    key: LineInput,
}

/// How far connecting is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectState {
    /// A key is awaited.
    Waiting,
    /// The key is being tried; the id of the answer.
    Trying(u64),
    /// It did not work; a sentence.
    Failed(String),
}

impl ConnectPage {
    pub(super) fn new(provider: &ProviderRow) -> Self {
        Self {
            provider: provider.name.clone(),
            label: provider.label.clone(),
            state: ConnectState::Waiting,
            asks_again: false,
            key: LineInput::default(),
        }
    }

    /// The page for another key, with which the question that failed is asked again.
    pub(super) fn to_ask_again(provider: &ProviderRow) -> Self {
        Self { asks_again: true, ..Self::new(provider) }
    }

    /// How many characters the key has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.key.text.chars().count()
    }

    /// The key's last characters, once it is long enough to show them.
    #[must_use]
    pub fn tail(&self) -> Option<String> {
        self.secret().tail()
    }

    pub(super) fn paste(&mut self, text: &str) {
        if !matches!(self.state, ConnectState::Trying(_)) {
            self.state = ConnectState::Waiting;
            self.key.paste(text.trim());
        }
    }

    fn secret(&self) -> Secret {
        Secret::new(self.key.text.clone())
    }
}

impl fmt::Debug for ConnectPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectPage")
            .field("provider", &self.provider)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Model {
    pub(super) fn open_connect(&mut self, page: ConnectPage) -> Vec<Effect> {
        self.overlays.push(Overlay::Connect(page));
        vec![Effect::FindKeyring]
    }

    pub(super) fn on_connect_key(&mut self, key: Key) -> Vec<Effect> {
        let request = self.next_request_id();
        let Some(Overlay::Connect(page)) = self.overlays.last_mut() else { return Vec::new() };
        if matches!(page.state, ConnectState::Trying(_)) {
            return Vec::new();
        }
        if key != Key::plain(KeyCode::Enter) {
            if page.key.key(key) {
                page.state = ConnectState::Waiting;
            }
            return Vec::new();
        }
        let is_header = page.key.text.bytes().all(|byte| byte.is_ascii_graphic());
        if page.key.text.is_empty() {
            return Vec::new();
        }
        if !is_header {
            page.state = ConnectState::Failed(strings::NO_KEY.to_owned());
            return Vec::new();
        }
        page.state = ConnectState::Trying(request);
        vec![Effect::TryKey { request, provider: page.provider.clone(), key: page.secret() }]
    }

    /// A key was tried; `found`: the models, or why it did not work. Whoever left the page does not want it any more.
    pub(super) fn on_key_tried(&mut self, request: u64, found: Result<Vec<String>, String>) -> Vec<Effect> {
        let is_asked = |overlay: &Overlay| matches!(overlay, Overlay::Connect(page) if page.state == ConnectState::Trying(request));
        let Some(at) = self.overlays.iter().position(is_asked) else { return Vec::new() };
        let Overlay::Connect(page) = &mut self.overlays[at] else { return Vec::new() };
        let models = match found {
            Ok(models) => models,
            Err(why) => {
                page.state = ConnectState::Failed(why);
                page.key = LineInput::default();
                return Vec::new();
            }
        };
        let (provider, label, key) = (page.provider.clone(), page.label.clone(), page.secret());
        let asks_again = page.asks_again;
        let is_shadowed = |row: &&ProviderRow| row.name == provider && row.missing.is_none();
        let shadow = self.providers.rows.iter().find(is_shadowed).and_then(|row| row.variable.clone());
        self.overlays.remove(at);
        if let Some(row) = self.providers.rows.iter_mut().find(|row| row.name == provider) {
            let is_kept = self.has_keyring;
            row.note = if is_kept { strings::KEY_IN_KEYRING } else { strings::KEY_SAVED }.to_owned();
            row.key_source = Some(if is_kept { strings::KEYRING.to_owned() } else { self.keys_place.clone() });
            row.key_tail = key.tail();
            row.learn(Ok(models));
        }
        if let Some(Overlay::Models(list)) = self.overlays.last_mut() {
            list.input.text.clone_from(&label);
            list.selected = 0;
        }
        self.notify(strings::notice_connected(&label));
        let mut effects = vec![Effect::SaveKey { provider, key, to_keyring: self.has_keyring }];
        if asks_again {
            effects.extend(self.try_again());
        }
        if let Some(variable) = shadow {
            self.notify(strings::notice_key_shadowed(&variable));
        }
        effects
    }

    /// A provider was asked which models it has; the selected row stays selected.
    pub(super) fn on_models_listed(&mut self, provider: &str, found: Result<Vec<String>, NotListed>) {
        let selected = match self.overlays.last() {
            Some(Overlay::Models(list)) => list.selected_id(&self.providers.rows, &self.providers.target),
            _ => None,
        };
        if let Some(row) = self.providers.rows.iter_mut().find(|row| row.name == provider) {
            row.learn(found);
        }
        if let (Some(id), Some(Overlay::Models(list))) = (selected, self.overlays.last_mut()) {
            list.select_id(&id, &self.providers.rows, &self.providers.target);
        }
    }
}
