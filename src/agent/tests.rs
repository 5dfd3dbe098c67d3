use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::chat::{
    ChatError, Delta, EntryState, ErrorKind, Finish, Message, Record, StreamEnd, ToolCallFragment, ToolSpec, ToolStatus,
};
use crate::tools::policy::Decision;

fn setup(decision: Decision, can_ask: bool) -> TurnSetup {
    let mut next = 0;
    let spec = ToolSpec {
        name: "look".to_owned(),
        description: String::new(),
        parameters: json!({"type": "object", "properties": {"n": {"type": "integer"}}}),
    };
    TurnSetup {
        id: TurnId(7),
        conversation: "c".into(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        tools: vec![OfferedTool { spec, decision }],
        max_rounds: 3,
        retries: 2,
        call_timeout_ms: 1000,
        can_ask,
        ids: Box::new(move || {
            next += 1;
            format!("id{next}")
        }),
    }
}

fn at(ms: u64) -> Moment {
    Moment { mono_ms: ms, unix_ms: ms as i64 }
}

fn start(setup: TurnSetup) -> (Turn, Vec<Effect>) {
    Turn::start(
        setup,
        Vec::new(),
        None,
        Opening::Question(NewQuestion { text: "q".to_owned(), attachments: Vec::new(), new_chat: None }),
        at(0),
    )
}

fn request(number: u32) -> RequestId {
    RequestId { turn: TurnId(7), number }
}

fn call(number: u32) -> CallId {
    CallId { turn: TurnId(7), number }
}

fn fragment(index: u64, arguments: &str) -> Delta {
    Delta::ToolCall(ToolCallFragment {
        index: Some(index),
        id: Some(format!("v{index}")),
        name: Some("look".to_owned()),
        arguments: Some(arguments.to_owned()),
        ..ToolCallFragment::default()
    })
}

/// Streams these deltas as request `number` and ends it well.
fn stream(turn: &mut Turn, number: u32, deltas: Vec<Delta>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for delta in deltas {
        effects.extend(turn.handle(Event::Delta { request: request(number), delta }, at(10), 0.0));
    }
    let end = Event::StreamEnded { request: request(number), end: StreamEnd::Complete };
    effects.extend(turn.handle(end, at(20), 0.0));
    effects
}

fn calls_then(arguments: &[&str]) -> Vec<Delta> {
    let mut deltas: Vec<Delta> =
        arguments.iter().enumerate().map(|(at, arguments)| fragment(at as u64, arguments)).collect();
    deltas.push(Delta::Finish { finish: Finish::ToolCalls, raw: "tool_calls".to_owned() });
    deltas
}

fn failed(kind: ErrorKind) -> StreamEnd {
    StreamEnd::Failed { error: ChatError::new(kind, "no"), is_cut: false }
}

fn ended(effects: &[Effect]) -> Option<&TurnEnd> {
    effects.iter().find_map(|effect| match effect {
        Effect::Ended(end) => Some(end),
        _ => None,
    })
}

#[test]
fn the_question_is_recorded_before_the_model_is_asked() {
    let (_, effects) = start(setup(Decision::Allow, true));
    assert!(matches!(effects[0], Effect::Record(Record::Question { .. })));
    assert!(matches!(effects[1], Effect::Record(Record::AnswerBegan { .. })));
    assert!(matches!(effects[2], Effect::StartStream { .. }));
}

#[test]
fn both_results_go_back_in_the_next_request_whatever_their_order() {
    let (mut turn, _) = start(setup(Decision::Allow, true));
    let effects = stream(&mut turn, 1, calls_then(&[r#"{"n":1}"#, r#"{"n":2}"#]));
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::RunTool { .. })).count(), 2);
    for number in [2, 1] {
        let outcome = CallOutcome { status: ToolStatus::Done, output: format!("result {number}") };
        let effects = turn.handle(Event::CallFinished { call: call(number), outcome }, at(30), 0.0);
        if number == 1 {
            let Some(Effect::StartStream { messages, .. }) = effects.last() else { panic!("{effects:?}") };
            let outputs: Vec<_> = messages
                .iter()
                .filter_map(|message| match message {
                    Message::Tool(result) => Some((result.call_id.as_str(), result.output.as_str())),
                    _ => None,
                })
                .collect();
            assert_eq!(outputs, [("v0", "result 1"), ("v1", "result 2")]);
        }
    }
}

#[test]
fn a_failure_before_anything_was_shown_is_tried_again_as_often_as_allowed() {
    let (mut turn, _) = start(setup(Decision::Allow, true));
    let mut number = 1;
    for attempt in 1..=2 {
        let event = Event::StreamEnded { request: request(number), end: failed(ErrorKind::Overloaded) };
        let effects = turn.handle(event, at(0), 0.0);
        assert!(matches!(effects[0], Effect::Show(Progress::Retry { attempt: a, .. }) if a == attempt));
        number += 1;
        let due = turn.handle(Event::RetryDue { request: request(number) }, at(0), 0.0);
        assert!(matches!(due[0], Effect::StartStream { .. }));
        number += 1;
    }
    let event = Event::StreamEnded { request: request(number), end: failed(ErrorKind::Overloaded) };
    let effects = turn.handle(event, at(0), 0.0);
    assert_eq!(ended(&effects).map(|end| end.finish), Some(Finish::Error));
}

#[test]
fn after_the_first_word_nothing_is_tried_again() {
    let (mut turn, _) = start(setup(Decision::Allow, true));
    turn.handle(Event::Delta { request: request(1), delta: Delta::Text("a".to_owned()) }, at(0), 0.0);
    let event = Event::StreamEnded { request: request(1), end: failed(ErrorKind::Server) };
    let effects = turn.handle(event, at(0), 0.0);
    assert_eq!(ended(&effects).map(|end| end.text.as_str()), Some("a"));
}

#[test]
fn where_nobody_can_be_asked_the_call_is_denied_with_a_reason() {
    let (mut turn, _) = start(setup(Decision::Ask, false));
    let effects = stream(&mut turn, 1, calls_then(&["{}"]));
    let denied = effects.iter().find_map(|effect| match effect {
        Effect::Show(Progress::ToolResult(result)) => Some(result.clone()),
        _ => None,
    });
    let denied = denied.unwrap();
    assert_eq!(denied.status, ToolStatus::Denied);
    assert!(denied.output.contains("nobody can be asked"));
}

#[test]
fn at_the_round_limit_open_calls_are_reported_and_not_run() {
    let (mut turn, _) = start(TurnSetup { max_rounds: 1, ..setup(Decision::Allow, true) });
    let effects = stream(&mut turn, 1, calls_then(&["{}"]));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::RunTool { .. })));
    assert_eq!(ended(&effects).map(|end| (end.finish, end.tool_calls.len())), Some((Finish::ToolCalls, 1)));
}

#[test]
fn arguments_that_are_no_object_are_never_run() {
    let (mut turn, _) = start(setup(Decision::Allow, true));
    let effects = stream(&mut turn, 1, calls_then(&["[1, 2", r#"{"n": "x"}"#]));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::RunTool { .. })));
    let failures = effects.iter().filter(
        |effect| matches!(effect, Effect::Show(Progress::ToolResult(result)) if result.status == ToolStatus::Failed),
    );
    assert_eq!(failures.count(), 2);
}

#[test]
fn stopping_one_call_lets_the_answer_go_on() {
    let (mut turn, _) = start(setup(Decision::Allow, true));
    stream(&mut turn, 1, calls_then(&["{}"]));
    let effects = turn.handle(Event::CallStopped { call: call(1) }, at(30), 0.0);
    assert!(matches!(effects[0], Effect::CancelTool { .. }));
    assert!(matches!(effects.last(), Some(Effect::StartStream { .. })));
}

#[derive(Clone, Debug)]
enum Step {
    Text,
    Fragment(u64),
    End,
    Fail(bool),
    RetryDue,
    Started(u32),
    Finished(u32),
    Approve(u32),
    Refuse(u32),
    StopCall(u32),
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Text),
        4 => (0..3_u64).prop_map(Step::Fragment),
        3 => Just(Step::End),
        1 => any::<bool>().prop_map(Step::Fail),
        1 => Just(Step::RetryDue),
        3 => (1..6_u32).prop_map(Step::Started),
        5 => (1..6_u32).prop_map(Step::Finished),
        2 => (1..6_u32).prop_map(Step::Approve),
        1 => (1..6_u32).prop_map(Step::Refuse),
        1 => (1..6_u32).prop_map(Step::StopCall),
        1 => Just(Step::Stop),
    ]
}

proptest! {
    #[test]
    fn each_recorded_call_gets_exactly_one_result(steps in proptest::collection::vec(step(), 0..60), ask in any::<bool>()) {
        let decision = if ask { Decision::Ask } else { Decision::Allow };
        let (mut turn, mut effects) = start(setup(decision, true));
        let mut number = 1;
        for step in steps.into_iter().chain([Step::Stop]) {
            let text = || Delta::Text("x".to_owned());
            let event = match step {
                Step::Text => Event::Delta { request: request(number), delta: text() },
                Step::Fragment(index) => Event::Delta { request: request(number), delta: fragment(index, "") },
                Step::End => Event::StreamEnded { request: request(number), end: StreamEnd::Complete },
                Step::Fail(is_cut) => Event::StreamEnded {
                    request: request(number),
                    end: StreamEnd::Failed { error: ChatError::new(ErrorKind::Network, "x"), is_cut },
                },
                Step::RetryDue => Event::RetryDue { request: request(number) },
                Step::Started(n) => Event::CallStarted { call: call(n) },
                Step::Finished(n) => Event::CallFinished {
                    call: call(n),
                    outcome: CallOutcome { status: ToolStatus::Done, output: String::new() },
                },
                Step::Approve(n) => Event::CallApproved { call: call(n) },
                Step::Refuse(n) => Event::CallRefused { call: call(n) },
                Step::StopCall(n) => Event::CallStopped { call: call(n) },
                Step::Stop => Event::TurnStopped,
            };
            let new = turn.handle(event, at(100), 0.5);
            for effect in &new {
                match effect {
                    Effect::StartStream { request, messages } => {
                        number = request.number;
                        prop_assert!(is_paired(messages), "{messages:?}");
                    }
                    Effect::Wait { request, .. } => number = request.number,
                    _ => {}
                }
            }
            effects.extend(new);
        }
        let ends = effects.iter().filter(|effect| matches!(effect, Effect::Ended(_))).count();
        prop_assert_eq!(ends, 1);
        let mut results: BTreeMap<(usize, String), usize> = BTreeMap::new();
        let mut answers = 0;
        for effect in &effects {
            match effect {
                Effect::Record(Record::AnswerEnded { tool_calls, state, .. }) => {
                    answers += 1;
                    prop_assert_ne!(*state, EntryState::Streaming);
                    for call in tool_calls {
                        results.insert((answers, call.id.clone()), 0);
                    }
                }
                Effect::Record(Record::ToolResult { result, .. }) => {
                    let count = results.get_mut(&(answers, result.call_id.clone()));
                    prop_assert!(count.is_some(), "a result without a call: {result:?}");
                    *count.unwrap() += 1;
                }
                _ => {}
            }
        }
        prop_assert!(results.values().all(|count| *count == 1), "{results:?}");
        let began = effects.iter().filter(|e| matches!(e, Effect::Record(Record::AnswerBegan { .. }))).count();
        prop_assert_eq!(began, answers);
    }
}

/// Each call of an answer is followed by exactly its results.
fn is_paired(messages: &[Message]) -> bool {
    let mut open: Vec<String> = Vec::new();
    for message in messages {
        match message {
            Message::Assistant(answer) => {
                if !open.is_empty() {
                    return false;
                }
                open = answer.tool_calls.iter().map(|call| call.id.clone()).collect();
            }
            Message::Tool(result) => match open.iter().position(|id| *id == result.call_id) {
                Some(at) => {
                    open.remove(at);
                }
                None => return false,
            },
            Message::System { .. } | Message::User { .. } => {
                if !open.is_empty() {
                    return false;
                }
            }
        }
    }
    open.is_empty()
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn a_driven_turn_talks_to_the_demo_runs_its_tools_and_ends() {
    use std::sync::Arc;

    use crate::provider::demo::DemoServer;
    use crate::provider::{Api, Client, Endpoint, Timeouts};
    use crate::tools::Registry;

    let server = DemoServer::start(0).await.unwrap();
    let endpoint = Arc::new(Endpoint {
        name: "demo".to_owned(),
        label: "Demo".to_owned(),
        api: Api::OpenAiChat,
        base_url: server.base_url(),
        key: None,
        key_source: None,
        headers: Vec::new(),
        params: serde_json::Map::new(),
        timeouts: Timeouts::default(),
        ca_file: None,
    });
    let mut registry = Registry::default();
    registry.add_outdoor_gear(std::time::Duration::ZERO);
    let tools: Vec<ToolSpec> = registry.tools().iter().map(|tool| tool.spec()).collect();
    let offered = tools.iter().map(|spec| OfferedTool { spec: spec.clone(), decision: Decision::Allow }).collect();
    let question = NewQuestion {
        text: "Compare all tents and sleeping bags under $300".to_owned(),
        attachments: Vec::new(),
        new_chat: None,
    };
    let setup = TurnSetup { tools: offered, ..setup(Decision::Allow, false) };
    let started = Turn::start(setup, Vec::new(), None, Opening::Question(question), at(0));
    let (sender, events) = tokio::sync::mpsc::channel(16);
    let gate: CommitGate = Arc::new(|| Box::pin(std::future::ready(())));
    let host = Drive {
        performer: Performer::new(Client::new(), Arc::new(registry), gate, sender),
        events,
        endpoint: Arc::new(move || Box::pin(std::future::ready(Ok(endpoint.clone())))),
        model: "outdoor-demo".to_owned(),
        tools,
        clock: &|| at(0),
        jitter: &|| 0.0,
    };
    let mut results = 0;
    let mut show = |progress| results += usize::from(matches!(progress, Progress::ToolResult(_)));
    let end = drive(started, host, &mut |_| {}, &mut show, std::future::pending()).await;
    assert_eq!((end.finish, end.rounds, results), (Finish::Stop, 2, 2));
    assert!(end.text.contains("TrailBlazer 2P") && end.text.contains("Nightfall 0C"), "{}", end.text);
}
