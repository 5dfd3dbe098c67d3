//! Tool calls on the screen: live in the panel, asked in a card, stopped one by one.

use riffle::agent::{self, AskReason, CallState};
use riffle::app::Effect;
use riffle::chat::{Finish, Message, ToolStatus};

use crate::harness::Screen;

const FOUND: &str = r#"{"products":[{"id":"P001","name":"TrailBlazer 2P","price":189.99}]}"#;

fn two_running(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.ask("Compare all tents and sleeping bags under $300");
    screen.text("I will look at both shelves first.\n\n");
    screen.call(0, "search_products", r#"{"category": "tent", "max_price": 300}"#);
    screen.call(1, "search_products", r#"{"category": "sleeping bag", "max_price": 300}"#);
    screen.end(Finish::ToolCalls);
    screen
}

/// The card of `calculate_total`, after its half second of quiet.
fn asking(columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.ask("What do P001 and P007 cost with 10 percent off?");
    screen.text("Let me add that up.\n\n");
    screen.call(0, "calculate_total", r#"{"product_ids": ["P001", "P007"], "discount_percent": 10}"#);
    screen.end(Finish::ToolCalls);
    screen.wait(600);
    screen.screen();
    screen
}

#[test]
fn arguments_are_seen_while_they_stream_in() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("tents?");
    screen.call(0, "search_products", r#"{"categ"#);
    screen.expect("⠤ search_products");
    screen.expect("receiving");
    screen.expect(r#"{"categ"#);
    screen.call(0, "", r#"ory": "te"#);
    screen.expect(r#"{"category": "te"#);
}

#[test]
fn two_calls_run_at_the_same_time_and_the_answer_waits_for_both() {
    let mut screen = two_running(120, 36);
    assert_eq!(screen.running.len(), 2);
    screen.wait(1400);
    insta::assert_snapshot!("two_tools_running_120x36", screen.screen());
    screen.tool_done(FOUND);
    screen.expect("✓ search_products");
    screen.expect("1 product");
    let before = screen.request.as_ref().unwrap().0;
    screen.tool_done("{\"products\":[]}");
    assert_ne!(screen.request.as_ref().unwrap().0, before);
    let results: Vec<_> = screen.request.as_ref().unwrap().1.iter().filter(|m| matches!(m, Message::Tool(_))).collect();
    assert_eq!(results.len(), 2);
}

#[test]
fn a_narrow_screen_names_the_longest_call_and_ctrl_t_shows_them_all() {
    let mut screen = two_running(80, 24);
    screen.wait(900);
    insta::assert_snapshot!("two_tools_running_80x24", screen.screen());
    screen.press("ctrl-t");
    insta::assert_snapshot!("tools_overlay_80x24", screen.screen());
    screen.press("x");
    assert_eq!(screen.running.len(), 1);
    screen.expect("stopped");
    screen.press("ctrl-t");
    screen.expect("I will look at both shelves first.");
}

#[test]
fn a_total_asks_in_the_card_and_y_runs_it() {
    let mut screen = asking(120, 36);
    insta::assert_snapshot!("approval_120x36", screen.screen());
    assert!(screen.running.is_empty());
    screen.press("y");
    assert_eq!(screen.running.len(), 1);
}

#[test]
fn the_card_hears_nothing_right_after_a_key_and_the_letter_is_text() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("What do P001 and P007 cost?");
    screen.call(0, "calculate_total", r#"{"product_ids": ["P001"]}"#);
    screen.end(Finish::ToolCalls);
    screen.wait(100);
    screen.type_text("yes");
    assert!(screen.running.is_empty());
    screen.expect("› yes");
    screen.expect("Ctrl+T, then   y  once");
}

#[test]
fn enter_space_and_tab_never_allow() {
    let mut screen = asking(120, 36);
    screen.press("enter tab tab");
    screen.wait(1000);
    screen.press("space");
    assert!(screen.running.is_empty());
}

#[test]
fn with_a_draft_ctrl_t_answers_the_card() {
    let mut screen = asking(120, 36);
    screen.type_text("wait");
    insta::assert_snapshot!("approval_with_draft_120x36", screen.screen());
    screen.press("ctrl-t n");
    screen.expect("denied");
    screen.expect("› wait");
    let told = &screen.request.as_ref().unwrap().1;
    assert!(matches!(told.last(), Some(Message::Tool(result)) if result.status == ToolStatus::Denied));
}

#[test]
fn always_asks_once_more_and_then_no_longer() {
    let mut screen = asking(120, 36);
    screen.press("a");
    screen.expect("Always in this chat?");
    assert!(screen.running.is_empty());
    screen.press("y");
    assert_eq!(screen.running.len(), 1);
    screen.tool_done("{\"total\": 1}");
    screen.call(0, "calculate_total", r#"{"product_ids": ["P002"]}"#);
    screen.end(Finish::ToolCalls);
    assert_eq!(screen.running.len(), 1);
    screen.tool_done("{}");
    screen.text("done");
    screen.end(Finish::Stop);
    screen.ask("and again");
    screen.call(0, "calculate_total", r#"{"product_ids": ["P003"]}"#);
    screen.end(Finish::ToolCalls);
    assert_eq!(screen.running.len(), 1);
}

#[test]
fn long_arguments_scroll_and_y_works_only_after_the_last_line() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("add");
    let ids: Vec<String> = (0..600).map(|n| format!("\"P{n:03}\"")).collect();
    screen.call(0, "calculate_total", &format!("{{\"product_ids\": [{}]}}", ids[..99].join(",")));
    screen.end(Finish::ToolCalls);
    screen.tell(riffle::app::Msg::Resized(60, 18));
    screen.wait(600);
    screen.expect("PgDn shows");
    screen.press("y");
    assert!(screen.running.is_empty());
    for _ in 0..20 {
        screen.press("pgdn");
        screen.screen();
    }
    screen.expect("shown in full");
    screen.press("y");
    assert_eq!(screen.running.len(), 1);
}

#[test]
fn esc_stops_the_tools_and_each_call_still_has_its_result() {
    let mut screen = two_running(120, 36);
    screen.press("esc");
    assert!(screen.running.is_empty());
    let stops = screen
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Turn { effect: agent::Effect::CancelTool { .. }, .. }));
    assert_eq!(stops.count(), 2);
    screen.ask("next");
    let told = &screen.request.as_ref().unwrap().1;
    let results = told.iter().filter(|message| matches!(message, Message::Tool(_))).count();
    assert_eq!(results, 2);
}

#[test]
fn bad_arguments_are_answered_with_the_path_and_the_turn_goes_on() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("tents?");
    screen.call(0, "search_products", r#"{"category": 7}"#);
    screen.end(Finish::ToolCalls);
    let told = screen.request.as_ref().unwrap().1.clone();
    let Some(Message::Tool(result)) = told.last() else { panic!("{told:?}") };
    assert_eq!(result.status, ToolStatus::Failed);
    assert!(result.output.contains("$.category"), "{}", result.output);
}

#[test]
fn the_third_same_call_in_a_row_asks() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("tents?");
    for _ in 0..2 {
        screen.call(0, "search_products", r#"{"category": "tent"}"#);
        screen.end(Finish::ToolCalls);
        screen.tool_done(FOUND);
    }
    screen.call(0, "search_products", r#"{"category": "tent"}"#);
    screen.end(Finish::ToolCalls);
    assert!(screen.running.is_empty());
    let calls = &screen.model.running_turn().unwrap().tracker().calls;
    assert_eq!(calls[2].state, CallState::Waiting(AskReason::Repeated));
    screen.expect("third same call");
}

#[test]
fn calls_of_a_cut_answer_are_listed_and_never_run() {
    let mut screen = Screen::demo(120, 36);
    screen.ask("tents?");
    screen.call(0, "search_products", r#"{"category": "tent"}"#);
    screen.end(Finish::Length);
    assert!(screen.running.is_empty());
    assert!(screen.model.running_turn().is_none());
    screen.expect("cut at the token limit");
}

#[test]
fn expanded_output_is_whole_and_says_what_is_left_out_of_a_very_long_one() {
    for (lines, left) in [(50, None), (2100, Some("100 more lines"))] {
        let mut screen = Screen::demo(100, 40);
        screen.ask("Read it.");
        screen.call(0, "search_products", r#"{"category": "tents"}"#);
        screen.end(Finish::ToolCalls);
        let output: Vec<String> = (1..=lines).map(|at| format!("line {at} of it")).collect();
        screen.tool_done(&output.join("\n"));
        screen.text("Read.");
        screen.end(Finish::Stop);
        screen.press("ctrl-o ctrl-end");
        screen.expect(&format!("line {} of it", lines.min(2000)));
        match left {
            Some(left) => screen.expect(left),
            None => screen.never("more line"),
        }
    }
}

/// So many calls that wait for a person.
fn waiting(columns: u16, rows: u16, calls: usize, ids: usize) -> Screen {
    let mut screen = Screen::demo(columns, rows);
    screen.ask("What do they cost?");
    let ids: Vec<String> = (0..ids).map(|id| format!("\"P{id:03}\"")).collect();
    for index in 0..calls {
        let arguments = format!(r#"{{"product_ids": [{}], "discount_percent": {index}}}"#, ids.join(", "));
        screen.call(index as u64, "calculate_total", &arguments);
    }
    screen.end(Finish::ToolCalls);
    screen
}

#[test]
fn in_the_panel_one_key_allows_one_call_and_no_key_allows_one_that_just_came() {
    for (columns, rows) in [(80, 24), (120, 24)] {
        let mut screen = waiting(columns, rows, 3, 2);
        screen.screen();
        screen.wait(600);
        screen.press("ctrl-t");
        screen.screen();
        screen.type_text("y");
        assert!(screen.running.is_empty(), "right after Ctrl+T");
        screen.expect("A moment:");
        screen.wait(600);
        for _ in 0..3 {
            screen.type_text("y");
            screen.screen();
            screen.wait(60);
        }
        assert_eq!(screen.running.len(), 1, "{columns}x{rows}");
    }
}

#[test]
fn what_was_not_seen_is_not_allowed_from_the_page_over_it() {
    let mut screen = waiting(80, 24, 1, 90);
    screen.press("ctrl-t");
    screen.screen();
    screen.wait(600);
    screen.press("y");
    assert!(screen.running.is_empty());
    screen.expect("May calculate_total run?");
    for _ in 0..20 {
        screen.press("pgdn");
        screen.screen();
    }
    screen.wait(600);
    screen.press("y");
    assert_eq!(screen.running.len(), 1);
}

#[test]
fn with_the_keys_in_the_messages_the_card_says_how_to_answer_it() {
    let mut screen = asking(120, 36);
    screen.press("tab");
    screen.expect("Ctrl+T, then   y  once");
    screen.expect("Ctrl+T answer the tool");
    screen.never("y once");
}

#[test]
fn a_turn_stopped_at_the_card_was_stopped_and_no_limit_was_reached() {
    let mut screen = asking(120, 36);
    screen.press("esc");
    screen.never("limit of model requests");
    screen.expect("   stopped");
}

#[test]
fn the_page_of_a_call_ends_with_its_turn() {
    let mut screen = two_running(120, 24);
    screen.type_text("and next");
    screen.press("enter ctrl-t enter");
    screen.tool_done("one");
    screen.tool_done("two");
    screen.text("Done.");
    screen.end(Finish::Stop);
    screen.expect("› and next");
}
