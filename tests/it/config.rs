//! Hostile and broken configuration files: each ends in a report that names file, line and column, or starts.

use std::path::{Path, PathBuf};

use riffle::config::flags::Flags;
use riffle::config::load::{Loaded, load};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/abuse/config").join(name)
}

fn loaded(path: &Path) -> Result<Loaded, String> {
    let flags =
        Flags { config: Some(path.to_owned()), data_dir: Some(PathBuf::from("/nonexistent")), ..Flags::default() };
    load(&flags).map_err(|error| error.to_string())
}

/// The report without the folder in front.
fn report(name: &str) -> String {
    let path = fixture(name);
    let report = loaded(&path).expect_err(name);
    report.replace(&format!("{}/", path.parent().expect("a folder").display()), "")
}

#[test]
fn each_broken_file_is_reported_with_its_place_and_what_was_expected() {
    let cases = [
        ("cfg-binary.toml", ":1:1: The file is not UTF-8 text"),
        ("cfg-broken-toml.toml", ":6:4: This is not TOML: unclosed table, expected `]`."),
        ("cfg-insecure-tls.toml", ":9:1: There is no `accept_invalid_certs`: certificates are always checked."),
        ("cfg-keybind-conflict.toml", ": `ctrl-q` everywhere is already"),
        ("cfg-neg-number.toml", ":7:14: `max_rounds` is out of range."),
        ("cfg-overflow.toml", ":7:14: `max_rounds` is out of range."),
        ("cfg-url-file-scheme.toml", ":3:12: `base_url`: `file:///etc/passwd` "),
        ("cfg-url-http-remote.toml", ":3:12: `base_url`: A key would be sent unencrypted to api.example.com."),
        ("cfg-utf16.toml", ":1:1: The file is in UTF-16; save it as UTF-8."),
        ("cfg-wrong-type.toml", ":3:12: `base_url` is a number."),
    ];
    for (name, expected) in cases {
        let report = report(name);
        assert!(report.starts_with(name) && report.contains(expected), "{report}");
        assert!(report.to_lowercase().contains("expected"), "{report}");
    }
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    let loaded = loaded(&fixture("cfg-bom.toml")).expect("loads");
    assert_eq!((loaded.settings.provider.as_str(), loaded.warnings), ("local", vec![]));
}

#[cfg(unix)]
#[test]
fn a_key_in_a_world_readable_file_is_withheld_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("c.toml");
    std::fs::copy(fixture("cfg-world-readable-key.toml"), &path).expect("copies");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("sets");
    let loaded = loaded(&path).expect("loads");
    let name = path.display();
    let warning =
        format!("{name}: others can read this file, so the key of `local` in it is not used. Run: chmod 600 {name}");
    assert_eq!(loaded.warnings, vec![warning]);
    assert!(!format!("{loaded:?}").contains("CANARY"));
}

#[cfg(unix)]
#[test]
fn folders_pipes_link_loops_and_huge_files_are_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(at("loop"), at("loop")).expect("links");
    std::fs::write(at("huge"), vec![b'#'; 10 * 1024 * 1024]).expect("writes");
    let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().expect("runs");
    assert!(made.success());
    for (path, expected) in [
        (folder.path().to_owned(), "This is a folder."),
        (at("pipe"), "This is not a regular file."),
        (at("loop"), "It cannot be read:"),
        (at("huge"), "The file is larger than 1 MiB."),
    ] {
        let report = loaded(&path).expect_err("refused");
        assert!(report.starts_with(&format!("{}:1:1: {expected}", path.display())), "{report}");
    }
}
