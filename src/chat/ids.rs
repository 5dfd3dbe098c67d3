//! Identifiers of what is stored. They are opaque text: unique over all instances that share one history.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The identifier as stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_id! {
    /// One saved chat.
    ConversationId
}
text_id! {
    /// One stored message: a question, one model request's answer, or one tool result.
    MessageId
}

/// Where new identifiers come from: time-ordered random ones in the program, a counter in tests.
pub trait IdSource: Send {
    /// A fresh identifier, never given before by any source that shares the history.
    fn next_id(&mut self) -> String;
}

impl<F: FnMut() -> String + Send> IdSource for F {
    fn next_id(&mut self) -> String {
        self()
    }
}
