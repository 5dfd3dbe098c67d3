//! Finding in the open chat.

use riffle::app::{Effect, Msg};
use riffle::chat::{Delta, Finish};

use crate::harness::Screen;

/// A chat of so many answers.
fn chat(columns: u16, rows: u16, answers: &[&str]) -> Screen {
    let mut screen = Screen::openai(columns, rows);
    for (at, answer) in answers.iter().enumerate() {
        screen.ask(&format!("question {at}"));
        screen.text(answer);
        screen.end(Finish::Stop);
    }
    screen
}

/// What of the line of what is looked for stands on the screen.
fn line_of(screen: &mut Screen) -> String {
    let rows: Vec<String> = screen.screen().lines().map(str::to_owned).collect();
    let rule = rows.iter().rposition(|row| row.starts_with('─')).unwrap();
    rows[rule + 1].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn hits_are_marked_and_counted_while_they_are_typed() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut screen = chat(columns, rows, &["A **tent** for two.", "The Tent, and `tents` for the yard."]);
        screen.type_text("a draft");
        screen.press("ctrl-f");
        screen.type_text("tent");
        // The last question stands at the top: the hit nearest to it is the second one.
        assert_eq!(line_of(&mut screen), "/ tent 2 of 3");
        assert!(screen.is_underlined("Tenttent"), "{}", screen.screen());
        insta::assert_snapshot!(format!("typing_{columns}x{rows}"), screen.screen());
        screen.press("enter");
        assert_eq!(line_of(&mut screen), "/ tent 3 of 3");
        screen.press("n");
        assert_eq!(line_of(&mut screen), "/ tent 1 of 3");
        screen.expect("A tent for two.");
        insta::assert_snapshot!(format!("found_{columns}x{rows}"), screen.screen());
        screen.press("N N");
        assert_eq!(line_of(&mut screen), "/ tent 2 of 3");
        screen.press("/");
        screen.type_text("s");
        assert_eq!(line_of(&mut screen), "/ tents 1 of 1");
        screen.press("esc");
        screen.expect("› a draft");
        assert!(!screen.is_underlined("t"));
    }
}

#[test]
fn a_capital_makes_case_count() {
    let mut screen = chat(80, 24, &["Tent tent TENT"]);
    screen.press("ctrl-f");
    screen.type_text("tent");
    screen.expect("1 of 3");
    screen.press("ctrl-u");
    screen.type_text("Tent");
    screen.expect("1 of 1");
}

#[test]
fn esc_while_typing_goes_back_and_after_enter_stays() {
    let long = "line\n\n".repeat(60);
    let mut screen = chat(80, 24, &["the needle", &long, "the end"]);
    let before = screen.screen();
    screen.press("ctrl-f");
    screen.type_text("needle");
    screen.expect("the needle");
    screen.press("esc");
    assert_eq!(screen.screen(), before);
    screen.press("ctrl-f");
    screen.type_text("needle");
    screen.press("enter esc");
    screen.expect("the needle");
    screen.expect(" ›\n");
    assert!(screen.model.find.is_none());
}

#[test]
fn enter_in_the_empty_line_looks_for_the_same_again() {
    let mut screen = chat(80, 24, &["tent tent"]);
    screen.press("ctrl-f");
    screen.type_text("tent");
    screen.press("enter esc ctrl-f enter");
    screen.expect("1 of 2");
    screen.press("enter");
    screen.expect("2 of 2");
}

#[test]
fn what_goes_on_in_the_next_row_is_marked_in_both() {
    let prose = format!("{} a sleeping bag for the winter and more words", "word ".repeat(12));
    let code = format!("```\n{}needle_in_code\n```", "x".repeat(60));
    let quote = format!("> {} a sleeping bag for the winter and more words", "word ".repeat(12));
    let mut screen = chat(80, 24, &[&prose, &code, &quote]);
    screen.press("ctrl-f");
    screen.type_text("sleeping bag for the winter");
    screen.expect("2 of 2");
    assert!(screen.is_underlined("sleepingbag for the winter"), "{}", screen.screen());
    screen.press("enter");
    screen.expect("1 of 2");
    assert!(screen.is_underlined("sleepingbag for the winter"), "{}", screen.screen());
    screen.press("/ ctrl-u");
    screen.type_text("needle_in_code");
    screen.expect("1 of 1");
    assert!(screen.is_underlined("needle_in_code"), "{}", screen.screen());
    let mut screen = Screen::openai(80, 24);
    screen.ask(&format!("{} where is the sleeping bag for the winter", "word ".repeat(8)));
    screen.text("Here.");
    screen.end(Finish::Stop);
    screen.press("ctrl-f");
    screen.type_text("bag for the winter");
    screen.expect("1 of 1");
    assert!(screen.is_underlined("bag for thewinter"), "{}", screen.screen());
}

#[test]
fn hits_are_marked_in_an_answer_that_comes_in() {
    let mut screen = chat(80, 24, &["one tent"]);
    screen.ask("and now?");
    screen.text("A te");
    screen.press("ctrl-f");
    screen.type_text("tent");
    screen.expect("1 of 1");
    screen.text("nt, then\n\n- a ten");
    screen.expect("1 of 2");
    screen.text("t\n\nand more.");
    screen.expect("1 of 3");
    screen.press("enter enter");
    screen.expect("3 of 3");
    assert!(screen.is_underlined("tenttent"), "{}", screen.screen());
    // Esc closes the line, and only the next one stops the answer.
    screen.press("esc");
    assert!(screen.model.running_turn().is_some());
    screen.press("esc");
    assert!(screen.model.running_turn().is_none());
}

#[test]
fn a_hit_stays_where_it_is_while_an_answer_comes_in_and_esc_follows_again() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("which tent?");
    screen.text("This one.");
    screen.press("ctrl-f");
    screen.type_text("tent");
    screen.expect("1 of 1");
    screen.text(&"\n\nline".repeat(40));
    screen.expect("› which tent?");
    screen.press("esc");
    screen.never("› which tent?");
    assert!(screen.model.scroll.is_following());
}

#[test]
fn reasoning_and_tool_output_are_found_once_they_are_shown() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("which tents?");
    screen.delta(Delta::Reasoning("They want something waterproof.".to_owned()));
    screen.call(0, "search_products", "{\"category\":\"tent\"}");
    screen.end(Finish::ToolCalls);
    screen.tool_done("Ridgeline, waterproof");
    screen.text("The Ridgeline.");
    screen.end(Finish::Stop);
    screen.press("ctrl-f");
    screen.type_text("waterproof");
    screen.expect("not in this chat");
    screen.press("ctrl-o");
    assert_eq!(line_of(&mut screen), "/ waterproof 2");
    screen.press("enter");
    screen.expect("1 of 2");
    screen.press("n");
    screen.expect("2 of 2");
    screen.press("ctrl-o");
    screen.expect("not in this chat");
}

#[test]
fn labels_and_times_are_not_what_was_said() {
    let mut screen = chat(80, 24, &["It is."]);
    screen.press("ctrl-f");
    screen.type_text("tokens");
    screen.expect("not in this chat");
}

#[test]
fn what_is_not_here_is_looked_for_in_all_chats() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut screen = chat(columns, rows, &["It is."]);
        screen.save("a", "Camping", "a hammock");
        screen.press("ctrl-f");
        screen.type_text("hammock");
        screen.expect("/ hammock   not in this chat   Enter searches all chats");
        insta::assert_snapshot!(format!("nowhere_{columns}x{rows}"), screen.screen());
        screen.press("enter");
        screen.expect("/ hammock");
        screen.expect("Camping");
        let asked = screen.effects.iter().rev().find_map(|effect| match effect {
            Effect::ListChats { query, .. } => Some(query.clone()),
            _ => None,
        });
        assert_eq!(asked.as_deref(), Some("hammock"));
        screen.press("esc");
        assert!(screen.model.find.is_none());
    }
}

#[test]
fn keys_that_scroll_work_and_letters_are_typed_whatever_asks() {
    let mut screen = chat(80, 24, &[&"line\n\n".repeat(60)]);
    screen.press("ctrl-f");
    screen.type_text("/n?y");
    assert_eq!(line_of(&mut screen), "/ /n?y not in this chat Enter searches all chats");
    screen.press("ctrl-w");
    screen.expect("find in this chat");
    let before = screen.model.scroll.settled.top;
    screen.press("pgup");
    screen.screen();
    assert!(screen.model.scroll.settled.top < before);
    screen.tell(Msg::Pasted("line\nmore".to_owned()));
    assert!(line_of(&mut screen).starts_with("/ line "));
    screen.press("ctrl-c");
    assert!(screen.model.find.is_none());
}

#[test]
fn it_is_reached_from_the_messages_by_slash_and_letters_there_mean_the_message_of_the_hit() {
    let mut screen = chat(80, 24, &["one", "two", "three"]);
    screen.press("tab /");
    screen.type_text("question 1");
    screen.press("enter");
    screen.expect("1 of 1");
    screen.press("e");
    screen.expect("› question 1\n\n");
    assert!(screen.model.find.is_none());
    screen.press("esc");
    screen.type_text("/find");
    screen.press("enter");
    screen.expect("find in this chat");
    screen.press("esc ctrl-x f");
    screen.expect("find in this chat");
}

#[test]
fn a_long_chat_is_looked_through_piece_by_piece() {
    let mut screen = Screen::openai(80, 24);
    for at in 0..40 {
        screen.ask(&format!("question {at}"));
        screen.text(&format!("{}\n\na tent in answer {at}", "some words and more of them\n\n".repeat(500)));
        screen.end(Finish::Stop);
    }
    screen.press("ctrl-f");
    screen.type_text("tent");
    screen.expect("a tent in answer 39");
    screen.expect("so far");
    let mut frames = 0;
    while screen.screen().contains("so far") {
        assert!(screen.model.next_wake().is_some());
        screen.wait(10);
        frames += 1;
        assert!(frames < 100);
    }
    screen.expect("40 of 40");
    screen.press("enter");
    screen.expect("1 of 40");
    screen.expect("a tent in answer 0");
    // What holds no tent cannot hold more.
    screen.press("/");
    screen.type_text(" in answer 17");
    screen.expect("1 of 1");
    screen.expect("a tent in answer 17");
}

#[test]
fn what_is_found_outlives_the_messages_that_are_taken_back() {
    let long = "a needle\n\n".repeat(60);
    for keys in ["u / x", "u ctrl-o", "u / backspace", "u n N", "u u / x"] {
        let mut screen = chat(80, 24, &["the needle", &long]);
        screen.press("ctrl-f");
        screen.type_text("needle");
        screen.press("enter");
        screen.screen();
        for key in keys.split(' ') {
            screen.press(key);
            screen.screen();
        }
        screen.never("a needle");
    }
}

#[test]
fn what_is_drawn_otherwise_than_it_was_written_is_found() {
    let answer = "So $\\alpha$ and $E = mc^2$, <b>un</b>believable, caf&eacute;, a note[^1].\n\n[^1]: It.";
    let mut screen = chat(80, 24, &[answer, "nothing here"]);
    for wanted in ["α", "mc²", "unbelievable", "café", "note[1]"] {
        screen.press("ctrl-f ctrl-u");
        screen.type_text(wanted);
        assert_eq!(line_of(&mut screen), format!("/ {wanted} 1 of 1"));
    }
}

#[test]
fn what_a_call_was_given_is_found_where_it_is_shown() {
    let mut screen = Screen::demo(80, 40);
    screen.ask("Tents?");
    screen.call(0, "search_products", r#"{"category": "tents", "max_price": 300}"#);
    screen.end(Finish::ToolCalls);
    screen.tool_done("two tents");
    screen.text("Two.");
    screen.end(Finish::Stop);
    screen.press("ctrl-o ctrl-f");
    screen.type_text("max_price");
    assert_eq!(line_of(&mut screen), "/ max_price 1 of 1");
}

#[test]
fn esc_leads_back_to_the_same_line_also_where_folds_were_opened() {
    let fold = "Fold line.\n\n".repeat(12);
    let lines: Vec<String> = (0..60).map(|at| format!("line number {at}")).collect();
    let lines = lines.join("\n\n");
    let answer = format!("Before.\n\n<details><summary>More</summary>\n\n{fold}</details>\n\n{lines}");
    let mut screen = chat(80, 24, &[&answer]);
    screen.screen();
    screen.press("ctrl-home pgdn");
    let before = screen.screen();
    for typed in ["", "z", "number"] {
        screen.press("ctrl-f");
        screen.screen();
        screen.type_text(typed);
        screen.screen();
        screen.press("esc");
        assert_eq!(screen.screen(), before, "{typed}");
    }
}
