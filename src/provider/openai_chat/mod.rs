//! Chat Completions as `OpenAI` defined it and dozens of servers bend it. Writing is in `request`, reading in `decoder`;
//! reasoning inside the text (`<think>`) and reasoning details have a file each. Pure.

mod common;
mod decoder;
mod reasoning;
mod request;

pub use decoder::ChatDecoder;
pub use request::OpenAiChat;
pub(super) use request::names_of_models;
