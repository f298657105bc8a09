//! CallKit is withdrawn from an app in use and comes back, as WeChat had it: out in 6.6.2 (May 2018), back for some from
//! 8.0.7 on (2021). Read beside the rule book's §3.14, whose steps the comments number.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::integration::{
    AppVersion, CallUi, Change, Circumstances, Device, InForce, Integration, Place, PushAnswer,
    Region, RegionSource, Rights, RollOut, Share, UseLck, Withdrawal,
};
use oncue_call::{
    AppId, Ending, Handle, IdentityStore, MemoryStore, NewCall, PersonHandle, PersonHandleType,
    StartCallRequest,
};
use oncue_session::{Framework, Id, Owner, Version};
use std::time::SystemTime;

const CALLKIT: CallUi = CallUi::System(Framework::CallKit);
const LCK: CallUi = CallUi::System(Framework::LiveCommunicationKit);

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
fn a_live_call_finishes_before_the_provider_goes() {
    let mut in_force = InForce::at_launch(CALLKIT);
    in_force.call_began();
    in_force.call_began();
    // 1, 3: the remote switch; VoIP pushes stop at once.
    assert_eq!(in_force.decide(CallUi::InApp), [Change::StopVoipPushes]);
    // 2: the live calls keep what they began with, and so does one that begins meanwhile.
    assert_eq!(in_force.now(), CALLKIT);
    in_force.call_began();
    assert_eq!(in_force.call_ended(), []);
    assert_eq!(in_force.call_ended(), []);
    // 4: a push to the old token, while the provider is there.
    let ios = Version { major: 13, minor: 0 };
    assert_eq!(in_force.on_voip_push(ios), PushAnswer::Report(Framework::CallKit));
    assert_eq!(in_force.call_ended(), [Change::InvalidateProvider(Framework::CallKit)]);
    assert_eq!(in_force.now(), CallUi::InApp);
    // 4: and once it is gone: killed without a report from iOS 13 on.
    assert_eq!(in_force.on_voip_push(ios), PushAnswer::ReportAndEnd);
    assert_eq!(in_force.on_voip_push(Version { major: 12, minor: 4 }), PushAnswer::Notify);
    assert_eq!(in_force.decide(CallUi::InApp), [], "said again");
}

#[test]
fn it_comes_back_with_a_new_provider_and_then_with_pushes() {
    let mut in_force = InForce::at_launch(CallUi::InApp);
    in_force.call_began();
    assert_eq!(in_force.decide(CALLKIT), [], "a call in the app goes on");
    // 8
    let back = [Change::MakeProvider(Framework::CallKit), Change::StartVoipPushes];
    assert_eq!(in_force.call_ended(), back);
    let other = [
        Change::InvalidateProvider(Framework::CallKit),
        Change::MakeProvider(Framework::LiveCommunicationKit),
    ];
    assert_eq!(in_force.decide(LCK), other, "one at a time; pushes go on");
}

#[test]
fn a_withdrawal_that_is_taken_back_in_a_call_changes_nothing_but_the_pushes() {
    let mut in_force = InForce::at_launch(CALLKIT);
    in_force.call_began();
    assert_eq!(in_force.decide(CallUi::InApp), [Change::StopVoipPushes]);
    assert_eq!(in_force.decide(CALLKIT), [Change::StartVoipPushes]);
    assert_eq!(in_force.call_ended(), []);
    assert_eq!(in_force.now(), CALLKIT);
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
    let redial = StartCallRequest::Audio(vec![person]).redial(&store).unwrap();
    // 7: the peer is known, and dialled in the app, which owns the session.
    assert_eq!(redial.peer, call.peer);
    let decision = wechat(100.0).decide(&phone("6.6.2"));
    assert!(!decision.starts_by_transaction());
    assert_eq!(decision.owner, Owner::App);
}
