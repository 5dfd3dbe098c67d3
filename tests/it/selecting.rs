//! Selecting text with keys and with the mouse, and what else the mouse does. What is copied is what was said: without
//! wraps, indents and borders, code byte for byte.

use riffle::app::{Effect, Focus, MouseDeed, MouseMsg, Msg, Spot};
use riffle::chat::Finish;

use crate::harness::Screen;

const LONG: &str =
    "This is a paragraph that is so long that it has to be wrapped in a window of that width, twice even.";

fn answered() -> Screen {
    let mut screen = Screen::openai(80, 30);
    screen.ask("How is it built?");
    let code = "> - Then in the shell:\n>\n>   ```sh\n>   if true; then\n>   \tmake \"a b\"\n>   fi\n>   ```\n";
    let table = "| tent | price |\n|---|---:|\n| TrailBlazer 2P | 189.99 |\n| Ridgeline 1P | 229.00 |\n";
    screen.text(&format!("{LONG}\n\n{code}\n{table}\nThe end."));
    screen.end(Finish::Stop);
    screen.screen();
    screen
}

fn drag(screen: &mut Screen, from: &str, to: &str) {
    let (x, y) = screen.find_words(from);
    screen.mouse(MouseDeed::Pressed, x, y);
    let (x, y) = screen.find_words(to);
    screen.mouse(MouseDeed::Dragged, x + to.len() as u16 - 1, y);
    screen.mouse(MouseDeed::Released, x, y);
}

fn paragraphs() -> String {
    (0..60).map(|number| format!("Paragraph {number}.")).collect::<Vec<_>>().join("\n\n")
}

fn last(screen: &Screen) -> &str {
    screen.selected.last().unwrap()
}

#[test]
fn lines_are_selected_by_keys_and_copied_without_wraps() {
    let mut screen = answered();
    screen.press("tab V");
    insta::assert_snapshot!("selecting_80x30", screen.screen());
    assert_eq!(screen.reversed().join(" "), LONG);
    screen.press("j j");
    screen.screen();
    assert_eq!(screen.reversed()[2..], ["-  Then in the shell:", "if true; then"]);
    screen.press("k space k y");
    assert_eq!(last(&screen), format!("{LONG}\n\n-  Then in the shell:"));
    screen.screen();
    assert!(screen.reversed().is_empty());
    assert_eq!(screen.model.focus, Focus::Messages);
}

#[test]
fn everything_is_copied_as_it_was_said() {
    let mut screen = answered();
    screen.press("tab V");
    screen.screen();
    screen.press("g");
    screen.screen();
    screen.press("space G y");
    let all = format!(
        "How is it built?\n\n{LONG}\n\n-  Then in the shell:\n\nif true; then\n\tmake \"a b\"\nfi\n\n\
         tent\tprice\nTrailBlazer 2P\t189.99\nRidgeline 1P\t229.00\n\nThe end."
    );
    assert_eq!(last(&screen), all);
}

#[test]
fn characters_and_words_are_selected_after_v() {
    let mut screen = answered();
    screen.press("tab V");
    screen.screen();
    screen.press("w w");
    screen.screen();
    assert_eq!(screen.reversed(), ["This is"]);
    screen.press("l l 0 l ctrl-c");
    assert_eq!(last(&screen), "Th");
    screen.press("V");
    screen.screen();
    screen.press("esc");
    screen.screen();
    assert!(screen.reversed().is_empty() && screen.selected.len() == 1);
}

#[test]
fn dragging_selects_and_copies_and_the_words_stay_marked() {
    let mut screen = answered();
    drag(&mut screen, "paragraph", "that it");
    assert_eq!(last(&screen), "paragraph that is so long that it");
    screen.screen();
    assert_eq!(screen.reversed(), ["paragraph that is so long that it"]);
    drag(&mut screen, "make", "fi");
    assert_eq!(last(&screen), "make \"a b\"\nfi");
    drag(&mut screen, "true", "make");
    assert_eq!(last(&screen), "true; then\n\tmake");
    screen.press("ctrl-c");
    assert_eq!(last(&screen), "true; then\n\tmake");
    screen.screen();
    assert!(screen.reversed().is_empty());
}

#[test]
fn a_second_click_takes_the_word_and_a_third_the_line() {
    let mut screen = answered();
    let (x, y) = screen.find_words("TrailBlazer");
    for _ in 0..2 {
        screen.mouse(MouseDeed::Pressed, x + 2, y);
        screen.mouse(MouseDeed::Released, x + 2, y);
    }
    assert_eq!(last(&screen), "TrailBlazer");
    let (x, y) = screen.find_words("wrapped");
    for _ in 0..3 {
        screen.mouse(MouseDeed::Pressed, x, y);
        screen.mouse(MouseDeed::Released, x, y);
    }
    assert_eq!(last(&screen), LONG);
}

#[test]
fn who_selects_while_writing_goes_on_writing() {
    let mut screen = answered();
    screen.type_text("and ");
    drag(&mut screen, "paragraph", "that it");
    screen.type_text("then");
    let (x, y) = screen.find_words("wrapped");
    for _ in 0..2 {
        screen.mouse(MouseDeed::Pressed, x, y);
        screen.mouse(MouseDeed::Released, x, y);
    }
    assert_eq!(last(&screen), "wrapped");
    screen.type_text(" what?");
    screen.expect("› and then what?");
}

#[test]
fn a_selection_stays_with_its_words() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text("One two three four.\n\n");
    drag(&mut screen, "two", "three");
    for number in 0..40 {
        screen.text(&format!("Paragraph {number}.\n\n"));
        screen.screen();
    }
    screen.press("ctrl-home");
    screen.screen();
    assert_eq!(screen.reversed(), ["two three"]);
    screen.tell(Msg::Resized(44, 24));
    screen.screen();
    assert_eq!(screen.reversed(), ["two three"]);
    screen.press("ctrl-x y");
    assert_eq!(last(&screen), "two three");
}

#[test]
fn holding_the_mouse_beyond_an_edge_scrolls_on() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text(&paragraphs());
    screen.end(Finish::Stop);
    let (x, y) = screen.find_words("Paragraph 59");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.mouse(MouseDeed::Dragged, x, 0);
    for _ in 0..10 {
        screen.wait(50);
        screen.screen();
    }
    screen.mouse(MouseDeed::Released, x, 0);
    let lines: Vec<&str> = last(&screen).lines().collect();
    assert!(lines.len() > 20 && lines.last() == Some(&"P"), "{lines:?}");
    let seen = screen.model.scroll.settled.top;
    screen.wait(500);
    screen.screen();
    assert_eq!(screen.model.scroll.settled.top, seen);
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut screen = Screen::demo(120, 30);
    screen.ask("go");
    screen.text(&paragraphs());
    for index in 0..12 {
        screen.call(index, "search_products", &format!(r#"{{"category": "tent {index}"}}"#));
    }
    screen.end(Finish::ToolCalls);
    screen.never("category  tent 0");
    let top = screen.model.scroll.settled.top;
    screen.mouse(MouseDeed::Wheeled(-1), 100, 10);
    assert_eq!(screen.model.scroll.settled.top, top);
    for _ in 0..60 {
        screen.mouse(MouseDeed::Wheeled(-1), 100, 10);
    }
    screen.expect("category  tent 0");
    screen.mouse(MouseDeed::Wheeled(1), 100, 10);
    screen.never("category  tent 0");
    screen.mouse(MouseDeed::Wheeled(-1), 10, 10);
    screen.screen();
    assert_eq!(screen.model.scroll.settled.top, top - 3);
}

#[test]
fn clicks_go_where_they_point() {
    let mut screen = Screen::demo(120, 30);
    screen.ask("tents?");
    screen.text("Let me look.");
    screen.call(0, "search_products", r#"{"category": "tent"}"#);
    screen.call(1, "search_products", r#"{"category": "stove"}"#);
    screen.end(Finish::ToolCalls);
    let (x, y) = screen.find_words("category  stove");
    screen.mouse(MouseDeed::Pressed, x, y);
    assert_eq!((screen.model.focus, screen.model.panel.selected), (Focus::Panel, Some(1)));
    let (x, y) = screen.find_words("› tents?");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.mouse(MouseDeed::Released, x, y);
    assert_eq!((screen.model.focus, screen.model.selected_place()), (Focus::Messages, Some(0)));
    assert!(screen.selected.is_empty());
    screen.press("esc esc");
    screen.type_text("one two");
    let (x, y) = screen.find_words("two");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.type_text("and ");
    screen.expect("› one and two");
}

#[test]
fn the_mouse_is_taken_and_given_back_with_a_command() {
    let mut screen = Screen::openai(100, 24);
    screen.type_text("/mouse");
    screen.press("enter");
    assert_eq!(screen.effects.last(), Some(&Effect::SetMouse(false)));
    screen.press("ctrl-x M");
    assert_eq!(screen.effects.last(), Some(&Effect::SetMouse(true)));
    screen.expect("With Shift it is the terminal's.");
}

#[test]
fn a_click_selects_in_lists_and_a_second_one_takes() {
    let mut screen = Screen::openai(100, 30);
    screen.press("ctrl-p");
    let (x, y) = screen.find_words("Theme, tried");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.expect("› Theme, tried");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.expect("high-contrast");
    let (x, y) = screen.find_words("high-contrast");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.expect("› high-contrast");
    screen.press("esc");
    screen.save("a", "Winter tents", "Four seasons.");
    screen.save_days_ago("b", "Summer tents", "Light ones.", 3);
    screen.press("ctrl-s");
    let (x, y) = screen.find_words("Winter tents");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.expect("Four seasons.");
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.expect("› Winter tents");
    screen.never("Summer tents");
}

#[test]
fn the_scroll_bar_is_pointed_at_and_dragged() {
    let mut screen = Screen::openai(100, 30);
    screen.ask("go");
    screen.text(&paragraphs());
    screen.end(Finish::Stop);
    let edge = screen.find_words("│").0;
    screen.mouse(MouseDeed::Pressed, edge - 1, 2);
    screen.screen();
    assert_eq!(screen.model.scroll.settled.top, 0);
    screen.mouse(MouseDeed::Dragged, edge - 1, 14);
    screen.screen();
    let middle = screen.model.scroll.settled.top;
    assert!((40..60).contains(&middle), "{middle}");
    screen.mouse(MouseDeed::Dragged, edge - 1, 24);
    screen.mouse(MouseDeed::Released, edge - 1, 24);
    screen.expect("Paragraph 59.");
    assert!(screen.selected.is_empty());
}

#[test]
fn the_scroll_bar_goes_where_it_is_dragged_however_many_drags_come_at_once() {
    let mut screen = Screen::openai(100, 30);
    screen.ask("go");
    screen.text(&paragraphs());
    screen.end(Finish::Stop);
    let edge = screen.find_words("│").0;
    screen.mouse(MouseDeed::Pressed, edge - 1, 20);
    screen.screen();
    for top in [60, 50, 40, 30] {
        let msg = MouseMsg { deed: MouseDeed::Dragged, at: (edge - 1, 10), spot: Spot::ScrollBar { top }, beyond: 0 };
        screen.tell(Msg::Mouse(msg));
    }
    screen.screen();
    assert_eq!(screen.model.scroll.settled.top, 30);
}

#[test]
fn dragging_beside_a_row_takes_what_stands_in_it() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("go");
    screen.text(&"山道はどこまでも続く".repeat(10));
    screen.end(Finish::Stop);
    let (x, y) = screen.find_words("山道は");
    let row = screen.screen().lines().nth(usize::from(y)).unwrap().trim_matches([' ', '│', '█']).to_owned();
    screen.mouse(MouseDeed::Pressed, x, y);
    screen.mouse(MouseDeed::Dragged, 78, y);
    screen.screen();
    screen.mouse(MouseDeed::Released, 78, y);
    assert_eq!(last(&screen), row);
}
