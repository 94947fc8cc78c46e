//! How a `hold` container learns that the pod's compute container ended: it keeps a connection to it.

use alloc::format;
use alloc::string::String;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, read};

use crate::listener::connect_to;

const COMPUTE_SOCKET_NAME: &str = "compute.sock";

pub struct ComputeWatch {
    path: String,
    stream: Option<OwnedFd>,
}

#[derive(PartialEq, Eq)]
pub enum Compute {
    NotSeen,
    Running,
    Ended,
}

impl ComputeWatch {
    /// The compute socket lies beside our own.
    pub fn beside(own_socket: &str) -> Self {
        let directory = own_socket.rsplit_once('/').map_or(".", |(directory, _)| directory);
        Self { path: format!("{directory}/{COMPUTE_SOCKET_NAME}"), stream: None }
    }

    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(AsFd::as_fd)
    }

    pub fn check(&mut self) -> Compute {
        let Some(stream) = &self.stream else {
            return self.connect();
        };
        let mut bytes = [0; 64];
        loop {
            match read(stream, &mut bytes) {
                Ok(0) => return Compute::Ended,
                Ok(_) | Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Compute::Running,
                Err(_) => return Compute::Ended,
            }
        }
    }

    fn connect(&mut self) -> Compute {
        match connect_to(&self.path) {
            Ok(stream) => {
                self.stream = Some(stream);
                Compute::Running
            }
            Err(_) => Compute::NotSeen,
        }
    }
}
