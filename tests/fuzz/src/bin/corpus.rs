//! Between the folders that the fuzzer works in and the files that are kept, one input a line in base64:
//! `cargo run --bin corpus unpack` before fuzzing, `cargo run --bin corpus pack` after `cargo fuzz cmin`.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const TARGETS: [&str; 6] = ["sse", "openai_chat", "openai_responses", "anthropic", "gemini", "ollama"];
/// Larger inputs are left out: the cases of whole answers are seeds enough for those.
const MAX_BYTES: usize = 400;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_packed = std::env::args().nth(1).as_deref() == Some("pack");
    for target in TARGETS {
        let (folder, file) = (root.join("corpus").join(target), root.join("kept").join(format!("{target}.txt")));
        if is_packed { pack(&folder, &file)? } else { unpack(&file, &folder)? }
    }
    Ok(())
}

fn pack(folder: &Path, file: &Path) -> io::Result<()> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder)? {
        let input = fs::read(entry?.path())?;
        if input.len() <= MAX_BYTES {
            lines.push(STANDARD.encode(input));
        }
    }
    lines.sort_by_key(|line| (line.len(), line.clone()));
    fs::write(file, lines.join("\n") + "\n")
}

fn unpack(file: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
        let input = STANDARD.decode(line).map_err(io::Error::other)?;
        fs::write(folder.join(format!("kept-{number:05}")), input)?;
    }
    Ok(())
}
