//! What launching and adopting have in common once a domain runs: its servers.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::control::Control;
use crate::dhcp::Server;
use crate::failure::{Context, Outcome};
use crate::guest::Guest;
use crate::spec::Dhcp;

pub fn bind_dhcp(servers: &[Dhcp]) -> Outcome<Vec<Server>> {
    servers.iter().map(Server::bind).collect()
}

pub fn start_dhcp(servers: Vec<Server>) -> Outcome<()> {
    for server in servers {
        spawn("dhcp", move || server.run())?;
    }
    Ok(())
}

/// Serves the control socket; the watching thread and the accepting one live as long as the process.
pub fn start_control(directory: &Path, listener: UnixListener, guest: Guest, changes: Receiver<()>) -> Outcome<()> {
    let control = Arc::new(Control::new(directory, guest));
    let watching = control.clone();
    spawn("watch", move || watching.guest().watch(&changes, |observation| watching.tell(observation)))?;
    spawn("control", move || control.serve(&listener))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Outcome<()> {
    std::thread::Builder::new().name(name.into()).spawn(body).map(drop).context(|| format!("start thread {name}"))
}
