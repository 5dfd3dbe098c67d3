//! The acknowledgement trace: one JSON line after each commit and one for each delta received, for tools that pull the
//! plug and compare. A diagnostic, off unless a file is named.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::chat::{ConversationId, MessageId};

/// An open trace. Each line is one write to a file opened for appending.
#[derive(Debug)]
pub(super) struct AckTrace(File);

impl AckTrace {
    /// Opens or creates the file.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// A question is committed.
    pub(super) fn question(&self, conversation: &ConversationId, message: &MessageId, text: &str) {
        self.line(&json!({"t": now(), "ack": "user", "conv": conversation, "msg": message, "text": text}));
    }

    /// Answer text is committed up to `len` bytes.
    pub(super) fn answer(&self, ack: &str, conversation: Option<&ConversationId>, message: &MessageId, len: u64) {
        self.line(&json!({"t": now(), "ack": ack, "conv": conversation, "msg": message, "len": len}));
    }

    /// A call's result is committed.
    pub(super) fn tool(&self, conversation: &ConversationId, message: &MessageId, text: &str) {
        self.line(&json!({"t": now(), "ack": "tool", "conv": conversation, "msg": message, "text": text}));
    }

    /// Answer text was received up to `len` bytes; nothing is promised yet.
    pub(super) fn received(&self, message: &MessageId, len: u64) {
        self.line(&json!({"t": now(), "recv": "delta", "msg": message, "len": len}));
    }

    fn line(&self, value: &Value) {
        let _ = (&self.0).write_all(format!("{value}\n").as_bytes());
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |age| age.as_secs_f64())
}
