//! From a provider's settings to an endpoint that can be asked: keys are read, commands run and the demo started when
//! the first request needs them, never before.

use std::process::Stdio;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::demo::DemoServer;
use super::{Api, Endpoint, Timeouts};
use crate::chat::{ChatError, ErrorKind};
use crate::config::keyring;
use crate::config::presets::DEMO;
use crate::config::provider::{KeySource, ProviderSettings};
use crate::config::secret::Secret;
use crate::strings;

/// Makes endpoints. The demo server lives as long as this.
pub struct Connector {
    demo_rate: u32,
    demo: OnceCell<DemoServer>,
    environment: fn(&str) -> Option<String>,
}

impl Connector {
    /// A connector whose demo streams so many tokens a second (0 is at once) and which reads variables with this.
    #[must_use]
    pub fn new(demo_rate: u32, environment: fn(&str) -> Option<String>) -> Self {
        Self { demo_rate, demo: OnceCell::new(), environment }
    }

    /// The endpoint of this provider. One that is not connected is not asked in vain.
    pub async fn endpoint(&self, provider: &ProviderSettings) -> Result<Arc<Endpoint>, ChatError> {
        if let Some(missing) = &provider.missing {
            return Err(ChatError::new(ErrorKind::Auth, strings::is_not_connected(&provider.label, missing)));
        }
        let (api, base_url) = if provider.name == DEMO {
            (Api::OpenAiChat, self.demo_url().await?)
        } else {
            let api = Api::parse(&provider.api).ok_or_else(|| {
                ChatError::new(ErrorKind::BadRequest, format!("The wire format {} is not known.", provider.api))
            })?;
            (api, provider.base_url.clone())
        };
        let (key, key_source) = self.key(provider).await?;
        Ok(Arc::new(Endpoint { api, base_url, key, key_source, ..Self::without_key(provider) }))
    }

    /// The endpoint as far as it is known without reading a key or starting the demo: what the first request can be prepared
    /// for.
    #[must_use]
    pub fn without_key(provider: &ProviderSettings) -> Endpoint {
        let base_url = if provider.name == DEMO { DemoServer::MACHINE } else { &provider.base_url };
        Endpoint {
            name: provider.name.clone(),
            label: provider.label.clone(),
            headers: provider.headers.clone(),
            params: provider.params.clone(),
            timeouts: Timeouts {
                connect_ms: provider.connect_ms,
                headers_ms: provider.headers_ms,
                idle_ms: provider.idle_ms,
            },
            ca_file: provider.ca_file.clone(),
            ..Endpoint::new(Api::parse(&provider.api).unwrap_or(Api::OpenAiChat), base_url)
        }
    }

    async fn demo_url(&self) -> Result<String, ChatError> {
        let start = || DemoServer::start(self.demo_rate);
        let server = self
            .demo
            .get_or_try_init(start)
            .await
            .map_err(|error| ChatError::new(ErrorKind::Network, format!("The demo cannot be started: {error}.")))?;
        Ok(server.base_url())
    }

    async fn key(&self, provider: &ProviderSettings) -> Result<(Option<Secret>, Option<String>), ChatError> {
        match &provider.key {
            KeySource::None => Ok((None, None)),
            KeySource::Inline(secret) => Ok((Some(secret.clone()), Some("the configuration file".to_owned()))),
            KeySource::Keyring(name) => {
                let key = read_keyring(name.clone()).await?;
                Ok((Some(key), Some(strings::KEYRING.to_owned())))
            }
            KeySource::Saved(secret) => Ok((Some(secret.clone()), Some(strings::SAVED_KEYS.to_owned()))),
            KeySource::Env(variable) => {
                let value = (self.environment)(variable).filter(|value| !value.is_empty());
                Ok((value.map(Secret::new), Some(variable.clone())))
            }
            KeySource::Command(command) => {
                let key = run_key_command(command).await?;
                Ok((Some(key), Some(command.clone())))
            }
        }
    }
}

/// The key of this name in the system's keyring, which a person may have to unlock first.
async fn read_keyring(name: String) -> Result<Secret, ChatError> {
    let fail = |why: String| ChatError::new(ErrorKind::Auth, why);
    let read = tokio::task::spawn_blocking({
        let name = name.clone();
        move || keyring::system().read(&name)
    });
    let found = read.await.map_err(|error| fail(error.to_string()))?.map_err(fail)?;
    found.ok_or_else(|| ChatError::new(ErrorKind::Auth, strings::not_in_keyring(&name)))
}

/// The first line a key command prints. The command is split at blanks, without a shell.
async fn run_key_command(command: &str) -> Result<Secret, ChatError> {
    let fail = |why: String| ChatError::new(ErrorKind::Auth, format!("The key command failed: {why}"));
    let mut words = command.split_whitespace();
    let program = words.next().ok_or_else(|| fail("it is empty.".to_owned()))?;
    let output = tokio::process::Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| fail(format!("{error}.")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let key = text.lines().next().unwrap_or_default().trim();
    if !output.status.success() || key.is_empty() {
        return Err(fail("it printed no key.".to_owned()));
    }
    Ok(Secret::new(key.to_owned()))
}
