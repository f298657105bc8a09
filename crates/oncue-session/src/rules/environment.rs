//! Route, permission, environment (rule book §1.8): the rules of where the audio goes and where the app runs.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, inferred, reported};
use crate::facts::{Facts, Seen};
use crate::{Level, Rule};
use oncue_platform::{
    ActionKind, Category, Event, EventKind, Framework, Mode, Options, OutputPort, Permission,
    Refusal,
};

super::rules! {
    starts at super::media_services::END;

    RouteChangeReconfiguresFormat {
        wrong "route-change-reconfigures-format: the unit goes on after a route change with the format of the old route"
        first "first: read `sampleRate` and the channels again, then rebuild the unit's format"
        otherwise "otherwise: distorted audio at the wrong speed, or -10868 and silence"
        statement: "After a route change re-read the sample rate and rebuild the unit's format before continuing.",
        before: "route change",
        after: "re-read rate → rebuild",
        effects: &[Effect::Both, Effect::Garbled],
        codes: &[inferred(Refusal::unit(-10868))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "MS2:931-959; CPAL route_change_error; W26-226 04:41-04:50",
        level: Level::Deny,
        leads_to: &[Rule::PreferredBeforeActivationActualAfter, Rule::StalledUnitWatchdog],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit, EventKind::Samples],
            broken: goes_on_with_the_old_format,
        }]),
    }

    MaxFramesPerSlice {
        wrong "max-frames-per-slice: render resources are allocated before the largest slice is set"
        first "first: `maximumFramesToRender` (kAudioUnitProperty_MaximumFramesPerSlice), then allocate or initialise, then start"
        otherwise "otherwise: rendering fails with -10874 on some devices: silence in both directions"
        statement: "The preferred IO buffer is only a hint: nodes must accept larger slices, fixed before render resources are allocated.",
        before: "set max frames",
        after: "init/start",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::unit(-10874))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "LKS AudioSessionEngineObserver.swift:208-216, MixerEngineObserver.swift:107-116",
        level: Level::Deny,
        leads_to: &[Rule::StalledUnitWatchdog],
        check: Check::Checked(&[On {
            kinds: &[EventKind::SetMaxFrames],
            broken: sets_frames_too_late,
        }]),
    }

    NoSuitableRouteMeansNoAudio {
        wrong "no-suitable-route-means-no-audio: audio goes on though the route is gone or none suits the category"
        first "first: stop at route-change reason 7 (noSuitableRouteForCategory) or 2 (oldDeviceUnavailable); configure again, then start"
        otherwise "otherwise: capture and playback stop until the session is configured again"
        statement: "RouteChangeReason NoSuitableRouteForCategory (7) and OldDeviceUnavailable (2) stop capture/playback until reconfigured.",
        before: "reason 7/2",
        after: "stop",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "H-AV; CPAL",
        level: Level::Deny,
        leads_to: &[Rule::InputMustExist, Rule::StalledUnitWatchdog],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit],
            broken: starts_without_a_route,
        }]),
    }

    BluetoothDirection {
        wrong "bluetooth-direction: the session allows A2DP alone, and the app takes the headset for its microphone"
        first "first: `setCategory(.playAndRecord, options: .allowBluetooth)` (HFP), which carries both directions"
        otherwise "otherwise: the headset is output only: the built-in microphone is used, and the far end hears little or nothing"
        statement: "With PlayAndRecord, HFP wins over A2DP on the same device; A2DP alone is output only, so the built-in mic is used.",
        before: "HFP option",
        after: "route",
        effects: &[Effect::Capture, Effect::Route],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Route],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AV option texts",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::DidActivate, EventKind::StartUnit],
            broken: headset_is_output_only,
        }]),
    }

    CallkitOwnsTheRouteFirst {
        wrong "callkit-owns-the-route-first: the call system has not chosen the route yet"
        first "first: `audio.did_activate(activation)?`, then the override"
        otherwise "otherwise: the activation undoes the override: audio comes from the receiver"
        holds
            System [Fresh Active Playing Running MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "The first route is chosen by CallKit (accessibility, headset); overriding it before didActivate is lost.",
        before: "didActivate",
        after: "override route",
        effects: &[Effect::Route],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Route],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "W16-230 33:44; one measured device run (CallKit left it on speaker); jitsi-meet#8599 (speaker button stuck: configured before accept); element-x-ios PR#3351 (output override only sticks after CallKit has started the call)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[]),
    }

    NoDefaultToSpeakerUnderCallkit {
        wrong "no-default-to-speaker-under-callkit: an audio call reaches the speaker by option, or against the system's button"
        first "instead: `overrideOutputAudioPort(.speaker)` after `didActivate`, once per wish; follow the system's button"
        otherwise "otherwise: the system's speaker button cannot leave the speaker, jumps back, or shows the opposite of the route"
        statement: "In an audio call under CallKit the speaker is reached by overrideOutputAudioPort, once per wish: not by the option DefaultToSpeaker, and not by an override renewed against the system's button.",
        before: "no DefaultToSpeaker (audio call)",
        after: "didActivate → override, not renewed",
        effects: &[Effect::Route, Effect::Interface],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Route, Flow::LockScreen],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "QA1754 (the override is the speakerphone button, the option changes the default); DOC defaultToSpeaker; livekit/client-sdk-flutter#725; GetStream/stream-video-js PR#2251 and GetStream/stream-video-js#2219 (option hard-coded; by the reporter's tracing CallKit's button follows the override flag); GetStream/stream-video-swift PR#771 (override held while in the background; GS OwnCapabilitiesAudioSessionPolicy.swift:70-73 now sets none there); VoIPGRID/VialerSIPLib#150, QuickBlox/quickblox-ios-sdk#1195",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetCategory], broken: reaches_the_speaker_by_option },
            On { kinds: &[EventKind::OverrideOutput], broken: fights_the_button },
        ]),
    }

    MicrophonePermissionInForegroundFirst {
        wrong "microphone-permission-in-foreground-first: a call starts with the microphone's permission never asked for in the foreground"
        first "first: `AVAudioApplication.requestRecordPermission()` in the foreground, before the first call"
        otherwise "otherwise: the prompt never appears: the far end hears nothing, or the request hangs"
        statement: "Record permission is obtained in the foreground before the first call; in background the prompt never appears.",
        before: "permission",
        after: "first call",
        effects: &[Effect::Capture, Effect::Interface],
        codes: &[],
        applies: Applies::ios(7, 0),
        flows: &[Flow::Permission, Flow::ColdStart],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "PJ:576-583; LKS; GS MissingPermissionPolicy",
        level: Level::Deny,
        leads_to: &[Rule::PermissionDeniedIsDetectable],
        check: Check::Checked(&[
            On { kinds: &[EventKind::AskPermission], broken: asks_in_the_background },
            On { kinds: &[EventKind::Fulfill], broken: connects_unasked },
        ]),
    }

    PermissionDeniedIsDetectable {
        wrong "permission-denied-is-detectable: capture is started without a look at the microphone's permission"
        first "first: `AVAudioApplication.shared.recordPermission` is granted; else tell the user"
        otherwise "otherwise: the far end hears nothing, and the system reports no error"
        statement: "recordPermission / AVAudioApplication.recordPermission is checked before starting capture.",
        before: "check",
        after: "capture",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::ios(7, 0).note("AVAudioApplication from 17, AVAudioSession before"),
        flows: &[Flow::Permission],
        grades: &[Grade::Apple, Grade::Folklore],
        contradicted: false,
        evidence: "H-AV recordPermission ('undt' 1970168948, 'deny' 1684369017, 'grnt' 1735552628); GS (unmute refused without permission); that a denied app records silence rather than an error is general knowledge, NOT VERIFIED",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::StartUnit],
            broken: captures_without_permission,
        }]),
    }

    ChinaNoCallkit {
        wrong "china-no-callkit: the call system is active in an app that is distributed in mainland China"
        first "instead: no `CXProvider`, no `CXCallObserver` there; LiveCommunicationKit from iOS 17.4, else an app-owned session"
        otherwise "otherwise: App Review refuses the build (guideline 5.0, legal)"
        statement: "When distributed in mainland China, CallKit must not be active; otherwise App Review refuses the build.",
        before: "region check",
        after: "CallKit",
        effects: &[Effect::Rejection],
        codes: &[],
        applies: Applies::ios(10, 0).note("mainland China, since May 2018"),
        flows: &[Flow::NoCallKit],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "Azure/azure-sdk-for-ios#1537, jitsi-meet#3152, linphone-iphone#423, FCI#359 (review text quoted in issues); even referencing CXCallObserver triggers rejection (kindyourself.github.io 2025-07; phone_state#46 says still enforced Nov 2025)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On {
            kinds: &[EventKind::CreateProvider, EventKind::Request],
            broken: uses_callkit_in_china,
        }]),
    }

    NoPushkitWithoutCallkit {
        wrong "no-pushkit-without-callkit: an app that may not use the call system asks for VoIP pushes"
        first "instead: UserNotifications with a service extension, or from iOS 17.4 LiveCommunicationKit"
        otherwise "otherwise: the system kills the app after its first VoIP push"
        statement: "Apps that cannot use CallKit must not use VoIP PushKit; use UserNotifications (+ NSE, reportNewIncomingVoIPPushPayload not available without PushKit) or, from iOS 17.4, LiveCommunicationKit.",
        before: "CallKit/LCK",
        after: "VoIP push",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(13, 0),
        flows: &[Flow::NoCallKit, Flow::Push],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "PushKit docs; twilio voice-quickstart-ios#334; rongcloud.cn/blog?p=6531 (Chinese VoIP vendors)",
        level: Level::Deny,
        leads_to: &[Rule::PushReportsACall, Rule::PushCompletionAfterReport],
        check: Check::Checked(&[
            On { kinds: &[EventKind::RequestVoipPushes], broken: asks_for_pushes_it_cannot_report },
            On { kinds: &[EventKind::PushReturned], broken: has_nothing_to_report_to },
        ]),
    }

    LckInChina {
        wrong "lck-in-china: a VoIP push is received under LiveCommunicationKit and its method returns without a report"
        first "first: `reportNewIncomingConversation(uuid:update:)`, and wait for it before the push's method returns"
        otherwise "otherwise: the system kills the app, as it does under CallKit"
        statement: "LiveCommunicationKit (iOS 17.4) is used as the CallKit substitute in China.",
        before: "LCK report",
        after: "push return",
        effects: &[Effect::Kill],
        codes: &[],
        applies: Applies::ios(17, 4),
        flows: &[Flow::NoCallKit, Flow::Push],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "Sinch LCK guide; doc.easemob.com/callkit/ios/livecommunicationkit; Shengwang (Agora China) support answer 38344 (LCK is like CallKit, integrate it yourself beside the RTC SDK); NetEase lckConfig (a public copy); ByteDance RTVLiveCommunicationKitService (a public copy); juejin.cn/post/7468247723190353956 (WeChat 8.0.55/8.0.56 adopts LCK; settings “语音和视频通话用系统电话接听”/“语音通话用弹窗快捷接听”)",
        level: Level::Deny,
        leads_to: &[Rule::PushReportsACall, Rule::PushCompletionAfterReport],
        check: Check::Checked(&[On {
            kinds: &[EventKind::PushReturned],
            broken: returns_without_a_conversation,
        }]),
    }

    SimulatorHasNoCallkitActivation {
        wrong "simulator-has-no-callkit-activation: a simulator is asked for what only the call system of a phone does"
        first "instead: run the call on a phone, or take the path without CallKit on the simulator"
        otherwise "otherwise: transactions fail with 1 (unentitled), and didActivate never comes: silence in both directions"
        statement: "On the simulator transactions fail (Unentitled 1) and didActivate does not come.",
        before: "device",
        after: "CallKit",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::transaction(1))],
        applies: Applies::EVERY_IOS,
        flows: Flow::ALL,
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "one measured simulator run, MS2:1015-1025 (assumes active on simulator)",
        level: Level::Warn,
        leads_to: &[Rule::ActivationWatchdog],
        check: Check::Static(
            "in the build: its target is a simulator (targetEnvironment(simulator)), and it takes the path with CallKit",
        ),
    }

    IosAppOnMacHasNoCallkit {
        wrong "ios-app-on-mac-has-no-callkit: an iPhone or iPad app that runs on a Mac takes the path with CallKit"
        first "instead: where `ProcessInfo.isiOSAppOnMac`: no provider, no VoIP token, `setCategory` and `setActive(true)` by the app"
        otherwise "otherwise: the classes exist and do nothing: no activation comes, silence in both directions"
        statement: "An iPhone or iPad app that runs on a Mac takes the path without CallKit.",
        before: "isiOSAppOnMac",
        after: "no CallKit path",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(14, 0).note("macOS 11 and later"),
        flows: Flow::ALL,
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "nextcloud/talk-ios#729/PR#939; twilio/twilio-voice-ios#111 (no incoming call on a Mac); 64characters/Telephone#596 (for macOS itself: framework marked as available from 13, CXProvider is not)",
        level: Level::Warn,
        leads_to: &[Rule::ActivationWatchdog],
        check: Check::Checked(&[On {
            kinds: &[EventKind::CreateProvider, EventKind::RequestVoipPushes, EventKind::Request],
            broken: uses_callkit_on_a_mac,
        }]),
    }
}

/// A unit that never had the route's rate converts it, and goes on doing so.
fn goes_on_with_the_old_format(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(unit) = facts.unit(seen).filter(|unit| unit.old_route) else { return false };
    let differs =
        unit.rate_hz.zip(facts.session.rate_read).is_some_and(|(unit, session)| unit != session);
    let goes_on = match *seen.event {
        Event::Samples { captured, played, .. } => {
            unit.runs && unit.frames.is_some_and(|before| before != (captured, played))
        }
        _ => true,
    };
    differs && goes_on
}

fn sets_frames_too_late(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.unit(seen).is_some_and(|unit| unit.initialized)
}

fn starts_without_a_route(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.units.no_route
}

/// The modes for calls bring HFP along.
fn headset_is_output_only(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(set) = facts.session.configuration else { return false };
    facts.in_call()
        && set.category == Category::PlayAndRecord
        && !matches!(set.mode, Mode::VoiceChat | Mode::VideoChat | Mode::GameChat)
        && set.options.contains(Options::ALLOW_BLUETOOTH_A2DP)
        && !set.options.contains(Options::ALLOW_BLUETOOTH_HFP)
        && !set.options.contains(Options::BLUETOOTH_HIGH_QUALITY)
        && !matches!(seen.event, Event::StartUnit { playback_only: Some(true), .. })
}

/// Whether there are calls, and all of them are known to be without video.
fn in_audio_calls(facts: &Facts) -> bool {
    facts.in_call() && !facts.calls.any_under_way(|call| call.video != Some(false))
}

/// Mode VideoChat, which implies the option, is the choice of a video call (rule book §2.12).
fn reaches_the_speaker_by_option(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::SetCategory { mode, options: Some(options), .. } = *seen.event else { return false };
    facts.under_system()
        && in_audio_calls(facts)
        && mode != Some(Mode::VideoChat)
        && options.contains(Options::DEFAULT_TO_SPEAKER)
}

/// The button took the speaker away that the app had chosen, and nobody has wished for it since.
fn fights_the_button(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(pressed) = facts.session.port_changed_by_system else { return false };
    let wished = facts.surroundings.speaker_wish.is_some_and(|(on, at)| on && at >= pressed);
    facts.under_system()
        && in_audio_calls(facts)
        && !wished
        && facts.session.port == OutputPort::Speaker
        && matches!(seen.event, Event::OverrideOutput { port: OutputPort::Speaker })
}

fn asks_in_the_background(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.surroundings.in_background()
}

fn connects_unasked(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(facts.fulfilled_kind(seen), Some(ActionKind::Answer | ActionKind::Start))
        && facts.surroundings.in_background()
        && facts.surroundings.permission == Some(Permission::Undetermined)
}

/// Whether anybody looked is not to be seen; that the look was in vain is.
fn captures_without_permission(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.surroundings.permission.is_some_and(|permission| permission != Permission::Granted)
        && !matches!(seen.event, Event::StartUnit { playback_only: Some(true), .. })
}

/// A call that is live ends under the system it began with, and a push that still comes is reported (§3.14).
fn uses_callkit_in_china(facts: &Facts, seen: &Seen<'_>) -> bool {
    let callkit = match *seen.event {
        Event::CreateProvider { framework, .. } => {
            framework != Some(Framework::LiveCommunicationKit)
        }
        Event::Request { kind: ActionKind::Start, .. } => facts
            .providers
            .current()
            .is_some_and(|provider| provider.framework == Framework::CallKit),
        _ => false,
    };
    callkit && facts.surroundings.mainland_china == Some(true)
}

/// Before iOS 17.4 there is nothing in CallKit's place.
fn asks_for_pushes_it_cannot_report(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.surroundings.mainland_china == Some(true)
        && facts
            .policy
            .version
            .is_some_and(|version| version < Rule::LckInChina.declaration().applies.from)
}

/// A provider of LiveCommunicationKit may be made as late as for the first push.
fn has_nothing_to_report_to(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.whole
        && facts.surroundings.mainland_china == Some(true)
        && facts.providers.current().is_none()
}

fn returns_without_a_conversation(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::PushReturned { push } = *seen.event else { return false };
    facts.providers.is_lck()
        && facts.pushes.get(push).is_some_and(|push| push.must_report && !push.reported)
}

fn uses_callkit_on_a_mac(facts: &Facts, seen: &Seen<'_>) -> bool {
    let asks = !matches!(seen.event, Event::Request { kind, .. } if *kind != ActionKind::Start);
    facts.surroundings.on_mac && asks
}
