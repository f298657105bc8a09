//! The card as cpal sees it: host, device and streams, and what configurations they agree to.

use core::{fmt, hash, option, time::Duration};
use std::sync::Arc;

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
    fault::Direction,
    settings::{CHANNELS, PERIODS, RATES},
    signal::{Signal, Stream},
};

const NAME: &str = "Virtual duplex card";
const ID: &str = "virtual-duplex";
/// Channels of the default configurations.
const DEFAULT_CHANNELS: u16 = 2;

pub(crate) struct CardHost(pub(crate) Arc<Shared>);

impl CardHost {
    fn device(&self) -> Option<CardDevice> {
        let device = CardDevice(Arc::clone(&self.0));
        device.plugged_in().is_ok().then_some(device)
    }
}

impl HostTrait for CardHost {
    type Devices = option::IntoIter<CardDevice>;
    type Device = CardDevice;

    fn is_available() -> bool {
        true
    }

    fn devices(&self) -> Result<Self::Devices, Error> {
        Ok(self.device().into_iter())
    }

    fn default_input_device(&self) -> Option<CardDevice> {
        self.device()
    }

    fn default_output_device(&self) -> Option<CardDevice> {
        self.device()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CardDevice(Arc<Shared>);

impl CardDevice {
    fn plugged_in(&self) -> Result<(), Error> {
        if self.0.schedule().unplugged {
            return Err(ErrorKind::DeviceNotAvailable.into());
        }
        Ok(())
    }

    fn supported(&self) -> Result<std::vec::IntoIter<SupportedStreamConfigRange>, Error> {
        self.plugged_in()?;
        let ranges = CHANNELS.flat_map(|channels| {
            FORMATS.map(|format| {
                SupportedStreamConfigRange::new(
                    channels,
                    *RATES.start(),
                    *RATES.end(),
                    buffer_sizes(),
                    format,
                )
            })
        });
        Ok(ranges.collect::<Vec<_>>().into_iter())
    }

    fn default_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.plugged_in()?;
        let rate = self.0.schedule().in_use().map_or(self.0.settings.rate, |(rate, _)| rate);
        let format = SampleFormat::F32;
        Ok(SupportedStreamConfig::new(DEFAULT_CHANNELS, rate, buffer_sizes(), format))
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
        let shared = &self.0;
        if !shared.wait_released(timeout) {
            return Err(Error::with_message(
                ErrorKind::BackendError,
                "the virtual card hangs: timed out",
            ));
        }
        let (mut signal, mut schedule) = shared.between_ticks();
        if schedule.unplugged {
            return Err(ErrorKind::DeviceNotAvailable.into());
        }
        if schedule.is_open(direction) {
            return Err(Error::with_message(
                ErrorKind::DeviceBusy,
                format!("the card has one {direction} stream and it is open: drop it first"),
            ));
        }
        let in_use = schedule.in_use();
        let (rate, period) = agree(config, in_use, shared.settings.period)?;
        let buffer = Buffer::new(format, config.channels, period).ok_or_else(|| {
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
    type SupportedInputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type SupportedOutputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type Stream = CardStream;

    fn description(&self) -> Result<DeviceDescription, Error> {
        Ok(DeviceDescriptionBuilder::new(NAME)
            .direction(DeviceDirection::Duplex)
            .device_type(DeviceType::Virtual)
            .interface_type(InterfaceType::Virtual)
            .build())
    }

    fn id(&self) -> Result<DeviceId, Error> {
        Ok(DeviceId::new(HostId::Custom, ID))
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
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for CardDevice {}

impl hash::Hash for CardDevice {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Display for CardDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
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
        self.shared.wait_released(None);
        let now = self.shared.now();
        self.shared.schedule().play(self.direction, now, &self.shared.gate)?;
        self.shared.notify();
        Ok(())
    }

    fn pause(&self) -> Result<(), Error> {
        self.shared.wait_released(None);
        Ok(self.shared.schedule().pause(self.direction)?)
    }

    fn buffer_size(&self) -> Result<FrameCount, Error> {
        Ok(self.period)
    }

    fn now(&self) -> StreamInstant {
        StreamInstant::from_nanos(self.shared.now())
    }
}

impl Drop for CardStream {
    fn drop(&mut self) {
        self.shared.wait_released(None);
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

fn buffer_sizes() -> SupportedBufferSize {
    SupportedBufferSize::Range { min: *PERIODS.start(), max: *PERIODS.end() }
}
