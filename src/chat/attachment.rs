//! Images that go with a question. What a file holds is told by its first bytes, never by its name. Pure.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How files of the kinds that models take begin.
const KINDS: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// An image that goes with a question.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name, for people; from outside.
    pub name: String,
    /// Such as `image/png`.
    pub media_type: String,
    /// The file.
    pub data: Arc<[u8]>,
}

impl Attachment {
    /// This file, if it is an image that models take: PNG, JPEG, GIF or WebP.
    #[must_use]
    pub fn image(name: &str, data: &[u8]) -> Option<Self> {
        let (media_type, _) = KINDS.iter().find(|(_, start)| data.starts_with(start))?;
        let is_other_riff = *media_type == "image/webp" && data.get(8..12) != Some(b"WEBP");
        (!is_other_riff).then(|| Self {
            name: name.to_owned(),
            media_type: (*media_type).to_owned(),
            data: data.into(),
        })
    }

    /// Its bytes in base64.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.data)
    }

    /// It as a `data:` address.
    #[must_use]
    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64())
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?}, {}, {} bytes)", self.name, self.media_type, self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_first_bytes() {
        let kind = |data: &[u8]| Attachment::image("x", data).map(|image| image.media_type);
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Some("image/png".to_owned()));
        assert_eq!(kind(b"RIFF....WEBPVP8 "), Some("image/webp".to_owned()));
        assert_eq!(kind(b"RIFF....WAVEfmt "), None);
        assert_eq!(kind(b"%PDF-1.7"), None);
        let url = Attachment::image("x", b"GIF89a").map(|image| image.data_url());
        assert_eq!(url, Some("data:image/gif;base64,R0lGODlh".to_owned()));
    }
}
