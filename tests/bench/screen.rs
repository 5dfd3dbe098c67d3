//! A screen without a terminal, from facts to the bytes that would be written.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use riffle::agent::{self, Event, Moment, RequestId};
use riffle::app::{Effect, LoadedChat, Model, ModelSetup, Msg, Panel, ProviderRow, Providers, Target};
use riffle::chat::{Conversation, ConversationId, Delta, Draft, Finish, IdSource, StreamEnd};
use riffle::config::key::Key;
use riffle::config::keymap::Keymap;
use riffle::config::look::Look;
use riffle::config::theme::Themes;
use riffle::provider::Timeouts;
use riffle::store::Reader;
use riffle::term::encode::{Encoder, Redraw};
use riffle::ui::{self, Picture, RenderCache};

/// A screen of 120 columns and 40 rows, with the panel open.
pub(crate) struct Screen {
    model: Model,
    cache: RenderCache,
    picture: Picture,
    encoder: Encoder,
    bytes: Vec<u8>,
    now: Moment,
    request: Option<RequestId>,
    load: u64,
}

impl Screen {
    /// A screen that waits for the chat it goes on with.
    pub(crate) fn resuming(id: &ConversationId) -> Result<Self, Box<dyn Error>> {
        let target = Target { provider: "openai".to_owned(), model: "gpt-4o".to_owned() };
        let counter = Arc::new(AtomicU64::new(1));
        let setup = ModelSetup {
            size: (120, 40),
            keymap: Arc::new(Keymap::resolve(&BTreeMap::new()).map_err(|_| "no keys")?),
            look: Look::default(),
            themes: Themes::default(),
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
            ids: Box::new(move || -> Box<dyn IdSource> {
                let counter = Arc::clone(&counter);
                Box::new(move || format!("id{}", counter.fetch_add(1, Ordering::Relaxed)))
            }),
            resume: Some(id.clone()),
        };
        let now = Moment { mono_ms: 1000, unix_ms: 1_700_000_000_000 };
        let (model, effects) = Model::new(setup, now);
        let Some(Effect::LoadChat { load, .. }) = effects.into_iter().next() else {
            return Err("nothing is loaded".into());
        };
        Ok(Self {
            model,
            cache: RenderCache::default(),
            picture: Picture::default(),
            encoder: Encoder::default(),
            bytes: Vec::new(),
            now,
            request: None,
            load,
        })
    }

    /// The chat it waits for is there.
    pub(crate) fn open(&mut self, conversation: Conversation, draft: Draft) {
        let id = conversation.id.clone();
        let loaded = LoadedChat { conversation, updated_ms: 0, draft, at: None };
        self.tell(Msg::ChatLoaded { load: self.load, id, found: Ok(Some(Box::new(loaded))) });
    }

    /// Tells the model a fact, 8 ms after the one before.
    pub(crate) fn tell(&mut self, msg: Msg) {
        self.now.mono_ms += 8;
        self.now.unix_ms += 8;
        for effect in self.model.update(msg, self.now, 0.5) {
            if let Effect::Turn { effect: agent::Effect::StartStream { request, .. }, .. } = effect {
                self.request = Some(request);
            }
        }
    }

    /// Presses a key in its text form.
    pub(crate) fn press(&mut self, key: &str) -> Result<(), Box<dyn Error>> {
        self.tell(Msg::KeyPressed(key.parse::<Key>().map_err(|_| "no such key")?));
        Ok(())
    }

    /// Sends a question.
    pub(crate) fn ask(&mut self, question: &str) {
        self.tell(Msg::Asked(question.to_owned()));
    }

    /// The answer goes on.
    pub(crate) fn text(&mut self, text: &str) {
        self.turn(|request| Event::Delta { request, delta: Delta::Text(text.to_owned()) });
    }

    /// The answer ends.
    pub(crate) fn end(&mut self) {
        let finish = Delta::Finish { finish: Finish::Stop, raw: "stop".to_owned() };
        self.turn(|request| Event::Delta { request, delta: finish });
        self.turn(|request| Event::StreamEnded { request, end: StreamEnd::Complete });
    }

    fn turn(&mut self, event: impl FnOnce(RequestId) -> Event) {
        if let Some(request) = self.request {
            self.tell(Msg::Turn(event(request)));
        }
    }

    /// Lays out, draws and encodes; gives how many bytes would be written.
    pub(crate) fn frame(&mut self) -> usize {
        ui::prepare(&mut self.model, &mut self.cache);
        ui::draw(&self.model, &self.cache, &mut self.picture);
        self.bytes.clear();
        let (rows, links, cursor) = (self.picture.rows(), self.picture.links(), self.picture.cursor());
        self.encoder.frame(rows, links, cursor, Redraw::Changes, &mut self.bytes);
        self.bytes.len()
    }

    /// Whether another frame is to follow.
    pub(crate) fn is_behind(&self) -> bool {
        self.cache.is_behind()
    }

    /// How many lines the chat has, as far as is known.
    pub(crate) fn lines(&self) -> usize {
        self.model.scroll.settled.total
    }
}

/// Reads this chat and draws it.
pub(crate) fn open_and_draw(folder: &Path, id: &ConversationId) -> Result<(), Box<dyn Error>> {
    let mut screen = Screen::resuming(id)?;
    let reader = Reader::open(folder)?;
    let draft = reader.draft(id)?;
    let chat = reader.saved(id)?.ok_or("no chat")?;
    screen.open(chat.into_conversation(), draft);
    screen.frame();
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
