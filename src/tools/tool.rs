//! What a tool is.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::policy::ToolOrigin;
use crate::chat::ToolSpec;

/// Something a model can call.
pub trait Tool: Send + Sync {
    /// Name, description and argument schema, for the model.
    fn spec(&self) -> ToolSpec;

    /// Where it comes from and what it can reach, in a few words, for the person who is asked.
    fn about(&self) -> String {
        String::new()
    }

    /// Where it comes from, for the policy.
    fn origin(&self) -> ToolOrigin {
        ToolOrigin::Other
    }

    /// Runs it with arguments that fit its schema. `Err` is a sentence a model can act on. Dropping the future ends it.
    fn run(&self, arguments: Map<String, Value>) -> BoxFuture<'static, Result<String, String>>;
}

impl Tool for Arc<dyn Tool> {
    fn spec(&self) -> ToolSpec {
        self.as_ref().spec()
    }

    fn about(&self) -> String {
        self.as_ref().about()
    }

    fn origin(&self) -> ToolOrigin {
        self.as_ref().origin()
    }

    fn run(&self, arguments: Map<String, Value>) -> BoxFuture<'static, Result<String, String>> {
        self.as_ref().run(arguments)
    }
}
