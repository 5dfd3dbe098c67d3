//! The library as another program uses it: answers as streams, conversations that grow, connections that close.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use futures_util::StreamExt as _;
use riffle::chat::{EntryBody, EntryState};
use riffle::tools::outdoor_gear;
use riffle::{
    Api, Conversation, Decision, DemoServer, Endpoint, ErrorKind, Event, Finish, FunctionTool, Kernel, Message,
    ToolStatus,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

fn event(delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
}

/// A server that takes one request, sends this and then nothing more; says when the request came and when the client left.
async fn silent_after(sent: String) -> (Kernel, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let kernel = Kernel::new(openai(&format!("http://{}/v1", listener.local_addr().unwrap())), "m");
    let (asked, is_asked) = oneshot::channel();
    let (closed, is_closed) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            assert!(socket.read_buf(&mut request).await.unwrap() > 0, "it left before it asked");
        }
        socket.write_all(sent.as_bytes()).await.unwrap();
        asked.send(()).unwrap();
        // Nothing comes from a client that waits; the end is its leaving.
        assert_eq!(socket.read(&mut [0; 1]).await.unwrap_or(0), 0);
        let _ = closed.send(());
    });
    (kernel, is_asked, is_closed)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    text.split_once("\r\n\r\n").is_some_and(|(_, body)| serde_json::from_str::<Value>(body).is_ok())
}

fn openai(base_url: &str) -> Endpoint {
    Endpoint::new(Api::OpenAiChat, base_url)
}

/// A server that answers each request with the next of these, and the bodies it was sent.
async fn scripted(answers: Vec<(StatusCode, String)>) -> (Kernel, Arc<Mutex<Vec<Value>>>) {
    type Script = Arc<Mutex<std::vec::IntoIter<(StatusCode, String)>>>;
    async fn answer(
        State((script, bodies)): State<(Script, Arc<Mutex<Vec<Value>>>)>,
        body: String,
    ) -> impl IntoResponse {
        bodies.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        let (status, text) = script.lock().unwrap().next().unwrap();
        let kind = if status.is_success() { "text/event-stream" } else { "application/json" };
        // A failed one may be repeated at once.
        (status, [("content-type", kind), ("retry-after-ms", "1")], text)
    }
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let script: Script = Arc::new(Mutex::new(answers.into_iter()));
    let router = axum::Router::new().route("/v1/chat/completions", post(answer)).with_state((script, bodies.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let kernel = Kernel::new(openai(&format!("http://{}/v1", listener.local_addr().unwrap())), "m");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (kernel, bodies)
}

fn said(text: &str) -> (StatusCode, String) {
    (StatusCode::OK, event(&json!({"content": text})) + "data: [DONE]\n\n")
}

/// Waits for what has to happen; a test that would wait for ever fails.
async fn comes(happened: oneshot::Receiver<()>) {
    tokio::time::timeout(Duration::from_secs(20), happened).await.expect("it never came").unwrap();
}

/// The last message, which is an answer: how it stands and its text.
fn last_answer(conversation: &Conversation) -> (EntryState, &str) {
    let last = conversation.entries.last().unwrap();
    let EntryBody::Answer { message, .. } = &last.body else { panic!("{last:?}") };
    (last.state, &message.text)
}

#[tokio::test]
async fn dropping_a_request_closes_its_connection_though_the_server_never_sent_anything() {
    let (kernel, is_asked, is_closed) = silent_after(String::new()).await;
    let mut stream = kernel.stream([Message::user("hi")]);
    tokio::select! {
        item = stream.recv() => panic!("{item:?} of a silent server"),
        () = comes(is_asked) => {}
    }
    drop(stream);
    comes(is_closed).await;
}

#[tokio::test]
async fn dropping_an_answer_closes_its_connection_though_the_server_never_sent_anything() {
    let (kernel, is_asked, is_closed) = silent_after(String::new()).await;
    let mut conversation = kernel.conversation();
    let mut answer = kernel.ask(&mut conversation, "hi");
    tokio::select! {
        event = answer.next() => panic!("{event:?} of a silent server"),
        () = comes(is_asked) => {}
    }
    drop(answer);
    comes(is_closed).await;
    assert_eq!(last_answer(&conversation), (EntryState::Stopped, ""));
}

#[tokio::test]
async fn dropping_an_answer_midway_keeps_what_was_read() {
    let sent = HEAD.to_owned() + &event(&json!({"content": "so far"}));
    let (kernel, _is_asked, is_closed) = silent_after(sent).await;
    let mut conversation = kernel.conversation();
    let mut answer = kernel.ask(&mut conversation, "hi");
    assert_eq!(answer.next().await, Some(Event::Text("so far".to_owned())));
    drop(answer);
    comes(is_closed).await;
    assert_eq!(last_answer(&conversation), (EntryState::Stopped, "so far"));
}

#[tokio::test]
async fn an_answer_that_nobody_read_leaves_its_question() {
    let kernel = Kernel::new(openai("http://127.0.0.1:9/v1"), "m");
    let mut conversation = kernel.conversation();
    drop(kernel.ask(&mut conversation, "Anyone?"));
    assert_eq!(conversation.entries.first().map(|entry| &entry.body), Some(&EntryBody::Question("Anyone?".to_owned())));
    assert_eq!(last_answer(&conversation), (EntryState::Stopped, ""));
    assert_eq!(conversation.title, "Anyone?");
}

#[tokio::test]
async fn dropping_an_answer_ends_the_tool_that_runs_and_gives_its_call_a_result() {
    struct Ends(Option<oneshot::Sender<()>>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.take().map(|ends| ends.send(()));
        }
    }
    let (ends, is_ended) = oneshot::channel();
    let (begins, is_begun) = oneshot::channel();
    let parts = Mutex::new(Some((begins, Ends(Some(ends)))));
    let slow = FunctionTool::new("search_products", "Never answers.", json!({"type": "object"}), move |_| {
        let parts = parts.lock().unwrap().take();
        async move {
            let (begins, _ends) = parts.unwrap();
            begins.send(()).unwrap();
            std::future::pending().await
        }
    });
    let demo = DemoServer::start(0).await.unwrap();
    let kernel = Kernel::new(demo.endpoint(), "outdoor-demo").tool(Decision::Allow, slow);
    let mut conversation = kernel.conversation();
    let mut answer = kernel.ask(&mut conversation, "Which tents under $250 are in stock?");
    let reading = async {
        while let Some(event) = answer.next().await {
            assert!(matches!(event, Event::ToolCall { .. } | Event::Text(_)), "{event:?}");
        }
    };
    tokio::select! {
        () = reading => panic!("it ended"),
        () = comes(is_begun) => {}
    }
    drop(answer);
    comes(is_ended).await;
    let last = conversation.entries.last().unwrap();
    let EntryBody::ToolResult(result) = &last.body else { panic!("{last:?}") };
    assert_eq!((result.name.as_str(), result.status), ("search_products", ToolStatus::Cancelled));
}

#[tokio::test]
async fn tools_run_until_the_model_answers() {
    let demo = DemoServer::start(0).await.unwrap();
    let kernel =
        Kernel::new(demo.endpoint(), "outdoor-demo").tools(Decision::Allow, outdoor_gear::tools(Duration::ZERO));
    let mut conversation = kernel.conversation();
    let mut answer = kernel.ask(&mut conversation, "Compare all tents and sleeping bags under $300");
    let (mut calls, mut results, mut text, mut end) = (Vec::new(), Vec::new(), String::new(), None);
    while let Some(event) = answer.next().await {
        assert_eq!(end, None, "nothing comes after the end");
        match event {
            Event::ToolCall { id, round, .. } => calls.push((id, round)),
            Event::ToolResult(result) => results.push((result.call_id, result.status)),
            Event::Text(more) => text.push_str(&more),
            Event::End(ended) => end = Some(ended),
            other => panic!("{other:?}"),
        }
    }
    drop(answer);
    let end = end.unwrap();
    assert_eq!(calls.iter().map(|(_, round)| *round).collect::<Vec<_>>(), [1, 1]);
    let done: Vec<_> = calls.into_iter().map(|(id, _)| (id, ToolStatus::Done)).collect();
    results.sort_by_key(|(id, _)| done.iter().position(|(call, _)| call == id));
    assert_eq!(results, done);
    assert_eq!((end.finish, end.rounds), (Finish::Stop, 2));
    assert!(text.contains("TrailBlazer 2P") && text.contains("Nightfall 0C"), "{text}");
    assert!(text.ends_with(&end.text) && end.usage.is_some());
    assert_eq!(conversation.entries.len(), 5, "question, calls, two results, answer");
    assert_eq!(last_answer(&conversation), (EntryState::Complete, end.text.as_str()));
}

#[tokio::test]
async fn a_tool_that_was_not_allowed_does_not_run_and_the_model_is_told() {
    let demo = DemoServer::start(0).await.unwrap();
    for decision in [Decision::Ask, Decision::Deny] {
        let tool = FunctionTool::new("search_products", "d", json!({"type": "object"}), |_| async { panic!("it ran") });
        let kernel = Kernel::new(demo.endpoint(), "outdoor-demo").tool(decision, tool);
        let answer = kernel.ask(Box::new(kernel.conversation()), "Which tents under $250 are in stock?");
        let seen: Vec<_> = answer.collect().await;
        let result = seen.iter().find_map(|event| match event {
            Event::ToolResult(result) => Some(result.status),
            _ => None,
        });
        assert_eq!(result, Some(ToolStatus::Denied), "{decision:?}");
        assert!(matches!(seen.last(), Some(Event::End(end)) if end.error.is_none()), "{decision:?}");
    }
}

#[tokio::test]
async fn a_second_question_is_sent_with_all_that_was_said() {
    let (kernel, bodies) = scripted(vec![said("A tent."), said("A warm one.")]).await;
    let kernel = kernel.system("Be brief.");
    let mut conversation = kernel.conversation();
    assert_eq!(kernel.ask(&mut conversation, "What do I need?").answer().await.unwrap().text, "A tent.");
    assert_eq!(kernel.ask(&mut conversation, "And in winter?").answer().await.unwrap().text, "A warm one.");
    let bodies = bodies.lock().unwrap();
    let sent: Vec<_> = bodies[1]["messages"].as_array().unwrap().iter().map(|m| (&m["role"], &m["content"])).collect();
    let expected = [
        (json!("system"), json!("Be brief.")),
        (json!("user"), json!("What do I need?")),
        (json!("assistant"), json!("A tent.")),
        (json!("user"), json!("And in winter?")),
    ];
    assert_eq!(sent, expected.iter().map(|(role, content)| (role, content)).collect::<Vec<_>>());
    assert_eq!(conversation.title, "What do I need?");
}

#[tokio::test]
async fn a_conversation_goes_on_from_messages_that_were_kept_as_json() {
    let demo = DemoServer::start(0).await.unwrap();
    let kernel =
        Kernel::new(demo.endpoint(), "outdoor-demo").tools(Decision::Allow, outdoor_gear::tools(Duration::ZERO));
    let mut conversation = kernel.conversation();
    kernel.ask(&mut conversation, "Which tents under $250 are in stock?").answer().await.unwrap();
    let messages = conversation.request_messages(None);
    let kept = serde_json::to_string(&messages).unwrap();
    let mut resumed = kernel.resumed(serde_json::from_str::<Vec<Message>>(&kept).unwrap());
    assert_eq!((&resumed.title, resumed.request_messages(None)), (&conversation.title, messages));
    assert_ne!(resumed.id, conversation.id);
    kernel.ask(&mut resumed, "How do I care for it?").answer().await.unwrap();
    assert_eq!(resumed.entries.len(), conversation.entries.len() + 2);
}

#[tokio::test]
async fn a_conversation_behind_a_lock_is_written_by_one_answer_at_a_time() {
    let (kernel, _) = scripted(vec![said("one"), said("two")]).await;
    let shared = Arc::new(tokio::sync::Mutex::new(kernel.conversation()));
    let first = kernel.ask(shared.clone().lock_owned().await, "1?");
    assert!(shared.try_lock().is_err());
    assert_eq!(first.answer().await.unwrap().text, "one");
    assert_eq!(kernel.ask(shared.clone().lock_owned().await, "2?").answer().await.unwrap().text, "two");
    assert_eq!(shared.lock().await.entries.len(), 4);
}

#[tokio::test]
async fn an_unknown_model_is_an_error_with_its_kind_and_the_servers_words() {
    let body = json!({"error": {"message": "The model `m` does not exist", "type": "invalid_request_error",
                                "code": "model_not_found"}});
    let (kernel, bodies) = scripted(vec![(StatusCode::NOT_FOUND, body.to_string())]).await;
    let mut conversation = kernel.conversation();
    let error = kernel.ask(&mut conversation, "hi").answer().await.unwrap_err();
    assert_eq!((error.kind, error.status, error.retryable), (ErrorKind::BadRequest, Some(404), false));
    assert!(error.message.contains("The model `m` does not exist"), "{error}");
    assert_eq!(last_answer(&conversation), (EntryState::Failed, ""));
    assert_eq!(bodies.lock().unwrap().len(), 1, "it is not asked again in vain");
}

#[tokio::test]
async fn a_request_that_failed_before_anything_came_is_repeated_and_said_to_be() {
    let busy = (StatusCode::SERVICE_UNAVAILABLE, json!({"error": {"message": "busy"}}).to_string());
    let (kernel, _) = scripted(vec![busy, said("now")]).await;
    let answer = kernel.ask(Box::new(kernel.conversation()), "hi");
    let seen: Vec<_> = answer.collect().await;
    let [Event::Retry { attempt: 1, error, .. }, Event::Text(text), Event::End(end)] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!((error.status, text.as_str(), end.text.as_str()), (Some(503), "now", "now"));
}
