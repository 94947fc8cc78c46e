//! Calls that QEMU itself has to answer. A QEMU that hangs (stopped, waiting for a dead disk) hangs them, and libvirt waits
//! for ever: so each runs in a thread of its own, one at a time, and who asked waits for a bounded time.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};

/// Pausing and the like take milliseconds; a node that swaps, some seconds.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Monitor {
    call: Mutex<Option<Call>>,
    freed: Condvar,
}

#[derive(Clone, Copy)]
struct Call {
    what: &'static str,
    since: Instant,
}

impl Monitor {
    /// What `body` answers, or a retriable failure when that takes too long; `body` goes on then, and holds the monitor.
    pub fn call<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        body: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        self.take(what, deadline)?;
        let (sender, answer) = mpsc::channel();
        let monitor = self.clone();
        let spawned = std::thread::Builder::new().name("monitor".into()).spawn(move || {
            let outcome = body();
            monitor.free();
            let _ = sender.send(outcome);
        });
        if let Err(error) = spawned {
            self.free();
            return Err(error).context(|| what.into());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        answer.recv_timeout(left).unwrap_or_else(|_| {
            Err(Failure::retriable(format!("Cannot {what}: QEMU did not answer within {} s", ANSWER_TIMEOUT.as_secs())))
        })
    }

    /// What QEMU has owed an answer to for longer than anybody waits.
    pub fn overdue(&self) -> Option<&'static str> {
        let call = (*self.call.lock().unwrap_or_else(PoisonError::into_inner))?;
        (call.since.elapsed() >= ANSWER_TIMEOUT).then_some(call.what)
    }

    fn take(&self, what: &'static str, deadline: Instant) -> Outcome<()> {
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(other) = *call {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seconds = other.since.elapsed().as_secs();
                let why = format!("QEMU has been asked to {} for {seconds} s and does not answer", other.what);
                return Err(Failure::retriable(format!("Cannot {what}: {why}")));
            }
            call = self.freed.wait_timeout(call, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *call = Some(Call { what, since: Instant::now() });
        Ok(())
    }

    fn free(&self) {
        *self.call.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_answers_and_frees_the_monitor() {
        let monitor = Arc::new(Monitor::default());
        for _ in 0..2 {
            assert_eq!(monitor.call("count", || Ok(7)).unwrap(), 7);
        }
        assert!(monitor.call("fail", || Err::<(), _>(Failure::terminal("no"))).unwrap_err().terminal);
        assert!(monitor.overdue().is_none());
    }

    #[test]
    fn take_says_who_holds_the_monitor() {
        let monitor = Monitor::default();
        monitor.take("pause the domain", Instant::now()).unwrap();
        let failure = monitor.take("reset the domain", Instant::now()).unwrap_err();
        assert!(!failure.terminal);
        assert!(failure.message.contains("asked to pause the domain"), "{failure}");
    }
}
