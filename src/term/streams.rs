//! The kept responses for the page of the raw stream: read, or written to a file of its own. Both block and take as long
//! as the response is large.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::{WireFound, WireSheet};
use crate::host;
use crate::provider::recording::{Choice, Found, RecentResponses, write_recording};
use crate::strings::wire;

/// Names tried for one second.
const MAX_NAMES: usize = 100;

/// Reads the chosen response, unless it is known already.
pub(super) fn read(recent: &RecentResponses, choice: Choice, known: Option<(u64, u64)>) -> WireFound {
    match recent.find(choice, known) {
        Found::Nothing => WireFound::Nothing,
        Found::Unchanged => WireFound::Unchanged,
        Found::Chosen(chosen) => WireFound::Sheet(Arc::new(WireSheet::new(*chosen))),
    }
}

/// Writes the response of this number to a new file in the folder; gives its place. The error is words without a full
/// stop.
pub(super) fn save(recent: &RecentResponses, number: u64, folder: &Path) -> Result<PathBuf, String> {
    let chosen = match recent.find(Choice::This(number), None) {
        Found::Chosen(chosen) if chosen.number == number => chosen,
        Found::Chosen(_) | Found::Nothing | Found::Unchanged => return Err(wire::GONE.to_owned()),
    };
    let write = || {
        fs::create_dir_all(folder)?;
        let (path, file) = create(folder)?;
        let mut out = BufWriter::new(file);
        write_recording(&chosen.response, &mut out)?;
        out.flush()?;
        Ok(path)
    };
    write().map_err(|error: io::Error| error.to_string())
}

/// A file that was not there before.
fn create(folder: &Path) -> io::Result<(PathBuf, File)> {
    let time = Timestamp::now().to_zoned_datetime(TimeZone::system()).strftime("%Y%m%d-%H%M%S").to_string();
    let mut number = 1;
    loop {
        let name = if number == 1 { format!("wire-{time}.jsonl") } else { format!("wire-{time}-{number}.jsonl") };
        let path = folder.join(name);
        match host::create_new_private(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MAX_NAMES => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::recording::{Keeper, ResponseHead, Secrets, Step, read_recording};

    #[test]
    fn a_response_is_saved_privately_and_never_over_another_file() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let recent = RecentResponses::default();
        let head = ResponseHead {
            provider: "p".to_owned(),
            api: "openai-chat".to_owned(),
            model: "m".to_owned(),
            status: 200,
            headers: std::collections::BTreeMap::new(),
        };
        recent.keep(7, 10, Step::Head(head, Secrets::default()));
        recent.keep(7, 20, Step::Bytes(b"data: x\n\n"));
        let places: Vec<_> = (0..3).map(|_| save(&recent, 7, home.path()).unwrap()).collect();
        assert!(places[0] != places[1] && places[1] != places[2]);
        for place in &places {
            assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o600);
            let read = read_recording(&fs::read_to_string(place).unwrap()).unwrap();
            assert_eq!((read.len(), read[0].body()), (1, b"data: x\n\n".to_vec()));
        }
        assert_eq!(save(&recent, 8, home.path()), Err(wire::GONE.to_owned()));
    }
}
