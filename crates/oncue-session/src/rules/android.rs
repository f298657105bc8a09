//! Android (rule book §1.11): the counterparts of the rules there. Grade Apple stands for Google’s documentation.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On};
use crate::{Facts, Level, Seen};
use oncue_platform::{Event, EventKind};

super::rules! {
    starts at super::provider::END;

    AndActiveBeforeMedia {
        wrong "and-active-before-media: media starts before the call is active for Core-Telecom"
        first "first: await the success of `setActive()` or `answer()`, then start the media"
        otherwise "otherwise: silence in both directions; a callback that takes longer than 5000 ms fails its transaction"
        statement: "Core-Telecom: await setActive()/answer() success before starting media.",
        before: "setActive()/answer() success",
        after: "media",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::android(34),
        flows: &[Flow::Answer, Flow::Outgoing],
        grades: &[Grade::Apple, Grade::Code],
        contradicted: false,
        evidence: "platform-samples telecom TelecomCallRepository.kt; each CallControlCallback must return within 5000 ms or the transaction fails",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::StartMedia], broken: media_before_active }]),
    }

    AndVoipAudioMode {
        wrong "and-voip-audio-mode: a self-managed connection is not marked as VoIP audio"
        first "first: `Connection.setAudioModeIsVoip(true)`"
        otherwise "otherwise: silence in both directions"
        statement: "A self-managed Connection needs setAudioModeIsVoip(true); without it both ways silent.",
        before: "setAudioModeIsVoip(true)",
        after: "media",
        effects: &[Effect::Both],
        codes: &[],
        applies: Applies::android(23),
        flows: Flow::ALL,
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "linphone-sdk#83; callkeep PR#8 after setDialing",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::StartMedia], broken: media_without_voip_mode }]),
    }

    AndPhoneAccountFirst {
        wrong "and-phone-account-first: an incoming call is added before the app's phone account is registered"
        first "first: `TelecomManager.registerPhoneAccount`, also on a headless start, then `addNewIncomingCall`"
        otherwise "otherwise: the call is ignored, and nobody says so"
        statement: "Register PhoneAccount before addNewIncomingCall, else the call is ignored silently.",
        before: "registerPhoneAccount",
        after: "addNewIncomingCall",
        effects: &[Effect::Interface],
        codes: &[],
        applies: Applies::android(23),
        flows: &[Flow::Incoming],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "codenameone docs; RNCK#527: set up in index.js so that it exists on a headless start",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::AddIncomingCall], broken: no_phone_account }]),
    }

    AndNoOwnModeUnderTelecom {
        wrong "and-no-own-mode-under-telecom: the app sets the audio mode itself while Telecom runs the call"
        first "instead: leave `AudioManager.setMode` to Telecom; set MODE_IN_COMMUNICATION only without it"
        otherwise "otherwise: audio comes from, or goes to, the wrong place"
        statement: "With Telecom the app does not set MODE_IN_COMMUNICATION; without it must set it.",
        before: "Telecom",
        after: "no MODE_IN_COMMUNICATION",
        effects: &[Effect::Route],
        codes: &[],
        applies: Applies::android(26),
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "GetStream stream-video-js PR#2324",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::SetCommunicationMode], broken: own_mode_under_telecom }]),
    }

    AndCellularActive {
        wrong "and-cellular-active: a call runs beside a SIM call without Telecom knowing of it"
        first "first: register the call with Telecom, so that one of the two is held"
        otherwise "otherwise: the far end hears nothing"
        statement: "A SIM call active and no Telecom integration → uplink silent.",
        before: "Telecom",
        after: "SIM call",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::android(0).note("the report names no level"),
        flows: &[Flow::SecondCall],
        grades: &[Grade::Issues],
        contradicted: false,
        evidence: "twilio voice-quickstart-android#345",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[
            On { kinds: &[EventKind::StartMedia, EventKind::CellularCall], broken: beside_a_cellular_call },
        ]),
    }

    AndOboeDuplexOrder {
        wrong "and-oboe-duplex-order: the output stream of a full-duplex pair is started before the input"
        first "first: `requestStart()` of the input, then of the output; discard the first callbacks"
        otherwise "otherwise: gaps and glitches at the start of the audio"
        statement: "FullDuplexStream starts input first, then output, then discards the first callbacks.",
        before: "start input",
        after: "start output",
        effects: &[Effect::Garbled],
        codes: &[],
        applies: Applies::android(0),
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "include/oboe/FullDuplexStream.h:128-144, 328-329: drain 20, discard 30",
        level: Level::Warn,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::StartOutput], broken: output_before_input }]),
    }

    AndHoldCapabilitySet {
        wrong "and-hold-capability-set: an active self-managed connection does not say that it can be held now"
        first "first: `setConnectionCapabilities` with CAPABILITY_HOLD beside CAPABILITY_SUPPORT_HOLD"
        otherwise "otherwise: Telecom disconnects the call when another one is answered"
        statement: "An active self-managed connection has CAPABILITY_HOLD, not only CAPABILITY_SUPPORT_HOLD; by the Android reference of Connection the second says that hold exists, the first that it is possible now.",
        before: "CAPABILITY_HOLD",
        after: "active connection",
        effects: &[Effect::CallEnds],
        codes: &[],
        applies: Applies::android(26),
        flows: &[Flow::Hold],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "Android reference of Connection; FCI PR#852",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[
            On {
                kinds: &[
                    EventKind::StartMedia,
                    EventKind::SetCapabilities,
                ],
                broken: active_and_cannot_be_held,
            },
        ]),
    }

    AndMicrophoneForegroundService {
        wrong "and-microphone-foreground-service: the app leaves the foreground without a foreground service of type microphone"
        first "first: `startForeground` with FOREGROUND_SERVICE_TYPE_MICROPHONE, while the app is in the foreground"
        otherwise "otherwise: capture is silenced seconds after the screen locks: the far end hears nothing"
        statement: "A foreground service of type microphone is started before the app leaves the foreground; otherwise capture is silenced seconds after the screen locks.",
        before: "foreground service of type microphone",
        after: "app leaves the foreground",
        effects: &[Effect::Capture],
        codes: &[],
        applies: Applies::android(30),
        flows: &[Flow::LockScreen],
        grades: &[Grade::Apple, Grade::Issues],
        contradicted: false,
        evidence: "Android 11, “Foreground services in Android 11”: the type is required, and a service started from the background gets no microphone; flutter-webrtc/dart-sip-ua#468; wireapp/wire-android PR#2782: type phoneCall alone does not do on Android 14",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[On { kinds: &[EventKind::EnteredBackground], broken: leaves_without_the_service }]),
    }
}

fn media_before_active(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::StartMedia { call } = *seen.event else { return false };
    facts.telecom.get(call).is_some_and(|connection| connection.active == Some(false))
}

/// Core-Telecom sets the mode by itself; a connection with capabilities is a self-managed one.
fn media_without_voip_mode(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Event::StartMedia { call } = *seen.event else { return false };
    facts.telecom.get(call).is_some_and(|connection| match connection.voip_mode {
        Some(on) => !on,
        None => facts.whole && connection.can_hold.is_some(),
    })
}

fn no_phone_account(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.whole && !facts.telecom.account
}

fn own_mode_under_telecom(facts: &Facts, seen: &Seen<'_>) -> bool {
    let goes_on = |call| facts.calls.get(call).is_none_or(|call| !call.ended);
    matches!(*seen.event, Event::SetCommunicationMode { on: true })
        && facts.telecom.iter().any(|connection| goes_on(connection.call))
}

fn beside_a_cellular_call(facts: &Facts, seen: &Seen<'_>) -> bool {
    let both = match *seen.event {
        Event::CellularCall { active } => active && facts.telecom.media,
        _ => facts.telecom.cellular_call,
    };
    both && facts.whole && !facts.telecom.is_used
}

fn output_before_input(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.whole && !facts.telecom.input_runs
}

fn active_and_cannot_be_held(facts: &Facts, seen: &Seen<'_>) -> bool {
    let Some(connection) = seen.event.call().and_then(|call| facts.telecom.get(call)) else {
        return false;
    };
    let can_hold = match *seen.event {
        Event::SetCapabilities { hold, .. } => Some(hold),
        _ => connection.can_hold,
    };
    connection.active == Some(true) && can_hold == Some(false)
}

/// The service has to run before: one that starts in the background gets no microphone.
fn leaves_without_the_service(facts: &Facts, _: &Seen<'_>) -> bool {
    facts.whole && facts.telecom.media && !facts.telecom.microphone_service
}
