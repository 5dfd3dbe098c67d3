//! What is shown of a link's target. A target is the part of an answer people act on, so it is always readable in full
//! before it is followed, and a name of another script that looks like a known one cannot hide in it. Pure.

use std::borrow::Cow;

use crate::safe_text::SafeText;
use crate::ui::link::MAX_TARGET_BYTES;

/// The target as shown: letters of its host that are not ASCII are spelt out as code points.
pub(super) fn shown(target: &str) -> SafeText {
    SafeText::line(&with_hosts_spelt(target)).fit(MAX_TARGET_BYTES)
}

/// Text in which the letters of each host after `://` that are not ASCII are spelt out as code points, because they may be
/// there to look like others. Scripts written without spaces are left alone: there a URL ends where they begin.
pub(crate) fn with_hosts_spelt(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, host_on) = rest.split_at(at + 3);
        out.push_str(before);
        let host_end = host_on.find(|c| !is_of_a_host(c)).unwrap_or(host_on.len());
        for c in host_on[..host_end].chars() {
            if c.is_ascii() {
                out.push(c);
            } else {
                out.push_str(&format!("<U+{:04X}>", c as u32));
            }
        }
        rest = &host_on[host_end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn is_of_a_host(c: char) -> bool {
    match c {
        '/' | '?' | '#' | '<' | '>' | '"' | '`' => false,
        // Slashes that are none.
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => true,
        _ => c.is_ascii_graphic() || (c.is_alphanumeric() && c < '\u{2e80}') || matches!(c, '\u{a640}'..='\u{abff}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_alike_host_is_spelt_out() {
        assert_eq!(shown("https://\u{440}aypal.com/käse").as_str(), "https://<U+0440>aypal.com/käse");
        assert_eq!(shown("käse.html").as_str(), "käse.html");
        assert_eq!(
            with_hosts_spelt("http://\u{430}.b/\u{430} 見https://c.d。謝 e://f\u{2044}g"),
            "http://<U+0430>.b/\u{430} 見https://c.d。謝 e://f<U+2044>g"
        );
    }
}
