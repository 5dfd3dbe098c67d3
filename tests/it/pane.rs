//! What stands in the pane beside what was said: reasoning and tool calls in short.

use riffle::chat::{Delta, Finish};

use crate::harness::Screen;

const FOUND: &str = r#"{"products":[{"id":"P001","name":"TrailBlazer 2P"}]}"#;

/// Two calls, of which the second one runs.
fn calling(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.ask("Compare all tents and sleeping bags under $300");
    screen.delta(Delta::Reasoning("Both shelves, then.".to_owned()));
    screen.wait(4200);
    screen.delta(Delta::Reasoning("\nThe price is a limit.".to_owned()));
    screen.wait(100);
    screen.text("I will look at both shelves first.");
    screen.call(0, "search_products", r#"{"category": "tent", "max_price": 300}"#);
    screen.call(1, "search_products", r#"{"category": "sleeping bag", "max_price": 300}"#);
    screen.end(Finish::ToolCalls);
    screen.wait(300);
    screen.tool_done(FOUND);
    screen
}

#[test]
fn calls_stand_where_they_happened_with_how_they_ended() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut screen = calling(columns, rows);
        screen.expect(" ✓ search_products   tent, 300   0.3 s");
        insta::assert_snapshot!(format!("calling_{columns}x{rows}"), screen.screen());
        screen.tool_done("{\"products\":[]}");
        screen.text("There is one.");
        screen.end(Finish::Stop);
        screen.expect(" ✓ search_products   sleeping bag, 300   0.3 s");
        screen.expect("   Reasoning   4.3 s   Ctrl+O shows it");
        let answered = screen.screen();
        insta::assert_snapshot!(format!("called_{columns}x{rows}"), answered);
        screen.press("ctrl-o");
        insta::assert_snapshot!(format!("called_expanded_{columns}x{rows}"), screen.screen());
    }
}

#[test]
fn calls_and_the_time_of_reasoning_are_there_when_a_saved_chat_is_opened_again() {
    let mut screen = calling(80, 24);
    screen.tool_done("{\"products\":[]}");
    screen.text("There is one.");
    screen.end(Finish::Stop);
    let mut later = screen.restarted();
    later.press("ctrl-s enter ctrl-home");
    later.expect("   Reasoning   4.3 s   Ctrl+O shows it");
    later.expect(
        " ✓ search_products   tent, 300   0.3 s\n ✓ search_products   sleeping bag, 300   0.3 s\n\n   There is one.",
    );
}

#[test]
fn reasoning_shows_its_last_line_while_it_comes_in() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("why?");
    screen.delta(Delta::Reasoning("First this.\nThen that".to_owned()));
    screen.expect("   Reasoning   Then that");
    screen.wait(2000);
    screen.text("Because.");
    screen.expect("   Reasoning   2.0 s   Ctrl+O shows it");
    screen.press("ctrl-o");
    screen.expect("   Reasoning   2.0 s\n     First this.\n     Then that\n\n   Because.");
}

#[test]
fn a_stopped_or_refused_call_says_so() {
    let mut screen = calling(80, 24);
    screen.press("esc");
    screen.expect(" ! search_products   sleeping bag, 300   stopped");
    let mut screen = Screen::demo(80, 24);
    screen.ask("What do P001 and P007 cost?");
    screen.call(0, "calculate_total", r#"{"product_ids": ["P001", "P007"]}"#);
    screen.expect(" ⠤ calculate_total   receiving");
    screen.end(Finish::ToolCalls);
    screen.never("calculate_total   ");
    screen.expect("May calculate_total run?");
    screen.wait(600);
    screen.press("n");
    screen.expect(r#" ! calculate_total   ["P001","P007"]   denied"#);
}
