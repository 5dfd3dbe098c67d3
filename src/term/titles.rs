//! A title for a chat, asked of a model behind everything else: once, briefly, and without a word where it fails.

use std::time::Duration;

use crate::agent::EndpointSource;
use crate::chat::{Delta, Message, StreamEnd};
use crate::provider::{ChatRequest, Client, StreamItem};

/// How long the whole answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the answer that are read.
const MAX_TITLE: usize = 1000;

/// Asks; `None` when no title came.
pub(super) async fn ask(endpoint: EndpointSource, model: String, prompt: String) -> Option<String> {
    tokio::time::timeout(PATIENCE, answer(endpoint, model, prompt)).await.ok().flatten()
}

async fn answer(endpoint: EndpointSource, model: String, prompt: String) -> Option<String> {
    let endpoint = endpoint().await.ok()?;
    let request = ChatRequest { model, messages: vec![Message::user(&prompt)], tools: Vec::new() };
    let mut stream = Client::new().stream(endpoint, request);
    let mut title = String::new();
    while let Some(item) = stream.recv().await {
        match item {
            StreamItem::Delta(Delta::Text(text)) => title.push_str(&text),
            StreamItem::Delta(_) => {}
            StreamItem::End(StreamEnd::Complete) => break,
            StreamItem::End(StreamEnd::Failed { .. }) => return None,
        }
        if title.len() > MAX_TITLE {
            break;
        }
    }
    Some(title)
}
