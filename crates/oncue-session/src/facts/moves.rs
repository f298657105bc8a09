//! What an event is to the table of the order: a step of the app, something that the system did, or nothing.

use super::Seen;
use super::call::Call;
use super::calls::Calls;
use super::session::Session;
use super::units::Units;
use crate::{Policy, State, StopAt};
use oncue_platform::{ActionKind, Category, Event, EventKind, Id, Owner, Step, SystemEvent};

/// What an event is to the table of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Nothing.
    None,
    /// A step of the app, which the table judges.
    Step(Step),
    /// A step that is judged and moves nothing.
    Ask(Step),
    /// A step that nobody judges: a policy lets it pass, or a look decides it.
    Pass(Step),
    /// Something that the system did.
    System(SystemEvent),
}

/// What the event is to the table.
#[inline(always)]
pub(crate) fn move_of(
    seen: &Seen<'_>,
    action: Option<(ActionKind, Id)>,
    session: &Session,
    calls: &Calls,
    units: &Units,
    policy: &Policy,
) -> Move {
    let system = policy.owner == Owner::System;
    // What an app does with its session while no call is under way is no business of the order, unless nothing works.
    let for_a_call = || match policy.owner {
        Owner::System => calls.is_any_under_way() || session.is(State::MediaLost),
        // Where no calls are told, another category is set for something else.
        Owner::App if !calls.any(|_| true) => {
            session.configuration.is_none_or(|set| set.category == Category::PlayAndRecord)
        }
        Owner::App => calls.any(|call| !call.is_over_for_the_app()),
    };
    match *seen.event {
        Event::SetCategory { .. } if session.is(State::MediaLost) => Move::Ask(Step::Configure),
        Event::Fulfill { .. } => match action {
            // Answered here and there, it is live already.
            Some((ActionKind::Answer, call)) if calls.get(call).is_some_and(Call::is_live) => {
                Move::None
            }
            Some((ActionKind::Answer | ActionKind::Start, _)) => Move::Step(Step::Fulfill),
            Some((ActionKind::Unhold, _)) => Move::Step(Step::Resume),
            Some((ActionKind::End, call)) if system && is_last_live(calls, call) => {
                match policy.stop_at {
                    StopAt::BeforeFulfil => Move::Step(Step::EndCall),
                    StopAt::Either | StopAt::AfterDeactivation => Move::Pass(Step::EndCall),
                }
            }
            _ => Move::None,
        },
        // A session that the app owns outlives its calls.
        Event::ReportEnded { call, .. } if system && is_last_live(calls, call) => {
            Move::Pass(Step::EndCall)
        }
        // Audio may start in the unhold action already (rule book §2.12).
        Event::Perform { kind: ActionKind::Unhold, .. } if system => Move::Pass(Step::Resume),
        Event::AwaitActivation {} => Move::Step(Step::AwaitActivation),
        Event::SetActive { active: true }
            if !system && for_a_call()
                || system && calls.any(|call| !call.is_over_for_the_app())
                || system && session.is_of_a_call() && !session.deactivation_due =>
        {
            Move::Step(Step::Activate)
        }
        Event::SetActive { active: false } if !system || calls.any_under_way(Call::is_live) => {
            Move::Step(Step::Deactivate)
        }
        Event::OverrideOutput { .. } if for_a_call() => Move::Step(Step::OverrideOutput),
        Event::InitializeUnit { .. } if for_a_call() => Move::Step(Step::Prepare),
        Event::StartUnit { playback_only: Some(true), .. } if for_a_call() => {
            Move::Step(Step::StartPlayback)
        }
        Event::StartUnit { .. } if for_a_call() => Move::Step(Step::Start),
        Event::PlaySound {} if system && calls.is_any_under_way() && !session.is(State::Fresh) => {
            Move::Ask(Step::StartPlayback)
        }
        Event::EnableAudio { on: true } => Move::Pass(Step::Start),
        Event::EnableAudio { on: false } if !units.any(|unit| unit.runs) => Move::Pass(Step::Stop),
        Event::StopUnit { unit } | Event::DisposeUnit { unit } if !units.other_runs(unit) => {
            Move::Step(Step::Stop)
        }
        // What did not start need not be stopped before the app gives its session back.
        Event::Refused { of: EventKind::StartUnit, unit: Some(unit), .. }
            if !system && !units.other_runs(unit) =>
        {
            Move::Pass(Step::Stop)
        }
        Event::DidActivate {} => Move::System(SystemEvent::DidActivate),
        Event::DidDeactivate {} => Move::System(SystemEvent::DidDeactivate),
        Event::InterruptionBegan { .. } => Move::System(SystemEvent::InterruptionBegan),
        Event::MediaServicesLost {} => Move::System(SystemEvent::MediaServicesLost),
        Event::MediaServicesReset {} => Move::System(SystemEvent::MediaServicesReset),
        // It takes the calls; a session that the app owns stays as it is.
        Event::ProviderReset {} if system => Move::System(SystemEvent::ProviderReset),
        _ => Move::None,
    }
}

/// Whether `call` is live, and no other is.
pub(super) fn is_last_live(calls: &Calls, call: Id) -> bool {
    calls.get(call).is_some_and(Call::is_live)
        && !calls.any_under_way(|other| other.is_live() && other.id != call)
}
