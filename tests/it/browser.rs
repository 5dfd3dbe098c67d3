//! The browser of saved chats over a real history: one box for titles and everything said, and what becomes of chats.

use insta::assert_snapshot;
use riffle::app::{Effect, Msg};
use riffle::chat::{EntryBody, EntryState, Finish, NewChat, Record};
use riffle::store::{CommittedWhat, StoreEvent};

use crate::harness::{Screen, saved_of};

/// A history of a month.
fn history(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::openai(columns, rows);
    for (id, title, answer, days) in [
        ("tents", "Tents and sleeping bags under $300", "Two fit. The tent weighs 1.8 kg with poles.", 0),
        ("winter", "Winter tent for two", "A four-season tent has a full inner.\n\n```sh\nriffle --continue\n```", 1),
        ("select", "rust tokio select cancel safety", "A future is dropped, like a tent in `parse_http_head`.", 3),
        ("letter", "Letter to the landlord", "Crème brûlée, 寝袋 and an emoji 🏕 stand here.", 12),
        ("old", "Camp kitchen", "A stove.", 300),
    ] {
        screen.save_days_ago(id, title, answer, days);
    }
    screen.press("ctrl-s");
    screen
}

fn search(screen: &mut Screen, text: &str) -> String {
    screen.press("ctrl-u");
    screen.type_text(text);
    screen.screen()
}

#[test]
fn one_box_searches_titles_and_everything_said_and_marks_the_hits() {
    for (columns, rows) in [(120, 36), (80, 24), (60, 16)] {
        let mut screen = history(columns, rows);
        search(&mut screen, "tent");
        assert_snapshot!(format!("search_{columns}x{rows}"), screen.screen());
    }
}

#[test]
fn words_are_found_in_any_case_and_script_by_parts_phrases_and_beginnings() {
    let mut screen = history(120, 36);
    for (query, title) in [
        ("CREME", "Letter to the landlord"),
        ("brûl", "Letter to the landlord"),
        ("寝袋", "Letter to the landlord"),
        ("🏕", "Letter to the landlord"),
        ("parse_http", "rust tokio select"),
        ("http ", "rust tokio select"),
        ("\"with poles\"", "Tents and sleeping bags"),
        ("four-season", "Winter tent for two"),
        ("kitchen", "Camp kitchen"),
        // Of one chat, though of no message: the title and the answer, the question and the answer.
        ("landlord emoji", "Letter to the landlord"),
        ("sleeping poles", "Tents and sleeping bags"),
    ] {
        let shown = search(&mut screen, query);
        assert!(shown.contains(title) && shown.contains("1 of 5"), "{query}\n{shown}");
    }
    assert!(search(&mut screen, "tent -winter -poles ").contains("2 of 5   2 hits"));
    assert!(search(&mut screen, "\"poles with\"").contains("Nothing found for"));
    assert!(search(&mut screen, "tnet").contains("Nothing found for \"tnet\". Nearest: tent (4)."));
}

#[test]
fn filters_leave_chats_out_and_say_what_they_may_be() {
    let mut screen = history(120, 36);
    assert!(search(&mut screen, "since:2d").contains("2 of 5"));
    assert!(search(&mut screen, "has:code").contains("Winter tent for two"));
    assert!(search(&mut screen, "role:user tent").contains("2 of 5"));
    assert!(search(&mut screen, "model:o3").contains("No chats with model:o3.   Esc clears."));
    assert!(search(&mut screen, "model:outdoor since:week").contains("3 of 5"));
    assert!(search(&mut screen, "since:soon").contains("since:soon means nothing; it may be today"));
    assert!(search(&mut screen, "in:trash").contains("Nothing deleted."));
    screen.press("esc");
    screen.expect("5 of 5");
}

#[test]
fn enter_opens_the_chat_at_the_very_message_with_the_hit_marked() {
    let mut screen = Screen::openai(100, 24);
    let mut long = Screen::openai(100, 24);
    for number in 0..40 {
        long.ask(&format!("question {number}"));
        long.text(&format!("Answer {number} {}.", if number == 17 { "about the quokka" } else { "about nothing" }));
        long.end(Finish::Stop);
    }
    screen.saved.push(saved_of("long", &long.model.chat.conversation, 8));
    screen.press("ctrl-s");
    search(&mut screen, "quokka");
    screen.expect("Answer 17 about the quokka.");
    screen.press("enter");
    screen.expect("Answer 17 about the quokka.");
    screen.never("Answer 16");
    screen.never("new lines");
    assert!(screen.is_underlined("quokka"));
    screen.expect("Esc back to the search");
    screen.press("esc");
    screen.expect("/ quokka");
    screen.expect("› question 0");
    screen.press("esc");
    screen.screen();
    assert!(!screen.is_underlined("quokka"), "the marks go with the search");
}

#[test]
fn a_hit_in_another_version_is_opened_on_its_path() {
    let mut made = Screen::openai(80, 24);
    made.ask("which?");
    made.text("the quokka");
    made.end(Finish::Stop);
    made.press("tab r r");
    made.text("the wombat");
    made.end(Finish::Stop);
    let mut screen = Screen::openai(80, 24);
    screen.saved.push(saved_of("c", &made.model.chat.conversation, 1));
    screen.press("ctrl-s");
    search(&mut screen, "quokka");
    screen.press("enter");
    screen.expect("the quokka");
    screen.expect("1 of 2");
}

#[test]
fn chats_are_renamed_pinned_tagged_archived_and_each_is_taken_back() {
    let mut screen = history(120, 36);
    screen.press("tab down r ctrl-u");
    screen.type_text("Snow");
    screen.press("enter");
    screen.expect("Now called \"Snow\".");
    screen.press("p");
    screen.expect("Pinned \"Snow\".");
    screen.expect(" Pinned");
    screen.press("t");
    screen.type_text("gear #alps");
    screen.press("enter");
    screen.expect("#gear #alps");
    screen.press("a");
    screen.expect("4 of 4");
    screen.press("tab");
    assert!(search(&mut screen, "in:archive").contains("Snow"));
    assert_snapshot!("archive", screen.screen());
    screen.press("ctrl-u tab u");
    screen.expect("\"Snow\" is as it was.");
    screen.press("u u u");
    screen.expect("Now called \"Winter tent for two\".");
    screen.never("#gear");
    screen.never(" Pinned");
    screen.press("u");
    screen.expect("Nothing to undo.");
}

#[test]
fn a_deleted_chat_is_in_the_trash_and_comes_back_from_there_or_by_undo() {
    let mut screen = history(120, 36);
    screen.press("tab d");
    screen.expect("Deleted \"Tents and sleeping bags under $300\". u brings it back.");
    screen.expect("4 of 4");
    screen.press("esc ctrl-s tab u");
    screen.expect("5 of 5");
    screen.press("d tab");
    assert!(search(&mut screen, "in:trash").contains("Tents and sleeping bags"), "what came back is selected");
    screen.press("tab d");
    screen.expect("It is deleted already.");
    screen.press("u");
    screen.expect("Nothing deleted.");
    screen.press("tab ctrl-u");
    screen.expect("5 of 5");
}

#[test]
fn a_notice_comes_only_when_what_it_tells_is_on_the_disk() {
    let mut screen = history(80, 24);
    screen.commits = false;
    screen.press("tab d");
    screen.never("Deleted");
    let Some(Record::Deleted { conversation, .. }) = screen.records().last().copied().cloned() else { panic!() };
    screen.tell(Msg::Store(StoreEvent::Committed(CommittedWhat::Deleted(conversation))));
    screen.expect("Deleted");
}

#[test]
fn chats_are_sorted_by_title_and_by_length() {
    let mut screen = history(120, 36);
    screen.press("tab s");
    screen.expect("by title");
    assert!(screen.screen().contains("› Camp kitchen"));
    screen.press("s");
    screen.expect("longest first");
    screen.press("s");
    screen.expect("› Tents and sleeping bags");
}

#[test]
fn what_another_instance_writes_appears_while_the_browser_is_open() {
    let mut screen = history(80, 24);
    screen.never("Written elsewhere");
    screen.write(Record::Question {
        conversation: "other".into(),
        message: "q".into(),
        parent: None,
        time_ms: 1_700_000_050_000,
        text: "Written elsewhere".to_owned(),
        attachments: Vec::new(),
        new_chat: Some(NewChat {
            title: "Written elsewhere".to_owned(),
            provider: "openai".to_owned(),
            model: "m".to_owned(),
        }),
    });
    screen.wait(1000);
    screen.expect("Written elsewhere");
    screen.expect("› Tents and sleeping bag");
    screen.press("esc");
    screen.wait(600);
    assert_eq!(screen.model.next_wake(), None, "nobody looks once it is closed");
}

#[test]
fn letters_typed_into_the_box_never_act_on_the_list() {
    let mut screen = history(80, 24);
    screen.type_text("dupas");
    assert!(!screen.records().iter().any(|record| matches!(record, Record::Deleted { .. } | Record::Pinned { .. })));
}

#[test]
fn more_chats_are_read_when_the_selection_comes_to_the_last() {
    let mut screen = Screen::openai(80, 24);
    let mut made = Screen::openai(80, 24);
    made.ask("one");
    made.text("two");
    made.end(Finish::Stop);
    for number in 0..230 {
        screen.saved.push(saved_of(&format!("c{number}"), &made.model.chat.conversation, 1));
    }
    screen.press("ctrl-s");
    screen.expect("200 of 230");
    screen.press("tab G");
    screen.expect("230 of 230");
}

#[test]
fn a_chat_of_ten_thousand_messages_opens_where_it_is_read() {
    let mut made = Screen::openai(80, 24);
    made.ask("one");
    made.text("two\n\nthree\n\n- four\n- five");
    made.end(Finish::Stop);
    let mut chat = saved_of("c", &made.model.chat.conversation, 1);
    for number in 1..5000 {
        for at in 0..2 {
            let mut entry = chat.entries[at].clone();
            entry.parent = chat.entries.last().map(|last| last.id.clone());
            entry.id = riffle::chat::MessageId(format!("m{number}-{at}"));
            entry.time_ms += number;
            entry.state = EntryState::Complete;
            if let EntryBody::Question(text) = &mut entry.body {
                *text = format!("question {number}");
            }
            chat.entries.push(entry);
        }
    }
    let mut screen = Screen::openai(80, 24);
    screen.saved.push(chat);
    screen.press("ctrl-s enter");
    screen.expect("question 4999");
    screen.press("ctrl-home");
    screen.expect("› one");
    screen.press("pgdn pgdn pgup pgup");
    screen.expect("› one");
    screen.press("alt-down alt-down");
    screen.expect("question 1");
    screen.press("ctrl-end");
    screen.expect("question 4999");
    let loads = screen.effects.iter().filter(|effect| matches!(effect, Effect::LoadChat { .. })).count();
    assert_eq!(loads, 1, "the preview is what is opened");
}

#[test]
fn an_answer_that_ended_while_the_browser_was_open_is_whole_where_its_chat_is_opened() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("The first half");
    screen.press("ctrl-s");
    screen.expect("The first half");
    screen.text(" and the second.");
    screen.end(Finish::Stop);
    screen.tell(Msg::KeyPressed("enter".parse().unwrap()));
    screen.expect("The first half and the second.");
    screen.press("esc ctrl-s");
    screen.ask("more");
    let entries = &screen.model.chat.conversation.entries;
    assert!(entries.iter().all(|entry| entry.state == EntryState::Complete), "{entries:?}");
}

/// Another instance writes an answer in a chat of its own.
fn begun_elsewhere() -> [Record; 3] {
    let question = Record::Question {
        conversation: "other".into(),
        message: "q".into(),
        parent: None,
        time_ms: 1_700_000_000_000,
        text: "asked elsewhere".to_owned(),
        attachments: Vec::new(),
        new_chat: Some(NewChat {
            title: "Elsewhere".to_owned(),
            provider: "openai".to_owned(),
            model: "gpt-4o-mini".to_owned(),
        }),
    };
    let began = Record::AnswerBegan {
        conversation: "other".into(),
        message: "a".into(),
        parent: Some("q".into()),
        time_ms: 1_700_000_000_000,
        provider: "openai".to_owned(),
        model: "gpt-4o-mini".to_owned(),
    };
    [question, began, text_elsewhere("The first half")]
}

fn text_elsewhere(text: &str) -> Record {
    Record::AnswerText { message: "a".into(), text: text.to_owned() }
}

#[test]
fn the_preview_follows_an_answer_that_another_instance_writes() {
    let mut screen = Screen::openai(80, 24);
    for record in begun_elsewhere() {
        screen.write(record);
    }
    screen.press("ctrl-s");
    screen.expect("The first half");
    screen.write(text_elsewhere(" and the second."));
    screen.wait(1000);
    screen.expect("and the second.");
}

#[test]
fn a_chat_that_is_still_being_read_is_not_opened_once_the_browser_was_left() {
    for leave in ["esc", "ctrl-s", "ctrl-n"] {
        let mut screen = Screen::openai(80, 24);
        screen.save("old", "Winter tent for two", "A four-season tent.");
        screen.reads = false;
        screen.press("ctrl-s enter");
        screen.press(leave);
        screen.ask("mine");
        assert!(screen.request.is_some(), "{leave}: nothing is waited for");
        screen.answer_load();
        screen.text("For you.");
        screen.end(Finish::Stop);
        screen.expect("For you.");
        screen.never("Winter tent");
    }
}

#[test]
fn an_answer_that_runs_is_not_left_for_a_recent_chat_that_is_found_late() {
    let mut screen = Screen::openai(80, 24);
    screen.save("old", "Winter tent for two", "A four-season tent.");
    screen.lists = false;
    screen.type_text("mine");
    screen.press("ctrl-x 1 enter");
    screen.answer_list();
    screen.text("For you.");
    screen.end(Finish::Stop);
    screen.expect("For you.");
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::LoadChat { .. })));
}

#[test]
fn what_was_looked_for_does_not_mark_the_chat_that_is_opened_after_one_that_was_gone() {
    let mut screen = history(80, 24);
    search(&mut screen, "tent");
    screen.reads = false;
    screen.press("down enter");
    let load = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::LoadChat { load, id, .. } => Some((*load, id.clone())),
        _ => None,
    });
    let (load, id) = load.unwrap();
    screen.tell(Msg::ChatLoaded { load, id, found: Ok(None) });
    screen.reads = true;
    screen.press("esc ctrl-x 1");
    screen.expect("Two fit. The tent weighs");
    screen.never("Esc back to the search");
}

#[test]
fn the_open_chat_is_not_read_back_from_a_disk_that_has_less_of_it() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("An answer.");
    screen.end(Finish::Stop);
    screen.press("ctrl-s");
    screen.tell(Msg::Store(StoreEvent::Failed { why: "The disk is full.".to_owned() }));
    screen.reads = false;
    screen.press("enter");
    screen.expect("An answer.");
    screen.never("Saved chats");
    screen.press("ctrl-x 1");
    let is_read_again = |effect: &Effect| matches!(effect, Effect::LoadChat { .. });
    let reads = screen.effects.iter().filter(|effect| is_read_again(effect)).count();
    assert_eq!(reads, 1, "only for the preview");
}

#[test]
fn the_selected_chat_stays_selected_while_time_goes_on_in_a_filter() {
    let mut screen = history(80, 24);
    search(&mut screen, "since:900h");
    screen.press("tab j j");
    screen.expect("› rust tokio select");
    screen.press("t");
    screen.type_text("work");
    screen.press("enter");
    screen.expect("#work");
    screen.expect("› rust tokio select");
    screen.press("k");
    screen.press("tab ctrl-u");
    screen.expect("› Tents and sleeping");
}

#[test]
fn an_answer_that_another_instance_wrote_on_is_whole_here_too() {
    let mut screen = Screen::openai(80, 24);
    for record in begun_elsewhere() {
        screen.write(record);
    }
    screen.press("ctrl-s enter");
    screen.expect("The first half");
    screen.write(text_elsewhere(" and the second."));
    screen.ask("more");
    let EntryBody::Answer { message, .. } = &screen.model.chat.conversation.entries[1].body else { panic!() };
    assert_eq!(message.text, "The first half and the second.");
}

#[test]
fn a_chat_from_the_trash_that_is_asked_again_or_goes_on_is_no_longer_in_it() {
    for keys in ["tab r r", "tab enter"] {
        let mut screen = Screen::openai(80, 24);
        screen.save("old", "Winter tent for two", "A four-season tent has");
        let EntryBody::Answer { finish, .. } = &mut screen.saved[0].entries[1].body else { panic!() };
        *finish = Some(Finish::Length);
        screen.press("ctrl-s tab d tab");
        search(&mut screen, "in:trash");
        screen.press("enter");
        screen.press(keys);
        screen.text("More of it.");
        screen.end(Finish::Stop);
        assert_eq!(screen.read_history().count().unwrap(), 1, "{keys}");
    }
}

#[test]
fn a_preview_scrolled_to_its_end_turns_back_at_once() {
    let mut screen = Screen::openai(80, 24);
    let lines: Vec<String> = (0..60).map(|number| format!("line {number}")).collect();
    screen.save("long", "A long one", &lines.join("\n\n"));
    screen.press("ctrl-s");
    for (away, back) in [("pgdn", "pgup"), ("pgup", "pgdn")] {
        for _ in 0..20 {
            screen.press(away);
            screen.screen();
        }
        let end = screen.screen();
        screen.press(back);
        assert_ne!(screen.screen(), end);
    }
}

#[test]
fn a_chat_that_is_opened_meanwhile_is_not_replaced_by_the_one_that_was_to_go_on() {
    let mut screen = Screen::resuming("old");
    screen.save_days_ago("old", "Winter tent for two", "A four-season tent.", 20);
    screen.save_days_ago("new", "Camp kitchen", "A stove.", 1);
    let Some(Effect::LoadChat { load, id, at }) = screen.effects.first().cloned() else { panic!() };
    screen.ask("and for three?");
    screen.reads = true;
    screen.press("ctrl-s enter");
    screen.expect("A stove.");
    let found = screen.load(&id, at).map(Box::new);
    screen.tell(Msg::ChatLoaded { load, id, found: Ok(found) });
    screen.expect("A stove.");
    assert!(screen.request.is_none(), "it was not asked here");
    screen.press("up");
    screen.expect("› and for three?");
}

#[test]
fn the_hit_itself_is_on_the_screen_also_far_down_in_a_long_answer() {
    let mut screen = Screen::openai(80, 24);
    let mut answer = "A paragraph of it.\n\n".repeat(120);
    answer.push_str("The magic word is zugzwang.\n\nThat was all.");
    screen.save_days_ago("long", "Tell me everything", &answer, 3);
    screen.save_days_ago("other", "Something else", "No word of it.", 1);
    screen.press("ctrl-s");
    search(&mut screen, "zugz");
    screen.press("enter");
    screen.expect("The magic word is zugzwang.");
    assert!(screen.is_underlined("zugzwang"));
    screen.never("new lines");
}

#[test]
fn a_hit_in_what_is_folded_away_is_shown() {
    let mut made = Screen::demo(80, 24);
    made.ask("A light tent?");
    made.call(0, "search_products", r#"{"category": "tents"}"#);
    made.end(Finish::ToolCalls);
    made.tool_done("TrailBlazer 2P with a weight of zugzwang");
    made.text(&"A paragraph of it.\n\n".repeat(40));
    made.end(Finish::Stop);
    let folded = "A paragraph of it.\n\n<details><summary>more</summary>\n\nhere is gardez\n\n</details>";
    let mut screen = Screen::openai(80, 24);
    screen.saved.push(saved_of("tool", &made.model.chat.conversation, 3));
    screen.save_days_ago("fold", "Tell me everything", folded, 2);
    screen.save_days_ago("long", "Tell me all", &("word ".repeat(80_000) + "\n\nThe end is patzer."), 1);
    for word in ["zugzwang", "gardez", "patzer"] {
        screen.press("ctrl-s");
        search(&mut screen, word);
        screen.press("enter");
        for _ in 0..4 {
            screen.screen();
        }
        screen.expect(word);
        assert!(screen.is_underlined(word), "{}", screen.screen());
        screen.press("ctrl-n");
    }
}

#[test]
fn a_digit_opens_what_is_here_alone_as_it_is_here() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("Nobody saves all of me");
    screen.text("The first answer.");
    screen.end(Finish::Stop);
    screen.saved.push(saved_of("x", &screen.model.chat.conversation.clone(), 0));
    screen.commits = false;
    screen.tell(Msg::Store(StoreEvent::Failed { why: "the disk is full".to_owned() }));
    screen.ask("and more");
    screen.text("The second answer.");
    screen.end(Finish::Stop);
    screen.press("ctrl-n ctrl-x 1");
    screen.expect("The second answer.");
}

#[test]
fn a_renamed_chat_opens_under_its_new_title() {
    let mut screen = Screen::openai(80, 24);
    screen.save("old", "Winter tent for two", "A four-season tent.");
    screen.press("ctrl-s");
    screen.screen();
    screen.press("tab r ctrl-u");
    screen.type_text("Renamed");
    screen.press("enter");
    screen.press("enter");
    screen.expect("riffle   Renamed");
}

#[test]
fn opening_the_open_chat_again_leaves_an_edit_as_esc_does() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("A tent?");
    screen.text("This one.");
    screen.end(Finish::Stop);
    screen.saved.push(saved_of(screen.model.chat.conversation.id.as_str(), &screen.model.chat.conversation.clone(), 0));
    screen.type_text("my draft");
    screen.press("ctrl-x p");
    screen.type_text(" or two");
    screen.press("ctrl-s");
    screen.screen();
    screen.press("enter");
    screen.expect("› my draft");
    assert!(screen.model.replaced_question.is_none());
}

#[test]
fn chats_that_the_disk_does_not_take_stay_until_it_does() {
    let mut screen = Screen::openai(80, 24);
    screen.commits = false;
    screen.tell(Msg::Store(StoreEvent::Failed { why: "the disk is full".to_owned() }));
    screen.ask("Nobody saves me");
    screen.text("Here I am.");
    screen.end(Finish::Stop);
    screen.expect("not saved");
    screen.press("ctrl-n");
    screen.never("Here I am.");
    screen.press("ctrl-s");
    screen.expect("› Nobody saves me");
    screen.press("enter");
    screen.expect("Here I am.");
    screen.press("ctrl-n");
    screen.tell(Msg::Store(StoreEvent::Recovered));
    screen.press("ctrl-s enter");
    screen.expect("Here I am.");
}
