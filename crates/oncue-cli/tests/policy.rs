//! `oncue policy` explains which call system a call may use: each reason, with the rule behind it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use oncue_session::Rule;
use program::oncue;
use serde_json::{Value, json};

fn said(arguments: &[&str]) -> String {
    let said = oncue(&[&["policy"], arguments].concat());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    said.stdout
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&said(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn a_decision_is_explained_with_each_reason_and_its_rule() {
    assert_eq!(
        said(&["--ios", "17.4", "--storefront", "CHN"]),
        "\
LiveCommunicationKit
  for      the user has it switched on for this account
  against  the storefront says mainland China, where CallKit must not be active [china-no-callkit]
  for      iOS 17.4 has LiveCommunicationKit [lck-in-china]
session  the call system activates it; the app only configures
incoming VoIP pushes, each of which is reported
outgoing asks the call system first
"
    );
    assert_eq!(
        said(&["--ios", "16.2", "--locale", "zh_CN", "--video", "--oldest", "13"]),
        "\
in the app, with a notification
  for      the user has it switched on for this account
  against  the locale says mainland China, where CallKit must not be active [china-no-callkit]
  against  LiveCommunicationKit came with iOS 17.4, this is 16.2 [lck-in-china]
session  the app activates it itself
incoming ordinary alerts, no VoIP pushes
outgoing is dialled at once, from old Recents entries too
camera   is interrupted behind another app; with picture in picture
"
    );
}

#[test]
fn json_says_the_same() {
    let withdrawn = ["--ios", "11.4", "--locale", "US", "--app", "6.6.2", "--lck", "never"];
    assert_eq!(
        json(&[&withdrawn[..], &["--withdrawn", "6.6.2..8.0.7"]].concat()),
        json!({
            "ui": "in-app",
            "owner": "app",
            "voip_pushes": false,
            "starts_by_transaction": false,
            "reasons": [
                { "speaks": "for", "text": "the user has it switched on for this account", "rule": null },
                {
                    "speaks": "against",
                    "text": "version 6.6.2 of the app is without CallKit, as all are from 6.6.2 on until 8.0.7",
                    "rule": "china-no-callkit",
                },
                { "speaks": "against", "text": "the app does not use LiveCommunicationKit", "rule": "lck-in-china" },
            ],
            "camera": null,
        })
    );
}

#[test]
fn every_option_has_its_part() {
    let ui = |arguments: &[&str]| {
        let phone = ["--ios", "18", "--storefront", "USA", "--account", "10001"];
        json(&[&phone, arguments].concat())
    };
    #[rustfmt::skip]
    let rows: [(&[&str], &str, &str); 13] = [
        (&[],                                           "callkit",                "system"),
        (&["--lck", "always"],                          "live-communication-kit", "system"),
        (&["--lck", "always", "--lck-owner", "app"],    "live-communication-kit", "app"),
        (&["--china-build", "--lck", "never"],          "in-app",                 "app"),
        (&["--on", "mac"],                              "in-app",                 "app"),
        (&["--on", "simulator"],                        "in-app",                 "app"),
        (&["--switch", "off"],                          "in-app",                 "app"),
        (&["--video"],                                  "callkit",                "system"),
        (&["--video", "--video-as", "banner"],          "in-app",                 "app"),
        (&["--roll-out", "57"],                         "in-app",                 "app"),
        (&["--roll-out", "58%"],                        "callkit",                "system"),
        (&["--roll-out", "57", "--roll-out-name", "lck"], "callkit",              "system"),
        (&["--no-voip-mode"],                           "in-app",                 "app"),
    ];
    for (arguments, expected, owner) in rows {
        let said = ui(arguments);
        assert_eq!(
            (said["ui"].as_str(), said["owner"].as_str()),
            (Some(expected), Some(owner)),
            "{arguments:?}"
        );
        for reason in said["reasons"].as_array().unwrap() {
            assert!(reason["rule"].as_str().is_none_or(|id| Rule::by_id(id).is_some()), "{reason}");
        }
    }
    let unknown = ["--ios", "12", "--callkit-in-unknown-region"];
    assert_eq!(json(&unknown)["ui"], "callkit");
    assert_eq!(json(&unknown[..2])["ui"], "in-app");
    let camera = |arguments: &[&str]| {
        ui(&[&["--video"], arguments].concat())["camera"]["in_background"].clone()
    };
    assert_eq!(camera(&[]), "goes-on-if-enabled");
    assert_eq!(camera(&["--linked", "17"]), "interrupted");
    assert_eq!(camera(&["--linked", "17", "--stage-manager"]), "goes-on-if-enabled");
    assert_eq!(camera(&["--camera-entitlement"]), "goes-on");
}

#[test]
fn what_cannot_be_read_or_cannot_be_is_refused() {
    for (arguments, why) in [
        (&["--ios", "x"][..], "use a version such as 17 or 17.4"),
        (&["--ios", "17", "--app", "v8"], "use a version such as 8.0.7"),
        (&["--ios", "17", "--roll-out", "101"], "use a percentage from 0 to 100"),
        (&["--ios", "17", "--withdrawn", "8..7"], "the second version comes after the first"),
        (&["--ios", "17", "--storefront", "Germany"], "use a country code such as CHN"),
        (&["--ios", "17", "--locale", "Germany"], "use a locale such as zh_CN, or its region, CN"),
        (
            &["--ios", "12", "--storefront", "CHN"],
            "no app can ask for the storefront before iOS 13; give the --locale, or --china-build",
        ),
        (&["--ios", "12", "--oldest", "13"], "an app that needs iOS 13.0 does not run on 12.0"),
        (&[], "--ios <VERSION>"),
    ] {
        let said = oncue(&[&["policy"], arguments].concat());
        assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(said.stderr.contains(why), "{}", said.stderr);
    }
}

#[test]
fn an_account_is_a_number_only_where_it_is_written_as_one() {
    let phone = ["--ios", "18", "--locale", "US", "--roll-out", "50", "--account"];
    let place = |account| json(&[&phone[..], &[account]].concat())["reasons"].to_string();
    assert_ne!(place("7"), place("007"));
    assert_ne!(place("7"), place("+7"));
}

#[test]
fn the_examples_of_the_help_run_and_say_which_region_it_is() {
    let help = said(&["--help"]);
    let examples: Vec<_> =
        help.lines().filter_map(|line| line.strip_prefix("  oncue policy ")).collect();
    assert!(examples.len() >= 3, "{help}");
    for example in examples {
        let said = said(&example.split(' ').collect::<Vec<_>>());
        assert!(!said.contains("nothing says which region"), "{example}: {said}");
    }
}
