//! Actions and transactions (rule book §1.4): the rules of what the app asks the call system for, and answers it.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{AFTER_THE_END, Call, Completion, Report, TELLS_OF_OPEN_ACTIONS};
use crate::{Facts, Level, Rule, Seen};
use core::time::Duration;
use oncue_platform::{ActionKind, Category, Event, EventKind, Refusal};

super::rules! {
    starts at super::ending::END;

    ActionCompletedExactlyOnce {
        wrong "action-completed-exactly-once: an action is completed twice, or never"
        first "instead: `fulfill` or `fail` every action once, on every path"
        otherwise "otherwise: the action times out and the system may end the call; a second completion has no effect"
        statement: "Every CXAction is fulfilled or failed exactly once.",
        before: "perform",
        after: "fulfill xor fail",
        effects: &[Effect::Interface, Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "W16-230 14:28-14:44; CXAction.fail documentation (no effect once complete); GS (completeActionOnce; if already fulfilled, reportCall .failed instead)",
        level: Level::Deny,
        leads_to: &[Rule::ActionInTime],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Fulfill, EventKind::Fail], broken: completes_again },
            On {
                kinds: TELLS_OF_OPEN_ACTIONS,
                broken: an_ended_call_left_an_action_open,
            },
        ]),
    }

    NoCompletionAfterTimeout {
        wrong "no-completion-after-timeout: an action is completed after it timed out"
        first "instead: clean up in `timedOutPerforming`, without `fulfill` or `fail`"
        otherwise "otherwise: the app believes in a call that the system may have ended already"
        statement: "An action reported in timedOutPerforming must not be fulfilled or failed; the call may already be over.",
        before: "timedOut",
        after: "no fulfill/fail",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::End],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-CX CXProvider.rs “timedOutPerformingAction” text; GS CallKitService.swift:643-660",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Fulfill, EventKind::Fail], broken: completes_what_timed_out },
        ]),
    }

    ActionInTime {
        wrong "action-in-time: an action is not completed by its timeoutDate"
        first "first: `fulfill` before the action's `timeoutDate`, or `fail` where the work takes longer"
        otherwise "otherwise: the action times out, and the system may end the call"
        statement: "Actions are performed promptly; each carries timeoutDate.",
        before: "perform",
        after: "fulfill ≤ timeoutDate",
        effects: &[Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W16-230 31:23-32:00; H-CX CXAction.timeoutDate",
        level: Level::Deny,
        leads_to: &[Rule::NoCompletionAfterTimeout],
        check: Check::Checked(&[
            On { kinds: &[EventKind::TimedOut], broken: was_not_completed },
        ]),
    }

    LookupByCallUuid {
        wrong "lookup-by-call-uuid: a call is looked up by the UUID of an action"
        first "instead: look it up by `callUUID`"
        otherwise "otherwise: the call is not found, its clean-up is skipped, the next call is blocked"
        statement: "Calls are found by CXCallAction.callUUID, not by CXAction.UUID.",
        before: "callUUID",
        after: "look up",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "LIN:383-387 and FCI:777 use action.uuid (bugs in shipped code)",
        level: Level::Warn,
        leads_to: &[Rule::CallGroupLimits],
        check: Check::Checked(&[
            On { kinds: &[EventKind::LookUp], broken: looks_for_an_action },
        ]),
    }

    UnknownUuidFailsTheAction {
        wrong "unknown-uuid-fails-the-action: an action for an unknown call is fulfilled, or the end of one is failed"
        first "instead: `fail` the action; `fulfill` a `CXEndCallAction`"
        otherwise "otherwise: the screen shows a call that nobody carries (UnknownCallUUID, 4)"
        statement: "An action for an unknown call is failed; an end action for one is fulfilled.",
        before: "lookup",
        after: "fail; an End: fulfill",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(4))],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "SPKBOX:131-134, 151-154 (fails the end as well, as SB:133-136 does); W16-230 14:36; W26-226 10:15-10:23; fulfilled for an end: TW ViewController.swift:672-685, FCI:693-710",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::Fulfill, EventKind::Fail],
                broken: answers_for_an_unknown_call,
            },
        ]),
    }

    ExecuteTransactionSuppressesPerform {
        wrong "execute-transaction-suppresses-perform: executeTransaction answers yes, and the actions are left to the perform methods"
        first "instead: answer no, or perform and complete every action of the transaction there"
        otherwise "otherwise: the actions are neither performed nor completed, and time out"
        statement: "provider:executeTransaction: returning YES means the perform* methods are not called.",
        before: "executeTransaction=YES",
        after: "no perform*",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-CX",
        level: Level::Warn,
        leads_to: &[Rule::ActionCompletedExactlyOnce, Rule::ActionInTime],
        check: Check::Checked(&[
            On { kinds: &[EventKind::TimedOut], broken: its_transaction_was_said_to_be_handled },
        ]),
    }

    LocalAnswerIsRequested {
        wrong "local-answer-is-requested: a call that CallKit shows is accepted in the app, and the call system is not asked"
        first "first: `requestTransaction` with a `CXAnswerCallAction`; accept in perform(Answer)"
        otherwise "otherwise: the phone rings on, and no activation comes: silence in both directions"
        statement: "A call that CallKit shows is answered in the app's own UI by a CXAnswerCallAction in a transaction.",
        before: "requestTransaction(Answer) → perform(Answer)",
        after: "accept",
        effects: &[Effect::Interface, Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Foreground],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "W16-230 and DOC CXCallController (controller = the user's actions in the app); RNCK#317; helpers for it in RNCK:361 and FCI CallManager.swift:90; 100mslive/100ms-ios-sdk#146 (answering in the app while CallKit rings fails)",
        level: Level::Deny,
        leads_to: &[Rule::IoStartAfterDidActivate],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SendAccept], broken: accepts_without_the_action },
        ]),
    }

    TransactionBeforeMedia {
        wrong "transaction-before-media: an outgoing call dials, or touches audio, before perform(Start)"
        first "first: `requestTransaction` with a `CXStartCallAction`; configure and dial in perform(Start)"
        otherwise "otherwise: other calls are not held, '!pri'; an unregistered call loses its microphone to any ring or alert"
        statement: "An outgoing call waits for perform(Start) before dialling or touching audio.",
        before: "requestTransaction → perform(Start)",
        after: "dial/audio",
        effects: &[Effect::Capture],
        codes: &[reported(Refusal::session(b"!pri"))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Outgoing],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "W16-230 23:13-24:00; ART-VOIP (“wait for confirmation”); RNCK#35 (startCall before getUserMedia works, after it does not)",
        level: Level::Deny,
        leads_to: &[
            Rule::CategoryBeforeActivation,
            Rule::NoLocalSoundsOutsideTheCallSession,
            Rule::IoStartAfterDidActivate,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::SendDial, EventKind::StartUnit],
                broken: begins_before_the_start_action,
            },
        ]),
    }

    NoOutgoingCallFromBackground {
        wrong "no-outgoing-call-from-background: a call is started in the background, where the app has no live one"
        first "instead: `requestTransaction` in the foreground, or report a new incoming call by `reportNewIncomingCall`"
        otherwise "otherwise: a call screen without a receiver and with a dead speaker button"
        statement: "No start action is requested while the app is in the background and has no live call.",
        before: "foreground, or a live call",
        after: "requestTransaction(Start)",
        effects: &[Effect::Interface, Effect::Route],
        codes: &[],
        applies: Applies::ios(10, 0).note("reported on 26 beta"),
        flows: &[Flow::Outgoing, Flow::LockScreen],
        grades: &[Grade::Engineer],
        contradicted: false,
        evidence: "DTS-793663",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Request], broken: starts_in_the_background },
        ]),
    }

    RequestErrorsAbort {
        wrong "request-errors-abort: the app goes on with what a refused request asked for"
        first "instead: stop and clean up where `requestTransaction` ends with an error"
        otherwise "otherwise: the action is never performed, and the app is in a call that the system does not know"
        statement: "A non-nil error from requestTransaction means the action will never be performed.",
        before: "request error",
        after: "stop",
        effects: &[Effect::None],
        codes: &[
            reported(Refusal::transaction(1)),
            reported(Refusal::transaction(2)),
            reported(Refusal::transaction(4)),
            reported(Refusal::transaction(5)),
            reported(Refusal::transaction(6)),
            reported(Refusal::transaction(7)),
        ],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Outgoing, Flow::End],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "H-CX; DTS-801418 (code 2), DTS-817614 (code 4), one measured device run (code 1 without voip), one measured simulator run (code 1)",
        level: Level::Warn,
        leads_to: &[Rule::TransactionBeforeMedia, Rule::LocalAnswerIsRequested],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::SendDial,
                    EventKind::SendAccept,
                    EventKind::ReportConnecting,
                    EventKind::ReportConnected,
                    EventKind::StartUnit,
                ],
                broken: goes_on_after_a_refusal,
            },
        ]),
    }

    ProviderRegisteredBeforeFirstTransaction {
        wrong "provider-registered-before-first-transaction: the first transaction is requested in the turn that made the provider"
        first "first: the `CXProvider` and `setDelegate`, then a turn of the main queue, then `requestTransaction`"
        otherwise "otherwise: refused as MaximumCallGroupsReached (7), though no call exists"
        statement: "The first requestTransaction comes at least one turn of the main queue after the CXProvider was made.",
        before: "CXProvider + one turn of the main queue",
        after: "first requestTransaction",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(7))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Outgoing, Flow::ColdStart],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "nextcloud/talk-ios PR#700 (asking one turn later removed the error, a reviewer's test); first call after an installation refused with 7, later ones accepted, cause not stated: hoxfon/react-native-twilio-programmable-voice#217, twilio/voice-quickstart-ios#197/#212 (the sample makes its provider with the first screen, so the cause may be another)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::Request, EventKind::RequestRefused],
                broken: the_provider_is_not_registered,
            },
        ]),
    }

    OutgoingReportOrder {
        wrong "outgoing-report-order: connected is reported before connecting, before the far side answers, or never"
        first "first: `reportOutgoingCall` with startedConnectingAt; with connectedAt when the far side answers"
        otherwise "otherwise: the screen shows no timer, or “calling…” to the end"
        statement: "Outgoing: startedConnecting, where it is reported, precedes connected; connected is reported when the far side has answered, not earlier and not never.",
        before: "connecting (if reported); answer",
        after: "connected",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "W16-230 20:02-20:31; SPKBOX:107-118; other places of fulfil: TW ViewController.swift:638-656 (connecting first), TWV:49-57 (both first)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::ReportConnecting,
                    EventKind::ReportConnected,
                    EventKind::PeerAnswered,
                    EventKind::Fulfill,
                ],
                broken: reports_out_of_order,
            },
            On {
                kinds: &[EventKind::Perform, EventKind::Request, EventKind::ReportEnded],
                broken: ends_without_a_report_of_the_answer,
            },
        ]),
    }

    FreshUuidPerCall {
        wrong "fresh-uuid-per-call: a call has the UUID of an earlier one"
        first "instead: a new UUID for each `reportNewIncomingCall` and each `CXStartCallAction`"
        otherwise "otherwise: CallUUIDAlreadyExists: the report is refused with 2, the request with 5"
        statement: "One new UUID per call instance; never reused; after end it is meaningless.",
        before: "new UUID",
        after: "each call",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::incoming(2)), reported(Refusal::transaction(5))],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "SEED-QQ §3.1, Q2; H-CX",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::ReportIncoming, EventKind::Request, EventKind::RequestRefused],
                broken: takes_a_used_uuid,
            },
        ]),
    }

    CallGroupLimits {
        wrong "call-group-limits: a call is started while every call group is taken"
        first "first: a call ends altogether, or is held within its group; or a higher `maximumCallGroups` (2 by default)"
        otherwise "otherwise: the request is refused as MaximumCallGroupsReached (7)"
        statement: "maximumCallGroups (default 2) bounds simultaneous calls; a call that is just ending still counts (inferred from Signal's comment).",
        before: "slot free",
        after: "new call",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(7))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::SecondCall, Flow::Outgoing],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "SIG comment; H-CX; W26-226 (same limits in LCK)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::Request, EventKind::RequestRefused],
                broken: every_group_is_taken,
            },
        ]),
    }

    MuteThroughTransactionAndIdempotent {
        wrong "mute-through-transaction-and-idempotent: mute is changed behind the call system's back, or answered by another change of it"
        first "instead: `requestTransaction` with a `CXSetMutedCallAction`, for mute and unmute; apply it in its perform, as often as it comes"
        otherwise "otherwise: mute switches on and off by itself, or capture is silent while the screen says otherwise"
        statement: "Mute is changed through CXSetMutedCallAction in both directions and handlers are idempotent.",
        before: "CXSetMuted",
        after: "apply",
        effects: &[Effect::Capture, Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0).note("on 13 a mute of an ended call times out; from 26 it matters to translated calls"),
        flows: &[Flow::Mute],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "SIG; GS; one measured device run (mirrored mute came back as a system action)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[EventKind::ApplyMute, EventKind::Request],
                broken: mutes_behind_the_systems_back,
            },
        ]),
    }

    MuteSurvivesResume {
        wrong "mute-survives-resume: the user's mute is gone after a resume, a restart or a rebuild"
        first "first: mute the new unit or track too, before its captured audio reaches the network"
        otherwise "otherwise: the far end hears a user who believes to be muted"
        statement: "A mute set by the user outlives hold, interruption, route change, re-INVITE and rebuild; only the user, or the system's mute action, lifts it.",
        before: "mute by the user",
        after: "rebuild/restart ⇒ mute again",
        effects: &[Effect::Privacy],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Mute, Flow::Interruption, Flow::Hold, Flow::Route],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "twilio/twilio-voice-ios#9 (after a phone call); VoIPGRID/VialerSIPLib PR#179, 64characters/Telephone#118/#181, DoubangoTelecom/doubango#129 (re-INVITE and hold connect the microphone anew); kept by CHIME MeetingModel.swift:349-355 (mutes again at every activation)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SendAudio], broken: sends_what_the_user_muted },
        ]),
    }

    MuteRequiresActiveRecordSession {
        wrong "mute-requires-active-record-session: a mute notification is awaited without an active session that records"
        first "first: the activation with capture; `setInputMuted` before it is kept and applied then"
        otherwise "otherwise: no notification of AVAudioApplication's mute comes"
        statement: "AVAudioApplication mute-state notifications arrive only with an active recording session; setInputMuted beforehand is stored and applied at activation.",
        before: "active record",
        after: "mute notif",
        effects: &[Effect::None],
        codes: &[],
        applies: Applies::ios(17, 0),
        flows: &[Flow::Mute],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "AVAudioApplication docs; W23-10233 (CallKit apps get AirPods press-to-mute without extra work); setInputMuteStateChangeHandler is macOS 14 only",
        level: Level::Allow,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::AwaitMuteNotification], broken: nothing_records },
        ]),
    }
}

/// How long an app may take to tell the system what it learnt.
const TELLS: Duration = Duration::from_secs(3);

fn completes_again(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.action(seen).is_some_and(|action| {
        matches!(action.completed, Some(Completion::Fulfilled | Completion::Failed))
    })
}

fn an_ended_call_left_an_action_open(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.actions.any_open(|action| action.is_left_open(AFTER_THE_END, seen.at, &facts.calls))
}

fn completes_what_timed_out(facts: &Facts, seen: &Seen<'_>) -> bool {
    match facts.action(seen) {
        Some(action) => action.completed == Some(Completion::TimedOut),
        None => seen.event.action().is_some_and(|id| facts.actions.timed_out == Some(id)),
    }
}

fn was_not_completed(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.action(seen).is_some_and(|action| action.completed.is_none())
}

fn looks_for_an_action(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::LookUp { id } = *seen.event else { return false };
    facts.actions.place(id).is_some() && facts.calls.get(id).is_none()
}

fn answers_for_an_unknown_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let fulfils = matches!(seen.event, Event::Fulfill { .. });
    facts.action(seen).is_some_and(|action| {
        action.of_unknown_call
            && match action.kind {
                // Shipped samples fail it.
                ActionKind::End => {
                    !fulfils && facts.policy.is_strict(Rule::UnknownUuidFailsTheAction)
                }
                // It is the begin of its call.
                ActionKind::Start => false,
                _ => fulfils,
            }
    })
}

fn its_transaction_was_said_to_be_handled(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::TimedOut { transaction, .. } = *seen.event else { return false };
    let transaction = transaction.or(facts.action(seen).and_then(|action| action.transaction));
    transaction.is_some() && transaction == facts.actions.handled
}

fn accepts_without_the_action(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.under_system()
        && facts.call(seen).is_some_and(|call| {
            call.report == Report::Succeeded
                && !call.answer_performed
                && !call.connects
                && !call.ended
        })
}

fn begins_before_the_start_action(facts: &Facts, seen: &Seen<'_>) -> bool {
    let waits = |call: &Call| call.start_requested && !call.start_performed;
    facts.under_system()
        && match seen.event {
            Event::SendDial { .. } => match facts.call(seen) {
                Some(call) if waits(call) => true,
                call => {
                    facts.whole
                        && !facts.calls.forgot
                        && call.is_none_or(|call| !call.start_performed && !call.incoming)
                }
            },
            _ => {
                facts.session.is_inactive()
                    && !facts.other_is_live(None)
                    && facts.calls.any_under_way(waits)
            }
        }
}

fn starts_in_the_background(facts: &Facts, seen: &Seen<'_>) -> bool {
    // A start that the system handed over is not meant.
    matches!(seen.event, Event::Request { kind: ActionKind::Start, .. })
        && facts.whole
        && facts.surroundings.in_background()
        && facts.surroundings.handed_over == 0
        && !facts.other_is_live(None)
}

fn goes_on_after_a_refusal(facts: &Facts, seen: &Seen<'_>) -> bool {
    let refused = |call: &Call| {
        let begun = call.start_performed || call.answer_performed || call.connects;
        call.request_refused && (call.start_requested || call.answer_requested) && !begun
    };
    facts.under_system()
        && match *seen.event {
            // Later, or without capture, it may be for something else.
            Event::StartUnit { playback_only, .. } => {
                playback_only != Some(true)
                    && facts.session.is_inactive()
                    && !facts.in_call()
                    && facts.calls.any(|call| {
                        refused(call) && call.ended_at.is_some_and(|ended| seen.at < ended + TELLS)
                    })
            }
            _ => facts.call(seen).is_some_and(refused),
        }
}

/// No main queue makes a turn in less.
const TURN: Duration = Duration::from_millis(5);

fn the_provider_is_not_registered(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(provider) = facts.providers.current().filter(|provider| !provider.settled) else {
        return false;
    };
    match *seen.event {
        Event::Request { .. } => seen.at < provider.since + TURN,
        // Every group taken though there is no other call.
        Event::RequestRefused { transaction, code: 7 } => {
            facts.whole
                && facts.actions.requests().all(|request| request.transaction == transaction)
                && facts.calls.count(|call| !call.ended) <= 1
        }
        _ => false,
    }
}

fn reports_out_of_order(facts: &Facts, seen: &Seen<'_>) -> bool {
    let strict = facts.policy.is_strict(Rule::OutgoingReportOrder);
    facts.call(seen).is_some_and(|call| match seen.event {
        Event::ReportConnecting { .. } => call.connected_reported,
        Event::ReportConnected { .. } => {
            strict && call.start_performed && !call.connecting_reported
        }
        // An answer that comes after the report was not waited for.
        Event::PeerAnswered { .. } => call.connected_reported && !call.peer_answered,
        _ => {
            strict
                && facts.fulfilled_kind(seen) == Some(ActionKind::Start)
                && (call.connecting_reported || call.connected_reported)
        }
    })
}

fn ends_without_a_report_of_the_answer(facts: &Facts, seen: &Seen<'_>) -> bool {
    let ends = match *seen.event {
        Event::Perform { kind, .. } | Event::Request { kind, .. } => kind == ActionKind::End,
        _ => true,
    };
    ends && facts.under_system()
        && facts.call(seen).is_some_and(|call| {
            call.outgoing
                && !call.ended
                && !call.connected_reported
                && call.peer_answered_at.is_some_and(|answered| seen.at > answered + TELLS)
        })
}

fn takes_a_used_uuid(facts: &Facts, seen: &Seen<'_>) -> bool {
    let call = facts.call(seen);
    match *seen.event {
        Event::ReportIncoming { call: id, .. } => {
            // A push for a call that is over is reported all the same.
            let pushed = facts.pushes.open().is_some_and(|push| push.call == Some(id));
            !pushed
                && call
                    .is_some_and(|call| call.outgoing || call.ended && call.report != Report::None)
        }
        Event::Request { kind: ActionKind::Start, .. } => {
            call.is_some_and(|call| call.incoming || call.start_performed || call.connects)
        }
        Event::RequestRefused { code, .. } => code == 5,
        _ => false,
    }
}

fn every_group_is_taken(facts: &Facts, seen: &Seen<'_>) -> bool {
    let takes = |call: &Call| call.is_known_to_system() && !call.ended;
    match *seen.event {
        Event::Request { transaction, kind: ActionKind::Start, .. } => {
            // Calls of one group count once, and one that the same transaction ends makes room.
            let ends = |id| {
                facts.actions.requested_in(transaction).any(|asked| asked == (ActionKind::End, id))
            };
            let groups = facts.calls.count(|call| takes(call) && !ends(call.id));
            let most = facts.providers.current().and_then(|provider| provider.max_groups);
            most.is_some_and(|most| groups >= usize::from(most))
                && !facts.calls.any(|call| takes(call) && call.grouped)
        }
        Event::RequestRefused { transaction, code: 7 } => {
            let mut requested = facts.actions.requested_in(transaction);
            requested.any(|(kind, call)| {
                kind == ActionKind::Start
                    && facts.calls.any(|other| takes(other) && other.id != call)
            })
        }
        _ => false,
    }
}

fn mutes_behind_the_systems_back(facts: &Facts, seen: &Seen<'_>) -> bool {
    match *seen.event {
        Event::ApplyMute { muted } => {
            // What is captured is unmuted for whoever the system has not muted.
            let heard =
                |call: &Call| call.is_live() && !call.held && call.mute_performed != Some(true);
            facts.under_system()
                && (muted || !facts.calls.any(heard))
                && facts.calls.any(|call| {
                    let is_or_becomes_muted =
                        call.mute_performed == Some(true) || call.mute_requested == Some(true);
                    call.is_live()
                        && call.is_known_to_system()
                        && call.user_muted == Some(muted)
                        && call.muted == Some(muted)
                        && call.mute_requested != Some(muted)
                        && is_or_becomes_muted != muted
                })
        }
        // The system is about to be answered by another change; a new wish of the user's is none.
        Event::Request { kind: kind @ (ActionKind::Mute | ActionKind::Unmute), .. } => {
            facts.call(seen).is_some_and(|call| {
                let wished = call.user_muted == Some(kind == ActionKind::Mute)
                    && call.mute_requested.is_none();
                !wished
                    && [ActionKind::Mute, ActionKind::Unmute]
                        .iter()
                        .any(|&kind| facts.actions.is_open(kind, Some(call.id)))
            })
        }
        _ => false,
    }
}

fn sends_what_the_user_muted(facts: &Facts, seen: &Seen<'_>) -> bool {
    // It was muted before the last start, and not since.
    facts.stack.muted == Some(true)
        && !facts.stack.mute_renewed
        && facts.call(seen).is_some_and(|call| call.muted == Some(true))
}

fn nothing_records(facts: &Facts, _: &Seen<'_>) -> bool {
    let records = |category| {
        matches!(category, Category::PlayAndRecord | Category::Record | Category::MultiRoute)
    };
    facts.session.is_inactive()
        || facts.session.configuration.is_some_and(|set| !records(set.category))
}
