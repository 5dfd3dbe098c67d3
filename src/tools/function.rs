//! A function as a tool.

use std::future::Future;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::tool::Tool;
use crate::chat::ToolSpec;

/// A function that a model can call.
///
/// ```
/// use riffle::FunctionTool;
/// use serde_json::json;
///
/// let parameters = json!({"type": "object", "required": ["km"], "properties": {"km": {"type": "number"}}});
/// let tool = FunctionTool::new("to_miles", "Turns kilometres into miles.", parameters, |arguments| async move {
///     let km = arguments["km"].as_f64().ok_or("km is to be a number")?;
///     Ok(format!("{:.1} miles", km * 0.621_371))
/// });
/// # use riffle::Tool;
/// # let arguments = json!({"km": 10}).as_object().cloned().unwrap_or_default();
/// # let said = futures_util::FutureExt::now_or_never(tool.run(arguments));
/// # assert_eq!(said, Some(Ok("6.2 miles".to_owned())));
/// ```
#[derive(Clone, Debug)]
pub struct FunctionTool<F> {
    spec: ToolSpec,
    function: F,
}

impl<F, Running> FunctionTool<F>
where
    F: Fn(Map<String, Value>) -> Running + Send + Sync,
    Running: Future<Output = Result<String, String>> + Send + 'static,
{
    /// A tool of this name, with a description for the model and a JSON Schema of its arguments. The function is given
    /// arguments that fit the schema; its error is a sentence that a model can act on.
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value, function: F) -> Self {
        Self { spec: ToolSpec { name: name.into(), description: description.into(), parameters }, function }
    }
}

impl<F, Running> Tool for FunctionTool<F>
where
    F: Fn(Map<String, Value>) -> Running + Send + Sync,
    Running: Future<Output = Result<String, String>> + Send + 'static,
{
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn run(&self, arguments: Map<String, Value>) -> BoxFuture<'static, Result<String, String>> {
        Box::pin((self.function)(arguments))
    }
}
