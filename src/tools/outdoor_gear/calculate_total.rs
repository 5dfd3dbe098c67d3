//! `calculate_total(product_ids, discount_percent?)`.

use serde_json::{Map, Value, json};

use super::catalogue::{self, dollars};
use crate::chat::ToolSpec;

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: "calculate_total".to_owned(),
        description: "Adds up the prices of products; an id may come more than once.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "product_ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 100},
                "discount_percent": {"type": "number", "minimum": 0, "maximum": 100}
            },
            "required": ["product_ids"],
            "additionalProperties": false
        }),
    }
}

pub(super) fn run(arguments: &Map<String, Value>) -> Result<Value, String> {
    let ids = arguments.get("product_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let products =
        ids.iter().map(|id| catalogue::find(id.as_str().unwrap_or_default())).collect::<Result<Vec<_>, _>>()?;
    let subtotal: u64 = products.iter().map(|product| product.cents()).sum();
    let percent = arguments.get("discount_percent").and_then(Value::as_f64).unwrap_or(0.0);
    let discount = (subtotal as f64 * percent / 100.0).round() as u64;
    let items: Vec<Value> = products
        .iter()
        .map(|product| json!({"id": product.id, "name": product.name, "price": product.price}))
        .collect();
    Ok(json!({
        "items": items,
        "subtotal": dollars(subtotal),
        "discount_percent": percent,
        "discount": dollars(discount),
        "total": dollars(subtotal - discount),
    }))
}
