//! The unix socket an agent connects to: it learns our process id from the kernel, may tell us to end, and may watch
//! whether we were told to stop.
//!
//! ```text
//! release -> "ok", and the end
//! watch   -> "running" or "stopping" as it is, and "stopping" when it becomes so
//! else    -> "error ...": so answers an envelope of before `watch`, too
//! ```

use alloc::vec::Vec;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, chmod, lstat, unlink};
use rustix::io::{Errno, read, write};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};

use crate::line::{Command, LineBuffer};

/// Agents and `hold` processes of the same pod; more are turned away.
const CLIENTS_MAX: usize = 64;
const BACKLOG: i32 = 16;
/// The pod's group may connect: the user images' containers share it through fsGroup.
const SOCKET_MODE: u32 = 0o660;

pub struct Listener {
    socket: OwnedFd,
    clients: Vec<Client>,
    stopping: bool,
}

struct Client {
    stream: OwnedFd,
    lines: LineBuffer,
    watches: bool,
}

impl Listener {
    pub fn bind(path: &str) -> Result<Self, Errno> {
        remove_stale(path)?;
        let socket = unix_socket()?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        chmod(path, Mode::from_raw_mode(SOCKET_MODE))?;
        listen(&socket, BACKLOG)?;
        Ok(Self { socket, clients: Vec::new(), stopping: false })
    }

    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        core::iter::once(self.socket.as_fd()).chain(self.clients.iter().map(|client| client.stream.as_fd()))
    }

    /// Tells whoever watches, now and later, that the container was told to stop. More than once is as once.
    pub fn tell_stopping(&mut self) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.clients.retain(|client| !client.watches || client.say_state(true));
    }

    /// Accepts and reads whatever is there; answers whether somebody asked for the release (and was told "ok").
    pub fn serve(&mut self) -> bool {
        while let Ok(stream) = accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            if self.clients.len() < CLIENTS_MAX {
                self.clients.push(Client { stream, lines: LineBuffer::default(), watches: false });
            }
        }
        let mut released = false;
        self.clients.retain_mut(|client| match client.serve(self.stopping) {
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
    fn serve(&mut self, stopping: bool) -> Served {
        let mut bytes = [0; 256];
        loop {
            match read(&self.stream, &mut bytes) {
                Ok(0) => return Served::Closed,
                Ok(count) => match self.answer(&bytes[..count], stopping) {
                    Served::Open => continue,
                    end => return end,
                },
                Err(Errno::AGAIN) => return Served::Open,
                Err(Errno::INTR) => continue,
                Err(_) => return Served::Closed,
            }
        }
    }

    fn answer(&mut self, bytes: &[u8], stopping: bool) -> Served {
        let Ok(commands) = self.lines.push(bytes) else {
            let _ = write(&self.stream, b"error line too long\n");
            return Served::Closed;
        };
        for command in commands {
            match command {
                Command::Release => {
                    // Whether the caller still listens changes nothing: it asked for the end.
                    let _ = write(&self.stream, b"ok\n");
                    return Served::Released;
                }
                Command::Watch => {
                    self.watches = true;
                    if !self.say_state(stopping) {
                        return Served::Closed;
                    }
                }
                Command::Unknown => {
                    if write(&self.stream, b"error unknown command\n").is_err() {
                        return Served::Closed;
                    }
                }
            }
        }
        Served::Open
    }

    /// Whether it was taken: who does not read is let go, and may ask again.
    fn say_state(&self, stopping: bool) -> bool {
        let state: &[u8] = if stopping { b"stopping\n" } else { b"running\n" };
        write(&self.stream, state) == Ok(state.len())
    }
}

/// Connects to a socket of the same pod; never blocks.
pub fn connect_to(path: &str) -> Result<OwnedFd, Errno> {
    let socket = unix_socket()?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn unix_socket() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

/// A container that is started again finds the socket of its predecessor; anything else at that path is not ours to remove.
fn remove_stale(path: &str) -> Result<(), Errno> {
    let kind = match lstat(path) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind != FileType::Socket {
        return Err(Errno::EXIST);
    }
    match connect_to(path) {
        Err(Errno::CONNREFUSED) => unlink(path),
        Ok(_) | Err(Errno::AGAIN) => Err(Errno::ADDRINUSE), // it lives, even if its queue is full
        Err(error) => Err(error),
    }
}
