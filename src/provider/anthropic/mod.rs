//! Messages as Anthropic defined them: an answer is a list of blocks, each opened, continued and closed by events of its
//! own. Writing is in `request`, reading in `decoder`. Pure.

mod decoder;
mod request;

pub use decoder::MessagesDecoder;
pub use request::Anthropic;
