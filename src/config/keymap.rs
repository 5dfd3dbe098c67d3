//! Which key means what, and where: the defaults of `assets/keymap.toml` with the person's `[keys]` over them. Pure data
//! and one rule per context; what a key then does is the app's business.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Action};
use super::key::{Key, KeyCode};

const DEFAULTS: &str = include_str!("../../assets/keymap.toml");

/// The key that opens the leader layer.
pub const LEADER: Key = Key::ctrl('x');

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere.
    Global,
    /// The prompt has the focus.
    Prompt,
    /// The prompt has the focus and holds nothing; what is not bound here means the same as in `Prompt`.
    Empty,
    /// The messages have the focus.
    Messages,
}

impl Context {
    /// Every context, in the order in which help lists keys.
    pub const ALL: [Self; 4] = [Self::Global, Self::Prompt, Self::Empty, Self::Messages];

    /// Its name in `assets/keymap.toml`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Prompt => "prompt",
            Self::Empty => "empty",
            Self::Messages => "messages",
        }
    }

    /// In words, for the key list.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Global => "everywhere",
            Self::Prompt => "in the prompt",
            Self::Empty => "in the empty prompt",
            Self::Messages => "in the messages",
        }
    }

    /// Where to look when this context has no such key.
    fn outer(self) -> Option<Self> {
        match self {
            Self::Global => None,
            Self::Prompt | Self::Messages => Some(Self::Global),
            Self::Empty => Some(Self::Prompt),
        }
    }
}

/// One key of one action in one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where the key counts.
    pub context: Context,
    /// The key.
    pub key: Key,
    /// What it means.
    pub action: Action,
}

/// What is wrong with the keys of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    /// The action's id, as written in `[keys]`.
    pub action: String,
    /// A sentence for the person.
    pub message: String,
}

/// The effective keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
    leaders: Vec<(Key, Action)>,
}

impl Keymap {
    /// The defaults with `overrides` (action id to keys) over them. An empty list unbinds, also from the leader; `ctrl-x l`
    /// sets the leader letter. A default key keeps its context; another key counts where the action's first default does,
    /// and one that types a character only where nothing is typed.
    pub fn resolve(overrides: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<String>> {
        Self::resolve_by_action(overrides).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
    }

    /// As [`Keymap::resolve`], with the action of each error, so that the report can point at its line.
    pub fn resolve_by_action(overrides: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<KeyError>> {
        let defaults = defaults()?;
        let mut errors = Vec::new();
        let mut bindings: Vec<Binding> =
            defaults.iter().copied().filter(|binding| !overrides.contains_key(binding.action.info().id)).collect();
        let mut leaders: Vec<(Key, Action)> = Vec::new();
        for info in ACTIONS {
            let listed = overrides.get(info.id);
            let own_letter = listed.is_some_and(|keys| keys.is_empty() || keys.iter().any(|key| key.contains(' ')));
            if let Some(letter) = info.leader.filter(|_| !own_letter) {
                match letter.parse() {
                    Ok(key) => leaders.push((key, info.action)),
                    Err(message) => errors.push(KeyError { action: info.id.to_owned(), message }),
                }
            }
        }
        for (id, keys) in overrides {
            let Some(action) = Action::from_id(id) else {
                errors.push(KeyError { action: id.clone(), message: format!("There is no action `{id}`.") });
                continue;
            };
            for text in keys {
                let read = match text.split_once(' ') {
                    Some((leader, letter)) => {
                        leader_letter(text, leader, letter).map(|key| leaders.push((key, action)))
                    }
                    None => parse_key(text)
                        .and_then(|key| bindings_of(&defaults, action, key))
                        .map(|bound| bindings.extend(bound)),
                };
                if let Err(message) = read {
                    errors.push(KeyError { action: id.clone(), message });
                }
            }
        }
        bindings.sort_by_key(|binding| Context::ALL.iter().position(|context| *context == binding.context));
        errors.extend(conflicts(&bindings, &leaders, overrides));
        if errors.is_empty() { Ok(Self { bindings, leaders }) } else { Err(errors) }
    }

    /// No keys at all; what stands in while the errors of the real ones are reported.
    pub(super) fn empty() -> Self {
        Self { bindings: Vec::new(), leaders: Vec::new() }
    }

    /// The same keys with Enter for a new line; the keys that made one (Ctrl+J, Shift+Enter, Alt+Enter) send.
    #[must_use]
    pub fn with_enter_as_newline(mut self) -> Self {
        for binding in &mut self.bindings {
            binding.action = match binding.action {
                Action::Send => Action::Newline,
                Action::Newline => Action::Send,
                other => other,
            };
        }
        self
    }

    /// What `key` means in `context`.
    #[must_use]
    pub fn lookup(&self, context: Context, key: Key) -> Option<Action> {
        let mut here = Some(context);
        while let Some(context) = here {
            let hit = self.bindings.iter().find(|binding| binding.context == context && binding.key == key);
            if let Some(binding) = hit {
                return Some(binding.action);
            }
            here = context.outer();
        }
        None
    }

    /// The keys of `action` in any context, most usual first.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> Vec<Key> {
        let mut keys = Vec::new();
        for binding in self.bindings.iter().filter(|binding| binding.action == action) {
            if !keys.contains(&binding.key) {
                keys.push(binding.key);
            }
        }
        keys
    }

    /// The key that means `action` in `context`, of several the most usual one of the narrowest context.
    #[must_use]
    pub fn key_in(&self, context: Context, action: Action) -> Option<Key> {
        let mut here = Some(context);
        while let Some(context) = here {
            let bound = |binding: &&Binding| binding.context == context && binding.action == action;
            if let Some(binding) = self.bindings.iter().find(bound) {
                return Some(binding.key);
            }
            here = context.outer();
        }
        None
    }

    /// The action of `key` pressed after the leader.
    #[must_use]
    pub fn leader(&self, key: Key) -> Option<Action> {
        self.leaders.iter().find(|(letter, _)| *letter == key).map(|(_, action)| *action)
    }

    /// The letter of `action` after the leader.
    #[must_use]
    pub fn leader_of(&self, action: Action) -> Option<Key> {
        self.leaders.iter().find(|(_, bound)| *bound == action).map(|(letter, _)| *letter)
    }

    /// Every binding, by context.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }
}

/// The bindings of `assets/keymap.toml`, in the order of its contexts.
fn defaults() -> Result<Vec<Binding>, Vec<KeyError>> {
    let broken = |message: String| vec![KeyError { action: String::new(), message }];
    let table: BTreeMap<String, BTreeMap<String, Vec<String>>> =
        toml::from_str(DEFAULTS).map_err(|error| broken(error.to_string()))?;
    let mut bindings = Vec::new();
    for context in Context::ALL {
        for (id, keys) in table.get(context.id()).into_iter().flatten() {
            let action = Action::from_id(id).ok_or_else(|| broken(format!("There is no action `{id}`.")))?;
            for text in keys {
                let key = parse_key(text).map_err(broken)?;
                bindings.push(Binding { context, key, action });
            }
        }
    }
    Ok(bindings)
}

/// A bindable key from its text form.
fn parse_key(text: &str) -> Result<Key, String> {
    let mut key: Key = text.parse().map_err(|_| {
        format!("`{text}` is not a key. A key reads like `ctrl-s`, `alt-enter`, `shift-up`, `f2`, `pgup` or `g`.")
    })?;
    if key.code == KeyCode::Tab && key.shift {
        key = Key { code: KeyCode::BackTab, shift: false, ..key };
    }
    if let KeyCode::Char(c) = key.code {
        if key.shift {
            return Err(format!("`{text}`: write a letter typed with Shift as the capital letter."));
        }
        if key.ctrl && c.is_uppercase() {
            return Err(format!("`{text}`: terminals cannot tell Ctrl+Shift+letter from Ctrl+letter."));
        }
        let same_as = match c {
            'h' => Some("Backspace"),
            'i' => Some("Tab"),
            'm' => Some("Enter"),
            '[' => Some("Esc"),
            _ => None,
        };
        if let Some(name) = same_as.filter(|_| key.ctrl) {
            return Err(format!("`{text}` cannot be bound: terminals send it for {name}."));
        }
    }
    if key == LEADER {
        return Err(format!("`{text}` alone cannot be bound: it is the leader. Write `ctrl-x` and a letter."));
    }
    Ok(key)
}

/// The letter of a leader sequence such as `ctrl-x l`.
fn leader_letter(text: &str, leader: &str, letter: &str) -> Result<Key, String> {
    if leader.parse::<Key>() != Ok(LEADER) {
        return Err(format!("`{text}`: a sequence starts with `ctrl-x`."));
    }
    let key = parse_key(letter)?;
    if key.typed().is_none() {
        return Err(format!("`{text}`: after `ctrl-x` comes a plain letter or sign."));
    }
    Ok(key)
}

/// Where `key` counts for `action`, see [`Keymap::resolve`].
fn bindings_of(defaults: &[Binding], action: Action, key: Key) -> Result<Vec<Binding>, String> {
    let own = || defaults.iter().filter(|binding| binding.action == action);
    let kept: Vec<Binding> = own().filter(|binding| binding.key == key).copied().collect();
    if !kept.is_empty() {
        return Ok(kept);
    }
    let home = own().next().map_or(Context::Global, |binding| binding.context);
    let context = if key.typed().is_none() {
        home
    } else if home == Context::Prompt {
        return Err(format!("`{key}` types itself in the prompt, so it cannot be bound to `{}`.", action.info().id));
    } else if own().any(|binding| binding.context == Context::Empty && binding.key.typed().is_some()) {
        Context::Empty
    } else {
        Context::Messages
    };
    Ok(vec![Binding { context, key, action }])
}

/// Keys that mean two things in one place; the error is laid on an action the person set.
fn conflicts(
    bindings: &[Binding],
    leaders: &[(Key, Action)],
    overrides: &BTreeMap<String, Vec<String>>,
) -> Vec<KeyError> {
    let mut errors = Vec::new();
    let mut clash = |first: Action, second: Action, key: String, place: &str| {
        let (set, other) = if overrides.contains_key(second.info().id) { (second, first) } else { (first, second) };
        errors.push(KeyError {
            action: set.info().id.to_owned(),
            message: format!(
                "`{key}` {place} is already `{}`; give `{}` or `{}` another key, or [] for none.",
                other.info().id,
                set.info().id,
                other.info().id
            ),
        });
    };
    for (at, binding) in bindings.iter().enumerate() {
        let twin =
            bindings[..at].iter().find(|earlier| earlier.context == binding.context && earlier.key == binding.key);
        if let Some(twin) = twin.filter(|twin| twin.action != binding.action) {
            clash(twin.action, binding.action, binding.key.to_string(), binding.context.label());
        }
    }
    for (at, (key, action)) in leaders.iter().enumerate() {
        let twin = leaders[..at].iter().find(|(earlier, _)| earlier == key);
        if let Some((_, twin)) = twin.filter(|(_, twin)| twin != action) {
            clash(*twin, *action, format!("ctrl-x {key}"), "everywhere");
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(list: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        list.iter().map(|(id, keys)| ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())).collect()
    }

    fn keymap(list: &[(&str, &[&str])]) -> Keymap {
        Keymap::resolve(&overrides(list)).expect("these keys are fine")
    }

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    #[test]
    fn every_action_can_be_reached_and_every_leader_letter_leads_to_its_action() {
        let keymap = keymap(&[]);
        for info in ACTIONS {
            let reachable = !keymap.keys_of(info.action).is_empty() || info.leader.is_some() || info.slash.is_some();
            assert!(reachable, "{} has no way in", info.id);
            if let Some(letter) = info.leader {
                assert_eq!(keymap.leader(key(letter)), Some(info.action));
                assert_eq!(keymap.leader_of(info.action), Some(key(letter)));
            }
            for bound in keymap.keys_of(info.action) {
                let found = Context::ALL.iter().any(|context| keymap.lookup(*context, bound) == Some(info.action));
                assert!(found, "{bound} does not lead to {}", info.id);
            }
        }
    }

    #[test]
    fn a_key_means_what_its_context_says_and_falls_back_outward() {
        let keymap = keymap(&[]);
        let cases = [
            (Context::Prompt, "enter", Some(Action::Send)),
            (Context::Empty, "enter", Some(Action::Send)),
            (Context::Messages, "enter", None),
            (Context::Empty, "ctrl-d", Some(Action::Quit)),
            (Context::Prompt, "ctrl-d", None),
            (Context::Empty, "?", Some(Action::Help)),
            (Context::Prompt, "?", None),
            (Context::Messages, "r", Some(Action::Again)),
            (Context::Messages, "G", Some(Action::End)),
            (Context::Empty, "end", Some(Action::End)),
            (Context::Prompt, "end", None),
            (Context::Messages, "pgup", Some(Action::PageUp)),
            (Context::Empty, "ctrl-q", Some(Action::Quit)),
            (Context::Prompt, "ctrl-7", Some(Action::PromptUndo)),
        ];
        for (context, text, action) in cases {
            assert_eq!(keymap.lookup(context, key(text)), action, "{text} {}", context.label());
        }
        assert_eq!(keymap.keys_of(Action::Quit), vec![key("ctrl-q"), key("ctrl-d")]);
    }

    #[test]
    fn own_keys_replace_the_defaults_and_an_empty_list_unbinds() {
        let keymap =
            keymap(&[("chats", &["alt-c", "ctrl-x z"]), ("model", &[]), ("quit", &["ctrl-d"]), ("again", &["a"])]);
        assert_eq!(keymap.keys_of(Action::Chats), vec![key("alt-c")]);
        assert_eq!(keymap.leader(key("z")), Some(Action::Chats));
        assert_eq!(keymap.leader(key("l")), None);
        assert_eq!((keymap.keys_of(Action::Model), keymap.leader(key("m"))), (vec![], None));
        assert_eq!(keymap.lookup(Context::Prompt, key("ctrl-d")), None, "a default key keeps its context");
        assert_eq!(keymap.lookup(Context::Messages, key("a")), Some(Action::Again));
        assert_eq!(keymap.lookup(Context::Prompt, key("a")), None, "letters type themselves");
    }

    #[test]
    fn two_actions_on_one_key_in_one_context_are_an_error() {
        let result = Keymap::resolve(&overrides(&[("help", &["ctrl-q"]), ("quit", &["ctrl-q"])]));
        let sentence = "`ctrl-q` everywhere is already `help`; give `quit` or `help` another key, or [] for none.";
        assert_eq!(result, Err(vec![sentence.to_owned()]));
        assert!(Keymap::resolve(&overrides(&[("new", &["ctrl-s"])])).is_err());
        assert!(Keymap::resolve(&overrides(&[("new", &["ctrl-x l"])])).is_err());
        assert!(Keymap::resolve(&overrides(&[("new", &["ctrl-s"]), ("chats", &["alt-s"])])).is_ok());
    }

    #[test]
    fn keys_that_terminals_cannot_tell_apart_are_refused() {
        for text in
            ["ctrl-h", "ctrl-i", "ctrl-m", "ctrl-[", "ctrl-x", "ctrl-S", "shift-a", "hyper-a", "", "ctrl-x ctrl-s"]
        {
            assert!(Keymap::resolve(&overrides(&[("new", &[text])])).is_err(), "{text} was taken");
        }
        assert!(Keymap::resolve(&overrides(&[("send", &["x"])])).is_err());
        assert!(Keymap::resolve(&overrides(&[("sned", &["f5"])])).is_err());
    }

    #[test]
    fn enter_can_make_a_new_line() {
        let keymap = keymap(&[]).with_enter_as_newline();
        assert_eq!(keymap.lookup(Context::Prompt, key("enter")), Some(Action::Newline));
        assert_eq!(keymap.keys_of(Action::Send).first(), Some(&key("ctrl-j")));
    }
}
