//! The chats of a JSON file, one after the other as bytes, by counting brackets: a damaged chat costs only itself, no depth
//! can exhaust the stack, and a file of any size needs no more memory than its largest chat.

use std::io::BufRead;

use super::ImportError;

/// Most bytes of one chat.
const MAX_ELEMENT: usize = 1 << 30;
/// Under these names an object holds its chats.
const LISTS: [&str; 2] = ["chats", "conversations"];

/// A part of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What stands beside the chats, with its name.
    Field(String, Vec<u8>),
    /// A chat, to be read as JSON.
    Element(Vec<u8>),
    /// A chat that does not fit into memory.
    TooLong,
}

/// Gives the parts of the file in order: the elements of its array, or of the array in its object, or the object itself.
/// Several objects after each other are several chats.
pub(super) fn each<R: BufRead>(
    input: R,
    take: &mut dyn FnMut(Part) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut scanner = Scanner { input };
    while let Some(byte) = scanner.next_sign()? {
        match byte {
            b'[' => scanner.list(take)?,
            b'{' => scanner.object(take)?,
            b',' => scanner.skip()?,
            _ => return Err(ImportError::NoJson),
        }
    }
    Ok(())
}

struct Scanner<R> {
    input: R,
}

impl<R: BufRead> Scanner<R> {
    fn peek(&mut self) -> Result<Option<u8>, ImportError> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn skip(&mut self) -> Result<(), ImportError> {
        self.peek()?;
        self.input.consume(1);
        Ok(())
    }

    /// The next byte that is no blank, which is left there.
    fn next_sign(&mut self) -> Result<Option<u8>, ImportError> {
        loop {
            match self.peek()? {
                // The three last are a byte order mark.
                Some(b' ' | b'\n' | b'\r' | b'\t' | 0xef | 0xbb | 0xbf) => self.input.consume(1),
                other => return Ok(other),
            }
        }
    }

    fn sign(&mut self) -> Result<u8, ImportError> {
        self.next_sign()?.ok_or(ImportError::CutOff)
    }

    fn list(&mut self, take: &mut dyn FnMut(Part) -> Result<(), ImportError>) -> Result<(), ImportError> {
        self.skip()?;
        loop {
            match self.sign()? {
                b']' => return self.skip(),
                b',' => self.skip()?,
                b'}' | b':' => return Err(ImportError::NoJson),
                _ => {
                    let mut element = Vec::new();
                    let is_whole = self.value(&mut element, MAX_ELEMENT)?;
                    take(if is_whole { Part::Element(element) } else { Part::TooLong })?;
                }
            }
        }
    }

    fn object(&mut self, take: &mut dyn FnMut(Part) -> Result<(), ImportError>) -> Result<(), ImportError> {
        self.skip()?;
        let mut whole = b"{".to_vec();
        let (mut has_list, mut is_whole) = (false, true);
        loop {
            match self.sign()? {
                b'}' => {
                    self.skip()?;
                    break;
                }
                b',' => {
                    self.skip()?;
                    continue;
                }
                b'"' => {}
                _ => return Err(ImportError::NoJson),
            }
            let mut key = Vec::new();
            self.value(&mut key, MAX_ELEMENT)?;
            let name: String = serde_json::from_slice(&key).map_err(|_| ImportError::NoJson)?;
            if self.sign()? != b':' {
                return Err(ImportError::NoJson);
            }
            self.skip()?;
            if self.sign()? == b'[' && LISTS.contains(&name.as_str()) {
                has_list = true;
                self.list(take)?;
                continue;
            }
            let mut value = Vec::new();
            is_whole &= self.value(&mut value, MAX_ELEMENT.saturating_sub(whole.len()))?;
            if whole.len() > 1 {
                whole.push(b',');
            }
            for piece in [&key[..], b":", &value] {
                whole.extend_from_slice(piece);
            }
            take(Part::Field(name, value))?;
        }
        if !has_list {
            whole.push(b'}');
            take(if is_whole { Part::Element(whole) } else { Part::TooLong })?;
        }
        Ok(())
    }

    /// Takes one value; `false` when it is longer than the limit, and then not kept.
    fn value(&mut self, kept: &mut Vec<u8>, limit: usize) -> Result<bool, ImportError> {
        let mut state = ValueState::default();
        let mut is_whole = true;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return if state.is_scalar() { Ok(is_whole) } else { Err(ImportError::CutOff) };
            }
            let (used, is_end) = state.take(buffer);
            if kept.len() + used > limit {
                is_whole = false;
                *kept = Vec::new();
            }
            if is_whole {
                kept.extend_from_slice(&buffer[..used]);
            }
            self.input.consume(used);
            if is_end {
                return Ok(is_whole);
            }
        }
    }
}

/// Where in a value the scanner stands.
#[derive(Default)]
struct ValueState {
    depth: u64,
    is_text: bool,
    is_escaped: bool,
    has_begun: bool,
}

impl ValueState {
    /// A number or a word, which only what follows it ends.
    fn is_scalar(&self) -> bool {
        self.has_begun && self.depth == 0 && !self.is_text
    }

    /// How many of these bytes belong to the value, and whether it ends with them.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.is_text {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => {
                        self.is_text = false;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' | b':' if self.depth == 0 => return (at, true),
                b'"' => self.is_text = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ => {}
            }
            self.has_begun = true;
        }
        (bytes.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn parts(text: &str, capacity: usize) -> (Vec<String>, Result<(), String>) {
        let mut found = Vec::new();
        let read = each(BufReader::with_capacity(capacity, text.as_bytes()), &mut |part| {
            found.push(match part {
                Part::Field(name, value) => format!("{name}={}", String::from_utf8_lossy(&value)),
                Part::Element(value) => String::from_utf8_lossy(&value).into_owned(),
                Part::TooLong => "too long".to_owned(),
            });
            Ok(())
        });
        (found, read.map_err(|error| error.to_string()))
    }

    #[test]
    fn elements_are_found_however_the_bytes_come() {
        for capacity in [1, 3, 4096] {
            let (found, read) = parts("\u{feff} [ {\"a\": \"]}\\\"\"} , 12, [[1],[2]] ,\"x\"]\n", capacity);
            assert_eq!(found, ["{\"a\": \"]}\\\"\"}", "12", "[[1],[2]]", "\"x\""]);
            assert_eq!(read, Ok(()));
            let (found, _) = parts("{\"v\": 1, \"chats\": [{}, {\"a\":[1]}], \"z\": \"q\"}", capacity);
            assert_eq!(found, ["v=1", "{}", "{\"a\":[1]}", "z=\"q\""]);
            let (found, _) = parts("{\"a\":[1], \"b\":null}\n{\"c\":2}", capacity);
            assert_eq!(found, ["a=[1]", "b=null", "{\"a\":[1],\"b\":null}", "c=2", "{\"c\":2}"]);
        }
    }

    #[test]
    fn a_cut_file_gives_what_was_whole() {
        let (found, read) = parts("[{\"a\":1},{\"b\":", 4096);
        assert_eq!(found, ["{\"a\":1}"]);
        assert!(read.is_err());
        for wrong in ["[}", "{1}", "{\"a\" 1}", "x", "{\"a\":1", "[1"] {
            assert!(parts(wrong, 4096).1.is_err(), "{wrong}");
        }
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("[{}1{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(parts(&deep, 4096).0.len(), 1);
    }
}
