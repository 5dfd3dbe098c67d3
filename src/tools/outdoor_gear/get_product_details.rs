//! `get_product_details(product_id)`.

use serde_json::{Map, Value, json};

use super::catalogue;
use crate::chat::ToolSpec;

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: "get_product_details".to_owned(),
        description: "Gives everything the shop knows about one product.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"product_id": {"type": "string", "description": "The id, such as P001"}},
            "required": ["product_id"],
            "additionalProperties": false
        }),
    }
}

pub(super) fn run(arguments: &Map<String, Value>) -> Result<Value, String> {
    let product = catalogue::find(arguments.get("product_id").and_then(Value::as_str).unwrap_or_default())?;
    let mut details = product.summary();
    details["description"] = json!(product.description);
    Ok(details)
}
