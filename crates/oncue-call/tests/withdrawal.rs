//! CallKit is withdrawn from an app in use and comes back, as WeChat had it: out in 6.6.2 (May 2018), back for some from
//! 8.0.7 on (2021): what the policy decides, and what redials. What the centre does then stands in
//! `timelines/3.14-withdrawn.txt`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;

use oncue_call::integration::{
    AppVersion, CallUi, Circumstances, Device, Integration, Place, Region, RegionSource, Rights,
    RollOut, Share, UseLck, Withdrawal,
};
use oncue_call::{
    AppId, Ending, Handle, IdentityStore, MemoryStore, NewCall, PersonHandle, PersonHandleType,
    Settings, StartCallRequest,
};
use oncue_session::{Framework, Id, Owner, Version};
use std::time::SystemTime;
use story::{Driven, Player};

const CALLKIT: CallUi = CallUi::System(Framework::CallKit);

/// The account's place in the roll-out called "callkit" is 57.29 %.
const ACCOUNT: AppId = AppId::Number(10_001);

fn app_version(text: &str) -> AppVersion {
    AppVersion::parse(text).unwrap()
}

/// The app's policy: without CallKit from 6.6.2 until 8.0.7, and then for a share of the accounts.
fn wechat(percent: f64) -> Integration {
    let withdrawal = Withdrawal { from: app_version("6.6.2"), until: Some(app_version("8.0.7")) };
    Integration {
        roll_out: RollOut { name: "callkit".into(), share: Share::percent(percent).unwrap() },
        withdrawn: vec![withdrawal],
        live_communication_kit: UseLck::Never,
        ..Integration::default()
    }
}

/// A phone outside mainland China, in 2018: the withdrawal was for everybody.
fn phone(app: &str) -> Circumstances {
    let ios = Version { major: 11, minor: 4 };
    Circumstances {
        ios,
        app: app_version(app),
        device: Device::Phone,
        region: Region { place: Place::Elsewhere, source: RegionSource::Locale },
        account: ACCOUNT,
        switched_on: true,
        video: false,
        rights: Rights {
            voip_background_mode: true,
            multitasking_camera: false,
            linked_against: ios,
            deployment_target: ios,
            stage_manager: false,
        },
    }
}

#[test]
fn the_apps_own_version_decides() {
    #[rustfmt::skip]
    let rows = [
        ("6.5.22", 100.0, CALLKIT),
        ("6.6.1",  100.0, CALLKIT),
        ("6.6.2",  100.0, CallUi::InApp),
        ("7.0",    100.0, CallUi::InApp),
        ("8.0.6",  100.0, CallUi::InApp),
        ("8.0.7",  0.0,   CallUi::InApp),   // back, for nobody yet
        ("8.0.7",  57.29, CallUi::InApp),
        ("8.0.7",  57.30, CALLKIT),
        ("8.0.7",  100.0, CALLKIT),
    ];
    for (app, percent, ui) in rows {
        let decision = wechat(percent).decide(&phone(app));
        assert_eq!(decision.ui, ui, "{app} {percent}");
        assert_eq!(decision.owner == Owner::App, ui == CallUi::InApp);
    }
    let reasons = wechat(100.0).decide(&phone("6.6.2")).reasons;
    let said: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    let withdrawn =
        "version 6.6.2 of the app is without CallKit, as all are from 6.6.2 on until 8.0.7";
    assert!(said.contains(&withdrawn.to_owned()), "{said:?}");
}

#[test]
fn an_old_entry_of_recents_is_redialled_in_the_app() {
    // A call under CallKit, in 6.6.1.
    assert_eq!(wechat(100.0).decide(&phone("6.6.1")).ui, CALLKIT);
    let mut store = MemoryStore::new();
    let call = NewCall {
        uuid: Id::named("A"),
        peer: "wxid_alice".into(),
        handle: Handle::generic("h-77"),
        outgoing: false,
        video: false,
        in_recents: true,
        at: SystemTime::UNIX_EPOCH,
    };
    store.begin(&call).unwrap();
    store.end(call.uuid, SystemTime::UNIX_EPOCH, Ending::Local).unwrap();

    // 5, 6: the update; the user taps the entry of before, as the phone's Recents hand it over.
    let person = PersonHandle { kind: PersonHandleType::Unknown, value: Some("h-77".into()) };
    let redial = StartCallRequest::Audio(vec![person.into()]).redial(&store).unwrap();
    // 7: the peer is known, and dialled in the app, which owns the session.
    assert_eq!(redial.peer, call.peer);
    let decision = wechat(100.0).decide(&phone("6.6.2"));
    assert!(!decision.starts_by_transaction());
    assert_eq!(decision.owner, Owner::App);
}

/// In a running process: a centre and what rings in the app, side by side, each with a guard of its own, since one has the call
/// system's session and the other the app's. What is told to which is what an app does.
#[test]
fn in_a_running_process_the_next_call_is_the_apps_and_the_one_after_the_return_the_call_systems() {
    let mut system = Player::new(Settings::default(), true);
    let mut app = Player::new(Settings::default(), false);
    system.launch();
    app.launch();
    let tell = |player: &mut Player, words: &[&str]| {
        words.iter().for_each(|words| player.happens(words));
        assert!(player.found().is_empty());
        player.out.drain(..).collect::<Vec<_>>()
    };
    let in_force = |player: &Player| match &player.centre {
        Driven::Centre(centre) => centre.in_force(),
        Driven::InApp(_) => CallUi::InApp,
    };

    // The call that is live finishes as it began.
    let answers = ["perform a1 answer A", "category-set", "did-activate", "audio-started"];
    tell(&mut system, &["invite 42 from alice", "reported A"]);
    tell(&mut system, &answers);
    assert_eq!(tell(&mut system, &["decided in-app"]), ["stop-pushes"]);
    assert_eq!(in_force(&system), CALLKIT);
    let done = tell(&mut system, &["ended 42 remote-ended", "did-deactivate"]);
    assert!(done.contains(&"invalidate-provider provider-1".to_owned()), "{done:?}");
    assert_eq!(in_force(&system), CallUi::InApp);

    // A push to the old token is reported to the system and ended there; the call itself rings in the app.
    let done = tell(&mut system, &["push p1 7 from bob", "reported B"]);
    assert_eq!(done.first().unwrap(), "ring-in-app 7 bob");
    assert!(done.contains(&"report-incoming B bob".to_owned()), "{done:?}");
    assert!(done.contains(&"report-ended B failed".to_owned()), "{done:?}");
    let done = tell(&mut app, &["invite 7 from bob", "user answers 7", "category-set"]);
    assert_eq!(done.last().unwrap(), "set-active true");
    let done = tell(&mut app, &["active-set"]);
    assert_eq!(done, ["send 7 accept", "prefer-no-alerts", "start-audio unit-1"]);

    // What was decided meanwhile waits until the app's own call is over.
    let done = tell(&mut app, &["audio-started", "user ends 7"]);
    assert!(done.contains(&"set-active false".to_owned()), "{done:?}");
    let done = tell(&mut system, &["decided callkit"]);
    assert_eq!(done, ["create-provider provider-3", "register-for-pushes"]);
    assert_eq!(in_force(&system), CALLKIT);
    let done = tell(&mut system, &["push p2 8 from carol", "reported C"]);
    assert_eq!(done[1..], ["report-incoming C carol", "complete-push p2"]);
}
