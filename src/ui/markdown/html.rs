//! Raw HTML as it stands in answers. The few tags that models write in prose are understood; everything else is shown as
//! text, because it may as well be a type with its parameter or an example. Pure.

/// A piece of raw HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `<name>`, without what stands behind the name.
    Open(&'a str),
    /// `</name>`
    Close(&'a str),
    /// `<!-- ... -->`, which may lack its end.
    Comment,
    /// Anything else.
    Text,
}

/// What is meant by a tag within text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Break,
    Bold,
    Italic,
    Struck,
    Underlined,
    /// Code or a key.
    Code,
    Raised,
    Lowered,
}

/// What a tag within text means, if it is one of those that are understood.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    Some(match name {
        _ if is(&["br"]) => Meaning::Break,
        _ if is(&["b", "strong", "kbd"]) => Meaning::Bold,
        _ if is(&["i", "em", "var", "cite"]) => Meaning::Italic,
        _ if is(&["s", "del", "strike"]) => Meaning::Struck,
        _ if is(&["u", "ins"]) => Meaning::Underlined,
        _ if is(&["code", "samp", "tt"]) => Meaning::Code,
        _ if is(&["sup"]) => Meaning::Raised,
        _ if is(&["sub"]) => Meaning::Lowered,
        _ => return None,
    })
}

/// Cuts raw HTML into its tags, its comments and the text between them, each with its source.
pub(super) fn pieces(html: &str) -> Vec<(Piece<'_>, &str)> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let open = rest.find('<').unwrap_or(rest.len());
        let (text, tag_on) = rest.split_at(open);
        if !text.is_empty() {
            found.push((Piece::Text, text));
        }
        let end = if tag_on.starts_with("<!--") { tag_on.find("-->").map(|at| at + 3) } else { tag_end(tag_on) };
        let (tag, after) = tag_on.split_at(end.unwrap_or(tag_on.len()));
        if !tag.is_empty() {
            found.push((piece(tag), tag));
        }
        rest = after;
    }
    found
}

/// The byte after a tag, or before another one that begins in it: the first was none.
fn tag_end(tag_on: &str) -> Option<usize> {
    let rest = tag_on.as_bytes().get(1..)?;
    let at = memchr::memchr2(b'<', b'>', rest)?;
    Some(if rest[at] == b'>' { at + 2 } else { at + 1 })
}

/// What a tag or a comment is.
pub(super) fn piece(tag: &str) -> Piece<'_> {
    if tag.starts_with("<!--") {
        return Piece::Comment;
    }
    let Some(inner) = tag.strip_prefix('<').and_then(|tag| tag.strip_suffix('>')) else { return Piece::Text };
    let (is_close, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name = inner.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match &inner[name.len()..] {
        _ if name.is_empty() => Piece::Text,
        rest if is_close && rest.trim().is_empty() => Piece::Close(name),
        rest if !is_close && rest.is_empty() || rest.starts_with(|c: char| c == '/' || c.is_whitespace()) => {
            Piece::Open(name)
        }
        _ => Piece::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_cut_at_its_tags() {
        let found = pieces("<details open>\n<SUMMARY>a < b</SUMMARY >c<!-- <x> -->d<br/><Vec<u8>> <no");
        assert_eq!(
            found,
            [
                (Piece::Open("details"), "<details open>"),
                (Piece::Text, "\n"),
                (Piece::Open("SUMMARY"), "<SUMMARY>"),
                (Piece::Text, "a "),
                (Piece::Text, "< b"),
                (Piece::Close("SUMMARY"), "</SUMMARY >"),
                (Piece::Text, "c"),
                (Piece::Comment, "<!-- <x> -->"),
                (Piece::Text, "d"),
                (Piece::Open("br"), "<br/>"),
                (Piece::Text, "<Vec"),
                (Piece::Open("u8"), "<u8>"),
                (Piece::Text, "> "),
                (Piece::Text, "<no"),
            ]
        );
        assert!(matches!(meaning("STRONG"), Some(Meaning::Bold)) && meaning("string").is_none());
    }
}
