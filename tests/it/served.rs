//! The stream cases over a real socket: cut as they say, closed, reset and left hanging; and turns of several requests
//! through the real program, with what each of them must send back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use riffle::chat::{Accumulator, StreamEnd};
use riffle::config::secret::Secret;
use riffle::provider::{Api, ChatRequest, Client, Endpoint, StreamItem, Timeouts};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::cases::{Case, api_of, cases, complaints, cut_at, folder, own_cuts};
use crate::program::{events, run};

/// What is read before a reset, which may overtake what is still on its way.
const BEFORE_RESET: Duration = Duration::from_millis(30);

/// Plays cases. The first part of a path is `a+b@name`: a to the first request, b to all later ones.
#[derive(Clone)]
struct Player {
    cases: Arc<HashMap<String, Case>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Player {
    /// Starts a server; gives it and its address.
    async fn start() -> (Self, String) {
        let cases = cases().into_iter().map(|case| (case.name.clone(), case)).collect();
        let player = Self { cases: Arc::new(cases), asked: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = player.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let player = serving.clone();
                tokio::spawn(async move { player.play(socket).await });
            }
        });
        (player, address)
    }

    /// The bodies of requests to this word.
    fn bodies(&self, word: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(asked, _)| asked == word).map(|(_, body)| body.clone()).collect()
    }

    async fn play(&self, mut socket: TcpStream) {
        let Some((word, body)) = read_request(&mut socket).await else { return };
        let names: Vec<&str> = word.split('@').next().unwrap_or_default().split('+').collect();
        let turn = self.bodies(&word).len().min(names.len() - 1);
        let case = &self.cases[names[turn]];
        self.asked.lock().unwrap().push((word.clone(), body));
        // A client that leaves is no failure of the server.
        let _ = answer(&mut socket, case).await;
    }
}

async fn read_request(socket: &mut TcpStream) -> Option<(String, Value)> {
    let mut seen = Vec::new();
    loop {
        let mut buffer = [0; 8192];
        let count = socket.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        seen.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let word = head.split('/').nth(1)?;
            return Some((word.to_owned(), body));
        }
    }
}

async fn answer(socket: &mut TcpStream, case: &Case) -> std::io::Result<()> {
    let meta = &case.meta;
    socket.set_nodelay(true)?;
    let transfer = meta["transfer"].as_str().unwrap_or("chunked");
    let mut head = format!("HTTP/1.1 {} Case\r\nconnection: close\r\n", meta["status"]);
    for (name, value) in meta["headers"].as_object().unwrap() {
        if !["transfer-encoding", "connection", "content-length"].contains(&name.to_lowercase().as_str()) {
            head += &format!("{name}: {}\r\n", value.as_str().unwrap());
        }
    }
    match transfer {
        "chunked" => head += "transfer-encoding: chunked\r\n",
        "length" => head += &format!("content-length: {}\r\n", case.body.len()),
        _ => {}
    }
    socket.write_all(format!("{head}\r\n").as_bytes()).await?;
    for piece in cut_at(&case.body, own_cuts(case)).into_iter().filter(|piece| !piece.is_empty()) {
        if transfer == "chunked" {
            let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
            socket.write_all(&chunk).await?;
        } else {
            socket.write_all(piece).await?;
        }
    }
    if meta["hang_s"].is_number() {
        // Kept open for as long as the client wants it.
        return socket.read_to_end(&mut Vec::new()).await.map(drop);
    }
    match meta["truncate"].as_str() {
        Some("reset") => {
            let _ = tokio::time::timeout(BEFORE_RESET, socket.read(&mut [0])).await;
            socket.set_zero_linger()
        }
        None if transfer == "chunked" => socket.write_all(b"0\r\n\r\n").await,
        _ => Ok(()),
    }
}

fn base_url(address: &str, word: &str, api: Api) -> String {
    let suffix = if matches!(api, Api::OpenAiChat | Api::OpenAiResponses) { "/v1" } else { "" };
    format!("{address}/{word}{suffix}")
}

#[tokio::test]
async fn every_case_is_read_right_over_a_socket() {
    let (player, address) = Player::start().await;
    let client = Client::new();
    let mut bad = Vec::new();
    for case in player.cases.values() {
        let api = api_of(case);
        let endpoint = Endpoint {
            name: "test".to_owned(),
            label: "Test".to_owned(),
            api,
            base_url: base_url(&address, &case.name, api),
            key: Some(Secret::new("sk-canary-0000".to_owned())),
            key_source: None,
            headers: Vec::new(),
            params: Map::new(),
            timeouts: Timeouts { connect_ms: 5000, headers_ms: 5000, idle_ms: 1500 },
            ca_file: None,
        };
        let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
        let mut stream = client.stream(Arc::new(endpoint), request);
        let mut accumulator = Accumulator::default();
        let end: StreamEnd = loop {
            match stream.recv().await.unwrap() {
                StreamItem::Delta(delta) => accumulator.push(&delta),
                StreamItem::End(end) => break end,
            }
        };
        let mut ids = 0;
        let answer = accumulator.finish(&end, &mut || {
            ids += 1;
            format!("invented{ids:04}")
        });
        bad.extend(complaints(case, &answer, &end).into_iter().map(|words| format!("{}: {words}", case.name)));
    }
    assert_eq!(bad, Vec::<String>::new(), "{} complaints", bad.len());
}

/// Calls and results that a request holds, by their ids, or by their names where the wire format has no ids.
fn pairs(body: &Value) -> (Vec<String>, Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for message in list(&body["messages"]).into_iter().chain(list(&body["input"])) {
        calls.extend(list(&message["tool_calls"]).iter().map(|call| text(&call["id"])));
        if message["role"] == "tool" {
            results.push(text(&message["tool_call_id"]));
        }
        match message["type"].as_str() {
            Some("function_call") => calls.push(text(&message["call_id"])),
            Some("function_call_output") => results.push(text(&message["call_id"])),
            _ => {}
        }
        for block in list(&message["content"]) {
            match block["type"].as_str() {
                Some("tool_use") => calls.push(text(&block["id"])),
                Some("tool_result") => results.push(text(&block["tool_use_id"])),
                _ => {}
            }
        }
    }
    for part in list(&body["contents"]).iter().flat_map(|content| list(&content["parts"])) {
        calls.extend(part["functionCall"]["name"].as_str().map(str::to_owned));
        results.extend(part["functionResponse"]["name"].as_str().map(str::to_owned));
    }
    (calls, results)
}

fn scenario_complaints(scenario: &Value, done: &Value, sent: &[Value]) -> Vec<String> {
    let mut bad = Vec::new();
    let wanted = scenario["requests"].as_array().unwrap();
    if sent.len() != wanted.len() {
        bad.push(format!("{} requests", sent.len()));
    }
    if done["text"] != scenario["final_text"] {
        bad.push(format!("text {}", done["text"]));
    }
    if !scenario["final_error"].is_null() && done["error"]["kind"] != scenario["final_error"] {
        bad.push(format!("error {}", done["error"]));
    }
    for (number, (wanted, body)) in wanted.iter().zip(sent).enumerate() {
        let tight = body.to_string();
        for (list, is_wanted) in [("must_contain", true), ("must_not_contain", false)] {
            for words in wanted[list].as_array().into_iter().flatten() {
                let words = words.as_str().unwrap();
                let is_there = tight.contains(words) || tight.contains(&words.replace(": ", ":").replace(", ", ","));
                if is_there != is_wanted {
                    bad.push(format!("request {}: {list} {words}", number + 1));
                }
            }
        }
        let (mut calls, mut results) = pairs(body);
        calls.sort();
        results.sort();
        if wanted["pairs"].as_u64().is_some_and(|count| calls.len() as u64 != count || calls != results) {
            bad.push(format!("request {}: calls {calls:?}, results {results:?}", number + 1));
        }
    }
    bad
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_of_several_requests_send_back_what_their_vendor_wants() {
    let (player, address) = Player::start().await;
    let text = std::fs::read_to_string(folder().join("scenarios.json")).unwrap();
    let scenarios: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(scenarios.len() > 10, "the scenarios are missing");
    let mut bad = Vec::new();
    for scenario in &scenarios {
        let home = tempfile::tempdir().unwrap();
        let name = scenario["name"].as_str().unwrap();
        let sequence: Vec<&str> = scenario["sequence"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let word = format!("{}@{name}", sequence.join("+"));
        let api = Api::parse(scenario["api"].as_str().unwrap()).unwrap();
        let stubs: Map<String, Value> = scenario["tools"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, result)| {
                let stub = json!({"description": "d", "parameters": {"type": "object"}, "result": result});
                (name.clone(), stub)
            })
            .collect();
        let tools = home.path().join("tools.json");
        std::fs::write(&tools, Value::Object(stubs).to_string()).unwrap();
        let (url, tools) = (base_url(&address, &word, api), tools.display().to_string());
        let words = ["ask", "--json", "--no-save", "--api", api.as_str(), "--base-url", &url, "--model", "m"];
        let words = [&words[..], &["--max-rounds", "8", "--tools-file", &tools, "hi"]].concat();
        let output = tokio::task::block_in_place(|| run(home.path(), &words));
        let events = events(&output);
        let complaints = scenario_complaints(scenario, events.last().unwrap(), &player.bodies(&word));
        bad.extend(complaints.into_iter().map(|words| format!("{name}: {words}")));
    }
    assert_eq!(bad, Vec::<String>::new(), "{} complaints", bad.len());
}
