//! What libjack does not survive, and the order that keeps it from happening.
//!
//! libjack has one set of globals in a process, for one server (jackd2 1.9.21, `JackLibGlobals::Init`). Once a client was
//! told that its server died, the next connection closes and frees all the clients that are still there, under the
//! hands of their owners; made before that, it takes the dead server's shared memory for the new one's. So from the
//! death of a server on, nobody connects until the last client is gone, whichever engine it is of. What remains is a
//! server that dies in the milliseconds between two connections of one attempt: libjack itself does not look then.

use crate::error::DeviceError;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Of this process.
static CLIENTS: Clients = Clients(AtomicUsize::new(0));

/// How many there are, times two, and 1 if their server died.
struct Clients(AtomicUsize);

const DIED: usize = 1;
const ONE: usize = 2;

impl Clients {
    fn add(&self) {
        self.0.fetch_add(ONE, Ordering::AcqRel);
    }

    fn remove(&self) {
        // The last of them takes the death along. It never fails to update.
        let _ = self.0.try_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            let left = state.saturating_sub(ONE);
            Some(if left < ONE { 0 } else { left })
        });
    }

    fn died(&self) {
        // Failing to update means that there is nobody to die.
        let _ = self.0.try_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            (state >= ONE).then_some(state | DIED)
        });
    }

    fn may_connect(&self) -> Result<(), DeviceError> {
        let state = self.0.load(Ordering::Acquire);
        if state & DIED == 0 { Ok(()) } else { Err(DeviceError::DeadClients { held: state / ONE }) }
    }
}

/// Kept beside a stream of a JACK host until that is dropped.
#[derive(Debug)]
pub(crate) struct Client(());

impl Client {
    pub(crate) fn new() -> Self {
        CLIENTS.add();
        Self(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        CLIENTS.remove();
    }
}

/// Whether a host is JACK. cpal has the id only where it has the host.
pub(crate) fn is(host: cpal::HostId) -> bool {
    host.to_string() == "jack"
}

/// The server of the present clients died, or does not answer, so that it may die at any time.
pub(crate) fn died() {
    CLIENTS.died();
}

/// Whether it is safe to connect now.
///
/// # Errors
/// [`DeviceError::DeadClients`].
pub(crate) fn may_connect() -> Result<(), DeviceError> {
    CLIENTS.may_connect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_death_nobody_connects_until_the_last_client_is_gone() {
        let clients = Clients(AtomicUsize::new(0));
        clients.died();
        assert_eq!(clients.may_connect(), Ok(()), "nobody was there");
        clients.add();
        clients.add();
        assert_eq!(clients.may_connect(), Ok(()));
        clients.died();
        assert_eq!(clients.may_connect(), Err(DeviceError::DeadClients { held: 2 }));
        clients.died();
        clients.remove();
        assert_eq!(clients.may_connect(), Err(DeviceError::DeadClients { held: 1 }));
        clients.remove();
        assert_eq!(clients.may_connect(), Ok(()));
        clients.add();
        assert_eq!(clients.may_connect(), Ok(()), "of the next server");
    }
}
