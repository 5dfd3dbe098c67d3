//! From settings to what the model starts with.

use std::path::Path;
use std::sync::Arc;

use super::session::{Resume, SessionOptions};
use crate::app::{ModelSetup, Panel, PanelWish, ProviderRow, Providers, Target, ToolOffer};
use crate::chat::ConversationId;
use crate::config::choose::choose;
use crate::config::look::{Background, Look};
use crate::config::presets::DEMO;
use crate::config::provider::{KeySource, ProviderSettings};
use crate::config::settings::Settings;
use crate::host::{self, ToolBox};
use crate::provider::Timeouts;
use crate::safe_text::SafeText;
use crate::store::Reader;
use crate::strings;

/// The chat that goes on; an error when it was named and is not there.
pub(crate) fn find_chat(resume: &Resume, data_dir: &Path) -> anyhow::Result<Option<ConversationId>> {
    let mut tell = |sentence: String| host::note(SafeText::line(&sentence).as_str());
    let found = match resume {
        Resume::No => return Ok(None),
        Resume::Newest => Reader::open_migrating(data_dir, &mut tell)?.newest()?,
        Resume::Id(id) => {
            let found = Reader::open_migrating(data_dir, &mut tell)?.find_id(id)?;
            anyhow::ensure!(found.is_some(), strings::no_such_chat(id));
            found
        }
    };
    Ok(found)
}

/// Whether a local server may still change the choice: nothing was named and no key was found.
pub(super) fn wants_probe(settings: &Settings) -> bool {
    settings.provider.is_empty() && choose(settings, &host::variable, None).is_ok_and(|choice| choice.provider == DEMO)
}

/// The providers and the choice among them.
pub(super) fn providers(settings: &Settings, found_local: Option<&str>) -> anyhow::Result<Providers> {
    let choice = choose(settings, &host::variable, found_local).map_err(|why| anyhow::anyhow!(why))?;
    let mut rows: Vec<ProviderRow> = settings.providers.values().map(|row| provider_row(row, found_local)).collect();
    rows.sort_by_key(|row| (row.name != choice.provider, row.missing.is_some(), row.is_demo, row.label.clone()));
    if let Some(row) = rows.iter_mut().find(|row| row.name == choice.provider)
        && !row.models.contains(&choice.model)
    {
        row.models.insert(0, choice.model.clone());
    }
    let target = Target { provider: choice.provider, model: choice.model };
    Ok(Providers { rows, target, reason: choice.reason, is_named: settings.is_named_for_this_run() })
}

fn provider_row(provider: &ProviderSettings, found_local: Option<&str>) -> ProviderRow {
    let mut models = provider.models.clone();
    if !provider.model.is_empty() && !models.contains(&provider.model) {
        models.insert(0, provider.model.clone());
    }
    let is_demo = provider.name == DEMO;
    let note = match &provider.key {
        KeySource::Env(variable) => variable.clone(),
        KeySource::Command(_) => strings::KEY_COMMAND.to_owned(),
        KeySource::Inline(_) => strings::KEY_IN_FILE.to_owned(),
        KeySource::Saved(_) => strings::KEY_SAVED.to_owned(),
        KeySource::Keyring(_) => strings::KEY_IN_KEYRING.to_owned(),
        KeySource::None if is_demo => strings::BUILT_IN.to_owned(),
        KeySource::None if found_local == Some(provider.name.as_str()) => strings::RUNNING_HERE.to_owned(),
        KeySource::None => String::new(),
    };
    let (key_source, key_tail) = host::key_place(&provider.key);
    ProviderRow {
        name: provider.name.clone(),
        label: provider.label.clone(),
        models,
        note,
        missing: provider.missing.clone(),
        trouble: None,
        variable: match &provider.key {
            KeySource::Env(variable) => Some(variable.clone()),
            _ => None,
        },
        takes_key: provider.takes_pasted_key(),
        key_source,
        key_tail,
        host: host::authority(&provider.base_url),
        timeouts: Timeouts {
            connect_ms: provider.connect_ms,
            headers_ms: provider.headers_ms,
            idle_ms: provider.idle_ms,
        },
        is_demo,
    }
}

/// What the model starts with.
pub(crate) fn model(
    options: &SessionOptions,
    tools: &ToolBox,
    resume: Option<ConversationId>,
    size: (u16, u16),
) -> anyhow::Result<ModelSetup> {
    let settings = &options.settings;
    let tools = tools
        .offers
        .iter()
        .map(|offer| ToolOffer {
            spec: offer.tool.spec(),
            about: offer.tool.about(),
            decision: offer.decision,
            is_demo_only: offer.is_demo_only,
            is_allowed_here: false,
        })
        .collect();
    Ok(ModelSetup {
        size,
        keymap: Arc::new(settings.keymap.clone()),
        look: Look {
            background: Background::Unknown,
            is_colourless: settings.no_color,
            has_true_colour: settings.has_true_colour,
            is_still: settings.reduce_motion,
            is_ascii: settings.icons_ascii,
            has_ascii_lines: is_ambiguous_wide(),
            has_clock: settings.timestamps,
            details: settings.details,
        },
        themes: settings.themes.clone(),
        providers: providers(settings, None)?,
        keys_place: host::short_path(options.saved_keys.path()),
        tools,
        system: settings.system.clone(),
        max_rounds: settings.max_rounds,
        retries: settings.retries,
        call_timeout_ms: settings.tool_timeout_ms,
        enter_is_newline: settings.enter_is_newline,
        is_private: options.is_private,
        titles_by_model: options.settings.titles_by_model,
        has_mouse: settings.mouse,
        panel: Panel {
            wish: if settings.panel_closed { PanelWish::Closed } else { PanelWish::Auto },
            selected: None,
            scrolled_up: 0,
        },
        ids: Box::new(host::ids),
        resume,
    })
}

/// Under these locales terminals draw the two lines two columns wide.
fn is_ambiguous_wide() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(host::variable).unwrap_or_default();
    ["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language))
}
