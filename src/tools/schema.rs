//! Arguments against the tool's JSON Schema, with a message that a model can act on. Pure.

use serde_json::{Map, Value};

/// Most complaints in one message.
const MAX_COMPLAINTS: usize = 5;

/// Checks the arguments. The error names each place as a JSON path, what was expected there and what came.
pub fn validate(schema: &Value, arguments: &Map<String, Value>) -> Result<(), String> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| format!("The tool's own schema cannot be used: {error}. Do not call it."))?;
    let value = Value::Object(arguments.clone());
    let complaints: Vec<String> = validator
        .iter_errors(&value)
        .take(MAX_COMPLAINTS)
        .map(|error| {
            let path = error.instance_path().as_str().replace('/', ".");
            format!("${path}: {error}")
        })
        .collect();
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("The arguments do not fit the tool's schema. {}. Send the call again.", complaints.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wrong_argument_is_named_with_its_path_and_what_was_expected() {
        let schema = json!({"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "list": {"type": "array", "items": {"type": "integer"}}}});
        let check = |value: Value| validate(&schema, value.as_object().unwrap());
        assert_eq!(check(json!({"id": "P001"})), Ok(()));
        let missing = check(json!({})).unwrap_err();
        assert!(missing.contains("\"id\" is a required property"), "{missing}");
        let wrong = check(json!({"id": "x", "list": [1, "two"]})).unwrap_err();
        assert!(wrong.contains("$.list.1: \"two\" is not of type \"integer\""), "{wrong}");
    }
}
