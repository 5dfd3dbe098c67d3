//! The body of a request: JSON, not too large, not too slow.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Problem;
use crate::strings::serve as words;

/// A whole body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The body as JSON of at most `limit` bytes.
pub(super) async fn json<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, words::WANTS_JSON));
    }
    let said = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let body = timeout(BODY_TIME, whole(request.into_body(), limit)).await;
    let body = body.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, words::BODY_SLOW))??;
    serde_json::from_slice(&body).map_err(|error| Problem::bad_request(words::bad_json(&error.to_string())))
}

async fn whole(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::bad_request(words::BODY_BROKEN))?;
        if whole.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, words::body_too_large(limit / 1024))
}

/// A form of another site can send anything but this type without being asked for leave.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
