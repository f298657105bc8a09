//! What can be opened, how devices are named, and what an error says of what there is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;

use core::time::Duration;
use cpal::{BufferSize, SampleFormat, SupportedBufferSize, SupportedStreamConfigRange};
use oncue_duplex::{Clocks, Duplex, DuplexSettings, HostSource, OpenError, devices, hosts};
use oncue_session::Engine;
use puppet::{Puppet, range, source};

const LONG: Duration = Duration::from_secs(60);

fn headset() -> Puppet {
    Puppet { id: "usb.headset", name: "USB Headset", ..Puppet::new(2, SampleFormat::I16) }
}

fn webcam() -> Puppet {
    Puppet {
        id: "usb.webcam",
        name: "USB Webcam",
        playback: vec![],
        ..Puppet::new(1, SampleFormat::F32)
    }
}

fn office() -> Vec<Puppet> {
    let speaker =
        Puppet { id: "hdmi", name: "HDMI", capture: vec![], ..Puppet::new(8, SampleFormat::F32) };
    vec![speaker, headset(), webcam()]
}

fn open(puppets: Vec<Puppet>, settings: DuplexSettings) -> Result<Duplex, OpenError> {
    Duplex::open(source(puppets), settings).map(|(duplex, _)| duplex)
}

fn named(playback: &str, capture: &str) -> DuplexSettings {
    DuplexSettings {
        playback_device: Some(playback.into()),
        capture_device: Some(capture.into()),
        ..DuplexSettings::default()
    }
}

#[test]
fn devices_are_found_by_id_by_name_or_by_a_part_that_only_one_has() {
    for (playback, capture, found) in [
        ("hdmi", "usb.webcam", ("HDMI", "USB Webcam")),
        ("USB Headset", "USB Headset", ("USB Headset", "USB Headset")),
        ("HEAD", "webc", ("USB Headset", "USB Webcam")),
        ("custom:hdmi", "custom:usb.headset", ("HDMI", "USB Headset")),
        ("usb", "headset", ("USB Headset", "USB Headset")), // only one of the two plays
    ] {
        let stats = open(office(), named(playback, capture)).unwrap().stats();
        assert_eq!(
            (&*stats.playback.stream.format.device, &*stats.capture.stream.format.device),
            found
        );
    }
    let stats = open(office(), DuplexSettings::default()).unwrap().stats();
    assert_eq!(stats.playback.stream.format.device, "HDMI");
    assert_eq!(stats.capture.stream.format.device, "USB Headset");
}

#[test]
fn a_name_that_does_not_fit_gets_the_list_of_what_there_is() {
    let error = |settings| open(office(), settings).unwrap_err().to_string();
    assert_eq!(
        error(named("hdmi", "hdmi")),
        "no capture device \"hdmi\"; there are: usb.headset (USB Headset), usb.webcam (USB Webcam)"
    );
    assert_eq!(
        error(named("nothing", "usb.webcam")),
        "no playback device \"nothing\"; there are: hdmi (HDMI), usb.headset (USB Headset)"
    );
    assert_eq!(
        error(named("hdmi", "usb")),
        "capture device \"usb\" could be any of: usb.headset (USB Headset), usb.webcam (USB Webcam); \
         use one whole name"
    );
    assert_eq!(
        open(vec![webcam()], DuplexSettings::default()).unwrap_err().to_string(),
        "no playback device \"default\"; there is none"
    );
}

#[test]
fn an_unknown_host_gets_the_list_of_what_this_build_has() {
    let source = HostSource::Named("virtual".into());
    let error = Duplex::open(source, DuplexSettings::default()).unwrap_err();
    let known: Vec<String> = hosts(LONG).unwrap().into_iter().map(|host| host.name).collect();
    assert!(!known.contains(&"custom".into()));
    assert_eq!(error, OpenError::UnknownHost { asked: "virtual".into(), available: known });
}

#[test]
fn a_rate_that_the_device_does_not_run_at_is_refused_with_those_it_does() {
    let error = open(
        vec![headset()],
        DuplexSettings { rate: 96_000, clocks: Clocks::One, ..DuplexSettings::default() },
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "playback device \"USB Headset\" does not run at 96000 Hz; it supports: 8000 to 48000 Hz i16"
    );
    let odd = Puppet { playback: vec![range(2, SampleFormat::U8)], ..headset() };
    let error = open(vec![odd], DuplexSettings::default()).unwrap_err();
    assert!(matches!(error, OpenError::UnsupportedRate { .. }), "no format in common: {error}");
}

#[test]
fn settings_are_checked_before_any_device() {
    let error = Duplex::open(
        HostSource::Made(Box::new(|| panic!("no host is asked"))),
        DuplexSettings { rate: 44_150, ..DuplexSettings::default() },
    )
    .unwrap_err();
    assert!(matches!(error, OpenError::Settings(_)));
}

#[test]
fn a_period_out_of_range_names_the_range() {
    let period = |period| DuplexSettings { period: Some(period), ..DuplexSettings::default() };
    let error = open(vec![headset()], period(9600)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "playback device \"USB Headset\" does not run with a period of 9600 frames; use 16 to 4800"
    );
    // As JACK says it, whose server has one period for all.
    let only = SupportedBufferSize::Range { min: 128, max: 128 };
    let jack = Puppet {
        playback: vec![SupportedStreamConfigRange::new(1, 48_000, 48_000, only, SampleFormat::F32)],
        ..headset()
    };
    let error = open(vec![jack], period(64)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "playback device \"USB Headset\" does not run with a period of 64 frames; the server's is 128: use that or none"
    );
}

#[test]
fn the_device_s_own_channels_and_the_best_format_are_chosen() {
    let mixed = Puppet {
        playback: vec![
            range(2, SampleFormat::I16),
            range(1, SampleFormat::F32),
            range(2, SampleFormat::F32),
        ],
        ..headset()
    };
    let mut duplex =
        open(vec![mixed.clone()], DuplexSettings { period: Some(64), ..DuplexSettings::default() })
            .unwrap();
    let format = duplex.stats().playback.stream.format;
    assert_eq!((format.channels, format.format), (2, SampleFormat::F32));
    assert_eq!(duplex.stats().playback.stream.granted, None);
    duplex.prepare().unwrap();
    duplex.prepare().unwrap();
    let configs = mixed.strings.lock().unwrap().configs.clone();
    assert_eq!(configs.len(), 2, "preparing again builds nothing");
    assert!(configs.iter().all(|config| config.buffer_size == BufferSize::Fixed(64)));
    assert_eq!(duplex.stats().playback.stream.granted, Some(480));
}

#[test]
fn devices_are_listed_with_what_they_support() {
    let listed = devices(source(office()), LONG).unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|d| {
            (
                &*d.id,
                &*d.name,
                d.capture.len(),
                d.playback.len(),
                d.default_capture,
                d.default_playback,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("hdmi", "HDMI", 0, 1, false, true),
            ("usb.headset", "USB Headset", 1, 1, true, false),
            ("usb.webcam", "USB Webcam", 1, 0, false, false),
        ]
    );
    let support = listed[1].playback[0];
    assert_eq!(
        (support.rate, support.channels, support.period),
        ((8_000, 48_000), 2, Some((16, 4_800)))
    );
}

#[test]
fn a_host_that_does_not_answer_is_an_error() {
    let hang = || {
        std::thread::park();
        unreachable!("nobody unparks it")
    };
    let error = devices(HostSource::Made(Box::new(hang)), Duration::from_millis(20)).unwrap_err();
    assert!(error.to_string().starts_with("listing devices took longer than 20ms"), "{error}");
}
