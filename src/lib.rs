//! riffle: a provider-neutral streaming layer for language models, and the terminal chat built on it.
//!
//! A [`Kernel`] is a model at an [`Endpoint`], with instructions and tools; a [`Conversation`] is what was said; and
//! [`Kernel::ask`] gives the answer as a [`Stream`](futures_util::Stream) of [`Event`]s that also goes into the
//! conversation. All of it is the same for every wire format in [`Api`]. Dropping a stream closes its connection at once,
//! also while the server is silent. Below it, [`Client::stream`] gives the [`Delta`]s of a single request, and [`sse`]
//! reads and writes event streams.
//!
//! # Six lessons of streaming
//!
//! The examples ask the demo, a scripted server inside the process; put an endpoint of your own in its place. Streams are
//! read with the `StreamExt` of the crate `futures` or `futures-util`.
//!
//! ## 1. Print tokens as they come
//!
//! ```
//! use std::io::Write as _;
//!
//! use futures_util::StreamExt as _;
//! use riffle::{DemoServer, Event, Finish, Kernel};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let demo = DemoServer::start(0).await?;
//!     // Elsewhere: Endpoint::new(Api::OpenAiChat, "https://api.openai.com/v1").with_key(key)
//!     let kernel = Kernel::new(demo.endpoint(), "outdoor-demo");
//!
//!     let mut conversation = kernel.conversation();
//!     let mut answer = kernel.ask(&mut conversation, "What gear do I need for a weekend hike?");
//!     let mut pieces = 0;
//!     let mut finish = None;
//!     while let Some(event) = answer.next().await {
//!         match event {
//!             Event::Text(piece) => {
//!                 pieces += 1;
//!                 print!("{piece}");
//!                 std::io::stdout().flush()?;
//!             }
//!             Event::End(end) => finish = Some(end.finish),
//!             _ => {}
//!         }
//!     }
//!     assert!(pieces > 100, "it came in {pieces} pieces");
//!     assert_eq!(finish, Some(Finish::Stop));
//!     Ok(())
//! }
//! ```
//!
//! ## 2. Collect the full text while printing
//!
//! What was printed is also in the end of the stream and in the conversation. Whoever only wants the whole answer calls
//! [`AnswerStream::answer`].
//!
//! ```
//! # use futures_util::StreamExt as _;
//! # use riffle::{DemoServer, Event, Kernel};
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let demo = DemoServer::start(0).await?;
//! let kernel = Kernel::new(demo.endpoint(), "outdoor-demo").system("You advise hikers.");
//! let mut conversation = kernel.conversation();
//! let mut answer = kernel.ask(&mut conversation, "Explain the three-layer clothing system");
//! let mut text = String::new();
//! let mut whole = None;
//! while let Some(event) = answer.next().await {
//!     match event {
//!         Event::Text(piece) => {
//!             print!("{piece}");
//!             text.push_str(&piece);
//!         }
//!         Event::End(end) => whole = Some(end.into_result()?.text),
//!         _ => {}
//!     }
//! }
//! drop(answer);
//! assert!(text.len() > 500);
//! assert_eq!(whole, Some(text));
//!
//! let answer = kernel.ask(&mut conversation, "How do I care for a rain jacket?").answer().await?;
//! assert!(answer.text.len() > 100);
//! # Ok(())
//! # }
//! ```
//!
//! ## 3. Accumulate streamed tool calls
//!
//! A call comes in fragments, those of several calls between each other, and each server has habits of its own: no index,
//! the same index for all, an id once or with every piece, arguments as text or whole. [`Accumulator`] joins them.
//! [`Kernel::stream`] is the single request beneath [`Kernel::ask`]; nothing is run.
//!
//! ```
//! # use std::time::Duration;
//! # use futures_util::StreamExt as _;
//! use riffle::tools::outdoor_gear;
//! use riffle::{Accumulator, Decision, Delta, DemoServer, Finish, Kernel, Message, StreamItem};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let demo = DemoServer::start(0).await?;
//! let tools = outdoor_gear::tools(Duration::ZERO);
//! let kernel = Kernel::new(demo.endpoint(), "outdoor-demo").tools(Decision::Allow, tools);
//! let mut deltas = kernel.stream([Message::user("Compare all tents and sleeping bags under $300")]);
//! let mut fragments = 0;
//! let mut accumulator = Accumulator::default();
//! while let Some(item) = deltas.next().await {
//!     match item {
//!         StreamItem::Delta(delta) => {
//!             fragments += usize::from(matches!(delta, Delta::ToolCall(_)));
//!             accumulator.push(&delta);
//!         }
//!         StreamItem::End(end) => {
//!             let mut id_for_a_call_without_one = || "made-up".to_owned();
//!             let answer = accumulator.finish(&end, &mut id_for_a_call_without_one);
//!             assert_eq!(answer.finish, Finish::ToolCalls);
//!             let [tents, bags] = &answer.message.tool_calls[..] else { panic!("two calls at once") };
//!             assert_eq!((tents.name.as_str(), bags.name.as_str()), ("search_products", "search_products"));
//!             let arguments = tents.arguments.as_object().ok_or("not an object")?;
//!             assert_eq!((&arguments["category"], &arguments["max_price"]), (&"tent".into(), &300.into()));
//!             break;
//!         }
//!     }
//! }
//! assert!(fragments > 10, "the calls came in {fragments} fragments");
//! # Ok(())
//! # }
//! ```
//!
//! ## 4. Serve it as SSE
//!
//! [`sse::encode_event`] writes what `EventSource` reads. When the browser leaves, the body is dropped, with it the answer,
//! and with that the connection to the model. Any web server can send it; this is axum, with a conversation given away to
//! its stream.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use axum::body::{Body, Bytes};
//! use axum::extract::{Query, State};
//! use axum::http::header;
//! use axum::response::IntoResponse;
//! use axum::{Router, routing::get};
//! use futures_util::StreamExt as _;
//! use riffle::sse::encode_event;
//! use riffle::{DemoServer, Event, Kernel};
//!
//! #[derive(serde::Deserialize)]
//! struct Asked {
//!     question: String,
//! }
//!
//! async fn stream(State(kernel): State<Kernel>, Query(asked): Query<Asked>) -> impl IntoResponse {
//!     let answer = kernel.ask(Box::new(kernel.conversation()), asked.question);
//!     let events = answer.filter_map(async |event| {
//!         let bytes = match event {
//!             Event::Text(piece) => encode_event(None, &piece),
//!             Event::ToolCall { name, .. } => encode_event(Some("tool"), &name),
//!             Event::End(end) => match end.into_result() {
//!                 Ok(_) => encode_event(None, "[DONE]"),
//!                 Err(error) => encode_event(Some("error"), &error.message),
//!             },
//!             _ => return None,
//!         };
//!         Some(Ok::<_, Infallible>(Bytes::from(bytes)))
//!     });
//!     let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
//!     (headers, Body::from_stream(events))
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let demo = DemoServer::start(0).await?;
//! let kernel = Kernel::new(demo.endpoint(), "outdoor-demo");
//! let router = Router::new().route("/stream", get(stream)).with_state(kernel);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! tokio::spawn(async move { axum::serve(listener, router).await });
//!
//! let url = format!("http://{address}/stream?question=What+gear+do+I+need+for+a+weekend+hike%3F");
//! let body = reqwest::get(url).await?.text().await?;
//! assert!(body.starts_with("data: ") && body.matches("\n\n").count() > 100);
//! assert!(body.ends_with("data: [DONE]\n\n"));
//! # Ok(())
//! # }
//! ```
//!
//! ## 5. The same for every provider, with the chat history
//!
//! The conversation knows no vendor: what is asked next is sent with all that was said before, to whichever kernel is
//! asked. What only one vendor understands (signatures of its reasoning) goes back to that one and to nobody else.
//!
//! ```
//! # use riffle::chat::EntryBody;
//! use riffle::{Api, DemoServer, Endpoint, ErrorKind, Kernel, Message};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let demo = DemoServer::start(0).await?;
//! let advisor = Kernel::new(demo.endpoint(), "outdoor-demo").system("You advise hikers.");
//! // Nothing listens there, as when a local server was not started.
//! let local = Kernel::new(Endpoint::new(Api::Ollama, "http://127.0.0.1:9"), "llama3.2").retries(0);
//!
//! let mut conversation = advisor.conversation();
//! advisor.ask(&mut conversation, "How do I choose a sleeping bag?").answer().await?;
//!
//! let failed = local.ask(&mut conversation, "And for winter?").answer().await.unwrap_err();
//! assert_eq!(failed.kind, ErrorKind::Network);
//!
//! // The conversation goes on with another one.
//! advisor.ask(&mut conversation, "Which boots for winter?").answer().await?;
//! let history = conversation.request_messages(None);
//! let questions = history.iter().filter(|message| matches!(message, Message::User { .. })).count();
//! let answers = history.iter().filter(|message| matches!(message, Message::Assistant(_))).count();
//! assert_eq!((questions, answers), (3, 2));
//! assert_eq!(conversation.title, "How do I choose a sleeping bag?");
//! # Ok(())
//! # }
//! ```
//!
//! ## 6. Show progress while tools run
//!
//! A [`Tool`] says what it is and runs; [`FunctionTool`] makes one of a function. Arguments are checked against its schema
//! before, what it answers goes back to the model, and the stream says both when they happen.
//!
//! ```
//! # use futures_util::StreamExt as _;
//! use riffle::{Decision, DemoServer, Event, FunctionTool, Kernel, ToolStatus};
//! use serde_json::json;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let demo = DemoServer::start(0).await?;
//! let parameters = json!({"type": "object", "required": ["category"], "properties": {
//!     "category": {"type": "string"}, "max_price": {"type": "number"}, "in_stock": {"type": "boolean"}}});
//! let search = FunctionTool::new("search_products", "Searches the shop.", parameters, |_arguments| async move {
//!     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
//!     let tent = json!({"id": "P900", "name": "Doc Tent", "category": "tent", "price": 99.5, "in_stock": true});
//!     Ok(json!({"products": [tent]}).to_string())
//! });
//! let kernel = Kernel::new(demo.endpoint(), "outdoor-demo").tool(Decision::Allow, search);
//!
//! let mut conversation = kernel.conversation();
//! let mut answer = kernel.ask(&mut conversation, "Which tents under $250 are in stock?");
//! let mut progress = Vec::new();
//! let mut text = String::new();
//! while let Some(event) = answer.next().await {
//!     match event {
//!         Event::ToolCall { name, arguments, .. } => {
//!             progress.push(format!("{name} runs with {}", arguments.to_json_text()));
//!         }
//!         Event::ToolResult(result) => {
//!             assert_eq!(result.status, ToolStatus::Done);
//!             progress.push(format!("{} took {} ms", result.name, result.elapsed_ms));
//!         }
//!         Event::Text(piece) => text.push_str(&piece),
//!         _ => {}
//!     }
//! }
//! assert_eq!(progress.len(), 2);
//! assert!(progress[0].starts_with("search_products runs with {\"category\":\"tent\""), "{progress:?}");
//! assert!(text.contains("Doc Tent"), "{text}");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All are on by default; `default-features = false` leaves a light core without a terminal, a database or a server.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `demo` | [`DemoServer`], which the examples ask |
//! | `serve` | what answers over HTTP; with `demo` |
//! | `store` | [`store`], the history in an `SQLite` file; [`transfer`], chats as files |
//! | `settings` | the rest of [`config`]: settings from files, variables and the command line; with `demo` |
//! | `tui` | the program `riffle`; with `settings` and `store` |
//! | `keyring`, `clipboard-native` | the keys and the clipboard of the desktop, for the program |
//!
//! # Layers
//!
//! Imports point down only: `safe_text < chat < transfer < sse < config < tools < provider < agent < kernel < store < app <
//! ui < {ask, doctor, history, serve, term} < plain < cli < main`. The core (`chat`, `sse`, `safe_text`, `agent`'s turn machine,
//! `app`, `ui`) is pure: time, randomness and IO come in as arguments and go out as effects. ARCHITECTURE.md is the map.
#![forbid(unsafe_code)]

pub mod agent;
#[cfg(feature = "tui")]
pub mod app;
#[cfg(feature = "tui")]
pub mod ask;
pub mod chat;
#[cfg(feature = "tui")]
pub mod cli;
pub mod config;
#[cfg(feature = "tui")]
pub mod doctor;
#[cfg(feature = "tui")]
pub mod history;
#[cfg(all(feature = "settings", feature = "store"))]
pub mod host;
pub mod kernel;
#[cfg(feature = "tui")]
pub mod models;
#[cfg(feature = "tui")]
pub mod plain;
pub mod provider;
#[cfg(feature = "tui")]
pub mod replay;
pub mod safe_text;
#[cfg(feature = "serve")]
pub mod serve;
pub mod sse;
#[cfg(feature = "store")]
pub mod store;
pub mod strings;
#[cfg(feature = "tui")]
pub mod term;
pub mod tools;
#[cfg(feature = "store")]
pub mod transfer;
#[cfg(feature = "tui")]
pub mod ui;

pub use agent::{NewQuestion, TurnEnd};
pub use chat::{
    Accumulator, Arguments, ChatError, Conversation, Delta, ErrorKind, Finish, Message, StreamEnd, ToolResult,
    ToolSpec, ToolStatus,
};
pub use kernel::{AnswerStream, Event, Kernel};
#[cfg(feature = "demo")]
pub use provider::demo::DemoServer;
pub use provider::{Api, Client, DeltaStream, Endpoint, StreamItem};
pub use tools::policy::Decision;
pub use tools::{FunctionTool, Tool};
