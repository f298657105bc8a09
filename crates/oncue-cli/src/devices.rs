//! `oncue devices`: hosts and devices with what they support.

use crate::args::{Devices, VIRTUAL};
use crate::loopback::CannotRun;
use oncue_card::{Card, CardSettings};
use oncue_duplex::{DeviceInfo, HostSource, OpenError, Support, devices, hosts};
use serde::Serialize;
use std::time::Duration;

/// How long a host may take to list its devices.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize)]
struct Host {
    host: String,
    devices: Vec<Device>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Device {
    id: String,
    name: String,
    default_playback: bool,
    default_capture: bool,
    playback: Vec<Configurations>,
    capture: Vec<Configurations>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Configurations {
    rates_hz: (u32, u32),
    channels: u16,
    format: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_frames: Option<(u32, u32)>,
}

/// Prints them; the exit code: 0, or 3 if the one host that was asked for cannot list.
///
/// # Errors
/// No such host, or no list of hosts.
pub(crate) fn run(args: &Devices) -> Result<u8, CannotRun> {
    let mut names: Vec<_> = hosts(DEADLINE)?.into_iter().map(|host| host.name).collect();
    names.insert(0, VIRTUAL.to_owned());
    if let Some(asked) = &args.host {
        let available = names.iter().filter(|name| *name != VIRTUAL).cloned().collect();
        names.retain(|name| name.eq_ignore_ascii_case(asked));
        if names.is_empty() {
            return Err(OpenError::UnknownHost { asked: asked.clone(), available }.into());
        }
    }
    let hosts: Vec<_> = names.into_iter().map(list).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&hosts)?);
    } else {
        hosts.iter().for_each(print);
    }
    let alone_and_failed = args.host.is_some() && hosts.iter().any(|host| host.error.is_some());
    Ok(if alone_and_failed { 3 } else { 0 })
}

fn list(host: String) -> Host {
    let source = if host == VIRTUAL {
        match Card::new(CardSettings::default()) {
            Ok(card) => HostSource::Made(Box::new(move || card.host())),
            Err(error) => {
                return Host { host, devices: Vec::new(), error: Some(error.to_string()) };
            }
        }
    } else {
        HostSource::Named(host.clone())
    };
    match devices(source, DEADLINE) {
        Ok(found) => {
            Host { host, devices: found.into_iter().map(Device::from).collect(), error: None }
        }
        Err(error) => Host { host, devices: Vec::new(), error: Some(error.to_string()) },
    }
}

impl From<DeviceInfo> for Device {
    fn from(info: DeviceInfo) -> Self {
        Self {
            id: info.id,
            name: info.name,
            default_playback: info.default_playback,
            default_capture: info.default_capture,
            playback: configurations(info.playback),
            capture: configurations(info.capture),
        }
    }
}

fn configurations(supports: Vec<Support>) -> Vec<Configurations> {
    let mut configurations: Vec<_> = supports
        .into_iter()
        .map(|support| Configurations {
            rates_hz: support.rate,
            channels: support.channels,
            format: support.format.to_string(),
            period_frames: support.period,
        })
        .collect();
    configurations.dedup();
    configurations
}

fn print(host: &Host) {
    println!("{}", host.host);
    if let Some(error) = &host.error {
        println!("  {error}");
    } else if host.devices.is_empty() {
        println!("  no device");
    }
    for device in &host.devices {
        let defaults = match (device.default_playback, device.default_capture) {
            (true, true) => " (default)",
            (true, false) => " (default playback)",
            (false, true) => " (default capture)",
            (false, false) => "",
        };
        println!("  {}{defaults}", device.name);
        for (direction, configurations) in
            [("playback", &device.playback), ("capture", &device.capture)]
        {
            if let Some(line) = summary(configurations) {
                println!("    {direction:<9}{line}");
            }
        }
    }
}

/// Rates, channels, formats and periods of a direction in one line; nothing if it has none.
fn summary(configurations: &[Configurations]) -> Option<String> {
    let span = |values: &mut dyn Iterator<Item = (u32, u32)>| {
        let (min, max) = values.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        Some(if min == max { min.to_string() } else { format!("{min} to {max}") })
    };
    let rates = span(&mut configurations.iter().map(|c| c.rates_hz))?;
    let channels =
        span(&mut configurations.iter().map(|c| (c.channels.into(), c.channels.into())))?;
    let mut formats: Vec<_> = configurations.iter().map(|c| c.format.as_str()).collect();
    formats.sort_unstable();
    formats.dedup();
    let periods = span(&mut configurations.iter().filter_map(|c| c.period_frames));
    let periods = periods.map_or_else(String::new, |periods| format!(", period {periods} frames"));
    Some(format!("{rates} Hz, {channels} channels, {}{periods}", formats.join(" ")))
}
