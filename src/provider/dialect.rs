//! What a wire format must be able to do. A dialect is pure: it writes a request as data and reads a body from bytes;
//! sending, waiting and cancelling are the same for all and live elsewhere.

use serde_json::Value;

use super::anthropic::Anthropic;
use super::gemini::Gemini;
use super::ollama::Ollama;
use super::openai_chat::OpenAiChat;
use super::openai_responses::OpenAiResponses;
use super::{Api, ChatRequest, Endpoint, Tolerance};
use crate::chat::{Delta, StreamEnd};
use crate::config::secret::Secret;

/// The dialect of a wire format.
#[must_use]
pub fn dialect(api: Api) -> &'static dyn Dialect {
    match api {
        Api::OpenAiChat => &OpenAiChat,
        Api::OpenAiResponses => &OpenAiResponses,
        Api::Anthropic => &Anthropic,
        Api::Gemini => &Gemini,
        Api::Ollama => &Ollama,
    }
}

/// A request before it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct WireRequest {
    /// The whole address.
    pub url: String,
    /// Headers that may be shown.
    pub headers: Vec<(String, String)>,
    /// The header that carries the key.
    pub authorization: Option<(String, Secret)>,
    /// The JSON body; `Null` for a GET.
    pub body: Value,
}

/// What a server turned out not to take, learnt from its 400s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It refuses `stream_options`.
    pub refuses_stream_options: bool,
    /// It takes `max_tokens` only by its newer name.
    pub wants_max_completion_tokens: bool,
    /// The most tokens of an answer that it takes as a limit.
    pub max_answer_tokens: Option<u64>,
    /// What to do with earlier reasoning.
    pub reasoning: ReasoningEcho,
}

/// What happens to the reasoning of earlier answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReasoningEcho {
    /// It goes back under the field it came in, to the same provider.
    #[default]
    AsItCame,
    /// The server refuses it.
    LeftOut,
    /// The server wants this field on every answer.
    Always(String),
}

/// Whether a body needs to be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More may come.
    More,
    /// The end was announced or the stream failed; what follows is nobody's business.
    Done,
}

/// Reads one response body.
pub trait BodyDecoder {
    /// Takes the next bytes and appends what they say. After [`Progress::Done`] only [`Self::finish`] is of use; an error
    /// is kept until then, and what was appended stays valid.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Progress;

    /// The body is over, or [`Progress::Done`] was given: appends what was held back and says how the answer ended.
    fn finish(&mut self, out: &mut Vec<Delta>) -> StreamEnd;

    /// What had to be tolerated so far, each once.
    fn tolerances(&self) -> &[Tolerance];
}

/// A wire format.
pub trait Dialect: Sync {
    /// The request that streams an answer.
    fn request(&self, endpoint: &Endpoint, request: &ChatRequest, quirks: &Quirks) -> WireRequest;

    /// The request for the list of models.
    fn models_request(&self, endpoint: &Endpoint) -> WireRequest;

    /// The names in a list of models, in the server's order.
    fn models(&self, body: &Value) -> Vec<String>;

    /// What to change after `refused` was answered with a 400 of this body; `None` when nothing would help.
    fn adapt(&self, quirks: &Quirks, refused: &WireRequest, body: &str) -> Option<Quirks>;

    /// A reader for one successful response.
    fn decoder(&self) -> Box<dyn BodyDecoder + Send>;
}
