//! The client every host uses: a request is a stream of deltas and nothing beside it. Whoever does not wait for it slows
//! the server down; dropping it closes the connection instead of reading on, also while the server is silent.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream, StreamExt as _};

use super::http::{Reply, Transport, next_piece, whole_body};
use super::recording::{Keeper, Recording, Secrets};
use super::stage::{Failure, Stage};
use super::{ChatRequest, Endpoint, Progress, Quirks, Tolerance, dialect};
use crate::chat::{ChatError, Delta, ErrorKind, StreamEnd};

/// Asks model servers. Cheap to clone; clones share connections and what was learnt about the servers.
#[derive(Clone, Debug, Default)]
pub struct Client {
    transport: Transport,
    quirks: Arc<Mutex<HashMap<String, Quirks>>>,
    keeper: Option<Arc<dyn Keeper>>,
    /// Requests so far.
    requests: Arc<AtomicU64>,
}

/// One item of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamItem {
    /// A step of the answer.
    Delta(Delta),
    /// How it ended; exactly one, the last item.
    End(StreamEnd),
}

/// A running request, as a stream that ends with [`StreamItem::End`]. It goes on while somebody waits for it; dropping it
/// closes the connection at once.
pub struct DeltaStream {
    /// The request, until it has ended.
    run: Option<BoxFuture<'static, StreamEnd>>,
    end: Option<StreamEnd>,
    /// What it brought, and what of that is handed out next.
    came: Arc<Mutex<Vec<Delta>>>,
    next: std::vec::IntoIter<Delta>,
    tolerances: Arc<OnceLock<Vec<Tolerance>>>,
}

impl DeltaStream {
    /// The next item; `None` after the end. Safe to cancel: no item is lost.
    pub async fn recv(&mut self) -> Option<StreamItem> {
        self.next().await
    }

    /// What had to be tolerated; known once the stream has ended.
    #[must_use]
    pub fn tolerances(&self) -> &[Tolerance] {
        self.tolerances.get().map(Vec::as_slice).unwrap_or_default()
    }
}

impl Stream for DeltaStream {
    type Item = StreamItem;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<StreamItem>> {
        loop {
            if let Some(delta) = self.next.next() {
                return Poll::Ready(Some(StreamItem::Delta(delta)));
            }
            let came = std::mem::take(&mut *lock(&self.came));
            if !came.is_empty() {
                self.next = came.into_iter();
                continue;
            }
            if let Some(end) = self.end.take() {
                return Poll::Ready(Some(StreamItem::End(end)));
            }
            let Some(run) = &mut self.run else { return Poll::Ready(None) };
            if let Poll::Ready(end) = run.as_mut().poll(context) {
                (self.run, self.end) = (None, Some(end));
            } else if lock(&self.came).is_empty() {
                return Poll::Pending;
            }
        }
    }
}

impl fmt::Debug for DeltaStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaStream").field("is_running", &self.run.is_some()).finish_non_exhaustive()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// The same, with every response to a question kept there.
    #[must_use]
    pub fn recorded(self, keeper: Arc<dyn Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// A client without any connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prepares the first request to this endpoint, of which neither the key nor the path counts, on a thread of its own;
    /// returns at once.
    pub fn warm_up(&self, endpoint: &Endpoint) {
        self.transport.warm_up(endpoint);
    }

    /// Prepares requests to this endpoint, so that the first one takes no longer than the others.
    pub async fn prepare(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        self.transport.prepare(endpoint).await
    }

    /// A request, which is sent once the stream is waited for, inside a tokio runtime. Nothing is repeated but a request
    /// that the server refused for a field it does not know, once per field.
    #[must_use]
    pub fn stream(&self, endpoint: Arc<Endpoint>, request: ChatRequest) -> DeltaStream {
        let (came, tolerances) = (Arc::default(), Arc::default());
        let (client, bring, told) = (self.clone(), Arc::clone(&came), Arc::clone(&tolerances));
        let run = async move {
            match client.run(&endpoint, &request, &bring, &told).await {
                StreamEnd::Failed { error, is_cut } => {
                    StreamEnd::Failed { error: without_key(error, &endpoint), is_cut }
                }
                StreamEnd::Complete => StreamEnd::Complete,
            }
        };
        // What breaks down in reading an answer is the end of this request and of nothing else.
        let run = AssertUnwindSafe(run).catch_unwind().map(|end| {
            end.unwrap_or_else(|_| {
                let error = ChatError::new(ErrorKind::Protocol, "The request ended without an answer.");
                StreamEnd::Failed { error, is_cut: true }
            })
        });
        DeltaStream { run: Some(run.boxed()), end: None, came, next: Vec::new().into_iter(), tolerances }
    }

    /// The models an endpoint offers, in its own order.
    pub async fn models(&self, endpoint: &Endpoint) -> Result<Vec<String>, ChatError> {
        Ok(self.try_models(endpoint).await?)
    }

    /// The same; an error says how far the request came.
    pub async fn try_models(&self, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
        let listed = self.list(endpoint).await;
        listed.map_err(|failure| failure.stage.of(without_key(failure.error, endpoint)))
    }

    async fn list(&self, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
        let dialect = dialect(endpoint.api);
        let response = match self.transport.send(endpoint, &dialect.models_request(endpoint)).await? {
            Reply::Success(response) => response,
            Reply::Refused(refusal) => return Err(Stage::Answer.of(refusal.error)),
        };
        let body = whole_body(endpoint, response).await.map_err(|error| Stage::Body.of(error))?;
        let list = serde_json::from_slice(&body).map_err(|_| {
            let sentence = format!("{} did not answer with a list of models.", endpoint.label);
            Stage::Body.of(ChatError::new(ErrorKind::Protocol, sentence))
        })?;
        Ok(dialect.models(&list))
    }

    async fn run(
        &self,
        endpoint: &Endpoint,
        request: &ChatRequest,
        came: &Mutex<Vec<Delta>>,
        tolerances: &OnceLock<Vec<Tolerance>>,
    ) -> StreamEnd {
        let (mut response, mut recording) = match self.open(endpoint, request).await {
            Ok(opened) => opened,
            Err(error) => return StreamEnd::Failed { error, is_cut: false },
        };
        let mut decoder = dialect(endpoint.api).decoder();
        // That the answer begins is news too, and so is a piece of a line: silence is shown to people.
        lock(came).push(Delta::Alive);
        let mut broken = None;
        loop {
            let piece = match next_piece(endpoint.timeouts.idle_ms, &mut response).await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            };
            recording.bytes(piece.as_ref());
            let mut came = lock(came);
            let before = came.len();
            let progress = decoder.push(piece.as_ref(), &mut came);
            if came.len() == before {
                came.push(Delta::Alive);
            }
            if progress == Progress::Done {
                break;
            }
        }
        recording.end(broken.as_ref().map(|error: &ChatError| error.message.as_str()));
        // The connection goes first: nothing after the end is waited for.
        drop(response);
        let end = decoder.finish(&mut lock(came));
        let _ = tolerances.set(decoder.tolerances().to_vec());
        match (end, broken) {
            (StreamEnd::Failed { is_cut: true, .. }, Some(error)) => StreamEnd::Failed { error, is_cut: true },
            (end, _) => end,
        }
    }

    /// Sends the request, without the fields that the server turns out not to take.
    async fn open(
        &self,
        endpoint: &Endpoint,
        request: &ChatRequest,
    ) -> Result<(reqwest::Response, Recording), ChatError> {
        let dialect = dialect(endpoint.api);
        let place = format!("{}\n{}\n{}", endpoint.name, endpoint.base_url, request.model);
        let mut quirks = self.known_quirks().get(&place).cloned().unwrap_or_default();
        loop {
            let wire = dialect.request(endpoint, request, &quirks);
            let mut recording = Recording::start(self.keeper.clone(), self.requests.fetch_add(1, Ordering::Relaxed));
            let refusal = match self.transport.send(endpoint, &wire).await? {
                Reply::Success(response) => {
                    recording.head(endpoint, &request.model, response.status().as_u16(), response.headers());
                    return Ok((response, recording));
                }
                Reply::Refused(refusal) => refusal,
            };
            recording.head(endpoint, &request.model, refusal.status, &refusal.headers);
            recording.bytes(refusal.body.as_bytes());
            recording.end(None);
            let adapted = dialect.adapt(&quirks, &wire, &refusal.body).filter(|_| refusal.is_about_request);
            let Some(adapted) = adapted else { return Err(refusal.error) };
            quirks = adapted;
            self.known_quirks().insert(place.clone(), quirks.clone());
        }
    }

    fn known_quirks(&self) -> MutexGuard<'_, HashMap<String, Quirks>> {
        lock(&self.quirks)
    }
}

/// Servers repeat a key in the sentence with which they refuse it.
fn without_key(mut error: ChatError, endpoint: &Endpoint) -> ChatError {
    error.message = Secrets::of(endpoint).star_text(&error.message);
    error
}
