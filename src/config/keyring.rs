//! The system's own store of secrets: Secret Service, Keychain, Credential Manager. Every call may wait for the system or
//! for a person who unlocks it, and belongs on a thread that may block.

use super::secret::Secret;

/// A store of secrets by name.
pub trait Keyring: Send + Sync {
    /// Whether it is there and answers.
    fn is_there(&self) -> bool;

    /// The secret of this name; `None` where there is none. The error is a sentence.
    fn read(&self, name: &str) -> Result<Option<Secret>, String>;

    /// Keeps a secret under this name. The error is a sentence.
    fn keep(&self, name: &str, secret: &Secret) -> Result<(), String>;
}

/// The one of this system.
#[must_use]
pub fn system() -> &'static dyn Keyring {
    &imp::System
}

#[cfg(feature = "keyring")]
mod imp {
    use keyring::{Entry, Error};

    use super::{Keyring, Secret};

    /// Under which all of ours are kept.
    const SERVICE: &str = "riffle";
    /// A name that nothing is kept under.
    const NOTHING: &str = "is-there";

    pub(super) struct System;

    impl Keyring for System {
        fn is_there(&self) -> bool {
            self.read(NOTHING).is_ok()
        }

        fn read(&self, name: &str) -> Result<Option<Secret>, String> {
            match Entry::new(SERVICE, name).and_then(|entry| entry.get_password()) {
                Ok(text) => Ok(Some(Secret::new(text))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(sentence(&error)),
            }
        }

        fn keep(&self, name: &str, secret: &Secret) -> Result<(), String> {
            let kept = Entry::new(SERVICE, name).and_then(|entry| entry.set_password(secret.expose()));
            kept.map_err(|error| sentence(&error))
        }
    }

    /// Without the secret itself, which some of these errors carry.
    fn sentence(error: &Error) -> String {
        match error {
            Error::NoDefaultStore => "The keyring does not answer.".to_owned(),
            Error::PlatformFailure(why) | Error::NoStorageAccess(why) => format!("The keyring does not answer: {why}."),
            _ => "What the keyring holds cannot be read.".to_owned(),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod imp {
    use super::{Keyring, Secret};

    pub(super) struct System;

    impl Keyring for System {
        fn is_there(&self) -> bool {
            false
        }

        fn read(&self, _name: &str) -> Result<Option<Secret>, String> {
            Err("This riffle was built without a keyring.".to_owned())
        }

        fn keep(&self, _name: &str, _secret: &Secret) -> Result<(), String> {
            Err("This riffle was built without a keyring.".to_owned())
        }
    }
}
