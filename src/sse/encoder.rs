//! Events to bytes. A line end inside the data becomes a further `data:` line, which is the only way the format can
//! carry one; a lone carriage return therefore arrives as a line feed.

/// One event: `name` is left out for an unnamed one.
#[must_use]
pub fn encode_event(name: Option<&str>, data: &str) -> Vec<u8> {
    let mut out = String::with_capacity(data.len() + 16);
    if let Some(name) = name {
        out.push_str("event: ");
        out.extend(name.chars().filter(|c| !matches!(c, '\r' | '\n')));
        out.push('\n');
    }
    for line in data.replace("\r\n", "\n").split(['\n', '\r']) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    out.into_bytes()
}

/// A comment line, which only keeps the connection alive.
#[must_use]
pub fn encode_comment(text: &str) -> Vec<u8> {
    let line: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    format!(": {line}\n\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::{Decoder, SseEvent};

    #[test]
    fn what_is_encoded_is_read_back() {
        for (name, data) in [(None, "plain"), (Some("tool"), "two\nlines\n"), (None, ""), (None, " leading blank")] {
            let mut out = Vec::new();
            let mut sink = |event: SseEvent<'_>| match event {
                SseEvent::Message { name, data } => out.push((name.map(str::to_owned), data.to_owned())),
                other => panic!("{other:?}"),
            };
            Decoder::new().push(&encode_event(name, data), &mut sink).unwrap();
            assert_eq!(out, [(name.map(str::to_owned), data.to_owned())]);
        }
    }

    #[test]
    fn a_name_cannot_smuggle_a_line() {
        assert_eq!(encode_event(Some("a\ndata: x"), "y"), b"event: adata: x\ndata: y\n\n");
    }

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(encode_comment("still\nhere"), b": stillhere\n\n");
    }
}
