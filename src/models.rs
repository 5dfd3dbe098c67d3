//! `riffle models`: what each provider offers, asked all at once. A list is remembered for a day, unless `--refresh` is
//! given. Local servers that nobody named and that do not run are left out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::chat::ChatError;
use crate::config::presets::{ChosenBy, DEMO, preset};
use crate::config::provider::{Address, KeySource, ProviderSettings};
use crate::config::settings::Settings;
use crate::host;
use crate::provider::connect::Connector;
use crate::provider::{Client, Endpoint, Timeouts};
use crate::safe_text::SafeText;
use crate::strings;

/// How long a list is remembered, in seconds.
const REMEMBERED_S: u64 = 24 * 60 * 60;
/// How long a server may take, in milliseconds: nobody waits two minutes for a list.
const PATIENCE_MS: u64 = 15_000;

const FILE_NAME: &str = "models.json";
/// Columns of a name before a sentence.
const NAME_COLUMNS: usize = 10;

/// Whose models are listed.
#[derive(Clone, Debug)]
pub struct ModelsOptions {
    /// Providers by name; none means all.
    pub names: Vec<String>,
    /// Nothing remembered is used.
    pub is_refreshed: bool,
    /// Where lists are remembered.
    pub data_dir: PathBuf,
    /// Everything else that was set.
    pub settings: Settings,
}

/// One remembered list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    /// Seconds since 1970.
    time_s: u64,
    base_url: String,
    models: Vec<String>,
}

/// What is known of one provider.
enum Found {
    Models(Vec<String>),
    /// A sentence that says what to do.
    NotConnected(String),
    /// A local server that nobody named does not run.
    Absent,
    Failed(String),
}

/// Lists; gives the exit status: 1 when a named provider did not answer or nobody did.
pub async fn run(options: ModelsOptions, out: &mut dyn Write) -> anyhow::Result<u8> {
    let known = &options.settings.providers;
    for name in &options.names {
        anyhow::ensure!(known.contains_key(name), strings::unknown_provider(name));
    }
    let is_wanted = |name: &String| {
        let is_named = options.names.contains(name);
        is_named || (options.names.is_empty() && name != DEMO)
    };
    let wanted: Vec<_> = known.values().filter(|provider| is_wanted(&provider.name)).collect();
    let file = options.data_dir.join(FILE_NAME);
    let mut memory = read_memory(&file);
    let client = Client::new();
    let connector = Connector::new(options.settings.demo_rate, host::variable);
    let is_named = !options.names.is_empty();
    let asked = wanted.iter().map(|provider| async {
        let fresh = memory.get(&provider.name).filter(|known| !options.is_refreshed && known.is_fresh(provider));
        match fresh {
            Some(known) => Found::Models(known.models.clone()),
            None => ask(&client, &connector, provider, is_named).await,
        }
    });
    let found = join_all(asked).await;
    let mut has_models = false;
    let mut has_failed = false;
    for (provider, found) in wanted.into_iter().zip(found) {
        let (head, models) = match found {
            Found::Absent => continue,
            Found::NotConnected(why) => (strings::not_connected(&why), Vec::new()),
            Found::Failed(why) => {
                has_failed = true;
                (why, Vec::new())
            }
            Found::Models(models) => (String::new(), models),
        };
        has_models |= !models.is_empty();
        print(&provider.name, &head, &models, out)?;
        if !models.is_empty() {
            memory.insert(provider.name.clone(), Remembered::now(provider, models));
        }
    }
    // A list that cannot be remembered is asked for again.
    let _ = write_memory(&file, &memory);
    Ok(u8::from(!has_models || (is_named && has_failed)))
}

impl Remembered {
    fn now(provider: &ProviderSettings, models: Vec<String>) -> Self {
        Self { time_s: now_s(), base_url: provider.base_url.clone(), models }
    }

    fn is_fresh(&self, provider: &ProviderSettings) -> bool {
        self.base_url == provider.base_url && now_s().saturating_sub(self.time_s) < REMEMBERED_S
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

async fn ask(client: &Client, connector: &Connector, provider: &ProviderSettings, is_named: bool) -> Found {
    if let Some(missing) = &provider.missing {
        return Found::NotConnected(missing.clone());
    }
    let endpoint = match connector.endpoint(provider).await {
        Ok(endpoint) => endpoint,
        Err(error) => return Found::Failed(error.message),
    };
    match models_of(client, &endpoint).await {
        Ok(models) if models.is_empty() => Found::Failed(strings::NO_MODELS.to_owned()),
        Ok(models) => Found::Models(models),
        Err(error) => {
            let is_guess = preset(&provider.name).is_some_and(|preset| preset.chosen_by == ChosenBy::Probe);
            let is_local = is_guess && provider.key == KeySource::None && !is_named;
            if is_local && error.status.is_none() { Found::Absent } else { Found::Failed(error.message) }
        }
    }
}

async fn models_of(client: &Client, endpoint: &Endpoint) -> Result<Vec<String>, ChatError> {
    let timeouts = Timeouts { headers_ms: PATIENCE_MS, idle_ms: PATIENCE_MS, ..endpoint.timeouts };
    client.models(&Endpoint { timeouts, ..endpoint.clone() }).await
}

/// Asks one provider now, as a check of its key.
pub(crate) async fn list(
    client: &Client,
    connector: &Connector,
    provider: &ProviderSettings,
) -> Result<Vec<String>, ChatError> {
    let endpoint = connector.endpoint(provider).await?;
    models_of(client, &endpoint).await
}

/// Asks these providers all at once, unless their lists are remembered, and says of each what came of it. Servers nearby
/// are asked each time, for their models change as people fetch them.
pub(crate) async fn list_all(
    client: &Client,
    connector: &Connector,
    providers: &[ProviderSettings],
    data_dir: &Path,
    found: impl Fn(&ProviderSettings, Result<Vec<String>, ChatError>),
) {
    let file = data_dir.join(FILE_NAME);
    let mut memory = read_memory(&file);
    let asked =
        providers.iter().filter(|provider| provider.missing.is_none() && provider.name != DEMO).map(async |provider| {
            if let Some(known) =
                memory.get(&provider.name).filter(|known| known.is_fresh(provider) && !is_near(provider))
            {
                found(provider, Ok(known.models.clone()));
                return None;
            }
            let listed = list(client, connector, provider).await;
            found(provider, listed.clone());
            let models = listed.ok().filter(|models| !models.is_empty())?;
            Some((provider.name.clone(), Remembered::now(provider, models)))
        });
    let fresh: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    if !fresh.is_empty() {
        memory.extend(fresh);
        // A list that cannot be remembered is asked for again.
        let _ = write_memory(&file, &memory);
    }
}

pub(crate) fn is_near(provider: &ProviderSettings) -> bool {
    Address::parse(&provider.base_url).is_ok_and(|address| address.is_near)
}

fn print(name: &str, head: &str, models: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut text = SafeText::line(name).into_string();
    if !head.is_empty() {
        let head = SafeText::line(head);
        text = format!("{text:<NAME_COLUMNS$}   {}", head.as_str());
    }
    writeln!(out, "{text}")?;
    for model in models {
        writeln!(out, "  {}", SafeText::line(model).as_str())?;
    }
    Ok(())
}

/// What cannot be read is forgotten: it is only a list.
fn read_memory(file: &Path) -> BTreeMap<String, Remembered> {
    std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn write_memory(file: &Path, memory: &BTreeMap<String, Remembered>) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&fresh, serde_json::to_vec(memory)?)?;
    std::fs::rename(fresh, file)
}
