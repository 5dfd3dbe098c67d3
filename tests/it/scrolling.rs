//! Where a chat is read, and what the scroll bar says about it.

use riffle::app::Msg;
use riffle::chat::{Delta, Finish};

use crate::harness::Screen;

/// Words that say where they stand.
fn words(from: usize, to: usize) -> String {
    (from..to).map(|at| format!("w{at:04}")).collect::<Vec<_>>().join(" ")
}

/// A question and an answer that is much longer than the screen.
fn long_chat(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::openai(columns, rows);
    screen.ask("Tell me everything.");
    screen.delta(Delta::Reasoning(words(8000, 8200)));
    let list: Vec<String> = (0..40).map(|at| format!("- {}", words(2000 + at * 30, 2030 + at * 30))).collect();
    let code = format!("```\n{}\n```", (0..40).map(|at| format!("code{at:04}")).collect::<Vec<_>>().join("\n"));
    screen.text(&format!("{}\n\n{}\n\n{code}\n\n{}", words(0, 900), list.join("\n"), words(5000, 5900)));
    screen.end(Finish::Stop);
    screen.screen();
    screen
}

/// The first word in the first row of the conversation.
fn first_word(screen: &mut Screen) -> String {
    let row = screen.screen().lines().nth(2).unwrap().to_owned();
    let word = row.split([' ', '│']).find(|word| word.starts_with('w') || word.starts_with("code"));
    word.unwrap_or_else(|| panic!("no word in {row:?}")).to_owned()
}

fn first_row(screen: &mut Screen) -> String {
    screen.screen().lines().nth(2).unwrap().to_owned()
}

#[test]
fn the_line_that_is_read_stays_whatever_the_width() {
    for up in [2, 5, 9, 13, 17, 19] {
        let mut screen = long_chat(100, 24);
        for _ in 0..up {
            screen.press("pgup");
            screen.screen();
        }
        let word = first_word(&mut screen);
        for columns in [60, 132, 45, 80, 41, 100] {
            screen.tell(Msg::Resized(columns, 24));
            let row = first_row(&mut screen);
            assert!(row.contains(&word), "{word} at {columns}: {row}\n{}", screen.screen());
        }
        assert_eq!(first_word(&mut screen), word, "back at the first width");
    }
}

#[test]
fn the_line_that_is_read_stays_when_reasoning_is_shown_above_it() {
    let mut screen = long_chat(80, 24);
    screen.press("pgup pgup pgup");
    let row = first_row(&mut screen);
    screen.press("ctrl-o");
    assert_eq!(first_row(&mut screen), row);
    screen.press("ctrl-o");
    assert_eq!(first_row(&mut screen), row);
}

#[test]
fn from_the_prompt_one_scrolls_by_message_and_to_the_ends() {
    let mut screen = Screen::openai(80, 24);
    for at in 0..6 {
        screen.ask(&format!("question {at}"));
        screen.text(&"line\n\n".repeat(12));
        screen.end(Finish::Stop);
    }
    screen.type_text("a draft");
    screen.press("ctrl-home");
    assert!(first_row(&mut screen).starts_with(" › question 0"));
    screen.press("alt-down");
    assert!(first_row(&mut screen).starts_with("   line"));
    screen.press("alt-down");
    assert!(first_row(&mut screen).starts_with(" › question 1"));
    screen.press("alt-up alt-up");
    assert!(first_row(&mut screen).starts_with(" › question 0"));
    screen.press("ctrl-end");
    screen.expect("› a draft");
    assert!(screen.model.scroll.is_following());
}

#[test]
fn the_scroll_bar_shows_where_one_is_with_own_questions_and_hits() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut screen = Screen::openai(columns, rows);
        for at in 0..5 {
            screen.ask(&format!("question {at}"));
            screen.text(&format!("{}{}", "line\n\n".repeat(20), if at % 2 == 0 { "a tent" } else { "no hit" }));
            screen.end(Finish::Stop);
        }
        screen.press("ctrl-home");
        insta::assert_snapshot!(format!("bar_{columns}x{rows}"), screen.screen());
        screen.press("ctrl-f");
        screen.type_text("tent");
        insta::assert_snapshot!(format!("bar_with_hits_{columns}x{rows}"), screen.screen());
        screen.press("esc");
        screen.model.look.is_ascii = true;
        screen.expect("#");
        screen.never("⢸");
    }
}

#[test]
fn there_is_no_scroll_bar_where_everything_is_seen_nor_while_the_view_follows_an_answer() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("one");
    screen.text("short");
    screen.never("⢸");
    screen.text(&"\n\nline".repeat(40));
    screen.never("⢸");
    screen.press("pgup");
    screen.expect("⢸");
    screen.press("ctrl-end");
    screen.never("⢸");
    screen.end(Finish::Stop);
    screen.expect("⢸");
}

#[test]
fn the_scroll_bar_stays_beside_a_row_that_grows() {
    let mut screen = Screen::openai(100, 30);
    screen.ask("one");
    screen.text(&format!("{}last", "line\n\n".repeat(200)));
    screen.screen();
    screen.tell(Msg::Wheeled(-1));
    for word in [" and", " more", " of", " them"] {
        screen.text(word);
        let grown = screen.screen();
        assert_eq!(grown, screen.fresh_screen());
    }
    screen.expect("last and more of them");
    screen.expect("⢸");
}
