//! What is decided about a whole call before it may run: known tool, readable and valid arguments, repetition, policy.

use serde_json::{Map, Value};

use super::setup::{OfferedTool, TurnSetup};
use super::tracker::{AskReason, TrackedCall};
use crate::chat::{Arguments, ToolStatus};
use crate::tools::policy::Decision;
use crate::tools::schema;

/// This many equal calls in a row are one too many.
const REPEATED_CALLS: usize = 3;

/// What is to be done with a call.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Run it with these arguments.
    Run(Map<String, Value>),
    /// Ask a person first.
    Ask(AskReason),
    /// Answer it with this at once.
    Refuse(ToolStatus, String),
}

/// Decides about `calls[at]`, the calls before it being those made earlier in the turn.
pub(super) fn verdict(setup: &TurnSetup, calls: &[TrackedCall], at: usize) -> Verdict {
    let call = &calls[at];
    let Some(tool) = setup.tools.iter().find(|tool| tool.spec.name == call.name) else {
        return Verdict::Refuse(ToolStatus::Failed, unknown_tool(&call.name, &setup.tools));
    };
    let arguments = match &call.arguments {
        Some(Arguments::Object(arguments)) => arguments,
        Some(Arguments::Raw(_)) | None => {
            return Verdict::Refuse(
                ToolStatus::Failed,
                "The arguments are not a JSON object. Send the call again with one JSON object.".to_owned(),
            );
        }
    };
    if let Err(why) = schema::validate(&tool.spec.parameters, arguments) {
        return Verdict::Refuse(ToolStatus::Failed, why);
    }
    let ask = if is_repeated(calls, at) {
        Some(AskReason::Repeated)
    } else {
        match tool.decision {
            Decision::Allow => None,
            Decision::Ask => Some(AskReason::Policy),
            Decision::Deny => {
                return Verdict::Refuse(ToolStatus::Denied, "The configuration does not allow this tool.".to_owned());
            }
        }
    };
    match ask {
        None => Verdict::Run(arguments.clone()),
        Some(reason) if setup.can_ask => Verdict::Ask(reason),
        Some(AskReason::Policy) => Verdict::Refuse(
            ToolStatus::Denied,
            "This tool needs a person's consent, and nobody can be asked here.".to_owned(),
        ),
        Some(AskReason::Repeated) => Verdict::Refuse(
            ToolStatus::Denied,
            "The same call was made three times in a row. Answer with what is known already.".to_owned(),
        ),
    }
}

/// Whether this call and the ones right before it are the same call again and again. `Value` objects compare by content,
/// whatever the order of their keys.
fn is_repeated(calls: &[TrackedCall], at: usize) -> bool {
    let call = &calls[at];
    at + 1 >= REPEATED_CALLS
        && calls[at + 1 - REPEATED_CALLS..at]
            .iter()
            .all(|before| before.name == call.name && before.arguments == call.arguments)
}

fn unknown_tool(name: &str, tools: &[OfferedTool]) -> String {
    if tools.is_empty() {
        return format!("There is no tool called {name}: no tools are offered in this chat.");
    }
    let names: Vec<&str> = tools.iter().map(|tool| tool.spec.name.as_str()).collect();
    format!("There is no tool called {name}. The tools are: {}.", names.join(", "))
}
