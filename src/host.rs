//! What every host of a turn that goes by settings needs from the outside world: the clock, fresh ids, random numbers,
//! tools, endpoints, and the gate that holds work back until what was recorded is committed.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt;

pub use crate::agent::{Clock, ids, jitter};
use crate::agent::{CommitGate, EndpointSource, OfferedTool};
use crate::config::presets::DEMO;
use crate::config::provider::{KeySource, ProviderSettings};
use crate::config::secret::Secret;
use crate::config::settings::Settings;
use crate::provider::connect::Connector;
use crate::store::{Now, Query, Writer};
use crate::strings;
use crate::tools::policy::{Decision, Host, Policy};
use crate::tools::{Registry, Tool, stub};

/// How long each of the demo's tools takes, so that a person can watch a call run.
const TOOL_PACE: Duration = Duration::from_millis(400);

/// Takes a search apart, with dates as they are where the person is.
#[must_use]
pub fn parse_query(text: &str) -> Query {
    let zone = jiff::tz::TimeZone::system();
    let now = jiff::Timestamp::now().to_zoned_datetime(zone.clone());
    let start = |date: jiff::civil::Date| Some(date.to_zoned_datetime(zone.clone()).ok()?.timestamp().as_millisecond());
    let day_start = |days: i64| start(now.date().checked_sub(jiff::Span::new().try_days(days).ok()?).ok()?);
    let date_start = |date: &str| start(date.parse().ok()?);
    let unix_ms = now.timestamp().as_millisecond();
    Query::parse(text, &Now { unix_ms, day_start: &day_start, date_start: &date_start })
}

/// A variable of the environment; an empty one is an unset one.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// All that a child is given of the environment: no key is among it.
const CHILD_VARIABLES: [&str; 9] =
    ["PATH", "HOME", "USER", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TMUX", "TMUX_TMPDIR"];

/// The environment for a child of ours.
pub fn child_environment() -> impl Iterator<Item = (&'static str, String)> {
    CHILD_VARIABLES.into_iter().filter_map(|name| Some((name, variable(name)?)))
}

/// Most bytes of the log kept from earlier runs.
const MAX_LOG: u64 = 5 * 1024 * 1024;

/// Starts the log in the data folder at this level (`error` to `trace`); anything else is no log. The file is private.
/// What is logged are kinds, states and times: no text of a chat and no key.
pub fn start_log(level: &str, folder: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let Ok(level) = level.parse::<tracing::Level>() else { return };
    if std::fs::create_dir_all(folder).is_err() {
        return;
    }
    let path = folder.join("riffle.log");
    let is_full = std::fs::metadata(&path).is_ok_and(|meta| meta.len() > MAX_LOG);
    let file =
        std::fs::OpenOptions::new().create(true).mode(0o600).append(!is_full).write(true).truncate(is_full).open(&path);
    if let Ok(file) = file {
        let writer = std::sync::Mutex::new(file);
        let log = tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(writer).finish();
        let _ = tracing::subscriber::set_global_default(log);
    }
}

/// A line on stderr; a closed one is not missed.
pub fn note(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A line on stdout; a closed one is not missed.
pub fn tell(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The tools there are, with what is decided about each.
pub struct ToolBox {
    /// Runs them.
    pub registry: Arc<Registry>,
    /// One for each, in the order of the registry.
    pub offers: Vec<Offer>,
}

/// A tool and what is decided about it.
pub struct Offer {
    /// The tool.
    pub tool: Arc<dyn Tool>,
    /// Whether it runs, asks or is refused.
    pub decision: Decision,
    /// Offered to the demo provider only.
    pub is_demo_only: bool,
}

impl ToolBox {
    /// The tools of these settings. A tools file that cannot be read is an error with its reason.
    pub fn new(settings: &Settings, host: Host) -> anyhow::Result<Self> {
        let mut registry = Registry::default();
        if !settings.tools_enabled {
            return Ok(Self { registry: Arc::new(registry), offers: Vec::new() });
        }
        let has_file = settings.tools_file.is_some();
        if !has_file || settings.outdoor_gear {
            registry.add_outdoor_gear(TOOL_PACE);
        }
        let gear = registry.tools().len();
        if let Some(path) = &settings.tools_file {
            for tool in read_tools_file(path)? {
                registry.add(tool);
            }
        }
        let policy = Policy::new(&settings.tool_rules, &settings.allow_tools);
        let offers = registry
            .tools()
            .iter()
            .enumerate()
            .map(|(at, tool)| Offer {
                tool: tool.clone(),
                decision: policy.decide(&tool.spec().name, tool.origin(), host),
                is_demo_only: at < gear && !settings.outdoor_gear,
            })
            .collect();
        Ok(Self { registry: Arc::new(registry), offers })
    }

    /// What is offered to this provider.
    #[must_use]
    pub fn for_provider(&self, name: &str) -> Vec<OfferedTool> {
        self.offers
            .iter()
            .filter(|offer| name == DEMO || !offer.is_demo_only)
            .map(|offer| OfferedTool { spec: offer.tool.spec(), decision: offer.decision })
            .collect()
    }
}

fn read_tools_file(path: &Path) -> anyhow::Result<Vec<Arc<dyn Tool>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    stub::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))
}

/// The endpoint of this provider, connected by the first request.
#[must_use]
pub fn endpoint_source(connector: Arc<Connector>, provider: ProviderSettings) -> EndpointSource {
    let provider = Arc::new(provider);
    Arc::new(move || {
        let (connector, provider) = (connector.clone(), provider.clone());
        async move { connector.endpoint(&provider).await }.boxed()
    })
}

/// Where a provider's key is read, or would be, and its last characters.
#[must_use]
pub fn key_place(key: &KeySource) -> (Option<String>, Option<String>) {
    match key {
        KeySource::None => (None, None),
        KeySource::Env(name) => (Some(name.clone()), variable(name).and_then(|key| Secret::new(key).tail())),
        KeySource::Command(command) => (Some(command.clone()), None),
        KeySource::Inline(secret) => (Some(strings::CONFIG_FILE.to_owned()), secret.tail()),
        KeySource::Keyring(_) => (Some(strings::KEYRING.to_owned()), None),
        KeySource::Saved(secret) => (Some(strings::SAVED_KEYS.to_owned()), secret.tail()),
    }
}

/// A write beyond the limit of a file's size fails instead of ending the program. Asks for no thread and no file.
pub fn outlive_quota() {
    let heard = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, heard);
}

/// A path for people: `~` in place of the home folder.
#[must_use]
pub fn short_path(path: &Path) -> String {
    let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// The host of an address, with its port.
#[must_use]
pub fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}

/// A file that only its owner can read, emptied if it is there.
#[cfg(unix)]
pub fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A file that only its owner can read, emptied if it is there. The user's folder is private by its access list.
#[cfg(not(unix))]
pub fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// A file that only its owner can read; an error where there is one of this name.
#[cfg(unix)]
pub fn create_new_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A file that only its owner can read; an error where there is one of this name. The user's folder is private by its
/// access list.
#[cfg(not(unix))]
pub fn create_new_private(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Holds work back until the history has committed what was recorded before; open where nothing is saved.
#[must_use]
pub fn commit_gate(writer: Option<Writer>) -> CommitGate {
    Arc::new(move || match &writer {
        Some(writer) => writer.barrier().boxed(),
        None => std::future::ready(()).boxed(),
    })
}
