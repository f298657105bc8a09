//! Every illegal call (owner, state, step) is refused by the compiler with the messages of exactly the rules that it
//! breaks, and every legal one compiles: one generated crate, one function a line, one compiler run.
//!
//! This is the agreement of types and table; what the table should say is judged in `three_machines.rs` and
//! `timelines.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{Owner, Rule, State, Step, after_step, broken};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};

/// The call that takes a step.
fn call(step: Step) -> &'static str {
    match step {
        Step::Configure => "configure(PlayAndRecord::voice_chat())",
        Step::Reconfigure => "reconfigure(PlayAndRecord::video_chat())",
        Step::Fulfill => "fulfill(answer)",
        Step::AwaitActivation => "await_activation()",
        Step::Activate => "activate()",
        Step::Prepare => "prepare(engine)",
        Step::StartPlayback => "start_playback(engine)",
        Step::Start => "start(engine)",
        Step::Stop => "stop()",
        Step::OverrideOutput => "override_output(OutputPort::Speaker)",
        Step::EndCall => "end_call(end)",
        Step::Resume => "resume(unhold)",
        Step::Deactivate => "deactivate()",
    }
}

/// Compiles `source` in a crate that depends on this one, and returns its errors' messages by line.
fn errors_by_line(name: &str, source: &str) -> BTreeMap<u64, Vec<String>> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(dir.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = '{name}'\nversion = '0.0.0'\nedition = '2024'\n[workspace]\n\
         [dependencies]\noncue-session = {{ path = '{}' }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"),
        dir.join("Cargo.lock"),
    )
    .unwrap();
    fs::write(dir.join("src/lib.rs"), source).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "-q", "--offline", "--message-format=json"])
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let mut errors: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = &json["message"];
        if message["level"] != "error" || message["spans"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        assert_eq!(message["code"]["code"], "E0277", "{}", message["rendered"]);
        let primary = message["spans"]
            .as_array()
            .unwrap()
            .iter()
            .find(|span| span["is_primary"] == true)
            .unwrap();
        errors
            .entry(primary["line_start"].as_u64().unwrap())
            .or_default()
            .push(message["message"].as_str().unwrap().to_owned());
    }
    assert!(!errors.is_empty(), "cargo check said: {}", String::from_utf8_lossy(&output.stderr));
    errors
}

#[test]
fn every_illegal_call_is_refused_with_its_rules_and_its_legal_twin_compiles() {
    let mut source = String::from(
        "#![allow(dead_code)] use oncue_session::*; type E = dyn Engine<Error = core::fmt::Error>;\n",
    );
    let mut expected = BTreeMap::new();
    let (mut line, mut legal) = (1, 0);
    for &owner in Owner::ALL {
        for &state in State::ALL {
            for &step in Step::ALL {
                line += 1;
                let to = after_step(step, state);
                let rules: Vec<_> =
                    broken(owner, state, step).map(|rule| rule.wrong().to_owned()).collect();
                // A legal call must give the view of the state that the table names.
                let result = if rules.is_empty() {
                    legal += 1;
                    format!("let _: Next<'_, owner::{owner}, state::{to:?}> =")
                } else {
                    expected.insert(line, rules);
                    "let _ =".to_owned()
                };
                writeln!(
                    source,
                    "fn f{line}(session: AudioSession<'_, owner::{owner}, state::{state:?}>, engine: &mut E, \
                     answer: Action<action::Answer>, end: Action<action::End>, unhold: Action<action::Unhold>) \
                     {{ {result} session.{}; }}",
                    call(step)
                )
                .unwrap();
            }
        }
    }
    assert!(legal > 100 && expected.len() > 90, "{legal} legal, {} illegal", expected.len());
    let errors = errors_by_line("order", &source);
    for (line, rules) in &expected {
        let text = source.lines().nth(*line as usize - 1).unwrap();
        let found = errors.get(line).unwrap_or_else(|| panic!("compiles: {text}"));
        assert_eq!(found, rules, "{text}");
    }
    for line in errors.keys() {
        assert!(expected.contains_key(line), "legal, but: {:?}", errors[line]);
    }
}

#[test]
fn no_other_category_and_no_foreign_mode_or_option_configures_a_call() {
    let wrong_category = Rule::CategoryMustBePlayAndRecord.wrong();
    let cases = [
        ("session.configure(Playback)", Some(wrong_category)),
        ("session.configure(Record)", Some(wrong_category)),
        ("session.configure(Ambient)", Some(wrong_category)),
        ("session.configure(SoloAmbient)", Some(wrong_category)),
        ("session.configure(MultiRoute)", Some(wrong_category)),
        (
            "PlayAndRecord::with_mode::<mode::MoviePlayback>()",
            Some("mode `MoviePlayback` does not go with the category PlayAndRecord"),
        ),
        (
            "PlayAndRecord::with_mode::<mode::ShortFormVideo>()",
            Some("mode `ShortFormVideo` does not go with the category PlayAndRecord"),
        ),
        (
            "PlayAndRecord::with_mode::<mode::GameChat>()",
            Some("mode `GameChat` does not go with the category PlayAndRecord"),
        ),
        (
            "PlayAndRecord::voice_chat().bluetooth_high_quality()",
            Some(
                "the option BluetoothHighQuality goes with the mode Default only, not with `VoiceChat`",
            ),
        ),
        ("session.fulfill(end)", Some("this action does not lead to an activation")),
        ("PlayAndRecord::with_mode::<mode::Default>().bluetooth_high_quality()", None),
        ("PlayAndRecord::with_mode::<mode::Measurement>().allow_bluetooth_hfp()", None),
        ("session.configure(PlayAndRecord::video_chat().default_to_speaker())", None),
    ];
    let mut source = String::from("#![allow(dead_code)] use oncue_session::*;\n");
    for (at, (expression, _)) in cases.iter().enumerate() {
        writeln!(
            source,
            "fn f{at}(session: AudioSession<'_, owner::System, Configured>, end: Action<action::End>) {{ let _ = {expression}; }}"
        )
        .unwrap();
    }
    let errors = errors_by_line("categories", &source);
    for (at, (expression, message)) in cases.iter().enumerate() {
        let found = errors
            .get(&(at as u64 + 2))
            .map(|messages| messages[0].replace("oncue_session::mode::", ""));
        assert_eq!(found.as_deref(), *message, "{expression}");
    }
}
