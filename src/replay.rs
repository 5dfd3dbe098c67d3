//! `riffle replay`: a recording through the same reader, each raw event with what was read from it, and at the end how
//! long things took and what had to be tolerated.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::chat::{Accumulator, Answer, Delta, StreamEnd};
use crate::provider::error::from_response;
use crate::provider::recording::{Ending, RecordedResponse, read_recording};
use crate::provider::{Api, Progress, Tolerance, dialect};
use crate::safe_text::SafeText;
use crate::strings;

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

/// What was read from a response.
struct Reading {
    answer: Answer,
    end: StreamEnd,
    tolerances: Vec<Tolerance>,
}

/// Reads it, and tells `each` of every event: when it came, its bytes, what was read from it.
fn read(
    response: &RecordedResponse,
    api: Api,
    mut each: impl FnMut(u64, &[u8], &[Delta]) -> io::Result<()>,
) -> io::Result<Reading> {
    let mut accumulator = Accumulator::default();
    let mut count = 0;
    let mut make_id = || {
        count += 1;
        format!("call_{count}")
    };
    if response.head.status >= 400 {
        let body = response.body();
        each(response.end_us, &body, &[])?;
        let headers = &response.head.headers;
        let headers = headers.iter().filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
        let error = from_response(response.head.status, &headers.collect(), &body, 0);
        let end = StreamEnd::Failed { error, is_cut: false };
        return Ok(Reading { answer: accumulator.finish(&end, &mut make_id), end, tolerances: Vec::new() });
    }
    let mut decoder = dialect(api).decoder();
    let mut deltas = Vec::new();
    for (at, event) in events(response, api) {
        let progress = decoder.push(&event, &mut deltas);
        each(at, &event, &deltas)?;
        deltas.drain(..).for_each(|delta| accumulator.push(&delta));
        if progress == Progress::Done {
            break;
        }
    }
    let end = decoder.finish(&mut deltas);
    if !deltas.is_empty() {
        each(response.end_us, b"", &deltas)?;
    }
    deltas.drain(..).for_each(|delta| accumulator.push(&delta));
    let answer = accumulator.finish(&end, &mut make_id);
    Ok(Reading { answer, end, tolerances: decoder.tolerances().to_vec() })
}

/// The body cut at the ends of its events, each with the arrival of its last byte.
fn events(response: &RecordedResponse, api: Api) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut line_start = 0;
    for (at, piece) in &response.pieces {
        for byte in piece {
            open.push(*byte);
            if *byte != b'\n' {
                continue;
            }
            let is_blank = open[line_start..].trim_ascii().is_empty();
            line_start = open.len();
            if is_blank || api == Api::Ollama {
                found.push((*at, std::mem::take(&mut open)));
                line_start = 0;
            }
        }
    }
    if !open.is_empty() {
        found.push((response.end_us, open));
    }
    found
}

fn show(response: &RecordedResponse, api: Api, speed: f64, out: &mut dyn Write) -> anyhow::Result<()> {
    let head = &response.head;
    let line = format!("{}   {}   {}   {}", head.provider, head.api, head.model, head.status);
    writeln!(out, "{}", SafeText::line(&line).as_str())?;
    let start = Instant::now();
    let mut first_us = None;
    let (mut last_us, mut gap_us, mut count) = (response.head_us, 0, 0);
    let reading = read(response, api, |at, event, deltas| {
        if speed > 0.0 {
            let due = Duration::from_micros((at as f64 / speed) as u64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        if !event.is_empty() {
            count += 1;
            gap_us = gap_us.max(at.saturating_sub(last_us));
            last_us = at;
        }
        if deltas.iter().any(|delta| matches!(delta, Delta::Text(_) | Delta::Reasoning(_) | Delta::ToolCall(_))) {
            first_us.get_or_insert(at);
        }
        let raw = String::from_utf8_lossy(event);
        let mut time = format!("{:>9.3} s", at as f64 / 1e6);
        for line in raw.lines().filter(|line| !line.trim().is_empty()) {
            writeln!(out, "{time}   {}", SafeText::line(line).as_str())?;
            time = " ".repeat(11);
        }
        for delta in deltas {
            writeln!(out, "{:14}{}", "", SafeText::line(&words_of(delta)).as_str())?;
        }
        out.flush()
    })?;
    let bytes: usize = response.pieces.iter().map(|(_, piece)| piece.len()).sum();
    writeln!(out, "\n{}", strings::replay_times(first_us, gap_us, response.end_us, count, bytes))?;
    let ended = match (&reading.end, &response.ending) {
        (StreamEnd::Failed { is_cut: true, .. }, Ending::Broken(why)) => why.clone(),
        (StreamEnd::Failed { error, .. }, _) => error.message.clone(),
        (StreamEnd::Complete, _) => {
            let raw = reading.answer.finish_raw.as_deref().unwrap_or_default();
            format!("{} ({raw})", reading.answer.finish.as_str())
        }
    };
    writeln!(out, "{}", SafeText::line(&strings::replay_ended(&ended)).as_str())?;
    let needed: Vec<_> = reading.tolerances.iter().map(|tolerance| tolerance.as_str()).collect();
    writeln!(out, "{}\n", strings::replay_tolerated(&needed))?;
    Ok(())
}

fn words_of(delta: &Delta) -> String {
    match delta {
        Delta::Text(text) => format!("text {}", json!(text)),
        Delta::Reasoning(text) => format!("reasoning {}", json!(text)),
        Delta::ToolCall(call) => {
            let index = call.index.map(|index| format!(" {index}")).unwrap_or_default();
            let given = [("id", &call.id), ("name", &call.name), ("arguments", &call.arguments)];
            let given = given.iter().filter_map(|(field, text)| Some(format!(" {field} {}", json!(text.as_ref()?))));
            format!("tool call{index}{}", given.collect::<String>())
        }
        Delta::Usage(usage) => format!("usage {} in, {} out", usage.input, usage.output),
        Delta::Model(model) => format!("model {model}"),
        Delta::Finish { finish, raw } => format!("finish {} ({raw})", finish.as_str()),
        Delta::Opaque(value) => format!("kept for the vendor {value}"),
        Delta::Alive => "sign of life".to_owned(),
    }
}

/// Writes `NAME.json` and `NAME.stream` as the stream cases of the tests have them; nothing is overwritten.
fn write_case(
    file: &Path,
    number: Option<usize>,
    response: &RecordedResponse,
    api: Api,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let reading = read(response, api, |_, _, _| Ok(()))?;
    let (head, answer) = (&response.head, &reading.answer);
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
    if let StreamEnd::Failed { error, .. } = &reading.end {
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
