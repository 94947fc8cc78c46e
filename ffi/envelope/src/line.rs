//! Lines of the control protocol, cut out of a byte stream that may be hostile.

use alloc::vec::Vec;

/// Longest line that is waited for; the longest command is "release".
pub const LINE_BYTES_MAX: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Release,
    Watch,
    Unknown,
}

#[derive(Debug, PartialEq, Eq)]
pub struct LineTooLong;

#[derive(Default)]
pub struct LineBuffer {
    pending: Vec<u8>,
}

impl LineBuffer {
    /// Takes bytes as they arrive and answers the commands that are complete now.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Command>, LineTooLong> {
        let mut commands = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                commands.push(parse(&self.pending));
                self.pending.clear();
            } else if self.pending.len() == LINE_BYTES_MAX {
                return Err(LineTooLong);
            } else {
                self.pending.push(byte);
            }
        }
        Ok(commands)
    }
}

fn parse(line: &[u8]) -> Command {
    match line.strip_suffix(b"\r").unwrap_or(line) {
        b"release" => Command::Release,
        b"watch" => Command::Watch,
        _ => Command::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn push_waits_for_the_end_of_the_line() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(b"rele"), Ok(vec![]));
        assert_eq!(buffer.push(b"ase\nrelease\r\n"), Ok(vec![Command::Release, Command::Release]));
    }

    #[test]
    fn push_names_garbage_and_goes_on() {
        let mut buffer = LineBuffer::default();
        assert_eq!(
            buffer.push(b"\x00\xff\n\nwatch\nwatched\nrelease\n"),
            Ok(vec![Command::Unknown, Command::Unknown, Command::Watch, Command::Unknown, Command::Release])
        );
    }

    #[test]
    fn push_refuses_a_line_without_end() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(&[b'a'; LINE_BYTES_MAX]), Ok(vec![]));
        assert_eq!(buffer.push(b"a"), Err(LineTooLong));
    }
}
