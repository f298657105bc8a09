//! Ending (rule book §1.3): the rules of how a call, its audio and its activation come to an end.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{Call, Report};
use crate::{Facts, Level, Rule, Seen, State, StopAt};
use core::time::Duration;
use oncue_platform::{ActionKind, Event, EventKind, Refusal};

super::rules! {
    starts at super::activation::END;

    StopIoWhenEnding {
        wrong "stop-io-when-ending: audio still runs"
        first "first: `session.stop()?`"
        otherwise "otherwise: '!act', and the unit stays dead: silence in the next call"
        holds
            System [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
        statement: "Ending the last live call stops the unit; the latest legal moment is didDeactivate. Ending or declining one of several calls leaves the session and the I/O of the others alone.",
        before: "stop I/O (last live call only)",
        after: "fulfill/didDeactivate",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"!act"))],
        applies: Applies::ios(10, 0).note("'!act' from 8 to 18; no error from 19.0, or 26.0 by the documentation"),
        flows: &[Flow::End, Flow::SecondCall],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "W16-230 16:15 and SPKBOX:156-163 (stops without looking at other calls: a counter-example once there are two); QQ-ZH; H-AV setActive(“first stop all running I/Os”, iOS 8 text, iOS 19.0 text); RTC audio_device_ios.mm (stop unit, then deactivate last); TW AudioDeviceExample/ViewController.swift:262-265, 286-294 and EXPO CallManager+CXProviderDelegate.swift:99-115, 186-194 (call audio untouched in perform(End), handled in didDeactivate)",
        level: Level::Deny,
        leads_to: &[
            Rule::NoIoAfterDidDeactivate,
            Rule::UnitRebuiltPerActivation,
            Rule::StalledUnitWatchdog,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::StopUnit, EventKind::DisposeUnit, EventKind::EnableAudio],
                broken: stops_the_audio_of_another_call,
            },
            On {
                kinds: &[EventKind::StopUnit, EventKind::DisposeUnit, EventKind::EnableAudio],
                broken: stops_before_the_deactivation,
            },
        ]),
    }

    NoIoAfterDidDeactivate {
        wrong "no-io-after-did-deactivate: audio runs, or is started again, after didDeactivate"
        first "first: `AudioOutputUnitStop` and `AudioUnitUninitialize`, in `didDeactivate` at the latest; start in the next `didActivate`"
        otherwise "otherwise: the unit is a zombie: the next start fails, silence in both directions in the next call"
        statement: "After didDeactivate no unit of that activation renders or is started again.",
        before: "didDeactivate",
        after: "no I/O",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "MS2:1001-1011 (marks the unit zombified and recreates it on the next activation); twilio/voice-quickstart-ios#39 (consecutive calls)",
        level: Level::Deny,
        leads_to: &[
            Rule::IoStartAfterDidActivate,
            Rule::UnitRebuiltPerActivation,
            Rule::StalledUnitWatchdog,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Samples], broken: still_renders },
            On { kinds: &[EventKind::StartUnit], broken: starts_a_unit_of_the_past },
        ]),
    }

    UnitRebuiltPerActivation {
        wrong "unit-rebuilt-per-activation: a unit of an earlier activation is started again"
        first "instead: `AudioComponentInstanceDispose` it, and `AudioComponentInstanceNew` in the next didActivate"
        otherwise "otherwise: it may fail to start or give no samples: silence in both directions"
        statement: "A unit created under an earlier activation is disposed and recreated, not restarted, after a deactivate/activate cycle (mediastreamer2, pjsip policy).",
        before: "didDeactivate",
        after: "new unit",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "MS2:980-984; PJ:137-146 (close then open the sound device)",
        level: Level::Warn,
        leads_to: &[Rule::IoStartsAfterActivation, Rule::StalledUnitWatchdog],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::Refused, EventKind::StartUnit],
                broken: a_unit_outlived_its_activation,
            },
        ]),
    }

    NoEnableInEndAction {
        wrong "no-enable-in-end-action: the audio device is enabled inside the end action"
        first "instead: only stop audio in perform(End); enable it in the next `didActivate`"
        otherwise "otherwise: '!pri', since the next owner has the session already: silence in both directions in the next call"
        statement: "Do not (re)enable the audio device inside performEndCallAction.",
        before: "perform(End)",
        after: "never enable",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"!pri"))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "twilio/voice-quickstart-ios PR#295",
        level: Level::Warn,
        leads_to: &[
            Rule::StopIoWhenEnding,
            Rule::NoIoAfterDidDeactivate,
            Rule::NotifyBeforeEnable,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::EnableAudio, EventKind::StartUnit],
                broken: starts_audio_at_the_end,
            },
        ]),
    }

    RemoteEndIsReportedNotRequested {
        wrong "remote-end-is-reported-not-requested: a call that the far side ended is ended by a request, or not at all"
        first "instead: stop audio, then `reportCall` with the time and the reason: remoteEnded, unanswered or failed"
        otherwise "otherwise: Recents says that the user hung up; the request may be refused as UnknownCallUUID (4)"
        statement: "A call ended by the far side/server is told with reportCall(endedAt:reason:), not with a CXEndCallAction.",
        before: "stop I/O",
        after: "reportCall(ended)",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(4))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "H-CX; W16-230 (provider = out-of-band events, controller = local user actions)",
        level: Level::Warn,
        leads_to: &[Rule::CallGroupLimits],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::Request, EventKind::RequestRefused],
                broken: requests_what_is_over,
            },
            On {
                kinds: &[EventKind::Request, EventKind::Perform, EventKind::ReportIncoming],
                broken: a_call_that_is_over_was_left_standing,
            },
        ]),
    }

    LocalEndIsRequested {
        wrong "local-end-is-requested: a call is ended in the app, and the call system is not asked"
        first "first: `requestTransaction` with a `CXEndCallAction`; hang up in perform(End)"
        otherwise "otherwise: the call's bar stays, the session stays active, the next call is refused as MaximumCallGroupsReached (7)"
        statement: "A call ended in the app's own UI goes through CXEndCallAction → CXTransaction → CXCallController.",
        before: "requestTransaction(End)",
        after: "perform(End)",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(7))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "SEED-QQ §2.2; QQ-ZH; W16-230 25:30-26:04",
        level: Level::Warn,
        leads_to: &[Rule::RestoreAfterDeactivation, Rule::CallGroupLimits],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::SendEnd, EventKind::ReportEnded],
                broken: ends_without_asking,
            },
            On {
                kinds: &[EventKind::Request, EventKind::Perform, EventKind::ReportIncoming],
                broken: a_call_that_was_hung_up_was_left_standing,
            },
        ]),
    }

    EndIsSignalledBeforeFulfil {
        wrong "end-is-signalled-before-fulfil: the end action is fulfilled before the hang-up is handed to the network"
        first "first: send the hang-up or refusal, or hold a `beginBackgroundTask` until it is sent; then `fulfill`"
        otherwise "otherwise: the app may be put to sleep at once, and the far end rings on until its own time-out"
        statement: "In perform(End) the hang-up or refusal is handed to the network before fulfil, or a background task is held until it is.",
        before: "hang-up handed over, or background task held",
        after: "fulfill(End)",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End, Flow::LockScreen, Flow::ColdStart, Flow::Incoming],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "Azure/Communication#303; RNCK#162 (completed in native code, the script learns of it later), RNCK#520; twilio/voice-quickstart-objc#121; kept by SB:130-162 with PR#78 of that repository, QuickBlox/quickblox-ios-sdk#1287 (a background task was the cure), AZ:250-274 (waits for hang-up or reject), TW ViewController.swift:672-685 (calls reject or disconnect, then fulfils)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Fulfill], broken: falls_asleep_before_the_hang_up },
        ]),
    }

    EndNamesAReportedCall {
        wrong "end-names-a-reported-call: an end names a call that was neither reported nor started"
        first "instead: keep the UUID of `reportNewIncomingCall` or of the start action with the call, and end that one"
        otherwise "otherwise: the request is refused as UnknownCallUUID (4), and the real call stays on the screen and in the limit"
        statement: "A report of an end and a CXEndCallAction carry the UUID of a call that was reported or started.",
        before: "report or start of the UUID",
        after: "end or end request for it",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(4))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "H-CX, DOC of the request error; twilio/voice-quickstart-ios#474 (identifiers made on the spot in the cancel path); voximplant/flutter_callkit#8; FCI#572; react-native-webrtc/react-native-callkit#3 (one UUID for showing, another for ending)",
        level: Level::Warn,
        leads_to: &[
            Rule::RemoteEndIsReportedNotRequested,
            Rule::LocalEndIsRequested,
            Rule::CallGroupLimits,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::ReportEnded, EventKind::Request],
                broken: ends_a_call_of_nobody,
            },
        ]),
    }

    SystemCallOutlivesMedia {
        wrong "system-call-outlives-media: the call system's call is ended while the real one goes on"
        first "first: the real call is over; then `requestTransaction` with a `CXEndCallAction`, or `reportCall` with the reason"
        otherwise "otherwise: the session is taken back, silence in both directions; the app takes the end for a refusal or a hang-up"
        statement: "While the real call goes on, its CallKit call is not ended, not even to get rid of the system's screen.",
        before: "real call over",
        after: "End / ended",
        effects: &[Effect::Interface, Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::LockScreen],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "RNCK#736; FCI#65 (all calls ended after accept to hide them; the app is told of a refusal)",
        level: Level::Warn,
        leads_to: &[Rule::StopIoWhenEnding, Rule::NoIoAfterDidDeactivate],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SendAudio], broken: the_real_call_goes_on },
        ]),
    }

    DeactivationIsNotPerCall {
        wrong "deactivation-is-not-per-call: didDeactivate is taken for the end of one call, or awaited at it"
        first "instead: stop all audio in `didDeactivate` and start it in `didActivate`, whichever call ended"
        otherwise "otherwise: silence in both directions for the call that goes on"
        statement: "didDeactivate belongs to the provider's session, not to one call; with two calls it may not come when one ends, or come shortly after the second started.",
        before: "didDeactivate",
        after: "session, not call",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::SecondCall, Flow::Hold],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "RNCK#489 (iOS 14.7.1: A held, B ended → callservicesd log handleAudioSessionActivationStateChangedTo: active 0, A unheld without re-activation, no audio); MS2:1261-1265 comment (double activations/deactivations, deactivation shortly after a second call begins); twilio/twilio-voice-ios#152",
        level: Level::Deny,
        leads_to: &[
            Rule::ActivationCountBalanced,
            Rule::IoStartsAfterActivation,
            Rule::NoIoAfterDidDeactivate,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::TellStack], broken: takes_one_end_for_the_deactivation },
        ]),
    }
}

fn stops_the_audio_of_another_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let stops = match *seen.event {
        Event::EnableAudio { on } => !on,
        // Where each call has its unit, those of the others run on.
        _ => facts.unit(seen).is_some_and(|unit| unit.runs && !facts.units.other_runs(unit.id)),
    };
    // A held call has nothing that could be stopped.
    let strict = facts.policy.is_strict(Rule::StopIoWhenEnding);
    stops
        && !facts.actions.is_open(ActionKind::Hold, None)
        && facts.calls.any_under_way(|call| {
            (call.wants_io() || strict && call.is_live())
                && !call.peer_ended
                && !call.user_ends
                && !facts.actions.is_open(ActionKind::End, Some(call.id))
        })
        && facts.actions.is_open(ActionKind::End, None)
}

/// One of the two sides: QQ stops after the deactivation.
fn stops_before_the_deactivation(facts: &Facts, seen: &Seen<'_>) -> bool {
    let stops = match *seen.event {
        Event::EnableAudio { on } => !on,
        _ => facts.unit(seen).is_some_and(|unit| unit.runs),
    };
    facts.policy.stop_at == StopAt::AfterDeactivation
        && stops
        && facts.session.is_of_a_call()
        && (facts.session.deactivation_due || facts.actions.is_open(ActionKind::End, None))
}

fn still_renders(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::Samples { captured, played, .. } = *seen.event else { return false };
    // One attempt after an unhold may run when a late deactivation comes.
    facts.session.is_inactive()
        && !facts.session.resumed_by_attempt
        && facts.unit(seen).is_some_and(|unit| {
            let (captured_before, played_before) = unit.frames.unwrap_or((u64::MAX, u64::MAX));
            unit.ran_at_deactivation && (captured > captured_before || played > played_before)
        })
}

fn starts_a_unit_of_the_past(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    facts.under_system()
        && session.was_deactivated
        && session.is_inactive()
        // Music of the app's own has an activation of its own.
        && !session.activated_by_app
        // An unhold that was not seen may be the reason.
        && !session.states.contains(State::Resuming)
        && !facts.in_call()
        && facts.unit(seen).is_some_and(|unit| unit.outlived)
}

fn a_unit_outlived_its_activation(facts: &Facts, seen: &Seen<'_>) -> bool {
    let wrong = match *seen.event {
        Event::Refused { of, .. } => of == EventKind::StartUnit,
        _ => facts.policy.is_strict(Rule::UnitRebuiltPerActivation),
    };
    wrong
        && facts.session.is_active()
        && facts.unit(seen).is_some_and(|unit| unit.outlived && !unit.dead)
}

fn starts_audio_at_the_end(facts: &Facts, seen: &Seen<'_>) -> bool {
    !matches!(seen.event, Event::EnableAudio { on: false })
        && facts.under_system()
        && !facts.actions.is_open(ActionKind::Answer, None)
        && facts.calls.any(|call| {
            (facts.whole || call.is_live())
                && facts.actions.is_open(ActionKind::End, Some(call.id))
                && !facts.other_is_live(Some(call.id))
        })
}

fn requests_what_is_over(facts: &Facts, seen: &Seen<'_>) -> bool {
    let by_the_far_end = |call: &Call| call.peer_ended && !call.user_ends && !call.ended;
    match *seen.event {
        Event::Request { kind: ActionKind::End, .. } => facts.call(seen).is_some_and(|call| {
            // A call that still rings may be taken away by a request.
            let answered = if call.outgoing { call.peer_answered } else { call.connects };
            by_the_far_end(call)
                && (answered || facts.policy.is_strict(Rule::RemoteEndIsReportedNotRequested))
        }),
        Event::RequestRefused { transaction, .. } => {
            facts.actions.requested_in(transaction).any(|(kind, call)| {
                kind == ActionKind::End && facts.calls.get(call).is_some_and(by_the_far_end)
            })
        }
        _ => false,
    }
}

/// How long a call may stand in the system after it was over, e.g. for a busy tone.
const STANDS: Duration = Duration::from_secs(10);

fn a_call_that_is_over_was_left_standing(facts: &Facts, seen: &Seen<'_>) -> bool {
    stands_at_the_next(facts, seen, |call| call.peer_ended_at.filter(|_| !call.user_ends))
}

fn a_call_that_was_hung_up_was_left_standing(facts: &Facts, seen: &Seen<'_>) -> bool {
    stands_at_the_next(facts, seen, |call| call.user_ended_at.filter(|_| !call.peer_ended))
}

/// Whether another call begins while one stands in the system that was over long ago.
fn stands_at_the_next(facts: &Facts, seen: &Seen<'_>, over: fn(&Call) -> Option<Duration>) -> bool {
    let begins = match *seen.event {
        Event::Request { kind, .. } | Event::Perform { kind, .. } => {
            matches!(kind, ActionKind::Start | ActionKind::Answer)
        }
        _ => true,
    };
    begins
        && facts.under_system()
        && facts.calls.any_under_way(|call| {
            call.is_known_to_system()
                && !call.end_requested
                && !call.end_performed
                && over(call).is_some_and(|over| seen.at > over + STANDS)
        })
}

fn ends_without_asking(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.under_system()
        && facts.call(seen).is_some_and(|call| {
            call.user_ends
                && call.is_known_to_system()
                && !call.ended
                && !call.peer_ended
                && !call.end_requested
                && !call.end_performed
        })
}

fn falls_asleep_before_the_hang_up(facts: &Facts, seen: &Seen<'_>) -> bool {
    let surroundings = &facts.surroundings;
    // In the foreground the wrong order does no harm.
    let strict = facts.policy.is_strict(Rule::EndIsSignalledBeforeFulfil);
    facts.under_system()
        && facts.calls.tells_signalling
        && (surroundings.in_background() || strict)
        && !surroundings.background_task
        && facts.action(seen).is_some_and(|action| {
            action.kind == ActionKind::End
                && action.completed.is_none()
                && !action.of_unknown_call
                // Of a call that was not seen before, or was forgotten, the hang-up may not have been seen either.
                && (facts.whole && !facts.calls.forgot
                    || facts.call(seen).is_some_and(|call| call.since < action.performed))
        })
        // Another live call keeps the app awake.
        && facts.call(seen).is_some_and(|call| {
            let is_told = call.end_sent || call.peer_ended || call.outgoing && !call.dialled;
            !is_told && !facts.other_is_live(Some(call.id))
        })
}

fn ends_a_call_of_nobody(facts: &Facts, seen: &Seen<'_>) -> bool {
    if let Event::Request { kind, .. } = *seen.event
        && kind != ActionKind::End
    {
        return false;
    }
    // What the system asks for it has; the call may be older than this process.
    let of_somebody = |call: &Call| {
        call.report != Report::None
            || call.start_requested
            || call.start_performed
            || call.answer_performed
            || call.end_performed
    };
    facts.whole
        && facts.under_system()
        && !facts.calls.forgot
        && !facts.call(seen).is_some_and(of_somebody)
}

/// How long captured audio, or the telling of a stack, may trail behind the end of a call.
const TRAILS: Duration = Duration::from_secs(1);

fn the_real_call_goes_on(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.under_system()
        // An app that left the call system on purpose activates by itself.
        && !facts.session.activated_by_app
        && facts.call(seen).is_some_and(|call| {
            let ended_by_app = call.end_requested || call.end_reported.is_some();
            let hung_up = call.user_ends || call.peer_ended || call.end_sent;
            call.connects
                && ended_by_app
                && !hung_up
                && call.ended_at.is_some_and(|ended| seen.at > ended + TRAILS)
        })
}

fn takes_one_end_for_the_deactivation(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::TellStack { active: false } = *seen.event else { return false };
    let Some(since) = facts.session.activated_at else { return false };
    facts.under_system()
        && facts.session.is_active()
        && !facts.actions.is_open(ActionKind::Hold, None)
        && facts.calls.any(|ending| {
            let ends = facts.actions.is_open(ActionKind::End, Some(ending.id))
                || ending.ended_at.is_some_and(|ended| ended >= since && seen.at <= ended + TRAILS);
            ends && facts.other_is_live(Some(ending.id))
        })
}
