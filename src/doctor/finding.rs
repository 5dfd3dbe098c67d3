//! What the doctor finds, as `--json` gives it and as the text is written from.

use serde::Serialize;

use crate::chat::Usage;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Files that a person writes, and keys.
    Configuration,
    /// Where the full screen is drawn.
    Terminal,
    /// Saved chats.
    History,
    /// A model server.
    Provider,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, and something should be known or could be better.
    Warning,
    /// It does not work.
    Failed,
    /// There was nothing to check.
    Skipped,
}

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub area: Area,
    /// Which one: a path, the provider's name.
    pub subject: String,
    /// Which check, in a word.
    pub step: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was found; may hold text from outside, never a key.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// How long it took, in milliseconds, where it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

/// How a model answered one small question.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Probe {
    /// The provider's name.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// The answer came bit by bit rather than all at once.
    pub streams: bool,
    /// Milliseconds to its first token; `None` when none came.
    pub ttft_ms: Option<u64>,
    /// The tokens it reported.
    pub usage: Option<Usage>,
    /// How many tools it called.
    pub tool_calls: usize,
    /// It called several at once.
    pub parallel: bool,
    /// It sent its reasoning.
    pub reasoning: bool,
    /// How the answer ended, as in `riffle ask --json`.
    pub finish: &'static str,
    /// What had to be tolerated, in words.
    pub tolerated: Vec<&'static str>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Probe {
    /// How many things to know came out.
    pub(super) fn remarks(&self) -> usize {
        usize::from(self.ttft_ms.is_some() && !self.streams) + self.tolerated.len()
    }
}

/// Findings that stand together under one head.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    area: Area,
    subject: String,
    /// The head, for people.
    pub(super) title: String,
    pub(super) findings: Vec<Finding>,
    pub(super) probe: Option<Probe>,
}

impl Group {
    pub(super) fn new(area: Area, subject: impl Into<String>, title: impl Into<String>) -> Self {
        Self { area, subject: subject.into(), title: title.into(), findings: Vec::new(), probe: None }
    }

    pub(super) fn ok(&mut self, step: &'static str, message: impl Into<String>) -> &mut Finding {
        self.add(step, Status::Ok, message.into(), None)
    }

    pub(super) fn skipped(&mut self, step: &'static str, message: impl Into<String>) -> &mut Finding {
        self.add(step, Status::Skipped, message.into(), None)
    }

    pub(super) fn warning(&mut self, step: &'static str, message: impl Into<String>, fix: &str) -> &mut Finding {
        self.add(step, Status::Warning, message.into(), Some(fix))
    }

    pub(super) fn failed(&mut self, step: &'static str, message: impl Into<String>, fix: &str) -> &mut Finding {
        self.add(step, Status::Failed, message.into(), Some(fix))
    }

    /// Something to say of another subject than the group's.
    pub(super) fn skipped_of(&mut self, subject: &str, step: &'static str, message: impl Into<String>) {
        subject.clone_into(&mut self.skipped(step, message).subject);
    }

    fn add(&mut self, step: &'static str, status: Status, message: String, fix: Option<&str>) -> &mut Finding {
        let fix = fix.filter(|fix| !fix.is_empty()).map(str::to_owned);
        let at = self.findings.len();
        let subject = self.subject.clone();
        self.findings.push(Finding { area: self.area, subject, step, status, message, fix, elapsed_ms: None });
        &mut self.findings[at]
    }
}

/// Whether nothing failed.
pub(super) fn is_well(groups: &[Group]) -> bool {
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    let mut probes = groups.iter().filter_map(|group| group.probe.as_ref());
    findings.all(|finding| finding.status != Status::Failed) && probes.all(|probe| probe.error.is_none())
}
