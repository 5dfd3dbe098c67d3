//! Copies: the stored text and nothing else, by key, by command and in the tool panel; and what is said about them.

use riffle::app::{CopySize, CopyWay, CopyWish, Effect, Msg};
use riffle::chat::Finish;

use crate::harness::Screen;

const ANSWER: &str = "**Three** layers:\n\n```sh\n\tmake\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

fn answered() -> Screen {
    let mut screen = Screen::openai(100, 30);
    screen.ask("what to wear?");
    screen.text("An earlier answer.");
    screen.end(Finish::Stop);
    screen.ask("and more?");
    screen.text(ANSWER);
    screen.end(Finish::Stop);
    screen
}

/// What was asked to be copied last.
fn copied(screen: &Screen) -> &CopyWish {
    let wishes = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(wish) => Some(wish),
        _ => None,
    });
    wishes.unwrap()
}

fn copies(screen: &Screen) -> usize {
    screen.effects.iter().filter(|effect| matches!(effect, Effect::Copy(_))).count()
}

#[test]
fn the_last_answer_is_copied_as_it_is_stored() {
    let mut screen = answered();
    screen.press("ctrl-x y");
    assert_eq!(copied(&screen).text, ANSWER);
    assert_eq!(copied(&screen).what, "the last answer");
    let size = CopySize::of(ANSWER);
    screen.tell(Msg::Copied { what: "the last answer".to_owned(), size, because: None, way: Ok(CopyWay::Clipboard) });
    screen.expect("Copied the last answer, 9 lines.");
    screen.press("/ c o p y enter");
    assert_eq!((copied(&screen).text.as_str(), copies(&screen)), (ANSWER, 2));
}

#[test]
fn a_number_behind_the_command_counts_answers_from_the_end() {
    let mut screen = answered();
    screen.type_text("/copy 2");
    screen.press("enter");
    assert_eq!(copied(&screen).text, "An earlier answer.");
    screen.type_text("/copy 3");
    screen.press("enter");
    screen.expect("There are 2 answers so far.");
    screen.type_text("/copy that");
    screen.expect("› /copy that");
    assert_eq!(copies(&screen), 1);
}

#[test]
fn y_among_the_messages_copies_the_selected_one_and_typed_words_copy_nothing() {
    let mut screen = answered();
    screen.screen();
    screen.press("tab y");
    assert_eq!((copied(&screen).text.as_str(), copied(&screen).what.as_str()), (ANSWER, "the answer"));
    screen.press("alt-up y");
    assert_eq!((copied(&screen).text.as_str(), copied(&screen).what.as_str()), ("and more?", "the question"));
    screen.type_text("yes");
    assert_eq!(copies(&screen), 2);
    screen.expect("› yes");
}

#[test]
fn what_is_still_being_written_is_copied_so_far() {
    let mut screen = answered();
    screen.ask("go on?");
    screen.press("ctrl-x y");
    assert_eq!(copied(&screen).text, ANSWER);
    screen.text("Half a sen");
    screen.press("ctrl-x y");
    assert_eq!(copied(&screen).text, "Half a sen");
}

fn told(screen: &mut Screen, way: Result<CopyWay, String>, words: &str) {
    let size = CopySize { lines: 1, characters: 12 };
    screen.tell(Msg::Copied { what: "the code".to_owned(), because: None, size, way });
    screen.expect(words);
}

#[test]
fn where_it_went_and_how_much_it_was_is_said() {
    let mut screen = Screen::openai(100, 30);
    screen.press("ctrl-x y");
    screen.expect("No answer to copy yet.");
    told(&mut screen, Ok(CopyWay::Clipboard), "Copied the code, 12 characters.");
    told(&mut screen, Ok(CopyWay::Tmux), "Copied the code, 12 characters, through tmux.");
    told(&mut screen, Ok(CopyWay::Terminal), "Copied the code, 12 characters, through the terminal.");
    let file = |is_too_long| Ok(CopyWay::File { path: "/run/user/1000/riffle/copied.txt".to_owned(), is_too_long });
    let words = "Copied to a file, this terminal has no clipboard: /run/user/1000/riffle/copied.txt";
    told(&mut screen, file(false), words);
    told(&mut screen, file(true), "Copied to a file, too long for this terminal's clipboard: /run/user");
    screen.tell(Msg::Resized(80, 24));
    told(&mut screen, file(false), " Copied to a file: /run/user/1000/riffle/copied.txt");
    told(&mut screen, Err("the disk is full".to_owned()), "Not copied: the disk is full.");
}

#[test]
fn a_call_is_copied_from_the_panel_and_from_its_page() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("tents?");
    screen.call(0, "search_products", r#"{"category": "tent"}"#);
    screen.end(Finish::ToolCalls);
    screen.tool_done("{\"products\":[]}");
    screen.press("ctrl-t");
    screen.expect("y copy");
    screen.press("y");
    let whole = "search_products\n{\"category\":\"tent\"}\n{\"products\":[]}";
    assert_eq!((copied(&screen).text.as_str(), copied(&screen).what.as_str()), (whole, "the call"));
    screen.press("enter y");
    assert_eq!((copied(&screen).text.as_str(), copies(&screen)), (whole, 2));
}

#[test]
fn a_private_chat_is_not_to_be_written_to_a_file() {
    let mut screen = Screen::openai(100, 30);
    screen.press("ctrl-x P");
    screen.ask("secret?");
    screen.text("yes");
    screen.end(Finish::Stop);
    screen.press("ctrl-x y");
    assert!(copied(&screen).is_private);
}
