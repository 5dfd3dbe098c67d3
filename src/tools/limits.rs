//! How much of a tool's answer is kept. Pure.

/// Bytes of one tool's output.
const MAX_OUTPUT: usize = 1024 * 1024;

/// Cuts an output that is too long, and says so in it.
#[must_use]
pub fn cap_output(mut output: String) -> String {
    if output.len() <= MAX_OUTPUT {
        return output;
    }
    let whole = output.len();
    let mut end = MAX_OUTPUT;
    while !output.is_char_boundary(end) {
        end -= 1;
    }
    output.truncate(end);
    output.push_str(&format!("\n[cut: {end} of {whole} bytes]"));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_cut_between_characters_and_says_so() {
        assert_eq!(cap_output("short".to_owned()), "short");
        let cut = cap_output("ü".repeat(MAX_OUTPUT));
        assert!(cut.ends_with("[cut: 1048576 of 2097152 bytes]"));
    }
}
