//! Why a command of the binary ends early, with the exit code the operator's scripts see
//! (`platform.md` 3.3; numbers from sysexits).

use std::fmt;

/// Ends the process. `message` says what is wrong and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub exit: u8,
    pub message: String,
}

impl Failure {
    /// The command ran and found something amiss (drift, rejected rows).
    pub fn found(message: impl Into<String>) -> Self {
        Self { exit: 2, message: message.into() }
    }

    /// Wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: 64, message: message.into() }
    }

    /// Something needed is not there: no Postgres, port taken.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { exit: 69, message: message.into() }
    }

    /// A fault in Millrace or the machine below it.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { exit: 70, message: message.into() }
    }

    /// Try again later.
    pub fn busy(message: impl Into<String>) -> Self {
        Self { exit: 75, message: message.into() }
    }

    /// The configuration does not fit.
    pub fn config(message: impl Into<String>) -> Self {
        Self { exit: 78, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
