//! From the client to whatever keeps its responses, a file or the memory: one recording for each request, which tells
//! each step with its time. One that is dropped before its end was left by us.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;

use super::{Ending, ResponseHead, Secrets};
use crate::provider::Endpoint;

/// Headers that are kept: what is needed to read the response, and to ask its vendor about it.
const KEPT_HEADERS: [&str; 6] =
    ["content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id", "apim-request-id"];

/// Something that happened to a response.
#[derive(Debug)]
pub enum Step<'a> {
    /// It begins. The head is starred out already; the bytes are not.
    Head(ResponseHead, Secrets),
    /// These bytes came.
    Bytes(&'a [u8]),
    /// It ended; never [`Ending::Open`].
    End(Ending),
}

/// Keeps responses.
pub trait Keeper: fmt::Debug + Send + Sync {
    /// Takes a step of the response of this number, so many microseconds after its request was sent. The stream waits
    /// for it.
    fn keep(&self, number: u64, at_us: u64, step: Step<'_>);
}

/// The recording of one request; does nothing where nobody keeps it.
#[derive(Debug)]
pub(in crate::provider) struct Recording {
    keeper: Option<Arc<dyn Keeper>>,
    number: u64,
    asked: Instant,
    is_open: bool,
}

impl Recording {
    /// A request is being sent now.
    pub(in crate::provider) fn start(keeper: Option<Arc<dyn Keeper>>, number: u64) -> Self {
        Self { keeper, number, asked: Instant::now(), is_open: false }
    }

    pub(in crate::provider) fn head(&mut self, endpoint: &Endpoint, model: &str, status: u16, headers: &HeaderMap) {
        if self.keeper.is_none() {
            return;
        }
        let secrets = Secrets::of(endpoint);
        let value = |name: &&str| Some(((*name).to_owned(), secrets.star_text(headers.get(*name)?.to_str().ok()?)));
        let head = ResponseHead {
            provider: endpoint.name.clone(),
            api: endpoint.api.as_str().to_owned(),
            model: model.to_owned(),
            status,
            headers: KEPT_HEADERS.iter().filter_map(value).collect(),
        };
        self.is_open = true;
        self.keep(Step::Head(head, secrets));
    }

    pub(in crate::provider) fn bytes(&self, bytes: &[u8]) {
        self.keep(Step::Bytes(bytes));
    }

    /// The body is over; `broken`: the connection broke, and why.
    pub(in crate::provider) fn end(&mut self, broken: Option<&str>) {
        self.is_open = false;
        self.keep(Step::End(broken.map_or(Ending::Whole, |why| Ending::Broken(why.to_owned()))));
    }

    fn keep(&self, step: Step<'_>) {
        if let Some(keeper) = &self.keeper {
            keeper.keep(self.number, self.asked.elapsed().as_micros() as u64, step);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.is_open {
            self.keep(Step::End(Ending::Left));
        }
    }
}
