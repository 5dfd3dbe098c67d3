//! Letters over what can be copied: what gets one, what it copies, and that nothing else is done.

use riffle::app::{Effect, HintKind, Msg, NotOpened, OpenWish};
use riffle::chat::Finish;

use crate::harness::Screen;

const ANSWER: &str = "\
Install it as **described** on https://riffle.example/start, then edit `~/.config/riffle/config.toml`:

```toml
[ui]
\tmouse = \"full\"
```

Then build it:

```console
$ cargo build \\
    --release
   Compiling riffle
$ cargo run
```

| tent | price, $ |
|---|---:|
| TrailBlazer 2P | 189.99 |

> Mind the [*weather*](https://weather.example)
> above all.
";

fn answered() -> Screen {
    let mut screen = Screen::openai(100, 40);
    screen.ask("How do I install it?");
    screen.text(ANSWER);
    screen.end(Finish::Stop);
    screen.screen();
    screen
}

fn last(screen: &Screen) -> (String, String) {
    let found = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(wish) => Some((wish.what.clone(), wish.text.clone())),
        _ => None,
    });
    found.unwrap()
}

/// Opens the letters, draws them, and picks.
fn pick(screen: &mut Screen, open: &str, letters: &str) -> (String, String) {
    screen.press(open);
    screen.screen();
    screen.press(letters);
    last(screen)
}

#[test]
fn a_block_of_code_is_copied_by_its_letter_from_its_source() {
    let mut screen = answered();
    screen.press("tab c");
    insta::assert_snapshot!("letters_over_code_100x40", screen.screen());
    screen.press("a");
    assert_eq!(last(&screen), ("the code".to_owned(), "[ui]\n\tmouse = \"full\"\n".to_owned()));
    screen.never("Esc close");
    let (_, console) = pick(&mut screen, "ctrl-x c", "s");
    assert_eq!(console, "$ cargo build \\\n    --release\n   Compiling riffle\n$ cargo run\n");
}

#[test]
fn everything_on_the_screen_has_letters() {
    let mut screen = answered();
    screen.press("tab C");
    insta::assert_snapshot!("letters_over_everything_100x40", screen.screen());
    let found = screen.model.hints.clone().unwrap().found.unwrap();
    let texts: Vec<&str> = found.iter().map(|hint| hint.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "How do I install it?",
            "Install it as **described** on https://riffle.example/start, then edit `~/.config/riffle/config.toml`:",
            "https://riffle.example/start",
            "~/.config/riffle/config.toml",
            "[ui]\n\tmouse = \"full\"\n",
            "Then build it:",
            "$ cargo build \\\n    --release\n   Compiling riffle\n$ cargo run\n",
            "cargo build \\\n    --release",
            "cargo run",
            "tent\tprice, $\nTrailBlazer 2P\t189.99\n",
            "Mind the [*weather*](https://weather.example)\nabove all.",
            "https://weather.example",
        ]
    );
}

#[test]
fn a_table_is_copied_with_tabs_or_as_csv() {
    let mut screen = answered();
    screen.press("ctrl-x C");
    screen.screen();
    let label = screen.model.hints.clone().unwrap().found.unwrap()[9].label.clone();
    for letter in label.to_uppercase().chars() {
        screen.press(&letter.to_string());
    }
    assert_eq!(last(&screen), ("the table as CSV".to_owned(), "tent,\"price, $\"\nTrailBlazer 2P,189.99\n".to_owned()));
}

#[test]
fn shift_opens_an_address_and_what_cannot_be_opened_is_copied() {
    let mut screen = answered();
    screen.press("ctrl-x C");
    screen.screen();
    screen.press("D");
    let target = "https://riffle.example/start".to_owned();
    let wish = OpenWish { target: target.clone(), is_path: false, is_private: false };
    assert_eq!(screen.effects.last(), Some(&Effect::Open(wish.clone())));
    screen.tell(Msg::Opened(target.clone()));
    screen.expect("Opened https://riffle.example/start");
    screen.tell(Msg::NotOpened { wish, why: NotOpened::Remote });
    assert_eq!(last(&screen), ("the address".to_owned(), target));
}

#[test]
fn letters_stay_where_they_are_while_the_answer_goes_on() {
    let mut screen = Screen::openai(100, 20);
    screen.ask("code?");
    screen.text("```rust\nfn one() {}\n");
    screen.screen();
    screen.press("tab c");
    screen.expect("a  fn one");
    screen.text("fn two() {}\n```\n\nAnd more:\n\n```\nthree\n```\n");
    screen.expect("a  fn one");
    assert_eq!(screen.model.hints.as_ref().unwrap().left().count(), 1);
    screen.press("a");
    assert_eq!(last(&screen).1, "fn one() {}\nfn two() {}\n");
}

#[test]
fn esc_leaves_and_stops_nothing_and_tab_shows_the_rest() {
    let mut screen = answered();
    screen.ask("more?");
    screen.text("words and https://riffle.example\n\n```\ncode\n```\n");
    screen.screen();
    screen.press("ctrl-x c");
    screen.screen();
    screen.expect("Esc close");
    screen.press("tab");
    screen.expect("code only");
    screen.press("esc");
    screen.never("code only");
    assert!(screen.model.running_turn().is_some());
}

#[test]
fn words_typed_by_chance_pick_nothing() {
    let mut screen = answered();
    screen.press("tab");
    screen.type_text("can you");
    screen.expect("› can you");
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
}

#[test]
fn without_code_on_the_screen_it_is_said() {
    let mut screen = Screen::openai(100, 20);
    screen.press("ctrl-x c");
    screen.expect("Nothing to copy.");
    screen.ask("hello?");
    screen.text("Hello.");
    screen.end(Finish::Stop);
    screen.press("ctrl-x c");
    screen.screen();
    screen.expect("No code on the screen.");
    screen.type_text("as text");
    screen.expect("› as text");
}

#[test]
fn an_address_that_is_wrapped_is_picked_whole_wherever_it_stands() {
    let address = format!("https://a.example/{}/end", "some/long/part".repeat(5));
    let mut screen = Screen::openai(60, 24);
    screen.ask(&format!("Look at {address} please"));
    screen.text(&format!(
        "| where | what |\n|---|---|\n| {address} | it |\n\nSee [src/main.rs](https://b.example/main.rs)."
    ));
    screen.end(Finish::Stop);
    screen.press("tab");
    screen.press("C");
    screen.screen();
    let found = screen.model.hints.as_ref().unwrap().found.clone().unwrap();
    let addresses: Vec<&str> =
        found.iter().filter(|hint| matches!(hint.kind, HintKind::Address)).map(|hint| hint.text.as_str()).collect();
    assert_eq!(addresses, [&address, &address, "https://b.example/main.rs"]);
    assert!(!found.iter().any(|hint| hint.kind == HintKind::Path), "{found:#?}");
}

#[test]
fn one_place_has_one_letter() {
    let mut screen = Screen::openai(80, 24);
    screen.ask("How?");
    screen.text("```sh\n./configure --fast\n./install.sh\n```\n");
    screen.end(Finish::Stop);
    screen.press("tab");
    screen.press("C");
    screen.screen();
    let found = screen.model.hints.as_ref().unwrap().found.clone().unwrap();
    let all: Vec<_> = found.iter().map(|hint| (hint.kind, hint.text.as_str())).collect();
    assert_eq!(
        all,
        [
            (HintKind::Question, "How?"),
            (HintKind::Code, "./configure --fast\n./install.sh\n"),
            (HintKind::Command, "./configure --fast"),
            (HintKind::Command, "./install.sh"),
        ]
    );
}
