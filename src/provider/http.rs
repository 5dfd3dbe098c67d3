//! Sending a request and reading its body: the HTTP clients, the waits, and what a broken connection means. Clients are
//! built on first use on a blocking thread, since reading the system's certificates takes tens of milliseconds.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url, redirect};

use super::broken::{broken_midway, host_of, innermost, no_answer, silent, unsent};
use super::stage::{Failure, Stage};
use super::{Endpoint, WireRequest};
use crate::chat::{ChatError, ErrorKind};
use crate::provider::error::from_response;

/// How long an error body may be silent: what it says is only words.
const ERROR_IDLE_MS: u64 = 5000;
/// Bytes of an error body that are read.
const MAX_ERROR_BYTES: usize = 1024 * 1024;
/// Bytes of a list of models.
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;

/// What a client is built for: connection settings cannot be given per request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ClientKey {
    connect_ms: u64,
    ca_file: Option<PathBuf>,
    is_loopback: bool,
    /// Nobody's certificate is ever seen: this machine is asked without encryption, no proxy and no redirection followed.
    is_plain: bool,
}

impl ClientKey {
    fn of(endpoint: &Endpoint, url: &Url) -> Self {
        let is_loopback = is_loopback(url);
        Self {
            connect_ms: endpoint.timeouts.connect_ms,
            ca_file: endpoint.ca_file.clone(),
            is_loopback,
            is_plain: is_loopback && url.scheme() == "http",
        }
    }
}

type ClientCell = Arc<OnceLock<Result<reqwest::Client, String>>>;

/// The HTTP clients of the program, with their open connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Transport {
    clients: Arc<Mutex<HashMap<ClientKey, ClientCell>>>,
}

/// A response that is not a success.
pub(super) struct Refusal {
    /// Whether changing the request may help.
    pub(super) is_about_request: bool,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body as it came, for the dialect.
    pub(super) body: String,
    /// What it means.
    pub(super) error: ChatError,
}

/// The proxy that requests to this address go through, without the name and password of its user.
#[must_use]
pub fn proxy_of(url: &str) -> Option<String> {
    if Url::parse(url).is_ok_and(|url| is_loopback(&url)) {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&url.parse().ok()?)?;
    let port = proxy.uri().port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", proxy.uri().scheme_str()?, proxy.uri().host()?))
}

/// What came back.
pub(super) enum Reply {
    Success(Response),
    Refused(Refusal),
}

impl Transport {
    /// Builds the client of this endpoint, without anybody waiting for it.
    pub(super) fn warm_up(&self, endpoint: &Endpoint) {
        let Ok(url) = Url::parse(&endpoint.base_url) else { return };
        let key = ClientKey::of(endpoint, &url);
        let cell = self.cell(key.clone());
        std::thread::spawn(move || {
            cell.get_or_init(|| build_client(&key));
        });
    }

    /// Sends the request and waits for the response's headers.
    pub(super) async fn send(&self, endpoint: &Endpoint, wire: &WireRequest) -> Result<Reply, Failure> {
        let url = url_of(endpoint, &wire.url)?;
        if wire.authorization.is_some() && url.scheme() != "https" && !is_loopback(&url) {
            let sentence = format!(
                "The key of {} is not sent over plain http to {}. Use https, or a server on this machine.",
                endpoint.label,
                host_of(&url)
            );
            return Err(Stage::Request.of(ChatError::new(ErrorKind::BadRequest, sentence)));
        }
        let client = self.client_of(endpoint, &url).await?;
        let method = if wire.body.is_null() { Method::GET } else { Method::POST };
        let mut request =
            client.request(method, url.clone()).headers(headers_of(wire).map_err(|error| Stage::Request.of(error))?);
        if !wire.body.is_null() {
            request = request.header("content-type", "application/json").body(wire.body.to_string());
        }
        let waited = within(endpoint.timeouts.headers_ms, request.send()).await;
        let response = waited
            .ok_or_else(|| Stage::Answer.of(no_answer(&url, endpoint.timeouts.headers_ms)))?
            .map_err(|error| Stage::reached(&url, &error).of(unsent(&url, &error, proxy_of(&wire.url).as_deref())))?;
        if response.status().is_success() {
            return Ok(Reply::Success(response));
        }
        Ok(Reply::Refused(refusal(endpoint, response).await))
    }

    /// Builds the client of this endpoint, so that the first request need not.
    pub(super) async fn prepare(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        self.client_of(endpoint, &url_of(endpoint, &endpoint.base_url)?).await.map(drop)
    }

    /// What can go wrong here are the certificates of `ca_file`.
    async fn client_of(&self, endpoint: &Endpoint, url: &Url) -> Result<reqwest::Client, Failure> {
        self.client(ClientKey::of(endpoint, url)).await.map_err(|error| Stage::Tls.of(error))
    }

    async fn client(&self, key: ClientKey) -> Result<reqwest::Client, ChatError> {
        let cell = self.cell(key.clone());
        let built = match cell.get() {
            Some(built) => built.clone(),
            None => tokio::task::spawn_blocking(move || cell.get_or_init(|| build_client(&key)).clone())
                .await
                .unwrap_or_else(|error| Err(error.to_string())),
        };
        built.map_err(|sentence| ChatError::new(ErrorKind::BadRequest, sentence))
    }

    fn cell(&self, key: ClientKey) -> ClientCell {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(clients.entry(key).or_default())
    }
}

/// The next piece of a body; `None` at its end. Silence is measured on raw bytes, so that comments count.
pub(super) async fn next_piece(
    idle_ms: u64,
    response: &mut Response,
) -> Result<Option<impl AsRef<[u8]> + use<>>, ChatError> {
    match within(idle_ms, response.chunk()).await {
        Some(Ok(piece)) => Ok(piece),
        Some(Err(error)) => Err(broken_midway(&error)),
        None => Err(silent(idle_ms)),
    }
}

/// A small body as a whole.
pub(super) async fn whole_body(endpoint: &Endpoint, response: Response) -> Result<Vec<u8>, ChatError> {
    read_up_to(endpoint.timeouts.idle_ms, response, MAX_LIST_BYTES).await.1
}

async fn read_up_to(idle_ms: u64, mut response: Response, most: usize) -> (Vec<u8>, Result<Vec<u8>, ChatError>) {
    let mut body = Vec::new();
    loop {
        match next_piece(idle_ms, &mut response).await {
            Ok(Some(piece)) => {
                let piece = piece.as_ref();
                body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
                if body.len() >= most {
                    return (body.clone(), Ok(body));
                }
            }
            Ok(None) => return (body.clone(), Ok(body)),
            Err(error) => return (body, Err(error)),
        }
    }
}

async fn refusal(endpoint: &Endpoint, response: Response) -> Refusal {
    let status = response.status();
    let headers = response.headers().clone();
    let idle_ms = match endpoint.timeouts.idle_ms {
        0 => ERROR_IDLE_MS,
        idle_ms => idle_ms.min(ERROR_IDLE_MS),
    };
    let (body, _) = read_up_to(idle_ms, response, MAX_ERROR_BYTES).await;
    let error = if status.is_redirection() {
        let place = headers.get("location").and_then(|place| place.to_str().ok()).unwrap_or("another address");
        let sentence =
            format!("{} redirects to {place}, which is not followed. Set base_url to the new address.", endpoint.label);
        ChatError { status: Some(status.as_u16()), ..ChatError::new(ErrorKind::BadRequest, sentence) }
    } else {
        from_response(status.as_u16(), &headers, &body, now_ms())
    };
    Refusal {
        is_about_request: matches!(status.as_u16(), 400 | 422),
        status: status.as_u16(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        error,
    }
}

fn url_of(endpoint: &Endpoint, url: &str) -> Result<Url, Failure> {
    Url::parse(url).map_err(|error| {
        let sentence = format!("`{}` is not an address: {error}.", endpoint.base_url);
        Stage::Request.of(ChatError::new(ErrorKind::BadRequest, sentence))
    })
}

fn build_client(key: &ClientKey) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("riffle/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true);
    if key.connect_ms > 0 {
        builder = builder.connect_timeout(Duration::from_millis(key.connect_ms));
    }
    if key.is_loopback {
        // Another connection costs nothing there, one that is kept does.
        builder = builder.no_proxy().pool_max_idle_per_host(1);
    }
    if key.is_plain {
        builder = builder.tls_certs_only([]);
    }
    if let Some(path) = &key.ca_file {
        let shown = path.display();
        let pem = std::fs::read(path).map_err(|error| format!("The ca_file {shown} cannot be read: {error}."))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| format!("The ca_file {shown} is not PEM: {error}."))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| format!("No HTTP client could be made: {}.", innermost(&error)))
}

fn headers_of(wire: &WireRequest) -> Result<HeaderMap, ChatError> {
    let refused = |name: &str| {
        ChatError::new(
            ErrorKind::BadRequest,
            format!("The header `{name}` cannot be sent: it holds characters that headers must not."),
        )
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &wire.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        headers.insert(key, HeaderValue::from_str(value).map_err(|_| refused(name))?);
    }
    if let Some((name, key)) = &wire.authorization {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        let mut value = HeaderValue::from_str(key.expose()).map_err(|_| refused(name))?;
        value.set_sensitive(true);
        headers.entry(header).or_insert(value);
    }
    Ok(headers)
}

async fn within<T>(limit_ms: u64, future: impl Future<Output = T>) -> Option<T> {
    if limit_ms == 0 {
        return Some(future.await);
    }
    tokio::time::timeout(Duration::from_millis(limit_ms), future).await.ok()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (address, expected) in [
            ("http://localhost:1/v1", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:80", true),
            ("http://localhost.example.com", false),
            ("http://192.168.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(address).unwrap()), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn the_first_request_goes_through_the_client_that_was_prepared_for_it() {
        let transport = Transport::default();
        for (base_url, clients) in
            [("http://127.0.0.1:9/v1", 1), ("http://[::1]/v1", 1), ("https://localhost", 2), ("http://192.168.0.1", 3)]
        {
            let endpoint = Endpoint::new(crate::provider::Api::OpenAiChat, base_url);
            transport.warm_up(&endpoint);
            transport.prepare(&endpoint).await.unwrap();
            assert_eq!(transport.clients.lock().unwrap().len(), clients, "{base_url}");
        }
    }
}
