//! Reasoning in fields of its own: which field carries it, and `OpenRouter`'s `reasoning_details`, whose fragments are
//! joined so that they can go back unchanged.

use serde_json::{Map, Value};

/// The fields that hold reasoning as text, the first filled one counts.
pub(super) const TEXT_FIELDS: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_text"];
/// The field that holds it as a list.
pub(super) const DETAILS_FIELD: &str = "reasoning_details";
/// Details of one answer that are kept; servers send a few.
const MAX_DETAILS: usize = 1024;
/// Our word for thinking parts inside the content array (Mistral).
pub(super) const CONTENT_PARTS: &str = "content_parts";

/// The reasoning of one delta, and the field it came in; once, even if several fields carry it.
pub(super) fn text_of(delta: &Map<String, Value>) -> Option<(&'static str, String)> {
    let filled = |field: &str| delta.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    TEXT_FIELDS.into_iter().find_map(|field| filled(field).map(|text| (field, text.to_owned()))).or_else(|| {
        let parts = delta.get(DETAILS_FIELD)?.as_array()?;
        let text: String =
            parts.iter().filter_map(|part| part.get("text").or_else(|| part.get("summary"))?.as_str()).collect();
        (!text.is_empty()).then_some((DETAILS_FIELD, text))
    })
}

/// Joins fragments of one index and type; what has no index stays apart.
pub(super) fn join_details(known: &mut Vec<Value>, fragments: &[Value]) {
    for fragment in fragments {
        let Some(new) = fragment.as_object() else { continue };
        let index = new.get("index").filter(|index| !index.is_null());
        let has_room = known.len() < MAX_DETAILS;
        let same = known.iter_mut().rev().filter_map(Value::as_object_mut).find(|old| {
            index.is_some()
                && old.get("index") == index
                && (old.get("type") == new.get("type") || !new.contains_key("type"))
        });
        match same {
            Some(old) => merge(old, new),
            None if has_room => known.push(fragment.clone()),
            None => {}
        }
    }
}

fn merge(old: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (field, value) in new {
        match (old.get_mut(field), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more))
                if matches!(field.as_str(), "text" | "summary" | "data") =>
            {
                text.push_str(more);
            }
            _ => {
                old.insert(field.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fragments_of_one_index_become_one_detail() {
        let mut known = Vec::new();
        join_details(&mut known, &[json!({"type": "reasoning.text", "text": "a", "index": 0})]);
        join_details(&mut known, &[json!({"type": "reasoning.text", "text": "b", "index": 0, "signature": null})]);
        join_details(&mut known, &[json!({"type": "reasoning.text", "signature": "s", "index": 0})]);
        join_details(&mut known, &[json!({"type": "reasoning.encrypted", "data": "d", "index": 1})]);
        assert_eq!(
            known,
            [
                json!({"type": "reasoning.text", "text": "ab", "index": 0, "signature": "s"}),
                json!({"type": "reasoning.encrypted", "data": "d", "index": 1})
            ]
        );
    }
}
