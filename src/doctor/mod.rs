//! `riffle doctor`: looks at the configuration, the terminal, the history and the providers, and says what to do. Nothing
//! is changed unless that is asked for, no question is sent unless that is asked for, and no key is ever shown.
//!
//! What is found is data (`finding`); the text and `--json` are both written from it.

mod configuration;
mod finding;
mod history;
mod models;
mod patients;
mod print;
mod probe;
mod reach;
mod steps;
mod terminal;

use std::io::Write;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use serde_json::json;

use crate::config::flags::Flags;
use crate::host;
use crate::provider::Client;
use crate::provider::connect::Connector;
use crate::strings;
use crate::strings::doctor as words;
use configuration::{Configured, Mending};
pub use finding::{Area, Finding, Probe, Status};
use finding::{Group, is_well};
use patients::Patients;
use print::Marks;
use steps::{Examined, Practice};
use terminal::Seen;

/// What is looked at and how it is told.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// Providers by name; none means all that can be asked.
    pub names: Vec<String>,
    /// One JSON object in place of words.
    pub is_json: bool,
    /// Models are asked one small question.
    pub is_probed: bool,
    /// Files that hold keys are made private.
    pub is_fixed: bool,
    /// The options that go with every command.
    pub flags: Flags,
}

/// Looks and tells; gives the exit status: 0 when nothing failed, 1 when something did. An error is wrong usage.
pub async fn run(options: DoctorOptions, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mending = if options.is_fixed { Mending::Private } else { Mending::No };
    // A name that nobody knows is no wrong option: it is told below.
    let checked = configuration::check(&flags_of(&options), mending);
    let Configured { group, settings, data_dir, is_broken } =
        checked.or_else(|_| configuration::check(&options.flags, mending))?;
    let mut names = options.names;
    if names.is_empty() && options.flags.name_someone() {
        names.extend(options.flags.provider.or_else(|| Some(settings.provider.clone())));
    }
    let patients = Patients::of(&settings, &names);
    if let Some(name) = patients.unknown.first().filter(|_| !is_broken) {
        anyhow::bail!(strings::unknown_provider(name));
    }
    let seen = Seen::now().await;
    let marks = if settings.icons_ascii || !seen.has_unicode() { Marks::Ascii } else { Marks::Unicode };
    let mut report = Report { groups: Vec::new(), is_json: options.is_json, marks, out };
    report.add(group)?;
    report.add(seen.findings())?;
    report.add(history::check(&data_dir))?;

    if options.is_probed && !patients.wanted.is_empty() {
        host::note(words::provider::PROBE_COSTS);
    }
    let connector = Connector::new(settings.demo_rate, host::variable);
    let practice = Practice { client: Client::new(), connector, is_probed: options.is_probed };
    let mut examined: FuturesOrdered<_> = patients.wanted.iter().map(|patient| practice.examine(patient)).collect();
    let mut rest = Group::new(Area::Provider, "", words::NOT_IN_USE);
    for patient in &patients.wanted {
        match examined.next().await {
            Some(Examined::Steps(group)) => report.add(group)?,
            Some(Examined::Absent(place)) => {
                rest.skipped_of(&patient.provider.name, "tcp", strings::not_running(&place));
            }
            None => {}
        }
    }
    for name in &patients.unknown {
        rest.skipped_of(name, "file", words::provider::UNKNOWN_YET);
    }
    for (name, missing) in &patients.keyless {
        rest.skipped_of(name, "key", *missing);
    }
    report.end(rest)
}

/// A provider that is named alone is the one that `--model` is meant for.
fn flags_of(options: &DoctorOptions) -> Flags {
    let mut flags = options.flags.clone();
    if let ([name], false) = (options.names.as_slice(), flags.name_someone()) {
        flags.provider = Some(name.clone());
    }
    flags
}

/// Tells what is found as it is found; `--json` all at the end.
struct Report<'a> {
    groups: Vec<Group>,
    is_json: bool,
    marks: Marks,
    out: &'a mut dyn Write,
}

impl Report<'_> {
    fn add(&mut self, group: Group) -> anyhow::Result<()> {
        if !self.is_json {
            print::group(&group, self.marks, self.out)?;
            self.out.flush()?;
        }
        self.groups.push(group);
        Ok(())
    }

    /// Tells what is not in use, and the sum of it all.
    fn end(mut self, rest: Group) -> anyhow::Result<u8> {
        if !self.is_json && !rest.findings.is_empty() {
            print::rest(&rest, self.marks, self.out)?;
        }
        self.groups.push(rest);
        let is_well = is_well(&self.groups);
        let findings: Vec<_> = self.groups.iter().flat_map(|group| &group.findings).collect();
        let probes: Vec<_> = self.groups.iter().filter_map(|group| group.probe.as_ref()).collect();
        if self.is_json {
            let version = env!("CARGO_PKG_VERSION");
            let report = json!({"version": version, "ok": is_well, "findings": findings, "probes": probes});
            writeln!(self.out, "{report}")?;
        } else {
            let count = |status| findings.iter().filter(|finding| finding.status == status).count();
            let failed = count(Status::Failed) + probes.iter().filter(|probe| probe.error.is_some()).count();
            let warnings = count(Status::Warning) + probes.iter().map(|probe| probe.remarks()).sum::<usize>();
            writeln!(self.out, "{}", words::sum(failed, warnings))?;
        }
        Ok(u8::from(!is_well))
    }
}
