//! Bad input ends with exit code 3 and one line that says what would work.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::{ONCUE, oncue};
use std::process::Command;

fn refused(arguments: &[&str]) -> String {
    let said = oncue(arguments);
    assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{arguments:?}: {}", said.stderr);
    let line = said.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n') && line.starts_with("error: "), "{arguments:?}: {line}");
    line["error: ".len()..].to_owned()
}

#[test]
fn every_wrong_argument_says_what_would_work() {
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["loopback", "--host", "coreaudio2"],
            &["no audio host \"coreaudio2\"", "this build has: virtual, ", "alsa"],
        ),
        (&["loopback", "--rate", "0"], &["rate 0 Hz", "such as 48000"]),
        (&["loopback", "--rate", "44101"], &["rate 44101 Hz", "multiple of 100"]),
        (&["loopback", "--period", "0"], &["period of 0 frames", "use 1 to 16384"]),
        (&["loopback", "--period", "40000"], &["period of 40000 frames", "use 1 to 16384"]),
        (&["loopback", "--period", "7"], &["period 7 frames", "16 to 16384"]),
        (&["loopback", "--latency", "-1"], &["latency -1", "0 to 1048576"]),
        (&["loopback", "--duration", "0"], &["--duration", "seconds from 0.5"]),
        (&["loopback", "--owner", "nobody"], &["--owner", "system, app"]),
        (
            &["loopback", "--owner", "app", "--activation-delay", "10"],
            &["leave out --activation-delay"],
        ),
        (&["loopback", "--activation-delay", "soon"], &["whole number of ms, or never"]),
        (&["loopback", "--host", "alsa", "--latency", "3"], &["--latency is the virtual card's"]),
        (
            &["loopback", "--host", "alsa", "--break", "io-start-after-did-activate"],
            &["--break needs the virtual card"],
        ),
        (&["loopback", "--device", "x"], &["leave out --device"]),
        (
            &["loopback", "--break", "no-such-rule"],
            &["no such rule", "io-start-after-did-activate"],
        ),
        (
            &["loopback", "--break", "output-override-scope"],
            &["cannot break it", "io-start-after-did-activate"],
        ),
        (
            &["loopback", "--owner", "app", "--break", "no-foreign-deactivation"],
            &["cannot break no-foreign-deactivation", "use the other owner"],
        ),
        (
            &["loopback", "--break", "io-start-after-did-activate", "--activation-delay", "never"],
            &["two causes of silence", "choose one"],
        ),
        (&["loopback", "--nonsense"], &["unexpected argument '--nonsense'"]),
        (&["devices", "--host", "nothing"], &["no audio host \"nothing\"", "virtual"]),
        (&["loopbak"], &["unrecognized subcommand 'loopbak'", "loopback"]),
        (&["rules", "--flow", "nothing"], &["'nothing' for '--flow <FLOW>'", "lock-screen"]),
        (&["rules", "--flow", "lock-scren"], &["'lock-screen'"]),
        (&["rules", "--effect", "noise"], &["'noise' for '--effect <EFFECT>'", "silence-in-both"]),
        (&["rules", "--ios", "new"], &["'new' for '--ios <VERSION>'", "such as 17 or 17.4"]),
        (&["rules", "--how", "often"], &["'often' for '--how <HOW>'", "checked, static, advice"]),
        (&["rules", "--ios", "17", "--android", "34"], &["'--ios <VERSION>' cannot be used with"]),
        (&["rules", "answer"], &["unexpected argument 'answer'"]),
        (&["explain", "nonsense"], &["nothing is known of `nonsense`", "`oncue rules`"]),
        (&["explain", "--nonsense"], &["nothing is known of `--nonsense`"]),
        (&["explain"], &["<NAME|CODE|WORDS>"]),
        (&["check"], &["<FILE>"]),
        (&["check", "no-such-file.jsonl"], &["cannot read no-such-file.jsonl: "]),
        (&["check", "."], &["cannot read .: "]),
        (&["check", "-", "--owner", "nobody"], &["--owner", "system, app"]),
        (&["check", "-", "--ios", "new"], &["'new' for '--ios <VERSION>'", "such as 17 or 17.4"]),
        (
            &["check", "-", "--policy", "appel"],
            &["--policy appel: ", "apple, qq, permissive or strict, or a TOML file"],
        ),
        (&["doctor"], &["no file to look at", "--plist Info.plist"]),
        (&["doctor", "--plist", "no-such.plist"], &["cannot read no-such.plist"]),
    ];
    for (arguments, parts) in cases {
        let line = refused(arguments);
        for part in *parts {
            assert!(line.contains(part), "{arguments:?}: \"{part}\" is not in: {line}");
        }
    }
}

#[test]
fn a_server_that_is_not_there_is_one_line_that_names_what_to_do() {
    for host in ["pulseaudio", "jack", "alsa"] {
        let output = Command::new(ONCUE)
            .args(["loopback", "--host", host])
            .env("PULSE_SERVER", "unix:/nonexistent/pulse.sock")
            .env("XDG_RUNTIME_DIR", "/nonexistent")
            .env("JACK_DEFAULT_SERVER", "no-such-server")
            .env("JACK_NO_START_SERVER", "1")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{host}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{host}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains("start the audio server"),
            "{host}: {said}"
        );
    }
}

#[test]
fn help_names_every_exit_code() {
    let help = oncue(&["loopback", "--help"]);
    assert_eq!(help.code, Some(0));
    for code in ["0  heard and clean", "1  heard, with findings", "2  not heard", "3  cannot run"] {
        assert!(help.stdout.contains(code), "{}", help.stdout);
    }
}
