//! The interface for call stacks: a thread that carries audio between the engine and the stack's own code.
//!
//! The stack attaches endpoints, each in its own format: code that takes captured frames ([`Capture`]) and code that
//! gives frames to be played ([`Playout`]), as many as there are at once: ringback, the end tone, the far end. Their
//! sum is played. The pump calls them every frame of device time, on its own thread, never on an audio callback's;
//! with each captured frame comes what was at the speaker at its time.
//!

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: the program's own threads poll events"
)]

mod attachment;
mod capture;
mod format;
mod mix;
mod playout;
mod queue;
mod reference;
mod stack_clock;
mod thread;

pub use attachment::{Attachment, AttachmentStats, Id as AttachmentId};
pub use capture::{Capture, CaptureInfo};
pub use format::{FormatError, FrameFormat, Sample};
pub use playout::{Playout, PlayoutInfo};
pub(crate) use reference::Played;
pub use stack_clock::{StackClock, StackClockStats};

use crate::endpoint::Endpoint;
use crate::error::Direction;
use crate::stats::StreamFormat;
use attachment::Inbox;
use capture::TapOf;
use core::fmt;
use oncue_session::Directions;
use playout::VoiceOf;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use thread::Work;

/// Carries audio between an engine and a call stack, on a thread of its own.
///
/// An endpoint is intent, and the session alone lets hardware run. So an endpoint may be attached at any time: it is
/// called while the engine runs, and silent while it does not.
///
/// # What call stacks need
/// Seen in libwebrtc, Twilio, pjmedia, linphone, baresip and RingRTC; the tests stand in this crate's `tests/`.
///
/// | | need | what serves it | shown by |
/// |---|---|---|---|
/// | R1 | a start before the activation is pending, no error | an endpoint is intent: [`playout`](Self::playout), [`capture`](Self::capture) | `pump_session`: `an_endpoint_waits_for_the_activation_…` |
/// | R2 | several playout endpoints at once, in different formats | each its own [`FrameFormat`]; the sum is limited, not clipped | `pump_sound`: `endpoints_of_any_rate_…`, `a_sum_beyond_full_scale_…` |
/// | R3 | attach and detach on a running device | they pass between two frames; no stream is touched | `pump`: `a_player_comes_and_goes_…` |
/// | R4 | stop and detach join | [`Attachment::detach`], [`stop`](Self::stop) | `pump_threads`: `after_detach_or_stop_returned_…` |
/// | R5 | release on the last detach, whatever a "closed" event says | [`PumpEvent::Wanted`]`(None)`, [`wanted`](Self::wanted) | `pump`: `the_program_hears_which_directions_…` |
/// | R6 | endpoints outlive the deactivation, and the engine, silent | they are not called while nothing runs | `pump_session`: the same as R1; `pump`: `endpoints_outlive_the_engine_…` |
/// | R7 | a repeated activation changes nothing | a start of what runs goes on; a stream is rebuilt only when lost | `pump`: `a_second_start_…`; `supervisor` |
/// | R8 | a configure after the activation is reported | the session's types and its guard (rule `no-category-change-while-call-active`) | `oncue-session`: `compile_fail`, `guard` |
/// | R9 | the format may change at the activation | [`HardwareEvent::FormatChanged`]; the stack's frames stay | `pump_session`: `the_stack_hears_of_another_device_…`, `the_device_s_rate_changes_…` |
/// | R10 | stack code never runs on the audio thread | the pump's own thread | `pump_threads`: `one_thread_runs_…`; `realtime`: `with_a_call_stack_on_a_pump` |
/// | R11 | thread hooks, and the same thread between interruptions | [`PumpHooks`]; one thread for the pump's life | `pump_threads`: `one_thread_runs_…` |
/// | R12 | a count of activations never outvotes a deactivation | the session counts none: its deactivation closes the gate | `pump_session`: the same as R1 |
///
/// # Threads
/// All of the stack's code that is attached runs on one thread, one call at a time. A panic ends its endpoint and is told
/// ([`PumpEvent::Panicked`]). A call that blocks holds up the others: it costs the frames of the time it took, counted in
/// [`AttachmentStats`] and [`Stats`](crate::Stats), and no delay is left of it. A stack that cannot promise to return
/// in time takes and gives its frames by its own ticker instead ([`stack_clocked`](Self::stack_clocked)).
///
/// ```
/// use oncue_duplex::{CaptureInfo, FrameFormat, PlayoutInfo, Pump, PumpHooks};
/// # use oncue_card::{Card, CardSettings, Pacing};
/// # use oncue_duplex::{Duplex, DuplexSettings, HostSource};
/// # let card = Card::new(CardSettings { pacing: Pacing::FreeRunning, ..CardSettings::default() })?;
/// # let source = HostSource::Made(Box::new(move || card.host()));
/// let (duplex, endpoint) = Duplex::open(source, DuplexSettings::default())?;
/// let pump = Pump::spawn(endpoint, PumpHooks::default())?;
/// let frames = FrameFormat::new(48_000, 20)?;
/// let far_end = pump.playout(frames, |frame: &mut [i16], _: &PlayoutInfo| frame.fill(0));
/// let microphone =
///     pump.capture(frames, |frame: &[i16], played: &[i16], info: &CaptureInfo| {
///         assert_eq!((frame.len(), played.len()), (960, 960));
///     });
/// // Now the session may start `duplex`, or has, or will.
/// far_end.detach();
/// # drop(duplex);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Pump {
    inbox: Arc<Inbox>,
    rate: u32,
    events: Receiver<PumpEvent>,
    thread: Option<JoinHandle<()>>,
}

/// Code of the program that runs on the pump's thread, which is one for as long as the pump lives: what registers a
/// thread with a call stack or a virtual machine, or asks for its priority.
#[derive(Default)]
pub struct PumpHooks {
    /// Runs before anything of the stack's does.
    pub started: Option<Box<dyn FnOnce() + Send>>,
    /// Runs after the last of the stack's code has been dropped.
    pub stopping: Option<Box<dyn FnOnce() + Send>>,
}

/// What a pump tells the program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PumpEvent {
    /// Other directions are needed than before, since endpoints came or went. `None` when the last was detached: the
    /// program stops and releases the session then, whether or not its stack ever says that the call is over.
    Wanted(Option<Directions>),
    /// The stack's code panicked. Its endpoint is detached; the others go on.
    Panicked {
        /// The endpoint.
        attachment: AttachmentId,
        /// What it said; empty if that was no text.
        message: String,
    },
}

/// What the hardware did, as the stack's code is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HardwareEvent {
    /// The endpoint's direction runs: frames come from here on.
    Started,
    /// It runs no more: the session was interrupted, deactivated or stopped, or the device is lost and will be brought
    /// back.
    Stopped,
    /// A device was opened anew, in another format than before. The stack's own frames stay as they are.
    FormatChanged {
        /// The direction.
        direction: Direction,
        /// What the device has now.
        format: StreamFormat,
    },
}

impl Pump {
    /// Starts the thread. It owns the endpoint, and sleeps while no hardware runs.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn spawn(endpoint: Endpoint, hooks: PumpHooks) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let (tell, events) = mpsc::channel();
        let rate = endpoint.rate();
        let mut work = Work::new(endpoint, Arc::clone(&inbox), tell);
        let its = Arc::clone(&inbox);
        let thread = std::thread::Builder::new().name("oncue-pump".into()).spawn(move || {
            its.runs_on(std::thread::current());
            if let Some(hook) = hooks.started {
                hook();
            }
            work.run();
            its.close();
            if let Some(hook) = hooks.stopping {
                hook();
            }
        })?;
        Ok(Self { inbox, rate, events, thread: Some(thread) })
    }

    /// Attaches code that takes captured frames of `format`.
    pub fn capture<S: Sample>(&self, format: FrameFormat, stack: impl Capture<S>) -> Attachment {
        self.inbox.capture(Box::new(TapOf::new(self.rate, format, stack)))
    }

    /// Attaches code that gives frames of `format` to be played. It joins the others at the next 10 ms.
    pub fn playout<S: Sample>(&self, format: FrameFormat, stack: impl Playout<S>) -> Attachment {
        self.inbox.playout(Box::new(VoiceOf::new(self.rate, format, stack)))
    }

    /// Attaches a stack that brings its own clock: it takes and gives frames of `format` by its ticker, and both
    /// directions are resampled to that.
    pub fn stack_clocked<S: Sample>(&self, format: FrameFormat) -> StackClock<S> {
        StackClock::new(self.rate, format, |tap, voice| {
            (self.inbox.capture(tap), self.inbox.playout(voice))
        })
    }

    /// The directions that the attached endpoints need: what to start once the session is active. `None`: nothing is
    /// attached.
    pub fn wanted(&self) -> Option<Directions> {
        self.inbox.wanted()
    }

    /// Mutes the microphone for all endpoints, or lifts that, over 10 ms. It holds until it is lifted, over stops,
    /// rebuilds and resumes and for endpoints attached later (rule `mute-survives-resume`): their frames are silence.
    pub fn set_muted(&self, muted: bool) {
        self.inbox.mute(muted);
    }

    /// While on, captured frames are read and thrown away: the microphone is open and warm, the stack not called.
    pub fn set_warm_up(&self, on: bool) {
        self.inbox.warm_up(on);
    }

    /// What happened since the last call, one event a call.
    pub fn poll_event(&mut self) -> Option<PumpEvent> {
        self.events.try_recv().ok()
    }

    /// Ends the thread and all that is attached. When this returns, none of the stack's code is running, and none will
    /// be called again. It waits for a call that is running. Called by that code, on the pump's own thread, it is done
    /// when that returns.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.inbox.stop();
        if let Some(thread) = self.thread.take().filter(|_| !self.inbox.is_mine()) {
            // Its panics are those of the hooks, which were printed.
            let _ = thread.join();
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").field("wanted", &self.wanted()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PumpHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PumpHooks")
            .field("started", &self.started.is_some())
            .field("stopping", &self.stopping.is_some())
            .finish()
    }
}
