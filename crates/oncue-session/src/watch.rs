//! The deadlines of a guard: what must follow, and by when. They are values; whoever has a clock polls them.

use crate::facts::Call;
use crate::{Facts, Rule, Seen, State};
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{ActionKind, Event, EventKind, Id};

/// How many deadlines can stand at once; one more replaces the one that was set last.
const AT_ONCE: usize = 32;

/// What a guard waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The activation after a fulfil.
    Activation,
    /// An activation, or an attempt to start, after an unhold.
    Resume,
    /// The activation after the media services were reset.
    Reset,
    /// The start of input/output after an activation.
    InputOutput,
    /// The completion of an action.
    Completion,
    /// Audio again, after it was switched off in a live call.
    AudioAgain,
    /// Samples of a unit that runs, or its rebuild.
    Samples,
    /// The end of an interruption on which a second one came, while the app is in the foreground.
    InterruptionEnd,
    /// The end of a call that was reported before the first unlock.
    LockedCall,
    /// The acceptance of a call whose answer was fulfilled.
    Acceptance,
    /// A sound, before the system takes the session for idle.
    Sound,
}

/// The next moment at which a guard has something to say if nothing happens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When.
    pub at: Duration,
    /// Since when it waits.
    pub since: Duration,
    /// What it waits for.
    pub reason: Reason,
    /// The call, action or unit.
    pub about: Option<Id>,
}

/// The deadlines that stand.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    wakes: Vec<Wake>,
    next: Duration,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { wakes: Vec::with_capacity(AT_ONCE), next: Duration::MAX }
    }

    /// The deadline that comes first.
    pub(crate) fn next(&self) -> Option<Wake> {
        self.wakes.iter().copied().min_by_key(|wake| wake.at)
    }

    /// Whether a deadline may be over before `now`.
    #[inline]
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now > self.next
    }

    /// Takes out the first deadline that is over before `now`.
    pub(crate) fn over(&mut self, now: Duration) -> Option<Wake> {
        let first = self.next()?;
        if now <= first.at {
            // The one that `next` stood for was replaced.
            self.next = first.at;
            return None;
        }
        self.clear(first.reason, first.about);
        Some(first)
    }

    /// The rule that is broken when a wait for `reason` was in vain.
    pub(crate) fn broken(wake: &Wake, facts: &Facts) -> Rule {
        match wake.reason {
            Reason::Activation => Rule::ActivationWatchdog,
            Reason::Resume => Rule::UnholdMayLackDidActivate,
            Reason::Reset => Rule::MediaServicesResetRebuild,
            Reason::InputOutput if facts.stack.needs_telling() => Rule::MediaStackToldOfActivation,
            Reason::InputOutput if facts.session.activated_over_interruption => {
                Rule::InterruptionEndNotGuaranteed
            }
            Reason::InputOutput => Rule::IoStartsAfterActivation,
            Reason::Completion => Rule::ActionInTime,
            Reason::AudioAgain if facts.session.deactivated_late => {
                Rule::UnholdDidDeactivateMayBeLate
            }
            Reason::AudioAgain => Rule::NoStaleDisableAfterActivation,
            Reason::Samples if facts.session.activated_twice => {
                Rule::DuplicateActivationMeansDeviceLoss
            }
            Reason::Samples => Rule::StalledUnitWatchdog,
            Reason::InterruptionEnd => Rule::InterruptionEndNotGuaranteed,
            Reason::LockedCall => Rule::BeforeFirstUnlock,
            Reason::Acceptance => Rule::AnswerBeforeSignallingIsReady,
            Reason::Sound => Rule::IdleInterruptionAfterMinutes,
        }
    }

    fn set(&mut self, since: Duration, wait: Duration, reason: Reason, about: Option<Id>) {
        let at = since.saturating_add(wait);
        self.clear(reason, about);
        if self.wakes.len() == AT_ONCE {
            self.wakes.pop();
        }
        self.wakes.push(Wake { at, since, reason, about });
        self.next = self.next.min(at);
    }

    fn clear(&mut self, reason: Reason, about: Option<Id>) {
        self.retain(|wake| wake.reason != reason || about.is_some() && wake.about != about);
    }

    fn retain(&mut self, keep: impl Fn(&Wake) -> bool) {
        if !self.wakes.iter().all(&keep) {
            self.wakes.retain(keep);
            self.next = self.next().map_or(Duration::MAX, |wake| wake.at);
        }
    }

    /// Sets and clears deadlines by an event that `facts` know already, and the action that it is about.
    #[inline(always)]
    pub(crate) fn learn(
        &mut self,
        seen: &Seen<'_>,
        action: Option<(ActionKind, Id)>,
        facts: &Facts,
    ) {
        let waits = facts.policy.waits;
        let runs = || facts.units.any(|unit| unit.runs) || facts.stack.enabled == Some(true);
        // Whoever hung up wants no audio, though the system has not ended the call yet.
        let wants_io = |call: &Call| call.wants_io() && !call.peer_ended && !call.user_ends;
        match *seen.event {
            Event::Perform { action, timeout_ms: Some(ms), .. } => {
                self.set(
                    seen.at,
                    Duration::from_millis(ms.into()),
                    Reason::Completion,
                    Some(action),
                );
            }
            Event::Fulfill { action: id }
            | Event::Fail { action: id }
            | Event::TimedOut { action: id, .. } => {
                self.clear(Reason::Completion, Some(id));
                if seen.event.kind() == EventKind::Fulfill {
                    self.fulfilled(seen.at, action, facts);
                } else if let Some((kind, call)) = action {
                    if facts.calls.get(call).is_some_and(|call| call.ended) {
                        self.ended(call, facts);
                    }
                    if kind == ActionKind::Unhold && !facts.session.is(State::Resuming) {
                        self.clear(Reason::Resume, None);
                    }
                }
            }
            Event::DidActivate {} => {
                self.retain(|wake| {
                    !matches!(
                        wake.reason,
                        Reason::Activation
                            | Reason::Resume
                            | Reason::Reset
                            | Reason::InterruptionEnd
                    )
                });
                if !runs() && facts.calls.any_under_way(wants_io) && facts.tells_io() {
                    self.set(seen.at, waits.activation, Reason::InputOutput, None);
                }
            }
            Event::WantAudio { .. } | Event::PeerAnswered { .. }
                if !runs()
                    && facts.session.is_active()
                    && facts.under_system()
                    && facts.wants_io()
                    && facts.tells_io() =>
            {
                self.set(seen.at, waits.activation, Reason::InputOutput, None);
            }
            Event::StartUnit { .. } | Event::EnableAudio { on: true } => {
                self.retain(|wake| {
                    !matches!(
                        wake.reason,
                        Reason::InputOutput | Reason::Resume | Reason::Reset | Reason::AudioAgain
                    )
                });
                if let Some(unit) = seen.event.unit() {
                    self.clear(Reason::Samples, Some(unit));
                }
            }
            Event::Refused { of: EventKind::StartUnit, .. } if facts.session.resumed_by_attempt => {
                self.set(seen.at, Duration::ZERO, Reason::Activation, None);
            }
            Event::StopUnit { .. }
            | Event::DisposeUnit { .. }
            | Event::EnableAudio { on: false } => {
                if let Some(unit) = seen.event.unit() {
                    self.clear(Reason::Samples, Some(unit));
                    self.clear(Reason::Sound, Some(unit));
                }
                let stays = facts.calls.any_under_way(wants_io)
                    && !facts.actions.is_open(ActionKind::End, None)
                    && !facts.actions.is_open(ActionKind::Hold, None);
                if !runs()
                    && stays
                    && (facts.session.activated_at.is_some() || facts.session.deactivated_late)
                {
                    self.set(seen.at, waits.activation, Reason::AudioAgain, None);
                }
            }
            Event::Samples { unit, .. } => self.sampled(unit, seen.at, facts),
            Event::DidDeactivate {} => {
                self.no_audio();
                if facts.session.is(State::Resuming) && !runs() && facts.wants_io() {
                    self.set(seen.at, waits.activation, Reason::Resume, None);
                }
                // The activation of the call that was answered before it is still to come, unless it was taken back since.
                if facts.session.deactivation_crosses
                    && !facts.session.deactivated_late
                    && facts.under_system()
                    && facts.calls.any_under_way(|call| call.is_live() && !call.held)
                {
                    self.set(seen.at, waits.activation, Reason::Activation, None);
                }
            }
            Event::InterruptionBegan { .. } => {
                self.no_audio();
                self.interrupted(seen.at, facts);
            }
            // A phone call that interrupts has the screen; behind it an app can do nothing but wait.
            Event::EnteredForeground {} => self.interrupted(seen.at, facts),
            Event::EnteredBackground {}
            | Event::InterruptionEnded { .. }
            | Event::SetActive { active: true } => self.clear(Reason::InterruptionEnd, None),
            Event::MediaServicesLost {} => {
                self.no_audio();
                self.no_activation();
            }
            Event::MediaServicesReset {} if facts.under_system() && facts.wants_io() => {
                self.set(seen.at, waits.activation, Reason::Reset, None);
            }
            Event::ReportIncoming { call, .. }
                if facts.surroundings.protected_data == Some(false) =>
            {
                self.set(seen.at, waits.locked_call, Reason::LockedCall, Some(call));
            }
            Event::ReportRefused { call, .. } => self.clear(Reason::LockedCall, Some(call)),
            Event::ProtectedData { available: true } => self.clear(Reason::LockedCall, None),
            Event::SendAccept { call } => self.clear(Reason::Acceptance, Some(call)),
            Event::UserEnds { .. } | Event::PeerEnded { .. }
                if !facts.calls.any_under_way(wants_io) =>
            {
                self.clear(Reason::InputOutput, None);
            }
            Event::ReportEnded { call, .. } => self.ended(call, facts),
            Event::ProviderReset {} | Event::Launch {} => self.retain(|_| false),
            _ => {}
        }
    }

    fn fulfilled(&mut self, now: Duration, action: Option<(ActionKind, Id)>, facts: &Facts) {
        let waits = facts.policy.waits;
        let Some((kind, call)) = action else { return };
        match kind {
            ActionKind::Answer | ActionKind::Start => {
                let held = facts.calls.get(call).is_some_and(|call| call.held);
                if facts.under_system() && facts.session.is(State::AwaitingActivation) && !held {
                    // A call that was taken back, or was live at a reset, has it too: now one follows for certain.
                    self.retain(|wake| {
                        !matches!(wake.reason, Reason::Resume | Reason::Reset | Reason::AudioAgain)
                    });
                    self.set(now, waits.activation, Reason::Activation, None);
                }
                // A call whose coming in was not seen may have been accepted before.
                if kind == ActionKind::Answer
                    && facts.calls.tells_signalling
                    && facts.calls.get(call).is_some_and(|call| call.incoming && !call.accept_sent)
                {
                    self.set(now, waits.acceptance, Reason::Acceptance, Some(call));
                }
            }
            ActionKind::Unhold if facts.session.is(State::Resuming) => {
                self.set(now, waits.activation, Reason::Resume, None);
            }
            ActionKind::Hold if !facts.wants_io() => {
                self.no_audio();
                // It may come when the call is taken back.
                self.no_activation();
            }
            ActionKind::End => self.ended(call, facts),
            _ => {}
        }
    }

    fn sampled(&mut self, id: Id, now: Duration, facts: &Facts) {
        let Some(unit) = facts.units.get(id) else { return };
        // What is over by now was found, and is not waited for again.
        let stands = |since: Duration, wait: Duration| since.saturating_add(wait) >= now;
        let waits = facts.policy.waits;
        let stalled = unit.stalled_since.filter(|&since| unit.runs && stands(since, waits.samples));
        match stalled {
            Some(since) => self.set(since, waits.samples, Reason::Samples, Some(id)),
            None => self.clear(Reason::Samples, Some(id)),
        }
        // What an app plays while no call is under way may be as silent as it likes.
        let in_call = facts.in_call();
        match unit.silent_since.filter(|&since| unit.runs && in_call && stands(since, waits.sound))
        {
            Some(since) => self.set(since, waits.sound, Reason::Sound, Some(id)),
            None => self.clear(Reason::Sound, Some(id)),
        }
    }

    fn ended(&mut self, call: Id, facts: &Facts) {
        self.clear(Reason::LockedCall, Some(call));
        self.clear(Reason::Acceptance, Some(call));
        // A held call that is left wants nothing now.
        if !facts.wants_io() {
            self.no_audio();
        }
        if !facts.calls.any_under_way(|call| call.is_live() && !call.held) {
            self.no_activation();
        }
    }

    /// An interruption on which a second one came may have no end; an app in the foreground can go on.
    fn interrupted(&mut self, now: Duration, facts: &Facts) {
        let session = &facts.session;
        let in_front = facts.surroundings.foreground == Some(true);
        if session.interrupted && session.interrupted_again && in_front && facts.wants_io() {
            self.set(now, facts.policy.waits.activation, Reason::InterruptionEnd, None);
        }
    }

    /// Nobody expects an activation now.
    fn no_activation(&mut self) {
        self.retain(|wake| {
            !matches!(wake.reason, Reason::Activation | Reason::Resume | Reason::Reset)
        });
    }

    /// Nobody expects audio now.
    fn no_audio(&mut self) {
        self.retain(|wake| {
            !matches!(
                wake.reason,
                Reason::InputOutput | Reason::AudioAgain | Reason::Samples | Reason::Sound
            )
        });
    }
}
