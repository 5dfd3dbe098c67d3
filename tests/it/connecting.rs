//! Connecting a provider: a pasted key is tried, kept when it works, and never shown.

use riffle::app::{Effect, Msg, NotListed};

use crate::harness::Screen;

const KEY: &str = "sk-CANARY-0123456789x7Qa";

/// The demo, with `OpenAI` not connected, on the page that connects it.
fn page() -> Screen {
    let mut screen = Screen::demo(80, 24);
    let row = screen.model.providers.rows.iter_mut().find(|row| row.name == "openai").unwrap();
    row.missing = Some("set OPENAI_API_KEY and start again".to_owned());
    row.takes_key = true;
    screen.press("f2");
    screen.expect("set OPENAI_API_KEY, or press Enter and paste a key");
    screen.press("down enter");
    screen.expect("Connect OpenAI");
    screen
}

fn tried(screen: &Screen) -> Option<u64> {
    screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::TryKey { request, .. } => Some(*request),
        _ => None,
    })
}

fn is_saved(screen: &Screen) -> bool {
    screen.effects.iter().any(|effect| matches!(effect, Effect::SaveKey { .. }))
}

#[test]
fn a_pasted_key_shows_its_tail_and_nothing_else() {
    let mut screen = page();
    screen.tell(Msg::Pasted(format!("  {KEY}\n")));
    screen.never("CANARY");
    screen.expect("*x7Qa");
    insta::assert_snapshot!(screen.screen());
    assert!(!format!("{:?}", screen.model.overlays).contains("CANARY"));
}

#[test]
fn a_key_that_works_is_kept_and_the_same_chat_goes_on() {
    let mut screen = page();
    screen.tell(Msg::Pasted(KEY.to_owned()));
    screen.press("enter");
    screen.expect("Asking OpenAI for its models ...");
    assert!(!is_saved(&screen));
    let models = ["gpt-5", "gpt-4o-mini", "o3"].map(str::to_owned).to_vec();
    screen.tell(Msg::KeyTried { request: tried(&screen).unwrap(), found: Ok(models) });
    assert!(is_saved(&screen));
    insta::assert_snapshot!(screen.screen());
    screen.press("enter");
    assert_eq!(screen.model.providers.target.model, "gpt-4o-mini");
}

#[test]
fn a_key_that_is_refused_is_dropped_and_another_can_be_pasted() {
    let mut screen = page();
    screen.tell(Msg::Pasted(KEY.to_owned()));
    screen.press("enter");
    let why = riffle::strings::key_refused("OpenAI");
    screen.tell(Msg::KeyTried { request: tried(&screen).unwrap(), found: Err(why) });
    screen.never("x7Qa");
    insta::assert_snapshot!(screen.screen());
    screen.press("enter");
    screen.tell(Msg::Pasted("two words".to_owned()));
    screen.press("enter");
    screen.expect("This is no key");
    assert!(!is_saved(&screen));
}

#[test]
fn whoever_leaves_while_a_key_is_tried_has_it_neither_used_nor_kept() {
    let mut screen = page();
    screen.tell(Msg::Pasted(KEY.to_owned()));
    screen.press("enter");
    let request = tried(&screen).unwrap();
    screen.press("esc");
    screen.tell(Msg::KeyTried { request, found: Ok(vec!["gpt-5".to_owned()]) });
    screen.expect("Not connected");
    assert!(!is_saved(&screen));
}

#[test]
fn lists_that_come_in_leave_the_selection_where_it_is() {
    let mut screen = Screen::openai(80, 24);
    screen.press("f2 down");
    let models = ["gpt-5", "gpt-4o-mini"].map(str::to_owned).to_vec();
    screen.tell(Msg::ModelsListed { provider: "openai".to_owned(), found: Ok(models) });
    screen.expect("gpt-5");
    screen.press("enter");
    assert_eq!(screen.model.providers.target.provider, "demo");
}

#[test]
fn the_list_says_why_a_provider_has_no_models() {
    let mut screen = Screen::demo(80, 24);
    screen.press("f2");
    let mut answered = |why| {
        screen.tell(Msg::ModelsListed { provider: "openai".to_owned(), found: why });
        screen.screen()
    };
    assert!(answered(Err(NotListed::Failed("did not accept the key".to_owned()))).contains("did not accept the key"));
    let absent = answered(Err(NotListed::NotRunning("not running at 127.0.0.1:1".to_owned())));
    assert!(absent.contains("Not connected") && absent.contains("not running at 127.0.0.1:1"));
    let listed = answered(Ok(vec!["gpt-5".to_owned()]));
    assert!(listed.contains("gpt-5") && !listed.contains("not accept") && !listed.contains("Not connected"));
}

#[test]
fn where_there_is_a_keyring_the_key_is_said_to_go_there() {
    let mut screen = page();
    screen.expect("~/.config/riffle/keys.toml, which only");
    assert!(screen.effects.contains(&Effect::FindKeyring));
    screen.tell(Msg::KeyringFound);
    screen.expect("your keyring (Linux: Secret Service)");
    screen.never("keys.toml");
}

#[test]
fn a_variable_that_still_holds_another_key_is_named() {
    let mut screen = Screen::openai(80, 24);
    screen.model.providers.rows.iter_mut().find(|row| row.name == "openai").unwrap().takes_key = true;
    screen.press("f2 tab");
    screen.tell(Msg::Pasted(KEY.to_owned()));
    screen.press("enter");
    screen.tell(Msg::KeyTried { request: tried(&screen).unwrap(), found: Ok(vec!["gpt-4o-mini".to_owned()]) });
    screen.press("esc");
    screen.expect("Connected. Unset OPENAI_API_KEY: at the next start its key would count.");
}
