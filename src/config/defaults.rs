//! What holds for a turn where nothing else was said: by the configuration, or by a program that uses the library without
//! one.

/// Model requests in one turn.
pub const MAX_ROUNDS: u32 = 25;
/// Repetitions of a failed request.
pub const RETRIES: u32 = 3;
/// The time for one run of a tool, in seconds.
pub const TOOL_TIMEOUT_S: u32 = 60;
