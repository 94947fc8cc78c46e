//! Why a call did not do what was asked: a number to branch on and words to show.

use std::fmt::Display;

pub mod status {
    pub const OK: i32 = 0;
    pub const ERROR: i32 = 1;
    pub const PENDING: i32 = 2;
    pub const TOO_LARGE: i32 = 3;
    pub const ABSENT: i32 = 4;
    pub const FOREIGN: i32 = 5;
}

#[derive(Debug)]
pub struct Reason {
    pub status: i32,
    pub message: String,
}

impl Reason {
    pub fn new(status: i32, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn error(message: impl Into<String>) -> Self {
        Self::new(status::ERROR, message)
    }
}

pub trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Reason>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Reason> {
        self.map_err(|error| Reason::error(format!("Cannot {}: {error}", what())))
    }
}
