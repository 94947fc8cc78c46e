//! The control protocol: one JSON object a line, both ways. Answers carry the id of their request; events carry none.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::guest::Observation;

/// Longest request; the longest operation name and a number need some fifty bytes.
pub const LINE_BYTES_MAX: u64 = 1024;

#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub id: u64,
    pub op: Operation,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    State,
    Suspend,
    Resume,
    Reset,
    Shutdown,
    Destroy,
    /// Ends this process; refused while the guest runs.
    Exit,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer<'a> {
    Observed {
        id: u64,
        ok: bool,
        #[serde(flatten)]
        observation: &'a Observation,
    },
    Failed {
        id: u64,
        ok: bool,
        message: &'a str,
        terminal: bool,
    },
    Event {
        event: &'static str,
        #[serde(flatten)]
        observation: &'a Observation,
    },
}

impl<'a> Answer<'a> {
    pub fn of(id: u64, outcome: &'a Result<Observation, Failure>) -> Self {
        match outcome {
            Ok(observation) => Answer::Observed { id, ok: true, observation },
            Err(failure) => Answer::Failed { id, ok: false, message: &failure.message, terminal: failure.terminal },
        }
    }

    pub fn event(observation: &'a Observation) -> Self {
        Answer::Event { event: "lifecycle", observation }
    }

    pub fn line(&self) -> Vec<u8> {
        // Strings, numbers and booleans only: nothing here can fail to be written as JSON.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_names_known_operations_only() {
        let request: Request = serde_json::from_str(r#"{"id":7,"op":"suspend"}"#).unwrap();
        assert_eq!(request, Request { id: 7, op: Operation::Suspend });
        for bad in
            ["{}", r#"{"id":1,"op":"format_disk"}"#, r#"{"id":-1,"op":"state"}"#, r#"{"id":1,"op":"state","x":1}"#]
        {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn answer_is_one_line() {
        let observation = Observation {
            state: "running".into(),
            reason: "booted".into(),
            emulated: true,
            vmm_pid: Some(4711),
            ..Observation::default()
        };
        let line = Answer::of(3, &Ok(observation)).line();
        let expected = r#"{"id":3,"ok":true,"state":"running","reason":"booted","emulated":true,"vmmPid":4711}"#;
        assert_eq!(String::from_utf8(line).unwrap(), format!("{expected}\n"));
        let line = Answer::of(4, &Err(Failure::terminal("a\nb"))).line();
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}
