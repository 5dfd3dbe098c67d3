//! First screens, overlays and every size.

use riffle::app::{Effect, Msg};
use riffle::chat::Finish;

use crate::harness::Screen;

const ANSWER: &str = "Two tents fit:\n\n| Tent | Price | Stock |\n|---|--:|--:|\n| TrailBlazer 2P | $189.99 | 14 |\n| Ridgeline 1P | $229.00 | 5 |\n\n\
     ## Which one\n\nThe **Ridgeline** is lighter, see `P002`.\n\n- poles\n- pegs\n\n```\n[ ] tent\n```\n\n> Pitch it once at home.\n";

fn answered(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.ask("Which tents under $250 are in stock?");
    screen.wait(1900);
    screen.text(ANSWER);
    screen.end(Finish::Stop);
    screen
}

fn browsing(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.save("a", "Tents and sleeping bags under $300", "Two tents fit.");
    screen.save("b", "Winter tent for two", "A four-season tent.");
    screen.save("c", "Letter to the landlord", "Dear landlord.");
    screen.press("ctrl-s");
    screen
}

#[test]
fn the_first_screen_of_the_demo() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        insta::assert_snapshot!(format!("first_{columns}x{rows}"), Screen::demo(columns, rows).screen());
    }
    insta::assert_snapshot!("first_openai_80x24", Screen::openai(80, 24).screen());
}

#[test]
fn an_answer_with_every_element() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        insta::assert_snapshot!(format!("answer_{columns}x{rows}"), answered(columns, rows).screen());
    }
}

#[test]
fn what_an_answer_took_is_told_shortly_in_full_or_not_at_all() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut screen = Screen::openai(columns, rows);
        screen.ask("Which tents under $250 are in stock?");
        screen.wait(400);
        screen.text("Two tents fit.");
        screen.wait(1500);
        let details = Some(serde_json::json!({ "cost": 0.00214 }));
        screen.delta(riffle::chat::Delta::Usage(riffle::chat::Usage { input: 1234, output: 58, details }));
        screen.delta(riffle::chat::Delta::Finish { finish: Finish::Stop, raw: "stop".to_owned() });
        let request = screen.request.as_ref().unwrap().0;
        screen.tell(Msg::Turn(riffle::agent::Event::StreamEnded { request, end: riffle::chat::StreamEnd::Complete }));
        screen.expect("gpt-4o-mini   1.9 s   58 tokens   $0.0021");
        screen.press("ctrl-x d");
        screen.expect("first 0.4 s   58 tokens   38 tokens/s   $0.0021");
        insta::assert_snapshot!(format!("details_{columns}x{rows}"), screen.screen());
        screen.press("ctrl-x d");
        screen.never("58 tokens");
        screen.type_text("/details");
        screen.press("enter");
        screen.expect("gpt-4o-mini   1.9 s   58 tokens");
    }
}

#[test]
fn colours_of_code_come_later_and_move_nothing() {
    let mut screen = Screen::demo(80, 24);
    screen.tell(Msg::BackgroundKnown(riffle::config::look::Background::Dark));
    screen.ask("How?");
    screen.text("So:\n\n```rust\nfn main() {\n    let one = \"1\";\n");
    let plain = screen.screen();
    assert_eq!(screen.colour_of("fn main"), ratatui::style::Color::Reset);
    screen.colour();
    assert_eq!(screen.screen(), plain);
    assert_ne!(screen.colour_of("fn main"), ratatui::style::Color::Reset);
    assert_eq!(screen.colour_of("let one"), ratatui::style::Color::Reset, "this line may go on");
    screen.text("    two();\n}\n```\n");
    screen.end(Finish::Stop);
    screen.screen();
    screen.colour();
    screen.screen();
    assert_eq!(screen.colour_of("let one"), screen.colour_of("fn main"));
}

#[test]
fn the_browser_lists_previews_and_opens() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        insta::assert_snapshot!(format!("browser_{columns}x{rows}"), browsing(columns, rows).screen());
    }
    let mut screen = browsing(80, 24);
    screen.type_text("winter");
    screen.press("enter");
    screen.expect("A four-season tent.");
    screen.ask("and for three?");
    let records = screen.records();
    let Some(riffle::chat::Record::Question { conversation, new_chat, .. }) =
        records.iter().find(|record| matches!(record, riffle::chat::Record::Question { .. }))
    else {
        panic!()
    };
    assert_eq!((conversation.as_str(), new_chat), ("b", &None));
}

#[test]
fn typed_letters_filter_and_only_after_tab_delete() {
    let mut screen = browsing(80, 24);
    screen.press("d");
    assert_eq!(screen.read_history().count().unwrap(), 3);
    screen.press("ctrl-u tab d");
    assert_eq!(screen.read_history().count().unwrap(), 2);
    screen.expect("u brings it back.");
    screen.press("u");
    assert!(
        screen.effects.iter().any(|effect| matches!(effect, Effect::Append(riffle::chat::Record::Restored { .. })))
    );
}

#[test]
fn help_the_palette_the_models_and_the_leader_page() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        for (name, keys) in [("help", "?"), ("commands", "ctrl-p"), ("models", "f2")] {
            let mut screen = Screen::demo(columns, rows);
            screen.press(keys);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen.screen());
            screen.press("esc");
            screen.expect("riffle");
        }
        let mut screen = Screen::demo(columns, rows);
        screen.press("ctrl-x");
        screen.never("Ctrl+X\n");
        screen.wait(300);
        insta::assert_snapshot!(format!("leader_{columns}x{rows}"), screen.screen());
    }
}

#[test]
fn a_slash_opens_commands_and_a_second_one_is_text() {
    let mut screen = Screen::demo(80, 24);
    screen.type_text("/mo");
    screen.expect("Model and provider");
    screen.press("enter");
    screen.expect("outdoor-demo");
    screen.press("esc");
    screen.type_text("/etc/hosts");
    screen.expect("› /etc/hosts");
}

#[test]
fn up_on_a_fresh_demo_recalls_the_starters() {
    let mut screen = Screen::demo(80, 24);
    screen.press("up");
    screen.expect(" › Which tents under $250 are in stock?");
}

#[test]
fn every_size_down_to_nothing_is_drawn() {
    for columns in [0, 1, 2, 3, 5, 10, 20, 39, 40, 59, 60, 99, 100, 200, 500] {
        for rows in [0, 1, 2, 3, 5, 9, 10, 15, 16, 60] {
            let mut screen = answered(80, 24);
            screen.tell(Msg::Resized(columns, rows));
            screen.screen();
            for keys in ["?", "ctrl-p", "f2", "ctrl-s", "ctrl-t"] {
                screen.press(keys);
                screen.screen();
                screen.press("esc");
            }
        }
    }
}

#[test]
fn nothing_wakes_an_idle_screen() {
    let mut screen = answered(120, 40);
    screen.wait(10_000);
    assert_eq!(screen.model.next_wake(), None);
    let mut screen = Screen::demo(120, 40);
    screen.wait(10_000);
    assert_eq!(screen.model.next_wake(), None);
}

#[test]
fn text_never_rewraps_when_the_panel_opens_or_closes() {
    let prose = |screen: &mut Screen| {
        let shown = screen.screen();
        shown
            .lines()
            .filter(|line| line.contains("Pitch it once"))
            .map(|line| line.split("once at home.").next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let mut screen = answered(120, 40);
    let open = prose(&mut screen);
    screen.press("ctrl-t ctrl-t");
    screen.never("│ Tools");
    assert_eq!(prose(&mut screen), open);
}

#[test]
fn every_state_of_an_answer_at_every_size() {
    use riffle::chat::{ChatError, ErrorKind};
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let shot = |name: &str, screen: &mut Screen| {
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen.screen());
        };
        let mut screen = Screen::demo(columns, rows);
        screen.ask("What do P001 and P007 cost?");
        screen.wait(1200);
        shot("asking", &mut screen);
        screen.call(0, "calculate_total", r#"{"product_ids": ["P0"#);
        shot("receiving", &mut screen);
        screen.call(0, "", r#"01", "P007"]}"#);
        screen.end(Finish::ToolCalls);
        screen.wait(600);
        shot("approval", &mut screen);
        screen.press("y");
        screen.wait(1300);
        shot("running", &mut screen);
        screen.tool_done(r#"{"total": 348.99}"#);
        screen.text("The total is **$348.99**");
        shot("streaming", &mut screen);
        screen.press("esc");
        shot("stopped", &mut screen);

        let mut screen = Screen::openai(columns, rows);
        screen.ask("And which of them stands up to snow?");
        screen.fail(ChatError::new(ErrorKind::RateLimit, "slow down"), false);
        shot("waiting_to_retry", &mut screen);
        screen.press("esc");
        screen.press("tab enter");
        screen.text("Half an answer");
        screen.press("esc");
        screen.press("tab r");
        shot("ask_again", &mut screen);
        screen.press("r");
        let mut error = ChatError::new(ErrorKind::Auth, "no such key");
        error.status = Some(401);
        screen.fail(error, false);
        screen.press("tab w");
        shot("error_why", &mut screen);
    }
}

#[test]
fn an_image_is_named_below_its_question() {
    let mut screen = Screen::demo(80, 24);
    screen.save("old", "What is it?", "A tent.");
    let image = riffle::chat::Attachment::image("tent\u{1b}.gif", &[b"GIF89a".to_vec(), vec![0; 120_000]].concat());
    screen.saved[0].entries[0].attachments.extend(image);
    screen.press("ctrl-s enter");
    screen.expect(" › What is it?");
    screen.expect("   [image: tent␛.gif, 121 KB]");
}
