//! An answer with every element and one with many scripts, at three widths, closed and opened, and while they stream in.

use riffle::chat::Finish;

use crate::harness::Screen;

const ELEMENTS: &str = include_str!("../fixtures/answers/elements.md");
const SCRIPTS: &str = include_str!("../fixtures/answers/scripts.md");

fn answered(answer: &str, columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::openai(columns, rows);
    screen.ask("Show me all of it");
    screen.text(answer);
    screen.end(Finish::Stop);
    screen
}

#[test]
fn every_element_at_three_widths() {
    for (columns, rows) in [(120, 100), (80, 105), (40, 150)] {
        let mut screen = answered(ELEMENTS, columns, rows);
        insta::assert_snapshot!(format!("elements_{columns}"), screen.screen());
    }
}

#[test]
fn many_scripts_at_three_widths() {
    for (columns, rows) in [(120, 34), (80, 38), (40, 60)] {
        let mut screen = answered(SCRIPTS, columns, rows);
        insta::assert_snapshot!(format!("scripts_{columns}"), screen.screen());
    }
}

#[test]
fn a_fold_opens_by_its_key_and_for_what_is_looked_for() {
    let mut screen = answered(ELEMENTS, 80, 105);
    screen.expect("> Why three layers   Ctrl+O shows it");
    screen.never("marmalade");
    screen.press("ctrl-o");
    screen.expect("v Why three layers");
    screen.expect("Hidden until opened: marmalade.");
    screen.press("ctrl-o");
    screen.never("marmalade");
    screen.press("ctrl-f");
    screen.type_text("marmalade");
    screen.expect("Hidden until opened: marmalade.");
    screen.press("esc");
    screen.expect("> Why three layers   Ctrl+O shows it");
}

#[test]
fn what_streams_in_ends_as_the_whole_does() {
    for answer in [ELEMENTS, SCRIPTS] {
        let mut screen = Screen::openai(80, 105);
        screen.ask("Show me all of it");
        for piece in answer.split_inclusive([' ', '\n']) {
            screen.text(piece);
            screen.screen();
        }
        screen.end(Finish::Stop);
        assert_eq!(screen.screen(), answered(answer, 80, 105).screen());
    }
}
