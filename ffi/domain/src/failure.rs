//! Why something could not be done, for a person and for the agent's decision whether to try again.

use std::fmt;

#[derive(Debug, Clone)]
pub struct Failure {
    pub message: String,
    /// Trying again with the same request cannot help.
    pub terminal: bool,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn terminal(message: impl Into<String>) -> Self {
        Self { message: message.into(), terminal: true }
    }

    pub fn retriable(message: impl Into<String>) -> Self {
        Self { message: message.into(), terminal: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Names what was tried; the operating system's reasons pass with time.
pub trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failure::retriable(format!("Cannot {}: {error}", what())))
    }
}
