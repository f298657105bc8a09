//! Incoming calls and pushes (rule book §1.5): what is reported, when, and by which provider.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{Call, Completion, PushFacts, Report};
use crate::{Facts, Level, Rule, Seen};
use oncue_platform::{ActionKind, EndedReason, Event, EventKind, Framework, Refusal, Thread};

super::rules! {
    starts at super::actions::END;

    PushReportsACall {
        wrong "push-reports-a-call: a VoIP push is received and its method returns without a report of a call"
        first "first: `reportNewIncomingCall(with:update:completion:)`, called before the push's method returns"
        otherwise "otherwise: the system kills the app with an exception, and after repeats delivers no VoIP push any more"
        statement: "From iOS 13 (SDK) every VoIP push results in a CallKit (or LCK) report before the delegate method returns.",
        before: "push",
        after: "report before return",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(13, 0),
        flows: &[Flow::Push, Flow::ColdStart],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W19-707 09:39-10:33; H-PK PKPushTypeVoIP text; W26-226 09:09-09:15; DTS-801446 (the check runs when the delegate method returns; as quoted in twilio/twilio-voice-react-native PR#702); linphone-iphone#680/#588; FCI#696 (pushes stopped); element-ios#4419",
        level: Level::Deny,
        leads_to: &[Rule::EndNamesAReportedCall, Rule::BeforeFirstUnlock],
        check: Check::Checked(&[On { kinds: &[EventKind::PushReturned], broken: returns_unreported }]),
    }

    PushReportIsUnconditional {
        wrong "push-report-is-unconditional: a push is not reported, or late, for what it says or for what the session is"
        first "first: `reportNewIncomingCall`, whatever the push or the session; a dead call then ends with `reportCall(with:endedAt:reason:)`"
        otherwise "otherwise: the system kills the app for the push that was not reported"
        statement: "Even duplicate, cancelled, expired, unauthorised or undecryptable pushes are reported (then ended at once); and no state of the audio session blocks or delays the report.",
        before: "push",
        after: "report (even dead, even unconfigured)",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(13, 0),
        flows: &[Flow::Push],
        grades: &[Grade::Engineer, Grade::Code],
        contradicted: false,
        evidence: "wireapp/wire-ios PR#5070 (2026-07-27: an early return on a duplicate caused _terminateAppIfThereAreUnhandledVoIPPushes; repeated reports are fine, they just error); LIN EarlyPushkitDelegate (duplicate signature → reportCall(updated)); DTS-817976, DTS-117939; SPKBOX:50-71 and FCI:348-358 (report first, no session work before it); W16-230 33:58 (the place to configure is the answer action); violator FCI:342-346 (malformed UUID: push completion without a report)",
        level: Level::Deny,
        leads_to: &[Rule::PushReportsACall, Rule::PushCompletionAfterReport],
        check: Check::Checked(&[
            On { kinds: &[EventKind::PushReturned, EventKind::CompletePush], broken: withheld_for_a_state },
            On {
                kinds: &[
                    EventKind::AwaitActivation,
                    EventKind::AwaitInterruptionEnd,
                ],
                broken: waits_with_a_push,
            },
        ]),
    }

    PushCompletionAfterReport {
        wrong "push-completion-after-report: the push's completion is called before the report, more than once, or never"
        first "first: `reportNewIncomingCall`, and in its completion the push's completion, once"
        otherwise "otherwise: the app may be suspended before the call exists, or killed for a push that counts as unreported"
        statement: "The PushKit completion is called once per push, never before the report has been called; after the report's completion is the safe place.",
        before: "report called (best: its completion)",
        after: "push completion, once",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(11, 0),
        flows: &[Flow::Push],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "GS PR#1219/#1221; RocketChat PR#7167; RNCK PR#191 and :811-813; counter-examples PJ:522-536, LIN EarlyPushkitDelegate and TW AppDelegate.swift:104-118 with ViewController.swift:341-349 (completion right after the call)",
        level: Level::Deny,
        leads_to: &[Rule::PushReportsACall],
        check: Check::Checked(&[
            On { kinds: &[EventKind::CompletePush], broken: completes_early_or_twice },
            On { kinds: &[EventKind::Push], broken: never_completed },
        ]),
    }

    PushRegistryAtEveryLaunch {
        wrong "push-registry-at-every-launch: the app is launched without a push registry that has its delegate and its types"
        first "first: `PKPushRegistry(queue:)` with `delegate` and `desiredPushTypes`, in one step, at every launch"
        otherwise "otherwise: pushes that arrive at a cold start are lost, and the app is killed for later ones"
        statement: "PKPushRegistry is created at every launch, with its delegate and desiredPushTypes set in the same step.",
        before: "launch",
        after: "registry with delegate and desiredPushTypes",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(8, 0),
        flows: &[Flow::ColdStart],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "PushKit docs; linphone-iphone#666; DTS-817976 (no delegate at launch ends in the second check)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::LaunchFinished, EventKind::MainQueueTurn], broken: registry_incomplete },
            On { kinds: &[EventKind::CreateRegistry], broken: registry_late },
        ]),
    }

    ReportErrorStopsTheFlow {
        wrong "report-error-stops-the-flow: the report of a call failed, and the app goes on with the call"
        first "first: `reportNewIncomingCall` completes without an error; with one, tell the server and forget the call"
        otherwise "otherwise: the app configures, rings and answers a call that the system does not have; codes 2 to 7"
        statement: "If the report completion has an error, the call does not exist: do not configure, ring, answer or start audio.",
        before: "report ok",
        after: "configure/ring",
        effects: &[Effect::None],
        codes: &[
            reported(Refusal::incoming(2)),
            reported(Refusal::incoming(3)),
            reported(Refusal::incoming(4)),
            reported(Refusal::incoming(5)),
            reported(Refusal::incoming(6)),
            reported(Refusal::incoming(7)),
        ],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Incoming],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-CX reportNewIncomingCall text; W16-230 32:00-32:58; SPKBOX:60-66",
        level: Level::Warn,
        leads_to: &[
            Rule::NoReconfigureBeforeReportWhileActive,
            Rule::NoAnswerBeforeReportCompletes,
            Rule::IoStartAfterDidActivate,
            Rule::EndNamesAReportedCall,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::Request,
                    EventKind::StartRingTimer,
                    EventKind::SendAccept,
                    EventKind::WantAudio,
                    EventKind::SendAudio,
                    EventKind::ReportConnected,
                ],
                broken: goes_on_after_refusal,
            },
        ]),
    }

    NoAnswerBeforeReportCompletes {
        wrong "no-answer-before-report-completes: the app asks to answer or end a call whose report has not completed"
        first "first: the completion of `reportNewIncomingCall`, without an error; then `requestTransaction`"
        otherwise "otherwise: the request is refused, 4 (unknown call), and the system's screen rings on"
        statement: "Answer/end requests from the app UI wait for the report's completion.",
        before: "report ok",
        after: "answer/end",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(4))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "SIG CallKitCallUIAdaptee; 100ms-ios-sdk#146 (answering in-app while CallKit rings)",
        level: Level::Warn,
        leads_to: &[Rule::RequestErrorsAbort],
        check: Check::Checked(&[On { kinds: &[EventKind::Request], broken: asked_before_the_report_completed }]),
    }

    RemoteCancelRace {
        wrong "remote-cancel-race: a call that the far end cancelled is not reported and ended, or is still answered"
        first "first: `reportNewIncomingCall`, then `reportCall(with:endedAt:reason:)`; a late answer gets `fail()`"
        otherwise "otherwise: a ghost call rings, a silent call looks connected, or the app is killed for its push"
        statement: "If the remote cancels before the report completes or before answer, the call is reported and then ended; a late answer action is failed.",
        before: "report",
        after: "reportCall(ended); late answer→fail",
        effects: &[Effect::Interface, Effect::Kill],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Incoming],
        grades: &[Grade::Code, Grade::Folklore],
        contradicted: false,
        evidence: "LIN EarlyPushkitDelegate; GS ringing timer; W19-707 10:49-11:24 (stale push); the race itself is inferred from the action model",
        level: Level::Deny,
        leads_to: &[
            Rule::PushReportsACall,
            Rule::PushReportIsUnconditional,
            Rule::SystemCallOutlivesMedia,
        ],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::PushReturned,
                    EventKind::CompletePush,
                ],
                broken: cancelled_push_unreported,
            },
            On { kinds: &[EventKind::Fulfill, EventKind::Request], broken: answers_a_cancelled_call },
        ]),
    }

    RingTimerDiesWithAnswer {
        wrong "ring-timer-dies-with-answer: a no-answer timer is still alive after its call was answered, refused or ended"
        first "first: in `perform(CXAnswerCallAction)` and at each end: cancel the timer of that call; never report it `.unanswered` then"
        otherwise "otherwise: a connected call is ended, and the screens say that nobody answered"
        statement: "A no-answer timer belongs to one call and ends with the answer, refusal or end of that call; a call that was answered is never reported as unanswered.",
        before: "perform(Answer)",
        after: "own timer cancelled; never .unanswered",
        effects: &[Effect::Interface, Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(10, 0).note("the system itself ends an unanswered call after about 60 s from 16"),
        flows: &[Flow::SecondCall, Flow::Hold, Flow::Answer],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "DOC CXCallEndedReason.unanswered (never started to connect); FCI#683 with FCI:480-492 (the check asks shared variables, not the call); cancelled in perform(Answer): GS:537-538 and PR#433 there (also when answered elsewhere), CHIME CallKitManager.swift:167; matrix-org/matrix-ios-sdk PR#1710 (timer of a call answered elsewhere); bkdev98/react-native-incoming-call PR#23 (Android: the first call's timer ends the second)",
        level: Level::Deny,
        leads_to: &[Rule::StopIoWhenEnding, Rule::EndNamesAReportedCall],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::RingTimerFired,
                    EventKind::ReportEnded,
                ],
                broken: rings_out_after_the_answer,
            },
        ]),
    }

    AnswerBeforeSignallingIsReady {
        wrong "answer-before-signalling-is-ready: an answer is fulfilled, or the main thread waits, while the signalling is not up"
        first "first: keep the `CXAnswerCallAction` pending until the far end is accepted, then `fulfill()`, or `fail()` before its `timeoutDate`"
        otherwise "otherwise: the call looks answered, nobody accepted it, and both ends hear nothing"
        statement: "On cold start the answer action may arrive before the INVITE/session exists; keep it pending, do not fulfil blindly and do not block the main thread.",
        before: "signalling",
        after: "fulfill(answer)",
        effects: &[Effect::Both, Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ColdStart],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "PJ:440-480 (polls with 0.1 s sleeps inside the action; anti-pattern); EXPO (pending fulfil, 30 s); RNCK#851, react-native-webrtc#1735",
        level: Level::Deny,
        leads_to: &[Rule::ActionInTime, Rule::NoCompletionAfterTimeout, Rule::IoStartsAfterActivation],
        check: Check::Checked(&[
            On { kinds: &[EventKind::AwaitSignalling], broken: main_thread_waits_for_signalling },
            On { kinds: &[EventKind::Fulfill], broken: answered_before_accepted },
        ]),
    }

    EarlyEventsAreKeptAndReplayed {
        wrong "early-events-are-kept-and-replayed: an action or activation came before anyone listened, and it is dropped"
        first "first: queue every `perform(..)` and `didActivate`; deliver them in order when the layer listens"
        otherwise "otherwise: answered on the screen and accepted by nobody, or an activation that never reaches the media stack"
        statement: "Actions and activations that arrive before the layer that handles them listens (script runtime, Flutter engine) are kept, and delivered in order when it does.",
        before: "action or activation before anyone listens",
        after: "queued, delivered on listen",
        effects: &[Effect::Interface, Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ColdStart, Flow::Answer, Flow::End],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "RNCK#844 (the queue did not exist yet); RNCK PR#205 with RNCK:122-128, 163-176, 317-324 (queue, handed over at the first listener or on request); FCI#845 (a tap in the first seconds is lost), FCI#596 (list of accepted calls, to be asked for at start)",
        level: Level::Deny,
        leads_to: &[
            Rule::ActionCompletedExactlyOnce,
            Rule::ActionInTime,
            Rule::MediaStackToldOfActivation,
            Rule::IoStartsAfterActivation,
            Rule::AnswerBeforeSignallingIsReady,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Drop], broken: drops_what_still_counts },
            On { kinds: &[EventKind::Deliver], broken: delivers_past_an_answer },
        ]),
    }

    BeforeFirstUnlock {
        wrong "before-first-unlock: before the first unlock a call is not reported, or is left to ring or to be answered"
        first "first: `reportNewIncomingCall` with a generic name; within 4 s `reportCall(with:endedAt:reason:)` `.unanswered`; an answer gets `fail()`"
        otherwise "otherwise: the app is killed for its push, or its settings are wiped, since it cannot read protected data yet"
        statement: "After reboot and before first unlock the app cannot read protected data; it still must report, then fail/end.",
        before: "report",
        after: "fail/end ≤4 s",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ColdStart, Flow::LockScreen],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "LIN EarlyPushkitDelegate.swift (4 s); linphone-iphone#371; element-ios#4419; FCI#684; DTS-837211 (provider created right after first unlock races)",
        level: Level::Deny,
        leads_to: &[Rule::AnswerBeforeSignallingIsReady, Rule::SystemCallOutlivesMedia],
        check: Check::Checked(&[On { kinds: &[EventKind::Fulfill], broken: answered_before_first_unlock }]),
    }

    PushExpirationZero {
        wrong "push-expiration-zero: a VoIP push is sent that the service may deliver long after the call"
        first "first: the server sets `apns-expiration` to 0, or to a few seconds"
        otherwise "otherwise: the phone rings minutes later for a call that is over"
        statement: "VoIP pushes are sent with apns-expiration 0 (or a few seconds).",
        before: "expiration 0",
        after: "push",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(13, 0),
        flows: &[Flow::Push],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W19-707 10:49-11:24; DTS-778512",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Advice(
            "the header passes between the server that sends and the push service, the app is never told of it",
        ),
    }

    ProviderReadyGateIsOptional {
        wrong "provider-ready-gate-is-optional: the report of a call waits for providerDidBegin"
        first "first: `CXProvider.setDelegate(_:queue:)`, then `reportNewIncomingCall` at once; only a `requestTransaction` may wait"
        otherwise "otherwise: providerDidBegin may have been missed: the push is never reported and the app is killed"
        statement: "Do not gate reporting on providerDidBegin.",
        before: "setDelegate",
        after: "report (no gate)",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Push],
        grades: &[Grade::Engineer],
        contradicted: true,
        evidence: "DTS-797563; contradiction: SIG gates on it",
        level: Level::Deny,
        leads_to: &[Rule::PushReportsACall, Rule::PushCompletionAfterReport],
        check: Check::Checked(&[
            On { kinds: &[EventKind::AwaitProviderBegin], broken: report_waits_for_the_provider },
        ]),
    }

    ProviderConfigurationBeforeEachReport {
        wrong "provider-configuration-before-each-report: a call is reported, and the provider's configuration was not set again before"
        first "first: `provider.configuration = configuration`, then `reportNewIncomingCall`"
        otherwise "otherwise: on some calls didActivate never comes, silence in both directions, or audio is one-way"
        statement: "The provider's configuration is set again immediately before each report of a new call.",
        before: "provider.configuration set again",
        after: "reportNewIncomingCall",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0).note("reported on 18.4.1 and later"),
        flows: &[Flow::Incoming, Flow::Push, Flow::ColdStart],
        grades: &[Grade::Engineer, Grade::Code],
        contradicted: false,
        evidence: "DTS-783870 (recommended to every CallKit app, may stay in the code for good); wireapp/wire-ios PR#5157 (merged, 2026-08: calls without didActivate in the field, not reproduced, applied as a possible fix; names DTS-835520, which was not read); FCI:527-535, called at :283, :337 and :367 (before every report and before every start). One forum reply re-sets it before an unhold too (F). Counter-examples: SPKBOX never sets it again; SIG only when the user's settings change; that it cures the fault is NOT VERIFIED by a run",
        level: Level::Allow,
        leads_to: &[Rule::ActivationWatchdog],
        check: Check::Checked(&[On { kinds: &[EventKind::ReportIncoming], broken: configuration_not_set_again }]),
    }

    SingleProvider {
        wrong "single-provider: a second provider is made while the first one is still valid"
        first "first: `CXProvider.invalidate()` on the old one; better: one provider, made once and kept"
        otherwise "otherwise: calls of the second provider have no audio, an answer through the other one fails, requests fail with 2"
        statement: "One CXProvider at a time, made once and kept; a new one only after the old one was invalidated. Never created in a global initialiser before main.",
        before: "invalidate old",
        after: "new provider",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::transaction(2))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ColdStart, Flow::ProviderReset],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: true,
        evidence: "DOC CXProvider (one instance, kept globally); H-CX invalidate text; SIG (one provider ever); TW PR#400 (one provider instead of several); twilio/twilio-video-ios#219; LIN EarlyPushkitDelegate creates one per early push (counter-example)",
        level: Level::Deny,
        leads_to: &[Rule::ActivationWatchdog],
        check: Check::Checked(&[On { kinds: &[EventKind::CreateProvider], broken: second_provider }]),
    }

    NoUseOfInvalidatedProvider {
        wrong "no-use-of-invalidated-provider: a provider is asked for something after it was invalidated"
        first "first: a new `CXProvider` with `setDelegate(_:queue:)`, then the report or the request"
        otherwise "otherwise: requests fail with 2 (unknown provider), and neither actions nor an activation arrive"
        statement: "After invalidate() nothing is asked of the provider; the next report or request goes through a new one.",
        before: "invalidate",
        after: "new provider, then report or request",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(2))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ProviderReset, Flow::NoCallKit],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "DOC CXProvider.invalidate (active calls end with an error, no further messages to the delegate); DTS-801418 (a developer's test: code 2 after invalidating, cured by a new provider); jitsi/jitsi-meet PR#4117",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::ReportIncoming, EventKind::Request], broken: no_provider_is_valid },
            On { kinds: &[EventKind::SetDelegate, EventKind::ConfigureProvider], broken: provider_is_invalid },
        ]),
    }

    VoipBackgroundMode {
        wrong "voip-background-mode: the background mode voip is missing, or audio where the app owns the session"
        first "first: `voip` in UIBackgroundModes, and `audio` too where the app activates"
        otherwise "otherwise: 3 (missing mode) or 1 (unentitled) from CallKit; in the background an app-owned session fails with '!pla'"
        statement: "UIBackgroundModes contains voip; audio is required where the app owns activation, and is a warning only where the call system does.",
        before: "Info.plist voip (+ audio if app-owned)",
        after: "anything",
        effects: &[Effect::Both],
        codes: &[
            reported(Refusal::transaction(1)),
            reported(Refusal::callkit(3)),
            reported(Refusal::session(b"!pla")),
        ],
        applies: Applies::ios(10, 0).note("CXErrorCode 3 from 14.5"),
        flows: Flow::ALL,
        grades: &[Grade::Apple, Grade::Code],
        contradicted: true,
        evidence: "H-CX; H-CAT; one measured device run; declare no audio: SPKBOX Speakerbox/Info.plist (voip alone), the example apps of RNCK (fetch, voip), FCI (processing, remote-notification, voip), voximplant/flutter_callkit @b8ede61 (voip) and sendbird/quickstart-calls-directcall-ios @2ebe32e (voip); declare both: TW, TW-LCK, LKS examples, opentok/CallKit, and the guides of CometChat and MirrorFly list both; that a call of these samples keeps its audio in the background was not run: NOT VERIFIED",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Static(
            "UIBackgroundModes in the Info.plist: voip always, audio where the app owns the session",
        ),
    }

    RedialNeedsSupportedHandleTypes {
        wrong "redial-needs-supported-handle-types: the provider is configured without the types of its handles"
        first "first: `CXProviderConfiguration.supportedHandleTypes`, e.g. `[.generic, .phoneNumber]`"
        otherwise "otherwise: a tap on an entry of Recents, or Siri, does nothing in the app"
        statement: "supportedHandleTypes must be set or Recents/Siri never hands back a user activity.",
        before: "supportedHandleTypes",
        after: "Recents tap",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Outgoing],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "TW Docs/call-from-history.md; QQ custom generic handle",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::ConfigureProvider], broken: no_handle_types }]),
    }

    EveryStartCallIntentIsHandled {
        wrong "every-start-call-intent-is-handled: a start-call hand-over leads to no call and no refusal, or is taken for the newer class unseen"
        first "first: `INStartCallIntent`, `INStartAudioCallIntent` or `INStartVideoCallIntent`, by its class, then `requestTransaction(CXStartCallAction)`"
        otherwise "otherwise: the app opens and calls nobody, or crashes"
        statement: "The hand-over from Recents, contacts and Siri is taken in every form: INStartCallIntent from iOS 13, and the two older ones too.",
        before: "user activity, any start-call intent",
        after: "requestTransaction(Start) or refusal",
        effects: &[Effect::Interface, Effect::Crash],
        codes: &[],
        applies: Applies::ios(10, 0).note("INStartCallIntent from 13"),
        flows: &[Flow::Outgoing, Flow::ColdStart],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "H-IN (§4.2); TelegramMessenger/Telegram-iOS PR#2304; RNCK#108 with PR#109 there (nothing happens on 13.1); RNCK#130 (13.2.3 hands over the audio intent, which lacks callCapability: crash)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::IntentAnswered], broken: intent_ignored }]),
    }
}

/// The push that the event is about, if it still waits for its report.
fn unreported<'a>(facts: &'a Facts, seen: &Seen<'_>) -> Option<&'a PushFacts> {
    let (Event::PushReturned { push } | Event::CompletePush { push }) = *seen.event else {
        return None;
    };
    let strict = facts.policy.is_strict(Rule::PushReportIsUnconditional);
    facts.pushes.get(push).filter(|push| {
        // A second push for a call that the system has may just change it, as Linphone's does.
        let updates = push.updated && (push.of_known_call || !facts.whole) && !strict;
        push.must_report && !push.reported && !push.returned && !updates
    })
}

fn returns_unreported(facts: &Facts, seen: &Seen<'_>) -> bool {
    unreported(facts, seen).is_some()
}

fn withheld_for_a_state(facts: &Facts, seen: &Seen<'_>) -> bool {
    unreported(facts, seen).is_some_and(|push| push.of_known_call || push.session_first)
}

fn waits_with_a_push(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.pushes.open().is_some_and(|push| push.must_report && !push.reported)
}

fn completes_early_or_twice(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::CompletePush { push } = *seen.event else { return false };
    let Some(push) = facts.pushes.get(push) else { return false };
    let in_report = push
        .call
        .and_then(|call| facts.calls.get(call))
        .is_some_and(|call| call.report == Report::Asked);
    push.completed
        || unreported(facts, seen).is_some()
        || in_report && facts.policy.is_strict(Rule::PushCompletionAfterReport)
}

/// Decided when the next push comes in: the call of an earlier one is over, and its completion still waits.
fn never_completed(facts: &Facts, _: &Seen<'_>) -> bool {
    let over =
        |call: &Call| call.ended && matches!(call.report, Report::Succeeded | Report::Refused);
    facts.pushes.tells_completions
        && facts.pushes.iter().any(|push| {
            let call = || push.call.and_then(|call| facts.calls.get(call));
            push.reported && push.returned && !push.completed && call().is_some_and(over)
        })
}

fn registry_incomplete(facts: &Facts, seen: &Seen<'_>) -> bool {
    let providers = &facts.providers;
    let step_is_over = match seen.event {
        Event::LaunchFinished {} => facts.whole,
        _ => !providers.registry_settled,
    };
    step_is_over && providers.registry && !(providers.registry_delegate && providers.voip_requested)
}

/// An app may learn only after its launch that it wants pushes, e.g. at the user's first login.
fn registry_late(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.policy.is_strict(Rule::PushRegistryAtEveryLaunch)
        && facts.whole
        && facts.surroundings.launch_finished
        && !facts.providers.registry
}

fn goes_on_after_refusal(facts: &Facts, seen: &Seen<'_>) -> bool {
    let goes_on = !matches!(*seen.event, Event::Request { kind, .. } if kind != ActionKind::Answer);
    goes_on && facts.call(seen).is_some_and(|call| call.report == Report::Refused)
}

fn asked_before_the_report_completed(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::Request { kind, .. } = *seen.event else { return false };
    facts.call(seen).is_some_and(|call| match kind {
        ActionKind::Answer if facts.whole && call.incoming && !call.answer_performed => {
            matches!(call.report, Report::None | Report::Asked)
        }
        ActionKind::Answer | ActionKind::End => call.report == Report::Asked,
        _ => false,
    })
}

/// Whether the far end, or another device, took the call away.
fn is_cancelled(call: &Call) -> bool {
    use EndedReason::{AnsweredElsewhere, DeclinedElsewhere, RemoteEnded};
    call.peer_ended
        || matches!(call.end_reported, Some(RemoteEnded | AnsweredElsewhere | DeclinedElsewhere))
}

fn cancelled_push_unreported(facts: &Facts, seen: &Seen<'_>) -> bool {
    let call =
        unreported(facts, seen).and_then(|push| push.call).and_then(|call| facts.calls.get(call));
    call.is_some_and(is_cancelled)
}

fn answers_a_cancelled_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let answers = match *seen.event {
        Event::Request { kind, .. } => kind == ActionKind::Answer,
        _ => facts.fulfilled_kind(seen) == Some(ActionKind::Answer),
    };
    answers && facts.call(seen).is_some_and(|call| !call.connects && is_cancelled(call))
}

fn rings_out_after_the_answer(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(call) = facts.call(seen) else { return false };
    let far_end_answered = call.peer_answered || call.connected_reported;
    match *seen.event {
        Event::ReportEnded { reason: EndedReason::Unanswered, .. } => {
            if call.outgoing {
                far_end_answered
            } else {
                call.connects
            }
        }
        Event::RingTimerFired { .. } => {
            let answered = if call.outgoing {
                far_end_answered
            } else {
                call.connects || call.answer_performed
            };
            answered || call.ended
        }
        _ => false,
    }
}

fn main_thread_waits_for_signalling(facts: &Facts, seen: &Seen<'_>) -> bool {
    seen.thread == Some(Thread::Main) && facts.actions.is_open(ActionKind::Answer, None)
}

/// To the letter; otherwise an app may accept later, until the deadline.
fn answered_before_accepted(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.policy.is_strict(Rule::AnswerBeforeSignallingIsReady)
        && facts.fulfilled_kind(seen) == Some(ActionKind::Answer)
        && facts.calls.tells_signalling
        && facts.call(seen).is_some_and(|call| call.incoming && !call.accept_sent)
}

/// A bridge may fulfil in the layer's place; the layer has to hear of the action all the same.
fn drops_what_still_counts(facts: &Facts, seen: &Seen<'_>) -> bool {
    match *seen.event {
        Event::Drop { action: None } => facts.session.is_active(),
        _ => facts
            .action(seen)
            .is_some_and(|action| matches!(action.completed, None | Some(Completion::Fulfilled))),
    }
}

/// The layer hears of a later action of the call, or of the activation, before it hears of the answer or the start.
fn delivers_past_an_answer(facts: &Facts, seen: &Seen<'_>) -> bool {
    let later = facts.action(seen);
    if later.is_some_and(|later| later.delivered)
        || seen.event.action().is_some() && later.is_none()
    {
        return false;
    }
    facts.actions.iter().any(|earlier| {
        matches!(earlier.kind, ActionKind::Answer | ActionKind::Start)
            && matches!(earlier.completed, None | Some(Completion::Fulfilled))
            && !earlier.delivered
            && match later {
                Some(later) => {
                    earlier.id != later.id
                        && earlier.call == later.call
                        && earlier.performed <= later.performed
                }
                None => facts.session.activated_at.is_some_and(|at| earlier.performed <= at),
            }
    })
}

fn answered_before_first_unlock(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.surroundings.protected_data == Some(false)
        && facts.fulfilled_kind(seen) == Some(ActionKind::Answer)
}

fn report_waits_for_the_provider(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.pushes.open().is_some_and(|push| push.must_report && !push.reported)
        && facts.providers.current().map_or(facts.whole, |provider| !provider.began)
}

fn configuration_not_set_again(facts: &Facts, seen: &Seen<'_>) -> bool {
    let repeated = facts
        .call(seen)
        .is_some_and(|call| matches!(call.report, Report::Asked | Report::Succeeded));
    // Where no provider was seen to be made, it may be one for conversations.
    let is_callkit = facts.providers.last().is_some() && !facts.providers.is_lck();
    !repeated && is_callkit && facts.providers.configured_since_report == Some(false)
}

fn second_provider(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::CreateProvider { framework, .. } = *seen.event else { return false };
    let framework = framework.unwrap_or(Framework::CallKit);
    facts.providers.current().is_some_and(|provider| provider.framework == framework)
}

fn no_provider_is_valid(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.providers.are_invalidated()
}

fn provider_is_invalid(facts: &Facts, seen: &Seen<'_>) -> bool {
    let (Event::SetDelegate { provider } | Event::ConfigureProvider { provider, .. }) = *seen.event
    else {
        return false;
    };
    facts.providers.get(provider).is_some_and(|provider| provider.invalidated)
}

fn no_handle_types(_: &Facts, seen: &Seen<'_>) -> bool {
    matches!(*seen.event, Event::ConfigureProvider { handle_types: Some(0), .. })
}

fn intent_ignored(_: &Facts, seen: &Seen<'_>) -> bool {
    matches!(*seen.event, Event::IntentAnswered { handled: false })
}
