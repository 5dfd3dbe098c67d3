//! Connections: how many there may be, how long their heads, bodies and writes may take. Built on hyper itself, since
//! `axum::serve` has no such limits.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

/// Connections at once.
const CONNECTIONS: usize = 64;
/// Connections that are being told that there are too many.
const REFUSALS: usize = 1024;
/// A head, from the connection or the response before.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Bytes of a head; the same is held back for a client that does not read.
const HEAD_BYTES: usize = 16 * 1024;
/// Headers of a request.
const HEADERS: usize = 64;
/// A client that takes nothing for so long is gone.
const STALLED: Duration = Duration::from_secs(30);
/// After an accept that failed for want of something.
const PAUSE: Duration = Duration::from_millis(50);
/// A refused client has so long to read why.
const FAREWELL: Duration = Duration::from_secs(1);

const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: application/json\r\n\
    Connection: close\r\nContent-Length: 95\r\n\r\n\
    {\"error\":{\"message\":\"Too many connections.\",\"type\":\"server_error\",\"param\":null,\"code\":\"busy\"}}\n";

/// Answers connections until `stop` ends; then those that are left are closed.
pub(super) async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let (open, refused) =
        (std::sync::Arc::new(Semaphore::new(CONNECTIONS)), std::sync::Arc::new(Semaphore::new(REFUSALS)));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        if let Ok(permit) = open.clone().try_acquire_owned() {
            let router = router.clone();
            connections.spawn(async move {
                let _permit = permit;
                serve(stream, router).await;
            });
        } else if let Ok(permit) = refused.clone().try_acquire_owned() {
            connections.spawn(async move {
                let _permit = permit;
                let _ = timeout(FAREWELL, refuse(stream)).await;
            });
        }
    }
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALLED));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

/// Says why, and reads what comes until the client has heard it: a connection closed with something unread is reset.
async fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(REFUSAL.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let (head, body) = REFUSAL.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }
}
