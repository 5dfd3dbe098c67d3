//! The real binary, with a home of its own and nothing of the machine's environment.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_riffle");

/// The program's environment below this folder; the demo answers at once.
pub fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let at = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", at("")),
        ("XDG_CONFIG_HOME", at("config")),
        ("XDG_DATA_HOME", at("data")),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("RIFFLE_DEMO_RATE", "0".to_owned()),
    ]
}

/// A command of the binary with these words, ready to be changed.
pub fn riffle(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().envs(environment(home)).args(words).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(home: &Path, words: &[&str]) -> Output {
    riffle(home, words).output().unwrap()
}

/// The lines of `--json`.
pub fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A server that answers one request after the other with these bodies, then ends; gives the requests' bodies.
pub fn scripted(status: &'static str, bodies: Vec<String>) -> (String, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for body in bodies {
            let (mut socket, _) = listener.accept().unwrap();
            asked.push(request_body(&mut socket));
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            socket.write_all(head.as_bytes()).unwrap();
            socket.write_all(body.as_bytes()).unwrap();
        }
        asked
    });
    (url, served)
}

/// A server that answers one request with these pieces of text, with a pause before each.
pub fn streamed(pieces: Vec<String>, pause: Duration) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        request_body(&mut socket);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        socket.write_all(head.as_bytes()).unwrap();
        for piece in pieces {
            std::thread::sleep(pause);
            let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
            socket.write_all(format!("data: {chunk}\n\n").as_bytes()).unwrap();
        }
        let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        socket.write_all(end.as_bytes()).unwrap();
    });
    (url, served)
}

/// Reads one request; gives its body.
pub fn request_body(socket: &mut impl Read) -> Value {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_owned())
            });
            let Some(length) = length else { return Value::Null };
            if body.len() >= length.parse().unwrap() {
                return serde_json::from_str(body).unwrap();
            }
        }
        let read = socket.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..read]);
    }
}
