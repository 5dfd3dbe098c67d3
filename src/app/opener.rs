//! What is opened outside of the program: only what a person picked, only addresses of pages and letters and files that
//! are read and not run.

/// Something that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWish {
    /// The address, or the path as it was written.
    pub target: String,
    /// It is a path.
    pub is_path: bool,
    /// What is copied instead may not be written to a file.
    pub is_private: bool,
}

/// Why something was copied and not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// The desktop is another machine's.
    Remote,
    /// There is no such file.
    NoFile,
    /// It may be a program.
    NotOnlyRead,
    /// The system has nothing that opens it.
    Failed,
}
