//! Files that hold keys and that others can read, and how one becomes private.

use std::io;
use std::path::Path;

use super::file::RawFile;
use super::load::read;

/// Parts of the names of headers whose values are keys.
const KEY_HEADERS: [&str; 4] = ["authorization", "key", "token", "cookie"];

/// Whether this configuration holds a key and others can read it. A file that is no TOML is taken at its words.
#[must_use]
pub fn config_is_exposed(path: &Path) -> bool {
    let Ok(Some(found)) = read(path) else { return false };
    !found.is_private && holds_key(&found.text)
}

/// Whether others can read this file of saved keys.
#[must_use]
pub fn keys_are_exposed(path: &Path) -> bool {
    matches!(read(path), Ok(Some(found)) if !found.is_private)
}

/// Takes the file from everybody but its owner.
#[cfg(unix)]
pub fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere the user's folder is private by its access list.
#[cfg(not(unix))]
pub fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn holds_key(text: &str) -> bool {
    match RawFile::parse("", text) {
        Ok(file) => file.providers.values().any(|provider| {
            let mut names = provider.headers.keys().map(|name| name.to_ascii_lowercase());
            provider.api_key.is_some() || names.any(|name| KEY_HEADERS.iter().any(|word| name.contains(word)))
        }),
        Err(_) => text.lines().any(|line| {
            line.trim_start().strip_prefix("api_key").is_some_and(|rest| rest.trim_start().starts_with('='))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_its_entry_in_a_header_and_in_a_broken_file() {
        for (text, expected) in [
            ("[providers.mine]\nbase_url = \"http://h/v1\"\napi_key = \"sk\"\n", true),
            ("[providers.mine]\nheaders = { X-Api-Key = \"sk\" }\n", true),
            ("[providers.mine]\n  api_key = \"sk\n", true),
            ("[providers.mine]\napi_key_env = \"NAME\"\nheaders = { X-Title = \"riffle\" }\n", false),
            ("[providers.mine]\napi_key_env = \"NAME\n", false),
            ("", false),
        ] {
            assert_eq!(holds_key(text), expected, "{text}");
        }
    }
}
