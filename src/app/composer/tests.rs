use super::*;

/// The text with `|` at the cursor.
fn marked(composer: &Composer) -> String {
    let (row, column) = composer.area.cursor();
    let mut lines: Vec<String> = composer.area.lines().to_vec();
    let at = lines[row].char_indices().nth(column).map_or(lines[row].len(), |(at, _)| at);
    lines[row].insert(at, '|');
    lines.join("\n")
}

fn with(before: &str) -> Composer {
    let mut composer = Composer::default();
    let (left, right) = before.split_once('|').unwrap();
    composer.insert_str(&format!("{left}{right}"));
    let row = left.matches('\n').count();
    let column = left.rsplit('\n').next().unwrap_or_default().chars().count();
    composer.jump(row, column);
    composer
}

fn press(composer: &mut Composer, keys: &str) {
    for key in keys.split(' ') {
        assert!(composer.key(key.parse().unwrap()), "{key}");
    }
}

#[test]
fn keys_edit_whole_clusters_and_words() {
    for (before, keys, after) in [
        ("a👨‍👩‍👧|b", "backspace", "a|b"),
        ("a|👋🏽b", "delete", "a|b"),
        ("a🇩🇪|", "left", "a|🇩🇪"),
        ("|e\u{301}x", "right", "e\u{301}|x"),
        ("one two|", "ctrl-w", "one |"),
        ("one two|", "alt-b", "one |two"),
        ("|one two", "alt-f", "one| two"),
        ("one |two three", "alt-d", "one | three"),
        ("one |two", "ctrl-u", "|two"),
        ("one |two", "ctrl-k", "one |"),
        ("one |two", "ctrl-k ctrl-y", "one two|"),
        ("one\n|two", "backspace", "one|two"),
        ("one|\ntwo", "right", "one\n|two"),
        ("one two|", "ctrl-a", "|one two"),
        ("|one two", "ctrl-e", "one two|"),
        ("日本|", "backspace", "日|"),
    ] {
        let mut composer = with(before);
        press(&mut composer, keys);
        assert_eq!(marked(&composer), after, "{before} {keys}");
    }
}

#[test]
fn app_keys_are_left_alone() {
    for key in ["ctrl-f", "ctrl-n", "ctrl-p", "ctrl-d", "ctrl-home", "f2", "ctrl-s"] {
        let is_moving = key == "ctrl-home";
        assert!(is_moving || !Composer::default().key(key.parse().unwrap()), "{key}");
    }
}

#[test]
fn a_backslash_before_enter_makes_a_line() {
    let mut composer = with("one\\|");
    assert_eq!(composer.enter(), EnterOutcome::NewLine);
    composer.insert_str("two");
    assert_eq!(composer.enter(), EnterOutcome::Send("one\ntwo".to_owned()));
    assert!(composer.is_empty());
    assert!(!composer.undo());
}

#[test]
fn up_recalls_and_down_brings_the_draft_back() {
    let mut composer = with("draft|");
    composer.set_recall(vec!["old".to_owned(), "new".to_owned()]);
    let mut seen = Vec::new();
    for key in ["up", "up", "up", "down", "down", "down"] {
        press(&mut composer, key);
        seen.push(composer.text());
    }
    assert_eq!(seen, ["new", "old", "old", "new", "draft", "draft"]);
}

#[test]
fn up_moves_by_visual_rows_first_and_keeps_the_column() {
    let mut composer = with("aaaa bbbb cc|");
    composer.set_width(5);
    composer.set_recall(vec!["old".to_owned()]);
    assert_eq!(composer.view(5, 8).rows.len(), 3);
    press(&mut composer, "up");
    assert_eq!(marked(&composer), "aaaa bb|bb cc");
    press(&mut composer, "up");
    assert_eq!(marked(&composer), "aa|aa bbbb cc");
    press(&mut composer, "up");
    assert_eq!(composer.text(), "old");
}

#[test]
fn a_long_paste_is_a_chip_and_sent_in_full() {
    let mut composer = Composer::default();
    let long = "line\r\n".repeat(240);
    composer.insert_str("see ");
    composer.paste(&long);
    assert_eq!(composer.area.lines(), ["see [paste 1: 240 lines]"]);
    assert_eq!(composer.text(), format!("see {}", "line\n".repeat(240)));
    press(&mut composer, "left");
    assert_eq!(marked(&composer), "see |[paste 1: 240 lines]");
    press(&mut composer, "right backspace");
    assert_eq!(composer.text(), "see ");
}

#[test]
fn a_paste_that_names_another_one_is_sent_as_it_was_pasted() {
    let mut composer = Composer::default();
    let first = "[paste 2: 30 lines, 600 characters]\n".repeat(30);
    composer.paste(&first);
    let token = composer.view(80, 5).rows[0].as_str().to_owned();
    composer.paste(&format!("{token}\n").repeat(30));
    assert_eq!(composer.text(), first + &format!("{token}\n").repeat(30));
}

#[test]
fn undo_goes_by_words() {
    let mut composer = Composer::default();
    for c in "one two".chars() {
        composer.key(Key::char(c));
    }
    assert!(composer.undo());
    assert_eq!(composer.text(), "one ");
}

#[test]
fn the_cursor_stands_where_the_text_is_drawn() {
    for (before, columns, rows, cursor) in [
        ("日本|", 10, vec!["日本"], (4, 0)),
        ("a\t|b", 10, vec!["a   b"], (4, 0)),
        ("a\u{202e}|b", 20, vec!["a<U+202E>b"], (9, 0)),
        ("👨‍👩‍👧|", 10, vec!["👨‍👩‍👧"], (2, 0)),
        ("abcde|", 5, vec!["abcde", ""], (0, 1)),
        ("one two three|", 8, vec!["one two ", "three"], (5, 1)),
    ] {
        let view = with(before).view(columns, 8);
        let shown: Vec<_> = view.rows.iter().map(|row| row.as_str().to_owned()).collect();
        assert_eq!((shown, view.cursor), (rows.iter().map(|s| (*s).to_owned()).collect(), cursor), "{before}");
    }
}

#[test]
fn only_so_many_rows_are_shown_around_the_cursor() {
    let mut composer = Composer::default();
    composer.insert_str(&"x\n".repeat(20));
    let view = composer.view(10, 8);
    assert_eq!((view.rows.len(), view.total_rows, view.cursor), (8, 21, (0, 7)));
}

#[test]
fn a_very_long_text_that_is_brought_back_is_a_chip_and_is_sent_whole() {
    let mut composer = Composer::default();
    let long = "abcdefghi ".repeat(40_000);
    composer.set_text(&long);
    assert!(composer.view(80, 10).total_rows == 1, "{:?}", composer.view(80, 10).rows);
    assert_eq!(composer.text(), long);
    composer.set_text("short");
    assert_eq!(composer.text(), "short");
}

#[test]
fn words_are_deleted_where_the_cursor_is_also_in_a_very_long_line() {
    let mut composer = Composer::default();
    composer.insert_str(&"abcdefghi ".repeat(6600));
    composer.insert_str("tail");
    composer.key("ctrl-w".parse().unwrap());
    assert!(composer.text() == "abcdefghi ".repeat(6600));
    composer.key("left".parse().unwrap());
    composer.insert_str("X");
    assert!(composer.text().ends_with("abcdefghiX "));
}
