//! Provider reset and LiveCommunicationKit (rule book §1.9 and §1.10): the rules of a call system
//! that starts over, or is the newer one.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{Call, Completion};
use crate::{Facts, Level, Rule, Seen};
use core::time::Duration;
use oncue_platform::{Event, EventKind, Refusal};

super::rules! {
    starts at super::environment::END;

    ProviderResetEndsAll {
        wrong "provider-reset-ends-all: the provider was reset, and the app goes on with its calls, audio or actions"
        first "first: in `providerDidReset`: stop input/output and drop every call; answer no action of before"
        otherwise "otherwise: the system has no such call any more: silence in both directions"
        statement: "providerDidReset: stop audio, end all calls, without answering actions.",
        before: "reset",
        after: "drop calls",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ProviderReset],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-CX; SPKBOX:75-90",
        level: Level::Deny,
        leads_to: &[
            Rule::NoIoAfterDidDeactivate,
            Rule::EndNamesAReportedCall,
            Rule::ActionCompletedExactlyOnce,
            Rule::SystemCallOutlivesMedia,
            Rule::ProviderResetRebuildAfterXpcLoss,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Fulfill, EventKind::Fail], broken: answers_an_action_of_before },
            On {
                kinds: &[
                    EventKind::Request,
                    EventKind::ReportConnecting,
                    EventKind::ReportConnected,
                    EventKind::SendAccept,
                    EventKind::SendDial,
                    EventKind::SendAudio,
                    EventKind::WantAudio,
                ],
                broken: goes_on_with_a_call_of_before,
            },
            On { kinds: &[EventKind::Samples], broken: audio_goes_on },
        ]),
    }

    ProviderResetRebuildAfterXpcLoss {
        wrong "provider-reset-rebuild-after-xpc-loss: the provider is kept though the call system lost it and refused a transaction"
        first "first: `invalidate()` the provider, then a new `CXProvider` and a new `CXCallController`"
        otherwise "otherwise: every requestTransaction fails with 2 (unknown provider) or 4 (unknown call)"
        statement: "After a reset caused by callservicesd, recreate provider and controller; otherwise requestTransaction fails 2/4.",
        before: "reset",
        after: "new provider",
        effects: &[Effect::Interface],
        codes: &[reported(Refusal::transaction(2)), reported(Refusal::transaction(4))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::ProviderReset],
        grades: &[Grade::Engineer],
        contradicted: true,
        evidence: "DTS-801418, DTS-817614; docs are silent (contradiction)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::Request, EventKind::ReportIncoming], broken: provider_kept_though_lost },
        ]),
    }

    LckNoCaptureBeforeJoined {
        wrong "lck-no-capture-before-joined: audio or video is captured before the conversation is joined"
        first "first: `fulfill()` of the join or start action; while joining only set the media up"
        otherwise "otherwise: the far end hears what it must not yet, and the screens say that the call is not there"
        statement: "No audio/video capture until the conversation is joined (fulfil); media pipe setup happens in “joining”.",
        before: "joined",
        after: "capture",
        effects: &[Effect::Interface, Effect::Privacy],
        codes: &[],
        applies: Applies::ios(17, 4),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W26-226 04:30-04:39, 10:37-10:55",
        level: Level::Deny,
        leads_to: &[Rule::IoStartAfterDidActivate],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::StartUnit,
                    EventKind::EnableAudio,
                    EventKind::StartCamera,
                    EventKind::SendAudio,
                ],
                broken: captures_before_joined,
            },
        ]),
    }

    LckAllActionsInOneHandler {
        wrong "lck-all-actions-in-one-handler: an action of a conversation is neither fulfilled nor failed by the one handler"
        first "first: in `conversationManager(_:perform:)`: `fulfill()` or `fail()` for every action, the system's and the app's"
        otherwise "otherwise: the screens of the system say something else than what is, and the action times out"
        statement: "Every action (system or app) comes to one delegate method and is fulfilled or failed.",
        before: "perform",
        after: "fulfill/fail",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::ios(17, 4),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W26-226 06:18-06:31, 10:01-10:10",
        level: Level::Warn,
        leads_to: &[Rule::ActionCompletedExactlyOnce, Rule::ActionInTime],
        check: Check::Checked(&[On { kinds: &[EventKind::TimedOut], broken: action_left_open }]),
    }

    LckActivationCallbacksExist {
        wrong "lck-activation-callbacks-exist: the session of a conversation is activated by someone else than its policy says"
        first "first: choose the owner: the system (wait for `conversationManager(_:didActivate:)`) or the app (`setActive(true)`)"
        otherwise "otherwise: not known: the sources do not agree on who activates"
        statement: "conversationManager(_:didActivate:) and didDeactivate exist; who activates is not settled by the sources, so the owner of an LCK session is a policy, not a fact.",
        before: "(owner = policy; order not stated)",
        after: "didActivate",
        effects: &[Effect::None],
        codes: &[],
        applies: Applies::ios(17, 4),
        flows: &[Flow::Answer],
        grades: &[Grade::Apple, Grade::Folklore],
        contradicted: true,
        evidence: "DOC of both callbacks (the app activated, deactivated the session); TW-LCK (enables its device in didActivate, no setActive of its own), DTS-774784 (audio capabilities like CallKit’s); W26-226 (does not mention audio activation); RCL (sets the category itself, leaves didActivate empty); see §2.10",
        level: Level::Warn,
        leads_to: &[Rule::NoAppActivationUnderCallkit, Rule::ConfigureWithoutActivating],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::DidActivate,
                    EventKind::SetActive,
                ],
                broken: activated_against_the_policy,
            },
        ]),
    }
}

fn answers_an_action_of_before(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.action(seen).is_some_and(|action| action.completed == Some(Completion::Void))
}

/// How long captured audio may trail behind a reset.
const TRAILS: Duration = Duration::from_secs(1);

fn goes_on_with_a_call_of_before(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(reset) = facts.providers.reset_at else { return false };
    let trails = matches!(seen.event, Event::SendAudio { .. }) && seen.at <= reset + TRAILS;
    !trails && facts.call(seen).is_some_and(|call| call.ended && call.since <= reset)
}

fn audio_goes_on(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::Samples { captured, played, .. } = *seen.event else { return false };
    facts.unit(seen).is_some_and(|unit| {
        unit.ran_at_reset && unit.frames.is_some_and(|before| before != (captured, played))
    })
}

fn provider_kept_though_lost(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.providers.was_reset
        && facts.providers.refused_after_reset
        && !facts.providers.are_invalidated()
}

/// While a conversation only comes to be; with none at all, a capture is no business of its.
fn captures_before_joined(facts: &Facts, seen: &Seen<'_>) -> bool {
    let joined = match *seen.event {
        Event::StartUnit { playback_only: Some(true), .. } | Event::EnableAudio { on: false } => {
            return false;
        }
        Event::SendAudio { .. } => facts.call(seen).is_none_or(|call| call.connects),
        _ => facts.calls.any_under_way(Call::is_live),
    };
    facts.providers.is_lck() && facts.in_call() && !joined
}

fn action_left_open(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.providers.is_lck() && facts.action(seen).is_some_and(|action| action.completed.is_none())
}

fn activated_against_the_policy(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    facts.providers.is_lck()
        && match *seen.event {
            Event::SetActive { active } => active && facts.under_system() && facts.in_call(),
            // An activation that the app did not ask for is the system's.
            _ => {
                !facts.under_system()
                    && !session.activated_by_app
                    && (facts.whole || session.is_inactive())
            }
        }
}
