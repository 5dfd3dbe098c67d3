//! The commonest step, some text and nothing else, read in place: no tree is built of what will be dropped. Whatever is
//! not of this very shape is left to the tolerant reading, which gives the same for what is.

use std::borrow::Cow;

use serde::Deserialize;

/// A step that only adds text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Common<'a> {
    pub(super) model: Cow<'a, str>,
    pub(super) reasoning: Option<(&'static str, Cow<'a, str>)>,
    pub(super) content: Cow<'a, str>,
}

/// Reads a step of the commonest shape; `None` when it has to be looked at whole.
pub(super) fn read(data: &str) -> Option<Common<'_>> {
    let Chunk { model, object, choices: (choice,), .. } = serde_json::from_str(data).ok()?;
    let Choice { index, delta, finish_reason, .. } = choice;
    let is_filled = |text: &Option<Text<'_>>| text.as_ref().is_some_and(|text| !text.0.is_empty());
    if object.is_some_and(|object| object.0 == "error") || index.unwrap_or(0) != 0 || is_filled(&finish_reason) {
        return None;
    }
    let reasoning = [
        ("reasoning_content", delta.reasoning_content),
        ("reasoning", delta.reasoning),
        ("reasoning_text", delta.reasoning_text),
    ]
    .into_iter()
    .find_map(|(field, value)| text_of(value).map(|text| (field, text)));
    Some(Common {
        model: text_of(model).unwrap_or_default(),
        reasoning,
        content: text_of(delta.content).unwrap_or_default(),
    })
}

fn text_of(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}

/// Borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A field that must be absent or null.
#[derive(Deserialize)]
enum Never {}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    object: Option<Text<'a>>,
    #[serde(borrow)]
    choices: (Choice<'a>,),
    #[serde(rename = "error", alias = "errors", alias = "error_code", alias = "base_resp")]
    _error: Option<Never>,
    #[serde(rename = "usage")]
    _usage: Option<Never>,
    #[serde(rename = "x_groq")]
    _x_groq: Option<Never>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Added<'a>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(rename = "usage")]
    _usage: Option<Never>,
}

#[derive(Deserialize)]
struct Added<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_text: Option<Text<'a>>,
    #[serde(rename = "reasoning_details")]
    _reasoning_details: Option<Never>,
    #[serde(rename = "refusal")]
    _refusal: Option<Never>,
    #[serde(rename = "tool_calls")]
    _tool_calls: Option<[Never; 0]>,
    #[serde(rename = "function_call")]
    _function_call: Option<Never>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::provider::openai_chat::decoder::ChatReader;
    use crate::provider::reader::{Answer, Reads};

    /// Values of fields as servers send them, wrong ones among them.
    fn field() -> impl Strategy<Value = Option<Value>> {
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            "[a-zé\"\\\\\n<>😀]{0,4}".prop_map(|text| Some(json!(text))),
            Just(Some(json!("error"))),
            Just(Some(json!(0))),
            Just(Some(json!(1))),
            Just(Some(json!(0.5))),
            Just(Some(json!([]))),
            Just(Some(json!(["a"]))),
            Just(Some(json!({}))),
            Just(Some(json!({"text": "a", "prompt_tokens": 1}))),
        ]
    }

    fn object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
        proptest::collection::vec(field(), names.len()).prop_map(move |values| {
            let filled = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(filled.collect())
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_the_tolerant_reading_reads(
            mut chunk in object(&["model", "object", "id", "error", "errors", "error_code", "base_resp", "usage", "x_groq"]),
            mut choice in object(&["index", "finish_reason", "usage", "message", "logprobs"]),
            delta in object(&["role", "content", "reasoning", "reasoning_content", "reasoning_text", "refusal", "tool_calls", "function_call", "reasoning_details"]),
        ) {
            choice["delta"] = delta;
            chunk["choices"] = json!([choice]);
            let (mut fast, mut slow) = (Answer::default(), Answer::default());
            let (mut fast_reader, mut slow_reader) = (ChatReader::default(), ChatReader::default());
            if fast_reader.read_common(&chunk.to_string(), &mut fast) {
                slow_reader.read_step(None, &chunk, &mut slow);
                fast_reader.close(&mut fast);
                slow_reader.close(&mut slow);
                prop_assert_eq!(format!("{fast:?}"), format!("{slow:?}"));
                prop_assert_eq!(fast_reader.kept(), slow_reader.kept());
            }
        }
    }

    #[test]
    fn the_usual_step_is_read_in_place() {
        let data = r#"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"Hi","tool_calls":[],"refusal":null},"logprobs":null,"finish_reason":null}]}"#;
        assert_eq!(read(data), Some(Common { model: "m".into(), content: Cow::Borrowed("Hi"), reasoning: None }));
    }
}
