//! The card as cpal sees it: host, device and streams, and what configurations they agree to.

use core::{fmt, hash, time::Duration};
use std::{sync::Arc, vec};

use cpal::{
    BufferSize, Data, DeviceDescription, DeviceDescriptionBuilder, DeviceDirection, DeviceId,
    DeviceType, Error, ErrorKind, FrameCount, HostId, InputCallbackInfo, InterfaceType,
    OutputCallbackInfo, SampleFormat, StreamConfig, StreamInstant, SupportedBufferSize,
    SupportedStreamConfig, SupportedStreamConfigRange,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

use crate::{
    buffer::{Buffer, FORMATS},
    card::Shared,
    fault::{Call, Direction},
    settings::{CHANNELS, PERIODS, RATES},
    signal::{Signal, Stream},
};

const NAME: &str = "Virtual duplex card";
const ID: &str = "virtual-duplex";
/// The card as another device.
const OTHER_NAME: &str = "Virtual headset";
const OTHER_ID: &str = "virtual-headset";
/// Channels of the default configurations.
const DEFAULT_CHANNELS: u16 = 2;

pub(crate) struct CardHost(pub(crate) Arc<Shared>);

impl CardHost {
    fn device(&self, other: bool) -> Option<CardDevice> {
        let device = CardDevice { shared: Arc::clone(&self.0), other };
        device.plugged_in().is_ok().then_some(device)
    }

    fn default(&self) -> Option<CardDevice> {
        let other = self.0.schedule().other_default;
        self.device(other)
    }
}

impl HostTrait for CardHost {
    type Devices = vec::IntoIter<CardDevice>;
    type Device = CardDevice;

    fn is_available() -> bool {
        true
    }

    fn devices(&self) -> Result<Self::Devices, Error> {
        let devices: Vec<_> =
            [false, true].into_iter().filter_map(|other| self.device(other)).collect();
        Ok(devices.into_iter())
    }

    fn default_input_device(&self) -> Option<CardDevice> {
        self.default()
    }

    fn default_output_device(&self) -> Option<CardDevice> {
        self.default()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CardDevice {
    shared: Arc<Shared>,
    /// Whether this is the card as another device.
    other: bool,
}

impl CardDevice {
    fn plugged_in(&self) -> Result<(), Error> {
        let schedule = self.shared.schedule();
        if schedule.unplugged || (self.other && !schedule.other_default) {
            return Err(ErrorKind::DeviceNotAvailable.into());
        }
        Ok(())
    }

    fn supported(&self) -> Result<vec::IntoIter<SupportedStreamConfigRange>, Error> {
        self.plugged_in()?;
        let (only, only_format) = {
            let schedule = self.shared.schedule();
            (schedule.only, schedule.only_format)
        };
        let (rates, periods) = match only {
            Some((rate, period)) => (rate..=rate, period..=period),
            None => (RATES, PERIODS),
        };
        let ranges = CHANNELS.flat_map(|channels| {
            FORMATS.map(|format| {
                SupportedStreamConfigRange::new(
                    channels,
                    *rates.start(),
                    *rates.end(),
                    SupportedBufferSize::Range { min: *periods.start(), max: *periods.end() },
                    format,
                )
            })
        });
        let taken = |range: &SupportedStreamConfigRange| {
            only_format.is_none_or(|only| range.sample_format() == only)
        };
        Ok(ranges.filter(taken).collect::<Vec<_>>().into_iter())
    }

    fn default_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.plugged_in()?;
        let schedule = self.shared.schedule();
        let rate =
            schedule.in_use().or(schedule.only).map_or(self.shared.settings.rate, |(rate, _)| rate);
        let periods = schedule.only.map_or(PERIODS, |(_, period)| period..=period);
        let buffer = SupportedBufferSize::Range { min: *periods.start(), max: *periods.end() };
        let format = schedule.only_format.unwrap_or(SampleFormat::F32);
        Ok(SupportedStreamConfig::new(DEFAULT_CHANNELS, rate, buffer, format))
    }

    const fn name(&self) -> &'static str {
        if self.other { OTHER_NAME } else { NAME }
    }

    /// Opens a stream: agrees on rate and period, makes its buffer and lets `attach` connect it.
    fn open(
        &self,
        direction: Direction,
        config: StreamConfig,
        format: SampleFormat,
        timeout: Option<Duration>,
        attach: impl FnOnce(&mut Signal, Buffer),
    ) -> Result<CardStream, Error> {
        let shared = &self.shared;
        if !shared.wait_released(Call::Open, direction, timeout) {
            return Err(Error::with_message(
                ErrorKind::BackendError,
                "the virtual card hangs: timed out",
            ));
        }
        let (mut signal, mut schedule) = shared.between_ticks();
        if schedule.unplugged || (self.other && !schedule.other_default) {
            return Err(ErrorKind::DeviceNotAvailable.into());
        }
        if schedule.is_open(direction) {
            return Err(Error::with_message(
                ErrorKind::DeviceBusy,
                format!("the card has one {direction} stream and it is open: drop it first"),
            ));
        }
        let in_use = schedule.in_use();
        if schedule.only.is_some_and(|only| in_use.is_some_and(|in_use| in_use != only)) {
            return Err(Error::with_message(
                ErrorKind::DeviceBusy,
                "a stream of before the card was set up anew is open: drop it first",
            ));
        }
        let (rate, period) = agree(config, in_use.or(schedule.only), shared.settings.period)?;
        let taken = schedule.only_format.is_none_or(|only| format == only);
        let buffer = taken.then(|| Buffer::new(format, config.channels, period)).flatten();
        let buffer = buffer.ok_or_else(|| {
            unsupported(format!("sample format {format} is not supported: use F32, I16 or I32"))
        })?;
        if in_use.is_none() {
            schedule.configure(rate, period);
            signal.configure(shared.settings.latency, schedule.skew(), period);
        }
        schedule.open(direction);
        attach(&mut signal, buffer);
        drop((signal, schedule));
        // From here on the stream closes what was opened, also where there is no thread for it.
        let stream = CardStream { shared: Arc::clone(shared), direction, period };
        shared.start_clock()?;
        Ok(stream)
    }
}

impl DeviceTrait for CardDevice {
    type SupportedInputConfigs = vec::IntoIter<SupportedStreamConfigRange>;
    type SupportedOutputConfigs = vec::IntoIter<SupportedStreamConfigRange>;
    type Stream = CardStream;

    fn description(&self) -> Result<DeviceDescription, Error> {
        Ok(DeviceDescriptionBuilder::new(self.name())
            .direction(DeviceDirection::Duplex)
            .device_type(DeviceType::Virtual)
            .interface_type(InterfaceType::Virtual)
            .build())
    }

    fn id(&self) -> Result<DeviceId, Error> {
        Ok(DeviceId::new(HostId::Custom, if self.other { OTHER_ID } else { ID }))
    }

    fn supported_input_configs(&self) -> Result<Self::SupportedInputConfigs, Error> {
        self.supported()
    }

    fn supported_output_configs(&self) -> Result<Self::SupportedOutputConfigs, Error> {
        self.supported()
    }

    fn default_input_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.default_config()
    }

    fn default_output_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.default_config()
    }

    fn build_input_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        sample_format: SampleFormat,
        data_callback: D,
        error_callback: E,
        timeout: Option<Duration>,
    ) -> Result<CardStream, Error>
    where
        D: FnMut(&Data, &InputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        self.open(Direction::Capture, config, sample_format, timeout, |signal, buffer| {
            let (callback, errors) = (Box::new(data_callback), Box::new(error_callback));
            signal.capture = Some(Stream { callback, errors, buffer });
        })
    }

    fn build_output_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        sample_format: SampleFormat,
        data_callback: D,
        error_callback: E,
        timeout: Option<Duration>,
    ) -> Result<CardStream, Error>
    where
        D: FnMut(&mut Data, &OutputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        self.open(Direction::Playback, config, sample_format, timeout, |signal, buffer| {
            let (callback, errors) = (Box::new(data_callback), Box::new(error_callback));
            signal.playback = Some(Stream { callback, errors, buffer });
        })
    }
}

impl PartialEq for CardDevice {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) && self.other == other.other
    }
}

impl Eq for CardDevice {}

impl hash::Hash for CardDevice {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.shared), self.other).hash(state);
    }
}

impl fmt::Display for CardDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An open stream; dropping it waits for the callback in flight, and closes it.
pub(crate) struct CardStream {
    shared: Arc<Shared>,
    direction: Direction,
    period: FrameCount,
}

cpal::assert_stream_send!(CardStream);
cpal::assert_stream_sync!(CardStream);

impl StreamTrait for CardStream {
    fn play(&self) -> Result<(), Error> {
        self.shared.wait_released(Call::Play, self.direction, None);
        let now = self.shared.now();
        self.shared.schedule().play(self.direction, now, &self.shared.gate)?;
        self.shared.notify();
        Ok(())
    }

    fn pause(&self) -> Result<(), Error> {
        self.shared.wait_released(Call::Pause, self.direction, None);
        Ok(self.shared.schedule().pause(self.direction)?)
    }

    fn buffer_size(&self) -> Result<FrameCount, Error> {
        Ok(self.period)
    }

    fn now(&self) -> StreamInstant {
        self.shared.wait_released(Call::Clock, self.direction, None);
        StreamInstant::from_nanos(self.shared.now())
    }
}

impl Drop for CardStream {
    fn drop(&mut self) {
        self.shared.wait_released(Call::Drop, self.direction, None);
        let (mut signal, mut schedule) = self.shared.between_ticks();
        schedule.close(self.direction);
        // What the callbacks own may take its time, or streams, to drop: after the locks.
        let (capture, playback) = match self.direction {
            Direction::Capture => (signal.capture.take(), None),
            Direction::Playback => (None, signal.playback.take()),
        };
        drop((signal, schedule));
        self.shared.stop_clock();
        drop((capture, playback));
    }
}

/// Rate and period of a new stream, where other streams run at `in_use`.
fn agree(
    config: StreamConfig,
    in_use: Option<(u32, u32)>,
    default_period: u32,
) -> Result<(u32, u32), Error> {
    let StreamConfig { channels, sample_rate, buffer_size } = config;
    if !CHANNELS.contains(&channels) {
        return Err(unsupported(format!("{channels} channels are not supported: use 1 to 8")));
    }
    if !RATES.contains(&sample_rate) {
        return Err(unsupported(format!("{sample_rate} Hz is not supported: use 8000 to 192000")));
    }
    let asked = match buffer_size {
        BufferSize::Default => in_use.map_or(default_period, |(_, period)| period),
        BufferSize::Fixed(frames) => frames,
    };
    if !PERIODS.contains(&asked) {
        return Err(unsupported(format!("{asked} frames are not supported: use 16 to 16384")));
    }
    match in_use {
        Some((rate, _)) if rate != sample_rate => Err(unsupported(format!(
            "the card runs at {rate} Hz, not {sample_rate}: use that or drop the other stream"
        ))),
        Some((_, period)) if period != asked => Err(unsupported(format!(
            "the card's period is {period} frames, not {asked}: use that or drop the other stream"
        ))),
        _ => Ok((sample_rate, asked)),
    }
}

fn unsupported(message: String) -> Error {
    Error::with_message(ErrorKind::UnsupportedConfig, message)
}
