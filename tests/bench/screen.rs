//! A screen without a terminal: what a chat costs from its reading to its first frame.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use riffle::agent::Moment;
use riffle::app::{Effect, LoadedChat, Model, ModelSetup, Msg, Panel, ProviderRow, Providers, Target};
use riffle::chat::{ConversationId, IdSource};
use riffle::config::keymap::Keymap;
use riffle::config::look::Look;
use riffle::provider::Timeouts;
use riffle::store::Reader;
use riffle::ui::{self, Picture, RenderCache};

/// Reads this chat and draws it on a screen of 120 columns and 40 rows.
pub(crate) fn open_and_draw(folder: &Path, id: &ConversationId) -> Result<(), Box<dyn Error>> {
    let target = Target { provider: "openai".to_owned(), model: "gpt-4o".to_owned() };
    let setup = ModelSetup {
        size: (120, 40),
        keymap: Arc::new(Keymap::resolve(&BTreeMap::new()).map_err(|_| "no keys")?),
        look: Look::default(),
        themes: riffle::config::theme::Themes::default(),
        providers: Providers { rows: vec![provider()], target, reason: String::new(), is_named: true },
        keys_place: String::new(),
        tools: Vec::new(),
        system: String::new(),
        max_rounds: 25,
        retries: 3,
        call_timeout_ms: 60_000,
        enter_is_newline: false,
        is_private: false,
        titles_by_model: false,
        has_mouse: false,
        panel: Panel::default(),
        ids: Box::new(|| -> Box<dyn IdSource> { Box::new(|| "id".to_owned()) }),
        resume: Some(id.clone()),
    };
    let now = Moment { mono_ms: 1000, unix_ms: 1_700_000_000_000 };
    let (mut model, effects) = Model::new(setup, now);
    let Some(Effect::LoadChat { load, .. }) = effects.into_iter().next() else {
        return Err("nothing is loaded".into());
    };
    let reader = Reader::open(folder)?;
    let draft = reader.draft(id)?;
    let chat = reader.saved(id)?.ok_or("no chat")?;
    let updated_ms = chat.updated_ms;
    let loaded = LoadedChat { conversation: chat.into_conversation(), updated_ms, draft, at: None };
    model.update(Msg::ChatLoaded { load, id: id.clone(), found: Ok(Some(Box::new(loaded))) }, now, 0.5);
    let (mut cache, mut picture) = (RenderCache::default(), Picture::default());
    ui::prepare(&mut model, &mut cache);
    ui::draw(&model, &cache, &mut picture);
    Ok(())
}

fn provider() -> ProviderRow {
    ProviderRow {
        name: "openai".to_owned(),
        label: "OpenAI".to_owned(),
        models: vec!["gpt-4o".to_owned()],
        note: String::new(),
        missing: None,
        trouble: None,
        variable: None,
        takes_key: false,
        key_source: None,
        key_tail: None,
        host: "localhost".to_owned(),
        timeouts: Timeouts::default(),
        is_demo: false,
    }
}
