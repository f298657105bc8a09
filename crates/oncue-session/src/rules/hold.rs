//! Hold, second call, interruption (rule book §1.6): the rules of a session that is taken away and comes back.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{Call, Facts, Seen, implied};
use crate::{Level, Rule, State, UnholdAt};
use oncue_platform::{ActionKind, Event, EventKind, InterruptionReason, Party, Refusal};

super::rules! {
    starts at super::incoming::END;

    HoldStopsIoAndFulfilsAtOnce {
        wrong "hold-stops-io-and-fulfils-at-once: a held call's audio keeps running, or the hold waits for the far end"
        first "first: stop the call's input/output in `perform(CXSetHeldCallAction)`, then `fulfill()` at once; signal the hold afterwards"
        otherwise "otherwise: the system ends the call when another one is answered, and a swap drops it"
        statement: "On CXSetHeld(true): stop media, fulfil immediately (do not wait for SIP).",
        before: "stop I/O",
        after: "fulfill(held)",
        effects: &[Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Hold],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "SPKBOX:177-187; LIN:272-277 (comment: CallKit terminates the call otherwise); DTS-715488",
        level: Level::Deny,
        leads_to: &[
            Rule::ActionInTime,
            Rule::InterruptionBeginMeansInactive,
            Rule::NoIoAfterDidDeactivate, Rule::ActionCompletedExactlyOnce],
        check: Check::Checked(&[On { kinds: &[EventKind::Fulfill], broken: hold_is_late }]),
    }

    UnholdMayLackDidActivate {
        wrong "unhold-may-lack-did-activate: a call is taken back from hold, and the app counts on an activation, or activates itself"
        first "first: `fulfill()`, then start at `didActivate`, or try once at the deadline, without `setActive(true)`"
        otherwise "otherwise: the call that was held stays silent in both directions; an own activation fails with '!pri'"
        statement: "After an unhold didActivate may come or not, and at perform(Held false) nobody can tell which; the app resumes in a bounded wait.",
        before: "fulfill(unhold)",
        after: "I/O at didActivate, or one attempt at the deadline",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"!pri"))],
        applies: Applies::ios(10, 0).note("reported on 10 to 18"),
        flows: &[Flow::Hold],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "DTS-749202 (no didActivate is intentional, so that nobody is overheard; own activation fails 561017449, as expected; the part read does not say that the session is active already); DTS-715488 scenario 4 (resuming by hand, without waiting, fails to get the audio device too); for a start at once: LIN:289-304 (“HORRIBLE HACK”: assumes that the activation is implicit), SPKBOX:177-187 (startAudio inside CXSetHeldCallAction); for didActivate only: AZ:119-143; again for a start at once: TW SwiftVoiceQuickstart/ViewController.swift:687-706 and TW-LCK CallManager.swift:164-174 (enable the device, name forum thread 694836); TW managing-audio-interruptions.md (remote PSTN hang-up: no held action, no resume, iOS 10/11); FCI:741-743 and opentok/CallKit PR#22 (post a fake “interruption ended”); still silent afterwards: RNCK#489, #762 (iOS 17.2: until the route is toggled), FCI#525; react-native-webrtc#840; one forum reply: 0.5 s after didDeactivate set the provider's configuration again and request the unhold (F)",
        level: Level::Deny,
        leads_to: &[
            Rule::NoAppActivationUnderCallkit,
            Rule::ActivationWatchdog,
            Rule::IoStartsAfterActivation,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetActive], broken: resumes_by_activating },
            On {
                kinds: &[EventKind::StartUnit, EventKind::EnableAudio],
                broken: resumes_without_the_activation,
            },
        ]),
    }

    UnholdDidDeactivateMayBeLate {
        wrong "unhold-did-deactivate-may-be-late: a late didDeactivate of the old call switches off the call that was taken back"
        first "first: start the wait anew at that `didDeactivate`, then start at `didActivate`, or try once at the deadline"
        otherwise "otherwise: audio is enabled and disabled again: silence in both directions"
        statement: "On a swap, didDeactivate for the old call can arrive after the unhold action of the next.",
        before: "unhold",
        after: "late didDeactivate",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Hold],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "twilio-voice-ios#152, #89; TW fix: enable the device in CXSetHeldCallAction(false)",
        level: Level::Warn,
        leads_to: &[
            Rule::NoStaleDisableAfterActivation,
            Rule::IoStartsAfterActivation,
            Rule::UnholdMayLackDidActivate,
        ],
        check: Check::Checked(&[]),
    }

    HoldCapabilityDeclared {
        wrong "hold-capability-declared: a call declares that it can be held, and the app cannot restart its audio after a swap"
        first "first: `CXCallUpdate.supportsHolding` true only where hold and unhold work, else false"
        otherwise "otherwise: a swap fails to restart the audio: silence in both directions"
        statement: "Only calls with supportsHolding get “Hold & Accept” (that otherwise only End & Accept is offered is inferred).",
        before: "supportsHolding",
        after: "Hold & Accept",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Hold, Flow::SecondCall],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "TW; SIG comment; linphone-iphone#212 (End&Accept)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Advice(
            "which buttons the system offered to the user is known to the system alone",
        ),
    }

    EndAndAcceptIsOneTransaction {
        wrong "end-and-accept-is-one-transaction: of an end and an answer in one transaction only one is completed"
        first "first: `fulfill()` the `CXEndCallAction`, keep the session, then configure and `fulfill()` the `CXAnswerCallAction`"
        otherwise "otherwise: the second call has no microphone or no audio, since the first call's end tore its session down"
        statement: "“End & Accept” is one CXTransaction with CXEndCallAction then CXAnswerCallAction; both must be completed.",
        before: "perform(End)",
        after: "perform(Answer)",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::ios(10, 0).note("reported on 15.5 and 16.1"),
        flows: &[Flow::SecondCall],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "W16-230 18:36-18:50; DTS-724693 (iOS 16.1.1, locked, first call muted → second call has no mic); linphone-iphone#212; RNCK#589 (Hold & Accept mic dead on iOS 15.5, fine on 15.3.1, toggling CallKit mute revives it); RNCK#719 (End & Accept after a cellular call: no answer/activation events, iOS 16.5.1); VialerSIPLib PR#113",
        level: Level::Deny,
        leads_to: &[
            Rule::ActionCompletedExactlyOnce,
            Rule::ActionInTime,
            Rule::StopIoWhenEnding,
            Rule::IoStartsAfterActivation,
        ],
        check: Check::Checked(&[On {
            kinds: &[EventKind::Fulfill],
            broken: answers_before_the_end,
        }]),
    }

    InterruptionBeginMeansInactive {
        wrong "interruption-begin-means-inactive: the session is interrupted and therefore inactive"
        first "first: a new activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
        otherwise "otherwise: silence in both directions for the rest of the call"
        holds
            System [Fresh Configured AwaitingActivation Active Playing Running Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Resuming MediaLost]
        statement: "On interruption began the session is already inactive: stop I/O, mark inactive, do not end the call.",
        before: "began",
        after: "stop",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Interruption],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "H-AV; RTC.mm:516-519; CPAL session_event_manager.rs (stop_for_interruption)",
        level: Level::Deny,
        leads_to: &[Rule::NoIoAfterDidDeactivate, Rule::StalledUnitWatchdog],
        check: Check::Checked(&[]),
    }

    InterruptionEndNotGuaranteed {
        wrong "interruption-end-not-guaranteed: the session is active again, and the app still waits for the interruption's end"
        first "first: at `didActivate`, or after an own activation: clear the interrupted flag and start; need no `.ended`"
        otherwise "otherwise: the unit waits for an end that never comes: silence in both directions"
        statement: "There may be no matching “ended”; activation clears the interrupted flag.",
        before: "began",
        after: "didActivate clears",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Interruption],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "ASPG; RTC.mm:838-845 (clears on external activation); RTC.mm:608-618 (clears on app foreground); TW table (YouTube cases, delayed or never on iOS 9)",
        level: Level::Deny,
        leads_to: &[Rule::IoStartsAfterActivation],
        check: Check::Checked(&[On {
            kinds: &[EventKind::AwaitInterruptionEnd],
            broken: waits_while_active,
        }]),
    }

    ConfigurationReappliedAfterInterruption {
        wrong "configuration-reapplied-after-interruption: audio goes on after an interruption without the wanted configuration or override"
        first "first: compare, `setCategory(_:mode:options:)` where it differs, `overrideOutputAudioPort`, then start"
        otherwise "otherwise: the call goes on through the receiver or inaudibly quiet; with another category the unit does not start"
        statement: "After an interruption of a session that the app or its SDK configures, category, mode and options are compared with the wanted ones and set again where they differ; a port override is set again in any case.",
        before: "interruption, session active again",
        after: "compare and set; override again → I/O",
        effects: &[Effect::Playback, Effect::Volume],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Interruption, Flow::Route],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: true,
        evidence: "QA1754; livekit/client-sdk-swift PR#1020 (configuration and override set again on resume; closed, not merged), livekit/client-sdk-swift#1011 (extremely quiet after an interruption); pjsip/pjproject#1210 (category set again, 2011)",
        level: Level::Warn,
        leads_to: &[Rule::CategoryMustBePlayAndRecord, Rule::IoStartsAfterActivation],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit],
            broken: starts_with_another_configuration,
        }]),
    }

    NoAppReactivationAfterInterruptionUnderCallkit {
        wrong "no-app-reactivation-after-interruption-under-callkit: the app activates the session after an interruption of a call of the call system"
        first "instead: wait for `provider(_:didActivate:)`; no `setActive(true)`"
        otherwise "otherwise: '!pri', or the activation is taken from the call system: silence in both directions"
        statement: "After an interruption during a CallKit call, only CallKit reactivates.",
        before: "ended",
        after: "wait for CallKit",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"!pri"))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Interruption],
        grades: &[Grade::Engineer],
        contradicted: true,
        evidence: "DTS-749202; contradictions: SPKBOX AudioController.mm (setActive:YES in interruption-ended), RTC.mm:524, 802-816 (setActive(count>0)), CPAL (setActive(true) when ShouldResume), RNCK posts a fake “ended+ShouldResume” notification (RNCallKeep.m:1138-1143)",
        level: Level::Deny,
        leads_to: &[Rule::NoAppActivationUnderCallkit, Rule::ActivationWatchdog],
        check: Check::Checked(&[On { kinds: &[EventKind::SetActive], broken: reactivates }]),
    }

    InterruptionReasonsDiffer {
        wrong "interruption-reasons-differ: an interruption is handled without a look at its reason"
        first "first: read `AVAudioSessionInterruptionReasonKey`; with `.builtInMicMuted` start no input until the user unmutes"
        otherwise "otherwise: the input fails to start, or captures nothing but zeros: the far end hears nothing"
        statement: "Default / built-in-mic-muted / route-disconnected are handled differently.",
        before: "reason",
        after: "handling",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::ios(14, 5).note("routeDisconnected from 17; appWasSuspended is not sent from 16"),
        flows: &[Flow::Interruption],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit],
            broken: captures_while_muted_in_hardware,
        }]),
    }

    InterruptionIsAsynchronousWhenSuspended {
        wrong "interruption-is-asynchronous-when-suspended: the news of an interruption that happened while suspended is taken for a new one"
        first "first: after a suspension: ask the session for its state, then treat a late interruption as past"
        otherwise "otherwise: nothing by itself; a session that is in use may be stopped for an old interruption"
        statement: "From iOS 10 the system deactivates the session of most apps when the process is suspended; the notification arrives only when the app runs again.",
        before: "suspended",
        after: "late notif",
        effects: &[Effect::None],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Interruption, Flow::ColdStart],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV",
        level: Level::Allow,
        leads_to: &[],
        check: Check::Advice(
            "when the system deactivated the session of a suspended process is known to the system alone",
        ),
    }

    IdleInterruptionAfterMinutes {
        wrong "idle-interruption-after-minutes: a call neither captures nor plays anything but silence for about 8 minutes"
        first "first: play about 100 ms of audio every 5 minutes while the call is idle, and be ready to restart"
        otherwise "otherwise: the system interrupts or deactivates the session, and setActive then fails: silence in both directions"
        statement: "A call that captures silence/plays nothing for about 8 minutes is interrupted by the system (deactivated on iOS 15, interrupted on iOS 18), and setActive then fails.",
        before: "8 min silent",
        after: "interrupt",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(15, 0).note("deactivated on 15, interrupted on 18"),
        flows: &[Flow::Interruption],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "SIG (CMSUtility_DeactivateTimerHandler); twilio/video-quickstart-ios#484 (10+ min alone in a room: began without ended)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[]),
    }

    InterruptionResumeWhileBackgrounded {
        wrong "interruption-resume-while-backgrounded: the microphone is taken for running again after an interruption in the background"
        first "first: check that samples arrive; else start the input again at the next activation or in the foreground"
        otherwise "otherwise: the far end hears nothing until the next activation"
        statement: "Re-enabling the mic after an interruption while in background can fail until the next activation.",
        before: "ended in bg",
        after: "mic later",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::EVERY_IOS.note("the reports name no version"),
        flows: &[Flow::Interruption],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "GS#1164/PR#1174; livekit/client-sdk-swift#886 (resume retries)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::Samples],
            broken: stays_deaf_in_the_background,
        }]),
    }

    SystemAlertPreference {
        wrong "system-alert-preference: a ringing banner may interrupt the call, as the app's preference is not set"
        first "first: `setPrefersNoInterruptionsFromSystemAlerts(true)` before the call's audio starts"
        otherwise "otherwise: both ends hear nothing for the seconds in which another call rings"
        statement: "prefersNoInterruptionsFromSystemAlerts (iOS 14.5) keeps a banner-style incoming call from interrupting until it is accepted; a full-screen one interrupts anyway.",
        before: "set preference",
        after: "call",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(14, 5),
        flows: &[Flow::Interruption, Flow::NoCallKit],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV setPrefersNoInterruptionsFromSystemAlerts text",
        level: Level::Allow,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit],
            broken: alerts_may_interrupt,
        }]),
    }

    SideButtonMayEndTheCall {
        wrong "side-button-may-end-the-call: the app's own session set-up hides from the call system that the speaker is in use"
        first "first: leave the route to CallKit until `didActivate`, then `overrideOutputAudioPort(.speaker)`"
        otherwise "otherwise: the side button ends the call where it should only lock the phone"
        statement: "CallKit decides by the output route what the side button does: speaker → the phone only locks; receiver/headset → the call ends (an ordinary CXEndCallAction arrives).",
        before: "receiver route",
        after: "lock ⇒ perform(End)",
        effects: &[Effect::Interface, Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(15, 0),
        flows: &[Flow::LockScreen, Flow::End],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "element-hq/element-x-ios#3136 (statement), #3372, RNCK#525 (iOS 15.2)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Advice(
            "the end arrives as an ordinary end action, which gesture caused it is known to the system alone",
        ),
    }

    SeparateWebProcessCannotUseTheSession {
        wrong "separate-web-process-cannot-use-the-session: a web view renders the audio of a call that the call system activates"
        first "instead: native input/output in the app's process, or no CallKit session for that call"
        otherwise "otherwise: the activation does not reach the web process: silence in both directions, or the wrong route"
        statement: "Audio rendered by a WKWebView process does not use the app's CallKit-activated session.",
        before: "native I/O",
        after: "—",
        effects: &[Effect::Both, Effect::Route],
        codes: &[],
        applies: Applies::ios(17, 0).note("reported on 17 and 18"),
        flows: Flow::ALL,
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "element-x-ios#3041, #3372, PR#3496",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Static(
            "in the build: a WKWebView carries the call's media, where native input/output should",
        ),
    }
}

/// The system answers the other call only after it has this one's hold; to the letter, nothing runs at the fulfil.
fn hold_is_late(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(action) = facts.action(seen) else { return false };
    match action.kind {
        ActionKind::Answer => facts.actions.is_open(ActionKind::Hold, None),
        ActionKind::Hold => {
            // Where the beginning of this call was not seen, there may be another.
            facts.policy.is_strict(Rule::HoldStopsIoAndFulfilsAtOnce)
                && facts.call(seen).is_some_and(Call::is_live)
                && !facts.other_is_live(Some(action.call))
                && facts.units.any(|unit| unit.runs)
        }
        _ => false,
    }
}

fn resumes_by_activating(facts: &Facts, seen: &Seen<'_>) -> bool {
    let resuming = facts.session.is(State::Resuming)
        || facts.session.unheld.is_some() && facts.session.is_inactive();
    facts.under_system() && resuming && matches!(seen.event, Event::SetActive { active: true })
}

/// One of the two sides: audio starts with the activation, and nothing is tried without it.
fn resumes_without_the_activation(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.policy.unhold_at == UnholdAt::WithActivation
        && facts.session.is(State::Resuming)
        && !matches!(seen.event, Event::EnableAudio { on: false })
}

fn answers_before_the_end(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(answer) = facts.action(seen).filter(|action| action.kind == ActionKind::Answer) else {
        return false;
    };
    answer.transaction.is_some()
        && facts.actions.iter().any(|end| {
            end.kind == ActionKind::End
                && end.transaction == answer.transaction
                && end.completed.is_none()
        })
}

/// An activation that holds came after any interruption.
fn waits_while_active(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.session.activated_at.is_some()
}

fn starts_with_another_configuration(facts: &Facts, seen: &Seen<'_>) -> bool {
    configuration_differs(facts) || speaker_is_not_renewed(facts, seen)
}

/// What nobody read may well be as it was set; an option that the mode implies may be read or not.
fn configuration_differs(facts: &Facts) -> bool {
    let session = &facts.session;
    let Some(set) = session.configuration.filter(|_| session.interrupted_since_set) else {
        return false;
    };
    let implied = implied(set.mode);
    session.category_read.is_some_and(|category| category != set.category)
        || session.mode_read.is_some_and(|mode| mode != set.mode)
        || session.options_read.is_some_and(|options| options | implied != set.options | implied)
}

/// When a stack starts its unit by itself, the app can renew the override only afterwards; so it can after a start that
/// is tried without an activation.
fn speaker_is_not_renewed(facts: &Facts, seen: &Seen<'_>) -> bool {
    let still_wished = facts.surroundings.speaker_wish.is_none_or(|(on, _)| on);
    let before_the_start = seen.by == Party::App && !facts.session.states.contains(State::Resuming);
    before_the_start && still_wished && facts.session.port_interrupted
}

/// After an unhold it is that rule's matter.
fn reactivates(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    let interrupted =
        session.is(State::Interrupted) || session.interrupted && facts.other_is_live(None);
    facts.under_system()
        && facts.in_call()
        && interrupted
        && !resumes_by_activating(facts, seen)
        && matches!(seen.event, Event::SetActive { active: true })
}

fn captures_while_muted_in_hardware(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.session.interruption_reason == Some(InterruptionReason::BuiltInMicMuted)
        && !matches!(seen.event, Event::StartUnit { playback_only: Some(true), .. })
}

/// It plays on, so it does not count as stalled. An app that has muted itself need not capture.
fn stays_deaf_in_the_background(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::Samples { captured, .. } = *seen.event else { return false };
    let Some(unit) = facts.unit(seen).filter(|unit| unit.runs && !unit.playback_only) else {
        return false;
    };
    facts.units.interrupted
        && facts.surroundings.in_background()
        && facts.stack.muted != Some(true)
        && unit.frames.is_some_and(|(before, _)| before == captured)
        && unit
            .deaf_since
            .is_some_and(|since| seen.at >= since.saturating_add(facts.policy.waits.samples))
}

fn alerts_may_interrupt(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.whole
        && !facts.under_system()
        && !facts.surroundings.prefers_no_alerts
        && !matches!(seen.event, Event::StartUnit { playback_only: Some(true), .. })
}
