//! Keys and stream in, screen out: the real model and the real drawing, with the network, the tools, the history and the
//! clock in the test's hands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use riffle::agent::{self, CallId, CallOutcome, Event, Moment, RequestId};
use riffle::app::{
    ChatList, Effect, Model, ModelSetup, Msg, Panel, ProviderRow, Providers, Target, ToolOffer, WireFound, WireSheet,
};
use riffle::chat::{
    ChatError, Conversation, ConversationId, Delta, Finish, Message, StreamEnd, ToolCallFragment, ToolStatus, Usage,
};
use riffle::config::keymap::Keymap;
use riffle::config::look::{Background, Look};
use riffle::provider::Timeouts;
use riffle::provider::recording::{Choice, Found, RecentResponses};
use riffle::store::{ChatRow, CommittedWhat, Record, StoreEvent};
use riffle::tools::Registry;
use riffle::tools::policy::{Host, Policy};
use riffle::ui::{self, Picture, RenderCache};

/// A screen under test.
pub struct Screen {
    pub model: Model,
    cache: RenderCache,
    picture: Picture,
    now: Moment,
    /// Everything asked of the outside world, in order.
    pub effects: Vec<Effect>,
    /// The request whose answer streams now, with what it sent.
    pub request: Option<(RequestId, Vec<Message>)>,
    /// Calls whose tools run.
    pub running: Vec<CallId>,
    /// Whether commits return at once.
    pub commits: bool,
    /// The saved chats.
    pub saved: Vec<Conversation>,
    /// The responses kept in memory.
    pub recent: RecentResponses,
    /// Whether readings of them are answered at once.
    pub reads: bool,
}

pub fn provider(name: &str, is_demo: bool) -> ProviderRow {
    ProviderRow {
        name: name.to_owned(),
        label: if is_demo { "Demo".to_owned() } else { "OpenAI".to_owned() },
        models: vec![if is_demo { "outdoor-demo".to_owned() } else { "gpt-4o-mini".to_owned() }],
        note: if is_demo { "built in, needs no key".to_owned() } else { "OPENAI_API_KEY".to_owned() },
        missing: None,
        trouble: None,
        variable: (!is_demo).then(|| "OPENAI_API_KEY".to_owned()),
        takes_key: false,
        key_source: (!is_demo).then(|| "OPENAI_API_KEY".to_owned()),
        key_tail: (!is_demo).then(|| "x7Qa".to_owned()),
        host: "api.openai.com".to_owned(),
        timeouts: Timeouts::default(),
        is_demo,
    }
}

fn gear() -> Vec<ToolOffer> {
    let mut registry = Registry::default();
    registry.add_outdoor_gear(Duration::ZERO);
    let policy = Policy::new(&BTreeMap::new(), &[]);
    registry
        .tools()
        .iter()
        .map(|tool| ToolOffer {
            spec: tool.spec(),
            about: tool.about(),
            decision: policy.decide(&tool.spec().name, tool.origin(), Host::Screen),
            is_demo_only: true,
            is_allowed_here: false,
        })
        .collect()
}

impl Screen {
    /// The demo, freshly started, on a screen of this size.
    pub fn demo(columns: u16, rows: u16) -> Self {
        Self::start(columns, rows, "demo")
    }

    /// A chat with `gpt-4o-mini`, no tools.
    pub fn openai(columns: u16, rows: u16) -> Self {
        Self::start(columns, rows, "openai")
    }

    fn start(columns: u16, rows: u16, chosen: &str) -> Self {
        let counter = Arc::new(AtomicU64::new(1));
        let rows_of = vec![provider("demo", true), provider("openai", false)];
        let target = rows_of.iter().find(|row| row.name == chosen).unwrap();
        let target = Target { provider: chosen.to_owned(), model: target.models[0].clone() };
        let reason = if chosen == "demo" {
            String::new()
        } else {
            "Using OpenAI, because OPENAI_API_KEY is set. Ctrl+X m to change.".to_owned()
        };
        let setup = ModelSetup {
            size: (columns, rows),
            keymap: Arc::new(Keymap::resolve(&BTreeMap::new()).unwrap()),
            look: Look { background: Background::Dark, ..Look::default() },
            providers: Providers { rows: rows_of, target, reason, is_named: false },
            keys_place: "~/.config/riffle/keys.toml".to_owned(),
            tools: gear(),
            system: String::new(),
            max_rounds: 25,
            retries: 3,
            call_timeout_ms: 60_000,
            enter_is_newline: false,
            is_private: false,
            panel: Panel::default(),
            ids: Box::new(move || {
                let counter = counter.clone();
                Box::new(move || format!("id{}", counter.fetch_add(1, Ordering::Relaxed)))
            }),
            resume: None,
        };
        let now = Moment { mono_ms: 10_000, unix_ms: 1_700_000_000_000 };
        let (model, effects) = Model::new(setup, now);
        let mut screen = Self {
            model,
            cache: RenderCache::default(),
            picture: Picture::default(),
            now,
            effects: Vec::new(),
            request: None,
            running: Vec::new(),
            commits: true,
            saved: Vec::new(),
            recent: RecentResponses::default(),
            reads: true,
        };
        screen.take(effects);
        screen
    }

    /// Tells the model a fact and does the work it asks for.
    pub fn tell(&mut self, msg: Msg) {
        let effects = self.model.update(msg, self.now, 0.5);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.effects.push(effect.clone());
            match effect {
                Effect::Append(record) => self.commit(&record),
                Effect::Turn { effect, .. } => match effect {
                    agent::Effect::StartStream { request, messages } => self.request = Some((request, messages)),
                    agent::Effect::RunTool { call, .. } => {
                        self.running.push(call);
                        self.tell(Msg::Turn(Event::CallStarted { call }));
                    }
                    agent::Effect::CancelTool { call } => self.running.retain(|running| *running != call),
                    _ => {}
                },
                Effect::ListChats { search, query } => {
                    let rows = self.rows(&query);
                    let total = self.saved.len() as u64;
                    self.tell(Msg::ChatsListed { search, found: Ok(ChatList { rows, total, took_ms: 1 }) });
                }
                Effect::LoadChat { load, id } => {
                    let found = self.saved.iter().find(|chat| chat.id == id).cloned().map(Box::new);
                    self.tell(Msg::ChatLoaded { load, id, found: Ok(found) });
                }
                Effect::ReadStream { request, choice, known } if self.reads => {
                    let found = self.read(choice, known);
                    self.tell(Msg::StreamRead { request, found, took_ms: 1 });
                }
                Effect::ReadStream { .. }
                | Effect::SaveStream { .. }
                | Effect::ListModels
                | Effect::FindKeyring
                | Effect::TryKey { .. }
                | Effect::SaveKey { .. }
                | Effect::Redraw
                | Effect::Suspend
                | Effect::Quit => {}
            }
        }
    }

    /// What the shell would read.
    pub fn read(&self, choice: Choice, known: Option<(u64, u64)>) -> WireFound {
        match self.recent.find(choice, known) {
            Found::Nothing => WireFound::Nothing,
            Found::Unchanged => WireFound::Unchanged,
            Found::Chosen(chosen) => WireFound::Sheet(Arc::new(WireSheet::new(*chosen))),
        }
    }

    fn commit(&mut self, record: &Record) {
        if let Record::Deleted { conversation, .. } = record {
            self.saved.retain(|chat| chat.id != *conversation);
        }
        if let (Record::Question { message, .. }, true) = (record, self.commits) {
            self.tell(Msg::Store(StoreEvent::Committed(CommittedWhat::Question(message.clone()))));
        }
    }

    fn rows(&self, query: &str) -> Vec<ChatRow> {
        let row = |chat: &Conversation| ChatRow {
            id: chat.id.clone(),
            title: chat.title.clone(),
            created_ms: self.now.unix_ms - 86_400_000 * 30,
            updated_ms: self.now.unix_ms - 86_400_000 * 30,
            messages: chat.entries.len() as u32,
            provider: "demo".to_owned(),
            model: "outdoor-demo".to_owned(),
        };
        self.saved.iter().map(row).filter(|row| row.title.to_lowercase().contains(query)).collect()
    }

    /// Puts a chat of one question and one answer into the history.
    pub fn save(&mut self, id: &str, title: &str, answer: &str) {
        let mut made = Self::demo(80, 24);
        made.ask(title);
        made.text(answer);
        made.end(Finish::Stop);
        let mut conversation = made.model.chat.conversation.clone();
        conversation.id = ConversationId::from(id);
        self.saved.push(conversation);
    }

    /// Lets time pass.
    pub fn wait(&mut self, ms: u64) {
        self.now.mono_ms += ms;
        self.now.unix_ms += ms as i64;
        self.tell(Msg::Ticked);
    }

    /// Presses keys in their text form, separated by blanks, a second apart so that none is typing.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.wait(1000);
            self.tell(Msg::KeyPressed(key.parse().unwrap()));
        }
    }

    /// Types text as fast as people do.
    pub fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            self.wait(60);
            self.tell(Msg::KeyPressed(riffle::config::key::Key::char(c)));
        }
    }

    /// Types a question and sends it.
    pub fn ask(&mut self, question: &str) {
        self.type_text(question);
        self.press("enter");
    }

    /// The running stream brings this.
    pub fn delta(&mut self, delta: Delta) {
        let request = self.request.as_ref().unwrap().0;
        self.tell(Msg::Turn(Event::Delta { request, delta }));
    }

    /// The running stream brings text.
    pub fn text(&mut self, text: &str) {
        self.delta(Delta::Text(text.to_owned()));
    }

    /// The running stream brings a call's name and the beginning of its arguments.
    pub fn call(&mut self, index: u64, name: &str, arguments: &str) {
        self.delta(Delta::ToolCall(ToolCallFragment {
            index: Some(index),
            id: (!name.is_empty()).then(|| format!("call_{index}")),
            name: (!name.is_empty()).then(|| name.to_owned()),
            arguments: Some(arguments.to_owned()),
            ..ToolCallFragment::default()
        }));
    }

    /// The running stream ends well.
    pub fn end(&mut self, finish: Finish) {
        self.delta(Delta::Usage(Usage { input: 1234, output: 58, details: None }));
        self.delta(Delta::Finish { finish, raw: finish.as_str().to_owned() });
        let request = self.request.as_ref().unwrap().0;
        self.tell(Msg::Turn(Event::StreamEnded { request, end: StreamEnd::Complete }));
    }

    /// The running stream fails.
    pub fn fail(&mut self, error: ChatError, is_cut: bool) {
        let request = self.request.as_ref().unwrap().0;
        self.tell(Msg::Turn(Event::StreamEnded { request, end: StreamEnd::Failed { error, is_cut } }));
    }

    /// The first running tool answers.
    pub fn tool_done(&mut self, output: &str) {
        let call = self.running.remove(0);
        let outcome = CallOutcome { status: ToolStatus::Done, output: output.to_owned() };
        self.tell(Msg::Turn(Event::CallFinished { call, outcome }));
    }

    /// What is on the screen, rows without trailing blanks.
    pub fn screen(&mut self) -> String {
        ui::prepare(&mut self.model, &mut self.cache);
        ui::draw(&self.model, &self.cache, &mut self.picture);
        let buffer = self.picture.buffer();
        let width = buffer.area.width as usize;
        let rows = buffer.content.chunks(width.max(1)).map(|row| {
            let mut line = String::new();
            let mut skip = 0;
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                line.push_str(cell.symbol());
                skip = riffle::safe_text::width(cell.symbol()).saturating_sub(1);
            }
            line.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Panics with the screen when the words are not on it.
    pub fn expect(&mut self, words: &str) {
        let screen = self.screen();
        assert!(screen.contains(words), "not on the screen: {words}\n{screen}");
    }

    /// Panics with the screen when the words are on it.
    pub fn never(&mut self, words: &str) {
        let screen = self.screen();
        assert!(!screen.contains(words), "on the screen: {words}\n{screen}");
    }

    /// Records appended so far.
    pub fn records(&self) -> Vec<&Record> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Append(record) => Some(record),
                _ => None,
            })
            .collect()
    }
}
