//! Advice that needs no tool: a page for each topic, found by its words. Pure.

use super::question::has_any;

/// Words that find a page; the first page with a hit answers.
const PAGES: [(&[&str], &str); 12] = [
    (&["layer", "what to wear", "clothing system"], include_str!("../../../assets/advice/layers.md")),
    (
        &["weekend", "overnight", "packing list", "two days", "two-day"],
        include_str!("../../../assets/advice/weekend.md"),
    ),
    (&["day hike", "day hiking", "day trip", "essential"], include_str!("../../../assets/advice/day_hike.md")),
    (&["wash", "clean", "care", "store my", "maintain", "repair"], include_str!("../../../assets/advice/care.md")),
    (&["navigat", "map", "compass", "lost", "gps"], include_str!("../../../assets/advice/navigation.md")),
    (&["safe", "emergency", "first aid", "danger", "thunder"], include_str!("../../../assets/advice/safety.md")),
    (&["water", "drink"], include_str!("../../../assets/advice/water.md")),
    (&["sleeping bag", "sleeping-bag", "rating"], include_str!("../../../assets/advice/sleeping_bags.md")),
    (&["backpack", "rucksack", "hiking pack"], include_str!("../../../assets/advice/backpack.md")),
    (&["boot", "shoe", "blister"], include_str!("../../../assets/advice/boots.md")),
    (&["stove", "cook", "fuel"], include_str!("../../../assets/advice/stoves.md")),
    (&["tent"], include_str!("../../../assets/advice/tents.md")),
];

/// The page that answers this question in lower case.
pub(super) fn find(question: &str) -> Option<&'static str> {
    PAGES.iter().find(|(words, _)| has_any(question, words)).map(|(_, page)| page.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_found_and_long_enough_to_be_stopped() {
        for (question, title) in [
            ("explain the three-layer clothing system", "three-layer"),
            ("what gear do i need for a weekend hike?", "weekend hike"),
            ("list 5 essential items for day hiking", "Five essentials"),
            ("what are the key features of a hiking backpack?", "backpack"),
            ("which season is a tent for?", "Tents by season"),
        ] {
            let page = find(question).unwrap();
            assert!(page.lines().next().unwrap().contains(title), "{question}");
        }
        for (_, page) in PAGES {
            assert!(page.split_whitespace().count() >= 120, "{page}");
        }
        assert_eq!(find("what is the capital of france?"), None);
    }
}
