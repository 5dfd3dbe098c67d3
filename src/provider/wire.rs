//! What all dialects write the same way: the address, the headers, parameters, and arguments as objects. Pure.

use serde_json::{Map, Value, json};

use super::{Endpoint, WireRequest};
use crate::chat::{Arguments, short_id};
use crate::config::presets::AZURE;
use crate::config::secret::Secret;

/// A request to this path below the endpoint's address; a query of the address stays behind it. Headers of the
/// configuration replace ours. `key` makes the header that carries the key.
pub(super) fn wire_request(
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&str, &str)],
    key: fn(&str) -> (&'static str, String),
    body: Value,
) -> WireRequest {
    let (base, query) = match endpoint.base_url.split_once('?') {
        Some((base, query)) => (base, query),
        None => (endpoint.base_url.as_str(), ""),
    };
    let joint = match (query.is_empty(), path.contains('?')) {
        (true, _) => "",
        (false, true) => "&",
        (false, false) => "?",
    };
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in &endpoint.headers {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value.clone()));
    }
    let authorization = endpoint.key.as_ref().map(|secret| {
        let (name, value) = key(secret.expose());
        (name.to_owned(), Secret::new(value))
    });
    let url = format!("{}{path}{joint}{query}", base.trim_end_matches('/'));
    WireRequest { url, headers, authorization, body }
}

/// `Authorization: Bearer KEY`.
pub(super) fn bearer(key: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {key}"))
}

/// The header in which a key of this endpoint goes to an interface of `OpenAI`'s: Azure has one of its own for keys, and
/// takes tokens of its directory as everybody else does.
pub(super) fn openai_key(endpoint: &Endpoint) -> fn(&str) -> (&'static str, String) {
    if is_azure(endpoint) {
        |key| if key.starts_with("eyJ") { bearer(key) } else { ("api-key", key.to_owned()) }
    } else {
        bearer
    }
}

/// Whether this is a resource of Azure's, by its name in the configuration or its host.
pub(super) fn is_azure(endpoint: &Endpoint) -> bool {
    let host = endpoint.base_url.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', '?', ':']).next().unwrap_or_default();
    endpoint.name == AZURE
        || [".azure.com", ".azure.us", ".azure.cn", ".azure-api.net"].iter().any(|end| host.ends_with(end))
}

/// Where a parameter goes in a body.
pub(super) enum Place {
    /// Under its own name.
    AsItIs,
    /// Under these names, from the outside in, with this value.
    At(&'static [&'static str], Value),
    /// The wire format has nothing like it.
    Nowhere,
}

/// Writes the configured parameters; `null` takes one of ours out. `place` says where the ones with a common name
/// (`temperature`, `top_p`, `max_tokens`, `reasoning_effort`, `seed`, `stop`) go in this wire format.
pub(super) fn write_params(
    body: &mut Map<String, Value>,
    params: &Map<String, Value>,
    place: fn(&str, &Value) -> Place,
) {
    for (name, value) in params {
        match place(name, value) {
            Place::AsItIs => put(body, &[name], value.clone()),
            Place::At(path, value) => put(body, path, value),
            Place::Nowhere => {}
        }
    }
}

fn put(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] if value.is_null() => drop(map.shift_remove(*name)),
        [name] => drop(map.insert((*name).to_owned(), value)),
        [outer, inner @ ..] => {
            let under = map.entry((*outer).to_owned()).or_insert_with(|| json!({}));
            if let Value::Object(under) = under {
                put(under, inner, value);
            }
        }
    }
}

/// One or several stop texts as a list.
pub(super) fn list(value: &Value) -> Value {
    if value.is_string() { json!([value]) } else { value.clone() }
}

/// Arguments for a wire format that takes objects only. What could not be read goes back as it was written, under a name
/// of its own, so that the model sees what it sent.
pub(super) fn arguments_object(arguments: &Arguments) -> Value {
    match arguments {
        Arguments::Object(map) => Value::Object(map.clone()),
        Arguments::Raw(text) => json!({"unreadable": text}),
    }
}

/// A call id of letters, digits, `_` and `-`, at most 64: the same id becomes the same text in call and result.
pub(super) fn plain_id(id: &str) -> String {
    let is_plain =
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if is_plain { id.to_owned() } else { short_id(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_go_where_the_wire_format_has_them() {
        let place = |name: &str, value: &Value| match name {
            "top_p" => Place::At(&["options", "topP"], value.clone()),
            "seed" => Place::Nowhere,
            _ => Place::AsItIs,
        };
        let mut body = Map::from_iter([("stream_options".to_owned(), json!(1))]);
        let params = json!({"top_p": 0.5, "seed": 1, "own": true, "stream_options": null});
        write_params(&mut body, params.as_object().unwrap(), place);
        assert_eq!(Value::Object(body), json!({"options": {"topP": 0.5}, "own": true}));
    }

    #[test]
    fn ids_of_other_vendors_become_plain_and_stay_the_same() {
        assert_eq!(plain_id("toolu_01-x"), "toolu_01-x");
        assert_eq!(plain_id("functions.look:0"), plain_id("functions.look:0"));
        assert_eq!(plain_id("functions.look:0").len(), 9);
    }
}
