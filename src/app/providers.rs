//! The providers and tools a chat may use, as the screen needs to know them.

use super::msg::NotListed;
use crate::chat::ToolSpec;
use crate::provider::Timeouts;
use crate::strings;
use crate::strings::failure::Culprit;
use crate::tools::policy::Decision;

/// Providers, tools and the choice among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Providers {
    /// Every provider known.
    pub rows: Vec<ProviderRow>,
    /// Whom the next question goes to.
    pub target: Target,
    /// Why this one, as shown on the first screen; empty for the demo.
    pub reason: String,
    /// It was named for this run: a saved chat does not bring its own.
    pub is_named: bool,
}

impl Providers {
    /// The provider that is asked next.
    #[must_use]
    pub fn current(&self) -> Option<&ProviderRow> {
        self.row(&self.target.provider)
    }

    /// Who is to blame for a failure, for words about it.
    #[must_use]
    pub fn culprit(&self, asked: &Target) -> Culprit {
        let name = asked.provider.clone();
        let Some(row) = self.row(&asked.provider) else {
            return Culprit { label: name.clone(), name, model: asked.model.clone(), ..Culprit::default() };
        };
        Culprit {
            name,
            label: row.label.clone(),
            model: asked.model.clone(),
            host: row.host.clone(),
            key_source: row.key_source.clone(),
            key_tail: row.key_tail.clone(),
            has_key: row.key_source.is_some() && row.missing.is_none(),
        }
    }

    /// The provider of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&ProviderRow> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// A provider of the model list.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderRow {
    /// Its configured name.
    pub name: String,
    /// As people write it.
    pub label: String,
    /// Its models, the default one first.
    pub models: Vec<String>,
    /// How it is connected: the variable of its key, `running here`, `built in`.
    pub note: String,
    /// What to do to connect it; `None` when it is.
    pub missing: Option<String>,
    /// The variable that its key is read from, where it is from one.
    pub variable: Option<String>,
    /// A key can be pasted for it.
    pub takes_key: bool,
    /// What went wrong when it was asked for its models.
    pub trouble: Option<String>,
    /// Where the key was read from, for a key that is not accepted.
    pub key_source: Option<String>,
    /// The key's last characters.
    pub key_tail: Option<String>,
    /// The host that is asked.
    pub host: String,
    /// After how long it is given up.
    pub timeouts: Timeouts,
    /// The scripted demo.
    pub is_demo: bool,
}

impl ProviderRow {
    /// Takes what came of asking it for its models.
    pub fn learn(&mut self, found: Result<Vec<String>, NotListed>) {
        (self.missing, self.trouble) = (None, None);
        match found {
            Ok(models) => {
                if self.note.is_empty() && ["127.", "localhost", "[::1]"].iter().any(|here| self.host.starts_with(here))
                {
                    self.note = strings::RUNNING_HERE.to_owned();
                }
                self.offer(models);
            }
            Err(NotListed::NotRunning(hint)) => self.missing = Some(hint),
            Err(NotListed::Failed(why)) => self.trouble = Some(why),
        }
    }

    /// Takes the models it listed, the default one first where it is among them or nothing was listed.
    fn offer(&mut self, listed: Vec<String>) {
        if listed.is_empty() {
            return;
        }
        let first = self.models.first().filter(|model| listed.contains(model)).cloned();
        self.models =
            first.iter().cloned().chain(listed.into_iter().filter(|model| Some(model) != first.as_ref())).collect();
    }
}

/// A tool and who may use it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOffer {
    /// What the model is told.
    pub spec: ToolSpec,
    /// What it is, for the approval.
    pub about: String,
    /// Whether it runs, asks or is refused.
    pub decision: Decision,
    /// Offered to the demo provider only.
    pub is_demo_only: bool,
    /// A person allowed it for the rest of this chat.
    pub is_allowed_here: bool,
}

impl ToolOffer {
    /// What is decided about its next call.
    #[must_use]
    pub fn decision_here(&self) -> Decision {
        if self.is_allowed_here { Decision::Allow } else { self.decision }
    }
}

/// Whom the next question goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The provider's configured name.
    pub provider: String,
    /// The model.
    pub model: String,
}
