//! `riffle replay`: a recording through the same reader, each raw event with what was read from it, and at the end how
//! long things took and what had to be tolerated.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::chat::StreamEnd;
use crate::provider::Api;
use crate::provider::recording::{Ending, RecordedResponse, read_recording};
use crate::provider::transcription::transcribe;
use crate::safe_text::SafeText;
use crate::strings::wire;

/// Before what was read from an event.
const READ_INDENT: &str = "            ";

/// What is replayed and how.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The recording.
    pub file: PathBuf,
    /// 1 is as fast as it came, 2 twice as fast, 0 at once.
    pub speed: f64,
    /// A test case is written beside the recording, and nothing is shown.
    pub is_case: bool,
}

/// Replays; gives the exit status.
pub fn run(options: &ReplayOptions, out: &mut dyn Write) -> anyhow::Result<u8> {
    let place = options.file.display();
    let text = std::fs::read_to_string(&options.file).with_context(|| place.to_string())?;
    let responses = read_recording(&text).map_err(|why| anyhow::anyhow!("{place}: {why}"))?;
    anyhow::ensure!(!responses.is_empty(), "{place}: nothing was recorded.");
    for (at, response) in responses.iter().enumerate() {
        let api = Api::parse(&response.head.api)
            .with_context(|| format!("{place}: The wire format {} is not known.", response.head.api))?;
        if options.is_case {
            let number = (responses.len() > 1).then_some(at + 1);
            write_case(&options.file, number, response, api, out)?;
        } else {
            show(response, api, options.speed, out)?;
        }
    }
    Ok(0)
}

fn show(response: &RecordedResponse, api: Api, speed: f64, out: &mut dyn Write) -> anyhow::Result<()> {
    let head = &response.head;
    let line = format!("{}   {}   {}   {}", head.provider, head.api, head.model, head.status);
    say(out, &line)?;
    if response.dropped > 0 {
        say(out, &wire::dropped(response.dropped))?;
    }
    let start = Instant::now();
    let transcription = transcribe(response, api, |event| {
        if speed > 0.0 {
            let due = Duration::from_micros((event.at_us as f64 / speed) as u64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        let mut time = wire::at(event.at_us);
        for line in event.raw_lines() {
            say(out, &format!("{time}   {line}"))?;
            time = " ".repeat(time.len());
        }
        for delta in event.deltas {
            say(out, &format!("{READ_INDENT}{}", wire::delta(delta)))?;
        }
        for tolerance in event.tolerances {
            say(out, &format!("{READ_INDENT}{}", wire::tolerated_here(tolerance.as_str())))?;
        }
        out.flush()
    })?;
    writeln!(out)?;
    let times = transcription.times;
    say(out, &wire::times(times.first_us, times.gap_us, times.end_us, times.events, times.bytes))?;
    say(out, &transcription.ending(response))?;
    let needed: Vec<_> = transcription.tolerances.iter().map(|tolerance| tolerance.as_str()).collect();
    say(out, &wire::tolerated(&needed))?;
    Ok(writeln!(out)?)
}

fn say(out: &mut dyn Write, line: &str) -> io::Result<()> {
    writeln!(out, "{}", SafeText::line(line).as_str())
}

/// Writes `NAME.json` and `NAME.stream` as the stream cases of the tests have them; nothing is overwritten.
fn write_case(
    file: &Path,
    number: Option<usize>,
    response: &RecordedResponse,
    api: Api,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let transcription = transcribe(response, api, |_| Ok::<(), anyhow::Error>(()))?;
    let head = &response.head;
    let Some((answer, end)) = &transcription.ended else { return Ok(()) };
    let calls: Vec<Value> = answer
        .message
        .tool_calls
        .iter()
        .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}))
        .collect();
    let mut expect = json!({
        "text": answer.message.text,
        "reasoning": answer.message.reasoning,
        "tool_calls": calls,
        "finish": answer.finish.as_str(),
        "usage": answer.usage.as_ref().map(|usage| json!({"input": usage.input, "output": usage.output})),
        "error": null,
    });
    if let StreamEnd::Failed { error, .. } = end {
        expect["error"] = json!({"kind": error.kind.as_str(), "contains": error.message});
        expect["retryable"] = json!(error.retryable);
    }
    let headers: BTreeMap<_, _> = head.headers.iter().collect();
    let case = json!({
        "api": api.as_str(),
        "about": format!("Recorded from {}, {}.", head.provider, head.model),
        "source": "riffle ask --record",
        "status": head.status,
        "headers": headers,
        "chunking": "whole",
        "truncate": matches!(response.ending, Ending::Broken(_)),
        "expect": expect,
    });
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = number.map_or_else(|| stem.to_string(), |number| format!("{stem}-{number}"));
    let body = response.body();
    let text = format!("{}\n", serde_json::to_string_pretty(&case)?);
    for (extension, bytes) in [("json", text.as_bytes()), ("stream", body.as_slice())] {
        let path = file.with_file_name(format!("{stem}.{extension}"));
        let place = path.display().to_string();
        let mut new = std::fs::File::create_new(&path).with_context(|| place.clone())?;
        new.write_all(bytes).with_context(|| place.clone())?;
        writeln!(out, "{place}")?;
    }
    Ok(())
}
