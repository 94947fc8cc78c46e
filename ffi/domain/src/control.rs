//! The control socket `<vm directory>/domain.sock`. Its directory is open to root and QEMU's group, the socket to root.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::failure::{Context, Failure, Outcome};
use crate::guest::{Guest, Observation};
use crate::libvirt::Domain;
use crate::protocol::{Answer, LINE_BYTES_MAX, Operation, Request};

const SOCKET_NAME: &str = "domain.sock";
const CLIENTS_MAX: usize = 16;
/// Operations of one client that libvirt has not answered yet; a guest that hangs one must not block the others.
const PENDING_MAX: usize = 8;
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Control {
    path: PathBuf,
    guest: Guest,
    clients: Mutex<Vec<Arc<Client>>>,
}

struct Client {
    writer: Mutex<UnixStream>,
    pending: AtomicUsize,
}

impl Control {
    pub fn new(directory: &Path, guest: Guest) -> Self {
        Self { path: socket_path(directory), guest, clients: Mutex::new(Vec::new()) }
    }

    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Accepts clients; never returns.
    pub fn serve(self: &Arc<Self>, listener: &UnixListener) {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => self.accept(stream),
                Err(_) => std::thread::sleep(Duration::from_millis(100)), // out of descriptors: it passes
            }
        }
    }

    fn accept(self: &Arc<Self>, stream: UnixStream) {
        let Ok(reader) = stream.try_clone() else { return };
        if stream.set_write_timeout(Some(WRITE_TIMEOUT)).is_err() {
            return;
        }
        let client = Arc::new(Client { writer: Mutex::new(stream), pending: AtomicUsize::new(0) });
        {
            let Ok(mut clients) = self.clients.lock() else { return };
            if clients.len() >= CLIENTS_MAX {
                return;
            }
            clients.push(client.clone());
        }
        let control = self.clone();
        let spawned = std::thread::Builder::new().name("client".into()).spawn({
            let client = client.clone();
            move || {
                control.read(reader, &client);
                control.forget(&client);
            }
        });
        if spawned.is_err() {
            self.forget(&client);
        }
    }

    fn forget(&self, client: &Arc<Client>) {
        if let Ok(mut clients) = self.clients.lock() {
            clients.retain(|other| !Arc::ptr_eq(other, client));
        }
        client.close();
    }

    fn read(self: &Arc<Self>, stream: UnixStream, client: &Arc<Client>) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(count) if count > 0 && line.ends_with(b"\n") => {}
                _ => return, // closed, or a line without end
            }
            let Ok(request) = serde_json::from_slice::<Request>(&line) else { return };
            if client.pending.fetch_add(1, Ordering::SeqCst) >= PENDING_MAX {
                return;
            }
            let (control, client) = (self.clone(), client.clone());
            let spawned = std::thread::Builder::new().name("operation".into()).spawn(move || {
                let outcome = control.perform(request.op);
                client.send(&Answer::of(request.id, &outcome).line());
                client.pending.fetch_sub(1, Ordering::SeqCst);
                if request.op == Operation::Exit && outcome.is_ok() {
                    control.exit();
                }
            });
            if spawned.is_err() {
                return;
            }
        }
    }

    fn perform(&self, operation: Operation) -> Outcome<Observation> {
        let before = self.look()?;
        if before.state == "shutoff" {
            return match operation {
                Operation::State | Operation::Destroy | Operation::Exit => Ok(before),
                _ => Err(Failure::terminal(format!("Cannot {operation:?}: the guest has ended"))),
            };
        }
        match operation {
            Operation::State => return Ok(before),
            Operation::Suspend => self.guest.ask("pause the domain", Domain::suspend)?,
            Operation::Resume => self.guest.ask("unpause the domain", Domain::resume)?,
            Operation::Reset => self.guest.ask("reset the domain", Domain::reset)?,
            Operation::Shutdown => self.guest.ask("press the domain's power button", Domain::shutdown)?,
            Operation::Destroy => self.guest.destroy()?,
            Operation::Exit => {
                let state = before.state;
                return Err(Failure::retriable(format!("Cannot end the domain process: the guest is {state}")));
            }
        }
        self.look()
    }

    fn look(&self) -> Outcome<Observation> {
        let (observation, is_news) = self.guest.look()?;
        if is_news {
            self.tell(&observation);
        }
        Ok(observation)
    }

    /// Tells every client; one that does not take it within the time is dropped.
    pub fn tell(&self, observation: &Observation) {
        let clients = self.clients.lock().map(|clients| clients.clone()).unwrap_or_default();
        let line = Answer::event(observation).line();
        for client in clients {
            client.send(&line);
        }
    }

    fn exit(&self) -> ! {
        let _ = fs::remove_file(&self.path);
        std::process::exit(0)
    }
}

impl Client {
    fn send(&self, line: &[u8]) {
        let sent = self.writer.lock().map(|mut writer| writer.write_all(line));
        if !matches!(sent, Ok(Ok(()))) {
            self.close();
        }
    }

    fn close(&self) {
        if let Ok(writer) = self.writer.lock() {
            let _ = writer.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn socket_path(directory: &Path) -> PathBuf {
    directory.join(SOCKET_NAME)
}

pub fn listen(directory: &Path) -> Outcome<UnixListener> {
    let path = socket_path(directory);
    let what = || format!("listen on {}", path.display());
    // Only one domain process may work on a directory; the agent has made sure that the one before is dead.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).context(what)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).context(what)?;
    Ok(listener)
}

pub fn remove_socket(directory: &Path) {
    let _ = fs::remove_file(socket_path(directory));
}
