//! Asking, reading along, stopping, asking again.

use riffle::agent::{self, Event};
use riffle::app::{Effect, Focus, Msg};
use riffle::chat::{ChatError, Delta, ErrorKind, Finish, Message, Record, StreamEnd};

use crate::harness::Screen;

#[test]
fn the_first_request_is_prepared_once_a_question_is_being_written() {
    let mut screen = Screen::openai(80, 24);
    let prepared = |screen: &Screen| {
        let provider = |effect: &Effect| match effect {
            Effect::WarmUp { provider } => Some(provider.clone()),
            _ => None,
        };
        screen.effects.iter().filter_map(provider).collect::<Vec<_>>()
    };
    screen.type_text("/theme");
    assert!(prepared(&screen).is_empty());
    screen.type_text(" or which tent?");
    assert_eq!(prepared(&screen), ["openai"]);
    screen.model.providers.target.provider = "demo".to_owned();
    screen.type_text(" And why?");
    assert_eq!(prepared(&screen), ["openai", "demo"], "another one, once it is chosen");
}

#[test]
fn a_question_goes_to_the_top_and_its_answer_unrolls_beneath() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("first question");
    screen.text("first answer");
    screen.end(Finish::Stop);
    screen.ask("second question");
    screen.text("second answer");
    let rows: Vec<String> = screen.screen().lines().map(str::to_owned).collect();
    assert!(rows[2].starts_with(" › second question"), "{rows:#?}");
    assert_eq!(rows[4], "   second answer");
    screen.never("first answer");
}

#[test]
fn a_question_is_being_sent_until_it_is_committed() {
    let mut screen = Screen::openai(80, 24);
    screen.commits = false;
    screen.ask("keep me");
    screen.expect("sending");
    let asked = screen.records().into_iter().find(|record| matches!(record, Record::Question { .. })).cloned();
    let Some(Record::Question { message, .. }) = asked else { panic!() };
    screen.tell(Msg::Store(riffle::store::StoreEvent::Committed(riffle::store::CommittedWhat::Question(message))));
    screen.never("sending");
}

#[test]
fn esc_mid_stream_keeps_the_partial_answer_and_the_draft() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("tell me");
    screen.text("This is only half of");
    screen.type_text("my draft");
    screen.press("esc");
    screen.expect("This is only half of");
    screen.expect("stopped");
    screen.expect("› my draft");
    assert!(
        screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Turn { effect: agent::Effect::DropStream { .. }, .. }))
    );
    let last = screen.records().last().copied().cloned();
    assert!(matches!(last, Some(Record::AnswerEnded { state: riffle::chat::EntryState::Stopped, .. })), "{last:?}");
}

#[test]
fn late_events_of_a_stopped_turn_never_show_up_in_the_next() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("old");
    screen.text("old text");
    let old = screen.request.as_ref().unwrap().0;
    screen.press("esc");
    screen.ask("new");
    screen.tell(Msg::Turn(Event::Delta { request: old, delta: Delta::Text("LATE".to_owned()) }));
    screen.text("new text");
    screen.tell(Msg::Turn(Event::StreamEnded { request: old, end: StreamEnd::Complete }));
    screen.text(", still coming");
    screen.expect("new text, still coming");
    screen.never("LATE");
    assert!(screen.model.running_turn().is_some());
}

#[test]
fn the_next_request_holds_what_was_said_before() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("one");
    screen.text("answer one");
    screen.press("esc");
    screen.ask("two");
    let messages = screen.request.as_ref().unwrap().1.clone();
    let user = |text: &str| Message::user(text.to_owned());
    assert_eq!(messages.len(), 3);
    assert_eq!((&messages[0], &messages[2]), (&user("one"), &user("two")));
}

#[test]
fn enter_while_an_answer_runs_queues_and_up_takes_it_back() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("one");
    screen.text("...");
    screen.ask("two");
    screen.expect("Queued 1. Up takes it back.");
    screen.press("up");
    screen.expect("› two");
    screen.press("enter");
    screen.end(Finish::Stop);
    screen.expect("› two");
    assert_eq!(screen.request.as_ref().unwrap().1.len(), 3);
}

#[test]
fn a_queue_is_held_after_a_stop() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("one");
    screen.text("...");
    screen.ask("two");
    screen.press("esc");
    screen.wait(5000);
    screen.expect("1 queued   Enter sends it   Up takes it back");
    screen.press("enter");
    screen.expect("› two");
}

#[test]
fn a_wrong_key_says_where_it_came_from_and_enter_tries_again() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("Which tents under $250 are in stock?");
    let mut error = ChatError::new(ErrorKind::Auth, "Incorrect API key provided");
    error.status = Some(401);
    screen.fail(error, false);
    insta::assert_snapshot!("error_auth_80x24", screen.screen());
    screen.press("tab w");
    screen.expect("401   Incorrect API key provided");
    screen.press("enter");
    assert_eq!(screen.request.as_ref().unwrap().1.len(), 1);
    screen.text("now it works");
    screen.expect("now it works");
    screen.never("did not accept");
}

#[test]
fn a_busy_server_is_counted_down_and_esc_ends_the_wait() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    let mut error = ChatError::new(ErrorKind::RateLimit, "slow down");
    error.retry_after_ms = Some(18_000);
    screen.fail(error, false);
    screen.expect("next try in 18 s   2 of 4");
    screen.wait(3000);
    screen.expect("next try in 15 s   2 of 4");
    screen.press("esc");
    screen.expect("stopped");
    assert!(screen.model.running_turn().is_none());
}

#[test]
fn a_cut_answer_is_kept_and_said_to_be_incomplete() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("Of the two, only the Ridgeline");
    screen.fail(ChatError::new(ErrorKind::Network, "connection reset"), true);
    insta::assert_snapshot!("cut_80x24", screen.screen());
}

#[test]
fn silence_is_shown_from_the_tenth_second() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.wait(9000);
    screen.never("no data");
    screen.wait(3000);
    screen.expect("no data for 12 s   giving up in 108 s");
    screen.delta(Delta::Alive);
    screen.never("no data");
    screen.wait(12_000);
    screen.expect("no data for 12 s   giving up in 78 s");
}

#[test]
fn asking_again_needs_two_letters_and_replaces_the_answer() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("first try");
    screen.end(Finish::Stop);
    screen.press("tab r");
    screen.expect("Ask again?");
    screen.press("r");
    screen.text("second try");
    screen.never("first try");
    screen.expect("second try");
}

#[test]
fn letters_typed_fast_among_the_messages_are_text() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.end(Finish::Stop);
    screen.press("tab");
    screen.wait(1000);
    screen.type_text("remember");
    screen.expect("› remember");
    screen.never("Ask again?");
}

#[test]
fn ctrl_c_stops_then_puts_aside_then_quits() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("text");
    screen.type_text("draft");
    screen.press("ctrl-c");
    assert!(screen.model.running_turn().is_none());
    screen.press("ctrl-c");
    screen.expect("Put aside. Up brings it back.");
    screen.press("up");
    screen.expect("› draft");
    screen.press("ctrl-c ctrl-c");
    screen.expect("Ctrl+C again quits.");
    screen.press("ctrl-c");
    assert_eq!(screen.effects.last(), Some(&Effect::Quit));
}

#[test]
fn quitting_mid_stream_records_the_stop_first() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("half");
    screen.press("ctrl-q");
    let (last, before) = screen.effects.split_last().unwrap();
    assert_eq!(*last, Effect::Quit);
    assert!(before.iter().any(|effect| matches!(effect, Effect::Append(Record::AnswerEnded { .. }))));
}

#[test]
fn scrolled_away_the_view_stays_and_counts_what_is_new() {
    for (before, key, label) in [("", "end", "End"), ("x y", "ctrl-end", "Ctrl+End"), ("tab", "end", "End")] {
        let mut screen = Screen::openai(80, 24);
        screen.ask("go");
        for n in 0..40 {
            screen.text(&format!("line {n}\n\n"));
            screen.screen();
        }
        screen.press(before);
        screen.press("pgup");
        let before = screen.screen();
        for n in 40..50 {
            screen.text(&format!("line {n}\n\n"));
        }
        let after = screen.screen();
        assert_eq!(before.lines().nth(5), after.lines().nth(5));
        screen.expect(&format!("new lines   {label} to see"));
        screen.press(key);
        screen.expect("line 49");
    }
}

#[test]
fn changing_the_model_in_the_middle_of_a_chat_goes_on_with_it() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("hello");
    screen.text("Hi.");
    screen.end(Finish::Stop);
    screen.press("f2");
    screen.type_text("gpt");
    screen.press("enter");
    screen.expect("gpt-4o-mini   openai");
    screen.ask("and now?");
    let Some(Effect::Turn { target, tools, .. }) = screen
        .effects
        .iter()
        .rev()
        .find(|effect| matches!(effect, Effect::Turn { effect: agent::Effect::StartStream { .. }, .. }))
    else {
        panic!()
    };
    assert_eq!((target.model.as_str(), tools.len()), ("gpt-4o-mini", 0));
    assert_eq!(screen.request.as_ref().unwrap().1.len(), 3);
}

#[test]
fn what_a_model_says_cannot_act_on_the_terminal() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("a\u{1b}[2Jb\u{202e}c&#27;]52;c;x\u{7}");
    let shown = screen.screen();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains("a␛[2Jb<U+202E>c␛]52;c;x␇"), "{shown}");
}

#[test]
fn a_question_asked_before_the_chat_that_goes_on_is_there_is_asked_in_it() {
    for is_typed in [false, true] {
        let mut screen = Screen::resuming("old");
        screen.save("old", "Winter tent for two", "A four-season tent.");
        if is_typed {
            screen.ask("and for three?");
        } else {
            screen.tell(Msg::Asked("and for three?".to_owned()));
        }
        assert!(screen.request.is_none(), "it waits for the chat");
        screen.answer_load();
        screen.expect("Winter tent for two");
        let (_, sent) = screen.request.clone().unwrap();
        assert_eq!(sent.len(), 3, "{sent:?}");
    }
}

#[test]
fn a_question_is_asked_in_a_new_chat_where_the_one_that_goes_on_is_gone() {
    let mut screen = Screen::resuming("gone");
    screen.tell(Msg::Asked("hello".to_owned()));
    screen.answer_load();
    let (_, sent) = screen.request.clone().unwrap();
    assert_eq!(sent.len(), 1);
}

#[test]
fn a_paste_ends_what_waits_for_a_letter() {
    for (keys, typed) in [("ctrl-x", "q"), ("ctrl-x r", "r"), ("tab c", "a"), ("tab C", "a"), ("tab V", "y")] {
        let mut screen = Screen::openai(80, 24);
        screen.ask("go");
        screen.text("It is `here`:\n\n```sh\ncargo build\n```\n\nsee");
        screen.end(Finish::Stop);
        screen.press(keys);
        screen.screen();
        let before = screen.effects.len();
        screen.tell(Msg::Pasted("pasted ".to_owned()));
        screen.type_text(typed);
        screen.expect(&format!("› pasted {typed}"));
        let is_other = |effect: &&Effect| !matches!(effect, Effect::Append(_) | Effect::WarmUp { .. });
        let others: Vec<_> = screen.effects[before..].iter().filter(is_other).collect();
        assert!(others.is_empty(), "{keys} {others:?}");
    }
}

#[test]
fn ctrl_q_quits_also_while_something_waits_for_letters() {
    for keys in ["tab c", "tab C", "tab V", "ctrl-x", "ctrl-p", "ctrl-f"] {
        let mut screen = Screen::openai(80, 24);
        screen.ask("go");
        screen.text("```sh\ncargo build\n```");
        screen.end(Finish::Stop);
        screen.press(keys);
        screen.screen();
        screen.press("ctrl-q");
        assert_eq!(screen.effects.last(), Some(&Effect::Quit), "{keys}");
    }
}

#[test]
fn a_queued_question_that_is_sent_leaves_who_reads_or_selects_in_peace() {
    for keys in ["tab g", "tab V"] {
        let mut screen = Screen::openai(80, 24);
        screen.ask("first");
        screen.text(&"line\n\n".repeat(40));
        screen.screen();
        screen.type_text("second");
        screen.press("enter");
        screen.press(keys);
        let before = screen.screen();
        screen.end(Finish::Stop);
        let after = screen.screen();
        assert!(screen.model.running_turn().is_some());
        assert_eq!(screen.model.focus, Focus::Messages, "{keys}");
        assert_eq!(before.lines().nth(5), after.lines().nth(5), "{keys}");
    }
}
