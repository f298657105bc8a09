//! Activation (rule book §1.2): the rules of who activates a session, who is told of it, and what starts after it.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, inferred, reported};
use crate::facts::Call;
use crate::{Facts, InitAt, Level, Rule, Seen};
use oncue_platform::{ActionKind, Category, Event, EventKind, Party, Refusal};

super::rules! {
    starts at super::category::END;

    NoAppActivationUnderCallkit {
        wrong "no-app-activation-under-callkit: the call system activates this session, the app never does"
        first "instead: `session.fulfill(action)?`, then wait for `audio.did_activate(activation)`"
        otherwise "otherwise: didActivate never comes: one-way audio or silence, '!pri' or '!int'"
        holds
            System []
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "Between report/start and didDeactivate only CallKit activates and deactivates the session.",
        before: "CallKit only",
        after: "setActive",
        effects: &[Effect::Capture, Effect::Both],
        codes: &[
            reported(Refusal::session(b"!pri")),
            reported(Refusal::session(b"!int")),
            reported(Refusal::session(b"ent?")),
        ],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::Hold, Flow::Interruption, Flow::ColdStart],
        grades: &[Grade::Apple, Grade::Engineer],
        contradicted: false,
        evidence: "W16-230 15:25-15:38; DTS-783870 (never setActive; FB19429215; session lookup failure with SessionID 0x0); H-AV setActive; twilio/video-quickstart-ios#457/#467; FCI#4; doneservices/flutter_callkeep#69; 100mslive/100ms-ios-sdk#146 (cold start and in-app answer fail with 1701737535); 100mslive/100ms-docs PR#799 (“nullified”)",
        level: Level::Deny,
        leads_to: &[
            Rule::IoStartAfterDidActivate,
            Rule::IoStartsAfterActivation,
            Rule::ActivationCountBalanced,
            Rule::ActivationWatchdog,
        ],
        check: Check::Checked(&[]),
    }

    ActivationFollowsFulfill {
        wrong "activation-follows-fulfill: the system activates only after the action is fulfilled"
        first "first: `session.fulfill(action)?`"
        otherwise "otherwise: app and system wait for each other until the action times out and the call ends"
        holds
            System [Fresh AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "The system activates only after the start/answer action has been fulfilled.",
        before: "fulfill",
        after: "didActivate",
        effects: &[Effect::Both, Effect::CallEnds],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "W16-230 34:06-34:25 (fulfil, then system starts the session, then didActivate); QQ-ZH; GS PR#1218, #1162, #1081, #1098; siprix PR#61",
        level: Level::Deny,
        leads_to: &[Rule::ActionCompletedExactlyOnce, Rule::ActionInTime],
        check: Check::Checked(&[]),
    }

    IoStartAfterDidActivate {
        wrong "io-start-after-did-activate: audio is started before the session is active"
        first "first: the activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
        otherwise "otherwise: silence in both directions, -66637, '!rec' or '!pri'"
        holds
            System [Fresh Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh Active Playing Running Interrupted Resuming MediaLost]
        statement: "Audio I/O starts in didActivate, never earlier.",
        before: "didActivate",
        after: "AudioOutputUnitStart",
        effects: &[Effect::Both],
        codes: &[
            reported(Refusal::unit(-66637)),
            reported(Refusal::session(b"!rec")),
            reported(Refusal::session(b"!pri")),
            reported(Refusal::unit(0x1000_4006)),
        ],
        applies: Applies::ios(10, 0).note("'!rec' in the background from 12.4"),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "SPKBOX:97-99, 196-201; ART-VOIP; W16-230; H-CX “didActivate”; opentok-ios-sdk-samples#209, opentok-ios-sdk-samples-swift#117; twilio-video-ios#8/#74/#116; jitsi-meet#6867; PJ:137-146 (force re-open of the sound device in didActivate because it may not work before)",
        level: Level::Deny,
        leads_to: &[Rule::IoStartsAfterActivation, Rule::StalledUnitWatchdog, Rule::ActivationWatchdog],
        check: Check::Checked(&[]),
    }

    IoStartsAfterActivation {
        wrong "io-starts-after-activation: the session is active, a call is live and wants audio, and no audio is started"
        first "instead: start or restart input/output in `didActivate`, after hold and interruption too"
        otherwise "otherwise: silence in both directions: an engine that was stopped does not start by itself"
        statement: "Within a bounded time after didActivate I/O runs for a call that is live, not held and wants audio.",
        before: "didActivate",
        after: "I/O runs ≤ bound (live, not held, audio wanted)",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Hold, Flow::Answer, Flow::Outgoing, Flow::Interruption],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "flutter-webrtc/flutter-webrtc#1996; livekit/client-sdk-swift#713; mfairley/expo-callkit-telecom#36 (in LiveKit's engine device a deactivation does not count as the begin of an interruption, so the activation does not count as its end); the same with WebRTC's older unit: RNCK#123, RNCK PR#80 (its cure is the fake notification of §2.9)",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[]),
    }

    IoInitWindow {
        wrong "io-init-window: audio units are initialised before the category is set"
        first "first: `session.configure(PlayAndRecord::voice_chat())?`"
        otherwise "otherwise: the unit fails to initialise ('ent?', -10875), silence in both directions"
        holds
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "Creating and initialising the unit is allowed before activation only with the category already set; otherwise defer to didActivate.",
        before: "category",
        after: "AudioUnitInitialize",
        effects: &[Effect::Both],
        codes: &[
            reported(Refusal::session(b"ent?")),
            inferred(Refusal::unit(-10875)),
            inferred(Refusal::unit(-10847)),
        ],
        applies: Applies::ios(10, 0).note("'ent?' on 10.0"),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "QQ-ZH; SPKBOX AudioController.mm (VPIO created and initialised in init, before activation); MS2:737 (configure only if the session is activated), :400-545; openradar-mirror#15539 (rdar 27674736)",
        level: Level::Deny,
        leads_to: &[Rule::IoStartsAfterActivation],
        check: Check::Checked(&[On {
            kinds: &[EventKind::InitializeUnit, EventKind::Fulfill],
            broken: initialized_at_the_wrong_time,
        }]),
    }

    MediaStackToldOfActivation {
        wrong "media-stack-told-of-activation: the media stack is not told that the system activated or deactivated"
        first "first: `audioSessionDidActivate` in didActivate and `audioSessionDidDeactivate` in didDeactivate, or the stack's own calls"
        otherwise "otherwise: the stack takes the session for inactive: silence in both directions, or it activates by itself"
        statement: "The media stack is told about CallKit's activation and deactivation (audioSessionDidActivate/Deactivate, activateAudioSession, audioDevice.enabled).",
        before: "didActivate",
        after: "SDK notified",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::Hold],
        grades: &[Grade::Code, Grade::Issues],
        contradicted: false,
        evidence: "RTC.mm:833-850; jitsi-meet PR#4210, PR#3889; AlexKMDev/WebRTC#10; react-native-webrtc PR#1614 (text: CallKit holds the session in a restricted state so WebRTC cannot activate it); LLP core_utils.h:144-149; FCI#111, #402; react-native-webrtc#1735; RNCK#84, #851, #399",
        level: Level::Deny,
        leads_to: &[
            Rule::NoAppActivationUnderCallkit,
            Rule::IoStartsAfterActivation,
            Rule::NotifyBeforeEnable,
            Rule::ActivationCountBalanced,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::DidActivate, EventKind::DidDeactivate], broken: stack_untold },
        ]),
    }

    ManualAudioBeforeTracks {
        wrong "manual-audio-before-tracks: an audio track is made before manual audio is switched on"
        first "first: `useManualAudio = true`, then the tracks, then `isAudioEnabled = true` after didActivate"
        otherwise "otherwise: the stack starts its unit before the activation and activates by itself: silence in both directions"
        statement: "useManualAudio (or the SDK's equivalent) is set before any audio track / ADM exists.",
        before: "useManualAudio",
        after: "tracks",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "RTCAudioSession.h:144-163; RTC.mm:674, 818-829 (canPlayOrRecord = !useManualAudio || isAudioEnabled); SIG comment; EXPO AudioManager.swift:153; LKS (setEngineAvailability(.none) and isAutomaticConfigurationEnabled=false before connect); Vonage enableCallingServicesMode “early”",
        level: Level::Deny,
        leads_to: &[Rule::NoAppActivationUnderCallkit, Rule::IoStartAfterDidActivate],
        check: Check::Checked(&[
            On { kinds: &[EventKind::UseManualAudio], broken: manual_after_the_track },
        ]),
    }

    NotifyBeforeEnable {
        wrong "notify-before-enable: audio is enabled before the media stack is told of the activation"
        first "first: `audioSessionDidActivate`, then `isAudioEnabled = true`; at the end the reverse"
        otherwise "otherwise: the stack activates by itself under CallKit: silence in both directions"
        statement: "audioSessionDidActivate precedes isAudioEnabled = true.",
        before: "audioSessionDidActivate",
        after: "isAudioEnabled=true",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Answer, Flow::Outgoing, Flow::End],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "RTC.mm:362-377, 833-850; EXPO AudioManager.swift:296-306, 318-327; FCI README shows the reverse teardown (contradiction)",
        level: Level::Deny,
        leads_to: &[
            Rule::NoAppActivationUnderCallkit,
            Rule::IoStartAfterDidActivate,
            Rule::ActivationCountBalanced,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::EnableAudio], broken: enabled_before_the_activation },
            On { kinds: &[EventKind::TellStack], broken: told_after_enabling },
        ]),
    }

    ActivationCountBalanced {
        wrong "activation-count-balanced: the media stack's activations and deactivations do not balance"
        first "instead: one `audioSessionDidDeactivate` for one `audioSessionDidActivate`, and no `setActive` of the app's own"
        otherwise "otherwise: the session is deactivated under a live call, silence in both directions, or activated again after it"
        statement: "External activation counts as one activation; exactly one external deactivation balances it, and the app adds none.",
        before: "+1 didActivate",
        after: "−1 didDeactivate",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::Hold, Flow::End],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "RTC.mm:354-407 (deactivates only when count == 1; decrements even on failure), 833-860; livekit/client-sdk-flutter PR#1127; flutter-webrtc CHANGELOG #1266",
        level: Level::Deny,
        leads_to: &[Rule::NoForeignDeactivation],
        check: Check::Checked(&[
            On { kinds: &[EventKind::TellStack], broken: told_out_of_balance },
        ]),
    }

    ActivationWatchdog {
        wrong "activation-watchdog: no activation comes after the action is fulfilled, and the app goes on waiting"
        first "instead: a few seconds after `fulfill` without didActivate, end the call by `reportCall` with the reason failed"
        otherwise "otherwise: a call that looks connected and is silent in both directions"
        statement: "A bounded time after fulfill without didActivate is a failure to report, not a state to wait in.",
        before: "fulfill",
        after: "didActivate ≤ few s",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0).note("reported on 10.0, 18.4.1 and 27"),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::ColdStart],
        grades: &[Grade::Engineer],
        contradicted: false,
        evidence: "DTS-837211 (timeout of a few seconds after fulfil then end .failed; read through a secondary source), DTS-783870 (didActivate stays away; the prevention is provider-configuration-before-each-report), DTS-64544, openradar-mirror#16116 (28774388)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[]),
    }

    NoStaleDisableAfterActivation {
        wrong "no-stale-disable-after-activation: a step older than the activation switches audio off, or releases the session"
        first "instead: drop what ringing, set-up or the previous call left behind as soon as didActivate comes"
        otherwise "otherwise: silence in both directions until something switches audio on again"
        statement: "A disable or release that belongs to an earlier step (ringing, call set-up, the previous call) is dropped once a newer activation has come.",
        before: "didActivate",
        after: "no disable or release of an older step",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Answer, Flow::Outgoing, Flow::SecondCall],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "team-telnyx/telnyx-webrtc-ios PR#403 (a delayed reset after the activation, shown on a device by an injected delay; helpers made idempotent, audio checked after the answer); team-telnyx/telnyx-webrtc-ios PR#282 (resets no longer run while a call is being set up); zxcpoiu/react-native-incall-manager#20 (the end of the ringtone releases the session of the call that has begun)",
        level: Level::Warn,
        leads_to: &[Rule::IoStartsAfterActivation, Rule::NoForeignDeactivation],
        check: Check::Checked(&[]),
    }

    DuplicateActivationMeansDeviceLoss {
        wrong "duplicate-activation-means-device-loss: a second didActivate restarts a unit that runs, or leaves one that stalled"
        first "instead: read rate and channels again; rebuild the unit if they changed or no samples come, else do nothing"
        otherwise "otherwise: a dead unit is silent until the call ends, or the streams of a running call break down"
        statement: "A second didActivate without a didDeactivate is handled idempotently: the unit is rebuilt if it is stalled or the format changed, and left alone otherwise.",
        before: "didActivate",
        after: "didActivate ⇒ idempotent; rebuild if stalled or format changed",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Route, Flow::LockScreen],
        grades: &[Grade::Code],
        contradicted: true,
        evidence: "MS2:972-975 (recreates the unit whenever one exists; log and comment: a device disconnection happened; not documented anywhere, shown by experience); RNCK#231 (didActivate fires again when the phone is unlocked during an active video call); MS2:1261-1265 (names double activations among the system's irregularities)",
        level: Level::Warn,
        leads_to: &[Rule::StalledUnitWatchdog],
        check: Check::Checked(&[
            On { kinds: &[EventKind::StartUnit], broken: restarted_by_a_repeat },
        ]),
    }

    DuplicateDeactivationIsIgnored {
        wrong "duplicate-deactivation-is-ignored: a didDeactivate that comes while inactive is counted"
        first "instead: do nothing in `didDeactivate` where the session is inactive already"
        otherwise "otherwise: the activations are counted down twice; by itself no harm to the audio"
        statement: "A didDeactivate while already inactive has no effect and must not decrement twice.",
        before: "didDeactivate",
        after: "didDeactivate ⇒ no-op",
        effects: &[Effect::None],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::Hold],
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "MS2:976-979",
        level: Level::Warn,
        leads_to: &[Rule::ActivationCountBalanced],
        check: Check::Checked(&[On { kinds: &[EventKind::TellStack], broken: repeat_counted }]),
    }

    NoForeignDeactivation {
        wrong "no-foreign-deactivation: the call system deactivates this session, the app never does"
        first "instead: `session.end_call(action)?`, then wait for `audio.did_deactivate()`"
        otherwise "otherwise: silence in both directions for every call that is live"
        holds
            System []
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
        statement: "Nobody calls setActive(false) while any call of the app (or a held one) is still alive.",
        before: "last call gone",
        after: "setActive(false)",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: &[Flow::End, Flow::SecondCall],
        grades: &[Grade::Issues, Grade::Code],
        contradicted: false,
        evidence: "zxcpoiu/react-native-incall-manager#20 (stopRingtone deactivates); livekit/client-sdk-flutter PR#1127 (configure with active:NO really deactivates); RTC.mm:362-377; PJ:164-173 (deactivates only if no sound is active)",
        level: Level::Deny,
        leads_to: &[
            Rule::IoStartAfterDidActivate,
            Rule::StopIoWhenEnding,
            Rule::StalledUnitWatchdog,
        ],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetActive], broken: deactivated_in_a_call },
        ]),
    }

    ThirdPartySessionMutation {
        wrong "third-party-session-mutation: a library changes the session during the call, or makes up an interruption"
        first "instead: switch the library's own session handling off, e.g. `configureAudioSession = false`, `audioSessionActive = false`"
        otherwise "otherwise: the order is broken behind the app's back: silence, the wrong route or the wrong volume"
        statement: "Any library that calls setCategory/setActive or posts interruption notifications during a call is a violation source to detect.",
        before: "(none allowed)",
        after: "setCategory/setActive/fake notif",
        effects: &[Effect::Both, Effect::Route, Effect::Volume],
        codes: &[],
        applies: Applies::ios(10, 0),
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "known mutators: RNCK configureAudioSession in start, answer and didActivate (RNCallKeep.m:1057, 1083, 1145), getAudioInputs calls setActive (:613); FCI answer re-configures after 1.2 s (:661-663); MS2:674/:698; CPAL interruption end → setActive(true); flutter-webrtc setSpeakerphoneOnButPreferBluetooth setActive:YES; GS (deactivate/reconfigure/activate on option change); FCI#402 (fix: audioSessionActive=false / configureAudioSession=false)",
        level: Level::Deny,
        leads_to: &[
            Rule::CategoryMustBePlayAndRecord,
            Rule::NoCategoryChangeWhileCallActive,
            Rule::OptionsAreNotSticky,
            Rule::NoAppActivationUnderCallkit,
            Rule::NoForeignDeactivation,
            Rule::NoReconfigureBeforeReportWhileActive,
            Rule::ConfigureWithoutActivating,
            Rule::NoAppReactivationAfterInterruptionUnderCallkit,
        ],
        check: Check::Checked(&[On {
            kinds: &[
                EventKind::SetCategory,
                EventKind::SetMode,
                EventKind::SetActive,
                EventKind::PostInterruption,
            ],
            broken: mutated_in_a_call,
        }]),
    }

    CameraCaptureLeavesTheSessionAlone {
        wrong "camera-capture-leaves-the-session-alone: the camera's capture session configures the audio session of the call"
        first "first: `automaticallyConfiguresApplicationAudioSession = false`, then `startRunning`"
        otherwise "otherwise: the call's mode and options are gone: silence in both directions, or another microphone"
        statement: "A camera capture session that runs during a call does not configure the app's audio session.",
        before: "automaticallyConfigures…AudioSession = false",
        after: "capture session runs during a call",
        effects: &[Effect::Both, Effect::Route],
        codes: &[],
        applies: Applies::ios(7, 0),
        flows: Flow::ALL,
        grades: &[Grade::Apple],
        contradicted: false,
        evidence: "H-AVF and DOC of both properties; justinmoon/pika PR#249; piemonte/PBJVision PR#312 and margelo/react-native-vision-camera PR#3804 (camera libraries that had to hand the switch to apps)",
        level: Level::Deny,
        leads_to: &[Rule::ThirdPartySessionMutation],
        check: Check::Checked(&[
            On { kinds: &[EventKind::StartCamera], broken: configured_by_the_camera },
        ]),
    }

    AppActivatesOnlyWithoutCallkit {
        wrong "app-activates-only-without-callkit: no call system takes part here, nobody but the app activates"
        first "instead: `session.activate()?`, in the foreground, before input/output starts"
        otherwise "otherwise: the activation never comes, silence in both directions"
        holds
            System [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App []
        statement: "Without CallKit/LCK (China, iOS < 10, user opted out) the app itself activates, in the foreground, before I/O.",
        before: "setCategory",
        after: "setActive → I/O",
        effects: &[Effect::Both],
        codes: &[
            reported(Refusal::session(b"!int")),
            reported(Refusal::session(b"!rec")),
            reported(Refusal::session(b"!pla")),
        ],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::NoCallKit],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "H-CAT error texts; MS2:696-709, 1015-1025 (activates itself only when CallKit is off; treats the session as always activated then, and on the simulator)",
        level: Level::Deny,
        leads_to: &[Rule::IoStartAfterDidActivate, Rule::ActivationWatchdog],
        check: Check::Checked(&[
            On { kinds: &[EventKind::SetActive], broken: activated_in_the_background },
        ]),
    }

    SingleVoiceProcessor {
        wrong "single-voice-processor: a voice-processing unit is initialised while another one is"
        first "first: `AudioUnitUninitialize` of the other; where it is on its way out, retry briefly (5 times, 0.1 s apart)"
        otherwise "otherwise: -66635 from AudioUnitInitialize, silence in both directions"
        statement: "Only one VPIO unit may be initialised at a time; retry briefly.",
        before: "one VPIO",
        after: "AudioUnitInitialize",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::unit(-66635))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::SecondCall],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "RTC native/src/audio/voice_processing_audio_unit.mm:53, 229-250 (5 attempts, 0.1 s); H-AT AUComponent.rs:315",
        level: Level::Deny,
        leads_to: &[Rule::IoStartsAfterActivation],
        check: Check::Checked(&[
            On { kinds: &[EventKind::InitializeUnit], broken: second_voice_processor },
        ]),
    }
}

/// Either side of the contradiction of rule book §2.4, where a policy takes one.
fn initialized_at_the_wrong_time(facts: &Facts, seen: &Seen<'_>) -> bool {
    let connects =
        matches!(facts.fulfilled_kind(seen), Some(ActionKind::Answer | ActionKind::Start));
    facts.under_system()
        && facts.in_call()
        && match facts.policy.init_at {
            InitAt::Either => false,
            InitAt::AfterActivation => {
                !connects && facts.session.awaits_activation() && seen.event.unit().is_some()
            }
            InitAt::BeforeFulfil => {
                connects
                    && facts.units.any(|unit| !unit.initialized)
                    && !facts.units.any(|unit| unit.initialized)
            }
        }
}

/// What was not told while the audio should start is a deadline. A stack that was never told of anything has one gate
/// only.
fn stack_untold(facts: &Facts, seen: &Seen<'_>) -> bool {
    let stack = &facts.stack;
    facts.under_system()
        && stack.is_told
        && match seen.event {
            Event::DidDeactivate {} => facts.session.is_of_a_call() && !stack.told_of_activation,
            _ => {
                facts.session.was_deactivated && stack.told_active == Some(true) && stack.told == 0
            }
        }
}

/// Setting it once more does no harm.
fn manual_after_the_track(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.under_system() && facts.whole && facts.stack.has_track && !facts.stack.manual
}

fn enabled_before_the_activation(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::EnableAudio { on: true })
        && facts.under_system()
        && facts.in_call()
        && facts.session.awaits_activation()
}

fn told_after_enabling(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::TellStack { active: true })
        && facts.under_system()
        && facts.stack.enabled_untold
}

/// A call that is taken back without an activation may be told of all the same, as Linphone does.
fn told_out_of_balance(facts: &Facts, seen: &Seen<'_>) -> bool {
    let (session, stack) = (&facts.session, &facts.stack);
    facts.under_system()
        && match *seen.event {
            Event::TellStack { active: true } => {
                stack.told_active == Some(true) && stack.told > 0
                    || facts.in_call()
                        && session.awaits_activation()
                        && session.activated_at.is_none()
            }
            _ => {
                stack.told_active == Some(false)
                    || stack.told_active.is_none() && facts.whole
                    || session.is_of_a_call()
                        && session.is_active()
                        && facts.wants_io()
                        && facts.goes_on()
                        && !facts.actions.is_open(ActionKind::Hold, None)
            }
        }
}

/// Only what follows the repeat at once is its handler, and only a format that was read anew is a reason.
fn restarted_by_a_repeat(facts: &Facts, seen: &Seen<'_>) -> bool {
    let session = &facts.session;
    let is_fresh = session
        .activated_at
        .is_some_and(|at| seen.at <= at.saturating_add(facts.policy.waits.activation));
    // Speakerbox starts its unit in every didActivate, which does no harm to one that runs.
    facts.policy.is_strict(Rule::DuplicateActivationMeansDeviceLoss)
        && session.activated_twice
        && is_fresh
        && facts.unit(seen).is_some_and(|unit| {
            unit.runs
                && unit.stalled_since.is_none()
                && session.rate_read.is_none_or(|rate| unit.rate_hz.is_none_or(|of| of == rate))
        })
}

fn repeat_counted(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::TellStack { active: false })
        && facts.session.deactivated_twice
        && facts.stack.told_active == Some(false)
}

/// Where the app owns the session; under the call system the table decides. An interrupted one is inactive already.
fn deactivated_in_a_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let connected =
        |call: &Call| (call.peer_answered || call.accept_sent) && !call.is_over_for_the_app();
    matches!(seen.event, Event::SetActive { active: false })
        && !facts.under_system()
        && facts.session.is_active()
        && facts.calls.any(connected)
}

/// The same values once more before anything runs are no mutation (rule book §2.12).
fn mutated_in_a_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let mutates = match *seen.event {
        Event::PostInterruption {} => seen.by != Party::App,
        Event::SetActive { .. } => seen.by == Party::Library,
        _ => {
            seen.by == Party::Library
                && (facts.units.any(|unit| unit.runs) || facts.session.changes(seen.event))
        }
    };
    mutates && facts.calls.any_under_way(Call::is_live)
}

fn configured_by_the_camera(facts: &Facts, seen: &Seen<'_>) -> bool {
    let set =
        facts.session.configuration.is_some_and(|set| set.category == Category::PlayAndRecord);
    matches!(seen.event, Event::StartCamera { configures_session: true })
        && (facts.calls.any_under_way(Call::is_live) || facts.in_call() && set)
}

/// What was interrupted, or lost its media services, may be activated again in the background, and so may a conversation,
/// which the user joins on the lock screen: a call system takes part in it.
fn activated_in_the_background(facts: &Facts, seen: &Seen<'_>) -> bool {
    matches!(seen.event, Event::SetActive { active: true })
        && !facts.under_system()
        && !facts.providers.is_lck()
        && !facts.calls.any_under_way(|call| call.answer_performed || call.start_performed)
        && facts.surroundings.in_background()
        && facts.session.awaits_activation()
        && !facts.session.lost_by_reset
}

fn second_voice_processor(facts: &Facts, seen: &Seen<'_>) -> bool {
    facts.unit(seen).is_some_and(|this| {
        this.voice_processing == Some(true)
            && facts.units.any(|unit| {
                unit.id != this.id
                    && unit.voice_processing == Some(true)
                    && unit.initialized
                    && !unit.dead
            })
    })
}
