//! `riffle history check`: looks through the whole history, says what is wrong with it and mends it where that was asked
//! for. The text and `--json` are both written from what the store found.

use std::io::{IsTerminal, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::CheckArgs;
use crate::host::{note, short_path};
use crate::safe_text::SafeText;
use crate::store::StoreError;
use crate::store::check::{self, Checked, Defect, Problem, Step};
use crate::strings::history_check as words;

/// Something is wrong.
const DEFECTIVE: u8 = 1;
/// The history cannot be opened.
const UNOPENED: u8 = 3;

/// Looks and tells; gives the exit status: 0 when nothing is wrong, 1 when something is, 3 when it cannot be opened.
pub(super) fn run(args: CheckArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let is_watched = std::io::stderr().is_terminal();
    let mut progress = |step| {
        if is_watched {
            note(step_words(step));
        }
    };
    let mut done = Vec::new();
    let checked = if args.repair {
        check::repair(data_dir, &mut progress, &mut |sentence| done.push(sentence))
    } else {
        check::check(data_dir, &mut progress)
    };
    let status = match &checked {
        Ok(Some(found)) if found.defects.iter().all(is_harmless) => 0,
        Ok(None) => 0,
        Ok(Some(_)) => DEFECTIVE,
        Err(_) => UNOPENED,
    };
    if args.json {
        writeln!(out, "{}", as_json(&checked, &done))?;
    } else {
        for line in lines(&checked, &done, args.repair) {
            writeln!(out, "{}", SafeText::line(&line).as_str())?;
        }
    }
    Ok(status)
}

fn is_harmless(defect: &Defect) -> bool {
    defect.problem == Problem::NoParent
}

fn step_words(step: Step) -> &'static str {
    match step {
        Step::File => words::STEP_FILE,
        Step::Messages => words::STEP_MESSAGES,
        Step::Search => words::STEP_SEARCH,
        Step::Copy => words::STEP_COPY,
        Step::Mend => words::STEP_MEND,
    }
}

fn told(defect: &Defect) -> String {
    let first = defect.details.first().map_or("", String::as_str).trim_end_matches('.');
    match defect.problem {
        Problem::Damage => words::damage(first),
        Problem::SearchDamage => words::search_damage(first),
        Problem::NoChat => words::no_chat(defect.count),
        Problem::NoMessage => words::no_message(defect.count),
        Problem::NoParent => words::no_parent(defect.count),
        Problem::Unfinished => words::unfinished(defect.count),
        Problem::OpenCalls => words::open_calls(defect.count),
        Problem::Counts => words::counts(defect.count),
        Problem::NotSearched => words::not_searched(defect.count),
        Problem::SearchedInVain => words::searched_in_vain(defect.count),
    }
}

fn lines(checked: &Result<Option<Checked>, StoreError>, done: &[String], is_repaired: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match checked {
        Ok(None) => lines.push(words::NONE_YET.to_owned()),
        Err(error) => lines.push(error.to_string()),
        Ok(Some(found)) => {
            lines.push(words::counted(&short_path(&found.path), found.chats, found.messages));
            lines.extend_from_slice(done);
            lines.extend(found.defects.iter().map(told));
            let (format, known) = found.format;
            let is_well = found.defects.iter().all(is_harmless);
            if format > known {
                lines.push(words::newer(format, known));
            } else if format < known && is_well {
                lines.push(words::older(format));
            } else if !is_well {
                lines.push(words::REPAIR.to_owned());
            } else {
                lines.push(if is_repaired { words::MENDED } else { words::SOUND }.to_owned());
            }
            if found.unindexed > 0 {
                lines.push(words::unindexed(found.unindexed));
            }
            lines.extend(found.beside.iter().map(|path| words::lying_beside(&short_path(path))));
        }
    }
    lines
}

fn as_json(checked: &Result<Option<Checked>, StoreError>, done: &[String]) -> Value {
    match checked {
        Ok(None) => json!({"path": null, "is_sound": true, "defects": [], "done": []}),
        Err(error) => json!({"is_sound": false, "error": error.to_string(), "done": done}),
        Ok(Some(found)) => json!({
            "path": found.path,
            "is_sound": found.defects.iter().all(is_harmless),
            "format": found.format.0,
            "newest_format": found.format.1,
            "chats": found.chats,
            "messages": found.messages,
            "unindexed": found.unindexed,
            "defects": found.defects.iter().map(|defect| json!({
                "kind": defect.problem.as_str(),
                "count": defect.count,
                "message": told(defect),
                "details": defect.details,
            })).collect::<Vec<_>>(),
            "beside": found.beside,
            "done": done,
        }),
    }
}
