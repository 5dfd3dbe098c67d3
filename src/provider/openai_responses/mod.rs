//! Responses as `OpenAI` defined it: an answer is a list of items, each announced, continued and finished by events of
//! its own. Nothing is stored at the vendor. Writing is in `request`, reading in `decoder`. Pure.

mod decoder;
mod request;

pub use decoder::ResponsesDecoder;
pub use request::OpenAiResponses;
