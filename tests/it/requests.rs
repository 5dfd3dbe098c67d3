//! What goes back: any conversation, cut anywhere, gives a request that each wire format's server accepts, wherever its
//! answers came from.

use proptest::prelude::*;
use riffle::chat::{
    Arguments, AssistantMessage, Message, Opaque, ToolCall, ToolResult, ToolStatus, paired_for_request,
};
use riffle::config::secret::Secret;
use riffle::provider::{Api, ChatRequest, Endpoint, Quirks, Timeouts, dialect};
use serde_json::{Map, Value, json};

fn endpoint(api: Api) -> Endpoint {
    Endpoint {
        name: "home".to_owned(),
        label: "Home".to_owned(),
        api,
        base_url: "https://host.example".to_owned(),
        key: Some(Secret::new("sk-canary-0000".to_owned())),
        key_source: None,
        headers: Vec::new(),
        params: Map::new(),
        timeouts: Timeouts::default(),
        ca_file: None,
    }
}

fn call() -> impl Strategy<Value = ToolCall> {
    let id = prop_oneof!["call_[a-z0-9]{3}", "functions\\.look:[0-9]", "[a-z]{70}", Just("同じ".to_owned())];
    let arguments = prop_oneof![Just("{\"a\":1}"), Just(""), Just("{not json"), Just("[1]")];
    (id, arguments, any::<bool>()).prop_map(|(id, arguments, has_part)| ToolCall {
        id,
        name: "look".to_owned(),
        arguments: Arguments::parse(arguments),
        opaque: has_part.then(|| json!({"extra_content": {"google": {"thought_signature": "canary-call"}}})),
    })
}

/// What the dialects keep with an answer, from `home` or from elsewhere.
fn kept() -> impl Strategy<Value = Option<Opaque>> {
    let value = prop_oneof![
        Just(json!({"thinking": [{"type": "thinking", "thinking": "t", "signature": "canary"}]})),
        Just(json!({"parts": [{"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "canary"}]})),
        Just(json!({"reasoning": [{"calls_before": 0, "item": {"type": "reasoning", "id": "canary", "summary": []}}]})),
        Just(json!({"reasoning_field": "reasoning_content", "reasoning_details": [{"text": "canary"}]})),
        Just(json!({"thinking": true})),
        Just(json!("canary")),
    ];
    proptest::option::of(value.prop_map(|value| Opaque { provider: "away".to_owned(), value }))
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let text = prop_oneof![Just(String::new()), Just(" ".to_owned()), "[a-zé]{1,5}"];
    let user = "[a-z]{1,5}".prop_map(Message::user);
    let answer = (text, proptest::option::of("[a-z]{1,4}"), prop::collection::vec(call(), 0..3), kept()).prop_map(
        |(text, reasoning, tool_calls, opaque)| {
            Message::Assistant(AssistantMessage { text, reasoning: reasoning.unwrap_or_default(), tool_calls, opaque })
        },
    );
    // Half of the answers are followed by results, of their own calls or not.
    let turn = (user, prop::collection::vec((answer, any::<bool>()), 0..3)).prop_map(|(user, answers)| {
        let mut all = vec![user];
        for (answer, has_results) in answers {
            let calls = match &answer {
                Message::Assistant(answer) if has_results => answer.tool_calls.clone(),
                _ => Vec::new(),
            };
            all.push(answer);
            all.extend(calls.into_iter().rev().map(|call| {
                let (status, output) = (ToolStatus::Failed, "no".to_owned());
                Message::Tool(ToolResult { call_id: call.id, name: call.name, status, output, elapsed_ms: 1 })
            }));
        }
        all
    });
    (prop::collection::vec(turn, 1..4), 0..12_usize).prop_map(|(turns, cut)| {
        let mut all: Vec<_> = turns.into_iter().flatten().collect();
        all.truncate(all.len().saturating_sub(cut).max(1));
        all
    })
}

fn body(api: Api, messages: &[Message]) -> Value {
    let system = Message::System { text: "Be brief.".to_owned() };
    let messages = paired_for_request([system].into_iter().chain(messages.iter().cloned()));
    let request = ChatRequest { model: "m".to_owned(), messages, tools: Vec::new() };
    dialect(api).request(&endpoint(api), &request, &Quirks::default()).body
}

fn list<'a>(holder: &'a Value, field: &str) -> &'a [Value] {
    holder[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Why a server that checks pairs strictly would refuse this.
fn refusal(api: Api, body: &Value) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    let mut taken = Vec::new();
    let mut begin = |open: &mut Vec<String>, id: &Value| {
        let id = id.as_str().unwrap_or_default().to_owned();
        let is_bad = id.is_empty() || open.contains(&id);
        taken.push(id.clone());
        open.push(id.clone());
        is_bad.then(|| format!("the id `{id}` cannot be used"))
    };
    let end = |open: &mut Vec<String>, id: &Value| {
        let at = open.iter().position(|known| Some(known.as_str()) == id.as_str());
        at.map(|at| drop(open.remove(at))).is_none().then(|| format!("{id} has no call"))
    };
    match api {
        Api::OpenAiChat | Api::Ollama => {
            for message in list(body, "messages") {
                let is_result = message["role"] == "tool";
                if !is_result && !open.is_empty() {
                    return Some(format!("{open:?} have no result"));
                }
                let found = list(message, "tool_calls").iter().find_map(|call| begin(&mut open, &call["id"]));
                let found = found.or_else(|| is_result.then(|| end(&mut open, &message["tool_call_id"]))?);
                let has_objects = list(message, "tool_calls")
                    .iter()
                    .all(|call| call["function"]["arguments"].is_object() == (api == Api::Ollama));
                if found.is_some() || !has_objects {
                    return found.or(Some("arguments of the wrong type".to_owned()));
                }
            }
        }
        Api::OpenAiResponses => {
            for item in list(body, "input") {
                let found = match item["type"].as_str().unwrap_or_default() {
                    "function_call" => begin(&mut open, &item["call_id"]),
                    "function_call_output" => end(&mut open, &item["call_id"]),
                    "message" => (!open.is_empty()).then(|| format!("{open:?} have no result")),
                    "reasoning" => None,
                    other => Some(format!("what is `{other}`?")),
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        Api::Anthropic => {
            let mut last = "assistant";
            for message in list(body, "messages") {
                let role = message["role"].as_str().unwrap_or_default();
                let blocks = list(message, "content");
                if role == last || blocks.is_empty() {
                    return Some(format!("two of {role}, or an empty one"));
                }
                last = role;
                let results = blocks.iter().take_while(|block| block["type"] == "tool_result").count();
                for block in blocks {
                    let found = match block["type"].as_str().unwrap_or_default() {
                        "tool_use" if !block["input"].is_object() => Some("input is no object".to_owned()),
                        "tool_use" => begin(&mut open, &block["id"]),
                        "tool_result" => end(&mut open, &block["tool_use_id"]),
                        "text" if block["text"].as_str().is_none_or(|text| text.trim().is_empty()) => {
                            Some("an empty text".to_owned())
                        }
                        _ => None,
                    };
                    if found.is_some() {
                        return found;
                    }
                }
                let all = blocks.iter().filter(|block| block["type"] == "tool_result").count();
                if role == "user" && (!open.is_empty() || results != all) {
                    return Some("the results are not complete and first".to_owned());
                }
            }
        }
        Api::Gemini => {
            let mut calls = 0;
            for content in list(body, "contents") {
                let parts = list(content, "parts");
                let count = |field: &str| parts.iter().filter(|part| part.get(field).is_some()).count();
                let results = count("functionResponse");
                if parts.is_empty() || calls != results || (results > 0 && results != parts.len()) {
                    return Some(format!("{calls} calls, {results} results"));
                }
                calls = count("functionCall");
            }
            return (calls > 0).then(|| "calls without results".to_owned());
        }
    }
    (!open.is_empty()).then(|| format!("{open:?} have no result"))
}

proptest! {
    #[test]
    fn any_conversation_cut_anywhere_is_accepted_by_every_wire_format(messages in messages()) {
        for api in Api::ALL {
            let body = body(api, &messages);
            prop_assert_eq!(refusal(api, &body), None, "{}: {}", api.as_str(), body);
        }
    }

    #[test]
    fn what_one_vendor_said_to_itself_goes_to_nobody_else(messages in messages()) {
        for api in Api::ALL {
            let text = body(api, &messages).to_string();
            prop_assert!(!text.contains("canary"), "{}: {}", api.as_str(), text);
        }
    }
}

#[test]
fn every_wire_format_sends_its_key_where_the_vendor_wants_it() {
    let asked = [Message::user("q")];
    let seen: Vec<_> = Api::ALL
        .into_iter()
        .map(|api| {
            let request = ChatRequest { model: "m".to_owned(), messages: asked.to_vec(), tools: Vec::new() };
            let wire = dialect(api).request(&endpoint(api), &request, &Quirks::default());
            assert!(!wire.body.to_string().contains("sk-canary") && !wire.url.contains("sk-canary"));
            (wire.url, wire.authorization.map(|(name, _)| name).unwrap_or_default())
        })
        .collect();
    let at = |path: &str, header: &str| (format!("https://host.example{path}"), header.to_owned());
    assert_eq!(
        seen,
        [
            at("/chat/completions", "authorization"),
            at("/responses", "authorization"),
            at("/v1/messages", "x-api-key"),
            at("/v1beta/models/m:streamGenerateContent?alt=sse", "x-goog-api-key"),
            at("/api/chat", "authorization"),
        ]
    );
}

#[test]
fn parameters_of_a_common_name_are_put_where_each_wire_format_has_them() {
    let params =
        json!({"temperature": 0.5, "max_tokens": 100, "stop": "END", "seed": 7, "reasoning_effort": "low", "own": 1});
    let bodies: Vec<_> = Api::ALL
        .into_iter()
        .map(|api| {
            let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
            let endpoint = Endpoint { params: params.as_object().unwrap().clone(), ..endpoint(api) };
            let mut body = dialect(api).request(&endpoint, &request, &Quirks::default()).body;
            for ours in ["model", "messages", "input", "contents", "stream", "stream_options", "store", "include"] {
                body.as_object_mut().unwrap().remove(ours);
            }
            body
        })
        .collect();
    let expected = [
        params.clone(),
        json!({"temperature": 0.5, "max_output_tokens": 100, "reasoning": {"effort": "low"}, "own": 1}),
        json!({
            "max_tokens": 10240, "stop_sequences": ["END"],
            "thinking": {"type": "enabled", "budget_tokens": 2048}, "own": 1
        }),
        json!({
            "generationConfig": {
                "temperature": 0.5, "maxOutputTokens": 100, "stopSequences": ["END"], "seed": 7,
                "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": true}
            },
            "own": 1
        }),
        json!({
            "options": {"temperature": 0.5, "num_predict": 100, "stop": ["END"], "seed": 7}, "think": "low", "own": 1
        }),
    ];
    assert_eq!(bodies, expected);
}

#[test]
fn the_configuration_can_name_every_wire_format() {
    assert_eq!(Api::ALL.map(Api::as_str), riffle::config::presets::APIS);
}

#[test]
fn an_answer_that_went_on_goes_back_whole_to_the_vendor_of_its_second_half() {
    let parts = json!([{"text": "half."}, {"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "s"}]);
    let answer = AssistantMessage {
        text: "First half, second half.".to_owned(),
        tool_calls: vec![ToolCall {
            id: "a".to_owned(),
            name: "look".to_owned(),
            arguments: Arguments::parse("{}"),
            opaque: None,
        }],
        opaque: Some(Opaque { provider: "home".to_owned(), value: json!({"parts": parts}) }),
        ..AssistantMessage::default()
    };
    let body = body(Api::Gemini, &[Message::user("q"), Message::Assistant(answer)]);
    let sent = list(&body["contents"][1], "parts");
    assert_eq!(sent[0], json!({"text": "First half, second "}));
    assert_eq!(&sent[1..], parts.as_array().unwrap().as_slice());
}

#[test]
fn azure_gets_its_key_in_a_header_of_its_own_and_a_token_of_its_directory_as_all_do() {
    for (key, expected) in [("k-canary", ("api-key", "k-canary")), ("eyJcanary", ("authorization", "Bearer eyJcanary"))]
    {
        for api in [Api::OpenAiChat, Api::OpenAiResponses] {
            let endpoint = Endpoint {
                base_url: "https://mine.openai.azure.com/openai/v1".to_owned(),
                key: Some(Secret::new(key.to_owned())),
                ..endpoint(api)
            };
            let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
            let wire = dialect(api).request(&endpoint, &request, &Quirks::default());
            let (name, value) = wire.authorization.unwrap();
            assert_eq!((name.as_str(), value.expose()), expected);
        }
    }
}

#[test]
fn a_limit_that_is_refused_becomes_the_one_the_refusal_names() {
    let limit = |api: Api, quirks: &Quirks| {
        let params = if api == Api::OpenAiChat { json!({"max_tokens": 100}) } else { json!({}) };
        let endpoint = Endpoint { params: params.as_object().unwrap().clone(), ..endpoint(api) };
        let request = ChatRequest { model: "m".to_owned(), messages: Vec::new(), tools: Vec::new() };
        dialect(api).request(&endpoint, &request, quirks)
    };
    let first = limit(Api::Anthropic, &Quirks::default());
    let words = "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for this model";
    let quirks = dialect(Api::Anthropic).adapt(&Quirks::default(), &first, words).unwrap();
    assert_eq!(limit(Api::Anthropic, &quirks).body["max_tokens"], 8192);
    let first = limit(Api::OpenAiChat, &Quirks::default());
    let words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let quirks = dialect(Api::OpenAiChat).adapt(&Quirks::default(), &first, words).unwrap();
    let again = limit(Api::OpenAiChat, &quirks);
    assert_eq!((&again.body["max_completion_tokens"], again.body.get("max_tokens")), (&json!(100), None));
}

#[test]
fn an_image_goes_with_its_question_as_each_wire_format_has_it() {
    let image = riffle::chat::Attachment::image("t.gif", b"GIF89a").unwrap();
    let question = Message::User { text: "What is it?".to_owned(), attachments: vec![image] };
    let sent: Vec<Value> = Api::ALL
        .into_iter()
        .map(|api| {
            let body = body(api, std::slice::from_ref(&question));
            let field = match api {
                Api::OpenAiResponses => "input",
                Api::Gemini => "contents",
                Api::OpenAiChat | Api::Anthropic | Api::Ollama => "messages",
            };
            list(&body, field).last().unwrap().clone()
        })
        .collect();
    let (text, data, url) = ("What is it?", "R0lGODlh", "data:image/gif;base64,R0lGODlh");
    let expected = [
        json!({"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}
        ]}),
        json!({"type": "message", "role": "user", "content": [
            {"type": "input_image", "image_url": url}, {"type": "input_text", "text": text}
        ]}),
        json!({"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": data}},
            {"type": "text", "text": text}
        ]}),
        json!({"role": "user", "parts": [{"inlineData": {"mimeType": "image/gif", "data": data}}, {"text": text}]}),
        json!({"role": "user", "content": text, "images": [data]}),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn what_a_vendor_wants_back_survives_a_restart_and_goes_to_it_alone() {
    use riffle::chat::{EntryState, Finish, NewChat, Record};
    use riffle::config::retention::Retention;
    use riffle::store::{Reader, StoreOptions, Writer};

    let folder = tempfile::tempdir().unwrap();
    let options =
        || StoreOptions { folder: folder.path().to_owned(), ack_trace: None, retention: Retention::default() };
    let writer = Writer::open(options(), Box::new(|_| {})).unwrap();
    let call = ToolCall {
        id: "toolu_1".to_owned(),
        name: "look".to_owned(),
        arguments: Arguments::parse("{\"a\":1}"),
        opaque: None,
    };
    let thinking = json!({"type": "thinking", "thinking": "Hm.", "signature": "canary"});
    let value = json!({"thinking": [thinking]});
    writer.append(Record::Question {
        conversation: "c".into(),
        message: "q".into(),
        parent: None,
        time_ms: 1,
        text: "Look.".to_owned(),
        attachments: Vec::new(),
        new_chat: Some(NewChat { title: "t".to_owned(), provider: "home".to_owned(), model: "m".to_owned() }),
    });
    writer.append(Record::AnswerBegan {
        conversation: "c".into(),
        message: "a".into(),
        parent: Some("q".into()),
        time_ms: 2,
        provider: "home".to_owned(),
        model: "m".to_owned(),
    });
    writer.append(Record::AnswerReasoning { message: "a".into(), text: "Hm.".to_owned() });
    writer.append(Record::AnswerEnded {
        message: "a".into(),
        state: EntryState::Complete,
        tool_calls: vec![call],
        opaque: Some(Opaque { provider: "home".to_owned(), value }),
        finish: Some(Finish::ToolCalls),
        finish_raw: Some("tool_use".to_owned()),
        error: None,
        usage: None,
        ttft_ms: None,
        thought_ms: None,
        elapsed_ms: 1,
        model: "m".to_owned(),
    });
    assert!(writer.close(std::time::Duration::from_secs(20)));

    let chat = Reader::open(folder.path()).unwrap().load(&"c".into()).unwrap().unwrap();
    let messages = chat.request_messages(None);
    let request = ChatRequest { model: "m".to_owned(), messages, tools: Vec::new() };
    let sent = |api: Api, name: &str| {
        let endpoint = Endpoint { name: name.to_owned(), ..endpoint(api) };
        dialect(api).request(&endpoint, &request, &Quirks::default()).body
    };
    assert_eq!(sent(Api::Anthropic, "home")["messages"][1]["content"][0], thinking);
    for api in Api::ALL {
        let body = sent(api, "away");
        assert_eq!(refusal(api, &body), None, "{body}");
        assert!(!body.to_string().contains("canary"), "{body}");
    }
}
