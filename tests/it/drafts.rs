//! What waits in the prompt stays with its chat, also when the program is killed.

use riffle::app::{Effect, Msg};
use riffle::chat::{Draft, Finish, Record};
use riffle::store::StoreEvent;

use crate::harness::Screen;

fn kept(screen: &Screen) -> Vec<(&str, Draft)> {
    let drafts = screen.records().into_iter().filter_map(|record| match record {
        Record::Drafted { conversation, draft, .. } => Some((conversation.as_str(), draft.clone())),
        _ => None,
    });
    drafts.collect()
}

fn draft(text: &str) -> Draft {
    Draft { text: text.to_owned(), queue: Vec::new() }
}

#[test]
fn a_draft_is_kept_half_a_second_after_it_changed_and_not_with_every_key() {
    let mut screen = Screen::openai(80, 24);
    screen.type_text("half a thou");
    assert_eq!(kept(&screen).len(), 1, "while typing goes on, one every half second");
    screen.wait(500);
    assert_eq!(kept(&screen).last().unwrap().1, draft("half a thou"));
    screen.wait(5000);
    assert_eq!(kept(&screen).len(), 2, "nothing more while nothing changes");
    assert_eq!(screen.model.next_wake(), None, "an idle prompt wakes nobody");
}

#[test]
fn each_chat_has_its_own_draft() {
    let mut screen = Screen::openai(80, 24);
    screen.save("old", "Winter tent for two", "A four-season tent.");
    screen.ask("a new chat");
    screen.text("yes");
    screen.end(Finish::Stop);
    screen.type_text("draft here");
    screen.press("ctrl-s");
    screen.type_text("winter");
    screen.press("enter");
    assert!(screen.model.composer.is_empty());
    screen.type_text("draft there");
    screen.press("ctrl-s");
    screen.type_text("new chat");
    screen.press("enter");
    screen.expect("› draft here");
    screen.press("ctrl-s");
    screen.type_text("winter");
    screen.press("enter");
    screen.expect("› draft there");
}

#[test]
fn a_sent_question_is_no_longer_a_draft() {
    let mut screen = Screen::openai(80, 24);
    screen.type_text("what gear");
    screen.wait(1000);
    screen.press("enter");
    screen.text("x");
    screen.end(Finish::Stop);
    screen.wait(1000);
    let id = screen.model.chat.conversation.id.clone();
    assert_eq!(screen.read_history().draft(&id).unwrap(), Draft::default());
}

#[test]
fn queued_questions_come_back_with_their_chat_and_wait() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("first");
    screen.ask("second");
    screen.ask("third");
    screen.wait(1000);
    let queue = vec!["second".to_owned(), "third".to_owned()];
    assert_eq!(kept(&screen).last().unwrap().1, Draft { text: String::new(), queue });
    let mut later = screen.restarted();
    later.press("ctrl-s enter");
    later.expect("2 queued   Enter sends");
    assert!(later.request.is_none(), "nothing is sent by itself");
    later.press("enter");
    assert_eq!(later.model.chat.questions().last(), Some("second"));
}

#[test]
fn the_draft_of_a_chat_that_was_not_begun_comes_back_at_the_next_start() {
    let mut screen = Screen::openai(80, 24);
    let found = || Msg::DraftFound { conversation: "lost".into(), draft: draft("half a thought") };
    assert!(screen.effects.contains(&Effect::FindDraft));
    screen.tell(found());
    screen.expect("› half a thought");
    screen.expect("Your draft is back.");
    assert_eq!(kept(&screen), [("lost", draft("half a thought"))], "it is this instance's from now on");
    let mut typing = Screen::openai(80, 24);
    typing.type_text("quick");
    typing.tell(found());
    assert_eq!(typing.model.composer.text(), "quick", "what is being typed is not touched");
}

#[test]
fn a_new_chat_leaves_the_draft_with_the_old_one_or_where_up_finds_it() {
    let mut screen = Screen::openai(80, 24);
    screen.type_text("not begun");
    screen.press("ctrl-n");
    assert!(screen.model.composer.is_empty());
    screen.press("up");
    screen.expect("› not begun");
    assert_eq!(kept(&screen).last().unwrap().1, draft("not begun"), "or the next start does");
}

#[test]
fn quitting_keeps_the_draft_first() {
    let mut screen = Screen::openai(80, 24);
    screen.type_text("later");
    screen.press("ctrl-q");
    let keeps =
        |effect: &Effect| matches!(effect, Effect::Append(Record::Drafted { draft, .. }) if draft.text == "later");
    let kept = screen.effects.iter().rposition(keeps);
    let quit = screen.effects.iter().position(|effect| *effect == Effect::Quit);
    assert!(kept.is_some() && kept < quit);
}

#[test]
fn a_queued_question_that_was_sent_does_not_wait_again_after_a_kill() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("first");
    screen.ask("second");
    screen.ask("third");
    screen.wait(1000);
    screen.text("yes");
    screen.end(Finish::Stop);
    assert_eq!(screen.model.chat.questions().last(), Some("second"));
    let mut later = screen.restarted();
    later.press("ctrl-s enter");
    later.expect("1 queued");
}

#[test]
fn what_was_put_aside_in_a_private_chat_never_comes_into_one_that_is_saved() {
    let mut screen = Screen::openai(80, 24);
    screen.press("ctrl-x P");
    screen.type_text("a secret");
    screen.press("ctrl-n up");
    assert!(screen.model.composer.is_empty());
    screen.press("ctrl-x P up");
    screen.expect("› a secret");
    screen.press("ctrl-c");
    screen.wait(5000);
    screen.press("ctrl-n up");
    screen.wait(5000);
    assert_eq!(screen.records(), Vec::<&Record>::new());
}

#[test]
fn what_is_typed_while_the_chat_that_goes_on_is_read_stays_in_the_prompt() {
    let mut screen = Screen::resuming("old");
    screen.save("old", "Winter tent for two", "A four-season tent.");
    screen.write(Record::Drafted { conversation: "old".into(), time_ms: 1, draft: draft("waited here") });
    screen.type_text("hel");
    screen.answer_load();
    screen.type_text("lo");
    screen.expect("Winter tent for two");
    screen.expect("› hello");
    screen.press("ctrl-a up");
    screen.expect("› waited here");
}

#[test]
fn a_chat_begun_while_another_is_read_stays_on_the_screen() {
    let mut screen = Screen::resuming("old");
    screen.save("old", "Winter tent for two", "A four-season tent.");
    screen.ask("and for three?");
    screen.press("ctrl-n");
    screen.answer_load();
    screen.never("Winter tent");
    screen.press("up");
    screen.expect("› and for three?");
}

#[test]
fn a_draft_stays_with_a_chat_that_is_deleted_and_comes_back_with_it() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("yes");
    screen.end(Finish::Stop);
    screen.type_text("half a thought");
    screen.press("ctrl-s tab d");
    assert!(screen.model.composer.is_empty(), "the new chat begins empty");
    screen.press("u enter");
    screen.expect("› half a thought");
}

/// One answered question, and a draft.
fn answered_with_draft(draft: &str) -> Screen {
    let mut screen = Screen::openai(80, 24);
    screen.ask("the question");
    screen.text("An answer.");
    screen.end(Finish::Stop);
    screen.type_text(draft);
    screen
}

#[test]
fn the_draft_before_an_edit_is_never_lost() {
    let mut screen = answered_with_draft("precious draft");
    screen.press("ctrl-x p");
    screen.wait(600);
    assert_eq!(kept(&screen).last().unwrap().1, draft("precious draft"), "nothing was changed yet");
    screen.type_text("s");
    screen.wait(600);
    assert_eq!(kept(&screen).last().unwrap().1, draft("the questions\n\nprecious draft"));
    for leave in ["esc", "ctrl-c", "ctrl-x r r", "ctrl-c ctrl-x p esc"] {
        let mut screen = answered_with_draft("precious draft");
        screen.press("ctrl-x p");
        screen.type_text("s");
        screen.press(leave);
        screen.expect("› precious draft");
        assert!(screen.model.replaced_question.is_none(), "{leave}");
    }
    let mut screen = answered_with_draft("precious draft");
    screen.press("ctrl-x p ctrl-u ctrl-c");
    screen.expect("› precious draft");
}

#[test]
fn going_back_with_up_keeps_the_draft_also_when_more_was_asked_meanwhile() {
    let mut screen = answered_with_draft("");
    screen.ask("a slow one");
    screen.ask("a queued one");
    screen.type_text("draft");
    screen.press("up");
    screen.expect("› a slow one");
    screen.text("yes");
    screen.end(Finish::Stop);
    screen.press("down");
    screen.expect("› a queued one");
    screen.press("down");
    screen.expect("› draft");
}

#[test]
fn where_the_history_cannot_be_written_up_brings_the_draft_back() {
    let mut screen = answered_with_draft("");
    screen.commits = false;
    screen.tell(Msg::Store(StoreEvent::Failed { why: "the disk is full".to_owned() }));
    screen.type_text("precious draft");
    screen.press("ctrl-n up");
    screen.expect("› precious draft");
}
