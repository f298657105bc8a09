//! Category and configuration (rule book §1.1): the rules of what a session is set to, and when.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, inferred, reported};
use crate::facts::{Call, differ, implied};
use crate::{CategoryAt, Facts, Level, Rule, Seen, State};
use oncue_platform::{
    ActionKind, Category, Configuration, Event, EventKind, Mode, Party, Refusal, Thread,
};

super::rules! {
    starts at 0;

    CategoryBeforeActivation {
        wrong "category-before-activation: the session has no PlayAndRecord category yet"
        first "first: `session.configure(PlayAndRecord::voice_chat())?`"
        otherwise "otherwise: silence in capture or in both directions, and no error from the system"
        holds
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "PlayAndRecord (with its mode and options) is set before CallKit activates the session.",
        before: "setCategory(PlayAndRecord)",
        after: "didActivate",
        effects: &[Effect::Both, Effect::Capture],
        codes: &[
            inferred(Refusal::session(b"!rec")),
            inferred(Refusal::session(b"!pla")),
            inferred(Refusal::unit(-10875)),
            reported(Refusal::session(b"ent?")),
        ],
        applies: Applies::ios(10, 0).note("'ent?' on 10.0 and 10.1"),
        flows: &[Flow::Incoming, Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "SEED-QQ §3.2 (“before the flow starts”), QQ-ZH (drawn in the incoming flow next to reportNewIncomingCall); W16-230 33:58 (the answer action is the place to configure); SPKBOX ProviderDelegate.swift:97-101, 136-140; ART-VOIP; LLP core_utils.h:153-157; Vonage OTAudioSessionManager reference (preconfigure before activation); LKS-EX:334-340 (sets it on the push, with the remark that the microphone does not initialise otherwise)",
        level: Level::Deny,
        leads_to: &[
            Rule::CategoryMustBePlayAndRecord,
            Rule::NoCategoryChangeWhileCallActive,
            Rule::OutputOverrideScope,
            Rule::IoStartAfterDidActivate,
            Rule::IoInitWindow, Rule::NoLocalSoundsOutsideTheCallSession],
        check: Check::Checked(&[
            On { kinds: &[EventKind::ReportIncoming], broken: unset_at_the_report },
        ]),
    }

    CategoryMustBePlayAndRecord {
        wrong "category-must-be-play-and-record: the category cannot carry a two-way call"
        first "instead: `PlayAndRecord::voice_chat()`"
        otherwise "otherwise: capture is silent (Playback), playback is silent (Record), or '!pla' in the background"
        statement: "A two-way call runs in PlayAndRecord; any other category is silent in one or both directions.",
        before: "category==PlayAndRecord",
        after: "whole call",
        effects: &[Effect::Capture, Effect::Playback],
        codes: &[reported(Refusal::session(b"!pla"))],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple, Grade::Engineer],
        contradicted: false,
        evidence: "SEED-QQ Q7; H-CAT (CannotStartPlaying text); DTS-820613/804510; twilio-video iOS docs (Playback = listen only)",
        level: Level::Deny,
        leads_to: &[
            Rule::ModeVoiceChatNeedsPlayAndRecordAndVpio,
            Rule::OutputOverrideScope,
            Rule::InputMustExist,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetCategory, EventKind::SessionIs], broken: another_category },
        ]),
    }

    ConfigureWithoutActivating {
        wrong "configure-without-activating: the app activates inside the action that it should only configure for"
        first "instead: configure, fulfil the action, and wait for didActivate"
        otherwise "otherwise: didActivate never comes: one-way audio or silence, '!pri' or '!int'"
        statement: "Inside the start/answer action the app configures only; it does not call setActive(true).",
        before: "configure (no setActive)",
        after: "fulfill",
        effects: &[Effect::Capture, Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "W16-230 15:22-16:08; SPKBOX:97-101; PJ coreaudio_dev.m:2267-2272 (SETUP_AV_AUDIO_SESSION 0 because CallKit owns activation); MS2:709 (“Not activating … because it is CallKit's job”)",
        level: Level::Deny,
        leads_to: &[Rule::NoAppActivationUnderCallkit, Rule::ActivationWatchdog],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetActive], broken: activated_in_the_action },
        ]),
    }

    NoReconfigureBeforeReportWhileActive {
        wrong "no-reconfigure-before-report-while-active: a call is live in this session, and it is configured for another"
        first "first: the report of the new call succeeds and the live call ends; to change the live call: `session.reconfigure(..)`"
        otherwise "otherwise: the live call loses its microphone or its route"
        holds
            System [Fresh Configured AwaitingActivation Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "Do not touch the shared session for a call that has not yet been accepted by CallKit while another call is live.",
        before: "report ok",
        after: "configure (if another call is live)",
        effects: &[Effect::Capture, Effect::Route],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Incoming, Flow::SecondCall],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "FCI PR#850 and FCI:291 (comment), :297-299 (now configured in completion); contradicts QQ-ZH and EXPO (configure before report)",
        level: Level::Deny,
        leads_to: &[Rule::NoCategoryChangeWhileCallActive],
        check: Check::Checked(&[On {
            kinds: &[EventKind::SetCategory, EventKind::SetMode],
            broken: set_for_a_call_to_come,
        }]),
    }

    NoCategoryChangeWhileCallActive {
        wrong "no-category-change-while-call-active: the configuration is changed while the call's audio runs"
        first "first: `session.stop()?`, or configure before the activation"
        otherwise "otherwise: the route jumps back to the receiver, the volume drops, other apps may interrupt"
        holds
            System [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "setCategory/setMode/options changes on an already active CallKit session are avoided, or made through the call's own reconfigure step.",
        before: "configure done",
        after: "didActivate … didDeactivate",
        effects: &[Effect::Route, Effect::Volume],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::Route],
        grades: &[Grade::Engineer, Grade::Code],
        contradicted: false,
        evidence: "DTS-800247, 804510, 810385, 820613; team-telnyx/telnyx-webrtc-ios#377/PR#402 (configure after didActivate → route/UI desync); jitsi-meet#8599; MS2:667-713 (setActive(NO) → setCategory → setActive(YES)); set again in didActivate by samples that ship and work: LKS-EX:285 (first on the push, :340), FCI:814 (first in the action, :643, :661); GetStream/stream-video-swift PR#807 (CallKit brings the session with a minimum of configuration, so the call's is applied again)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::SetCategory, EventKind::SetMode],
            broken: changed_while_active,
        }]),
    }

    OptionsAreNotSticky {
        wrong "options-are-not-sticky: the category is set without the options it had before"
        first "instead: pass every option with every setCategory"
        otherwise "otherwise: the options are gone: no Bluetooth, or the receiver instead of the loudspeaker"
        statement: "Category options must be passed with every setCategory; they do not survive a category change, and some SDKs set them twice.",
        before: "options",
        after: "every setCategory",
        effects: &[Effect::Route],
        codes: &[],
        applies: Applies::ios(6, 0),
        flows: &[Flow::Route],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "H-AV CategoryOptions text (“not sticky across category changes”); RTC RTCAudioSession+Configuration.mm (category+mode+options → mode → options again, comment that options sometimes don't stick)",
        level: Level::Warn,
        leads_to: &[Rule::NoCategoryChangeWhileCallActive],
        check: Check::Checked(&[On { kinds: &[EventKind::SetCategory], broken: options_lost }]),
    }

    ModeVoiceChatNeedsPlayAndRecordAndVpio {
        wrong "mode-voice-chat-needs-play-and-record-and-vpio: the mode is VoiceChat without PlayAndRecord, or without the voice-processing unit"
        first "first: `setCategory` with PlayAndRecord and mode VoiceChat, and input/output through the VoiceProcessingIO unit"
        otherwise "otherwise: no echo cancellation, no gain control, a lower output level"
        statement: "VoiceChat mode only with PlayAndRecord, and only together with the VoiceProcessingIO unit.",
        before: "PlayAndRecord",
        after: "VoiceChat",
        effects: &[Effect::Volume],
        codes: &[],
        applies: Applies::ios(5, 0).note("from 5 or 7, by the mode"),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "H-AV mode texts; CPAL iOS host uses RemoteIO (no AEC)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetCategory, EventKind::SetMode], broken: mode_of_another_category },
            On { kinds: &[EventKind::StartUnit], broken: voice_chat_unprocessed },
        ]),
    }

    PreferredBeforeActivationActualAfter {
        wrong "preferred-before-activation-actual-after: the preferred rate or buffer is set while active, or the actual one is read while inactive"
        first "first: `setPreferredSampleRate` and `setPreferredIOBufferDuration`, then the activation, then read `sampleRate` and `ioBufferDuration`"
        otherwise "otherwise: the unit gets the wrong rate: -10868, the wrong pitch, gaps, or silence in both directions"
        statement: "Set preferred sample rate / IO buffer while inactive; read the actual values only after activation.",
        before: "preferred*",
        after: "didActivate → read actual",
        effects: &[Effect::Both, Effect::Garbled],
        codes: &[inferred(Refusal::unit(-10868))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Answer, Flow::Outgoing, Flow::Route],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "QA1631 (set when inactive, query after active); MS2:721-728 and :993-996 (rate is invalid until activated; may differ from the request); RTC (retry on rate mismatch, webrtc:6004); contradiction: the setPreferredSampleRate documentation says it may be set before or after activation, and FCI sets it after setActive",
        level: Level::Warn,
        leads_to: &[Rule::IoStartsAfterActivation],
        check: Check::Checked(&[
            On { kinds: &[EventKind::InitializeUnit, EventKind::StartUnit], broken: stale_rate },
            On { kinds: &[EventKind::SetPreferred], broken: preferred_too_late },
        ]),
    }

    PreferredChannelsAfterActivation {
        wrong "preferred-channels-after-activation: the preferred channel count is set outside an active session in mode VoiceChat"
        first "first: mode VoiceChat and the activation, then `setPreferredInputNumberOfChannels`"
        otherwise "otherwise: the setter fails, with '!cat' in a category without input; the audio itself goes on"
        statement: "Preferred input/output channel counts are set only on an active session in VoiceChat mode.",
        before: "didActivate+VoiceChat",
        after: "preferred channels",
        effects: &[Effect::None],
        codes: &[reported(Refusal::session(b"!cat"))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "RTC RTCAudioSession+Configuration.mm",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetPreferred], broken: channels_too_early },
        ]),
    }

    OutputOverrideScope {
        wrong "output-override-scope: the output port is overridden outside PlayAndRecord"
        first "first: `session.configure(PlayAndRecord::voice_chat())?`"
        otherwise "otherwise: an error, or the override is gone: audio comes from the receiver"
        holds
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "overrideOutputAudioPort works only in PlayAndRecord and lasts only until the next route or category change or interruption.",
        before: "active PlayAndRecord",
        after: "overrideOutputAudioPort",
        effects: &[Effect::Route],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV overrideOutputAudioPort text; QA1754 (any route change or interruption ends it); flutter-webrtc AudioUtils.m (speaker ignored unless PlayAndRecord)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::OverrideOutput], broken: override_in_another_category },
        ]),
    }

    RestoreAfterDeactivation {
        wrong "restore-after-deactivation: other audio is configured or restarted while the call still has the session"
        first "first: wait for `didDeactivate`, then `setCategory` for the other audio and restart it"
        otherwise "otherwise: '!pri', and the call's volume and route change"
        statement: "Non-call audio may be reconfigured/restarted only after didDeactivate.",
        before: "didDeactivate",
        after: "restore category",
        effects: &[Effect::Volume, Effect::Route],
        codes: &[reported(Refusal::session(b"!pri"))],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "SPKBOX:203-209; EXPO AudioManager.swift:318-332; RESET of playback category by ringtone helpers breaks the call (zxcpoiu/react-native-incall-manager#20: stopRingtone deactivates → silence)",
        level: Level::Warn,
        leads_to: &[Rule::NoCategoryChangeWhileCallActive],
        check: Check::Checked(&[On {
            kinds: &[EventKind::SetCategory, EventKind::SetActive],
            broken: restored_too_early,
        }]),
    }

    NoLocalSoundsOutsideTheCallSession {
        wrong "no-local-sounds-outside-the-call-session: a tone is played before the call's session is active"
        first "first: the activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
        otherwise "otherwise: the ringback is silent, or its player takes the call's category away"
        holds
            System [Fresh Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh Active Playing Running Interrupted Resuming MediaLost]
        statement: "Ringback, dial tone and prompts play only after didActivate and through the call's session.",
        before: "didActivate",
        after: "ringback/tones",
        effects: &[Effect::Playback],
        codes: &[],
        applies: Applies::ios(10, 0).note("worse from 17: local sounds are silent during a call"),
        flows: &[Flow::Outgoing, Flow::Incoming],
        grades: &[Grade::Issues, Grade::Code],
        contradicted: false,
        evidence: "FCI#372/#406/#427; matrix-ios-kit#313; twilio/voice-quickstart-objc#6; EXPO DialtonePlayer (starts only in didActivate); SIG (0.2 s delay before dialing tone; ringing uses .playback, .ambient when answering/ended)",
        level: Level::Deny,
        leads_to: &[Rule::CategoryMustBePlayAndRecord, Rule::IoStartAfterDidActivate],
        check: Check::Checked(&[
            On { kinds: &[EventKind::PlaySound], broken: sound_without_a_session },
        ]),
    }

    SessionLockForConfiguration {
        wrong "session-lock-for-configuration: WebRTC's session is set without its lock, or the lock is taken twice"
        first "first: `lockForConfiguration` once, then the setters, then `unlockForConfiguration`"
        otherwise "otherwise: -1 or -2 from WebRTC, and the configuration is silently not applied; a lock taken twice aborts the process"
        statement: "WebRTC's proxy requires lockForConfiguration around every setter, and the lock is not re-entrant.",
        before: "lock",
        after: "setter",
        effects: &[Effect::Both, Effect::Route, Effect::Volume, Effect::Crash],
        codes: &[reported(Refusal::webrtc(-1)), reported(Refusal::webrtc(-2))],
        applies: Applies::EVERY_IOS,
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "RTC.mm:29-31, 349-353, 693; RTCAudioSession.h:208-226",
        level: Level::Deny,
        leads_to: &[
            Rule::CategoryBeforeActivation,
            Rule::CategoryMustBePlayAndRecord,
            Rule::SdkConfigurationInStep,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetCategory, EventKind::SetMode], broken: unlocked_setter },
            On { kinds: &[EventKind::LockProxy], broken: locked_twice },
        ]),
    }

    SdkConfigurationInStep {
        wrong "sdk-configuration-in-step: the media stack keeps another session configuration than the app sets"
        first "first: give the stack the same category, mode and options, e.g. by WebRTC's `setWebRTCConfiguration`, before the session is set"
        otherwise "otherwise: the stack writes its own values at the next start, route change or resume: the loudspeaker is lost, or silence"
        statement: "A media stack that keeps a session configuration of its own is given the values the app sets; the two do not differ.",
        before: "stack's stored configuration = app's",
        after: "set session, start I/O",
        effects: &[Effect::Both, Effect::Route],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Answer, Flow::Outgoing, Flow::Interruption, Flow::Route],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "RTC.mm:721-733 (applies the stored configuration and activates); RTCAudioSessionConfiguration.m:55-85 @cd6792e5 (first values are those the session has when the class is first used); webrtc-sdk/webrtc PR#8 and GetStream/stream-video-js PR#2095 (both say that the two must agree); flutter-webrtc/flutter-webrtc PR#1177 (the app's options overwritten by the library's speaker helper); the other way out: signalapp/webrtc PR#55 (the stack never sets category, mode or options)",
        level: Level::Deny,
        leads_to: &[
            Rule::NoCategoryChangeWhileCallActive,
            Rule::OptionsAreNotSticky,
            Rule::ThirdPartySessionMutation,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetCategory, EventKind::SetMode], broken: set_otherwise_by_the_stack },
            On { kinds: &[EventKind::StartUnit, EventKind::EnableAudio], broken: stored_otherwise },
        ]),
    }

    ActivationBlocksTheThread {
        wrong "activation-blocks-the-thread: the session is activated on the main thread, which waits for it"
        first "instead: `setActive` on a queue of the app's own"
        otherwise "otherwise: the screen stalls, and CallKit actions time out meanwhile"
        statement: "setActive is synchronous; on the main thread it can stall and let CallKit actions time out.",
        before: "(off main)",
        after: "setActive",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::NoCallKit],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV setActive text (“synchronous (blocking)”); MS2:998 (starts the unit on a worker thread because it is slow)",
        level: Level::Warn,
        leads_to: &[Rule::ActionInTime],
        check: Check::Checked(&[On { kinds: &[EventKind::SetActive], broken: activated_on_main }]),
    }

    SessionReadsOffTheMainThread {
        wrong "session-reads-off-the-main-thread: a route or interruption handler reads or sets the session on the main thread"
        first "instead: read it on a queue of the app's own, and hand the result to the main thread"
        otherwise "otherwise: the screen freezes for as long as another user of the session holds its lock"
        statement: "While the session is active, route and interruption handlers neither read nor reconfigure it on the main thread.",
        before: "(off main)",
        after: "read or set in route and interruption handlers",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route, Flow::Interruption],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "twilio/twilio-voice-ios#147 (stack ends in the category getter; happens without a call too); reference of TVODefaultAudioDevice, twilio-voice-ios 6.13.8 (the SDK runs its configuration block on a serial queue and advises against the main thread); superuser404notfound/AetherEngine#114 (Apple's run-time diagnostic “hang risk” for setCategory on the main thread while the session is active)",
        level: Level::Allow,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::SessionIs, EventKind::SetCategory, EventKind::SetMode],
            broken: handled_on_main,
        }]),
    }

    InputMustExist {
        wrong "input-must-exist: capture is initialised though there is no input, or its rate is 0 Hz"
        first "first: `isInputAvailable` is true and the input's `sampleRate` above 0; else leave capture out"
        otherwise "otherwise: '!res' or 0x10004003, silent capture, or AVAudioEngine crashes when the tap is installed"
        statement: "If inputAvailable is false, or the input format is 0 Hz, do not initialise for capture.",
        before: "inputAvailable && rate>0",
        after: "init capture",
        effects: &[Effect::Capture, Effect::Crash],
        codes: &[
            reported(Refusal::session(b"!res")),
            reported(Refusal::unit(0x1000_4003)),
        ],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Answer, Flow::Route],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "RTC configuration fails without input; opentok/opentok-ios-sdk-samples-swift#196",
        level: Level::Deny,
        leads_to: &[Rule::IoStartsAfterActivation],
        check: Check::Checked(&[On {
            kinds: &[EventKind::InitializeUnit, EventKind::StartUnit],
            broken: capture_without_input,
        }]),
    }
}

fn unset_at_the_report(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.policy.category_at == CategoryAt::BeforeReport
        && facts.under_system()
        // Beside a live call its session is left alone; a second report of that call itself is only refused.
        && !facts.other_is_live(None)
        && facts.session.is(State::Fresh)
}

/// A call that is being ended, and a ringing one, do without: what belongs to them is other rules' business.
fn another_category(facts: &Facts, seen: &Seen<'_>) -> bool {
    let category = match *seen.event {
        Event::SetCategory { category, .. } => Some(category),
        Event::SessionIs { category, .. } => category.filter(|_| facts.session.is_active()),
        _ => None,
    };
    category.is_some_and(|category| category != Category::PlayAndRecord) && is_running_a_call(facts)
}

/// Where the app owns the session, nobody tells of an answer: audio in both directions is the sign of a call.
fn is_running_a_call(facts: &Facts) -> bool {
    facts.goes_on() || !facts.under_system() && facts.in_call() && facts.session.is(State::Running)
}

fn activated_in_the_action(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::SetActive { active: true })
        && facts.under_system()
        && (facts.actions.is_open(ActionKind::Answer, None)
            || facts.actions.is_open(ActionKind::Start, None))
}

fn set_for_a_call_to_come(facts: &Facts, _: &Seen<'_>) -> bool {
    let to_come = |call: &Call| call.incoming && !call.is_known_to_system() && !call.connects;
    facts.under_system()
        && facts.session.is_active()
        && facts.calls.any_under_way(Call::is_live)
        && facts.calls.any_under_way(to_come)
}

/// What nobody runs yet may be set again, and what was stopped for it may be changed: the call's own reconfigure step.
fn changed_while_active(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    let now = session.set_by(seen.event).map(|now| now.category);
    facts.under_system()
        && session.is_active()
        && now == Some(Category::PlayAndRecord)
        && !session.deactivation_due
        && (facts.calls.any_under_way(Call::is_live)
            || session.is_of_a_call() && !session.set_for_earlier_call)
        && (facts.units.any(|unit| unit.runs)
            || session.changes(seen.event) && !session.has_run
            || facts.policy.is_strict(Rule::NoCategoryChangeWhileCallActive))
}

fn options_lost(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::SetCategory { category: Category::PlayAndRecord, mode, options: None, .. } =
        *seen.event
    else {
        return false;
    };
    let before =
        facts.session.configuration.filter(|before| before.category == Category::PlayAndRecord);
    let implied = implied(mode.unwrap_or(Mode::Default));
    before.is_some_and(|before| !implied.contains(before.options))
        && !facts.session.set_for_earlier_call
        && (facts.in_call() || facts.session.is_active())
}

fn mode_of_another_category(facts: &Facts, seen: &Seen<'_>) -> bool {
    let set = facts.session.set_by(seen.event);
    set.is_some_and(|set| {
        matches!(set.mode, Mode::VoiceChat | Mode::VideoChat)
            && set.category != Category::PlayAndRecord
    })
}

fn voice_chat_unprocessed(facts: &Facts, seen: &Seen<'_>) -> bool {
    let is_voice_chat = facts.session.configuration.is_some_and(|set| set.mode == Mode::VoiceChat);
    is_voice_chat
        && !matches!(seen.event, Event::StartUnit { playback_only: Some(true), .. })
        && facts.unit(seen).is_some_and(|unit| unit.voice_processing == Some(false))
        && !facts.units.any(|unit| unit.voice_processing == Some(true))
}

/// A unit may have any rate and convert it, but not one that was read before the activation and is wrong since.
fn stale_rate(facts: &Facts, seen: &Seen<'_>) -> bool {
    let rate = match *seen.event {
        Event::InitializeUnit { rate_hz, .. } => rate_hz,
        _ => facts.unit(seen).and_then(|unit| unit.rate_hz),
    };
    let stale = facts.session.rate_before.filter(|_| facts.session.is_active());
    rate.is_some()
        && rate == stale
        && facts.session.rate_read.is_some_and(|read| Some(read) != rate)
}

/// The documentation of the setter allows it (rule book §2.6).
fn preferred_too_late(facts: &Facts, seen: &Seen<'_>) -> bool {
    let sets = matches!(seen.event, Event::SetPreferred { rate_hz, buffer_ms, .. } if rate_hz.is_some() || buffer_ms.is_some());
    sets && facts.session.is_active()
        && facts.policy.is_strict(Rule::PreferredBeforeActivationActualAfter)
}

fn channels_too_early(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::SetPreferred { input_channels, output_channels, .. } = *seen.event else {
        return false;
    };
    let in_another_mode =
        facts.session.configuration.is_some_and(|set| set.mode != Mode::VoiceChat);
    (input_channels.is_some() || output_channels.is_some())
        && (facts.in_call() || facts.session.is_active())
        && (facts.session.is_inactive() || in_another_mode)
}

/// Without any category the table decides.
fn override_in_another_category(facts: &Facts, _: &Seen<'_>) -> bool {
    let set = facts.session.configuration.map(|set| set.category).or(facts.session.category_read);
    set.is_some_and(|set| set != Category::PlayAndRecord)
        && facts.calls.any_under_way(|call| !call.is_over_for_the_app())
        && !facts.session.is(State::Fresh)
}

/// Ambient and SoloAmbient claim nothing; Signal goes back to them as soon as a call is over.
fn restored_too_early(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    let (claims, restores) = match *seen.event {
        Event::SetCategory { category, .. } => (
            !matches!(category, Category::Ambient | Category::SoloAmbient),
            category != Category::PlayAndRecord,
        ),
        Event::SetActive { active } => (active, active && !facts.in_call()),
        _ => (false, false),
    };
    let ends =
        session.is_of_a_call() && facts.calls.any_under_way(Call::is_live) && !facts.goes_on();
    facts.under_system()
        && (session.deactivation_due || ends)
        && restores
        && (claims || facts.policy.is_strict(Rule::RestoreAfterDeactivation))
}

/// With a category the table decides.
fn sound_without_a_session(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.under_system() && facts.in_call() && facts.session.is(State::Fresh)
}

fn unlocked_setter(facts: &Facts, seen: &Seen<'_>) -> bool {
    let (Event::SetCategory { through_proxy, .. } | Event::SetMode { through_proxy, .. }) =
        *seen.event
    else {
        return false;
    };
    through_proxy == Some(true) && !facts.stack.locked.unwrap_or(!facts.whole)
}

/// Another thread waits for the lock; without threads, another party may be on one.
fn locked_twice(facts: &Facts, seen: &Seen<'_>) -> bool {
    let same = facts.stack.locked_by.is_some_and(|(by, thread)| match (thread, seen.thread) {
        (Some(one), Some(other)) => one == other,
        _ => by == seen.by,
    });
    facts.stack.locked == Some(true) && same
}

/// What the app set for something else than a call is no wish for one.
fn wanted_for_a_call(facts: &Facts) -> Option<Configuration> {
    facts.session.wanted.filter(|wanted| {
        wanted.category == Category::PlayAndRecord
            && matches!(wanted.mode, Mode::Default | Mode::VoiceChat | Mode::VideoChat)
    })
}

fn set_otherwise_by_the_stack(facts: &Facts, seen: &Seen<'_>) -> bool {
    let now =
        facts.session.set_by(seen.event).filter(|_| seen.by == Party::Stack && facts.in_call());
    now.is_some_and(|now| wanted_for_a_call(facts).is_some_and(|wanted| differ(now, wanted)))
}

fn stored_otherwise(facts: &Facts, seen: &Seen<'_>) -> bool {
    let set = facts
        .session
        .configuration
        .filter(|_| facts.session.set_by == Party::App && facts.in_call());
    let starts = !matches!(seen.event, Event::EnableAudio { on: false });
    starts && set.is_some_and(|set| facts.stack.stored.is_some_and(|stored| differ(set, stored)))
}

/// Under the call system it is wrong on any thread.
fn activated_on_main(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::SetActive { active: true })
        && seen.thread == Some(Thread::Main)
        && !facts.under_system()
}

fn handled_on_main(facts: &Facts, seen: &Seen<'_>) -> bool {
    seen.thread == Some(Thread::Main) && facts.session.in_handler && facts.session.is_active()
}

/// An input that is missing while the session is inactive may come with the activation. A voice-processing unit
/// always captures.
fn capture_without_input(facts: &Facts, seen: &Seen<'_>) -> bool {
    let captures = match *seen.event {
        Event::StartUnit { playback_only, .. } => playback_only != Some(true),
        _ => facts.unit(seen).is_some_and(|unit| unit.voice_processing == Some(true)),
    };
    captures && facts.session.input_available == Some(false) && facts.session.is_active()
}
