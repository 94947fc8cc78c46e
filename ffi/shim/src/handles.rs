//! Numbers that stand for resources, so that a stale or invented one finds nothing instead of freed memory.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::domain::Launch;
use crate::envelope::Envelope;
use crate::reason::Reason;

/// A node runs some hundred machines with a few containers each.
const HANDLES_MAX: usize = 16_384;

pub enum Resource {
    Envelope(Envelope),
    Launch(Launch),
    /// Held for as long as it takes to connect.
    Socket(#[expect(dead_code, reason = "closed when dropped")] OwnedFd),
}

pub static HANDLES: LazyLock<Handles> = LazyLock::new(|| Handles(Mutex::new((1, HashMap::new()))));

pub struct Handles(Mutex<(u64, HashMap<u64, Arc<Resource>>)>);

impl Handles {
    /// Numbers are never used twice.
    pub fn insert(&self, resource: Resource) -> Result<u64, Reason> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, resources) = &mut *guard;
        if resources.len() >= HANDLES_MAX {
            return Err(Reason::error(format!("Cannot open another handle: at most {HANDLES_MAX} may be open")));
        }
        let number = *next;
        *next += 1;
        resources.insert(number, Arc::new(resource));
        Ok(number)
    }

    pub fn get(&self, number: u64) -> Option<Arc<Resource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.get(&number).cloned()
    }

    pub fn remove(&self, number: u64) {
        let removed = self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
        drop(removed); // outside of the lock
    }
}
