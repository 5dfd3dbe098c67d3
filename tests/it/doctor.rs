//! `riffle doctor` against servers that are well, sick in one way each, or not there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{riffle, run};

const KEY: &str = "sk-CANARY-0123456789x7Qa";

/// A response: its status, and its body in pieces with a pause before each but the first.
struct Reply(&'static str, Vec<String>);

/// A server that answers each request with what `answer` makes of its head, for as long as the test lives.
fn server(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    on_connection(move |mut socket| {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            match socket.read(&mut piece) {
                Ok(1..) => bytes.extend_from_slice(&piece),
                // The doctor tries the connection first, without a request.
                Ok(0) | Err(_) => return,
            }
        }
        let Reply(status, pieces) = answer(&String::from_utf8_lossy(&bytes));
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n");
        let _ = socket.write_all(head.as_bytes());
        for (at, piece) in pieces.iter().enumerate() {
            std::thread::sleep(Duration::from_millis(if at == 0 { 0 } else { 30 }));
            let _ = socket.write_all(piece.as_bytes());
        }
    })
}

fn on_connection(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(socket));
        }
    });
    authority
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A list of models for a GET, and `answer` for a question.
fn model_server(names: &[&str], answer: Vec<String>) -> String {
    let list = json!({"data": names.iter().map(|name| json!({"id": name})).collect::<Vec<_>>()}).to_string();
    server(move |head| {
        let is_list = head.starts_with("GET /v1/models ");
        Reply("200 OK", if is_list { vec![list.clone()] } else { answer.clone() })
    })
}

/// The words of the report and of its `--json`, which must agree in the exit status and hold no key.
fn doctor(home: &Path, words: &[&str]) -> (Option<i32>, String, Value) {
    let run = |more: &[&str]| {
        let output = riffle(home, &["doctor"]).args(words).args(more).env("MY_KEY", KEY).output().unwrap();
        assert!(!all(&output).contains("CANARY"), "{}", all(&output));
        output
    };
    let (text, json) = (run(&[]), run(&["--json"]));
    assert_eq!(text.status.code(), json.status.code(), "{}", all(&text));
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["ok"], json!(json.status.code() == Some(0)));
    (text.status.code(), String::from_utf8(text.stdout).unwrap(), report)
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// The steps of the provider with how each ended.
fn steps(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["area"] == "provider");
    findings.map(|finding| (finding["step"].as_str().unwrap(), finding["status"].as_str().unwrap())).collect()
}

fn finding<'a>(report: &'a Value, step: &str) -> &'a Value {
    report["findings"].as_array().unwrap().iter().find(|finding| finding["step"] == step).unwrap()
}

fn at<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["--base-url", url, "--api-key-env", "MY_KEY"], more].concat()
}

#[test]
fn a_provider_that_is_well_is_well_in_each_step() {
    let home = home();
    let url = format!("http://{}/v1", model_server(&["small", "large"], Vec::new()));
    let (status, text, report) = doctor(home.path(), &at(&url, &["--model", "large"]));
    assert_eq!(status, Some(0), "{text}");
    let expected =
        [("dns", "skipped"), ("tcp", "ok"), ("tls", "skipped"), ("http", "ok"), ("key", "ok"), ("models", "ok")];
    assert_eq!(steps(&report), expected);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert!(finding(&report, "http")["elapsed_ms"].is_u64());
    assert_eq!(finding(&report, "key")["message"], "read from MY_KEY, ends in ...x7Qa");
    assert!(
        text.contains("\n ✓ TERM       xterm-256color\n") && text.contains("2 models, large is one of them"),
        "{text}"
    );
    assert_eq!(text.lines().last(), Some("All is well."));
}

#[test]
fn a_refused_key_is_named_with_its_place_and_not_repeated() {
    let home = home();
    let url = format!(
        "http://{}/v1",
        server(|head| {
            let key = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap_or("none");
            let body = json!({"error": {"message": format!("Incorrect API key provided: {key}")}});
            Reply("401 Unauthorized", vec![body.to_string()])
        })
    );
    let (status, text, report) = doctor(home.path(), &at(&url, &["--model", "m", "--probe"]));
    assert_eq!(status, Some(1));
    assert_eq!(steps(&report).last(), Some(&("key", "failed")));
    assert!(text.contains("Incorrect API key provided: ****") && text.contains("Read from MY_KEY, ends in ...x7Qa."));
    assert!(finding(&report, "key")["fix"].as_str().unwrap().starts_with("Set MY_KEY to a key of"));
    assert_eq!((&report["probes"], text.lines().last()), (&json!([]), Some("1 check failed.")));
}

#[test]
fn the_first_step_that_fails_is_the_last_one() {
    let home = home();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let garbage = on_connection(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"220 this is a mail server\r\n");
    });
    let moved = server(|_| Reply("301 Moved\r\nlocation: https://elsewhere.example/v1", Vec::new()));
    let page = server(|_| Reply("200 OK", vec!["<html>".to_owned()]));
    let nothing = server(|_| Reply("404 Not Found", Vec::new()));
    for (url, step, part) in [
        (format!("http://{closed}/v1"), "tcp", "Connection refused."),
        (format!("https://{garbage}/v1"), "tls", "It may speak plain http"),
        (format!("http://{moved}/v1"), "http", "redirects to https://elsewhere.example/v1"),
        (format!("http://{page}/v1"), "models", "did not answer with a list of models"),
        (format!("http://{nothing}"), "models", "base_url usually ends in /v1."),
    ] {
        let (status, text, report) = doctor(home.path(), &["--base-url", &url, "--model", "m"]);
        assert_eq!((status, steps(&report).last()), (Some(1), Some(&(step, "failed"))), "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_model_that_is_not_offered_is_told_with_the_nearest_one() {
    let home = home();
    let url = format!("http://{}/v1", model_server(&["qwen2.5-coder", "mistral-small", "phi"], Vec::new()));
    let (status, _, report) = doctor(home.path(), &["--base-url", &url, "--model", "qwen2.5-codr"]);
    let models = finding(&report, "models");
    assert_eq!((status, &models["status"]), (Some(0), &json!("warning")));
    assert_eq!(models["message"], "qwen2.5-codr is not among its 3 models.");
    assert_eq!(models["fix"], "Did you mean `qwen2.5-coder`?");
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

#[test]
fn a_probe_tells_what_a_capable_model_does() {
    let home = home();
    let call = |index: u64, id: &str, city: &str| {
        let function = json!({"name": "get_time", "arguments": json!({"city": city}).to_string()});
        chunk(&json!({"tool_calls": [{"index": index, "id": id, "function": function}]}), None)
    };
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 30}});
    let answer = vec![
        chunk(&json!({"reasoning_content": "Two cities."}), None),
        call(0, "a", "Oslo") + &call(1, "b", "Tokyo"),
        chunk(&json!({}), Some("tool_calls")) + &format!("data: {usage}\n\ndata: [DONE]\n\n"),
    ];
    let url = format!("http://{}/v1", model_server(&["m"], answer));
    let (status, text, report) = doctor(home.path(), &["--base-url", &url, "--model", "m", "--probe"]);
    assert_eq!(status, Some(0), "{text}");
    let mut probe = report["probes"][0].clone();
    assert!(probe["ttft_ms"].take().is_u64());
    let expected = json!({
        "provider": url.trim_start_matches("http://").trim_end_matches("/v1"), "model": "m", "streams": true,
        "ttft_ms": null, "usage": {"input": 90, "output": 30}, "tool_calls": 2, "parallel": true, "reasoning": true,
        "finish": "tool_calls", "tolerated": [],
    });
    assert_eq!(probe, expected);
    assert!(text.contains("called 2 at once") && text.contains("90 in   30 out"), "{text}");
}

#[test]
fn a_probe_tells_that_nothing_is_streamed_and_an_answer_without_tools_is_no_failure() {
    let home = home();
    let whole = json!({"choices": [{"message": {"content": "It is noon."}, "finish_reason": "stop"}]}).to_string();
    let url = format!("http://{}/v1", model_server(&["m"], vec![whole]));
    let (status, text, report) = doctor(home.path(), &["--base-url", &url, "--model", "m", "--probe"]);
    let probe = &report["probes"][0];
    assert_eq!((status, &probe["streams"], &probe["tool_calls"]), (Some(0), &json!(false), &json!(0)));
    let tolerated = probe["tolerated"].as_array().unwrap();
    assert!(tolerated.contains(&json!("one document came in place of a stream")), "{probe}");
    assert!(text.contains("all came at once") && text.contains("did not call the tool"), "{text}");
}

#[test]
fn a_question_that_fails_is_a_failure_though_the_list_came() {
    let home = home();
    let error = json!({"error": {"message": "The model is not loaded.", "code": 503}}).to_string();
    let url = format!("http://{}/v1", model_server(&["m"], vec![format!("data: {error}\n\n")]));
    let (status, text, report) = doctor(home.path(), &["--base-url", &url, "--model", "m", "--probe"]);
    assert_eq!((status, &report["probes"][0]["error"]), (Some(1), &json!("The model is not loaded.")), "{text}");
}

#[test]
fn fix_makes_a_configuration_with_a_key_private_and_says_so() {
    let home = home();
    let config = home.path().join("config/riffle/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let url = format!("http://{}/v1", model_server(&["m"], Vec::new()));
    std::fs::write(&config, format!("[providers.mine]\nbase_url = \"{url}\"\nmodel = \"m\"\napi_key = \"{KEY}\"\n"))
        .unwrap();
    let keys = config.with_file_name("keys.toml");
    std::fs::write(&keys, format!("[groq]\nbase_url = \"https://api.groq.com/openai/v1\"\nkey = \"{KEY}\"\n")).unwrap();
    let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    for file in [&config, &keys] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let (status, text, report) = doctor(home.path(), &["mine"]);
    assert_eq!((status, &finding(&report, "private")["status"]), (Some(1), &json!("failed")), "{text}");
    assert_eq!((mode(&config), text.matches("chmod 600").count()), (0o644, 3), "each file once, and mine: {text}");

    let fixed = run(home.path(), &["doctor", "mine", "--fix"]);
    assert_eq!((fixed.status.code(), mode(&config), mode(&keys)), (Some(0), 0o600, 0o600), "{}", all(&fixed));
    assert!(all(&fixed).contains("It is private now (chmod 600).") && !all(&fixed).contains("CANARY"));
    let (status, text, _) = doctor(home.path(), &["mine"]);
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn a_broken_configuration_is_a_finding_and_the_rest_is_checked() {
    let home = home();
    let config = home.path().join("bad.toml");
    std::fs::write(&config, format!("[providers.mine]\napi_key = \"{KEY}\n")).unwrap();
    let place = config.display().to_string();
    let (status, text, report) = doctor(home.path(), &["--config", &place, "mine", "demo"]);
    assert_eq!(status, Some(1), "{text}");
    let file = finding(&report, "file");
    assert_eq!((&file["area"], &file["status"]), (&json!("configuration"), &json!("failed")));
    assert!(file["message"].as_str().unwrap().contains("bad.toml:2:"), "{file}");
    assert!(steps(&report).contains(&("models", "ok")) && steps(&report).contains(&("file", "skipped")), "{text}");
    assert!(text.contains("none yet; the first question begins it"), "{text}");
}

#[test]
fn saved_chats_are_looked_at_and_left_alone() {
    let home = home();
    let data = home.path().join("chats").display().to_string();
    run(home.path(), &["ask", "--data-dir", &data, "--provider", "demo", "hello"]);
    let listing = || {
        let entries = std::fs::read_dir(&data).unwrap().flatten();
        let mut found: Vec<_> = entries
            .map(|entry| {
                (entry.file_name(), entry.metadata().unwrap().modified().unwrap(), entry.metadata().unwrap().len())
            })
            .collect();
        found.sort();
        found
    };
    let before = listing();
    let (status, text, _) = doctor(home.path(), &["--data-dir", &data, "demo"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("history.db   1 chat   "), "{text}");
    assert_eq!(listing(), before);
    std::fs::write(Path::new(&data).join("history.db"), "no database".repeat(999)).unwrap();
    let (status, text, _) = doctor(home.path(), &["--data-dir", &data, "demo"]);
    assert!(
        status == Some(1) && text.contains("it is damaged.") && text.contains("Run: riffle history check --repair."),
        "{text}"
    );
}

#[test]
fn a_proxy_is_named_without_its_password_and_the_host_is_left_alone() {
    let home = home();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let words = ["doctor", "--json", "--base-url", "https://models.example.com/v1", "--model", "m"];
    let output = riffle(home.path(), &words).env("HTTPS_PROXY", format!("http://me:CANARY@{closed}")).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(steps(&report), [("proxy", "failed")]);
    assert!(all(&output).contains(&format!("through http://{closed}")) && !all(&output).contains("CANARY"));
}

#[test]
fn without_names_the_demo_is_well_and_what_is_missing_is_no_fault() {
    let home = home();
    let (status, text, report) = doctor(home.path(), &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("\ndemo   http://127.0.0.1:") && text.contains(" - no key     anthropic, azure, deepseek"),
        "{text}"
    );
    assert!(steps(&report).contains(&("key", "skipped")));
    let plain = riffle(home.path(), &["doctor", "demo"]).env("LANG", "C").output().unwrap();
    assert!(all(&plain).contains("\n ok TERM ") && !all(&plain).contains('✓'), "{}", all(&plain));
}

#[test]
fn wrong_words_are_wrong_usage() {
    let home = home();
    for words in [&["doctor", "nobody"][..], &["doctor", "--provider", "nobody"], &["doctor", "--frobnicate"]] {
        let output = run(home.path(), words);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?} {}", all(&output));
    }
    assert_eq!(run(home.path(), &["doctor", "demo", "nobody"]).status.code(), Some(2));
}

#[test]
fn a_name_that_nobody_knows_is_told_as_a_name() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["doctor", "nosuch"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "riffle: no provider is called nosuch; `riffle models` lists them\n");
}
