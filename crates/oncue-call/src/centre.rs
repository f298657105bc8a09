//! The call centre: takes what happens, puts out what to do, in the order that works. It does nothing itself: no clock, no
//! thread, no system.
//!
//! Here is what it keeps and how it is driven; what each input leads to stands in the files of `centre/`.

mod actions;
mod audio;
mod ending;
mod in_force;
mod incoming;
mod outgoing;
mod own;
mod requests;
mod signals;
mod timers;
mod waits;

use crate::app_call::Over;
use crate::call::Call;
use crate::hardware::Hardware;
use crate::integration::CallUi;
use crate::observe::Changes;
use crate::session::Session;
use crate::{AppCall, CallAction, CallState, Input, Output, Settings, Stage};
use actions::Open;
use audio::{Interruption, Purpose};
use in_force::InForce;
use incoming::Report;
use oncue_session::{ActionKind, Entry, Event, Id};
use requests::Asked;
use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use waits::Awaited;

/// How many calls there can be at once. One more is reported, as a push must be, and ended.
pub const CALLS: usize = 16;

/// The centre's clock stands here, so that its waits can be added to any time.
const LATEST: Duration = Duration::from_secs(u64::MAX / 2);

/// Whoever hears of everything as it happens.
pub(crate) type Log = Box<dyn FnMut(&Entry) + Send>;

/// The calls of an app, between its server, its user, the call system and the session.
///
/// Drive it as its outputs say: take each [`Input`] to [`handle`](Self::handle) with the time, then do every
/// [`Output`] that [`poll_output`](Self::poll_output) gives, one after the other, before the system's callback returns;
/// call `handle` with [`Input::Time`] when [`poll_timeout`](Self::poll_timeout) is over. Times count from any fixed
/// moment and do not go back.
///
/// ```
/// use oncue_call::{Centre, Handle, Input, Output, Push, PushKind, Settings};
/// use oncue_session::Id;
/// use std::time::Duration;
///
/// let mut uuids = 0..;
/// let mut centre = Centre::new(Settings::default(), move || Id::new(uuids.next().unwrap_or(0)));
/// while centre.poll_output().is_some() {} // the provider and the push registry
///
/// let push = Push {
///     id: Id::named("push"),
///     call: 42.into(),
///     from: Handle::generic("alice"),
///     name: None,
///     video: false,
///     kind: PushKind::Calls,
///     must_report: None,
/// };
/// centre.handle(Duration::from_secs(1), Input::Push(push));
/// assert!(matches!(centre.poll_output(), Some(Output::ConfigureProvider { .. })));
/// assert!(matches!(centre.poll_output(), Some(Output::ReportIncoming { .. })));
/// ```
pub struct Centre {
    settings: Settings,
    new_uuid: Box<dyn FnMut() -> Id + Send>,
    log: Option<Log>,
    now: Duration,
    // Every order leaves by one channel, so that what the typed session does stands in its place among the others.
    out: Sender<Output>,
    outputs: Receiver<Output>,
    changes: Changes,

    calls: Vec<Call>,
    over: Over,
    others: Vec<CallState>,
    open: Vec<Open>,
    asked: Vec<Asked>,
    /// Transactions that wait for the provider's registration.
    waiting: Vec<Vec<CallAction>>,
    reports: VecDeque<Report>,

    /// How many transactions were requested.
    transactions: u64,
    /// The provider; none where it was invalidated for good.
    provider: Option<Id>,
    providers: u32,
    /// When transactions may be requested at the latest; none = now.
    provider_ready: Option<Duration>,
    in_force: InForce,
    foreground: bool,
    unlocked: bool,
    /// The first unlock was told: no later lock takes it back.
    was_unlocked: bool,
    signalling: bool,
    background_tasks: Vec<AppCall>,

    audio: Session,
    hardware: Hardware,
    category: VecDeque<(Purpose, bool)>,
    awaits: Awaited,
    /// The last activation holds.
    activated: bool,
    /// The app's own activation was asked for.
    activating: bool,
    interruption: Interruption,
    /// Playback was sent to the loudspeaker.
    speaker: bool,
    /// It is to be: an interruption has undone it, or the wish came while the session was not active.
    speaker_lost: bool,
    /// Whether the last start was the one attempt without an activation.
    attempt: bool,
    /// Whether the media stack was told of an activation, and not of its end.
    told: bool,
    /// Whether what is captured was muted last.
    muted: bool,
    /// A start failed: nothing starts before the next activation.
    silent: bool,
}

impl Centre {
    /// A centre for a process that has just started, in the background, unlocked, its signalling not up. It asks for a
    /// provider and a push registry at once.
    ///
    /// `new_uuid` gives random UUIDs (version 4), a new one at each call.
    pub fn new(settings: Settings, new_uuid: impl FnMut() -> Id + Send + 'static) -> Self {
        let (out, outputs) = channel();
        let in_force = InForce::at_launch(CallUi::System(settings.framework));
        let mut centre = Self {
            new_uuid: Box::new(new_uuid),
            log: None,
            now: Duration::ZERO,
            audio: Session::new(settings.owner(), &out),
            settings,
            hardware: Hardware::default(),
            out,
            outputs,
            changes: Changes::default(),
            calls: Vec::new(),
            over: Over::default(),
            others: Vec::new(),
            open: Vec::new(),
            asked: Vec::new(),
            waiting: Vec::new(),
            reports: VecDeque::new(),
            transactions: 0,
            provider: None,
            providers: 0,
            provider_ready: None,
            in_force,
            foreground: false,
            unlocked: true,
            was_unlocked: false,
            signalling: false,
            background_tasks: Vec::new(),
            category: VecDeque::new(),
            awaits: Awaited::default(),
            activated: false,
            activating: false,
            interruption: Interruption::None,
            speaker: false,
            speaker_lost: false,
            attempt: false,
            told: false,
            muted: false,
            silent: false,
        };
        centre.put(Output::RegisterForPushes);
        centre.create_provider();
        centre
    }

    /// Has everything that the centre is told and that is done told to `log`, as it happens: for a
    /// [`Guard`](oncue_session::Guard), or a trace that `oncue check` reads. What is polled counts as done.
    pub fn set_log(&mut self, log: impl FnMut(&Entry) + Send + 'static) {
        self.log = Some(Box::new(log));
    }

    /// Something happened at `now`. Deadlines that are over by then come first.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now.min(LATEST));
        self.expire();
        self.take(input);
    }

    /// The next thing to do, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.try_recv().ok()?;
        if self.log.is_some() {
            let mut events = Vec::new();
            output.events(|event| events.push(event));
            events.into_iter().for_each(|event| self.tell(event));
        }
        Some(output)
    }

    /// The next change of a call, the oldest first. Of more than 256 changes that nobody took the oldest are gone.
    pub fn poll_change(&mut self) -> Option<CallState> {
        self.changes.pop()
    }

    /// The calls as they are now, those of other apps behind the app's own.
    pub fn calls(&self) -> impl Iterator<Item = CallState> {
        self.calls.iter().map(Call::state).chain(self.others.iter().cloned())
    }

    /// The UUID of a call that is not over.
    pub fn uuid(&self, call: &AppCall) -> Option<Id> {
        self.calls.iter().find(|known| known.app == *call).map(|call| call.id)
    }

    /// The state of the session.
    pub const fn session(&self) -> oncue_session::State {
        self.audio.state()
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Time => self.tell(Event::Poll {}),
            Input::Push(push) => self.pushed(push),
            Input::Signal(signal) => self.signalled(signal),
            Input::Wish(wish) => self.wished(wish),
            Input::Reported { call, result } => self.reported(call, result),
            Input::Requested { transaction, result } => self.requested(transaction, result),
            Input::ProviderBegan => self.provider_began(),
            Input::Execute { transaction } => self.put(Output::LeaveToActions { transaction }),
            Input::Perform(performed) => self.perform(performed),
            Input::TimedOut { action } => self.timed_out(action),
            Input::Decided(ui) => self.decided(ui),
            Input::ActiveSet(result) => self.active_set(result),
            Input::ProviderReset => self.provider_reset(),
            Input::OtherCall(state) => self.other_call(state),
            Input::CategorySet(result) => self.category_set(result),
            Input::AudioStarted(result) => self.audio_started(result),
            Input::DidActivate => self.did_activate(),
            Input::DidDeactivate => self.did_deactivate(),
            Input::InterruptionBegan(reason) => self.interruption_began(reason),
            Input::InterruptionEnded { should_resume } => self.interruption_ended(should_resume),
            Input::MediaServicesLost => self.media_services_lost(),
            Input::MediaServicesReset => self.media_services_reset(),
            Input::Foreground(foreground) => {
                self.tell(if foreground {
                    Event::EnteredForeground {}
                } else {
                    Event::EnteredBackground {}
                });
                self.foreground = foreground;
                if foreground {
                    self.reactivate();
                    self.await_after_interruption();
                }
            }
            Input::Unlocked(unlocked) => self.unlocked(unlocked),
            Input::SignallingReady(ready) => self.signalling_ready(ready),
        }
    }

    /// Puts something out.
    fn put(&self, output: Output) {
        // The receiver lives as long as the centre.
        let _ = self.out.send(output);
    }

    /// Tells the log of something that happened or is done now.
    fn tell(&mut self, event: Event) {
        if let Some(log) = &mut self.log {
            log(&Entry::new(self.now, event));
        }
    }

    fn call(&self, id: Id) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id)
    }

    fn call_mut(&mut self, id: Id) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// A UUID that no call has.
    fn fresh_uuid(&mut self) -> Id {
        // A source that repeats itself is a bug; one try more than there are calls finds a free one if it gives any.
        for _ in 0..CALLS {
            let id = (self.new_uuid)();
            if self.call(id).is_none() {
                return id;
            }
        }
        (self.new_uuid)()
    }

    /// Changes a call and tells the observers, if anything they see changed.
    fn change(&mut self, id: Id, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.call_mut(id) else { return };
        let before = call.state();
        change(call);
        let after = call.state();
        if before != after {
            self.changes.push(after);
        }
    }

    /// A call of another app began, changed or ended.
    fn other_call(&mut self, state: CallState) {
        self.others.retain(|other| other.id != state.id);
        if !state.has_ended() && self.others.len() < CALLS {
            self.others.push(state.clone());
        }
        self.changes.push(state);
    }

    /// Whether a call other than `but` is live.
    fn other_is_live(&self, but: Id) -> bool {
        self.calls.iter().any(|call| call.id != but && call.is_live())
    }

    /// Whether this action is being performed for the call.
    fn is_open(&self, call: Id, kind: ActionKind) -> bool {
        self.open.iter().any(|open| open.action.call() == call && open.action.kind() == kind)
    }

    /// Whether a call is live and not held.
    fn is_any_heard(&self) -> bool {
        self.calls.iter().any(|call| call.is_live() && !call.held)
    }

    /// Whether a live call has video.
    fn is_any_video(&self) -> bool {
        self.calls.iter().any(|call| call.is_live() && call.video)
    }

    /// The calls that are answered or started.
    fn live(&self) -> Vec<Id> {
        self.calls.iter().filter(|call| call.is_live()).map(|call| call.id).collect()
    }

    fn set_stage(&mut self, id: Id, stage: Stage) {
        self.change(id, |call| call.stage = stage);
    }
}

impl fmt::Debug for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Centre")
            .field("calls", &self.calls)
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}
