//! Keys and stream in, screen out: the real model and the real drawing, with the network, the tools, the history and the
//! clock in the test's hands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ratatui::buffer::Cell;
use ratatui::style::Color;
use riffle::agent::{self, CallId, CallOutcome, Event, Moment, RequestId};
use riffle::app::{
    ChatList, Effect, Focus, LoadedChat, Model, ModelSetup, MouseDeed, MouseMsg, Msg, Panel, ProviderRow, Providers,
    Target, ToolOffer, WireFound, WireSheet,
};
use riffle::chat::{
    ChatError, Conversation, ConversationId, Delta, Finish, Head, Message, MessageId, Record, SavedChat, StreamEnd,
    ToolCallFragment, ToolStatus, Usage,
};
use riffle::config::keymap::Keymap;
use riffle::config::look::{Background, Look};
use riffle::config::retention::Retention;
use riffle::config::theme::Themes;
use riffle::provider::Timeouts;
use riffle::provider::recording::{Choice, Found, RecentResponses};
use riffle::store::{CommittedWhat, Now, Order, Query, Reader, StoreEvent, StoreOptions, Writer};
use riffle::tools::Registry;
use riffle::tools::policy::{Host, Policy};
use riffle::ui::{self, Picture, RenderCache};
use tempfile::TempDir;

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
    /// Chats saved before; they are in the history from the first reading on.
    pub saved: Vec<SavedChat>,
    /// What was recorded and is not in the history yet.
    recorded: Vec<Record>,
    history: Option<History>,
    /// The responses kept in memory.
    pub recent: RecentResponses,
    /// Selections that were copied, as text.
    pub selected: Vec<String>,
    /// Whether readings of them and of chats are answered at once.
    pub reads: bool,
    /// Whether lists of chats are answered at once.
    pub lists: bool,
}

/// A real history in a folder of its own, made when it is first read.
struct History {
    folder: TempDir,
    writer: Writer,
}

impl History {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options =
            StoreOptions { folder: folder.path().to_owned(), ack_trace: None, retention: Retention::default() };
        let writer = Writer::open(options, Box::new(|_| ())).unwrap();
        Self { folder, writer }
    }

    /// Reads after everything that was said is committed and searched.
    fn reader(&self) -> Reader {
        let committed = self.writer.barrier();
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(committed));
        });
        Reader::open(self.folder.path()).unwrap()
    }
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
        Self::start(columns, rows, "demo", 1, None)
    }

    /// A chat with `gpt-4o-mini`, no tools.
    pub fn openai(columns: u16, rows: u16) -> Self {
        Self::start(columns, rows, "openai", 1, None)
    }

    /// A start that goes on with this chat, which is not read yet.
    pub fn resuming(id: &str) -> Self {
        Self::start(80, 24, "openai", 1000, Some(ConversationId::from(id)))
    }

    fn start(columns: u16, rows: u16, chosen: &str, first_id: u64, resume: Option<ConversationId>) -> Self {
        let reads = resume.is_none();
        let counter = Arc::new(AtomicU64::new(first_id));
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
            themes: Themes::default(),
            providers: Providers { rows: rows_of, target, reason, is_named: false },
            keys_place: "~/.config/riffle/keys.toml".to_owned(),
            tools: gear(),
            system: String::new(),
            max_rounds: 25,
            retries: 3,
            call_timeout_ms: 60_000,
            enter_is_newline: false,
            is_private: false,
            titles_by_model: false,
            has_mouse: true,
            panel: Panel::default(),
            ids: Box::new(move || {
                let counter = counter.clone();
                Box::new(move || format!("id{}", counter.fetch_add(1, Ordering::Relaxed)))
            }),
            resume,
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
            recorded: Vec::new(),
            history: None,
            recent: RecentResponses::default(),
            selected: Vec::new(),
            reads,
            lists: true,
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
                Effect::ListChats { search, query, order, limit, .. } if self.lists => {
                    let list = self.list(&query, order, limit);
                    self.tell(Msg::ChatsListed { search, found: Ok(Box::new(list)) });
                }
                Effect::LoadChat { load, id, at } if self.reads => {
                    let found = self.load(&id, at).map(Box::new);
                    self.tell(Msg::ChatLoaded { load, id, found: Ok(found) });
                }
                Effect::CopySelection { selection, .. } => {
                    let text = ui::selected_text(&self.model, &mut self.cache, &selection);
                    self.selected.push(text);
                }
                Effect::LookForOthers { id } => {
                    if let Some(chat) = self.read_history().saved(&id).unwrap() {
                        self.tell(Msg::OthersFound { id, entries: chat.entries });
                    }
                }
                Effect::ReadStream { request, choice, known } if self.reads => {
                    let found = self.read(choice, known);
                    self.tell(Msg::StreamRead { request, found, took_ms: 1 });
                }
                Effect::FindDraft
                | Effect::ListChats { .. }
                | Effect::LoadChat { .. }
                | Effect::ReadStream { .. }
                | Effect::Export { .. }
                | Effect::MakeTitle { .. }
                | Effect::SaveStream { .. }
                | Effect::ListModels
                | Effect::FindKeyring
                | Effect::TryKey { .. }
                | Effect::SaveKey { .. }
                | Effect::Copy(_)
                | Effect::SetMouse(_)
                | Effect::Open(_)
                | Effect::WarmUp { .. }
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
        self.recorded.push(record.clone());
        if !self.commits {
            return;
        }
        let what = match record {
            Record::Question { message, .. } => CommittedWhat::Question(message.clone()),
            Record::Deleted { conversation, .. } => CommittedWhat::Deleted(conversation.clone()),
            Record::Restored { conversation } => CommittedWhat::Restored(conversation.clone()),
            Record::Renamed { conversation, .. } => CommittedWhat::Renamed(conversation.clone()),
            Record::Pinned { conversation, .. }
            | Record::Archived { conversation, .. }
            | Record::Tagged { conversation, .. } => CommittedWhat::Changed(conversation.clone()),
            Record::HeadMoved { conversation, head } => CommittedWhat::HeadMoved(conversation.clone(), head.clone()),
            Record::Added(chat) => CommittedWhat::Changed(chat.id.clone()),
            _ => return,
        };
        self.tell(Msg::Store(StoreEvent::Committed(what)));
    }

    /// The history with everything that was recorded.
    pub fn read_history(&mut self) -> Reader {
        let history = self.history.get_or_insert_with(History::begin);
        let saved = self.saved.drain(..).map(|chat| Record::Added(Box::new(chat)));
        for record in saved.chain(self.recorded.drain(..)) {
            history.writer.append(record);
        }
        let reader = history.reader();
        // What was added as a whole is searched a moment later.
        let everything = Query::default();
        while reader.find(&everything, Order::Time, 1).unwrap().unindexed > 0 {
            std::thread::yield_now();
        }
        reader
    }

    /// Another instance writes this.
    pub fn write(&mut self, record: Record) {
        self.read_history();
        if let Some(history) = &self.history {
            history.writer.append(record);
        }
    }

    fn parse(&self, query: &str) -> Query {
        let day = 86_400_000;
        let now = self.now.unix_ms;
        let day_start = |days: i64| Some(now - now % day - days * day);
        Query::parse(query, &Now { unix_ms: now, day_start: &day_start, date_start: &|_| None })
    }

    /// The program is killed, and started anew on the same history.
    pub fn restarted(mut self) -> Self {
        self.read_history();
        let mut later = Self::start(self.model.size.0, self.model.size.1, "openai", 1000, None);
        later.history = self.history.take();
        later.now.unix_ms = self.now.unix_ms + 60_000;
        later
    }

    /// Whether models are asked for titles.
    pub fn ask_for_titles(&mut self, is_wanted: bool) {
        self.model.titles_by_model = is_wanted;
    }

    fn list(&mut self, query: &str, order: Order, limit: usize) -> ChatList {
        let reader = self.read_history();
        let query = self.parse(query);
        let found = reader.find(&query, order, limit).unwrap();
        let nearest = if found.chats.is_empty() { reader.nearest(&query).unwrap() } else { None };
        ChatList { found, query, order, nearest, took_ms: 1 }
    }

    /// The list of chats that was asked for last is answered now.
    pub fn answer_list(&mut self) {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::ListChats { search, query, order, limit, .. } => Some((*search, query.clone(), *order, *limit)),
            _ => None,
        });
        let (search, query, order, limit) = asked.unwrap();
        let list = self.list(&query, order, limit);
        self.tell(Msg::ChatsListed { search, found: Ok(Box::new(list)) });
    }

    /// The reading of a chat that was asked for last is answered now.
    pub fn answer_load(&mut self) {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::LoadChat { load, id, at } => Some((*load, id.clone(), at.clone())),
            _ => None,
        });
        let (load, id, at) = asked.unwrap();
        let found = self.load(&id, at).map(Box::new);
        self.tell(Msg::ChatLoaded { load, id, found: Ok(found) });
    }

    pub fn load(&mut self, id: &ConversationId, at: Option<MessageId>) -> Option<LoadedChat> {
        let reader = self.read_history();
        let draft = reader.draft(id).unwrap();
        let chat = reader.saved(id).unwrap()?;
        let updated_ms = chat.updated_ms;
        let mut conversation = chat.into_conversation();
        let at = at.filter(|at| conversation.show(at));
        Some(LoadedChat { conversation, updated_ms, draft, at })
    }

    /// Puts a chat of one question and one answer into the history, a month old.
    pub fn save(&mut self, id: &str, title: &str, answer: &str) {
        self.save_days_ago(id, title, answer, 30);
    }

    /// Puts a chat of one question and one answer into the history.
    pub fn save_days_ago(&mut self, id: &str, title: &str, answer: &str, days: i64) {
        let mut made = Self::demo(80, 24);
        made.ask(title);
        made.text(answer);
        made.end(Finish::Stop);
        self.saved.push(saved_of(id, &made.model.chat.conversation, days));
    }

    /// The forward clock.
    pub fn now_ms(&self) -> u64 {
        self.now.mono_ms
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
            let key: riffle::config::key::Key = key.parse().unwrap();
            let is_letter = key.typed().is_some() && self.model.focus == Focus::Messages;
            self.tell(Msg::KeyPressed(key));
            if is_letter {
                // No other letter follows that would make it text.
                self.wait(150);
            }
        }
    }

    /// The mouse does this at a column and a row of the screen, from 0.
    pub fn mouse(&mut self, deed: MouseDeed, column: u16, row: u16) {
        self.screen();
        let (spot, beyond) = ui::spot(&self.model, &self.cache, (column, row));
        self.tell(Msg::Mouse(MouseMsg { deed, at: (column, row), spot, beyond }));
    }

    /// Where these words stand on the screen: column and row.
    pub fn find_words(&mut self, words: &str) -> (u16, u16) {
        let screen = self.screen();
        let row = screen.lines().position(|line| line.contains(words));
        let row = row.unwrap_or_else(|| panic!("not on the screen: {words}\n{screen}"));
        let line = screen.lines().nth(row).unwrap();
        let before = &line[..line.find(words).unwrap()];
        (riffle::safe_text::width(before) as u16, row as u16)
    }

    /// What stands reversed on the screen drawn last, row by row.
    pub fn reversed(&self) -> Vec<String> {
        let rows = self.picture.cells().iter().map(|row| {
            let reversed = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED);
            row.iter().filter(reversed).map(ratatui::buffer::Cell::symbol).collect::<String>()
        });
        rows.filter(|row| !row.is_empty()).collect()
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
        while self.cache.is_behind() {
            ui::prepare(&mut self.model, &mut self.cache);
        }
        ui::draw(&self.model, &self.cache, &mut self.picture);
        rows_of(&self.picture)
    }

    /// The same by a screen that was never drawn before; the scroll position is as it was.
    pub fn fresh_screen(&mut self) -> String {
        let (mut cache, mut picture) = (RenderCache::default(), Picture::default());
        let scroll = self.model.scroll.clone();
        ui::prepare(&mut self.model, &mut cache);
        ui::draw(&self.model, &cache, &mut picture);
        self.model.scroll = scroll;
        rows_of(&picture)
    }

    /// The rows in which something is not plain, each run after its style: `{bold cyan}`, `{}` for plain. What repeats is
    /// written once, with how often.
    pub fn styled_rows(&mut self) -> String {
        self.screen();
        let rows = self.picture.cells().iter();
        rows.filter_map(|row| styled_row(row)).collect::<Vec<_>>().join("\n")
    }

    /// The code on the screen gets its colours.
    pub fn colour(&mut self) {
        let mut highlighter = ui::highlight::Highlighter::default();
        for request in self.cache.take_code() {
            highlighter.colour(request, || None, |coloured| self.cache.take_colours(coloured));
        }
    }

    /// The colour of these words on the screen drawn last, where they first stand.
    pub fn colour_of(&self, words: &str) -> ratatui::style::Color {
        let cells: Vec<&Cell> = self.picture.cells().iter().flatten().collect();
        let text: Vec<&str> = cells.iter().map(|cell| cell.symbol()).collect();
        let at = (0..cells.len()).find(|at| text[*at..].concat().starts_with(words)).unwrap();
        cells[at].fg
    }

    /// Whether these words stand underlined on the screen drawn last.
    pub fn is_underlined(&self, words: &str) -> bool {
        let is_marked = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::UNDERLINED);
        let marked: String =
            self.picture.cells().iter().flatten().filter(is_marked).map(ratatui::buffer::Cell::symbol).collect();
        marked.contains(words)
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

/// The rows of a picture without trailing blanks.
fn rows_of(picture: &Picture) -> String {
    let rows = picture.cells().iter().map(|row| {
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

/// A row's runs with their styles; `None` where all is plain.
fn styled_row(row: &[Cell]) -> Option<String> {
    let mut runs: Vec<(String, String)> = Vec::new();
    for cell in row {
        let style = style_words(cell);
        match runs.last_mut().filter(|(before, _)| *before == style) {
            Some((_, text)) => text.push_str(cell.symbol()),
            None => runs.push((style, cell.symbol().to_owned())),
        }
    }
    let is_plain = |run: &(String, String)| run.0.is_empty();
    if runs.iter().all(is_plain) {
        return None;
    }
    let mut shown = String::new();
    for (at, (style, text)) in runs.iter().enumerate() {
        if at > 0 || !style.is_empty() {
            shown.push_str(&format!("{{{style}}}"));
        }
        let first = text.chars().next().unwrap_or(' ');
        let is_one = text.chars().all(|c| c == first) && text.chars().count() > 8;
        shown.push_str(&if is_one { format!("{first} x{}", text.chars().count()) } else { text.clone() });
    }
    Some(shown.trim_end().trim_end_matches("{}").trim_end().to_owned())
}

fn style_words(cell: &Cell) -> String {
    let mut words: Vec<String> = cell.modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    if cell.fg != Color::Reset {
        words.push(cell.fg.to_string().to_lowercase());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg.to_string().to_lowercase()));
    }
    words.join(" ")
}

/// The chat as it would be in the history, so many days old.
pub fn saved_of(id: &str, chat: &Conversation, days: i64) -> SavedChat {
    let shift = days * 86_400_000;
    let mut entries: Vec<_> = chat.all().into_iter().cloned().collect();
    for entry in &mut entries {
        entry.time_ms -= shift;
        entry.id = MessageId(format!("{id}-{}", entry.id.0));
        entry.parent = entry.parent.take().map(|parent| MessageId(format!("{id}-{}", parent.0)));
    }
    let (provider, model) = chat.last_asked().unwrap_or(("demo", "outdoor-demo"));
    SavedChat {
        id: ConversationId::from(id),
        title: chat.title.clone(),
        provider: provider.to_owned(),
        model: model.to_owned(),
        created_ms: entries.first().map_or(0, |entry| entry.time_ms),
        updated_ms: entries.last().map_or(0, |entry| entry.time_ms),
        deleted_ms: None,
        is_pinned: false,
        is_archived: false,
        tags: Vec::new(),
        head: Head::Newest,
        entries,
    }
}
