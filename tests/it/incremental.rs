//! What a frame does not do again must not be missing: whatever happens, in whatever order, the screen shows what one that
//! is drawn for the first time would show.

use proptest::prelude::*;
use riffle::app::Msg;
use riffle::chat::{ChatError, ErrorKind, Finish};
use riffle::store::StoreEvent;

use crate::harness::Screen;

/// Something a person, a model or the history does.
#[derive(Clone, Debug)]
enum Step {
    Ask(u8),
    Text(String),
    Reasoning,
    Call,
    ToolDone,
    End,
    Fail,
    Press(&'static str),
    Resize(u16),
    Saving(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let text = prop::collection::vec(
        prop_oneof![
            Just("words of an answer "),
            Just(" more"),
            Just("letters"),
            Just("."),
            Just("\n\n"),
            Just("- item\n"),
            Just("```\ncode\n```\n\n"),
            Just("| a | b |\n|---|---|\n| 1 | 2 |\n\n"),
            Just("日本語 "),
            Just("שלום"),
        ],
        1..12,
    );
    let keys = prop_oneof![
        Just("pgup"),
        Just("pgdn"),
        Just("shift-up"),
        Just("ctrl-home"),
        Just("ctrl-end"),
        Just("alt-up"),
        Just("alt-down"),
        Just("ctrl-o"),
        Just("ctrl-t"),
        Just("tab"),
        Just("esc"),
        Just("tab left"),
        Just("tab right"),
        Just("tab r r"),
        Just("tab u"),
        Just("ctrl-n"),
        Just("ctrl-f o r enter"),
        Just("ctrl-f w h a t"),
        Just("n"),
        Just("N"),
    ];
    prop_oneof![
        3 => (1..20_u8).prop_map(Step::Ask),
        6 => text.prop_map(|pieces| Step::Text(pieces.concat())),
        1 => Just(Step::Reasoning),
        1 => Just(Step::Call),
        1 => Just(Step::ToolDone),
        3 => Just(Step::End),
        1 => Just(Step::Fail),
        5 => keys.prop_map(Step::Press),
        1 => (30..130_u16).prop_map(Step::Resize),
        1 => any::<bool>().prop_map(Step::Saving),
    ]
}

fn perform(screen: &mut Screen, step: &Step) {
    let is_streaming = screen.model.running_turn().is_some_and(|turn| turn.tracker().open_in_round(1) == 0);
    match step {
        Step::Ask(words) => screen.ask(&"what ".repeat(usize::from(*words))),
        Step::Text(text) if is_streaming => screen.text(text),
        Step::Reasoning if is_streaming => screen.delta(riffle::chat::Delta::Reasoning("because of this".to_owned())),
        Step::Call if is_streaming => {
            screen.call(0, "search_products", "{\"category\":\"tents\"}");
            screen.end(Finish::ToolCalls);
        }
        Step::ToolDone if !screen.running.is_empty() => screen.tool_done("{\"products\":[]}"),
        Step::End if is_streaming => screen.end(Finish::Stop),
        Step::Fail if is_streaming => screen.fail(ChatError::new(ErrorKind::Server, "broken"), true),
        Step::Press(keys) => screen.press(keys),
        Step::Resize(columns) => screen.tell(Msg::Resized(*columns, 24)),
        Step::Saving(true) => screen.tell(Msg::Store(StoreEvent::Recovered)),
        Step::Saving(false) => {
            screen.commits = false;
            screen.tell(Msg::Store(StoreEvent::Failed { why: "full".to_owned() }));
        }
        _ => {}
    }
}

/// How many lines are new below depends on how high the unseen is taken for.
fn without_count(screen: &str) -> String {
    // So do the marks of the scroll bar.
    let mut lines: Vec<&str> = screen.lines().collect();
    if let Some(live) = lines.iter().rposition(|line| line.starts_with('─')).and_then(|rule| rule.checked_sub(1)) {
        lines[live] = "";
    }
    lines.iter().map(|line| line.replace(['⢸', '‹', '⠶'], " ").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_screen_shows_what_a_new_one_would(steps in prop::collection::vec(step(), 1..40)) {
        let mut screen = Screen::demo(100, 24);
        for step in &steps {
            perform(&mut screen, step);
            let (drawn, fresh) = (screen.screen(), screen.fresh_screen());
            prop_assert_eq!(without_count(&drawn), without_count(&fresh), "after {:?}", step);
        }
    }
}

/// Something that happens while an answer streams in.
#[derive(Clone, Debug)]
enum Moment {
    Piece(&'static str),
    Wheeled(i64),
    Followed,
    Coloured,
    Waited,
}

fn moment() -> impl Strategy<Value = Moment> {
    let words = prop::sample::select(vec!["words", " of", " an", " answer", ".", " q0001", " which", " is long"]);
    let code =
        prop::sample::select(vec!["```rust\n", "fn f", "(a)", " {\n", "    let x", " = 1;", "\n", "}\n", "```\n\n"]);
    let marks = prop::sample::select(vec![
        "\n\n",
        "\n",
        "- ",
        "1. a\n",
        "**",
        "`",
        "| a | b |\n",
        "|---|---|\n",
        "# ",
        "שלום",
        "日",
    ]);
    prop_oneof![
        8 => words.prop_map(Moment::Piece),
        4 => code.prop_map(Moment::Piece),
        3 => marks.prop_map(Moment::Piece),
        1 => (-3..4_i64).prop_map(Moment::Wheeled),
        1 => Just(Moment::Followed),
        1 => Just(Moment::Coloured),
        1 => Just(Moment::Waited),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn an_answer_that_streams_in_looks_as_if_it_was_drawn_anew(
        moments in prop::collection::vec(moment(), 20..200), columns in 60..130_u16, above in 0..30_usize,
    ) {
        let mut screen = Screen::demo(columns, 24);
        screen.ask("what is there");
        screen.text(&"a line\n\n".repeat(above));
        for moment in moments {
            match moment {
                Moment::Piece(text) => screen.text(text),
                Moment::Wheeled(lines) => screen.tell(Msg::Wheeled(lines)),
                Moment::Followed => screen.press("ctrl-end"),
                Moment::Coloured => screen.colour(),
                Moment::Waited => screen.wait(100),
            }
            let (drawn, fresh) = (screen.screen(), screen.fresh_screen());
            prop_assert_eq!(without_count(&drawn), without_count(&fresh), "after {:?}", moment);
        }
    }
}

#[test]
fn an_answer_that_is_the_last_one_again_can_be_gone_on_with() {
    let mut screen = Screen::demo(100, 24);
    let text = Step::Text("words of an answer".to_owned());
    let esc = || Step::Press("esc");
    for step in [Step::Ask(3), text, Step::Call, esc(), Step::Ask(1), esc(), Step::Press("tab u")] {
        perform(&mut screen, &step);
        screen.screen();
    }
    screen.expect("goes on");
    assert_eq!(screen.screen(), screen.fresh_screen());
}

#[test]
fn what_streams_in_after_finding_ended_is_drawn_as_anew() {
    let text = || Step::Text("words of an answer ".to_owned());
    let keys = ["pgup", "pgup", "ctrl-f o r enter", "tab"].map(Step::Press);
    let [up, again, find, leave] = keys;
    let mut screen = Screen::demo(100, 24);
    for step in [Step::Ask(1), text(), up, again, Step::Ask(7), find, leave, text()] {
        perform(&mut screen, &step);
        let (drawn, fresh) = (screen.screen(), screen.fresh_screen());
        assert_eq!(without_count(&drawn), without_count(&fresh), "after {step:?}");
    }
}
