//! Real-time rights: a priority that the scheduler keeps, asked for by the engine itself.
//!
//! A callback tells which thread it runs on, once, and the device thread asks for that thread's priority: a call that
//! may take long has no place in a callback. Nothing used here can end the process: no limit is set (rtkit and
//! audio_thread_priority set `RLIMIT_RTTIME`, after which a callback that takes too long is killed by SIGXCPU), and where
//! somebody else has set that limit, nothing is asked for. A child that is forked inherits nothing.
//!
//! Besides the ring's slots this is the one file with `unsafe` code: the standard library has no word for a priority,
//! and the crates that have one speak of POSIX threads, which may be gone when they are asked about; a kernel's thread
//! that is gone is an error.

use core::sync::atomic::{AtomicI32, Ordering};

/// What became of the wish for a real-time priority, for the thread that calls a direction's callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rights {
    /// It was not asked for, or no callback has come yet.
    #[default]
    #[error("not asked for")]
    NotAsked,
    /// It was asked for and granted.
    #[error("real-time priority {priority}")]
    Realtime {
        /// 1 to 99, the highest.
        priority: i32,
    },
    /// The host's thread had a real-time priority of its own (JACK gives its clients one), which was left as it is.
    #[error("real-time priority {priority} of the host's own")]
    AlreadyRealtime {
        /// 1 to 99, the highest.
        priority: i32,
    },
    /// It was asked for and not granted. Audio goes on without.
    #[error("no real-time priority: {why}")]
    Denied {
        /// Why not, and what would help.
        why: Denied,
    },
}

/// Why there is no real-time priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The user may not.
    #[error("not permitted up to {allowed}; raise the limit rtprio of this user (limits.conf)")]
    NotPermitted {
        /// The highest priority that the user's limit allows; 0 = none.
        allowed: i32,
    },
    /// Somebody has limited how long a real-time thread of this process may run at a time, and what runs longer is
    /// killed.
    #[error("a limit on real-time CPU time could end the process; lift the limit rttime")]
    CpuTimeLimited,
    /// The thread was gone before it was asked for.
    #[error("the thread is gone")]
    ThreadGone,
    /// This system has no such call, or OnCue does not know it.
    #[error("not known how to on this system")]
    Unsupported,
    /// The system said something else.
    #[error("the system says error {code}")]
    Other {
        /// The system's error number.
        code: i32,
    },
}

const UNWANTED: i32 = 0;
const WANTED: i32 = -1;

/// Whether a callback is to tell which thread it runs on, and which it told.
#[derive(Debug, Default)]
pub(crate) struct Caller(AtomicI32);

impl Caller {
    /// Wants to know.
    pub(crate) fn ask(&self) {
        self.0.store(WANTED, Ordering::Relaxed);
    }

    /// A callback's answer. Once a stream, if it was asked for, it makes the one system call that gives a number.
    pub(crate) fn tell(&self) {
        if self.0.load(Ordering::Relaxed) == WANTED {
            self.0.store(system::this_thread(), Ordering::Relaxed);
        }
    }

    /// The thread that was told, once.
    pub(crate) fn take(&self) -> Option<i32> {
        let told = self.0.load(Ordering::Relaxed);
        (told > UNWANTED && self.0.swap(UNWANTED, Ordering::Relaxed) == told).then_some(told)
    }
}

/// Asks for `priority` for a thread of this process, or for the highest below it that the user's limit allows.
pub(crate) fn ask(thread: i32, priority: i32) -> Rights {
    match system::own_priority(thread) {
        Ok(0) => {}
        Ok(priority) => return Rights::AlreadyRealtime { priority },
        Err(why) => return Rights::Denied { why },
    }
    if system::is_cpu_time_limited() {
        return Rights::Denied { why: Denied::CpuTimeLimited };
    }
    match system::set_priority(thread, priority) {
        Err(Denied::NotPermitted { allowed }) if (1..priority).contains(&allowed) => {
            match system::set_priority(thread, allowed) {
                Ok(()) => Rights::Realtime { priority: allowed },
                Err(why) => Rights::Denied { why },
            }
        }
        Ok(()) => Rights::Realtime { priority },
        Err(why) => Rights::Denied { why },
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod system {
    use super::Denied;
    use std::io;

    /// The kernel's number of the thread that calls.
    pub(super) fn this_thread() -> i32 {
        // SAFETY: takes nothing, and always succeeds.
        unsafe { libc::gettid() }
    }

    /// The real-time priority that a thread has; 0 if none.
    pub(super) fn own_priority(thread: i32) -> Result<i32, Denied> {
        // SAFETY: takes a number.
        let policy = unsafe { libc::sched_getscheduler(thread) };
        match policy & !libc::SCHED_RESET_ON_FORK {
            _ if policy < 0 => Err(denied()),
            libc::SCHED_FIFO | libc::SCHED_RR => {
                let mut param = libc::sched_param { sched_priority: 0 };
                // SAFETY: `param` outlives the call.
                match unsafe { libc::sched_getparam(thread, &raw mut param) } {
                    0 => Ok(param.sched_priority),
                    _ => Err(denied()),
                }
            }
            _ => Ok(0),
        }
    }

    pub(super) fn set_priority(thread: i32, priority: i32) -> Result<(), Denied> {
        let param = libc::sched_param { sched_priority: priority };
        let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
        // SAFETY: `param` outlives the call.
        match unsafe { libc::sched_setscheduler(thread, policy, &raw const param) } {
            0 => Ok(()),
            _ => Err(denied()),
        }
    }

    /// Whether a real-time thread that runs for long is killed.
    pub(super) fn is_cpu_time_limited() -> bool {
        limit(libc::RLIMIT_RTTIME) != libc::RLIM_INFINITY
    }

    fn limit(resource: libc::__rlimit_resource_t) -> libc::rlim_t {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` outlives the call. Should it fail, 0 is left, the cautious answer.
        unsafe { libc::getrlimit(resource, &raw mut limit) };
        limit.rlim_cur
    }

    fn denied() -> Denied {
        let code = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        match code {
            libc::EPERM => Denied::NotPermitted {
                allowed: i32::try_from(limit(libc::RLIMIT_RTPRIO)).unwrap_or(99),
            },
            libc::ESRCH => Denied::ThreadGone,
            libc::ENOSYS => Denied::Unsupported,
            code => Denied::Other { code },
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Denied;

    /// Any number that a thread may have: there is nothing to do with it.
    pub(super) const fn this_thread() -> i32 {
        1
    }

    pub(super) const fn own_priority(_thread: i32) -> Result<i32, Denied> {
        Err(Denied::Unsupported)
    }

    pub(super) const fn set_priority(_thread: i32, _priority: i32) -> Result<(), Denied> {
        Err(Denied::Unsupported)
    }

    pub(super) const fn is_cpu_time_limited() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_asked_does_not_tell_and_who_is_tells_once() {
        let caller = Caller::default();
        caller.tell();
        assert_eq!(caller.take(), None);
        caller.ask();
        assert_eq!(caller.take(), None, "no callback came yet");
        caller.tell();
        assert!(caller.take().is_some_and(|thread| thread > 0));
        caller.tell();
        assert_eq!(caller.take(), None);
    }

    #[test]
    fn it_reads_as_one_line() {
        let why = Denied::NotPermitted { allowed: 0 };
        assert_eq!(
            Rights::Denied { why }.to_string(),
            "no real-time priority: not permitted up to 0; raise the limit rtprio of this user (limits.conf)"
        );
    }
}
