//! `riffle serve`, the real program: who is let in, what is answered, what happens to streams whose clients leave, come
//! back or do not read.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use riffle::sse::{Decoder, SseEvent};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::program::{events, riffle, run};

const TOKEN: &str = "the-token";

/// A running server; it ends with this.
struct Serving {
    child: Child,
    url: String,
    link: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    fn start(home: &Path, before: &[&str], after: &[&str]) -> Self {
        let words = [before, &["serve", "--listen", "127.0.0.1:0"], after].concat();
        let mut child = riffle(home, &words).env("RIFFLE_SERVE_TOKEN", TOKEN).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
        let link = lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
        // What it prints later is read, too, so that it can go on printing.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, link }
    }

    /// With the demo, which answers at once.
    fn demo(home: &Path) -> Self {
        Self::start(home, &["--provider", "demo"], &[])
    }

    /// In front of a model server.
    fn before(home: &Path, upstream: &str) -> Self {
        Self::start(home, &["--base-url", upstream, "--model", "m", "--no-tools"], &[])
    }

    fn place(&self, place: &str) -> String {
        format!("{}{place}", self.url)
    }

    async fn get(&self, place: &str) -> Response {
        client().get(self.place(place)).bearer_auth(TOKEN).send().await.unwrap()
    }

    async fn post(&self, place: &str, body: &Value) -> Response {
        client().post(self.place(place)).bearer_auth(TOKEN).json(body).send().await.unwrap()
    }

    /// How many answers are being written.
    async fn streams(&self) -> u64 {
        let health: Value = self.get("/healthz").await.json().await.unwrap();
        health["streams"].as_u64().unwrap()
    }
}

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap()
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Event {
    id: String,
    name: Option<String>,
    data: String,
}

/// Reads events from a response, with their ids.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((one, rest)) = self.text.split_once("\n\n") {
                let one = format!("{one}\n\n");
                self.text = rest.to_owned();
                if let Some(event) = read(&one) {
                    return Some(event);
                }
                continue;
            }
            let more = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    async fn all(mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

/// One event as a client would take it; none of a comment.
fn read(text: &str) -> Option<Event> {
    let mut found = None;
    let mut sink = |event: SseEvent<'_>| {
        if let SseEvent::Message { name, data } = event {
            found = Some((name.map(str::to_owned), data.to_owned()));
        }
    };
    Decoder::new().push(text.as_bytes(), &mut sink).unwrap();
    let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap_or_default().to_owned();
    found.map(|(name, data)| Event { id, name, data })
}

/// The answer's text, from unnamed events.
fn text_of(events: &[Event], is_json: bool) -> String {
    let pieces = events.iter().filter(|event| event.name.is_none() && event.data != "[DONE]");
    let text = |event: &Event| {
        if !is_json {
            return event.data.clone();
        }
        let data: Value = serde_json::from_str(&event.data).unwrap();
        data["text"].as_str().unwrap().to_owned()
    };
    pieces.map(text).collect()
}

fn named(events: &[Event], name: &str) -> Vec<Value> {
    let found = events.iter().filter(|event| event.name.as_deref() == Some(name));
    found.map(|event| serde_json::from_str(&event.data).unwrap()).collect()
}

/// A model server whose answers a test writes by hand.
struct Upstream {
    listener: TcpListener,
    url: String,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// Takes the next request; its answer has begun.
    async fn asked(&self) -> TcpStream {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            let mut piece = [0; 4096];
            let count = socket.read(&mut piece).await.unwrap();
            assert!(count > 0, "the request broke off");
            seen.extend_from_slice(&piece[..count]);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        socket
    }
}

fn delta(text: &str) -> Vec<u8> {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {chunk}\n\n").into_bytes()
}

async fn finish(mut socket: TcpStream) {
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    socket.write_all(end.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_question_is_answered_with_every_line_it_has() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let plain = Events::of(serving.get("/stream").await).all().await;
    assert_eq!(plain[0].name.as_deref(), Some("start"));
    assert_eq!(plain.last().unwrap().data, "[DONE]");
    assert!(plain.iter().all(|event| !event.id.is_empty()));
    let body = json!({"question": "What gear do I need for a weekend hike?", "format": "json"});
    let exact = Events::of(serving.post("/stream", &body).await).all().await;
    let text = text_of(&exact, true);
    assert!(text.starts_with("## ") && text.matches('\n').count() > 10, "{text}");
    assert_eq!(text_of(&plain, false), text);
    assert_eq!(named(&exact, "finish")[0]["finish"], "stop");
}

#[tokio::test]
async fn tools_that_run_here_are_told_with_their_results() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let events = Events::of(serving.get("/stream?question=Which+tents+cost+less+than+300%3F").await).all().await;
    let tools = named(&events, "tool");
    assert_eq!((tools[0]["status"].as_str(), tools[1]["status"].as_str()), (Some("running"), Some("done")));
    assert_eq!(tools[0]["arguments"], json!({"category": "tent", "max_price": 300}));
    assert!(tools[1]["output"].as_str().unwrap().contains("P001"));
}

#[tokio::test]
async fn nobody_comes_in_without_the_token_and_a_link_opens_once() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    for place in ["/", "/stream", "/page.js", "/v1/models", "/watch/x", "/nowhere"] {
        let response = client().get(serving.place(place)).send().await.unwrap();
        assert_eq!(response.status(), 401, "{place}");
        assert!(!response.text().await.unwrap().contains(TOKEN));
    }
    assert_eq!(client().get(serving.place("/healthz")).send().await.unwrap().status(), 200);
    let opened = client().get(format!("{}&question=a%20b", serving.link)).send().await.unwrap();
    assert_eq!((opened.status().as_u16(), &opened.headers()[LOCATION]), (303, &"/?question=a%20b".parse().unwrap()));
    let cookie = opened.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = client().get(serving.place("/")).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(client().get(&serving.link).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_body_must_be_json_and_small_and_a_question_must_ask() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let text = client().post(serving.place("/stream")).bearer_auth(TOKEN).body("{\"question\":\"hi\"}");
    assert_eq!(text.send().await.unwrap().status(), 415);
    let status = async |body: Value| serving.post("/stream", &body).await.status().as_u16();
    assert_eq!(status(json!({"question": " "})).await, 400);
    assert_eq!(status(json!({"question": 1})).await, 400);
    assert_eq!(status(json!({"question": "x".repeat(300_000)})).await, 413);
    assert_eq!(status(json!({"question": "x", "model": "nobody"})).await, 404);
    assert_eq!(status(json!({"question": "x", "conversation": "none"})).await, 404);
    assert_eq!(status(json!({"question": "x", "format": "xml"})).await, 400);
    assert_eq!(serving.get("/nowhere").await.status(), 404);
    let head = client().head(serving.place("/stream")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(head.status(), 405);
    assert_eq!(serving.streams().await, 0);
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_model_also_while_it_says_nothing() {
    let home = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await;
    let serving = Serving::before(home.path(), &upstream.url);
    for place in ["/stream?question=hi", "/v1/chat/completions"] {
        let body = json!({"model": serving_model(&serving).await, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        let asking = async {
            if place.starts_with("/v1") { serving.post(place, &body).await } else { serving.get(place).await }
        };
        let answering = async {
            let mut socket = upstream.asked().await;
            socket.write_all(&delta("Let me think")).await.unwrap();
            socket
        };
        let (response, mut socket) = tokio::join!(asking, answering);
        let mut events = Events::of(response);
        while !events.next().await.unwrap().data.contains("think") {}
        assert_eq!(serving.streams().await, 1);
        drop(events);
        assert_eq!(socket.read(&mut [0; 16]).await.unwrap_or(0), 0, "{place}: the connection is closed");
    }
}

/// The model behind the server, as it lists it.
async fn serving_model(serving: &Serving) -> String {
    let models: Value = serving.get("/v1/models").await.json().await.unwrap();
    let ids = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap());
    ids.into_iter().find(|id| id.ends_with("/m")).unwrap().to_owned()
}

#[tokio::test]
async fn who_comes_back_goes_on_where_he_was_and_nobody_is_asked_twice() {
    let home = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await;
    let serving = Serving::before(home.path(), &upstream.url);
    let (response, mut socket) = tokio::join!(serving.get("/stream?question=hi"), async {
        let mut socket = upstream.asked().await;
        socket.write_all(&delta("one ")).await.unwrap();
        socket
    });
    let mut events = Events::of(response);
    let mut first = events.next().await.unwrap();
    while first.name.is_some() {
        first = events.next().await.unwrap();
    }
    assert_eq!(first.data, "one ");
    drop(events);
    let again = async |last: &str| {
        let request = client().get(serving.place("/stream?question=hi")).bearer_auth(TOKEN);
        request.header(ACCEPT, "text/event-stream").header("last-event-id", last).send().await.unwrap()
    };
    let events = Events::of(again(&first.id).await);
    socket.write_all(&delta("two")).await.unwrap();
    finish(socket).await;
    let rest = events.all().await;
    assert_eq!(text_of(&rest, false), "two");
    let last = rest.last().unwrap().id.clone();
    assert_eq!((again(&last).await.status().as_u16(), again("unknown-3").await.status().as_u16()), (204, 204));
    let whole = Events::of(again(&first.id.replace("-2", "-0")).await).all().await;
    assert_eq!(text_of(&whole, false), "one two");
    let asked_again = tokio::time::timeout(Duration::from_millis(100), upstream.listener.accept()).await;
    assert!(asked_again.is_err(), "the model was asked once");
}

#[tokio::test]
async fn a_chat_begun_here_is_saved_goes_on_elsewhere_and_can_be_watched() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let begun = Events::of(serving.get("/stream?question=What+about+stoves%3F&conversation=new").await).all().await;
    let id = named(&begun, "start")[0]["conversation"].as_str().unwrap().to_owned();
    let mut watched = Events::of(serving.get(&format!("/watch/{id}")).await);
    let first = watched.next().await.unwrap();
    assert_eq!(first.name.as_deref(), Some("question"));
    assert!(first.data.contains("What about stoves?"));
    let mut next = watched.next().await.unwrap();
    assert_eq!(next.name.as_deref(), Some("answer"));
    let asked = tokio::task::spawn_blocking({
        let home = home.path().to_owned();
        move || run(&home, &["--provider", "demo", "ask", "--json", "--continue", "And tents?"])
    });
    let asked = events(&asked.await.unwrap());
    assert_eq!(asked[0]["conversation"], json!(id));
    while next.name.as_deref() != Some("question") {
        next = watched.next().await.unwrap();
    }
    assert!(next.data.contains("And tents?"));
    let on = json!({"question": "Which of them is lightest?", "conversation": &id[..12], "format": "json"});
    let answered = text_of(&Events::of(serving.post("/stream", &on).await).all().await, true);
    let shown = tokio::task::spawn_blocking({
        let home = home.path().to_owned();
        move || run(&home, &["history", "show", &id])
    });
    let shown = String::from_utf8(shown.await.unwrap().stdout).unwrap();
    for text in ["What about stoves?", "And tents?", "Which of them is lightest?", answered.lines().next().unwrap()] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[tokio::test]
async fn what_was_not_to_be_kept_is_not_saved() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let events = Events::of(serving.get("/stream?question=stoves").await).all().await;
    assert_eq!(named(&events, "start")[0]["conversation"], Value::Null);
    assert!(!home.path().join("data").join("riffle").exists());
}

#[tokio::test]
async fn openai_clients_are_answered_whole_and_in_chunks_and_keep_their_tools() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let ask = |extra: Value| {
        let mut body =
            json!({"model": "demo", "messages": [{"role": "user", "content": "Which tents cost less than 300?"}]});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let tool = json!({"type": "function", "function": {"name": "search_products", "parameters": {"type": "object",
        "properties": {"category": {"type": "string"}, "max_price": {"type": "number"}}}}});
    let whole: Value = serving.post("/v1/chat/completions", &ask(json!({"tools": [tool]}))).await.json().await.unwrap();
    let choice = &whole["choices"][0];
    assert_eq!(
        (whole["object"].as_str(), choice["finish_reason"].as_str()),
        (Some("chat.completion"), Some("tool_calls"))
    );
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{\"category\":\"tent\",\"max_price\":300}");
    assert!(whole["usage"]["total_tokens"].as_u64().unwrap() > 0);
    let streamed = ask(json!({"stream": true, "stream_options": {"include_usage": true}}));
    let events = Events::of(serving.post("/v1/chat/completions", &streamed).await).all().await;
    assert_eq!(events.last().unwrap().data, "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    let whole: Value = serving.post("/v1/chat/completions", &ask(json!({}))).await.json().await.unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], json!(text));
    let last = chunks.last().unwrap();
    assert_eq!((last["choices"].as_array().unwrap().len(), last["usage"]["total_tokens"].is_u64()), (0, true));
}

#[tokio::test]
async fn openai_clients_are_told_what_is_wrong_in_their_own_shape() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let hi = json!([{"role": "user", "content": "hi"}]);
    for (body, status, code) in [
        (json!({"model": "nobody/x", "messages": hi}), 404, Some("model_not_found")),
        (json!({"model": "demo/other", "messages": hi}), 404, Some("model_not_found")),
        (json!({"model": "openai", "messages": hi}), 401, Some("invalid_api_key")),
        (json!({"model": "demo", "messages": []}), 400, None),
    ] {
        let response = serving.post("/v1/chat/completions", &body).await;
        assert_eq!(response.status(), status, "{body}");
        let told: Value = response.json().await.unwrap();
        assert_eq!(told["error"]["code"].as_str(), code, "{told}");
        assert!(told["error"]["message"].is_string() && told["error"]["type"].is_string());
    }
}

#[tokio::test]
async fn a_model_that_breaks_off_is_an_error_in_the_stream() {
    let home = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await;
    let serving = Serving::before(home.path(), &upstream.url);
    let model = serving_model(&serving).await;
    let body = json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let (response, ()) = tokio::join!(serving.post("/v1/chat/completions", &body), async {
        let mut socket = upstream.asked().await;
        socket.write_all(&delta("half")).await.unwrap();
    });
    let events = Events::of(response).all().await;
    let error: Value = serde_json::from_str(&events[events.len() - 2].data).unwrap();
    assert!(error["error"]["message"].is_string(), "{error}");
}

#[tokio::test]
async fn riffle_can_ask_itself() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let url = serving.place("/v1");
    let asked = tokio::task::spawn_blocking({
        let home = home.path().to_owned();
        move || {
            let words = ["--base-url", &url, "--api-key-env", "KEY", "--model", "demo", "ask", "--json", "--no-save"];
            let question = "What are five essentials for a day hike?";
            riffle(&home, &words).arg(question).env("KEY", TOKEN).output().unwrap()
        }
    });
    let events = events(&asked.await.unwrap());
    let done = events.last().unwrap();
    assert_eq!(done["finish"], "stop");
    assert!(done["text"].as_str().unwrap().lines().count() > 5, "{done}");
}

#[tokio::test]
async fn more_answers_than_may_be_at_once_are_put_off() {
    let home = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await;
    let serving = Serving::before(home.path(), &upstream.url);
    let mut running = Vec::new();
    for _ in 0..16 {
        running.push(Events::of(serving.get("/stream?question=hi").await));
    }
    let refused = serving.get("/stream?question=hi").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()[RETRY_AFTER]), (503, &"1".parse().unwrap()));
    running.clear();
    while serving.streams().await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(serving.get("/stream?question=hi").await.status(), 200);
}

#[tokio::test]
async fn more_connections_than_may_be_are_told_so_at_once() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::demo(home.path());
    let address = serving.url.strip_prefix("http://").unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut open = Vec::new();
    for _ in 0..64 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0);
        open.push(socket);
    }
    let mut late = TcpStream::connect(address).await.unwrap();
    late.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: 1"), "{answer}");
    drop(open);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_its_own_model_and_nobody_else() {
    let home = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await;
    let serving = Serving::before(home.path(), &upstream.url);
    let address = serving.url.strip_prefix("http://").unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET /stream?question=hi HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    idle.write_all(request.as_bytes()).await.unwrap();
    let mut socket = upstream.asked().await;
    let piece = delta(&"x".repeat(4096));
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(500), socket.write_all(&piece)).await {
        written.unwrap();
        sent += 4096;
        assert!(sent < 64 * 1024 * 1024, "it is never held up");
    }
    assert_eq!(serving.streams().await, 1, "others are answered");
    let (mut read, mut buffer) = (0, vec![0; 65536]);
    while read < sent {
        let count = idle.read(&mut buffer).await.unwrap();
        assert!(count > 0, "it broke off");
        read += memchr::memchr_iter(b'x', &buffer[..count]).count();
    }
}

#[test]
fn what_would_let_others_in_by_mistake_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for (words, said) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], "--allow-remote"),
        (&["serve", "--listen", "0.0.0.0:0", "--allow-remote", "--no-token"], "--no-token"),
        (&["serve", "--listen", "0.0.0.0:0", "--allow-remote"], "hosts"),
        (&["serve", "--listen", "nowhere"], "--listen"),
    ] {
        let output = run(home.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said) && output.stdout.is_empty(), "{text}");
    }
}
