//! What can be done about an answer that failed, was cut or waits: the best remedy is on Enter.

use riffle::agent::{self, RequestId};
use riffle::app::{Effect, Msg};
use riffle::chat::{ChatError, ErrorKind, Finish, Message, Record};

use crate::harness::{Screen, saved_of};

fn failed(kind: ErrorKind, status: u16, message: &str) -> ChatError {
    ChatError { status: Some(status), ..ChatError::new(kind, message) }
}

fn request(screen: &Screen) -> RequestId {
    screen.request.as_ref().unwrap().0
}

fn cut() -> Screen {
    let mut screen = Screen::openai(80, 24);
    screen.ask("And which of them stands up to snow?");
    screen.text("Its poles cross twice, so that the roof can");
    screen.fail(ChatError::new(ErrorKind::Network, "connection reset"), true);
    screen
}

#[test]
fn a_cut_answer_goes_on_in_its_own_place() {
    let mut screen = cut();
    screen.press("tab enter");
    let messages = screen.request.as_ref().unwrap().1.clone();
    let [Message::User { .. }, Message::Assistant(begun), Message::User { text, .. }] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(begun.text, "Its poles cross twice, so that the roof can");
    assert!(text.contains("Go on exactly where it ended"), "{text}");
    screen.text("not give way.");
    screen.end(Finish::Stop);
    screen.expect("Its poles cross twice, so that the roof cannot give way.");
    screen.never("incomplete");
    screen.ask("And the other?");
    let messages = &screen.request.as_ref().unwrap().1;
    let [_, Message::Assistant(whole), Message::User { .. }] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(whole.text, "Its poles cross twice, so that the roof cannot give way.");
}

#[test]
fn a_cut_answer_that_breaks_again_keeps_both_pieces() {
    let mut screen = cut();
    screen.press("tab enter");
    screen.text("not give");
    screen.fail(ChatError::new(ErrorKind::Network, "connection reset"), true);
    screen.expect("the roof cannot give");
    screen.expect("go on from here");
}

#[test]
fn a_stopped_answer_can_go_on_or_be_asked_again() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("half");
    screen.press("esc");
    screen.expect("Stopped. Tab, then Enter goes on, r asks again.");
    screen.press("ctrl-x k");
    screen.text(" and half");
    screen.expect("half and half");
    screen.press("esc tab r r");
    screen.never("half and half");
}

#[test]
fn the_line_of_an_answer_cut_at_the_limit_says_how_to_go_on() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("half");
    screen.end(Finish::Length);
    screen.expect("cut at the token limit\n   Tab, then Enter goes on");
}

#[test]
fn a_busy_server_has_a_card_and_enter_tries_now() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    let error = ChatError { retry_after_ms: Some(18_000), ..failed(ErrorKind::RateLimit, 429, "slow down") };
    screen.fail(error, false);
    insta::assert_snapshot!(screen.screen());
    let before = request(&screen);
    screen.press("tab w");
    screen.expect("429   slow down");
    screen.press("enter");
    assert_ne!(request(&screen), before);
    screen.text("at last");
    screen.never("asks us to wait");
    screen.expect("at last");
}

#[test]
fn another_model_can_be_asked_instead_of_waiting() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.fail(ChatError { retry_after_ms: Some(18_000), ..failed(ErrorKind::Overloaded, 503, "no") }, false);
    screen.press("tab m");
    screen.wait(1000);
    screen.type_text("outdoor");
    screen.press("enter");
    let last = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Turn { effect: agent::Effect::StartStream { messages, .. }, target, .. } => Some((messages, target)),
        _ => None,
    });
    let (messages, target) = last.unwrap();
    assert_eq!((messages.len(), target.model.as_str()), (1, "outdoor-demo"));
}

#[test]
fn a_wrong_key_is_replaced_and_the_question_asked_again() {
    let mut screen = Screen::openai(80, 24);
    screen.model.providers.rows.iter_mut().find(|row| row.name == "openai").unwrap().takes_key = true;
    screen.ask("Which tents?");
    screen.fail(failed(ErrorKind::Auth, 401, "Incorrect API key provided"), false);
    insta::assert_snapshot!(screen.screen());
    screen.press("tab enter");
    screen.expect("Connect OpenAI");
    screen.tell(Msg::Pasted("sk-0123456789abcdef".to_owned()));
    screen.press("enter");
    let asked = request(&screen);
    let Some(Effect::TryKey { request: tried, .. }) = screen.effects.last().cloned() else { panic!("not tried") };
    screen.tell(Msg::KeyTried { request: tried, found: Ok(vec!["gpt-4o-mini".to_owned()]) });
    assert_ne!(request(&screen), asked);
    let saved = screen.effects.iter().rposition(|effect| matches!(effect, Effect::SaveKey { .. }));
    let started = screen.effects.iter().rposition(|effect| matches!(effect, Effect::Turn { .. }));
    assert!(saved < started, "the key is there before it is needed");
    screen.text("Two tents.");
    screen.expect("Two tents.");
}

#[test]
fn a_chat_that_is_too_long_offers_another_model() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("long");
    let words =
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens.";
    screen.fail(failed(ErrorKind::ContextLength, 400, words), false);
    insta::assert_snapshot!(screen.screen());
    screen.press("tab enter");
    screen.expect("Model");
    screen.press("esc tab e");
    screen.expect("› long");
}

#[test]
fn a_refused_question_comes_back_and_is_replaced() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("first");
    screen.text("fine");
    screen.end(Finish::Stop);
    screen.ask("something odd");
    screen.fail(failed(ErrorKind::ContentFilter, 400, "content_filter"), false);
    screen.expect("edit the question");
    screen.press("tab enter");
    screen.expect("› something odd");
    screen.type_text("!");
    screen.press("enter");
    let messages = screen.request.as_ref().unwrap().1.clone();
    let asked: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::User { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["first", "something odd!"]);
    let parents: Vec<_> = screen
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::Question { parent, .. } => Some(parent.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(parents[1], parents[2], "both follow the first answer");
}

#[test]
fn a_failure_after_results_does_not_run_the_tools_again() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("go");
    screen.call(0, "search_products", "{\"category\":\"tent\"}");
    screen.end(Finish::ToolCalls);
    screen.tool_done("three tents");
    screen.fail(failed(ErrorKind::BadRequest, 400, "no"), false);
    screen.press("tab enter");
    assert!(screen.running.is_empty());
    let messages = &screen.request.as_ref().unwrap().1;
    assert!(matches!(messages.last(), Some(Message::Tool(result)) if result.output == "three tents"), "{messages:?}");
}

#[test]
fn an_answer_of_a_killed_program_goes_on() {
    let mut screen = Screen::demo(80, 24);
    screen.save("old", "Winter tent for two", "Of the two");
    let riffle::chat::EntryBody::Answer { finish, .. } = &mut screen.saved[0].entries[1].body else { panic!() };
    *finish = None;
    screen.saved[0].entries[1].state = riffle::chat::EntryState::Interrupted;
    screen.press("ctrl-s enter");
    screen.expect("interrupted   Tab, then Enter goes on");
    screen.press("tab enter");
    screen.text(", the lighter one.");
    screen.end(Finish::Stop);
    screen.expect("Of the two, the lighter one.");
}

#[test]
fn an_answer_that_is_whole_does_not_go_on() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("all of it");
    screen.end(Finish::Stop);
    let before = request(&screen);
    screen.press("ctrl-x k");
    screen.expect("No answer was cut.");
    assert_eq!(request(&screen), before);
}

#[test]
fn a_question_that_was_to_be_edited_is_left_alone_once_another_answer_came() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("something odd");
    screen.fail(failed(ErrorKind::ContentFilter, 400, "content_filter"), false);
    screen.press("tab enter");
    screen.press("tab r r");
    screen.text("a good answer");
    screen.end(Finish::Stop);
    screen.press("esc ctrl-u");
    screen.ask("now shorter");
    assert_eq!(screen.request.as_ref().unwrap().1.len(), 3, "the good answer is still there");
}

#[test]
fn another_provider_that_goes_on_is_named_with_what_it_wrote() {
    let mut screen = cut();
    screen.press("f2");
    screen.wait(1000);
    screen.type_text("outdoor");
    screen.press("enter");
    screen.press("tab enter");
    screen.fail(failed(ErrorKind::Server, 500, "no"), false);
    let resumed = screen.records().into_iter().find_map(|record| match record {
        Record::AnswerResumed { provider, .. } => Some(provider.clone()),
        _ => None,
    });
    assert_eq!(resumed.as_deref(), Some("demo"));
}

#[test]
fn a_saved_chat_is_gone_on_with_whom_it_was_held_unless_another_was_named() {
    let mut held = Screen::openai(80, 24);
    held.ask("go");
    held.text("half");
    held.fail(ChatError::new(ErrorKind::Network, "connection reset"), true);
    for (is_named, asked) in [(false, "openai"), (true, "demo")] {
        let mut screen = Screen::demo(80, 24);
        screen.model.providers.is_named = is_named;
        screen.saved.push(saved_of("held", &held.model.chat.conversation, 1));
        screen.press("ctrl-s enter tab enter");
        assert!(screen.request.is_some());
        assert_eq!(screen.model.providers.target.provider, asked);
    }
}

#[test]
fn esc_leaves_a_question_that_was_to_be_edited_as_it_is() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("something odd");
    screen.fail(failed(ErrorKind::ContentFilter, 400, "content_filter"), false);
    screen.press("tab enter");
    screen.type_text("!");
    screen.press("esc");
    screen.never("› something odd!");
    screen.ask("and something else");
    let messages = &screen.request.as_ref().unwrap().1;
    assert!(matches!(&messages[0], Message::User { text, .. } if text == "something odd"), "{messages:?}");
}
