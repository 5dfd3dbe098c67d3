//! The leaves of the full screen: streams and tools through the performer, the history through its writer, lists and
//! chats read on threads of their own, local servers looked for once.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::mpsc::{Sender, UnboundedSender};

use super::input::InputEvent;
use super::session::SessionOptions;
use super::setup;
use super::signals::SignalEvent;
use super::{opener, streams, titles};
use crate::agent::{self, EndpointSource, Performer};
use crate::app::{ChatList, CopyWay, CopyWish, Effect, LoadedChat, Msg, NotListed, OpenWish, Target};
use crate::chat::{ChatError, ConversationId, ErrorKind, MessageId};
use crate::config::keyring;
use crate::config::probe;
use crate::config::provider::ProviderSettings;
use crate::config::saved_keys::{SavedKeys, SavedPlace};
use crate::config::secret::Secret;
use crate::history;
use crate::host::{self, ToolBox};
use crate::models;
use crate::provider::Client;
use crate::provider::connect::Connector;
use crate::provider::recording::{Choice, RecentResponses};
use crate::store::{CommittedWhat, HistoryMark, Order, Reader, StoreError, StoreEvent, StoreOptions, Writer};
use crate::strings;
use crate::ui::highlight::Coloured;

/// What reaches the loop from outside the turn.
pub(crate) enum Shell {
    /// What one read of the terminal brought.
    Input(Vec<InputEvent>),
    /// The system said something.
    Signal(SignalEvent),
    /// There is room for a frame again.
    FrameWritten,
    /// Those who were asked to take a copy answered.
    CopyTaken(CopyWish, Option<CopyWay>),
    /// Code has its colours.
    Coloured(Coloured),
    /// A fact for the model.
    App(Box<Msg>),
}

/// Does the model's work.
pub(crate) struct Worker {
    performer: Performer,
    writer: Option<Writer>,
    endpoints: HashMap<String, EndpointSource>,
    client: Client,
    recent: Arc<RecentResponses>,
    connector: Arc<Connector>,
    providers: BTreeMap<String, ProviderSettings>,
    saved_keys: SavedKeys,
    is_keyring_sought: bool,
    data_dir: PathBuf,
    /// The history as it was when chats were listed last.
    listed_mark: HistoryMark,
    to_shell: UnboundedSender<Shell>,
}

impl Worker {
    /// Starts the history's thread and, in the background, what the first question will need.
    pub(crate) fn start(
        options: &SessionOptions,
        tools: &ToolBox,
        events: Sender<agent::Event>,
        to_shell: UnboundedSender<Shell>,
    ) -> Self {
        let store = StoreOptions::of(&options.settings, &options.data_dir);
        let store_inbox = to_shell.clone();
        let notify = move |event| {
            // Text is committed ten times a second, and nothing on the screen tells of it.
            if !matches!(event, StoreEvent::Committed(CommittedWhat::AnswerText { .. })) {
                let _ = store_inbox.send(Shell::App(Box::new(Msg::Store(event))));
            }
        };
        let writer = Writer::open(store, Box::new(notify));
        if let Err(error) = &writer {
            let event = StoreEvent::Failed { why: error.to_string() };
            let _ = to_shell.send(Shell::App(Box::new(Msg::Store(event))));
        }
        let writer = writer.ok();
        let recent = Arc::new(RecentResponses::default());
        let client = Client::new().recorded(recent.clone());
        let connector = Arc::new(Connector::new(options.settings.demo_rate, host::variable));
        let endpoints = options
            .settings
            .providers
            .iter()
            .map(|(name, provider)| (name.clone(), host::endpoint_source(connector.clone(), provider.clone())))
            .collect();
        let gate = host::commit_gate(writer.clone());
        if setup::wants_probe(&options.settings) {
            let (settings, to_shell) = (options.settings.clone(), to_shell.clone());
            tokio::spawn(async move {
                if let Some(found) = probe::find_local().await
                    && let Ok(providers) = setup::providers(&settings, Some(found))
                {
                    let _ = to_shell.send(Shell::App(Box::new(Msg::ProvidersFound(Box::new(providers)))));
                }
            });
        }
        Self {
            client: client.clone(),
            recent,
            connector,
            providers: options.settings.providers.clone(),
            saved_keys: options.saved_keys.clone(),
            is_keyring_sought: false,
            performer: Performer::new(client, tools.registry.clone(), gate, events),
            writer,
            endpoints,
            data_dir: options.data_dir.clone(),
            listed_mark: HistoryMark::default(),
            to_shell,
        }
    }

    pub(crate) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Turn { effect, target, tools } => {
                let unknown = unknown_provider(&target.provider);
                let endpoint = self.endpoints.get(&target.provider).unwrap_or(&unknown);
                self.performer.perform(effect, endpoint, &target.model, &tools);
            }
            Effect::Append(record) => {
                if let Some(writer) = &self.writer {
                    writer.append(record);
                }
            }
            Effect::ListChats { search, query, order, limit, is_again } => {
                let mark = HistoryMark::of(&self.data_dir);
                if !is_again || mark != self.listed_mark {
                    self.listed_mark = mark;
                    self.list(search, query, order, limit);
                }
            }
            Effect::LoadChat { load, id, at } => self.load(load, id, at),
            Effect::FindDraft => self.find_draft(),
            Effect::LookForOthers { id } => self.look_for_others(id),
            Effect::MakeTitle { id, target, prompt, replaces } => self.make_title(id, target, prompt, replaces),
            Effect::Export { id } => self.export(id),
            Effect::FindKeyring => self.find_keyring(),
            Effect::WarmUp { provider } => self.warm_up(&provider),
            Effect::ListModels => self.list_models(),
            Effect::TryKey { request, provider, key } => self.try_key(request, &provider, key),
            Effect::SaveKey { provider, key, to_keyring } => self.save_key(&provider, key, to_keyring),
            Effect::ReadStream { request, choice, known } => self.read_stream(request, choice, known),
            Effect::SaveStream { number } => self.save_stream(number),
            Effect::Open(wish) => self.open(wish),
            Effect::Copy(_)
            | Effect::CopySelection { .. }
            | Effect::SetMouse(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    fn warm_up(&self, provider: &str) {
        if let Some(provider) = self.providers.get(provider) {
            self.client.warm_up(&Connector::without_key(provider));
        }
        // The names of all zones are looked for where the first time of day is shown.
        std::thread::spawn(TimeZone::system);
    }

    /// Reads on a thread of its own, after everything said so far is committed.
    fn read(
        &self,
        read: impl FnOnce(&Reader) -> Result<Msg, StoreError> + Send + 'static,
        failed: impl FnOnce(String) -> Msg + Send + 'static,
    ) {
        let (folder, to_shell) = (self.data_dir.clone(), self.to_shell.clone());
        let committed = (host::commit_gate(self.writer.clone()))();
        tokio::spawn(async move {
            committed.await;
            let read =
                tokio::task::spawn_blocking(move || match Reader::open(&folder).and_then(|reader| read(&reader)) {
                    Ok(msg) => msg,
                    Err(error) => failed(error.to_string()),
                });
            if let Ok(msg) = read.await {
                let _ = to_shell.send(Shell::App(Box::new(msg)));
            }
        });
    }

    fn list(&self, search: u64, query: String, order: Order, limit: usize) {
        self.read(
            move |reader| {
                let start = Instant::now();
                let query = host::parse_query(&query);
                let found = reader.find(&query, order, limit)?;
                let nearest = if found.chats.is_empty() { reader.nearest(&query)? } else { None };
                let took_ms = start.elapsed().as_millis() as u64;
                Ok(Msg::ChatsListed { search, found: Ok(Box::new(ChatList { found, query, order, nearest, took_ms })) })
            },
            move |why| Msg::ChatsListed { search, found: Err(why) },
        );
    }

    fn load(&self, load: u64, id: ConversationId, at: Option<MessageId>) {
        let failed_id = id.clone();
        self.read(
            move |reader| {
                let draft = reader.draft(&id)?;
                let found = reader.saved(&id)?.map(|chat| {
                    let updated_ms = chat.updated_ms;
                    let mut conversation = chat.into_conversation();
                    let at = at.filter(|at| conversation.show(at));
                    Box::new(LoadedChat { conversation, updated_ms, draft, at })
                });
                Ok(Msg::ChatLoaded { load, id, found: Ok(found) })
            },
            move |why| Msg::ChatLoaded { load, id: failed_id, found: Err(why) },
        );
    }

    /// Writes a chat to a new file where the person is.
    fn export(&self, id: ConversationId) {
        self.read(
            move |reader| {
                let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
                let done = history::export_to_new_file(reader, &id, &folder);
                Ok(Msg::Exported(done.map(|path| host::short_path(&path))))
            },
            |why| Msg::Exported(Err(why)),
        );
    }

    fn find_draft(&self) {
        let Some(found) = self.writer.as_ref().map(Writer::lost_draft) else { return };
        let to_shell = self.to_shell.clone();
        tokio::spawn(async move {
            if let Some((conversation, draft)) = found.await {
                let _ = to_shell.send(Shell::App(Box::new(Msg::DraftFound { conversation, draft })));
            }
        });
    }

    /// What others wrote is there already; what is said here is not waited for.
    fn look_for_others(&self, id: ConversationId) {
        let (folder, to_shell) = (self.data_dir.clone(), self.to_shell.clone());
        tokio::task::spawn_blocking(move || {
            if let Ok(Some(chat)) = Reader::open(&folder).and_then(|reader| reader.saved(&id)) {
                let _ = to_shell.send(Shell::App(Box::new(Msg::OthersFound { id, entries: chat.entries })));
            }
        });
    }

    fn make_title(&self, id: ConversationId, target: Target, prompt: String, replaces: String) {
        let Some(endpoint) = self.endpoints.get(&target.provider).cloned() else { return };
        let to_shell = self.to_shell.clone();
        tokio::spawn(async move {
            if let Some(title) = titles::ask(endpoint, target.model, prompt).await {
                let _ = to_shell.send(Shell::App(Box::new(Msg::TitleMade { id, replaces, title })));
            }
        });
    }

    /// Looks once whether pasted keys can go into a keyring, before it is promised.
    fn find_keyring(&mut self) {
        if std::mem::replace(&mut self.is_keyring_sought, true) {
            return;
        }
        let to_shell = self.to_shell.clone();
        tokio::task::spawn_blocking(move || {
            if keyring::system().is_there() {
                let _ = to_shell.send(Shell::App(Box::new(Msg::KeyringFound)));
            }
        });
    }

    fn list_models(&self) {
        let (client, connector, to_shell) = (self.client.clone(), self.connector.clone(), self.to_shell.clone());
        let providers: Vec<_> = self.providers.values().cloned().collect();
        let data_dir = self.data_dir.clone();
        tokio::spawn(async move {
            let found = |provider: &ProviderSettings, listed: Result<Vec<String>, ChatError>| {
                let found = listed.map_err(|error| why_not_listed(provider, &error));
                let msg = Msg::ModelsListed { provider: provider.name.clone(), found };
                let _ = to_shell.send(Shell::App(Box::new(msg)));
            };
            models::list_all(&client, &connector, &providers, &data_dir, found).await;
        });
    }

    fn try_key(&self, request: u64, provider: &str, key: Secret) {
        let Some(provider) = self.providers.get(provider).map(|provider| provider.with_saved_key(key)) else { return };
        let (client, connector, to_shell) = (self.client.clone(), self.connector.clone(), self.to_shell.clone());
        tokio::spawn(async move {
            let found = models::list(&client, &connector, &provider).await.map_err(|error| match error.kind {
                ErrorKind::Auth => strings::key_refused(&provider.label),
                _ => strings::key_untried(&provider.label, &error.message),
            });
            let _ = to_shell.send(Shell::App(Box::new(Msg::KeyTried { request, found })));
        });
    }

    fn save_key(&mut self, name: &str, key: Secret, is_promised: bool) {
        let Some(provider) = self.providers.get_mut(name) else { return };
        *provider = provider.with_saved_key(key.clone());
        self.endpoints.insert(name.to_owned(), host::endpoint_source(self.connector.clone(), provider.clone()));
        let base_url = provider.base_url.clone();
        let (name, saved_keys, to_shell) = (name.to_owned(), self.saved_keys.clone(), self.to_shell.clone());
        tokio::task::spawn_blocking(move || {
            let told = match saved_keys.keep(&name, &base_url, &key, keyring::system()) {
                Ok(SavedPlace::Keyring) => return,
                Ok(SavedPlace::File(_)) if !is_promised => return,
                Ok(SavedPlace::File(_)) => strings::notice_key_in_file(&host::short_path(saved_keys.path())),
                Err(why) => strings::notice_key_not_kept(&why),
            };
            let _ = to_shell.send(Shell::App(Box::new(Msg::Warned(told))));
        });
    }

    fn read_stream(&self, request: u64, choice: Choice, known: Option<(u64, u64)>) {
        let (recent, to_shell) = (self.recent.clone(), self.to_shell.clone());
        tokio::task::spawn_blocking(move || {
            let start = Instant::now();
            let found = streams::read(&recent, choice, known);
            let took_ms = start.elapsed().as_millis() as u64;
            let _ = to_shell.send(Shell::App(Box::new(Msg::StreamRead { request, found, took_ms })));
        });
    }

    fn save_stream(&self, number: u64) {
        let (recent, to_shell, folder) = (self.recent.clone(), self.to_shell.clone(), self.data_dir.clone());
        tokio::task::spawn_blocking(move || {
            let saved = streams::save(&recent, number, &folder).map(|path| host::short_path(&path));
            let _ = to_shell.send(Shell::App(Box::new(Msg::StreamSaved { number, saved })));
        });
    }

    fn open(&self, wish: OpenWish) {
        let to_shell = self.to_shell.clone();
        tokio::task::spawn_blocking(move || {
            let msg = match opener::open(&wish) {
                Ok(()) => Msg::Opened(wish.target),
                Err(why) => Msg::NotOpened { wish, why },
            };
            let _ = to_shell.send(Shell::App(Box::new(msg)));
        });
    }

    /// Ends streams and tools and closes the history; `false` when that takes longer than the limit.
    pub(crate) fn close(self, limit: Duration) -> bool {
        drop(self.performer);
        self.writer.is_none_or(|writer| writer.close(limit))
    }
}

fn why_not_listed(provider: &ProviderSettings, error: &ChatError) -> NotListed {
    if error.kind == ErrorKind::Network && error.status.is_none() && models::is_near(provider) {
        NotListed::NotRunning(strings::not_running(&host::authority(&provider.base_url)))
    } else if error.kind == ErrorKind::Auth {
        NotListed::Failed(strings::KEY_NOT_ACCEPTED.to_owned())
    } else {
        NotListed::Failed(strings::NO_LIST.to_owned())
    }
}

fn unknown_provider(name: &str) -> EndpointSource {
    let message = format!("The provider {name} is not configured.");
    Arc::new(move || {
        let error = ChatError::new(ErrorKind::BadRequest, message.clone());
        Box::pin(std::future::ready(Err(error)))
    })
}
