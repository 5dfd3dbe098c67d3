//! The list of models: every provider with its state, so that it also answers "why is mine not here".

use super::line_input::LineInput;
use super::providers::{ProviderRow, Target};

/// Which row is meant, while others come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowId {
    Model(Target),
    NotConnected(String),
}

/// The model list.
#[derive(Clone, Debug, Default)]
pub struct ModelList {
    /// The filter.
    pub input: LineInput,
    /// The row the next Enter takes.
    pub selected: usize,
    /// The chosen model answers the last question.
    pub asks_again: bool,
}

/// A row of it.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelRow<'a> {
    /// A model that can be asked.
    Model {
        /// Whom to ask.
        target: Target,
        /// Its provider.
        provider: &'a ProviderRow,
    },
    /// A provider that has to be connected first.
    NotConnected {
        /// The provider.
        provider: &'a ProviderRow,
        /// What to do.
        hint: &'a str,
    },
}

impl ModelList {
    /// The rows that match: connected models first, then providers that are not connected. A filter that fits no known
    /// model is offered as a model of the current provider, since no list is complete.
    #[must_use]
    pub fn rows<'a>(&self, providers: &'a [ProviderRow], current: &Target) -> Vec<ModelRow<'a>> {
        let query = self.input.text.trim().to_lowercase();
        let hits = |model: &str, provider: &ProviderRow| {
            query.split_whitespace().all(|word| {
                model.to_lowercase().contains(word)
                    || provider.label.to_lowercase().contains(word)
                    || provider.name.contains(word)
            })
        };
        let mut rows = Vec::new();
        for provider in providers.iter().filter(|provider| provider.missing.is_none()) {
            for model in provider.models.iter().filter(|model| hits(model, provider)) {
                let target = Target { provider: provider.name.clone(), model: model.clone() };
                rows.push(ModelRow::Model { target, provider });
            }
        }
        rows.sort_by_key(|row| !matches!(row, ModelRow::Model { target, .. } if target == current));
        if rows.is_empty()
            && !query.is_empty()
            && let Some(provider) =
                providers.iter().find(|provider| provider.name == current.provider && !provider.is_demo)
        {
            let model = self.input.text.trim().to_owned();
            rows.push(ModelRow::Model { target: Target { provider: provider.name.clone(), model }, provider });
        }
        for provider in providers {
            if let Some(hint) = provider.missing.as_deref().filter(|_| hits("", provider)) {
                rows.push(ModelRow::NotConnected { provider, hint });
            }
        }
        rows
    }

    pub(super) fn selected_id(&self, providers: &[ProviderRow], current: &Target) -> Option<RowId> {
        self.rows(providers, current).get(self.selected).map(ModelRow::id)
    }

    pub(super) fn select_id(&mut self, id: &RowId, providers: &[ProviderRow], current: &Target) {
        if let Some(at) = self.rows(providers, current).iter().position(|row| row.id() == *id) {
            self.selected = at;
        }
    }
}

impl<'a> ModelRow<'a> {
    /// Whose row it is.
    #[must_use]
    pub fn provider(&self) -> &'a ProviderRow {
        match self {
            Self::Model { provider, .. } | Self::NotConnected { provider, .. } => provider,
        }
    }

    fn id(&self) -> RowId {
        match self {
            Self::Model { target, .. } => RowId::Model(target.clone()),
            Self::NotConnected { provider, .. } => RowId::NotConnected(provider.name.clone()),
        }
    }
}
