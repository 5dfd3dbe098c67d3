//! The stream cases: raw response bodies with what a reader must make of them. Their fields are explained by `about` and
//! `source`; `*_any` and `*_optional` name what is right as well.

use std::path::PathBuf;

use riffle::chat::{Answer, Arguments, ChatError, StreamEnd};
use riffle::provider::Api;
use serde_json::{Value, json};

/// The folder of the cases.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/streams")
}

pub struct Case {
    pub name: String,
    pub meta: Value,
    pub body: Vec<u8>,
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = Api::ALL
        .into_iter()
        .flat_map(|api| std::fs::read_dir(folder().join(api.as_str())).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| Case {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            meta: serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            body: std::fs::read(path.with_extension("stream")).unwrap(),
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

pub fn api_of(case: &Case) -> Api {
    Api::parse(case.meta["api"].as_str().unwrap()).unwrap()
}

pub fn cut_at(body: &[u8], mut cuts: Vec<usize>) -> Vec<&[u8]> {
    cuts.retain(|cut| *cut < body.len());
    cuts.sort_unstable();
    cuts.dedup();
    cuts.push(body.len());
    let mut from = 0;
    cuts.into_iter()
        .map(|to| {
            let piece = &body[from..to];
            from = to;
            piece
        })
        .collect()
}

pub fn own_cuts(case: &Case) -> Vec<usize> {
    match &case.meta["chunking"] {
        Value::Array(sizes) => sizes
            .iter()
            .scan(0, |at, size| {
                *at += usize::try_from(size.as_u64().unwrap()).unwrap();
                Some(*at)
            })
            .collect(),
        Value::String(word) if word == "bytewise" => (1..case.body.len()).collect(),
        Value::String(word) if word == "split-utf8" => {
            (1..case.body.len()).filter(|at| case.body[*at] & 0xc0 == 0x80).collect()
        }
        _ => Vec::new(),
    }
}

pub fn random_cuts(length: usize) -> Vec<usize> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..length.min(4000) / 7)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % length as u64).unwrap()
        })
        .collect()
}

fn same_calls(answer: &Answer, wanted: &Value) -> bool {
    let calls = &answer.message.tool_calls;
    let wanted = wanted.as_array().unwrap();
    calls.len() == wanted.len()
        && calls.iter().zip(wanted).all(|(call, wanted)| {
            let arguments = match &call.arguments {
                Arguments::Object(map) => Value::Object(map.clone()),
                Arguments::Raw(text) => json!(text),
            };
            wanted["name"] == call.name.as_str()
                && wanted["arguments"] == arguments
                && (wanted["id"] == call.id.as_str() || (wanted["id"].is_null() && !call.id.is_empty()))
        })
}

pub fn complaints(case: &Case, answer: &Answer, end: &StreamEnd) -> Vec<String> {
    let expect = &case.meta["expect"];
    let mut bad = Vec::new();
    let trim = |text: &str| if expect["trim"] == true { text.trim().to_owned() } else { text.to_owned() };
    let texts = std::iter::once(&expect["text"]).chain(expect["text_any"].as_array().into_iter().flatten());
    if !texts.filter_map(Value::as_str).any(|text| trim(text) == trim(&answer.message.text)) {
        bad.push(format!("text {:?}", answer.message.text));
    }
    if answer.message.reasoning.trim() != expect["reasoning"].as_str().unwrap_or("").trim() {
        bad.push(format!("reasoning {:?}", answer.message.reasoning));
    }
    let mut calls =
        std::iter::once(&expect["tool_calls"]).chain(expect["tool_calls_any"].as_array().into_iter().flatten());
    if !calls.any(|calls| same_calls(answer, calls)) {
        bad.push(format!("calls {:?}", answer.message.tool_calls));
    }
    if expect["finish"] != answer.finish.as_str() {
        bad.push(format!("finish {:?}", answer.finish));
    }
    let usage = answer.usage.as_ref().map_or(Value::Null, |u| json!({"input": u.input, "output": u.output}));
    if usage != expect["usage"] && !(usage.is_null() && expect["usage_optional"] == true) {
        bad.push(format!("usage {usage}"));
    }
    match (end, expect["error"].is_null()) {
        (StreamEnd::Complete, true) => {}
        _ if expect["error_optional"] == true => {}
        (StreamEnd::Failed { error, .. }, false) => bad.extend(error_complaints(expect, error)),
        _ => bad.push(format!("end {end:?}")),
    }
    bad
}

fn error_complaints(expect: &Value, error: &ChatError) -> Vec<String> {
    let mut bad = Vec::new();
    let mut kinds =
        std::iter::once(&expect["error"]["kind"]).chain(expect["kind_any"].as_array().into_iter().flatten());
    if !kinds.any(|kind| kind == error.kind.as_str()) {
        bad.push(format!("kind {:?}", error.kind));
    }
    if !error.message.contains(expect["error"]["contains"].as_str().unwrap()) {
        bad.push(format!("message {:?}", error.message));
    }
    if expect["retryable"].as_bool().is_some_and(|retryable| retryable != error.retryable) {
        bad.push(format!("retryable {}", error.retryable));
    }
    if expect["retry_after_s"].as_f64().is_some_and(|wait| error.retry_after_ms != Some((wait * 1000.0) as u64)) {
        bad.push(format!("retry after {:?} ms", error.retry_after_ms));
    }
    let hidden = expect["not_shown"].as_array().map_or(std::slice::from_ref(&expect["not_shown"]), Vec::as_slice);
    for hidden in hidden.iter().filter_map(Value::as_str) {
        if error.message.contains(hidden) {
            bad.push(format!("shows {hidden}"));
        }
    }
    bad
}
