//! Titles that a model gives: only where that was asked for, once, and never over a person's own.

use riffle::app::{Effect, Msg};
use riffle::chat::{Finish, Record};

use crate::harness::Screen;

fn asked(screen: &Screen) -> usize {
    screen.effects.iter().filter(|effect| matches!(effect, Effect::MakeTitle { .. })).count()
}

fn answered(is_wanted: bool) -> Screen {
    let mut screen = Screen::openai(80, 24);
    screen.ask_for_titles(is_wanted);
    screen.ask("Which tent is the lightest one that stands up to snow?");
    screen.text("The Ridgeline.");
    screen.end(Finish::Stop);
    screen
}

fn title_made(screen: &mut Screen, title: &str) {
    let id = screen.model.chat.conversation.id.clone();
    let replaces = "Which tent is the lightest one that stands up to snow?".to_owned();
    screen.tell(Msg::TitleMade { id, replaces, title: title.to_owned() });
}

#[test]
fn a_model_is_asked_once_after_the_first_answer_where_it_is_wanted() {
    assert_eq!(asked(&answered(false)), 0);
    let mut screen = answered(true);
    assert_eq!(asked(&screen), 1);
    screen.ask("and for two?");
    screen.text("The Basecamp.");
    screen.end(Finish::Stop);
    assert_eq!(asked(&screen), 1);
    title_made(&mut screen, "\"Light snow tents.\"\n\nI hope this helps");
    assert_eq!(screen.model.chat.conversation.title, "Light snow tents");
}

#[test]
fn the_first_line_stays_where_the_model_gives_none() {
    let mut screen = answered(true);
    title_made(&mut screen, "  \n ");
    screen.expect("Which tent is the lightest one");
    assert!(!screen.records().iter().any(|record| matches!(record, Record::Titled { .. })));
}

#[test]
fn a_title_that_a_person_gave_meanwhile_stays() {
    let mut screen = answered(true);
    screen.press("ctrl-s tab r ctrl-u");
    screen.type_text("My own words");
    screen.press("enter esc");
    title_made(&mut screen, "Light snow tents");
    screen.expect("My own words");
    let id = screen.model.chat.conversation.id.clone();
    assert_eq!(screen.read_history().load(&id).unwrap().unwrap().title, "My own words");
}

#[test]
fn of_a_private_chat_no_title_is_asked() {
    let mut screen = Screen::openai(80, 24);
    screen.ask_for_titles(true);
    screen.press("ctrl-x P");
    screen.ask("a secret");
    screen.text("kept");
    screen.end(Finish::Stop);
    assert_eq!(asked(&screen), 0);
}
