//! What a question asks for, read by simple rules: categories, a price limit, stock, product ids, totals. Pure.

/// A category with the words people use for it; the first is the one the tools know.
const CATEGORIES: [&[&str]; 10] = [
    &["tent", "tents", "tarp", "tarps", "shelter"],
    &["sleeping bag", "sleeping bags", "bags"],
    &["backpack", "backpacks", "rucksack", "rucksacks", "daypack", "packs"],
    &["boots", "boot", "shoes", "footwear"],
    &["jacket", "jackets", "shell", "fleece"],
    &["stove", "stoves", "burner", "cooker"],
    &["headlamp", "headlamps", "head torch", "lamps"],
    &["sleeping pad", "sleeping pads", "sleeping mat", "sleeping mats", "pads"],
    &["water filter", "water filters", "filters"],
    &["trekking poles", "trekking pole", "hiking poles", "poles"],
];

/// A highest price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    /// In dollars.
    pub(super) dollars: f64,
    /// The price itself counts too (`up to`), or not (`under`).
    pub(super) is_inclusive: bool,
}

/// What was understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    /// In lower case.
    pub(super) text: String,
    /// In order of mention.
    pub(super) categories: Vec<&'static str>,
    pub(super) limit: Option<Limit>,
    pub(super) wants_stock: bool,
    /// Product ids, with repetitions.
    pub(super) ids: Vec<String>,
    pub(super) discount: Option<f64>,
    pub(super) wants_total: bool,
}

impl Question {
    /// Reads a question.
    pub(super) fn read(text: &str) -> Self {
        let lower = text.to_lowercase();
        let discount = discount(&lower);
        Self {
            categories: categories(&lower),
            limit: limit(&lower),
            wants_stock: has_any(&lower, &["in stock", "available", "on stock", "have now", "can i buy"]),
            ids: ids(text),
            wants_total: discount.is_some()
                || has_any(&lower, &["total", "together", "altogether", "add up", "sum", "cost in all", "both cost"]),
            discount,
            text: lower,
        }
    }

    /// Whether it asks what the shop has, rather than for advice.
    pub(super) fn is_about_goods(&self) -> bool {
        self.limit.is_some()
            || self.wants_stock
            || self.wants_total
            || has_any(
                &self.text,
                &[
                    "compare",
                    "cheapest",
                    "lightest",
                    "do you have",
                    "show me",
                    "show all",
                    "list ",
                    "sell",
                    "price",
                    "how much",
                    "which ",
                    "buy",
                    "offer",
                ],
            )
    }
}

/// Whether one of the phrases occurs, at the start of a word.
pub(super) fn has_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| find_word(text, phrase).is_some())
}

/// Where the phrase begins at the start of a word.
fn find_word(text: &str, phrase: &str) -> Option<usize> {
    text.match_indices(phrase)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric))
}

fn categories(text: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for words in CATEGORIES {
        let hit = words
            .iter()
            .filter_map(|word| {
                let at = find_word(text, word)?;
                let after = text[at + word.len()..].chars().next();
                (!after.is_some_and(char::is_alphanumeric)).then_some((at, word.len()))
            })
            .min_by_key(|(at, length)| (*at, usize::MAX - *length));
        if let Some((at, length)) = hit {
            found.push((at, length, words[0]));
        }
    }
    found.sort_unstable();
    // `bags` inside of `sleeping bags`, `pads` inside of `sleeping pads`: the longer words win.
    let mut kept: Vec<(usize, usize, &'static str)> = Vec::new();
    for (at, length, name) in found {
        if kept.last().is_none_or(|(before, size, _)| at >= before + size) {
            kept.push((at, length, name));
        }
    }
    kept.into_iter().map(|(_, _, name)| name).collect()
}

/// The number after words such as `under`, or before `dollars or less`.
fn limit(text: &str) -> Option<Limit> {
    let phrases = [
        ("under", false),
        ("below", false),
        ("less than", false),
        ("cheaper than", false),
        ("up to", true),
        ("at most", true),
        ("no more than", true),
        ("not more than", true),
        ("maximum of", true),
        ("max", true),
        ("within", true),
        ("for", true),
    ];
    for (phrase, is_inclusive) in phrases {
        if let Some(at) = find_word(text, phrase) {
            let rest = text[at + phrase.len()..].trim_start();
            let is_money = rest.starts_with('$') || phrase != "for";
            if let Some(dollars) = leading_number(rest.trim_start_matches('$').trim_start()).filter(|_| is_money) {
                return Some(Limit { dollars, is_inclusive });
            }
        }
    }
    None
}

fn leading_number(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let digits = text[..end].trim_end_matches(['.', ',']).replace(',', "");
    digits.parse().ok().filter(|number| *number > 0.0)
}

/// `10 percent off`, `15% discount`.
fn discount(text: &str) -> Option<f64> {
    let at = text.find('%').or_else(|| find_word(text, "percent"))?;
    let before = text[..at].trim_end();
    let start = before.rfind(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(0, |at| at + 1);
    before[start..].parse().ok().filter(|percent| (0.0..=100.0).contains(percent))
}

/// `P001`, in any case, as often as it is named.
fn ids(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            word.len() == 4 && word.starts_with(['P', 'p']) && word[1..].bytes().all(|byte| byte.is_ascii_digit())
        })
        .map(str::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_come_in_order_of_mention_and_longer_words_win() {
        let read = |text: &str| Question::read(text).categories;
        assert_eq!(read("Compare all tents and sleeping bags under $300"), ["tent", "sleeping bag"]);
        assert_eq!(read("Sleeping pads or a stove?"), ["sleeping pad", "stove"]);
        assert_eq!(read("What is your intention?"), Vec::<&str>::new());
    }

    #[test]
    fn limits_discounts_and_ids() {
        let limit = |text: &str| Question::read(text).limit.map(|limit| (limit.dollars, limit.is_inclusive));
        assert_eq!(limit("tents under $250 in stock"), Some((250.0, false)));
        assert_eq!(limit("boots cheaper than 99.50 dollars"), Some((99.5, false)));
        assert_eq!(limit("stoves up to $1,000"), Some((1000.0, true)));
        assert_eq!(limit("a tent for 2 people"), None);
        let total = Question::read("What do P001 and p014, P014 cost with 10 percent off?");
        assert_eq!((total.ids.len(), total.discount, total.wants_total), (3, Some(10.0), true));
    }
}
