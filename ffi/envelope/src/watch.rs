//! How a `hold` container learns that the pod's compute container ended: it keeps a connection to it.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

const COMPUTE_SOCKET_NAME: &str = "compute.sock";

pub struct ComputeWatch {
    path: PathBuf,
    stream: Option<UnixStream>,
}

#[derive(PartialEq, Eq)]
pub enum Compute {
    NotSeen,
    Running,
    Ended,
}

impl ComputeWatch {
    /// The compute socket lies beside our own.
    pub fn beside(own_socket: &std::path::Path) -> Self {
        Self { path: own_socket.with_file_name(COMPUTE_SOCKET_NAME), stream: None }
    }

    pub fn descriptor(&self) -> Option<RawFd> {
        self.stream.as_ref().map(AsRawFd::as_raw_fd)
    }

    pub fn check(&mut self) -> Compute {
        let Some(stream) = &mut self.stream else {
            return self.connect();
        };
        let mut bytes = [0; 64];
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => return Compute::Ended,
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Compute::Running,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Compute::Ended,
            }
        }
    }

    fn connect(&mut self) -> Compute {
        match UnixStream::connect(&self.path) {
            Ok(stream) if stream.set_nonblocking(true).is_ok() => {
                self.stream = Some(stream);
                Compute::Running
            }
            _ => Compute::NotSeen,
        }
    }
}
