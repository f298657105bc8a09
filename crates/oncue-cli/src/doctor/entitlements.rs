//! What an app's entitlements must hold for calls, and what of them no longer does anything.

use super::property_list::{PropertyList, Value};
use super::{Finding, Level, Name, info_plist};
use crate::args::OwnerArg;

const PUSH: &str = "aps-environment";
const PUSH_ON_MAC: &str = "com.apple.developer.aps-environment";
const CAMERA: &str = "com.apple.developer.avfoundation.multitasking-camera-access";
const CALLING_APP: &str = "com.apple.developer.calling-app";
const UNRESTRICTED_VOIP: &str = "com.apple.developer.pushkit.unrestricted-voip";
const UNRESTRICTED_PTT: &str = "com.apple.developer.pushkit.unrestricted-voip.ptt";

/// Adds what is found. With the app's Info.plist it can also tell what concerns video calls.
pub(super) fn check(
    rights: &PropertyList,
    plist: Option<&PropertyList>,
    owner: OwnerArg,
    findings: &mut Vec<Finding>,
) {
    push(rights, owner, findings);
    if let Some(plist) = plist.filter(|plist| info_plist::uses_camera(plist)) {
        camera(rights, info_plist::has_voip(plist), findings);
    }
    if let Some(value) = rights.get(CALLING_APP) {
        findings.push(Finding {
            level: Level::Note,
            id: Name::CallingApp,
            message: "the user may choose the app as the default calling app".into(),
            file: rights.file.clone(),
            key: CALLING_APP.into(),
            expected: "this entitlement where the app stands in for the phone's own, from iOS 18.2",
            got: value.to_string(),
            effect: "calls begun elsewhere on the phone come to the app; before iOS 18.2 none",
            remedy: "nothing to do, if every start-call intent is handled".into(),
        });
    }
    for key in [UNRESTRICTED_VOIP, UNRESTRICTED_PTT] {
        if let Some(value) = rights.get(key) {
            findings.push(Finding {
                level: Level::Warning,
                id: Name::UnrestrictedVoip,
                message: "an entitlement for VoIP pushes without calls no longer does anything".into(),
                file: rights.file.clone(),
                key: key.into(),
                expected: "no such entitlement: the iOS 26 SDK disables the last of them",
                got: value.to_string(),
                effect: "none by the iOS 26 SDK: a push that is not reported as a call ends the process",
                remedy: "remove it and report every VoIP push as a call; for walkie-talkies there is the PushToTalk \
                         framework"
                    .into(),
            });
        }
    }
}

fn push(rights: &PropertyList, owner: OwnerArg, findings: &mut Vec<Finding>) {
    let value = rights.get(PUSH);
    let (level, message, remedy) = match value {
        Some(Value::String(text)) if matches!(text.as_str(), "development" | "production") => {
            return;
        }
        // In a project's file a build setting may stand here.
        Some(Value::String(text)) if text.starts_with("$(") => return,
        None if rights.get(PUSH_ON_MAC).is_some() => (
            missing_push(owner),
            format!("{PUSH} is missing; {PUSH_ON_MAC} is the Mac's"),
            format!("add {PUSH}, by the capability Push Notifications of the iOS target"),
        ),
        None => (
            missing_push(owner),
            format!("{PUSH} is missing"),
            format!("add {PUSH}, by the capability Push Notifications"),
        ),
        Some(_) => (
            Level::Error,
            format!("{PUSH} has a value that it cannot have"),
            "write development, or production for TestFlight and the App Store".into(),
        ),
    };
    findings.push(Finding {
        level,
        id: Name::ApsEnvironment,
        message,
        file: rights.file.clone(),
        key: PUSH.into(),
        expected: "development or production",
        got: value.map_or_else(|| "no such key".into(), Value::to_string),
        effect: "no VoIP push arrives, so no call reaches an app that does not run",
        remedy,
    });
}

/// An app without a call system may take its calls while it runs, or not at all.
const fn missing_push(owner: OwnerArg) -> Level {
    match owner {
        OwnerArg::System => Level::Error,
        OwnerArg::App => Level::Warning,
    }
}

fn camera(rights: &PropertyList, voip: bool, findings: &mut Vec<Finding>) {
    let value = rights.get(CAMERA);
    let (message, effect) = match value {
        Some(Value::Boolean(true)) if voip => (
            "the camera goes on while another app is in front, by entitlement",
            "from iOS 13.5 the camera goes on in Slide Over, Split View and picture in picture",
        ),
        Some(Value::Boolean(true)) => (
            "the entitlement for the camera while another app is in front does nothing without voip",
            "the camera stops while another app is in front",
        ),
        _ => (
            "the camera goes on while another app is in front only where the system supports it",
            "below iOS 16 the camera stops while another app is in front; from 16 on it goes on where \
             isMultitaskingCameraAccessSupported is true and isMultitaskingCameraAccessEnabled was set before the \
             capture session ran",
        ),
    };
    findings.push(Finding {
        level: Level::Note,
        id: Name::MultitaskingCameraAccess,
        message: message.into(),
        file: rights.file.clone(),
        key: CAMERA.into(),
        expected: "voip among UIBackgroundModes, and below iOS 18 this entitlement, for video calls beside other apps",
        got: value.map_or_else(|| "no such key".into(), Value::to_string),
        effect,
        remedy: "nothing to do on iOS 18 where the app is linked against it and has voip; an app whose deployment target \
                 is below 16 needs the entitlement"
            .into(),
    });
}
