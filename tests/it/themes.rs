//! Themes: the page about them, every element and page in each of them with its styles, choosing one, and what holds
//! without colours and with ASCII marks.

use std::path::Path;

use riffle::app::Msg;
use riffle::chat::{ChatError, Delta, ErrorKind, Finish};
use riffle::config::look::{Background, Look};
use riffle::config::theme::{ROLES, built_in};

use crate::harness::Screen;

/// The page about themes, from the table of roles and the themes themselves.
fn page() -> String {
    let mut page = String::from(
        "# Themes\n\n\
         `theme` under `[ui]` of the configuration names one: `default`, `dark`, `light`, `high-contrast`, or one of your own.\n\
         `/theme` tries them on the running screen. All stay on the terminal's own background.\n\n\
         - `default` has the terminal's own sixteen colours. At the start the terminal is asked for its background; what does\n  \
         not answer within 2 s counts as not known, and then only colours that can be read on any are used.\n\
         - `dark` and `light` have colours that are the same in every terminal, with a contrast of at least 4.5 to 1.\n\
         - `high-contrast` has a contrast of at least 7 to 1 and nothing dim.\n\n\
         Under `NO_COLOR` none has a colour; bold, dim and underlined words stay, and every state has a mark or a word anyway.\n\n\
         ## One of your own\n\n\
         A file `themes/NAME.toml` beside the configuration file (or `theme = \"PATH.toml\"`). What it leaves out is as in\n\
         `base`, which is `default` if it names none. A style is a list of words: a colour (`cyan`, `bright-blue`, a number to\n\
         255, `#5fafd7`), `on COLOUR` behind the letters, `bold`, `dim`, `italic`, `underlined`, `reversed`; `\"\"` is plain.\n\
         Mistakes are reported with their line. In a terminal without true colour the nearest of the 256 is taken.\n\n\
         ```toml\n\
         about = \"Greens\"\n\
         base = \"dark\"\n\n\
         [styles]              # on any background\n\
         accent = \"#87af5f\"\n\
         keyword = \"bold 108\"\n\n\
         [on_light]            # instead, where the background is light; also [on_dark], [without_colour]\n\
         accent = \"22\"\n\
         ```\n\n\
         ## Roles\n\n| role | where |\n| --- | --- |\n",
    );
    for role in ROLES {
        page.push_str(&format!("| `{}` | {} |\n", role.name, role.used));
    }
    for theme in built_in() {
        page.push_str(&format!("\n## {}\n\n{}.\n\n", theme.name, theme.about));
        page.push_str("| role | on dark | on light | not known | without colours |\n| --- | --- | --- | --- | --- |\n");
        for role in ROLES {
            let cell = |background, has_colour| match theme.style(role.role, background, has_colour).to_string() {
                plain if plain.is_empty() => "plain".to_owned(),
                words => words,
            };
            let cells = [
                cell(Background::Dark, true),
                cell(Background::Light, true),
                cell(Background::Unknown, true),
                cell(Background::Unknown, false),
            ];
            page.push_str(&format!("| `{}` | {} |\n", role.name, cells.join(" | ")));
        }
    }
    page
}

#[test]
fn the_page_about_themes_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/themes/README.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "assets/themes/README.md is not what the themes say; UPDATE=1 writes it anew");
}

const ELEMENTS: &str = "# Heading\n\nText, **bold**, *italic*, ~~struck~~, `code`, [a link](https://example.com/tents).\n\n\
    - one\n  1. nested\n- [x] packed\n- [ ] missing\n\n> Quoted, **boldly**.\n\n| Tent | Price |\n|---|--:|\n| TrailBlazer | $189 |\n\n\
    ```rust\n// in stock\nfn fits(tent: &Tent) -> bool { tent.price < 250 && tent.name == \"P001\" }\n```\n\n\
    ```diff\n@@ -1 +1 @@\n-poles\n+poles and pegs\n```\n\n---\n\nThe end.\n";

/// An answer with what models write more rarely: formulas, footnotes, folds, notes, HTML, other scripts.
fn less_usual(look: Look, theme: &str) -> Screen {
    let mut screen = started(look, theme, 80, 120, false);
    screen.ask("Less usual elements");
    screen.text(include_str!("../fixtures/answers/elements.md"));
    screen.end(Finish::Stop);
    screen.screen();
    screen.colour();
    screen
}

fn started(look: Look, theme: &str, columns: u16, rows: u16, is_demo: bool) -> Screen {
    let mut screen = if is_demo { Screen::demo(columns, rows) } else { Screen::openai(columns, rows) };
    screen.model.look = look;
    screen.model.themes.chosen = built_in().iter().position(|named| named.name == theme).unwrap();
    screen
}

/// Every usual element and every main page, by name.
fn pages(look: Look, theme: &str) -> Vec<(&'static str, Screen)> {
    let start = |columns, rows, is_demo| started(look, theme, columns, rows, is_demo);
    let mut pages = vec![("first", start(80, 24, true)), ("first, a provider", start(80, 24, false))];
    let mut screen = start(80, 60, false);
    screen.ask("Every element");
    screen.text(ELEMENTS);
    screen.end(Finish::Stop);
    screen.screen();
    screen.colour();
    pages.push(("elements", screen));
    for (name, keys) in [
        ("commands", "ctrl-p"),
        ("help", "f1"),
        ("models", "f2"),
        ("themes", "ctrl-x T"),
        ("leader", "ctrl-x"),
        ("tools", "ctrl-t"),
    ] {
        let mut screen = start(80, 24, true);
        screen.press(keys);
        screen.wait(400);
        pages.push((name, screen));
    }
    for (name, keys) in [("found", "ctrl-f"), ("letters", "tab C")] {
        let mut screen = start(80, 24, false);
        screen.ask("What is in stock?");
        screen.text(&"A tent is in stock.\n\n```sh\nriffle ask tent\n```\n\n".repeat(9));
        screen.end(Finish::Stop);
        screen.press(keys);
        if name == "found" {
            screen.type_text("tent");
            screen.press("enter");
        }
        screen.wait(400);
        pages.push((name, screen));
    }
    let mut screen = start(80, 24, true);
    screen.save("a", "Tents under $300", "Two tents fit.");
    screen.save("b", "Winter tent for two", "A four-season tent.");
    screen.press("ctrl-s");
    screen.type_text("tent");
    screen.wait(400);
    pages.push(("saved chats, a search", screen));
    for name in ["calls running", "a call waits", "a call refused"] {
        let mut screen = start(120, 30, true);
        screen.ask("What do P001 and P007 cost?");
        let tool = if name == "calls running" { "search_products" } else { "calculate_total" };
        screen.call(0, tool, r#"{"query": "tent", "product_ids": ["P001"]}"#);
        screen.end(Finish::ToolCalls);
        screen.wait(1300);
        if name == "a call refused" {
            screen.press("n");
            screen.text("Not added up.");
            screen.end(Finish::Stop);
        }
        pages.push((name, screen));
    }
    for (name, kind) in [("waits to try again", ErrorKind::RateLimit), ("failed", ErrorKind::Auth)] {
        let mut screen = start(80, 24, false);
        screen.ask("And which of them stands up to snow?");
        screen.fail(ChatError::new(kind, "slow down"), false);
        pages.push((name, screen));
    }
    let mut screen = start(80, 24, false);
    screen.ask("And which?");
    screen.text("Of the two, only the");
    screen.press("esc");
    pages.push(("stopped", screen));
    let mut screen = start(80, 24, false);
    screen.ask("And which?");
    screen.delta(Delta::Reasoning("The snow load counts.".to_owned()));
    screen.text("Writing");
    pages.push(("writing", screen));
    pages
}

#[test]
fn each_element_and_page_in_each_theme() {
    let dark = Look { background: Background::Dark, ..Look::default() };
    let light = Look { background: Background::Light, ..Look::default() };
    let unknown = Look::default();
    let colourless = Look { is_colourless: true, ..dark };
    for (name, theme, look) in [
        ("default_on_dark", "default", dark),
        ("default_on_light", "default", light),
        ("default_on_unknown", "default", unknown),
        ("default_without_colour", "default", colourless),
        ("dark", "dark", dark),
        ("light", "light", light),
        ("high_contrast_on_dark", "high-contrast", dark),
        ("high_contrast_on_light", "high-contrast", light),
        ("high_contrast_without_colour", "high-contrast", colourless),
    ] {
        let all = pages(look, theme).into_iter().chain([("less usual elements", less_usual(look, theme))]);
        let shown = all.map(|(page, mut screen)| {
            // Of a list of all actions its beginning shows the styles.
            let rows = match page {
                "leader" => 3,
                "commands" | "help" => 4,
                _ => usize::MAX,
            };
            let rows: Vec<String> = screen.styled_rows().lines().take(rows).map(str::to_owned).collect();
            format!("== {page}\n{}\n", rows.join("\n"))
        });
        insta::assert_snapshot!(format!("theme_{name}"), shown.collect::<String>());
    }
}

#[test]
fn with_ascii_marks_no_page_has_another_glyph() {
    let look = Look { is_ascii: true, is_still: true, background: Background::Dark, ..Look::default() };
    for (name, mut screen) in pages(look, "default") {
        let shown = screen.screen();
        let foreign: String = shown.chars().filter(|c| !c.is_ascii()).collect();
        assert!(foreign.is_empty(), "{name} has {foreign:?}\n{shown}");
    }
}

#[test]
fn without_motion_nothing_but_the_seconds_changes() {
    let look = Look { is_still: true, ..Look::default() };
    for (name, mut screen) in pages(look, "default") {
        let without_digits = |shown: String| shown.replace(|c: char| c.is_ascii_digit(), "");
        let before = without_digits(screen.screen());
        let (now, wake) = (screen.now_ms(), screen.model.next_wake());
        for _ in 0..9 {
            screen.wait(100);
            assert_eq!(without_digits(screen.screen()), before, "{name}");
        }
        // A notice that leaves may come sooner; what runs ticks once a second.
        let is_calm = wake.is_none_or(|at| at >= now + 100);
        assert!(is_calm, "{name} wakes at {wake:?}, it is {now}");
    }
}

#[test]
fn themes_are_tried_on_the_screen_and_only_enter_keeps_one() {
    let mut screen = Screen::demo(80, 24);
    assert_eq!(screen.model.theme().name, "default");
    screen.type_text("/theme");
    screen.press("enter");
    insta::assert_snapshot!("themes_80x24", screen.screen());
    screen.press("down");
    assert_eq!(screen.model.theme().name, "dark");
    screen.press("esc");
    assert_eq!(screen.model.theme().name, "default");
    screen.press("ctrl-x T j j j j enter");
    assert_eq!(screen.model.theme().name, "high-contrast");
    screen.expect("high-contrast for this run. In the configuration: theme = \"high-contrast\"");
    screen.press("ctrl-x T");
    screen.expect("› high-contrast");
    for (columns, rows) in [(120, 40), (40, 12), (20, 5), (3, 2)] {
        screen.tell(Msg::Resized(columns, rows));
        screen.screen();
    }
}

#[test]
fn an_answer_about_the_background_counts_only_at_the_start() {
    let mut screen = Screen::demo(80, 24);
    screen.model.look.background = Background::Unknown;
    screen.wait(1900);
    screen.tell(Msg::BackgroundKnown(Background::Light));
    assert_eq!(screen.model.look.background, Background::Light);
    screen.wait(200);
    screen.tell(Msg::BackgroundKnown(Background::Dark));
    assert_eq!(screen.model.look.background, Background::Light);
}

#[test]
fn the_preview_of_a_saved_chat_takes_on_another_theme() {
    let mut screen = Screen::demo(100, 24);
    screen.model.look.background = Background::Unknown;
    screen.save("a", "Tents", "See `P001`.");
    screen.press("ctrl-s");
    assert!(!screen.styled_rows().contains("{cyan}P001"), "{}", screen.styled_rows());
    screen.model.look.background = Background::Dark;
    assert!(screen.styled_rows().contains("{cyan}P001"), "{}", screen.styled_rows());
}
