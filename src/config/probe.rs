//! Which model server runs on this machine. One small request each, loopback only, in parallel, 150 ms in all; a server
//! counts only if the body has its own shape, so that some other program on the port is never taken for it.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time for all probes together.
const PATIENCE: Duration = Duration::from_millis(150);
/// Bytes of an answer at most.
const MAX_BYTES: u64 = 256 * 1024;

/// The preset whose server answers here, in the order Ollama, LM Studio, llama.cpp.
pub async fn find_local() -> Option<&'static str> {
    let (ollama, studio, cpp) = tokio::join!(
        answers(11434, "/api/tags", is_ollama),
        answers(1234, "/api/v0/models", is_lmstudio),
        answers(8080, "/props", is_llamacpp),
    );
    [("ollama", ollama), ("lmstudio", studio), ("llamacpp", cpp)]
        .into_iter()
        .find(|(_, found)| *found)
        .map(|(name, _)| name)
}

/// Ollama: `{"models": [{"name", "digest", …}]}`, docs/api.md "List Local Models".
fn is_ollama(body: &Value) -> bool {
    let is_model = |model: &Value| model.get("name").is_some() && model.get("digest").is_some();
    body.get("models").and_then(Value::as_array).is_some_and(|models| models.iter().all(is_model))
}

/// LM Studio: `{"data": [{"id", "type", "state", …}]}` of its own REST API.
fn is_lmstudio(body: &Value) -> bool {
    let is_model = |model: &Value| model.get("id").is_some() && model.get("state").is_some();
    body.get("data").and_then(Value::as_array).is_some_and(|models| models.iter().all(is_model))
}

/// llama.cpp: the properties of `llama-server`, tools/server/README.md "GET /props".
fn is_llamacpp(body: &Value) -> bool {
    body.get("default_generation_settings").is_some_and(Value::is_object) && body.get("total_slots").is_some()
}

async fn answers(port: u16, path: &str, shape: fn(&Value) -> bool) -> bool {
    match tokio::time::timeout(PATIENCE, get(port, path)).await {
        Ok(Some(body)) => shape(&body),
        Ok(None) | Err(_) => false,
    }
}

/// The JSON body of a GET in HTTP/1.0, which is answered without chunks and then closed.
async fn get(port: u16, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer).await.ok()?;
    body_of(&answer)
}

fn body_of(answer: &[u8]) -> Option<Value> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?;
    if !head.starts_with("HTTP/1.") || status != "200" {
        return None;
    }
    serde_json::from_slice(&answer[end + 4..]).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_a_server_of_its_own_shape_counts() {
        assert!(is_ollama(&json!({ "models": [{ "name": "llama3.2", "digest": "x" }] })));
        assert!(is_ollama(&json!({ "models": [] })));
        assert!(!is_ollama(&json!({ "object": "list", "data": [] })));
        assert!(is_lmstudio(&json!({ "data": [{ "id": "a", "state": "loaded" }] })));
        assert!(!is_lmstudio(&json!({ "data": [{ "id": "gpt-4o" }] })));
        assert!(is_llamacpp(&json!({ "default_generation_settings": {}, "total_slots": 1 })));
        assert!(!is_llamacpp(&json!({ "status": "ok" })));
    }

    #[tokio::test]
    async fn the_body_is_read_over_a_real_connection_and_an_error_page_is_not() {
        for (status, found) in [("200 OK", true), ("404 Not Found", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
            let port = listener.local_addr().expect("has a port").port();
            let server = async {
                let (mut stream, _) = listener.accept().await.expect("accepts");
                // All of the request: what is left unread when the socket closes would reset the connection.
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.expect("reads"));
                }
                let answer = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{{\"models\":[]}}");
                stream.write_all(answer.as_bytes()).await.expect("writes");
            };
            let (answered, ()) = tokio::join!(get(port, "/api/tags"), server);
            assert_eq!(answered.is_some_and(|body| is_ollama(&body)), found);
        }
    }
}
