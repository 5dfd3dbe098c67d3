//! Server-sent events, both ways: bytes to events for the answers of model servers, events to bytes for our own server.
//! Written here because ready-made decoders panic on a byte order mark, abort on unknown lines or drop the last event
//! of a body without its blank line. Pure.

mod decoder;
mod encoder;

pub use decoder::{Decoder, MAX_EVENT_BYTES, MAX_LINE_BYTES, SseError, SseEvent};
pub use encoder::{encode_comment, encode_event};
