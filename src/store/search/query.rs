//! What a person types into the search box, as the search understands it: words, "phrases", beginnings*, -exclusions and
//! `name:value` filters. Pure.

use std::ops::Range;

use super::index::has_code;
use super::words::{Word, folded, words};

/// Letters of a word that is still being typed up to which it is a short one.
const SHORT: usize = 4;

/// A word, a beginning of one, or several right after each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The words, without case and accents, in order.
    words: Vec<String>,
    /// The identifier that they are the parts of.
    whole: Option<String>,
    /// The last word may go on.
    is_prefix: bool,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A person.
    User,
    /// A model.
    Assistant,
    /// A tool.
    Tool,
}

impl Role {
    /// Its name in the history and in the index.
    fn mark(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// Which chats are looked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Those in use.
    #[default]
    Chats,
    /// Those put out of the way.
    Archive,
    /// Those deleted.
    Trash,
}

/// A query, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What must be there.
    pub terms: Vec<Term>,
    /// What must not.
    pub excluded: Vec<Term>,
    /// Parts of the model's name, each of which must be in it.
    pub models: Vec<String>,
    /// Parts of the provider's name, each of which must be in it.
    pub providers: Vec<String>,
    /// Tags the chat must have, or beginnings of them.
    pub tags: Vec<String>,
    /// Who said it.
    pub role: Option<Role>,
    /// Not older than this, milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// With code in it.
    pub has_code: bool,
    /// Of a chat in which tools were called.
    pub has_tools: bool,
    /// Only pinned chats.
    pub is_pinned: bool,
    /// Which chats.
    pub place: Place,
    /// Filters whose value means nothing, as they were written.
    pub unknown: Vec<String>,
}

/// The names of the filters.
const FILTERS: [&str; 8] = ["model", "provider", "since", "tag", "role", "has", "in", "is"];

impl Query {
    /// Takes a query apart. `now_ms` is what `since:` counts from, `day_start_ms` when the person's day began, both in
    /// milliseconds since 1970 UTC; `date_start` gives the same for a day of the calendar, where it is one.
    #[must_use]
    pub fn parse(text: &str, now: &Now<'_>) -> Self {
        let mut query = Self::default();
        let pieces = pieces(text);
        let count = pieces.len();
        for (at, piece) in pieces.into_iter().enumerate() {
            let is_last = at + 1 == count && !text.ends_with(char::is_whitespace);
            if piece.is_quoted || !query.take_filter(&piece.text, now) {
                query.take_words(&piece, is_last);
            }
        }
        query
    }

    fn take_words(&mut self, piece: &Piece, is_last: bool) {
        let is_marked = piece.text.ends_with('*');
        // Inside quotes what stands there is meant; outside, the last word is still being typed.
        let is_prefix = is_marked || (is_last && !piece.is_quoted && !piece.is_excluded);
        let found = words(&piece.text);
        let is_single_last = found.last().is_some_and(|word| word.is_single);
        if found.is_empty() {
            return;
        }
        let is_identifier = found.len() > 1 && found[1..].iter().all(|word| word.is_part);
        let whole = is_identifier.then(|| found.iter().map(|word| word.text.as_str()).collect());
        let term = Term {
            words: found.into_iter().map(|word| word.text).collect(),
            whole,
            is_prefix: is_prefix && !is_single_last,
        };
        if piece.is_excluded { self.excluded.push(term) } else { self.terms.push(term) }
    }

    /// `false` when it is no filter but words.
    fn take_filter(&mut self, text: &str, now: &Now<'_>) -> bool {
        let Some((name, value)) = text.split_once(':') else { return false };
        let value = folded(value.trim_matches('"'));
        let mut is_known = true;
        match name {
            _ if !FILTERS.contains(&name) => return false,
            // Still being typed.
            _ if value.is_empty() => {}
            "model" => self.models.push(value),
            "provider" => self.providers.push(value),
            "tag" => self.tags.push(value.trim_start_matches('#').to_owned()),
            "since" => {
                self.since_ms = now.since(&value);
                is_known = self.since_ms.is_some();
            }
            "role" => match value.as_str() {
                "user" | "me" | "question" => self.role = Some(Role::User),
                "assistant" | "model" | "answer" => self.role = Some(Role::Assistant),
                "tool" => self.role = Some(Role::Tool),
                _ => is_known = false,
            },
            "has" => match value.as_str() {
                "code" => self.has_code = true,
                "tool" | "tools" => self.has_tools = true,
                _ => is_known = false,
            },
            "in" => match value.as_str() {
                "archive" => self.place = Place::Archive,
                "trash" => self.place = Place::Trash,
                _ => is_known = false,
            },
            _ => match value.as_str() {
                "pinned" => self.is_pinned = true,
                "archived" => self.place = Place::Archive,
                "deleted" => self.place = Place::Trash,
                _ => is_known = false,
            },
        }
        if !is_known {
            self.unknown.push(text.to_owned());
        }
        true
    }

    /// Whether it asks for words or other things of messages, not only of chats.
    #[must_use]
    pub fn looks_into_messages(&self) -> bool {
        !self.terms.is_empty() || self.role.is_some() || self.has_code
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In the words of the search index; `None` when nothing is looked for in messages.
    pub(in crate::store) fn expression(&self) -> Option<String> {
        let mut parts: Vec<String> = self.terms.iter().map(Term::expression).collect();
        let role = self.role.map(Role::mark);
        parts.extend(role.into_iter().chain(self.has_code.then_some("code")).map(|mark| format!("marks : {mark}")));
        if parts.is_empty() {
            return None;
        }
        let mut out = parts.join(" AND ");
        for term in &self.excluded {
            out = format!("({out}) NOT {}", term.expression());
        }
        Some(out)
    }

    /// A query for each of its words, under the same filters; none where more is asked of a message than words.
    pub(in crate::store) fn words_apart(&self) -> Vec<Self> {
        if self.role.is_some() || self.has_code {
            return Vec::new();
        }
        self.terms.iter().map(|term| Self { terms: vec![term.clone()], ..self.clone() }).collect()
    }

    /// A query for one whole word of the index.
    pub(in crate::store) fn of_word(word: &str) -> Self {
        let term = Term { words: vec![word.to_owned()], whole: None, is_prefix: false };
        Self { terms: vec![term], ..Self::default() }
    }

    /// The one word, if one is all that is looked for in messages.
    pub(in crate::store) fn lone_word(&self) -> Option<&str> {
        match self.terms.as_slice() {
            [Term { words, .. }] if words.len() == 1 => words.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether a word is looked for of which only a few letters are known: the index would gather all that begins so.
    pub(in crate::store) fn has_short_prefix(&self) -> bool {
        self.terms.iter().any(Term::is_short_prefix)
    }

    /// What the index can be asked without them; `None` when nothing is left.
    pub(in crate::store) fn expression_without_short_prefixes(&self) -> Option<String> {
        let terms: Vec<Term> = self.terms.iter().filter_map(Term::without_short_prefix).collect();
        if terms.is_empty() { None } else { Self { terms, ..self.clone() }.expression() }
    }

    /// Whether this text has all terms and none that is excluded.
    #[must_use]
    pub(in crate::store) fn is_in(&self, text: &str) -> bool {
        !self.terms.is_empty() && self.agrees_with(text)
    }

    fn agrees_with(&self, text: &str) -> bool {
        let is_ascii = text.is_ascii();
        let mut split = None;
        let mut has = |term: &Term| match if is_ascii { term.first_in_ascii(text) } else { First::Unknown } {
            First::At(_) => true,
            First::Nowhere => false,
            First::Unknown => {
                let words: &Vec<Word> = split.get_or_insert_with(|| words(text));
                !term.find(words).is_empty()
            }
        };
        self.terms.iter().all(&mut has) && !self.excluded.iter().any(has)
    }

    /// Whether a message of this role with this text is met.
    #[must_use]
    pub(in crate::store) fn is_met_by(&self, role: &str, text: &str) -> bool {
        self.role.is_none_or(|wanted| wanted.mark() == role)
            && (!self.has_code || has_code(role, text))
            && self.agrees_with(text)
    }

    /// Where the first hit in this text begins.
    pub(super) fn first_hit(&self, text: &str) -> Option<usize> {
        let mut first: Option<usize> = None;
        for term in &self.terms {
            match if text.is_ascii() { term.first_in_ascii(text) } else { First::Unknown } {
                First::At(at) => first = Some(first.map_or(at, |first| first.min(at))),
                First::Nowhere => {}
                First::Unknown => return self.hits(text).first().map(|range| range.start),
            }
        }
        first
    }

    /// The bytes of each hit in this text, in order, without overlaps.
    #[must_use]
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        let found = words(text);
        let mut hits: Vec<Range<usize>> = self.terms.iter().flat_map(|term| term.find(&found)).collect();
        hits.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        hits.retain(|range| {
            let is_free = range.start >= end;
            if is_free {
                end = range.end;
            }
            is_free
        });
        hits
    }

    /// The bytes of every single word of the query in this text: what is marked where lines cut phrases in two.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let found = words(text);
        let is_wanted = |word: &Word| {
            self.terms.iter().any(|term| {
                let last = term.words.len() - 1;
                let is_one = |(at, wanted): (usize, &String)| {
                    *wanted == word.text || (at == last && term.is_prefix && word.text.starts_with(wanted))
                };
                term.words.iter().enumerate().any(is_one)
            })
        };
        let mut marks = self.hits(text);
        if self.terms.iter().any(|term| term.words.len() > 1) && marks.is_empty() {
            marks = found.into_iter().filter(is_wanted).map(|word| word.range).collect();
        }
        marks
    }
}

/// Where a term first stands in a text.
enum First {
    At(usize),
    Nowhere,
    /// All of the text must be looked at.
    Unknown,
}

impl Term {
    fn expression(&self) -> String {
        let star = if self.is_prefix { " *" } else { "" };
        let words = self.words.join(" ");
        match &self.whole {
            Some(whole) => format!("(text : \"{words}\"{star} OR {{text whole}} : \"{whole}\"{star})"),
            None if self.words.len() == 1 => format!("{{text whole}} : \"{words}\"{star}"),
            None => format!("text : \"{words}\"{star}"),
        }
    }

    /// Whether its last word is one of which only a few letters are known.
    fn is_short_prefix(&self) -> bool {
        self.is_prefix && self.words.last().is_some_and(|word| word.chars().count() <= SHORT)
    }

    /// What of it is sure to be in a text that has it; `None` when that is nothing.
    fn without_short_prefix(&self) -> Option<Self> {
        if !self.is_short_prefix() {
            return Some(self.clone());
        }
        let (_, before) = self.words.split_last()?;
        // An identifier may be written in one word.
        let is_sure = !before.is_empty() && self.whole.is_none();
        is_sure.then(|| Self { words: before.to_vec(), whole: None, is_prefix: false })
    }

    /// Where it first stands in a text of ASCII, as far as that is told by looking at little of the text.
    fn first_in_ascii(&self, text: &str) -> First {
        let Some((first, rest)) = self.words.split_first() else { return First::Unknown };
        let mut places = places(text, first).peekable();
        if places.peek().is_none() {
            return First::Nowhere;
        }
        if !rest.is_empty() {
            return First::Unknown;
        }
        let bytes = text.as_bytes();
        let is_of_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let mut seen = 0;
        let found = places.find_map(|at| {
            if at < seen {
                return None;
            }
            if at > 0 && is_of_word(at - 1) && !bytes[at].is_ascii_uppercase() {
                return None;
            }
            // What stands between gaps is split as if it stood alone.
            let from = (0..at).rev().find(|before| !is_of_word(*before)).map_or(0, |gap| gap + 1);
            let to = (at..bytes.len()).find(|after| !is_of_word(*after)).unwrap_or(bytes.len());
            seen = to;
            self.find(&words(&text[from..to])).first().map(|range| from + range.start)
        });
        found.map_or(First::Nowhere, First::At)
    }

    /// The bytes of each place where it stands among these words.
    fn find(&self, text: &[Word]) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        for at in 0..text.len() {
            if let Some(end) = self.ends(&text[at..]).or_else(|| self.ends_whole(&text[at..])) {
                hits.push(text[at].range.start..text[at + end - 1].range.end);
            }
        }
        hits
    }

    /// How many words from the first on are this term.
    fn ends(&self, text: &[Word]) -> Option<usize> {
        let count = self.words.len();
        let last = count - 1;
        let is_here = text.len() >= count
            && self.words.iter().zip(text).enumerate().all(|(at, (wanted, word))| {
                word.text == *wanted || (at == last && self.is_prefix && word.text.starts_with(wanted.as_str()))
            });
        is_here.then_some(count)
    }

    /// The same where one is written in parts and the other in one word.
    fn ends_whole(&self, text: &[Word]) -> Option<usize> {
        let wanted = self.whole.as_ref().or(if self.words.len() == 1 { self.words.first() } else { None })?;
        let is_wanted =
            |word: &str| if self.is_prefix { word.starts_with(wanted.as_str()) } else { word == wanted.as_str() };
        let first = text.first()?;
        // The word may be a part of a longer identifier.
        if self.whole.is_some() && is_wanted(&first.text) {
            return Some(1);
        }
        if first.is_part {
            return None;
        }
        let parts = 1 + text.iter().skip(1).take_while(|word| word.is_part).count();
        if parts == 1 {
            return None;
        }
        let mut whole = String::new();
        for word in &text[..parts] {
            whole.push_str(&word.text);
        }
        is_wanted(&whole).then_some(parts)
    }
}

/// Where these letters stand, in either case.
fn places<'a>(text: &'a str, letters: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    let letters = letters.as_bytes();
    let first = letters.first().copied().unwrap_or(0);
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes)
        .filter(move |at| bytes.get(*at..at + letters.len()).is_some_and(|part| part.eq_ignore_ascii_case(letters)))
}

/// The present, as `since:` needs it.
pub struct Now<'a> {
    /// Milliseconds since 1970 UTC.
    pub unix_ms: i64,
    /// When the person's day began, so many days ago, in milliseconds since 1970 UTC.
    pub day_start: &'a dyn Fn(i64) -> Option<i64>,
    /// When this day of the calendar (`2026-11-26`) began there.
    pub date_start: &'a dyn Fn(&str) -> Option<i64>,
}

impl Now<'_> {
    /// `today`, `yesterday`, `week`, `month`, `year`, `12h`, `7d`, `2w`, `3m`, `1y`, or a date.
    fn since(&self, value: &str) -> Option<i64> {
        const HOUR: i64 = 3_600_000;
        let days = |count: i64| (self.day_start)(count);
        match value {
            "today" => return days(0),
            "yesterday" => return days(1),
            "week" => return days(7),
            "month" => return days(31),
            "year" => return days(366),
            _ => {}
        }
        let unit = value.chars().last()?;
        if let Some(count) = value.strip_suffix(unit).and_then(|count| count.parse::<i64>().ok()) {
            let count = count.clamp(0, 100_000);
            match unit {
                'h' => return Some(self.unix_ms - count * HOUR),
                'd' => return days(count),
                'w' => return days(count * 7),
                'm' => return days(count * 31),
                'y' => return days(count * 366),
                _ => {}
            }
        }
        (self.date_start)(value)
    }
}

struct Piece {
    text: String,
    is_quoted: bool,
    is_excluded: bool,
}

/// Words and quoted phrases; a quotation that is not closed yet ends with the text.
fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let after = rest.strip_prefix('-').filter(|after| !after.is_empty() && !after.starts_with(char::is_whitespace));
        let is_excluded = after.is_some();
        let body = after.unwrap_or(rest);
        if let Some(quoted) = body.strip_prefix(['"', '“', '”']) {
            let end = quoted.find(['"', '“', '”']).unwrap_or(quoted.len());
            out.push(Piece { text: quoted[..end].to_owned(), is_quoted: true, is_excluded });
            rest = quoted[end..].trim_start_matches(['"', '“', '”']).trim_start();
        } else {
            let end = body.find(char::is_whitespace).unwrap_or(body.len());
            out.push(Piece { text: body[..end].to_owned(), is_quoted: false, is_excluded });
            rest = body[end..].trim_start();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn parse(text: &str) -> Query {
        let now = Now {
            unix_ms: 100 * DAY + 5,
            day_start: &|days| Some((100 - days) * DAY),
            date_start: &|date| (date == "2026-01-31").then_some(7),
        };
        Query::parse(text, &now)
    }

    fn expression(text: &str) -> String {
        parse(text).expression().unwrap_or_default()
    }

    #[test]
    fn hits_in_one_very_long_word_take_no_time_each() {
        let began = std::time::Instant::now();
        assert_eq!(parse("a ").hits(&"aA".repeat(100_000)).first(), Some(&(0..1)));
        let text = "KXab".repeat(50_000) + " kx";
        assert_eq!(parse("kx ").hits(&text).last(), Some(&(text.len() - 2..text.len())));
        let capitals = "KX".repeat(50_000) + " kx";
        assert_eq!(parse("kx ").first_hit(&capitals), Some(capitals.len() - 2));
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn the_last_word_is_still_being_typed_until_a_blank_follows() {
        assert_eq!(expression("Tent wat"), "{text whole} : \"tent\" AND {text whole} : \"wat\" *");
        assert_eq!(expression("wat "), "{text whole} : \"wat\"");
        assert_eq!(expression("wat* "), "{text whole} : \"wat\" *");
        assert!(parse("tent wat").has_short_prefix() && !parse("tent water").has_short_prefix());
        assert_eq!(parse("wat").expression_without_short_prefixes(), None);
        let without = parse("tent read_f").expression_without_short_prefixes();
        assert_eq!(without.as_deref(), Some("{text whole} : \"tent\" AND {text whole} : \"read\""));
    }

    #[test]
    fn phrases_identifiers_and_single_characters_are_words_in_a_row() {
        assert_eq!(expression("\"four season tent\""), "text : \"four season tent\"");
        assert_eq!(expression("max_rounds "), "text : \"max rounds\"");
        assert_eq!(expression("readFile "), "(text : \"read file\" OR {text whole} : \"readfile\")");
        assert_eq!(expression("寝袋"), "text : \"寝 袋\"");
        assert_eq!(expression("an \"open quot"), "{text whole} : \"an\" AND text : \"open quot\"");
    }

    #[test]
    fn exclusions_and_filters_are_told_from_words() {
        assert_eq!(expression("tent -winter "), "({text whole} : \"tent\") NOT {text whole} : \"winter\"");
        let query =
            parse("model:GPT-4o provider:openai tag:#work role:me has:code has:tool in:trash is:pinned since:7d");
        let wanted = Query {
            models: vec!["gpt-4o".to_owned()],
            providers: vec!["openai".to_owned()],
            tags: vec!["work".to_owned()],
            role: Some(Role::User),
            since_ms: Some(93 * DAY),
            has_code: true,
            has_tools: true,
            is_pinned: true,
            place: Place::Trash,
            ..Query::default()
        };
        assert_eq!(query, wanted);
        assert_eq!(query.expression().as_deref(), Some("marks : user AND marks : code"));
        assert_eq!(parse("since:2026-01-31").since_ms, Some(7));
        assert_eq!(parse("since:soon has:cake").unknown, ["since:soon", "has:cake"]);
        assert_eq!(parse("https://x.org model:").terms.len(), 1);
    }

    #[test]
    fn nothing_typed_can_be_taken_for_the_index_s_own_words() {
        for text in ["AND", "NOT OR", "NEAR(a b)", "\"", "-", "*", "()", "text:x", "a\" OR \"b", "-\"", "^a"] {
            let expression = expression(text);
            assert!(expression.is_empty() || expression.contains('"'), "{text}: {expression}");
        }
    }

    #[test]
    fn hits_name_the_bytes_also_of_identifiers_in_parts() {
        let marked = |query: &str, text: &str| {
            parse(query).hits(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked("tent", "A Tent, two tents"), ["Tent", "tents"]);
        assert_eq!(marked("tent ", "A Tent, two tents"), ["Tent"]);
        assert_eq!(marked("readfile ", "call readFile now"), ["readFile"]);
        assert_eq!(marked("readFile ", "read file and readfile"), ["read file", "readfile"]);
        assert_eq!(marked("readFile ", "readfileTent and myReadfile, not readfiles"), ["readfile", "Readfile"]);
        assert_eq!(marked("creme", "Crème brûlée"), ["Crème"]);
        assert_eq!(marked("寝袋", "この寝袋は"), ["寝袋"]);
    }
}
