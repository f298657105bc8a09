//! Hosts and devices: what there is, which one a name means, and in which format it can be used.
//!
//! Everything here may block in an audio server, so it runs on a device thread with a deadline.

use crate::callback::FORMATS;
use crate::errand::with_deadline;
use crate::error::{DeviceError, Direction, OpenError, Operation};
use crate::libjack;
use crate::settings::{Clocks, DuplexSettings, FRAMES_PER_SECOND};
use crate::stats::StreamFormat;
use core::fmt;
use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{BufferSize, HostId, SampleFormat, SupportedBufferSize, SupportedStreamConfigRange};

/// Where devices come from.
pub enum HostSource {
    /// The platform's default host.
    Default,
    /// A host by its name, in any case: one of [`hosts`].
    Named(String),
    /// A host that the caller makes, such as a virtual sound card; called on a thread of the engine, and again when
    /// the host is connected to anew.
    Made(Box<dyn Fn() -> cpal::Host + Send + Sync>),
}

impl fmt::Debug for HostSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("Default"),
            Self::Named(name) => f.debug_tuple("Named").field(name).finish(),
            Self::Made(_) => f.write_str("Made"),
        }
    }
}

/// A host that this build knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostInfo {
    /// Its name, in lower case.
    pub name: String,
    /// Whether it can be tried here. Some hosts say so without having a server or a device.
    pub available: bool,
}

/// A device and what it supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The host's own name for it, stable where the host's names are.
    pub id: String,
    /// The name that people read. A device is chosen by its id or its name, whole, or by a part of one in any case
    /// that no other device has.
    pub name: String,
    /// What it captures; empty if it does not.
    pub capture: Vec<Support>,
    /// What it plays; empty if it does not.
    pub playback: Vec<Support>,
    /// Whether it is the host's default for capture.
    pub default_capture: bool,
    /// Whether it is the host's default for playback.
    pub default_playback: bool,
}

/// A range of configurations that a device supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Lowest and highest rate, in Hz.
    pub rate: (u32, u32),
    /// Channels.
    pub channels: u16,
    /// Sample format.
    pub format: SampleFormat,
    /// Smallest and largest period, in frames; `None` if the device does not say.
    pub period: Option<(u32, u32)>,
}

impl From<SupportedStreamConfigRange> for Support {
    fn from(range: SupportedStreamConfigRange) -> Self {
        Self {
            rate: (range.min_sample_rate(), range.max_sample_rate()),
            channels: range.channels(),
            format: range.sample_format(),
            period: match range.buffer_size() {
                SupportedBufferSize::Range { min, max } => Some((*min, *max)),
                SupportedBufferSize::Unknown => None,
            },
        }
    }
}

/// The hosts that this build knows.
///
/// # Errors
/// [`DeviceError::TimedOut`] if a host does not even say within `deadline` whether it is there.
pub fn hosts(deadline: Duration) -> Result<Vec<HostInfo>, DeviceError> {
    with_deadline(Operation::List, deadline, || {
        let available = cpal::available_hosts();
        named_hosts()
            .map(|id| HostInfo { name: id.to_string(), available: available.contains(&id) })
            .collect()
    })
}

/// The devices of a host.
///
/// # Errors
/// The host is unknown, unavailable, or does not answer within `deadline`.
pub fn devices(source: HostSource, deadline: Duration) -> Result<Vec<DeviceInfo>, OpenError> {
    with_deadline(Operation::List, deadline, move || {
        let host = connect(&source)?;
        let default_capture = host.default_input_device().and_then(|device| device.id().ok());
        let default_playback = host.default_output_device().and_then(|device| device.id().ok());
        let listed = all(&host)?.into_iter().map(|device| {
            let id = device.id().ok();
            let is = |default: &Option<cpal::DeviceId>| id.is_some() && *default == id;
            // PulseAudio and JACK have ids that a source and a sink may share.
            let (capture, playback) =
                (support(&device, Direction::Capture), support(&device, Direction::Playback));
            DeviceInfo {
                default_capture: !capture.is_empty() && is(&default_capture),
                default_playback: !playback.is_empty() && is(&default_playback),
                id: id.map_or_else(String::new, |id| id.id().to_owned()),
                name: name(&device),
                capture: capture.into_iter().map(Support::from).collect(),
                playback: playback.into_iter().map(Support::from).collect(),
            }
        });
        Ok(listed.collect())
    })?
}

/// Connects to a host.
pub(crate) fn connect(source: &HostSource) -> Result<cpal::Host, OpenError> {
    let named = match source {
        HostSource::Default => return Ok(cpal::default_host()),
        HostSource::Made(make) => return Ok(make()),
        HostSource::Named(named) => named,
    };
    let id = HostId::from_str(named).ok().filter(|id| named_hosts().any(|known| known == *id));
    let Some(id) = id else {
        return Err(OpenError::UnknownHost {
            asked: named.clone(),
            available: named_hosts().map(|id| id.to_string()).collect(),
        });
    };
    if libjack::is(id) {
        libjack::may_connect()?;
    }
    silence_backends();
    Ok(cpal::host_from_id(id).map_err(|error| refused(Operation::OpenHost, error))?)
}

/// Keeps alsa-lib (on this thread) and libjack (in this process) from writing to stderr what cpal returns as an error.
fn silence_backends() {
    // Without the handler, errors are only said twice.
    #[cfg(target_os = "linux")]
    let _ = alsa::Output::local_error_handler();
    #[cfg(feature = "jack")]
    if jack::jack_sys::library().is_ok() {
        jack::set_logger(jack::LoggerType::None);
    }
}

/// The hosts that have a name: cpal's `custom` host is one that the caller makes.
fn named_hosts() -> impl Iterator<Item = HostId> {
    cpal::ALL_HOSTS.iter().copied().filter(|id| *id != HostId::Custom)
}

pub(crate) fn refused(operation: Operation, error: cpal::Error) -> DeviceError {
    DeviceError::Refused { operation, error }
}

fn all(host: &cpal::Host) -> Result<Vec<cpal::Device>, DeviceError> {
    Ok(host.devices().map_err(|error| refused(Operation::List, error))?.collect())
}

fn name(device: &cpal::Device) -> String {
    device
        .description()
        .map_or_else(|_| "unnamed".into(), |description| description.name().to_owned())
}

fn support(device: &cpal::Device, direction: Direction) -> Vec<SupportedStreamConfigRange> {
    // A device that cannot say what it supports in a direction does not support it.
    match direction {
        Direction::Capture => {
            device.supported_input_configs().map(Iterator::collect).unwrap_or_default()
        }
        Direction::Playback => {
            device.supported_output_configs().map(Iterator::collect).unwrap_or_default()
        }
    }
}

/// A device with the format in which a direction of it is to be used.
pub(crate) struct Chosen {
    pub(crate) device: cpal::Device,
    pub(crate) config: cpal::StreamConfig,
    pub(crate) format: StreamFormat,
}

impl Chosen {
    /// Finds the device of one direction, and the format to use it in.
    pub(crate) fn find(
        host: &cpal::Host,
        direction: Direction,
        settings: &DuplexSettings,
    ) -> Result<Self, OpenError> {
        let asked = match direction {
            Direction::Capture => settings.capture_device.as_deref(),
            Direction::Playback => settings.playback_device.as_deref(),
        };
        let device = match asked {
            Some(asked) => by_name(host, direction, asked)?,
            None => match direction {
                Direction::Capture => host.default_input_device(),
                Direction::Playback => host.default_output_device(),
            }
            // ALSA has a default device without any card; it supports nothing.
            .filter(|device| !support(device, direction).is_empty())
            .ok_or_else(|| no_device(host, direction, "default"))?,
        };
        let (range, rate) = best(&device, direction, settings)?;
        let config = cpal::StreamConfig {
            channels: range.channels(),
            sample_rate: rate,
            buffer_size: buffer_size(host, &device, direction, settings, &range, rate)?,
        };
        let format = StreamFormat {
            device: name(&device),
            rate,
            channels: range.channels(),
            format: range.sample_format(),
        };
        Ok(Self { device, config, format })
    }
}

/// The one device that `asked` means: by its whole id or name, else by a part that only one device has.
fn by_name(
    host: &cpal::Host,
    direction: Direction,
    asked: &str,
) -> Result<cpal::Device, OpenError> {
    let lower = asked.to_lowercase();
    let mut whole = Vec::new();
    let mut partly = Vec::new();
    for device in all(host)? {
        let names = names(&device);
        if names.iter().any(|name| name == asked) {
            whole.push(device);
        } else if names.iter().any(|name| name.to_lowercase().contains(&lower)) {
            partly.push(device);
        }
    }
    for mut matching in [whole, partly] {
        matching.retain(|device| !support(device, direction).is_empty());
        if matching.len() > 1 {
            let matching = matching.iter().map(shown).collect();
            return Err(OpenError::AmbiguousDevice {
                direction,
                asked: asked.to_owned(),
                matching,
            });
        }
        if let Some(device) = matching.pop() {
            return Ok(device);
        }
    }
    Err(no_device(host, direction, asked))
}

fn names(device: &cpal::Device) -> Vec<String> {
    let id = device.id().ok();
    let ids = id.iter().flat_map(|id| [id.id().to_owned(), id.to_string()]);
    ids.chain([name(device)]).collect()
}

/// The device as an error shows it: by its id, and by its name if that is another.
fn shown(device: &cpal::Device) -> String {
    let name = name(device);
    match device.id() {
        Ok(id) if id.id() != name => format!("{} ({name})", id.id()),
        _ => name,
    }
}

fn no_device(host: &cpal::Host, direction: Direction, asked: &str) -> OpenError {
    let mut available = all(host).unwrap_or_default();
    available.retain(|device| !support(device, direction).is_empty());
    OpenError::NoDevice {
        direction,
        asked: asked.to_owned(),
        available: available.iter().map(shown).collect(),
    }
}

/// Rates of devices that are resampled where they do not have the engine's, in Hz.
const CONVERTED: RangeInclusive<u32> = 8_000..=192_000;

/// Whether both directions run on one clock.
pub(crate) fn one_clock(
    host: &cpal::Host,
    capture: &Chosen,
    playback: &Chosen,
    clocks: Clocks,
) -> bool {
    match clocks {
        Clocks::One => true,
        Clocks::Two => false,
        Clocks::Auto => {
            let id = |chosen: &Chosen| chosen.device.id().ok().map(|id| id.id().to_owned());
            matches!(host.id().to_string().as_str(), "jack" | "pipewire")
                || match (id(capture), id(playback)) {
                    (Some(capture), Some(playback)) => {
                        // PulseAudio's name for what a sink plays.
                        capture == playback || capture.strip_suffix(".monitor") == Some(&playback)
                    }
                    // A host that gives no ids has one device, or none that could be told from another.
                    _ => true,
                }
        }
    }
}

/// The configuration to use, and its rate: the engine's own rate if the device has it, else the nearest above it, else
/// the highest; then the device's own number of channels if it can be had, so that no server mixes channels; then the
/// fewest; then the best format.
fn best(
    device: &cpal::Device,
    direction: Direction,
    settings: &DuplexSettings,
) -> Result<(SupportedStreamConfigRange, u32), OpenError> {
    let rate = settings.rate;
    let default = match direction {
        Direction::Capture => device.default_input_config(),
        Direction::Playback => device.default_output_config(),
    };
    let own = default.map(|config| config.channels()).ok();
    let supported = support(device, direction);
    supported
        .iter()
        .filter(|range| range.channels() > 0)
        .filter_map(|range| {
            let quality = FORMATS.iter().position(|format| *format == range.sample_format())?;
            let near = rate.max(range.min_sample_rate()).min(range.max_sample_rate());
            // A resampler would be heard of in what is measured, and so is not used where it is ruled out.
            let fits = near == rate || settings.clocks != Clocks::One && CONVERTED.contains(&near);
            let far = (near < rate, near.abs_diff(rate));
            let key = (far, own != Some(range.channels()), range.channels(), quality);
            fits.then_some((key, (*range, near)))
        })
        .min_by_key(|(key, _)| *key)
        .map(|(_, found)| found)
        .ok_or_else(|| {
            let mut available: Vec<String> = supported
                .iter()
                .map(|range| match (range.min_sample_rate(), range.max_sample_rate()) {
                    (min, max) if min == max => format!("{min} Hz {}", range.sample_format()),
                    (min, max) => format!("{min} to {max} Hz {}", range.sample_format()),
                })
                .collect();
            available.sort();
            available.dedup();
            OpenError::UnsupportedRate { direction, device: name(device), rate, available }
        })
}

fn buffer_size(
    host: &cpal::Host,
    device: &cpal::Device,
    direction: Direction,
    settings: &DuplexSettings,
    range: &SupportedStreamConfigRange,
    rate: u32,
) -> Result<BufferSize, OpenError> {
    let host = host.id().to_string();
    let Some(period) = settings.period else {
        // PulseAudio's own default is a buffer of 2 s.
        let ten_ms = rate / FRAMES_PER_SECOND;
        return Ok(if host == "pulseaudio" {
            BufferSize::Fixed(ten_ms)
        } else {
            BufferSize::Default
        });
    };
    if let SupportedBufferSize::Range { min, max } = *range.buffer_size()
        && !(min..=max).contains(&period)
    {
        return Err(OpenError::UnsupportedPeriod {
            direction,
            device: name(device),
            period,
            min,
            max,
        });
    }
    // JACK has the one period of its server, and takes no other word for it than none.
    Ok(if host == "jack" { BufferSize::Default } else { BufferSize::Fixed(period) })
}
