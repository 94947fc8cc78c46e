//! The unix socket an agent connects to: it learns our process id from the kernel, and may tell us to end.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::line::{Command, LineBuffer};

/// Agents and `hold` processes of the same pod; more are turned away.
const CLIENTS_MAX: usize = 64;
/// The pod's group may connect: the user images' containers share it through fsGroup.
const SOCKET_MODE: u32 = 0o660;

pub struct Listener {
    socket: UnixListener,
    clients: Vec<Client>,
}

struct Client {
    stream: UnixStream,
    lines: LineBuffer,
}

impl Listener {
    pub fn bind(path: &Path) -> io::Result<Self> {
        remove_stale(path)?;
        let socket = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, clients: Vec::new() })
    }

    pub fn descriptors(&self) -> impl Iterator<Item = RawFd> + '_ {
        std::iter::once(self.socket.as_raw_fd()).chain(self.clients.iter().map(|client| client.stream.as_raw_fd()))
    }

    /// Accepts and reads whatever is there; answers whether somebody asked for the release (and was told "ok").
    pub fn serve(&mut self) -> bool {
        while let Ok((stream, _)) = self.socket.accept() {
            if self.clients.len() < CLIENTS_MAX && stream.set_nonblocking(true).is_ok() {
                self.clients.push(Client { stream, lines: LineBuffer::default() });
            }
        }
        let mut released = false;
        self.clients.retain_mut(|client| match client.serve() {
            Served::Open => true,
            Served::Closed => false,
            Served::Released => {
                released = true;
                true
            }
        });
        released
    }
}

enum Served {
    Open,
    Closed,
    Released,
}

impl Client {
    fn serve(&mut self) -> Served {
        let mut bytes = [0; 256];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Served::Closed,
                Ok(count) => match self.answer(&bytes[..count]) {
                    Served::Open => continue,
                    end => return end,
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Served::Open,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Served::Closed,
            }
        }
    }

    fn answer(&mut self, bytes: &[u8]) -> Served {
        let Ok(commands) = self.lines.push(bytes) else {
            let _ = self.stream.write_all(b"error line too long\n");
            return Served::Closed;
        };
        for command in commands {
            match command {
                Command::Release => {
                    // Whether the caller still listens changes nothing: it asked for the end.
                    let _ = self.stream.write_all(b"ok\n");
                    return Served::Released;
                }
                Command::Unknown => {
                    if self.stream.write_all(b"error unknown command\n").is_err() {
                        return Served::Closed;
                    }
                }
            }
        }
        Served::Open
    }
}

/// A container that is started again finds the socket of its predecessor; anything else at that path is not ours to remove.
fn remove_stale(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "something that is no socket has that name"));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(ErrorKind::AddrInUse, "another process listens there"));
    }
    fs::remove_file(path)
}
