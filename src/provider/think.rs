//! Reasoning inside the answer's text: `<think>…</think>` or a tag like it at the very start of the content, tags possibly
//! cut anywhere. Later in the text the tags are only text.

use crate::chat::Delta;

/// The tags that models are trained to think in.
const TAGS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thought>", "</thought>"), ("<seed:think>", "</seed:think>")];

/// Blanks around an opening tag beyond which the text is only text.
const MAX_HELD_BYTES: usize = 1024;

#[derive(Clone, Debug, Default)]
enum State {
    /// Nothing but blanks and an opening tag, or its beginning, so far.
    #[default]
    Start,
    Inside,
    /// Behind the closing tag, before the answer's first visible character.
    Closed,
    Text,
}

/// Tells reasoning from text.
#[derive(Clone, Debug, Default)]
pub(super) struct ThinkSplitter {
    state: State,
    held: String,
    /// The closing tag.
    close: &'static str,
}

impl ThinkSplitter {
    /// Takes more of the text. `apart` is the reasoning that came apart from it so far: what stands between tags and is
    /// something else is text that a person asked for.
    pub(super) fn push(&mut self, text: &str, apart: &str, out: &mut Vec<Delta>) {
        self.held.push_str(text);
        loop {
            match self.state {
                State::Start => {
                    let seen = self.held.trim_start();
                    let opened =
                        TAGS.iter().find_map(|(open, close)| Some((seen.strip_prefix(open)?.trim_start(), *close)));
                    match opened {
                        Some((inside, close)) if !inside.is_empty() && is_repeated(inside, close, apart) => {
                            self.close = close;
                            self.held = inside.to_owned();
                            self.state = State::Inside;
                        }
                        Some((inside, _)) if !inside.is_empty() => self.state = State::Text,
                        _ if self.held.len() > MAX_HELD_BYTES => self.state = State::Text,
                        Some(_) => return,
                        None if TAGS.iter().any(|(open, _)| open.starts_with(seen)) => return,
                        None => self.state = State::Text,
                    }
                }
                State::Closed => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        return;
                    }
                    self.state = State::Text;
                }
                State::Inside => {
                    if let Some((inside, after)) = self.held.split_once(self.close) {
                        if !inside.is_empty() {
                            out.push(Delta::Reasoning(inside.to_owned()));
                        }
                        self.held = after.to_owned();
                        self.state = State::Closed;
                    } else {
                        let sure = self.held.len() - cut_tag_length(&self.held, self.close);
                        let rest = self.held.split_off(sure);
                        let inside = std::mem::replace(&mut self.held, rest);
                        if !inside.is_empty() {
                            out.push(Delta::Reasoning(inside));
                        }
                        return;
                    }
                }
                State::Text => {
                    if !self.held.is_empty() {
                        out.push(Delta::Text(std::mem::take(&mut self.held)));
                    }
                    return;
                }
            }
        }
    }

    /// Gives out what was held back for a tag that did not come.
    pub(super) fn finish(&mut self, out: &mut Vec<Delta>) {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return;
        }
        out.push(match self.state {
            State::Inside => Delta::Reasoning(held),
            State::Start | State::Closed | State::Text => Delta::Text(held),
        });
    }
}

/// Whether what begins between tags is the reasoning that came apart, or none came.
fn is_repeated(inside: &str, close: &str, apart: &str) -> bool {
    let (inside, apart) = (inside.split(close).next().unwrap_or_default().trim_end(), apart.trim_start());
    apart.is_empty() || inside.starts_with(apart.trim_end()) || apart.starts_with(inside)
}

/// Bytes at the end of `text` that may be the beginning of the closing tag.
fn cut_tag_length(text: &str, close: &str) -> usize {
    (1..close.len()).rev().find(|length| text.ends_with(&close[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, cut: usize) -> (String, String) {
        let mut splitter = ThinkSplitter::default();
        let mut out = Vec::new();
        for (at, _) in text.char_indices().step_by(cut) {
            let end = text[at..].char_indices().nth(cut).map_or(text.len(), |(next, _)| at + next);
            splitter.push(&text[at..end], "", &mut out);
        }
        splitter.finish(&mut out);
        out.into_iter().fold((String::new(), String::new()), |(reasoning, text), delta| match delta {
            Delta::Reasoning(more) => (reasoning + &more, text),
            Delta::Text(more) => (reasoning, text + &more),
            _ => (reasoning, text),
        })
    }

    #[test]
    fn tags_cut_anywhere_are_found_at_the_start_only() {
        for cut in 1..30 {
            let check = |text: &str, reasoning: &str, answer: &str| {
                assert_eq!(split(text, cut), (reasoning.to_owned(), answer.to_owned()), "{text:?} cut by {cut}");
            };
            check("\n<think>\na </thin b</think>\n\nc <think>d</think>", "a </thin b", "c <think>d</think>");
            check("a <think>b</think>", "", "a <think>b</think>");
            check("<thin", "", "<thin");
            check("<think>open é", "open é", "");
            check("<think></think>x", "", "x");
            check("<thought>a</think>b</thought>c", "a</think>b", "c");
            check("<thumb>a", "", "<thumb>a");
            check("<think> ", "", "<think> ");
        }
    }

    #[test]
    fn tags_that_hold_something_else_than_what_came_apart_are_text() {
        let read = |apart: &str| {
            let (mut splitter, mut out) = (ThinkSplitter::default(), Vec::new());
            splitter.push("<think>a", apart, &mut out);
            splitter.push("b</think> c", apart, &mut out);
            splitter.finish(&mut out);
            out
        };
        let text = |text: &str| Delta::Text(text.to_owned());
        let thought = |text: &str| Delta::Reasoning(text.to_owned());
        assert_eq!(read("Repeat it."), [text("<think>a"), text("b</think> c")]);
        assert_eq!(read("ab"), [thought("a"), thought("b"), text("c")]);
    }
}
