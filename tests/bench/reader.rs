//! How fast bodies become deltas, and what is allocated meanwhile: every dialect's reader, and for Chat Completions a
//! straightforward one that splits at blank lines and builds a tree of each event. Run with `cargo bench --bench reader`.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use riffle::chat::Delta;
use riffle::provider::{Api, dialect};
use serde_json::{Value, json};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const EVENTS: usize = 4000;
/// What a socket gives at once.
const READ_BYTES: usize = 16 * 1024;

fn main() {
    divan::main();
}

fn body(event: impl Fn(&str) -> String) -> Vec<u8> {
    let words = [" the", " tent", " for", " two", " people", ",", " light", " and", " \"dry\"", "\n\n"];
    (0..EVENTS).map(|at| event(words[at % words.len()])).collect::<String>().into_bytes()
}

fn chat_body() -> Vec<u8> {
    body(|word| {
        let word = Value::from(word);
        format!(
            "data: {{\"id\":\"chatcmpl-CfQ2hnJ8bYd3xVw0pL7sKtRz\",\"object\":\"chat.completion.chunk\",\"created\":1763990000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_560af6e559\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{word}}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"gB9xQ\"}}\n\n"
        )
    })
}

fn body_of(api: Api) -> Vec<u8> {
    match api {
        Api::OpenAiChat => chat_body(),
        Api::OpenAiResponses => body(|word| {
            let event = json!({"type": "response.output_text.delta", "sequence_number": 12, "item_id": "msg_68a1f2", "output_index": 0, "content_index": 0, "delta": word, "logprobs": [], "obfuscation": "gB9xQ"});
            format!("event: response.output_text.delta\ndata: {event}\n\n")
        }),
        Api::Anthropic => body(|word| {
            let event =
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}});
            format!("event: content_block_delta\ndata: {event}\n\n")
        }),
        Api::Gemini => body(|word| {
            let event = json!({"candidates": [{"content": {"parts": [{"text": word}], "role": "model"}, "index": 0}], "modelVersion": "gemini-2.5-flash", "responseId": "x9Q"});
            format!("data: {event}\r\n\r\n")
        }),
        Api::Ollama => body(|word| {
            let line = json!({"model": "llama3.2", "created_at": "2026-01-01T00:00:00.000000Z", "message": {"role": "assistant", "content": word}, "done": false});
            format!("{line}\n")
        }),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "divan hands arguments over by reference")]
#[divan::bench(args = [Api::OpenAiChat, Api::OpenAiResponses, Api::Anthropic, Api::Gemini, Api::Ollama])]
fn riffle(bencher: Bencher<'_, '_>, api: &Api) {
    let body = body_of(*api);
    bencher.counter(BytesCount::of_slice(&body)).bench_local(|| {
        let mut decoder = dialect(*api).decoder();
        let mut deltas = Vec::new();
        let mut length = 0;
        for read in body.chunks(READ_BYTES) {
            decoder.push(read, &mut deltas);
            length += text_length(&deltas);
            deltas.clear();
        }
        length
    });
}

#[divan::bench]
fn straightforward(bencher: Bencher<'_, '_>) {
    let body = chat_body();
    bencher.counter(BytesCount::of_slice(&body)).bench_local(|| {
        let mut open = String::new();
        let mut length = 0;
        for read in body.chunks(READ_BYTES) {
            open.push_str(&String::from_utf8_lossy(read));
            while let Some(end) = open.find("\n\n") {
                let event: String = open.drain(..end + 2).collect();
                let chunk: Value = serde_json::from_str(event.trim_start_matches("data: ")).unwrap_or_default();
                let text = chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned();
                length += text_length(&[Delta::Text(text)]);
            }
        }
        length
    });
}

fn text_length(deltas: &[Delta]) -> usize {
    deltas.iter().map(|delta| if let Delta::Text(text) = delta { text.len() } else { 0 }).sum()
}
