//! Gemini's `streamGenerateContent`: an answer is a list of parts, spread over events. Writing is in `request`, reading in
//! `decoder`. Pure.

mod decoder;
mod request;

pub use decoder::GeminiDecoder;
pub use request::Gemini;
