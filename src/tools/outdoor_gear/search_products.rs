//! `search_products(category, max_price?, in_stock?)`.

use serde_json::{Map, Value, json};

use super::catalogue;
use crate::chat::ToolSpec;

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: "search_products".to_owned(),
        description: "Lists the shop's products of one category, optionally up to a price and only those in stock."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "category": {"type": "string", "description": format!("One of: {}", catalogue::categories().join(", "))},
                "max_price": {"type": "number", "exclusiveMinimum": 0, "description": "Highest price in dollars"},
                "in_stock": {"type": "boolean", "description": "Only what is in stock"}
            },
            "required": ["category"],
            "additionalProperties": false
        }),
    }
}

pub(super) fn run(arguments: &Map<String, Value>) -> Result<Value, String> {
    let wanted = arguments.get("category").and_then(Value::as_str).unwrap_or_default();
    let category = category(wanted).ok_or_else(|| {
        format!("There is no category {wanted}. The categories are: {}.", catalogue::categories().join(", "))
    })?;
    let max_price = arguments.get("max_price").and_then(Value::as_f64).unwrap_or(f64::INFINITY);
    let only_stock = arguments.get("in_stock").and_then(Value::as_bool).unwrap_or(false);
    let found: Vec<Value> = catalogue::products()
        .iter()
        .filter(|product| product.category == category)
        .filter(|product| product.price <= max_price && (!only_stock || product.stock > 0))
        .map(catalogue::Product::summary)
        .collect();
    Ok(json!({ "products": found }))
}

/// The category of this name, whatever its case and number.
fn category(name: &str) -> Option<&'static str> {
    let fold = |text: &str| text.trim().to_lowercase().replace(['_', '-'], " ").trim_end_matches('s').to_owned();
    catalogue::categories().into_iter().find(|category| fold(category) == fold(name))
}
