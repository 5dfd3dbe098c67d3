//! Ollama's own chat: a JSON object a line, arguments as objects, parameters under `options`. Writing is in `request`,
//! reading in `decoder`. Pure.

mod decoder;
mod request;

pub use decoder::OllamaDecoder;
pub use request::Ollama;
