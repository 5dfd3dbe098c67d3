//! The recorded and written stream cases, each cut in four ways, and what a real socket does when a stream is dropped,
//! reset or cut. The fields of a case are explained by its `about` and `source`.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use riffle::chat::{Accumulator, Answer, Delta, ErrorKind, Finish, Message, StreamEnd};
use riffle::provider::error::from_response;
use riffle::provider::{Api, ChatRequest, Client, DeltaStream, Endpoint, Progress, StreamItem, Timeouts, dialect};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cases::{Case, api_of, cases, complaints, cut_at, own_cuts, random_cuts};

/// Reads the pieces as the client does; also a case that fails by its status.
fn read(case: &Case, pieces: &[&[u8]]) -> (Answer, StreamEnd) {
    let mut ids = 0;
    let mut make_id = || {
        ids += 1;
        format!("invented{ids:04}")
    };
    let status = u16::try_from(case.meta["status"].as_u64().unwrap()).unwrap();
    if status >= 400 {
        let mut headers = http::HeaderMap::new();
        for (name, value) in case.meta["headers"].as_object().unwrap() {
            let name: http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let error = from_response(status, &headers, &pieces.concat(), 1_800_000_000_000);
        let end = StreamEnd::Failed { error, is_cut: false };
        return (Accumulator::default().finish(&end, &mut make_id), end);
    }
    let mut decoder = dialect(api_of(case)).decoder();
    let mut accumulator = Accumulator::default();
    let mut deltas = Vec::new();
    for piece in pieces {
        if decoder.push(piece, &mut deltas) == Progress::Done {
            break;
        }
    }
    let end = decoder.finish(&mut deltas);
    for delta in &deltas {
        accumulator.push(delta);
    }
    (accumulator.finish(&end, &mut make_id), end)
}

#[test]
fn every_case_is_read_right_however_it_is_cut() {
    let cases = cases();
    assert!(cases.len() > 50, "the cases are missing");
    let mut bad = Vec::new();
    for case in &cases {
        let bytewise = (1..case.body.len()).collect();
        let ways = [
            ("whole", Vec::new()),
            ("bytewise", bytewise),
            ("as delivered", own_cuts(case)),
            ("at random", random_cuts(case.body.len())),
        ];
        for (way, cuts) in ways {
            let (answer, end) = read(case, &cut_at(&case.body, cuts));
            bad.extend(
                complaints(case, &answer, &end).into_iter().map(|words| format!("{} {way}: {words}", case.name)),
            );
        }
    }
    assert_eq!(bad, Vec::<String>::new(), "{} complaints", bad.len());
}

#[test]
fn vendor_parts_of_an_answer_go_back_in_the_next_request() {
    for case in cases().into_iter().filter(|case| !case.meta["expect"]["echo"].is_null()) {
        let (answer, _) = read(&case, &[&case.body]);
        let opaque = answer.opaque.map(|value| riffle::chat::Opaque { provider: "test".to_owned(), value });
        let message = Message::Assistant(riffle::chat::AssistantMessage { opaque, ..answer.message });
        let request = ChatRequest { model: "m".to_owned(), messages: vec![message], tools: Vec::new() };
        let endpoint = endpoint("http://127.0.0.1:1/v1".to_owned());
        let wire = dialect(api_of(&case)).request(&endpoint, &request, &riffle::provider::Quirks::default());
        let text = wire.body.to_string();
        for (list, is_wanted) in [("must_contain", true), ("must_not_contain", false)] {
            for words in case.meta["expect"]["echo"][list].as_array().into_iter().flatten() {
                assert_eq!(text.contains(words.as_str().unwrap()), is_wanted, "{}: {words} in {text}", case.name);
            }
        }
    }
}

fn piece_of_a_stream() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        "(data: ?|event: |error: |:|\r|\n|\r\n|\\{\"choices\":\\[\\{\"delta\":\\{\"content\":\"(<think>|a|</think>|\\\\ud800)\"|\\}|\\]|\\[DONE\\])*"
            .prop_map(String::into_bytes),
        Just(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xc3\xa9</th\",\"reasoning\":\"r\"}}]}\n\n".to_vec()),
        Just(b"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\r\n\r\n".to_vec()),
        Just(b"data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"name\":\"f\",\"input\":{\"a\":1}}}\n\n".to_vec()),
        Just(b"data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}\n\n".to_vec()),
        Just(b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\xc3\xa9\",\"thoughtSignature\":\"s\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n".to_vec()),
        Just(b"data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"reasoning\",\"summary\":[{\"text\":\"r\"}]}}\n\n".to_vec()),
        Just(b"{\"message\":{\"content\":\"\xc3\xa9\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{}}}]},\"done\":false}\n".to_vec()),
        Just(b"data: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n".to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_cut_anywhere_give_the_same_answer_and_never_panic(
        pieces in prop::collection::vec(piece_of_a_stream(), 0..6),
        cuts in prop::collection::vec(0..400_usize, 0..12),
    ) {
        for api in Api::ALL {
            let meta = json!({"status": 200, "api": api.as_str()});
            let case = Case { name: String::new(), meta, body: pieces.concat() };
            let whole = read(&case, &[&case.body]);
            prop_assert_eq!(&read(&case, &cut_at(&case.body, cuts.clone())), &whole);
            prop_assert_eq!(&read(&case, &cut_at(&case.body, (1..case.body.len()).collect())), &whole);
        }
    }
}

fn endpoint(base_url: String) -> Endpoint {
    Endpoint {
        name: "test".to_owned(),
        label: "Test".to_owned(),
        api: Api::OpenAiChat,
        base_url,
        key: Some(riffle::config::secret::Secret::new("sk-canary-0000".to_owned())),
        key_source: None,
        headers: Vec::new(),
        params: Map::new(),
        timeouts: Timeouts::default(),
        ca_file: None,
    }
}

/// Starts a request against a new listener and reads the request on the server's side.
async fn connected() -> (DeltaStream, TcpStream, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = ChatRequest { model: "m".to_owned(), messages: vec![Message::user("hi")], tools: Vec::new() };
    let mut stream = Client::new().stream(Arc::new(endpoint(format!("http://{address}/v1"))), request);
    let asked = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = read_request(&mut socket).await;
        (socket, head)
    };
    let (socket, head) = tokio::select! {
        asked = asked => asked,
        item = stream.recv() => panic!("nothing was answered: {item:?}"),
    };
    (stream, socket, head)
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed before the request was complete");
        seen.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && serde_json::from_str::<Value>(body).is_ok()
        {
            return head.to_ascii_lowercase();
        }
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    let event = format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}));
    format!("{:x}\r\n{event}\r\n", event.len())
}

async fn sees_the_close(socket: &mut TcpStream) {
    let mut buffer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(5), socket.read(&mut buffer)).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "the connection is still open: {read:?}");
}

/// The first text; signs of life come before it.
async fn first_text(stream: &mut DeltaStream) -> String {
    loop {
        match stream.recv().await {
            Some(StreamItem::Delta(Delta::Text(text))) => return text,
            Some(StreamItem::Delta(Delta::Alive)) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn all_of(mut stream: DeltaStream) -> (String, StreamEnd) {
    let mut text = String::new();
    loop {
        match stream.recv().await.unwrap() {
            StreamItem::Delta(Delta::Text(more)) => text.push_str(&more),
            StreamItem::Delta(_) => {}
            StreamItem::End(end) => {
                assert_eq!(stream.recv().await, None);
                return (text, end);
            }
        }
    }
}

fn assert_cut(end: &StreamEnd) {
    let StreamEnd::Failed { error, is_cut: true } = end else { panic!("not cut: {end:?}") };
    assert_eq!(error.kind, ErrorKind::Network);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection_of_a_silent_server() {
    let (stream, mut socket, head) = connected().await;
    assert!(head.contains("authorization: bearer sk-canary-0000"), "{head}");
    drop(stream);
    sees_the_close(&mut socket).await;
}

#[tokio::test]
async fn dropping_the_stream_midway_closes_the_connection() {
    let (mut stream, mut socket, _) = connected().await;
    socket.write_all(format!("{HEAD}{}", chunk("one")).as_bytes()).await.unwrap();
    assert_eq!(first_text(&mut stream).await, "one");
    drop(stream);
    sees_the_close(&mut socket).await;
}

#[tokio::test]
async fn a_truncated_body_keeps_its_text_and_is_cut() {
    let (stream, mut socket, _) = connected().await;
    socket.write_all(format!("{HEAD}{}", chunk("one")).as_bytes()).await.unwrap();
    drop(socket);
    let (text, end) = all_of(stream).await;
    assert_eq!(text, "one");
    assert_cut(&end);
}

#[tokio::test]
async fn a_reset_keeps_the_text_and_is_cut() {
    let (mut stream, mut socket, _) = connected().await;
    socket.write_all(format!("{HEAD}{}", chunk("one")).as_bytes()).await.unwrap();
    assert_eq!(first_text(&mut stream).await, "one");
    socket.set_zero_linger().unwrap();
    drop(socket);
    let (_, end) = all_of(stream).await;
    assert_cut(&end);
    assert_eq!(Accumulator::default().finish(&end, &mut String::new).finish, Finish::Truncated);
}

#[tokio::test]
async fn the_announced_end_is_not_waited_for() {
    let (stream, mut socket, _) = connected().await;
    let done = "e\r\ndata: [DONE]\n\n\r\n";
    socket.write_all(format!("{HEAD}{}{done}", chunk("one")).as_bytes()).await.unwrap();
    assert_eq!(all_of(stream).await, ("one".to_owned(), StreamEnd::Complete));
    sees_the_close(&mut socket).await;
}

#[tokio::test]
async fn a_server_that_refuses_stream_options_is_asked_again_without_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
    let stream = Client::new().stream(Arc::new(endpoint(format!("http://{address}/v1"))), request);
    let answers = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        let words = r#"{"error":{"message":"stream_options: extra fields not permitted"}}"#;
        let head = format!("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", words.len());
        socket.write_all(format!("{head}{words}").as_bytes()).await.unwrap();
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(format!("{HEAD}{}e\r\ndata: [DONE]\n\n\r\n", chunk("two")).as_bytes()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(all_of(stream), answers);
    assert_eq!(answer, ("two".to_owned(), StreamEnd::Complete));
}

#[tokio::test]
async fn a_key_is_not_sent_over_plain_http_to_another_machine() {
    let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
    let stream = Client::new().stream(Arc::new(endpoint("http://192.0.2.1/v1".to_owned())), request);
    let (_, end) = all_of(stream).await;
    let StreamEnd::Failed { error, is_cut: false } = end else { panic!("sent: {end:?}") };
    assert_eq!(error.kind, ErrorKind::BadRequest);
    assert!(!error.message.contains("sk-canary"), "{}", error.message);
}
