//! `oncue explain` says all of a rule and of a code, and leads from what a person sees to the rules behind it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use oncue_session::{Domain, Os, Rule};
use program::oncue;

fn explained(what: &[&str]) -> String {
    let said = oncue(&[&["explain"], what].concat());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{what:?}");
    said.stdout
}

/// The rules that a description leads to, the nearest first.
fn found(description: &str) -> Vec<String> {
    let said = explained(&description.split(' ').collect::<Vec<_>>());
    let is_rule = |line: &&str| Rule::by_id(line).is_some();
    said.lines().map(str::trim).filter(is_rule).map(String::from).collect()
}

#[test]
fn what_a_person_sees_leads_to_the_rules_behind_it() {
    for (description, wanted) in [
        ("no sound", "io-start-after-did-activate"),
        ("one way audio", "no-app-activation-under-callkit"),
        ("one-way audio", "no-app-activation-under-callkit"),
        ("far end hears nothing", "permission-denied-is-detectable"),
        ("app killed after push", "push-reports-a-call"),
        ("silent after hold", "unhold-may-lack-did-activate"),
        ("silence after unhold", "unhold-did-deactivate-may-be-late"),
        ("second call has no microphone", "end-and-accept-is-one-transaction"),
        ("speaker button jumps back", "no-default-to-speaker-under-callkit"),
        ("no ringback", "no-local-sounds-outside-the-call-session"),
        ("the next call is silent", "stop-io-when-ending"),
        ("silent after an interruption", "interruption-end-not-guaranteed"),
        ("headset silent after route change", "route-change-reconfigures-format"),
        ("silent after media services reset", "media-services-reset-rebuild"),
        ("microphone permission prompt", "microphone-permission-in-foreground-first"),
        ("app review rejects it in china", "china-no-callkit"),
    ] {
        let found = found(description);
        let place = found.iter().position(|id| id == wanted);
        let first = if description == "no sound" { 4 } else { 3 };
        assert!(
            place.is_some_and(|place| place < first),
            "{description}: {wanted} is not among the first {first} of {found:#?}"
        );
        assert!(found.len() <= 8, "{description}: {found:#?}");
    }
}

#[test]
fn silence_on_answering_leads_to_the_core_of_the_order_first() {
    let mut core = [
        "io-start-after-did-activate",
        "category-before-activation",
        "no-app-activation-under-callkit",
        "activation-follows-fulfill",
    ];
    core.sort_unstable();
    for description in [
        "no sound when answering from the lock screen",
        "silent after answering",
        "No audio when I answer a call on a locked phone",
        "silence when picking up an incoming call",
        "nobody hears anything after the call is accepted",
    ] {
        let found = found(description);
        let mut first = found[..4].to_vec();
        first.sort_unstable();
        assert_eq!(first, core, "{description}: {found:#?}");
    }
}

#[test]
fn rules_of_android_are_for_those_who_ask() {
    let on = |description: &str, os| {
        let found = found(description);
        found.iter().filter(|id| Rule::by_id(id).unwrap().declaration().applies.on == os).count()
    };
    assert_eq!(on("silent after the screen locks", Os::Android), 0);
    assert!(on("silent on android after the screen locks", Os::Android) > 0);
}

#[test]
fn each_rule_is_explained_with_its_texts_and_its_traces() {
    for rule in Rule::all() {
        let said = explained(&[rule.id()]);
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let declared = rule.declaration();
        for text in [declared.statement, declared.before, declared.evidence] {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&text), "{rule}: `{text}` is not in: {said}");
        }
        assert_eq!(said.contains("\nwrong:\n"), rule.is_checked(), "{rule}");
        let wide =
            said.lines().take_while(|line| !["wrong:", "sources:"].contains(line)).find(|line| {
                let words = line.split_whitespace().count();
                words > 4 && line.chars().count() > 112
            });
        assert_eq!(wide, None, "{rule}");
    }
}

#[test]
fn a_refusal_is_read_as_a_trace_has_it() {
    for domain in Domain::ALL {
        let name = serde_json::to_string(&domain).unwrap();
        let said = explained(&[&format!("\"domain\": {name}, \"code\": 3")]);
        assert!(said.starts_with(&format!("{} 3: ", domain.name())), "{name}: {said}");
    }
}

#[test]
fn the_error_that_a_load_of_the_call_directory_ends_with_is_explained() {
    let mut directory = oncue_call::directory::Directory::new();
    let mut request = directory.request();
    let said = request.read_blocking("2\n1\n".as_bytes()).unwrap_err().to_string();
    let error = said.rsplit('(').next().unwrap().trim_end_matches(')');
    assert!(explained(&[error]).contains("EntriesOutOfOrder: numbers"), "{error}");
}

#[test]
fn what_doctor_finds_beside_the_rules_is_explained() {
    assert_eq!(
        explained(&["APS-environment"]),
        "\
aps-environment (found by oncue doctor)

An app that gets VoIP pushes has the entitlement aps-environment, development or production.

  said in    the entitlements, aps-environment; the Mac's com.apple.developer.aps-environment does not count
  first      add the capability Push Notifications to the iOS target
  otherwise  no VoIP push arrives, so no call reaches an app that does not run
  sources    Apple's documentation of the entitlement aps-environment
"
    );
}

#[test]
fn a_bare_number_is_said_for_each_domain_that_has_it_and_a_domain_leaves_one() {
    let said = explained(&["4"]);
    let headings: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("CX"))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        headings,
        [
            "CXErrorCodeIncomingCallError 4",
            "CXErrorCodeRequestTransactionError 4",
            "CXErrorCodeCallDirectoryManagerError 4"
        ]
    );
    assert!(said.starts_with("`4` is a code of 3 domains"), "{said}");
    let one = explained(&["CXErrorCodeIncomingCallError", "4"]);
    assert!(one.starts_with("CXErrorCodeIncomingCallError 4: "), "{one}");
    assert!(one.contains("report-error-stops-the-flow") && !one.contains("Directory"), "{one}");
}

#[test]
fn of_the_rules_behind_a_code_the_likeliest_comes_first() {
    for (code, likeliest) in [
        ("'!pri'", "no-app-activation-under-callkit"),
        ("ent?", "category-before-activation"),
        ("-66637", "io-start-after-did-activate"),
    ] {
        assert_eq!(found(code)[0], likeliest, "{code}");
    }
}

#[test]
fn a_code_is_read_as_number_characters_or_name() {
    let said = explained(&["'!pri'"]);
    for spelling in ["!pri", "561017449", "InsufficientPriority"] {
        assert_eq!(explained(&[spelling]), said, "{spelling}");
    }
    assert!(said.contains("no-app-activation-under-callkit"), "{said}");
    assert!(explained(&["-66637"]).contains("io-start-after-did-activate"));
}

#[test]
fn what_is_not_known_is_one_line_with_the_nearest_rule_if_there_is_one() {
    for (what, parts) in [
        ("nonsense", &["nothing is known of `nonsense`", "`oncue rules`"][..]),
        ("99999", &["nothing is known of `99999`", "'!pri'"]),
        ("", &["expected a rule, a code or a few words"]),
        ("io-start-after-did-activat", &["did you mean `io-start-after-did-activate`?"]),
        ("io_start_before_did_activate", &["did you mean `io-start-after-did-activate`?"]),
        ("aps-enviroment", &["did you mean `aps-environment`?"]),
        ("push-registry", &["did you mean `push-registry-at-every-launch`?"]),
    ] {
        let said = oncue(&["explain", what]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{what}");
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
        for part in parts {
            assert!(said.stderr.contains(part), "{what}: `{part}` is not in: {}", said.stderr);
        }
    }
}
