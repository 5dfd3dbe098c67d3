//! The page of `riffle serve`, as far as it can be judged without a browser. In headless Chromium it is tried by
//! `tests/browser/run`, for which `.ci/run` installs what is needed.

const INDEX: &str = include_str!("../../assets/page/index.html");
const STYLE: &str = include_str!("../../assets/page/page.css");
const SCRIPT: &str = include_str!("../../assets/page/page.js");

fn words_of<'a>(text: &str, forbidden: &[&'a str]) -> Vec<&'a str> {
    forbidden.iter().filter(|word| text.contains(**word)).copied().collect()
}

#[test]
fn the_page_fetches_nothing_from_elsewhere_and_makes_no_markup_of_what_it_is_told() {
    println!("left out: the page in a browser, which tests/browser/run tries");
    let none: Vec<&str> = Vec::new();
    assert_eq!(words_of(INDEX, &["//", "<style", "style=", "<iframe", "<base", "<img", " onload", " onclick"]), none);
    assert_eq!(
        INDEX.matches("<script").count(),
        INDEX.matches("<script type=\"module\" src=\"/page.js\"></script>").count()
    );
    assert_eq!(words_of(STYLE, &["url(", "@import", "//"]), none);
    let markup =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTML", "document.write", "createContextualFragment"];
    assert_eq!(words_of(SCRIPT, &markup), none);
    assert_eq!(words_of(SCRIPT, &["eval(", "new Function", "DOMParser", "import ", "import(", "http://"]), none);
    let ways = ["fetch(", "new EventSource(", "XMLHttpRequest", "WebSocket", "sendBeacon"];
    assert_eq!(ways.map(|way| SCRIPT.matches(way).count()), [1, 1, 0, 0, 0]);
}
