//! `oncue doctor` finds what in an Info.plist and entitlements keeps calls from working, finds nothing where nothing is
//! wrong, and says the same of the XML and the binary form of a file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use plist::{Dictionary, Value};
use program::{Said, oncue};
use std::path::PathBuf;

const MICROPHONE: &str = "NSMicrophoneUsageDescription";
const CAMERA: &str = "NSCameraUsageDescription";
const CAMERA_RIGHT: &str = "com.apple.developer.avfoundation.multitasking-camera-access";

/// A folder of this test alone.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("doctor").join(test);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn dictionary(entries: &[(&str, Value)]) -> Value {
    let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    Value::Dictionary(entries.collect::<Dictionary>())
}

fn modes(modes: &[&str]) -> Value {
    Value::Array(modes.iter().map(|mode| Value::from(*mode)).collect())
}

/// An Info.plist in which nothing is wrong, with these entries over its own.
fn info(over: &[(&str, Value)]) -> Value {
    let sound = [
        ("CFBundleIdentifier", Value::from("org.example.calls")),
        ("UIBackgroundModes", modes(&["audio", "voip", "remote-notification"])),
        (MICROPHONE, Value::from("To be heard in calls")),
    ];
    dictionary(&[&sound, over].concat())
}

fn without(mut value: Value, key: &str) -> Value {
    value.as_dictionary_mut().unwrap().remove(key).unwrap();
    value
}

fn rights(over: &[(&str, Value)]) -> Value {
    dictionary(&[&[("aps-environment", Value::from("development"))], over].concat())
}

/// Level, id and key of each finding.
type Findings = Vec<(String, String, String)>;

/// What doctor says of these files, which is the same in both forms, and its exit code.
fn diagnose(
    test: &str,
    info: Option<&Value>,
    rights: Option<&Value>,
    owner: &str,
) -> (Findings, Said) {
    let folder = folder(test);
    let mut said = ["xml", "binary"].map(|form| {
        let mut arguments =
            vec!["doctor".to_owned(), "--json".into(), "--owner".into(), owner.into()];
        for (option, value) in [("--plist", info), ("--entitlements", rights)] {
            let Some(value) = value else { continue };
            let file = folder.join(format!("{}.{form}", &option[2..]));
            if form == "xml" {
                value.to_file_xml(&file).unwrap();
            } else {
                value.to_file_binary(&file).unwrap();
                assert!(std::fs::read(&file).unwrap().starts_with(b"bplist00"));
            }
            arguments.extend([option.to_owned(), file.to_str().unwrap().to_owned()]);
        }
        let said = oncue(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(said.stderr, "");
        said
    });
    assert_eq!(said[0].stdout, said[1].stdout.replace(".binary\"", ".xml\""));
    let [said, _] = &mut said;
    let said = Said { code: said.code, stdout: said.stdout.clone(), stderr: String::new() };
    let text =
        |finding: &serde_json::Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = said.json()["findings"].as_array().unwrap().clone();
    for id in findings.iter().map(|finding| text(finding, "id")) {
        let explained = oncue(&["explain", &id]);
        assert_eq!(explained.code, Some(0), "{id}: {}", explained.stderr);
        assert!(explained.stdout.starts_with(&format!("{id} (")), "{}", explained.stdout);
    }
    let findings =
        findings.iter().map(|it| (text(it, "level"), text(it, "id"), text(it, "key"))).collect();
    (findings, said)
}

fn finding(level: &str, id: &str, key: &str) -> (String, String, String) {
    (level.into(), id.into(), key.into())
}

#[test]
fn a_sound_app_has_nothing_to_find() {
    for owner in ["system", "app"] {
        let (info, rights) = (info(&[]), rights(&[]));
        for (info, rights) in
            [(Some(&info), Some(&rights)), (Some(&info), None), (None, Some(&rights))]
        {
            let (findings, said) = diagnose("sound", info, rights, owner);
            assert_eq!((findings, said.code), (vec![], Some(0)), "{owner}");
        }
    }
    let folder = folder("sound");
    let file = folder.join("Info.plist");
    // With the mark that some editors put before a text.
    let mut marked = "\u{feff}".as_bytes().to_vec();
    info(&[]).to_writer_xml(&mut marked).unwrap();
    std::fs::write(&file, marked).unwrap();
    let said = oncue(&["doctor", "--plist", file.to_str().unwrap()]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "nothing found\n"), "{}", said.stderr);
}

#[test]
fn what_an_info_plist_lacks_is_found_and_only_that() {
    let key = "UIBackgroundModes";
    let voip = || finding("error", "voip-background-mode", key);
    let unknown = || finding("warning", "unknown-background-mode", key);
    let with = |list: &[&str]| info(&[(key, modes(list))]);
    let cases: &[(&str, Value, &str, Findings)] = &[
        ("no voip", with(&["audio"]), "system", vec![voip()]),
        ("no voip either", with(&["audio"]), "app", vec![voip()]),
        (
            "no audio under a call system",
            with(&["voip"]),
            "system",
            vec![finding("warning", "voip-background-mode", key)],
        ),
        ("no audio where the app activates", with(&["voip"]), "app", vec![voip()]),
        ("no mode", with(&[]), "app", vec![voip(), voip()]),
        ("no key", without(info(&[]), key), "app", vec![voip(), voip()]),
        ("a string", info(&[(key, Value::from("voip"))]), "app", vec![voip()]),
        ("a dictionary", info(&[(key, dictionary(&[]))]), "system", vec![voip()]),
        ("misspelt: VoIP", with(&["audio", "VoIP"]), "system", vec![voip()]),
        ("misspelt: a space", with(&["audio", "voip "]), "system", vec![voip()]),
        ("spelt right and wrong", with(&["audio", "voip", "VoIP"]), "system", vec![unknown()]),
        ("no such mode", with(&["audio", "voip", "telepathy"]), "system", vec![unknown()]),
        (
            "a mode that is a number",
            info(&[(key, Value::Array(vec!["audio".into(), "voip".into(), 7.into()]))]),
            "system",
            vec![unknown()],
        ),
        (
            "no microphone",
            without(info(&[]), MICROPHONE),
            "system",
            vec![finding("error", "microphone-usage-description", MICROPHONE)],
        ),
        (
            "an empty reason",
            info(&[(MICROPHONE, " \n".into())]),
            "system",
            vec![finding("error", "microphone-usage-description", MICROPHONE)],
        ),
        (
            "a reason that is no string",
            info(&[(MICROPHONE, true.into())]),
            "app",
            vec![finding("error", "microphone-usage-description", MICROPHONE)],
        ),
        ("a camera", info(&[(CAMERA, "To be seen".into())]), "system", vec![]),
        (
            "an empty reason for the camera",
            info(&[(CAMERA, "".into())]),
            "system",
            vec![finding("error", "camera-usage-description", CAMERA)],
        ),
        (
            "an entitlement in the wrong file",
            info(&[("com.apple.developer.pushkit.unrestricted-voip", true.into())]),
            "system",
            vec![finding(
                "warning",
                "entitlement-in-info-plist",
                "com.apple.developer.pushkit.unrestricted-voip",
            )],
        ),
    ];
    for (case, info, owner, expected) in cases {
        let (findings, said) = diagnose("info", Some(info), None, owner);
        assert_eq!(&findings, expected, "{case}");
        let worst = expected.iter().map(|(level, ..)| if level == "error" { 2 } else { 1 }).max();
        assert_eq!(said.code, Some(worst.unwrap_or(0)), "{case}");
    }
}

#[test]
fn what_entitlements_lack_or_hold_in_vain_is_found_and_only_that() {
    let push = |level| vec![finding(level, "aps-environment", "aps-environment")];
    let camera = || vec![finding("note", "multitasking-camera-access", CAMERA_RIGHT)];
    let video = info(&[(CAMERA, "To be seen".into())]);
    let (voice, none) = (info(&[]), without(rights(&[]), "aps-environment"));
    let unrestricted = "com.apple.developer.pushkit.unrestricted-voip";
    let ptt = "com.apple.developer.pushkit.unrestricted-voip.ptt";
    let calling = "com.apple.developer.calling-app";
    let aps = |value: &str| rights(&[("aps-environment", value.into())]);
    let cases: &[(&str, Option<&Value>, Value, &str, Findings)] = &[
        ("no push", None, none.clone(), "system", push("error")),
        ("no push, no call system", None, none, "app", push("warning")),
        ("production", None, aps("production"), "system", vec![]),
        ("a build setting", None, aps("$(APS_ENVIRONMENT)"), "system", vec![]),
        ("no environment", None, aps("prod"), "app", push("error")),
        ("no string", None, rights(&[("aps-environment", true.into())]), "system", push("error")),
        ("video, without", Some(&video), rights(&[]), "system", camera()),
        ("video, with", Some(&video), rights(&[(CAMERA_RIGHT, true.into())]), "system", camera()),
        ("voice, with", Some(&voice), rights(&[(CAMERA_RIGHT, true.into())]), "system", vec![]),
        ("no Info.plist, with", None, rights(&[(CAMERA_RIGHT, true.into())]), "system", vec![]),
        (
            "calling app",
            None,
            rights(&[(calling, true.into())]),
            "system",
            vec![finding("note", "calling-app", calling)],
        ),
        (
            "pushes without calls",
            None,
            rights(&[(unrestricted, true.into()), (ptt, true.into())]),
            "system",
            vec![
                finding("warning", "unrestricted-voip", unrestricted),
                finding("warning", "unrestricted-voip", ptt),
            ],
        ),
    ];
    for (case, info, rights, owner, expected) in cases {
        let (findings, said) = diagnose("rights", *info, Some(rights), owner);
        assert_eq!(&findings, expected, "{case}");
        let code = |level: &str| ["note", "warning", "error"].iter().position(|it| *it == level);
        let worst = expected.iter().map(|(level, ..)| code(level).unwrap()).max().unwrap_or(0);
        assert_eq!(said.code, i32::try_from(worst).ok(), "{case}");
    }
}

#[test]
fn a_misspelt_mode_is_answered_with_the_one_that_is_meant() {
    let remedy = |list: &[&str], at: usize| {
        let info = info(&[("UIBackgroundModes", modes(list))]);
        let (_, said) = diagnose("misspelt", Some(&info), None, "system");
        said.json()["findings"][at]["remedy"].as_str().unwrap().to_owned()
    };
    for wrong in ["VoIP", "voip ", "viop", "App provides Voice over IP services"] {
        assert_eq!(remedy(&["audio", wrong], 0), format!("write voip instead of {wrong:?}"));
    }
    assert_eq!(remedy(&["voip", "Audio"], 0), "write audio instead of \"Audio\"");
    for (wrong, mode) in [
        ("remote-notifications", "remote-notification"),
        ("background-fetch", "fetch"),
        ("PushToTalk", "push-to-talk"),
        ("voice over IP", "voip"),
    ] {
        assert_eq!(remedy(&["audio", "voip", wrong], 0), format!("write {mode} if that is meant"));
    }
    assert!(
        remedy(&["audio", "voip", "telepathy"], 0).contains("one of: audio, bluetooth-central, ")
    );
    assert!(remedy(&["audio"], 0).contains("add <string>voip</string>"));
}

#[test]
fn what_hangs_together_in_both_files_is_seen_together() {
    let message = |info: &Value, rights: &Value| {
        let (_, said) = diagnose("together", Some(info), Some(rights), "system");
        let findings = said.json()["findings"].as_array().unwrap().clone();
        let last = findings.last().unwrap();
        last["message"].as_str().unwrap().to_owned()
    };
    let video = info(&[(CAMERA, "To be seen".into())]);
    let entitled = rights(&[(CAMERA_RIGHT, true.into())]);
    assert!(message(&video, &entitled).ends_with("in front, by entitlement"));
    assert!(
        message(&without(video.clone(), "UIBackgroundModes"), &entitled).ends_with("without voip")
    );
    let refused = rights(&[(CAMERA_RIGHT, false.into())]);
    assert!(message(&video, &refused).ends_with("only where the system supports it"));

    let mac = dictionary(&[("com.apple.developer.aps-environment", "development".into())]);
    assert!(
        message(&info(&[]), &mac).ends_with("com.apple.developer.aps-environment is the Mac's")
    );
}

#[test]
fn findings_are_printed_as_a_compiler_prints_them_worst_first() {
    let folder = folder("text");
    let file = folder.join("Info.plist");
    let info = info(&[("UIBackgroundModes", modes(&["fetch"])), (MICROPHONE, "".into())]);
    info.to_file_xml(&file).unwrap();
    let file = file.to_str().unwrap();
    let said = oncue(&["doctor", "--plist", file]);
    assert_eq!(said.code, Some(2));
    let first = format!(
        "error[voip-background-mode]: UIBackgroundModes lacks voip
  --> {file}: UIBackgroundModes
   = expected: voip among the background modes
   = got:      \"fetch\"
   = effect:   no calls by the call system: it refuses with 3 (CXErrorCode MissingVoIPBackgroundMode), or a \
         transaction with 1 (CXErrorCodeRequestTransactionError Unentitled)
   = remedy:   add <string>voip</string> to the array UIBackgroundModes
   = help:     oncue explain voip-background-mode

error[microphone-usage-description]: NSMicrophoneUsageDescription is empty
"
    );
    assert!(said.stdout.starts_with(&first), "{}", said.stdout);
    assert!(
        said.stdout.contains("\nwarning[voip-background-mode]: UIBackgroundModes lacks audio\n")
    );
    assert!(said.stdout.ends_with("\n\n2 errors, 1 warning\n"), "{}", said.stdout);
}

#[test]
fn json_is_one_object_that_counts_what_it_lists() {
    let (findings, said) = diagnose(
        "json",
        Some(&info(&[("UIBackgroundModes", modes(&["voip"])), (CAMERA, "To be seen".into())])),
        Some(&rights(&[("aps-environment", "prod".into())])),
        "system",
    );
    let json = said.json();
    assert_eq!((findings.len(), &json["exit_code"]), (3, &2.into()));
    for (count, level) in [("errors", "error"), ("warnings", "warning"), ("notes", "note")] {
        let listed = findings.iter().filter(|(it, ..)| it == level).count();
        assert_eq!((listed, &json[count]), (1, &1.into()), "{level}");
    }
    for finding in json["findings"].as_array().unwrap() {
        for field in ["message", "file", "expected", "got", "effect", "remedy"] {
            assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
    }
}

/// The one line that says why a file of these bytes cannot be read.
fn refused(name: &str, bytes: &[u8]) -> String {
    let file = folder("refused").join(name);
    std::fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap().to_owned();
    for option in ["--plist", "--entitlements"] {
        let said = oncue(&["doctor", option, &file]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{name}: {}", said.stderr);
    }
    let line = oncue(&["doctor", "--plist", &file, "--json"]).stderr;
    let why = line
        .strip_prefix(&format!("error: cannot read {file}: "))
        .unwrap_or_else(|| panic!("{line}"));
    assert_eq!(why.lines().count(), 1, "{why}");
    why.trim_end().to_owned()
}

#[test]
fn a_file_that_cannot_be_read_is_one_line_with_its_name_and_the_reason() {
    let mut binary = Vec::new();
    info(&[]).to_writer_binary(&mut binary).unwrap();
    let mut xml = Vec::new();
    info(&[]).to_writer_xml(&mut xml).unwrap();
    let another = "name the app's Info.plist or entitlements";
    let anew = "take the file from the app anew, `plutil -lint` names the place";
    let convert = "`plutil -convert xml1` makes XML of it";
    let fault = String::from_utf8(xml.clone()).unwrap().replace("<array>", "<list>");
    for (name, bytes, got, remedy) in [
        ("cut.xml", &xml[..xml.len() / 2], "one in XML that breaks off", anew),
        ("fault.xml", fault.as_bytes(), "one in XML with a fault in it", anew),
        (
            "cut.bplist",
            &binary[..binary.len() / 2],
            "a binary one that is damaged or breaks off",
            anew,
        ),
        ("noise", &[0x80, 0xff, 0, 7], "bytes that are neither", another),
        ("openstep", b"{ UIBackgroundModes = (voip, audio); }", "the old form in text", convert),
        ("package.json", b"{\n  \"UIBackgroundModes\": [\"voip\"]\n}", "JSON", convert),
        ("page.html", b"<html><body>404</body></html>", "XML or HTML of another kind", another),
        ("letter", b"Dear user,\n", "text of another kind", another),
    ] {
        let expected = format!("expected a property list, XML or binary, got {got}; {remedy}");
        assert_eq!(refused(name, bytes), expected, "{name}");
    }
    let empty = "expected a property list, XML or binary, got an empty file; ";
    assert_eq!(refused("empty", b""), format!("{empty}{another}"));
    let mut array = Vec::new();
    modes(&["voip"]).to_writer_xml(&mut array).unwrap();
    assert_eq!(refused("array", &array), format!("expected a dictionary, got an array; {another}"));
    let large = vec![b' '; (16 << 20) + 1];
    assert!(refused("large", &large).contains("larger than 16 MiB"));
}

#[test]
fn a_file_that_unfolds_without_end_is_refused() {
    let deep = ["<array>".repeat(100_000), "</array>".repeat(100_000)].concat();
    let deep = format!("<plist version=\"1.0\"><dict><key>a</key>{deep}</dict></plist>");
    assert!(refused("deep", deep.as_bytes()).contains("more than 64 deep"));

    // Forty arrays, each twice within the one before: 2^40 values in some two hundred bytes.
    let mut objects: Vec<Vec<u8>> = vec![vec![0xd1, 1, 2], vec![0x51, b'a']];
    objects.extend((2..42).map(|object| vec![0xa2, object + 1, object + 1]));
    objects.push(vec![0x09]);
    assert!(refused("values", &binary(&objects)).contains("more than 64 MiB"));

    // A text of 60 000 bytes, 250 times within each of 250 references to one array; then the same as a key.
    let long = [&[0x5f, 0x11, 0xea, 0x60][..], &[b'a'; 60_000]].concat();
    let many = |object: u8| [&[0xaf, 0x10, 250][..], &[object; 250]].concat();
    let texts = [vec![0xd1, 1, 2], vec![0x51, b'a'], many(3), many(4), long.clone()];
    assert!(refused("texts", &binary(&texts)).contains("more than 64 MiB"));
    let keys = [vec![0xd1, 1, 2], vec![0x51, b'a'], many(3), many(4), vec![0xd1, 5, 1], long];
    assert!(refused("keys", &binary(&keys)).contains("more than 64 MiB"));
}

/// A binary property list of these objects, the first of them its root.
fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for object in objects {
        offsets.extend(u32::try_from(file.len()).unwrap().to_be_bytes());
        file.extend(object);
    }
    let table = file.len();
    file.extend(offsets);
    file.extend([0, 0, 0, 0, 0, 0, 4, 1]);
    for number in [objects.len(), 0, table] {
        file.extend(u64::try_from(number).unwrap().to_be_bytes());
    }
    file
}

#[test]
fn without_a_file_that_is_there_nothing_is_examined() {
    let said = oncue(&["doctor"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""));
    assert!(said.stderr.starts_with("error: no file to look at; name --plist"), "{}", said.stderr);
    let missing = folder("missing");
    for file in [missing.join("Info.plist"), missing] {
        let said = oncue(&["doctor", "--plist", file.to_str().unwrap()]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""));
        let start = format!("error: cannot read {}: ", file.display());
        assert!(
            said.stderr.starts_with(&start) && said.stderr.lines().count() == 1,
            "{}",
            said.stderr
        );
    }
}

#[test]
fn help_names_every_exit_code() {
    let help = oncue(&["doctor", "--help"]);
    assert_eq!(help.code, Some(0));
    for code in ["0  nothing found", "1  warnings", "2  errors", "3  cannot run"] {
        assert!(help.stdout.contains(code), "{}", help.stdout);
    }
}
