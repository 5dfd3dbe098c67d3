//! What all requests share: whom they may ask, who may come in, the answers that are being written, the history.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::access::Access;
use super::answers::Answers;
use super::problem::Problem;
use crate::agent::EndpointSource;
use crate::config::choose::Choice;
use crate::config::presets::{ChosenBy, DEMO, preset};
use crate::config::provider::ProviderSettings;
use crate::config::settings::Settings;
use crate::host::{self, Clock, ToolBox};
use crate::provider::Client;
use crate::provider::connect::Connector;
use crate::store::{Reader, StoreError, StoreEvent, StoreOptions, Writer};
use crate::strings::serve as words;

/// Answers that are written at once.
pub(super) const STREAMS: usize = 16;
/// At the end, for answers to stop.
const FINISH: Duration = Duration::from_secs(2);
/// What all requests share.
pub(super) struct Server {
    pub settings: Settings,
    pub data_dir: PathBuf,
    pub tools: ToolBox,
    pub client: Client,
    pub connector: Arc<Connector>,
    pub access: Access,
    pub clock: Clock,
    /// What clients can come back to.
    pub answers: Answers,
    /// How it is reached.
    pub url: String,
    /// Who is asked where nobody is named.
    choice: Choice,
    endpoints: BTreeMap<String, EndpointSource>,
    streams: Arc<Semaphore>,
    turns: AtomicU64,
    writer: OnceCell<Writer>,
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The provider.
    pub provider: ProviderSettings,
    /// The model, as the provider knows it.
    pub model: String,
}

impl Server {
    /// A server that asks this choice where nobody is named.
    pub(super) fn new(
        settings: Settings,
        data_dir: PathBuf,
        tools: ToolBox,
        choice: Choice,
        access: Access,
        url: String,
    ) -> Self {
        let connector = Arc::new(Connector::new(settings.demo_rate, host::variable));
        let endpoints = settings
            .providers
            .iter()
            .map(|(name, provider)| (name.clone(), host::endpoint_source(connector.clone(), provider.clone())))
            .collect();
        Self {
            settings,
            data_dir,
            tools,
            client: Client::new(),
            connector,
            access,
            clock: Clock::start(),
            url,
            choice,
            endpoints,
            streams: Arc::new(Semaphore::new(STREAMS)),
            turns: AtomicU64::new(1),
            answers: Answers::default(),
            writer: OnceCell::new(),
        }
    }

    /// Whom this name means: a provider, or `provider/model`; nothing means the provider of this run.
    pub(super) fn target(&self, name: Option<&str>) -> Result<Target, Problem> {
        let asked = name.filter(|name| !name.is_empty()).unwrap_or(&self.choice.provider);
        let (provider, model) =
            asked.split_once('/').map_or((asked, None), |(provider, model)| (provider, Some(model)));
        let unknown =
            || Problem { code: Some("model_not_found"), ..Problem::new(StatusCode::NOT_FOUND, words::no_model(asked)) };
        let known = self.settings.providers.get(provider).ok_or_else(unknown)?;
        let model = match model {
            Some(model) if provider == DEMO && model != known.model => return Err(unknown()),
            Some(model) => model,
            None if provider == self.choice.provider => &self.choice.model,
            None => &known.model,
        };
        if model.is_empty() {
            return Err(Problem::bad_request(words::no_default_model(provider)));
        }
        Ok(Target { provider: known.clone(), model: model.to_owned() })
    }

    /// What can be asked for in [`Self::target`] without asking anybody: providers that are connected, each with the models
    /// of its settings.
    pub(super) fn model_names(&self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        let is_chosen = |provider: &ProviderSettings| provider.name == self.choice.provider;
        // Servers that may run on this machine are listed where one was found or configured.
        let is_guess = |provider: &ProviderSettings| {
            preset(&provider.name).is_some_and(|known| {
                known.chosen_by == ChosenBy::Probe && provider.base_url.trim_end_matches('/') == known.base_url
            })
        };
        let is_known =
            |provider: &&ProviderSettings| provider.missing.is_none() && (is_chosen(provider) || !is_guess(provider));
        for provider in self.settings.providers.values().filter(is_known) {
            names.push((provider.name.clone(), provider.name.clone()));
            let mut models: Vec<&String> = std::iter::once(&provider.model).chain(&provider.models).collect();
            if is_chosen(provider) {
                models.insert(0, &self.choice.model);
            }
            let mut seen = std::collections::HashSet::new();
            for model in models.into_iter().filter(|model| !model.is_empty() && seen.insert(*model)) {
                names.push((format!("{}/{model}", provider.name), provider.name.clone()));
            }
        }
        names
    }

    /// The endpoint of a provider, connected by the first request.
    pub(super) fn endpoint(&self, provider: &ProviderSettings) -> EndpointSource {
        let known = self.endpoints.get(&provider.name).cloned();
        known.unwrap_or_else(|| host::endpoint_source(self.connector.clone(), provider.clone()))
    }

    /// A place among the answers that are written at once.
    pub(super) fn take_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.streams.clone().try_acquire_owned().map_err(|_| Problem {
            code: Some("busy"),
            retry_after_s: Some(1),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, words::BUSY)
        })
    }

    /// Answers that are being written.
    pub(super) fn open_streams(&self) -> usize {
        STREAMS - self.streams.available_permits()
    }

    /// A number for a turn, never given before.
    pub(super) fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// The history's writer, opened by the first answer that is kept.
    pub(super) async fn writer(&self) -> Result<Writer, Problem> {
        let open = async || {
            let options = StoreOptions::of(&self.settings, &self.data_dir);
            Writer::open(options, Box::new(note)).map_err(|error| no_history(&error.to_string()))
        };
        self.writer.get_or_try_init(open).await.cloned()
    }

    /// The writer, where there is one.
    pub(super) fn opened_writer(&self) -> Option<&Writer> {
        self.writer.get()
    }

    /// Reads the history on a thread that may wait for the disk, after what was said here is on it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        if let Some(writer) = self.writer.get() {
            writer.barrier().await;
        }
        let folder = self.data_dir.clone();
        let done = tokio::task::spawn_blocking(move || Reader::open(&folder).and_then(|reader| read(&reader)));
        match done.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(no_history(&error.to_string())),
            Err(error) => Err(no_history(&error.to_string())),
        }
    }

    /// Waits until answers that nobody reads any more are stopped and recorded so, for a moment at most.
    pub(super) async fn finish(&self) {
        let _ = timeout(FINISH, self.streams.acquire_many(STREAMS as u32)).await;
    }
}

fn note(event: StoreEvent) {
    match event {
        StoreEvent::Failed { why } => host::note(&words::no_history(&why)),
        StoreEvent::Notice(text) => host::note(&text),
        StoreEvent::Opened | StoreEvent::Committed(_) | StoreEvent::Recovered => {}
    }
}

fn no_history(why: &str) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, words::no_history(why))
}
