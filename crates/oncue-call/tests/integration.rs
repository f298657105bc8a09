//! Which call system is used, where: tables of facts, each row one phone and one call. The rule book's §1.8, §3.12 to
//! §3.14, §4.4 and §5 are the source; the code is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::integration::{
    AppVersion, BackgroundCamera, CallUi, Circumstances, Decision, Device, Integration, OwnedAudio,
    Place, Reason, Region, RegionSource, Rights, RollOut, Share, UseLck, VideoCalls,
};
use oncue_call::{
    AppId, CallAction, Centre, Handle, Input, Message, Output, Performed, Settings, Signal,
};
use oncue_session::{Framework, Id, NullPlatform, Owner, State, Version};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;

const CALLKIT: CallUi = CallUi::System(Framework::CallKit);
const LCK: CallUi = CallUi::System(Framework::LiveCommunicationKit);
const IN_APP: CallUi = CallUi::InApp;

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A voice call on an iPhone, signed in, switched on, of an app that lacks nothing.
fn on(ios: &str, region: Region) -> Circumstances {
    Circumstances {
        ios: version(ios),
        app: AppVersion::parse("8.0.7").unwrap(),
        device: Device::Phone,
        region,
        account: AppId::Number(10_001),
        switched_on: true,
        video: false,
        rights: Rights {
            voip_background_mode: true,
            multitasking_camera: false,
            linked_against: version(ios),
            deployment_target: version("10"),
            stage_manager: false,
        },
    }
}

const ELSEWHERE: Region = Region { place: Place::Elsewhere, source: RegionSource::Storefront };
const CHINA: Region = Region { place: Place::MainlandChina, source: RegionSource::Storefront };
const UNKNOWN: Region = Region { place: Place::Unknown, source: RegionSource::Nothing };

/// The rules behind what speaks against a call system.
fn against(decision: &Decision) -> Vec<&'static str> {
    let against = decision.reasons.iter().filter(|reason| reason.speaks_against());
    against.map(|reason| reason.rule().map_or("-", |rule| rule.id())).collect()
}

#[test]
fn the_version_of_ios_and_the_region_decide() {
    let app = Integration::default();
    #[rustfmt::skip]
    let rows: [(&str, Region, CallUi, &[&str]); 14] = [
        // no CallKit before iOS 10
        ("7",    ELSEWHERE, IN_APP,  &["app-activates-only-without-callkit"]),
        ("9.3",  ELSEWHERE, IN_APP,  &["app-activates-only-without-callkit"]),
        ("9.3",  CHINA,     IN_APP,  &["app-activates-only-without-callkit"]),
        ("10",   ELSEWHERE, CALLKIT, &[]),
        ("17.4", ELSEWHERE, CALLKIT, &[]),
        ("27",   ELSEWHERE, CALLKIT, &[]),
        // none in mainland China, LiveCommunicationKit in its place from iOS 17.4 on
        ("10",   CHINA,     IN_APP,  &["china-no-callkit", "lck-in-china"]),
        ("17.3", CHINA,     IN_APP,  &["china-no-callkit", "lck-in-china"]),
        ("17.4", CHINA,     LCK,     &["china-no-callkit"]),
        ("26",   CHINA,     LCK,     &["china-no-callkit"]),
        // where nothing says which region it is, as in mainland China
        ("9.3",  UNKNOWN,   IN_APP,  &["app-activates-only-without-callkit"]),
        ("12",   UNKNOWN,   IN_APP,  &["china-no-callkit", "lck-in-china"]),
        ("17.3", UNKNOWN,   IN_APP,  &["china-no-callkit", "lck-in-china"]),
        ("17.4", UNKNOWN,   LCK,     &["china-no-callkit"]),
    ];
    for (ios, region, ui, rules) in rows {
        let decision = app.decide(&on(ios, region));
        assert_eq!((decision.ui, against(&decision)), (ui, rules.to_vec()), "{ios} {region:?}");
        // A VoIP push is for those who can report it, and so is a transaction.
        assert_eq!(decision.voip_pushes(), ui != IN_APP, "{ios} {region:?}");
        assert_eq!(decision.starts_by_transaction(), ui != IN_APP, "{ios} {region:?}");
        assert_eq!(decision.owner == Owner::App, ui == IN_APP, "{ios} {region:?}");
    }
}

#[test]
fn an_app_can_take_live_communication_kit_everywhere_or_nowhere() {
    use UseLck::{Always, InPlaceOfCallKit, Never};
    let rows = [
        ("17.3", ELSEWHERE, Always, CALLKIT),
        ("17.4", ELSEWHERE, Always, LCK),
        ("17.4", CHINA, Always, LCK),
        ("17.3", CHINA, Always, IN_APP),
        ("17.4", ELSEWHERE, InPlaceOfCallKit, CALLKIT),
        ("17.4", CHINA, InPlaceOfCallKit, LCK),
        ("17.4", ELSEWHERE, Never, CALLKIT),
        ("17.4", CHINA, Never, IN_APP),
    ];
    for (ios, region, live_communication_kit, ui) in rows {
        for lck_owner in [Owner::System, Owner::App] {
            let app = Integration { live_communication_kit, lck_owner, ..Integration::default() };
            let decision = app.decide(&on(ios, region));
            assert_eq!(decision.ui, ui, "{ios} {region:?} {live_communication_kit:?}");
            let owner = [(CALLKIT, Owner::System), (LCK, lck_owner), (IN_APP, Owner::App)];
            assert!(owner.contains(&(ui, decision.owner)), "{decision:?}");
        }
    }
    let daring = Integration { callkit_in_unknown_region: true, ..Integration::default() };
    assert_eq!(daring.decide(&on("12", UNKNOWN)).ui, CALLKIT);
    assert_eq!(daring.decide(&on("12", CHINA)).ui, IN_APP);
}

#[test]
fn the_surest_source_of_the_region_counts() {
    use Place::{Elsewhere, MainlandChina, Unknown};
    use RegionSource::{Build, Locale, Nothing, Storefront};
    #[rustfmt::skip]
    let rows = [
        // iOS,  built for China, storefront, locale
        ("17.4", false, Some("CHN"), Some("US"),         MainlandChina, Storefront),
        ("17.4", false, Some("USA"), Some("CN"),         Elsewhere,     Storefront),
        ("17.4", true,  Some("USA"), Some("US"),         MainlandChina, Build),
        ("13",   false, Some("HKG"), None,               Elsewhere,     Storefront),
        ("13",   false, Some("TWN"), Some("zh_CN"),      Elsewhere,     Storefront),
        ("13",   false, Some("MAC"), None,               Elsewhere,     Storefront),
        // no storefront can be asked for before iOS 13
        ("12.4", false, Some("CHN"), Some("US"),         Elsewhere,     Locale),
        ("12.4", false, Some("CHN"), None,               Unknown,       Nothing),
        ("12.4", false, None,        Some("zh_CN"),      MainlandChina, Locale),
        ("17.4", false, None,        Some("zh-Hans-CN"), MainlandChina, Locale),
        ("17.4", false, None,        Some("zh-Hans-HK"), Elsewhere,     Locale),
        // a language is no region
        ("17.4", false, None,        Some("zh"),         Unknown,       Nothing),
        ("17.4", false, None,        Some("zh-Hans"),    Unknown,       Nothing),
        ("17.4", false, None,        Some("es-419"),     Unknown,       Nothing), // nor is a part of the world
        ("17.4", false, Some(""),    Some("FR"),         Elsewhere,     Locale),
        ("17.4", false, Some("Fra"), None,               Elsewhere,     Storefront),
        ("17.4", false, Some("chn"), None,               MainlandChina, Storefront),
        ("17.4", false, Some("China"), None,             Unknown,       Nothing),
        // whatever else the user has chosen: a calendar, a variant, another region than the language's
        ("17.4", false, None,        Some("ja_JP@calendar=japanese"),       Elsewhere,     Locale),
        ("17.4", false, None,        Some("zh_Hans_CN@calendar=chinese"),   MainlandChina, Locale),
        ("17.4", false, None,        Some("zh-Hans-CN-u-ca-chinese-nu-hanidec"), MainlandChina, Locale),
        ("17.4", false, None,        Some("en_US_POSIX"),                   Elsewhere,     Locale),
        ("17.4", false, None,        Some("zh-yue-HK"),                     Elsewhere,     Locale),
        ("17.4", false, None,        Some("zh-cn"),                         MainlandChina, Locale),
        ("17.4", false, None,        Some("en_US@calendar=gregorian;rg=cnzzzz"), MainlandChina, Locale),
        ("17.4", false, None,        Some("zh-Hans-CN-u-rg-sgzzzz"),        Elsewhere,     Locale),
        ("17.4", false, None,        Some("zh-u-ca-chinese"),               Unknown,       Nothing),
        ("17.4", false, None,        None,               Unknown,       Nothing),
    ];
    for (ios, build, storefront, locale, place, source) in rows {
        let region = Region::of(version(ios), build, storefront, locale);
        assert_eq!(region, Region { place, source }, "{ios} {build} {storefront:?} {locale:?}");
    }
}

#[test]
fn the_users_switch_the_build_and_the_device_decide_too() {
    let app = Integration::default();
    let phone = on("17.4", ELSEWHERE);
    let without_voip = Rights { voip_background_mode: false, ..phone.rights };
    #[rustfmt::skip]
    let rows = [
        (Circumstances { switched_on: false, ..phone.clone() },             "-"),
        (Circumstances { rights: without_voip, ..phone.clone() },           "voip-background-mode"),
        (Circumstances { device: Device::Mac, ..phone.clone() },            "ios-app-on-mac-has-no-callkit"),
        (Circumstances { device: Device::Simulator, ..phone },              "simulator-has-no-callkit-activation"),
    ];
    for (facts, rule) in rows {
        // Not by LiveCommunicationKit either.
        for live_communication_kit in [UseLck::Never, UseLck::Always] {
            let app = Integration { live_communication_kit, ..app.clone() };
            let decision = app.decide(&facts);
            assert_eq!((decision.ui, against(&decision)), (IN_APP, vec![rule]));
        }
    }
}

#[test]
fn video_is_a_banner_where_the_app_wants_it_so() {
    let wechat = Integration { video: VideoCalls::Banner, ..Integration::default() };
    for (region, voice) in [(ELSEWHERE, CALLKIT), (CHINA, LCK)] {
        let call = on("17.4", region);
        let film = Circumstances { video: true, ..call.clone() };
        assert_eq!(wechat.decide(&call).ui, voice);
        let decision = wechat.decide(&film);
        assert_eq!((decision.ui, decision.owner), (IN_APP, Owner::App));
        assert_eq!(decision.reasons, [Reason::VideoAsBanner]);
        assert!(!decision.voip_pushes(), "a push that shows a banner is none to be reported");
        assert_eq!(Integration::default().decide(&film).ui, voice);
    }
}

#[test]
fn the_camera_goes_on_behind_another_app_by_version_and_right() {
    use BackgroundCamera::{GoesOn, GoesOnIfEnabled, Interrupted};
    #[rustfmt::skip]
    let rows = [
        // iOS,  voip, entitlement, linked, oldest, Stage Manager     camera, picture in picture
        ("13.4", true,  true,  "13", "12", false,  Interrupted,     false),
        ("13.5", true,  true,  "13", "12", false,  GoesOn,          false),
        ("13.5", false, true,  "13", "12", false,  Interrupted,     false),
        ("13.5", true,  false, "13", "12", false,  Interrupted,     false),
        ("14.8", true,  true,  "13", "12", false,  GoesOn,          false),
        ("15",   true,  true,  "13", "12", false,  GoesOn,          true),
        ("15",   true,  false, "18", "12", true,   Interrupted,     true),
        ("16",   true,  false, "16", "16", true,   GoesOnIfEnabled, true),
        ("16",   true,  false, "16", "15", true,   Interrupted,     true),
        ("16",   true,  true,  "16", "15", true,   GoesOn,          true),
        ("17.4", true,  false, "18", "16", false,  Interrupted,     true),
        ("18",   true,  false, "17", "16", false,  Interrupted,     true),
        ("18",   true,  false, "18", "16", false,  GoesOnIfEnabled, true),
        ("18",   false, false, "18", "16", false,  Interrupted,     true),
        ("18",   true,  true,  "17", "16", false,  GoesOn,          true),
    ];
    for (
        ios,
        voip_background_mode,
        multitasking_camera,
        linked,
        oldest,
        stage_manager,
        camera,
        pip,
    ) in rows
    {
        let rights = Rights {
            voip_background_mode,
            multitasking_camera,
            linked_against: version(linked),
            deployment_target: version(oldest),
            stage_manager,
        };
        let facts = Circumstances { rights, video: true, ..on(ios, ELSEWHERE) };
        let found = Integration::default().decide(&facts).camera.unwrap();
        assert_eq!(
            (found.in_background, found.picture_in_picture),
            (camera, pip),
            "{ios} {rights:?}"
        );
    }
    assert_eq!(Integration::default().decide(&on("18", ELSEWHERE)).camera, None, "a voice call");
}

#[test]
fn every_reason_says_something_and_names_a_rule_that_there_is() {
    // `against` would show a dash for an id that no rule has; these rows have one each.
    let app = Integration::default();
    let said = |facts: &Circumstances| {
        app.decide(facts).reasons.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        said(&on("16.2", CHINA)),
        [
            "the user has it switched on for this account",
            "the storefront says mainland China, where CallKit must not be active",
            "LiveCommunicationKit came with iOS 17.4, this is 16.2",
        ]
    );
    assert_eq!(
        said(&on("10", ELSEWHERE)),
        [
            "the user has it switched on for this account",
            "the storefront says that this is not mainland China",
        ]
    );
}

#[test]
fn the_decision_gives_the_session_its_owner_as_a_type() {
    use oncue_session::{Fresh, PlayAndRecord};
    let app = Integration::default();
    let OwnedAudio::System(_) = app.decide(&on("17.4", ELSEWHERE)).audio(NullPlatform) else {
        panic!("CallKit activates");
    };
    let OwnedAudio::App(mut audio) = app.decide(&on("16", CHINA)).audio(NullPlatform) else {
        panic!("nobody but the app activates");
    };
    // What only an app's own session has: this compiles.
    let configured = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat());
    assert_eq!(configured.unwrap().activate().unwrap().state(), State::Active);
}

/// What the app is asked to do by an answer, in the words that stories have: from the push to the fulfil and the
/// activation.
fn answered(centre: &mut Centre) -> Vec<String> {
    answered_as(centre, 42)
}

fn answered_as(centre: &mut Centre, call: u64) -> Vec<String> {
    let now = Duration::ZERO;
    let (from, name, video) = (Handle::generic("alice"), None, false);
    let mut told =
        VecDeque::from([Input::Signal(Signal::Invite { call: call.into(), from, name, video })]);
    let mut done = Vec::new();
    while let Some(input) = told.pop_front() {
        centre.handle(now, input);
        while let Some(output) = centre.poll_output() {
            match &output {
                Output::ReportIncoming { call, .. } => {
                    let (call, id) = (*call, Id::named("answer"));
                    let action = CallAction::Answer { call };
                    let (transaction, timeout) = (None, None);
                    told.push_back(Input::Reported { call, result: Ok(()) });
                    told.push_back(Input::Perform(Performed { id, action, transaction, timeout }));
                }
                Output::SetCategory(_) => told.push_back(Input::CategorySet(Ok(()))),
                Output::Send { call, message: Message::Accept, .. } => {
                    told.push_back(Input::Signal(Signal::Joined { call: call.clone() }));
                }
                Output::SetActive(true) => told.push_back(Input::ActiveSet(Ok(()))),
                _ => {}
            }
            done.push(output.to_string());
        }
    }
    done
}

fn centre(settings: Settings) -> Centre {
    let mut uuid = 0;
    let mut centre = Centre::new(settings, move || {
        uuid += 1;
        Id::new(uuid)
    });
    centre.handle(Duration::ZERO, Input::SignallingReady(true));
    while centre.poll_output().is_some() {}
    centre
}

/// Whether the app activates, and starts its audio by that; else it waits for the system.
fn activates(done: &[String]) -> bool {
    let does = |what: &str| done.iter().any(|done| done.starts_with(what));
    assert!(does("fulfill answer"), "{done:?}");
    assert_eq!(does("set-active true"), does("start-audio"), "{done:?}");
    does("set-active true")
}

#[test]
fn the_decision_says_who_activates_the_session_of_the_centre() {
    for lck_owner in [Owner::System, Owner::App] {
        let app = Integration { lck_owner, ..Integration::default() };
        let settings = |facts| Settings::default().decided(&app.decide(&facts));
        let china = answered(&mut centre(settings(on("17.4", CHINA))));
        assert_eq!(activates(&china), lck_owner == Owner::App);
        assert!(!activates(&answered(&mut centre(settings(on("17.4", ELSEWHERE))))), "CallKit");

        // Decided in a running process: the session is another owner's from the next call on.
        let mut centre =
            centre(settings(on("17.4", ELSEWHERE)).decided(&app.decide(&on("17.4", CHINA))));
        centre.handle(Duration::ZERO, Input::Decided(CALLKIT));
        while centre.poll_output().is_some() {}
        assert!(!activates(&answered(&mut centre)));
        let reason = oncue_session::EndedReason::RemoteEnded;
        centre.handle(Duration::ZERO, Input::Signal(Signal::Ended { call: 42.into(), reason }));
        centre.handle(Duration::ZERO, Input::Decided(LCK));
        while centre.poll_output().is_some() {}
        assert_eq!(centre.in_force(), LCK);
        centre.handle(Duration::ZERO, Input::DidDeactivate);
        while centre.poll_output().is_some() {}
        let again = answered_as(&mut centre, 43);
        assert_eq!(activates(&again), lck_owner == Owner::App);
    }
}

fn account() -> impl Strategy<Value = AppId> {
    prop_oneof![any::<u64>().prop_map(AppId::Number), ".{0,12}".prop_map(AppId::Text)]
}

proptest! {
    #[test]
    fn raising_the_share_removes_nobody(
        account in account(),
        name in "[a-z]{0,9}",
        from in 0.0..=100.0,
        to in 0.0..=100.0,
    ) {
        let includes = |percent| {
            let share = Share::percent(percent).unwrap();
            let roll_out = RollOut { name: name.clone(), share };
            let app = Integration { roll_out, ..Integration::default() };
            let facts = Circumstances { account: account.clone(), ..on("17.4", ELSEWHERE) };
            app.decide(&facts).ui == CALLKIT
        };
        let (low, high) = if from < to { (from, to) } else { (to, from) };
        prop_assert!(!includes(low) || includes(high), "{low} {high}");
        prop_assert!(!includes(0.0) && includes(100.0));
    }
}

#[test]
fn a_share_of_the_accounts_is_that_share() {
    // Numbers in a row, as servers give them out, and names. Five standard deviations of a fair draw are let pass.
    let accounts = 20_000_u64;
    let numbers: Vec<AppId> = (0..accounts).map(|id| AppId::Number(10_000 + id)).collect();
    let names: Vec<AppId> = (0..accounts).map(|id| AppId::Text(format!("user{id}"))).collect();
    for accounts in [numbers, names] {
        for percent in [0.0, 0.5, 1.0, 10.0, 50.0, 99.0, 100.0] {
            for name in ["callkit", "lck"] {
                let share = Share::percent(percent).unwrap();
                let roll_out = RollOut { name: name.into(), share };
                let inside = accounts.iter().filter(|it| roll_out.includes(it)).count();
                let found = 100.0 * inside as f64 / accounts.len() as f64;
                let deviation = (percent * (100.0 - percent) / accounts.len() as f64).sqrt();
                assert!(
                    (found - percent).abs() <= 5.0 * deviation,
                    "{name}: {found} for {percent}"
                );
            }
        }
    }
}

#[test]
fn a_place_in_a_roll_out_stays_in_every_version() {
    // Worked out apart from the crate, by the two published functions that the source names.
    let of = |name: &str, account: AppId| {
        RollOut { name: name.into(), share: Share::ALL }.place_of(&account).to_string()
    };
    let rows = [
        ("callkit", AppId::Number(10_001), "57.29 %"),
        ("lck", AppId::Number(10_001), "0.9 %"),
        ("callkit", AppId::Text("alice".into()), "42 %"),
        ("", AppId::Text(String::new()), "79.56 %"),
    ];
    for (name, account, place) in rows {
        assert_eq!(of(name, account.clone()), place, "{name} {account}");
    }
}

#[test]
fn shares_and_versions_are_read_or_refused() {
    assert_eq!(Share::percent(12.5).unwrap().to_string(), "12.5 %");
    assert_eq!(Share::percent(0.01).unwrap().to_string(), "0.01 %");
    assert!([-0.1, 100.1, f64::NAN].into_iter().all(|percent| Share::percent(percent).is_none()));
    let versions = ["6.6.2", "8.0.7", "8.0.55", "8.1"].map(|text| AppVersion::parse(text).unwrap());
    assert!(versions.is_sorted());
    assert_eq!(AppVersion::parse("8").unwrap(), AppVersion([8, 0, 0]));
    for wrong in ["", "8.", "8.0.7.1", "v8", "8.-1", "8.+1"] {
        assert_eq!(AppVersion::parse(wrong), None, "{wrong:?}");
    }
}
