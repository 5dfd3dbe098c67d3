//! Tools with fixed answers from a file that a person named: `{"name": {"description", "parameters", "result"}}`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::policy::ToolOrigin;
use super::tool::Tool;
use crate::chat::ToolSpec;

struct Stub {
    spec: ToolSpec,
    result: String,
}

/// Reads the file's text. The error says which tool is wrong and how.
pub fn parse(text: &str) -> Result<Vec<Arc<dyn Tool>>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(tools) = value else {
        return Err("expected an object of tools by name".to_owned());
    };
    tools.into_iter().map(|(name, tool)| one(name, tool)).collect()
}

fn one(name: String, tool: Value) -> Result<Arc<dyn Tool>, String> {
    let Value::Object(mut tool) = tool else {
        return Err(format!("{name}: expected an object with description, parameters and result"));
    };
    let result = match tool.remove("result") {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => return Err(format!("{name}: `result` is missing")),
    };
    let parameters = tool.remove("parameters").unwrap_or_else(|| json!({"type": "object"}));
    if !parameters.is_object() {
        return Err(format!("{name}: `parameters` is to be a JSON Schema object"));
    }
    let description = tool.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Arc::new(Stub { spec: ToolSpec { name, description, parameters }, result }))
}

impl Tool for Stub {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn about(&self) -> String {
        "a fixed answer from your tools file".to_owned()
    }

    fn origin(&self) -> ToolOrigin {
        ToolOrigin::ToolsFile
    }

    fn run(&self, _arguments: Map<String, Value>) -> BoxFuture<'static, Result<String, String>> {
        let result = self.result.clone();
        Box::pin(std::future::ready(Ok(result)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_tools_or_says_what_is_wrong() {
        let tools = parse(r#"{"look": {"description": "d", "result": {"a": 1}}}"#).map_err(|_| ()).unwrap();
        assert_eq!(tools[0].spec().name, "look");
        let wrong = |text: &str| parse(text).err().unwrap_or_default();
        assert_eq!(wrong(r#"{"look": {}}"#), "look: `result` is missing");
        assert!(wrong("[]").contains("by name"));
        assert!(wrong("{").contains("not JSON"));
    }
}
