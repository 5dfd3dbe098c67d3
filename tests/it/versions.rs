//! Versions of messages: nothing that was said is overwritten, and each can be shown again, compared, and gone on from.

use insta::assert_snapshot;
use riffle::app::{Effect, Msg};
use riffle::chat::{ChatError, EntryBody, EntryState, ErrorKind, Finish, Head, Record};
use riffle::store::{CommittedWhat, StoreEvent};

use crate::harness::{Screen, saved_of};

/// A chat of two turns, the second of which was asked again.
fn with_versions() -> Screen {
    let mut screen = Screen::openai(80, 24);
    for (question, answer) in [("Which tent?", "The Ridgeline."), ("How heavy is it?", "It weighs 1.1 kg with poles.")]
    {
        screen.ask(question);
        screen.text(answer);
        screen.end(Finish::Stop);
    }
    screen.press("tab r r");
    screen.text("It weighs 1.3 kg with all its poles.");
    screen.end(Finish::Stop);
    screen
}

fn questions(screen: &Screen) -> Vec<String> {
    screen.model.chat.questions().map(str::to_owned).collect()
}

/// The chat as it is in the history.
fn in_history(screen: &mut Screen) -> riffle::chat::Conversation {
    let id = screen.model.chat.conversation.id.clone();
    screen.read_history().load(&id).unwrap().unwrap()
}

#[test]
fn asking_again_keeps_both_answers_and_left_and_right_switch() {
    let mut screen = with_versions();
    screen.expect("It weighs 1.3 kg with all its poles.");
    screen.expect("2 of 2");
    screen.press("tab left");
    screen.expect("It weighs 1.1 kg with poles.");
    screen.expect("1 of 2");
    screen.never("1.3 kg");
    screen.press("left");
    screen.expect("This is the first version.");
    screen.press("right");
    screen.expect("1.3 kg");
    screen.press("right");
    screen.expect("This is the last version.");
}

#[test]
fn the_path_beneath_a_version_follows_it_and_is_there_after_a_restart() {
    let mut screen = with_versions();
    screen.press("esc");
    screen.ask("And for three?");
    screen.text("The Basecamp.");
    screen.end(Finish::Stop);
    screen.press("tab alt-up alt-up left");
    screen.never("The Basecamp.");
    screen.expect("It weighs 1.1 kg with poles.");
    assert_eq!(in_history(&mut screen).entries.len(), 4, "the shown path is remembered");
    screen.press("right");
    screen.expect("The Basecamp.");
    assert_eq!(in_history(&mut screen).entries.len(), 6);
}

#[test]
fn any_question_is_edited_and_its_old_text_stays_as_a_version() {
    let mut screen = with_versions();
    screen.press("tab alt-up alt-up alt-up e");
    screen.expect("› Which tent?");
    screen.type_text(" For winter.");
    screen.press("enter");
    screen.text("The Basecamp, then.");
    screen.end(Finish::Stop);
    screen.expect("2 of 2");
    assert_eq!(questions(&screen), ["Which tent? For winter."]);
    let (_, sent) = screen.request.clone().unwrap();
    assert_eq!(sent.len(), 1, "only the edited question was sent: {sent:?}");
    screen.press("tab alt-up left");
    assert_eq!(questions(&screen), ["Which tent?", "How heavy is it?"]);
    screen.expect("1.3 kg");
    assert_eq!(in_history(&mut screen).all().len(), 7, "nothing is lost");
}

#[test]
fn esc_twice_edits_the_last_question_and_an_esc_that_stopped_never_counts() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("half");
    let esc = || Msg::KeyPressed("esc".parse().unwrap());
    screen.tell(esc());
    screen.wait(300);
    screen.tell(esc());
    screen.tell(esc());
    screen.never("› go_");
    assert!(screen.model.composer.is_empty(), "a frightened triple press edits nothing");
    screen.press("esc");
    screen.expect("Esc again edits your last question.");
    screen.press("esc");
    assert_eq!(screen.model.composer.text(), "go");
    screen.expect("What you send is another version");
    screen.press("esc");
    assert!(screen.model.composer.is_empty());
    screen.never("Put aside.");
}

#[test]
fn the_draft_before_an_edit_comes_back_when_that_is_left_or_sent() {
    let mut screen = with_versions();
    screen.press("esc");
    screen.type_text("my draft");
    screen.press("tab alt-up e");
    screen.expect("› How heavy is it?");
    screen.type_text("!");
    screen.expect("What you send is another version of this question.");
    screen.expect("Esc leave the edit");
    screen.press("esc");
    assert_eq!(screen.model.composer.text(), "my draft");
    screen.press("tab alt-up e enter");
    assert_eq!(screen.model.composer.text(), "my draft");
}

#[test]
fn a_held_letter_scrolls_and_the_arrows_switch_versions_from_an_empty_prompt_too() {
    let mut screen = with_versions();
    screen.press("left");
    screen.expect("It weighs 1.1 kg with poles.");
    screen.press("tab");
    for _ in 0..9 {
        screen.wait(30);
        screen.tell(Msg::KeyPressed("k".parse().unwrap()));
    }
    assert!(screen.model.composer.is_empty(), "a key that is held down is no text");
    screen.wait(30);
    screen.tell(Msg::KeyPressed("i".parse().unwrap()));
    assert_eq!(screen.model.composer.text(), "ki");
}

#[test]
fn a_turn_is_taken_back_and_brought_back() {
    let mut screen = with_versions();
    screen.press("tab u");
    screen.never("How heavy");
    screen.expect("The Ridgeline.");
    assert_eq!(in_history(&mut screen).entries.len(), 2);
    screen.press("u");
    assert!(questions(&screen).is_empty());
    assert_eq!(in_history(&mut screen).head(), Head::Start);
    screen.press("ctrl-x u");
    screen.expect("Nothing to undo.");
    screen.press("ctrl-x U");
    assert_eq!(questions(&screen), ["Which tent?"]);
    screen.press("ctrl-x U");
    screen.expect("1.3 kg");
    screen.press("ctrl-x U");
    screen.expect("Nothing to bring back.");
}

#[test]
fn what_was_taken_back_can_be_brought_back_in_another_run() {
    let mut screen = with_versions();
    screen.press("tab u u");
    let chat = in_history(&mut screen);
    let mut later = Screen::openai(80, 24);
    later.saved.push(riffle::chat::SavedChat { head: Head::Start, ..saved_of("c", &chat, 0) });
    later.press("ctrl-s enter ctrl-x U");
    assert_eq!(questions(&later), ["Which tent?"]);
    later.press("ctrl-x U");
    assert_eq!(questions(&later), ["Which tent?", "How heavy is it?"]);
}

#[test]
fn a_question_after_an_undone_turn_is_another_version_of_it() {
    let mut screen = with_versions();
    screen.press("tab u esc");
    screen.ask("How much is it?");
    screen.text("$229.");
    screen.end(Finish::Stop);
    screen.expect("2 of 2");
    screen.press("tab alt-up left");
    screen.expect("How heavy is it?");
}

#[test]
fn two_versions_are_compared_word_by_word() {
    let mut screen = with_versions();
    screen.press("tab v");
    assert_snapshot!("compare", screen.screen());
    screen.press("esc");
    screen.expect("How heavy is it?");
    screen.press("alt-up alt-up v");
    screen.expect("There is one version only.");
}

#[test]
fn a_new_chat_begins_in_the_middle_of_another_one() {
    let mut screen = with_versions();
    let old = screen.model.chat.conversation.id.clone();
    screen.press("tab alt-up alt-up f");
    screen.expect("A new chat from here on");
    assert_eq!(questions(&screen), ["Which tent?"]);
    assert_ne!(screen.model.chat.conversation.id, old);
    screen.ask("And a stove?");
    screen.text("The Ember.");
    screen.end(Finish::Stop);
    let (_, sent) = screen.request.clone().unwrap();
    assert_eq!(sent.len(), 3);
    let reader = screen.read_history();
    assert_eq!(reader.load(&old).unwrap().unwrap().entries.len(), 4, "the other chat stays as it is");
    assert_eq!(reader.count().unwrap(), 2);
    assert_eq!(in_history(&mut screen).entries.len(), 4);
}

#[test]
fn a_failed_answer_is_a_version_too() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.fail(ChatError::new(ErrorKind::BadRequest, "broken"), false);
    screen.press("tab enter");
    screen.text("fine now");
    screen.end(Finish::Stop);
    screen.expect("2 of 2");
    screen.press("tab left");
    screen.expect("1 of 2");
    screen.expect("✗ broken.");
}

#[test]
fn nothing_is_switched_while_an_answer_runs() {
    let mut screen = with_versions();
    screen.press("esc");
    screen.ask("more");
    screen.press("tab left");
    screen.expect("An answer is running.");
    screen.press("u");
    screen.press("e");
    assert_eq!(questions(&screen).len(), 3);
}

#[test]
fn what_another_instance_said_in_this_chat_becomes_a_version() {
    let mut screen = with_versions();
    screen.press("esc");
    // The other instance has the chat open as it is now, and asks first.
    let chat = &screen.model.chat.conversation;
    let (id, parent) = (chat.id.clone(), chat.entries.last().map(|entry| entry.id.clone()));
    screen.write(Record::Question {
        conversation: id,
        message: "theirs".into(),
        parent,
        time_ms: 1_700_000_100_000,
        text: "What do they say elsewhere?".to_owned(),
        attachments: Vec::new(),
        new_chat: None,
    });
    screen.ask("What do I say here?");
    screen.expect("This chat went on elsewhere too");
    screen.text("This.");
    screen.end(Finish::Stop);
    screen.expect("1 of 2");
    screen.press("tab alt-up right");
    screen.expect("What do they say elsewhere?");
}

#[test]
fn of_a_private_chat_nothing_is_recorded_whatever_is_done_with_it() {
    let mut screen = Screen::openai(80, 24);
    screen.press("ctrl-x P");
    screen.expect("private, not saved");
    screen.ask("a secret");
    screen.text("kept");
    screen.end(Finish::Stop);
    screen.press("tab r r");
    screen.text("kept again");
    screen.end(Finish::Stop);
    screen.press("tab left right u U f");
    screen.type_text("a draft");
    screen.wait(5000);
    screen.press("ctrl-c ctrl-x x");
    screen.expect("A private chat is not written to any file.");
    assert_eq!(screen.records(), Vec::<&Record>::new());
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::Export { .. })));
    screen.press("ctrl-n");
    screen.never("private, not saved");
}

#[test]
fn an_image_goes_with_every_version_of_its_question() {
    let mut screen = Screen::demo(80, 24);
    screen.save("old", "What is it?", "A tent.");
    let image = riffle::chat::Attachment::image("tent.gif", b"GIF89a").unwrap();
    screen.saved[0].entries[0].attachments.push(image.clone());
    screen.press("ctrl-s enter tab alt-up e");
    screen.type_text("!");
    screen.press("enter");
    let entry = screen.model.chat.conversation.entries.first().unwrap();
    assert_eq!(entry.attachments, [image]);
    assert!(matches!(&entry.body, EntryBody::Question(text) if text == "What is it?!"));
}

#[test]
fn an_answer_whose_end_is_not_on_the_disk_yet_stays_whole() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("The whole answer.");
    screen.end(Finish::Stop);
    let chat = &screen.model.chat.conversation;
    let (id, mut entries) = (chat.id.clone(), chat.all().into_iter().cloned().collect::<Vec<_>>());
    entries[1].state = EntryState::Streaming;
    if let EntryBody::Answer { message, .. } = &mut entries[1].body {
        message.text.truncate(9);
    }
    screen.press("tab r r");
    screen.tell(Msg::OthersFound { id, entries });
    screen.text("Another.");
    screen.end(Finish::Stop);
    screen.press("tab left");
    screen.expect("The whole answer.");
}

#[test]
fn versions_of_one_time_are_counted_the_same_whichever_is_shown() {
    let mut made = with_versions();
    made.press("tab r r");
    made.text("It weighs a lot.");
    made.end(Finish::Stop);
    let mut saved = saved_of("c", &made.model.chat.conversation, 1);
    for entry in &mut saved.entries {
        entry.time_ms = 1_600_000_000_000;
    }
    let mut screen = Screen::openai(80, 24);
    screen.saved.push(saved);
    screen.press("ctrl-s enter tab");
    for (number, said) in [(3, "a lot"), (2, "1.3 kg"), (1, "1.1 kg")] {
        screen.expect(&format!("{number} of 3"));
        screen.expect(said);
        screen.press("left");
    }
    screen.expect("This is the first version.");
    screen.press("right right");
    screen.expect("a lot");
}

#[test]
fn a_fork_has_everything_above_it_also_where_a_message_in_between_is_lost() {
    let chat = with_versions().model.chat.conversation;
    let mut saved = saved_of("c", &chat, 1);
    saved.entries[1].parent = Some("lost".into());
    let mut screen = Screen::openai(80, 24);
    screen.saved.push(saved);
    screen.press("ctrl-s enter tab f");
    assert_eq!(questions(&screen), ["Which tent?", "How heavy is it?"]);
    assert_eq!(in_history(&mut screen).entries.len(), 4);
}

#[test]
fn letters_typed_fast_among_the_messages_change_nothing_in_the_chat() {
    for word in ["under", "Ufo", "edge", "fork", "void"] {
        let mut screen = with_versions();
        let chat = screen.model.chat.conversation.clone();
        screen.press("tab");
        screen.wait(1000);
        let before = screen.records().len();
        screen.type_text(word);
        assert_eq!(screen.model.composer.text(), word);
        assert_eq!(screen.model.chat.conversation, chat, "{word}");
        assert!(screen.records()[before..].iter().all(|record| matches!(record, Record::Drafted { .. })), "{word}");
    }
}

#[test]
fn that_a_turn_was_taken_back_is_told_once_that_is_on_the_disk() {
    let mut screen = with_versions();
    screen.commits = false;
    screen.press("tab u");
    screen.never("How heavy");
    screen.never("Took the last question");
    let Some(Record::HeadMoved { conversation, head }) = screen.records().last().copied().cloned() else { panic!() };
    screen.tell(Msg::Store(StoreEvent::Committed(CommittedWhat::HeadMoved(conversation, head))));
    screen.expect("Took the last question and its answer back.");
}

#[test]
fn a_private_chat_is_not_left_for_a_part_of_it() {
    let mut screen = Screen::openai(80, 24);
    screen.press("ctrl-x P");
    for question in ["one", "two"] {
        screen.ask(question);
        screen.text("yes");
        screen.end(Finish::Stop);
    }
    screen.press("tab alt-up alt-up f");
    assert_eq!(questions(&screen), ["one", "two"]);
    screen.expect("private chat");
}

#[test]
fn an_esc_that_closed_the_leader_keys_never_counts() {
    let mut screen = with_versions();
    screen.press("ctrl-x");
    for _ in 0..3 {
        screen.tell(Msg::KeyPressed("esc".parse().unwrap()));
        assert!(screen.model.composer.is_empty());
        screen.wait(100);
    }
}

#[test]
fn a_comparison_scrolled_to_its_end_turns_back_at_once() {
    let mut screen = Screen::openai(80, 12);
    screen.ask("go");
    for word in ["tent", "stove"] {
        for number in 0..20 {
            screen.text(&format!("{number} {word}\n\n"));
        }
        screen.end(Finish::Stop);
        screen.press("tab r r");
    }
    screen.press("ctrl-c tab left v");
    for _ in 0..30 {
        screen.press("pgdn");
        screen.screen();
    }
    let end = screen.screen();
    screen.press("k");
    assert_ne!(screen.screen(), end);
}

#[test]
fn two_escs_with_another_key_between_them_are_not_two() {
    let mut screen = with_versions();
    screen.wait(1000);
    for key in ["esc", "a", "backspace", "esc"] {
        screen.wait(200);
        screen.tell(Msg::KeyPressed(key.parse().unwrap()));
    }
    assert!(screen.model.composer.is_empty());
    screen.expect("Esc again edits your last question.");
}

#[test]
fn an_answer_that_goes_on_is_another_version_and_the_cut_one_stays() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("Of the two");
    screen.press("esc");
    screen.press("tab enter");
    screen.fail(ChatError::new(ErrorKind::BadRequest, "not now"), false);
    screen.expect("2 of 2");
    screen.press("tab enter");
    screen.text(", the lighter one.");
    screen.end(Finish::Stop);
    screen.expect("Of the two, the lighter one.");
    screen.expect("2 of 2");
    screen.press("tab left");
    screen.expect("stopped   1 of 2");
    screen.never("the lighter one");
    let chat = in_history(&mut screen);
    let texts: Vec<_> = chat
        .all()
        .into_iter()
        .filter_map(|entry| match &entry.body {
            EntryBody::Answer { message, .. } => Some(message.text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["Of the two", "Of the two, the lighter one."]);
}
