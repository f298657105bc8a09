//! What an Info.plist must say for calls: background modes and the reasons for using microphone and camera. What
//! neither file can show (a web view's own process, a simulator) is not spoken of.

use super::property_list::{PropertyList, Value};
use super::{Finding, Level, Name};
use crate::args::OwnerArg;

const BACKGROUND_MODES: &str = "UIBackgroundModes";
const MICROPHONE: &str = "NSMicrophoneUsageDescription";
const CAMERA: &str = "NSCameraUsageDescription";

/// Every background mode of iOS and watchOS.
const MODES: [&str; 15] = [
    "audio",
    "bluetooth-central",
    "bluetooth-peripheral",
    "external-accessory",
    "fetch",
    "location",
    "nearby-interaction",
    "network-authentication",
    "newsstand-content",
    "processing",
    "push-to-talk",
    "remote-notification",
    "screen-capture",
    "voip",
    "workout-processing",
];

/// Adds what is found.
pub(super) fn check(plist: &PropertyList, owner: OwnerArg, findings: &mut Vec<Finding>) {
    background_modes(plist, owner, findings);
    reason_for_use(
        plist,
        MICROPHONE,
        "iOS ends the process when it first wants to capture",
        "add the key with a sentence that tells the user what the microphone is for",
        findings,
    );
    // An app without video calls needs no camera, so only a key that is there can be wrong.
    if uses_camera(plist) {
        reason_for_use(
            plist,
            CAMERA,
            "iOS ends the process when it first wants to use the camera",
            "give the key a sentence that tells the user what the camera is for",
            findings,
        );
    }
    let is_entitlement =
        |key: &&str| *key == "aps-environment" || key.starts_with("com.apple.developer.");
    findings.extend(plist.keys().filter(is_entitlement).map(|key| Finding {
        level: Level::Warning,
        id: Name::EntitlementInInfoPlist,
        message: format!("{key} is an entitlement, not a key of Info.plist"),
        file: plist.file.clone(),
        key: key.into(),
        expected: "entitlements in the entitlements file alone",
        got: plist.get(key).map_or_else(String::new, Value::to_string),
        effect: "none: the system reads entitlements from the app's signature",
        remedy: "move it to the entitlements file, where it is still of use".into(),
    }));
}

/// Whether the app may have video calls.
pub(super) fn uses_camera(plist: &PropertyList) -> bool {
    plist.get(CAMERA).is_some()
}

/// Whether `voip` is among the background modes, spelt right.
pub(super) fn has_voip(plist: &PropertyList) -> bool {
    matches!(plist.get(BACKGROUND_MODES), Some(Value::Array(modes)) if contains(modes, "voip"))
}

fn background_modes(plist: &PropertyList, owner: OwnerArg, findings: &mut Vec<Finding>) {
    let value = plist.get(BACKGROUND_MODES);
    let found = |level, message: String, expected, effect, remedy: String| Finding {
        level,
        id: Name::VoipBackgroundMode,
        message,
        file: plist.file.clone(),
        key: BACKGROUND_MODES.into(),
        expected,
        got: value.map_or_else(|| "no such key".into(), Value::to_string),
        effect,
        remedy,
    };
    let modes = match value {
        None => &[],
        Some(Value::Array(modes)) => modes.as_slice(),
        Some(other) => {
            // No mode of it counts; what it lacks besides is seen once it is an array.
            findings.push(found(
                Level::Error,
                format!("UIBackgroundModes is {}", other.kind()),
                "an array of strings, with voip among them",
                NO_CALL_SYSTEM,
                "make it an array with one string for each mode".into(),
            ));
            return;
        }
    };
    if !contains(modes, "voip") {
        findings.push(found(
            Level::Error,
            "UIBackgroundModes lacks voip".into(),
            "voip among the background modes",
            NO_CALL_SYSTEM,
            add_or_respell(modes, "voip"),
        ));
    }
    if !contains(modes, "audio") {
        let (level, effect) = match owner {
            OwnerArg::App => (
                Level::Error,
                "in the background input/output does not start: 561015905 ('!pla', CannotStartPlaying)",
            ),
            OwnerArg::System => (
                Level::Warning,
                "none for calls whose session the call system activates, as Apple's own sample shows; elsewhere \
                 input/output does not start in the background: 561015905 ('!pla', CannotStartPlaying)",
            ),
        };
        findings.push(found(
            level,
            "UIBackgroundModes lacks audio".into(),
            "audio among the background modes, where the app ever activates the session itself",
            effect,
            add_or_respell(modes, "audio"),
        ));
    }
    for mode in modes {
        let (message, remedy) = match mode {
            Value::String(text) if MODES.contains(&text.as_str()) => continue,
            Value::String(text) => match meant(text) {
                // Said with the mode that is lacking.
                Some(mode @ ("voip" | "audio")) if !contains(modes, mode) => continue,
                Some(mode) => (
                    format!("UIBackgroundModes has {text:?}, which is no background mode"),
                    format!("write {mode} if that is meant"),
                ),
                None => (
                    format!("UIBackgroundModes has {text:?}, which is no background mode"),
                    format!("remove it, or write one of: {}", MODES.join(", ")),
                ),
            },
            other => (
                format!("UIBackgroundModes holds {}", other.kind()),
                "write each mode as a string".into(),
            ),
        };
        findings.push(Finding {
            id: Name::UnknownBackgroundMode,
            got: mode.to_string(),
            ..found(
                Level::Warning,
                message,
                "strings that iOS knows, in small letters",
                "none: iOS passes over it, and the App Store may refuse the app",
                remedy,
            )
        });
    }
}

const NO_CALL_SYSTEM: &str = "no calls by the call system: it refuses with 3 (CXErrorCode MissingVoIPBackgroundMode), \
                              or a transaction with 1 (CXErrorCodeRequestTransactionError Unentitled)";

fn contains(modes: &[Value], mode: &str) -> bool {
    modes.iter().any(|value| matches!(value, Value::String(text) if text == mode))
}

/// What to do about a mode that is lacking: correct its spelling where it is misspelt.
fn add_or_respell(modes: &[Value], mode: &str) -> String {
    let misspelt = modes.iter().find_map(|value| match value {
        Value::String(text) if meant(text) == Some(mode) => Some(text),
        _ => None,
    });
    match misspelt {
        Some(text) => format!("write {mode} instead of {text:?}"),
        None => format!("add <string>{mode}</string> to the array UIBackgroundModes"),
    }
}

/// The mode that a string means which is none.
fn meant(text: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let sorted = |text: &str| {
        let mut letters: Vec<_> = text.bytes().collect();
        letters.sort_unstable();
        letters
    };
    let text = plain(text);
    if text.contains("voiceoverip") {
        return Some("voip");
    }
    let modes = || MODES.into_iter().map(|mode| (mode, plain(mode)));
    let within =
        || modes().filter(|(_, mode)| text.contains(mode)).max_by_key(|(_, mode)| mode.len());
    let swapped = || modes().find(|(_, mode)| sorted(mode) == sorted(&text));
    within().or_else(swapped).map(|(mode, _)| mode)
}

/// A key that tells the user why something is used: a string that says something.
fn reason_for_use(
    plist: &PropertyList,
    key: &'static str,
    effect: &'static str,
    remedy: &str,
    findings: &mut Vec<Finding>,
) {
    let value = plist.get(key);
    let (message, got) = match value {
        Some(Value::String(text)) if !text.trim().is_empty() => return,
        Some(Value::String(text)) => (format!("{key} is empty"), format!("{text:?}")),
        Some(other) => (format!("{key} is {}", other.kind()), other.to_string()),
        None => (format!("{key} is missing"), "no such key".into()),
    };
    findings.push(Finding {
        level: Level::Error,
        id: if key == MICROPHONE {
            Name::MicrophoneUsageDescription
        } else {
            Name::CameraUsageDescription
        },
        message,
        file: plist.file.clone(),
        key: key.into(),
        expected: "a string that is not empty",
        got,
        effect,
        remedy: remedy.to_owned(),
    });
}
