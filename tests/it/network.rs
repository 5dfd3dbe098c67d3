//! What goes wrong between here and a server: silence, certificates, proxies, redirects. Each ends in a sentence, with
//! what came so far, and no key where it does not belong.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use riffle::chat::{ChatError, Delta, ErrorKind, Message, StreamEnd};
use riffle::config::secret::Secret;
use riffle::provider::{Api, ChatRequest, Client, Endpoint, StreamItem, Timeouts};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};

use crate::program::{events, riffle, run};

const KEY: &str = "sk-CANARY-network";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    let event = format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}));
    format!("{:x}\r\n{event}\r\n", event.len())
}

fn whole(text: &str) -> String {
    format!("{HEAD}{}e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", chunk(text))
}

fn endpoint(base_url: String) -> Endpoint {
    Endpoint {
        name: "test".to_owned(),
        label: "Test".to_owned(),
        api: Api::OpenAiChat,
        base_url,
        key: Some(Secret::new(KEY.to_owned())),
        key_source: None,
        headers: Vec::new(),
        params: Map::new(),
        timeouts: Timeouts { connect_ms: 2000, headers_ms: 2000, idle_ms: 2000 },
        ca_file: None,
    }
}

/// Asks, and gives the text and the end.
async fn ask(endpoint: Endpoint) -> (String, StreamEnd) {
    let messages = vec![Message::user("hi")];
    let request = ChatRequest { model: "m".to_owned(), messages, tools: Vec::new() };
    let mut stream = Client::new().stream(Arc::new(endpoint), request);
    let mut text = String::new();
    loop {
        match stream.recv().await.unwrap() {
            StreamItem::Delta(Delta::Text(more)) => text.push_str(&more),
            StreamItem::Delta(_) => {}
            StreamItem::End(end) => return (text, end),
        }
    }
}

async fn error(endpoint: Endpoint) -> ChatError {
    match ask(endpoint).await.1 {
        StreamEnd::Failed { error, .. } => error,
        StreamEnd::Complete => panic!("it was answered"),
    }
}

/// A server that does this with its first connection once the request's head is read; gives its port.
fn serve(then: impl FnOnce(&mut std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        read_head(&mut socket);
        then(&mut socket);
    });
    port
}

fn read_head(socket: &mut std::net::TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte).unwrap() == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Silence that only the client's patience ends.
fn say_nothing(socket: &mut std::net::TcpStream) {
    let _ = socket.read_to_end(&mut Vec::new());
}

fn local(port: u16) -> Endpoint {
    endpoint(format!("http://127.0.0.1:{port}/v1"))
}

#[tokio::test]
async fn a_server_that_does_not_begin_is_given_up_after_its_time() {
    let mut endpoint = local(serve(say_nothing));
    endpoint.timeouts.headers_ms = 150;
    let error = error(endpoint.clone()).await;
    assert_eq!(error.kind, ErrorKind::Network);
    assert!(error.message.contains("did not answer within 1 s"), "{}", error.message);
}

#[tokio::test]
async fn silence_within_an_answer_ends_it_and_keeps_its_text() {
    let mut endpoint = local(serve(|socket| {
        socket.write_all(format!("{HEAD}{}", chunk("so far")).as_bytes()).unwrap();
        say_nothing(socket);
    }));
    endpoint.timeouts.idle_ms = 150;
    let (text, end) = ask(endpoint).await;
    let StreamEnd::Failed { error, is_cut: true } = end else { panic!("{end:?}") };
    assert_eq!((text.as_str(), error.kind), ("so far", ErrorKind::Network));
    assert!(error.message.contains("said nothing for"), "{}", error.message);
}

#[tokio::test]
async fn comments_are_signs_of_life() {
    let mut endpoint = local(serve(|socket| {
        socket.write_all(HEAD.as_bytes()).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(80))).unwrap();
        for _ in 0..8 {
            // The client has nothing to say: this is a pause.
            let _ = socket.read(&mut [0]);
            socket.write_all(b"4\r\n: .\n\r\n").unwrap();
        }
        socket.write_all(format!("{}e\r\ndata: [DONE]\n\n\r\n", chunk("at last")).as_bytes()).unwrap();
    }));
    endpoint.timeouts.idle_ms = 400;
    assert_eq!(ask(endpoint).await, ("at last".to_owned(), StreamEnd::Complete));
}

#[tokio::test]
async fn nobody_listening_is_said_with_the_address() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = error(local(port)).await;
    assert!(error.message.starts_with(&format!("No connection to 127.0.0.1:{port}: ")), "{}", error.message);
    assert!(error.retryable);
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_said_to_be_unknown() {
    let error = error(Endpoint { key: None, ..endpoint("http://no-such-host.invalid/v1".to_owned()) }).await;
    assert_eq!(error.message, "No connection to no-such-host.invalid: no host of this name was found.");
}

#[tokio::test]
async fn a_redirect_is_named_and_neither_followed_nor_given_the_key() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = format!("http://{}/v1/chat/completions", elsewhere.local_addr().unwrap());
    let reply = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let error = error(local(serve(move |socket| socket.write_all(reply.as_bytes()).unwrap()))).await;
    assert_eq!((error.kind, error.status), (ErrorKind::BadRequest, Some(307)));
    assert!(error.message.contains(&target), "{}", error.message);
    assert!(elsewhere.accept().is_err(), "somebody came");
}

/// A certificate of its own for 127.0.0.1, and a TLS server with it that answers once; gives its port.
async fn serve_tls() -> (u16, String, tokio::task::JoinHandle<bool>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let Ok(mut socket) = acceptor.accept(socket).await else { return false };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = socket.read_u8().await else { return false };
            head.push(byte);
        }
        socket.write_all(whole("over TLS").as_bytes()).await.is_ok()
    });
    (port, made.cert.pem(), served)
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let (port, _, served) = serve_tls().await;
    let error = error(endpoint(format!("https://127.0.0.1:{port}/v1"))).await;
    assert!(error.message.contains("certificate") && error.message.contains("ca_file"), "{}", error.message);
    assert!(error.message.contains(&format!("127.0.0.1:{port}")), "{}", error.message);
    assert!(!error.retryable);
    assert!(!served.await.unwrap(), "the handshake must fail, so that no key was sent");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let (port, pem, served) = serve_tls().await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("authority.pem");
    std::fs::write(&ca_file, pem).unwrap();
    let endpoint = Endpoint { ca_file: Some(ca_file), ..endpoint(format!("https://127.0.0.1:{port}/v1")) };
    assert_eq!(ask(endpoint).await, ("over TLS".to_owned(), StreamEnd::Complete));
    assert!(served.await.unwrap());
}

#[tokio::test]
async fn what_does_not_speak_tls_is_said_not_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nThis is no TLS.");
        say_nothing(&mut socket);
    });
    let error = error(endpoint(format!("https://127.0.0.1:{port}/v1"))).await;
    assert!(error.message.contains("does not speak TLS"), "{}", error.message);
}

#[tokio::test]
async fn an_authority_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("missing.pem");
    let error = error(Endpoint { ca_file: Some(ca_file), ..endpoint("https://127.0.0.1:1/v1".to_owned()) }).await;
    assert!(error.message.contains("missing.pem"), "{}", error.message);
}

#[test]
fn this_machine_is_never_asked_through_a_proxy() {
    let home = tempfile::tempdir().unwrap();
    let port = serve(|socket| socket.write_all(whole("directly").as_bytes()).unwrap());
    let url = format!("http://127.0.0.1:{port}/v1");
    let output = riffle(home.path(), &["ask", "--base-url", &url, "--model", "m", "hi"])
        .envs([
            ("HTTP_PROXY", "http://127.0.0.1:1"),
            ("http_proxy", "http://127.0.0.1:1"),
            ("ALL_PROXY", "http://127.0.0.1:1"),
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "directly", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn other_machines_are_asked_through_the_proxy_that_is_set() {
    let home = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let head = read_head(&mut socket);
        socket.write_all(whole("through the proxy").as_bytes()).unwrap();
        head
    });
    let output = riffle(home.path(), &["ask", "--base-url", "http://models.invalid/v1", "--model", "m", "hi"])
        .envs([("HTTP_PROXY", proxy.as_str()), ("http_proxy", proxy.as_str())])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "through the proxy",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let head = served.join().unwrap();
    assert!(head.starts_with("POST http://models.invalid/v1/chat/completions"), "{head}");
}

#[test]
fn a_key_is_never_sent_in_the_open_to_another_machine() {
    let home = tempfile::tempdir().unwrap();
    let words = ["ask", "--base-url", "http://models.invalid/v1", "--model", "m", "--api-key-env", "CANARY", "hi"];
    let output = riffle(home.path(), &words).env("CANARY", KEY).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("unencrypted") && !said.contains("CANARY-network"), "{said}");
}

#[test]
fn retries_stop_where_nothing_would_change() {
    let home = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/v1");
    let output = run(home.path(), &["ask", "--json", "--retries", "1", "--base-url", &url, "--model", "m", "hi"]);
    let events = events(&output);
    assert_eq!(events.iter().filter(|event| event["type"] == "retry").count(), 1);
    assert_eq!(events.last().unwrap()["error"]["kind"], "network");
}
