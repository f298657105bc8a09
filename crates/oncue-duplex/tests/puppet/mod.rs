//! A cpal host whose callbacks the test calls itself: blocks of any size, format and time stamp.

#![allow(dead_code, reason = "each test file uses a part of it")]

use core::fmt;
use core::time::Duration;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    Data, DeviceDescription, DeviceDescriptionBuilder, DeviceId, Error, ErrorKind, FrameCount,
    HostId, InputCallbackInfo, InputStreamTimestamp, OutputCallbackInfo, OutputStreamTimestamp,
    SampleFormat, SizedSample, StreamConfig, StreamInstant, SupportedBufferSize,
    SupportedStreamConfig, SupportedStreamConfigRange,
};
use oncue_duplex::HostSource;
use std::sync::{Arc, Mutex};

type OnCapture = Box<dyn FnMut(&Data, &InputCallbackInfo) + Send>;
type OnPlayback = Box<dyn FnMut(&mut Data, &OutputCallbackInfo) + Send>;
type OnError = Box<dyn FnMut(Error) + Send>;

/// A device with a name and what it supports.
#[derive(Clone)]
pub(crate) struct Puppet {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) capture: Vec<SupportedStreamConfigRange>,
    pub(crate) playback: Vec<SupportedStreamConfigRange>,
    pub(crate) pauses: bool,
    /// How long it takes to build a stream.
    pub(crate) builds_for: Duration,
    pub(crate) strings: Arc<Mutex<Strings>>,
}

/// What the engine left with the device.
#[derive(Default)]
pub(crate) struct Strings {
    pub(crate) capture: Option<(OnCapture, OnError)>,
    pub(crate) playback: Option<(OnPlayback, OnError)>,
    pub(crate) configs: Vec<StreamConfig>,
    pub(crate) dropped: usize,
}

/// Up to `channels` channels of one format, at 8 to 48 kHz, in periods of up to 4800 frames.
pub(crate) fn range(channels: u16, format: SampleFormat) -> SupportedStreamConfigRange {
    let period = SupportedBufferSize::Range { min: 16, max: 4800 };
    SupportedStreamConfigRange::new(channels, 8_000, 48_000, period, format)
}

impl Puppet {
    /// A device of both directions.
    pub(crate) fn new(channels: u16, format: SampleFormat) -> Self {
        Self {
            id: "puppet",
            name: "Puppet",
            capture: vec![range(channels, format)],
            playback: vec![range(channels, format)],
            pauses: true,
            builds_for: Duration::ZERO,
            strings: Arc::default(),
        }
    }

    pub(crate) fn source(&self) -> HostSource {
        source(vec![self.clone()])
    }

    pub(crate) fn capture_strings(&self) -> (OnCapture, OnError) {
        self.strings.lock().unwrap().capture.take().unwrap()
    }

    pub(crate) fn playback_strings(&self) -> (OnPlayback, OnError) {
        self.strings.lock().unwrap().playback.take().unwrap()
    }
}

/// A host with these devices, the first of which are the defaults.
pub(crate) fn source(puppets: Vec<Puppet>) -> HostSource {
    HostSource::Made(Box::new(move || {
        cpal::platform::CustomHost::from_host(Theatre(puppets.clone())).into()
    }))
}

/// Calls a capture callback with these samples.
pub(crate) fn capture<T: SizedSample>(callback: &mut OnCapture, samples: &mut [T], ns: u64) {
    // SAFETY: pointer, length and format are those of `samples`, which outlives the call.
    let data = unsafe { Data::from_parts(samples.as_mut_ptr().cast(), samples.len(), T::FORMAT) };
    let at = StreamInstant::from_nanos(ns);
    callback(&data, &InputCallbackInfo::new(InputStreamTimestamp { callback: at, capture: at }));
}

/// Calls a playback callback for these samples.
pub(crate) fn playback<T: SizedSample>(callback: &mut OnPlayback, samples: &mut [T], ns: u64) {
    // SAFETY: pointer, length and format are those of `samples`, which outlives the call and is borrowed for it.
    let mut data =
        unsafe { Data::from_parts(samples.as_mut_ptr().cast(), samples.len(), T::FORMAT) };
    let at = StreamInstant::from_nanos(ns);
    callback(
        &mut data,
        &OutputCallbackInfo::new(OutputStreamTimestamp { callback: at, playback: at }),
    );
}

struct Theatre(Vec<Puppet>);

impl HostTrait for Theatre {
    type Device = Puppet;
    type Devices = std::vec::IntoIter<Puppet>;

    fn is_available() -> bool {
        true
    }

    fn devices(&self) -> Result<Self::Devices, Error> {
        Ok(self.0.clone().into_iter())
    }

    fn default_input_device(&self) -> Option<Puppet> {
        self.0.iter().find(|puppet| !puppet.capture.is_empty()).cloned()
    }

    fn default_output_device(&self) -> Option<Puppet> {
        self.0.iter().find(|puppet| !puppet.playback.is_empty()).cloned()
    }
}

fn default_of(ranges: &[SupportedStreamConfigRange]) -> Result<SupportedStreamConfig, Error> {
    ranges
        .first()
        .map(|range| range.with_max_sample_rate())
        .ok_or(Error::new(ErrorKind::UnsupportedOperation))
}

impl DeviceTrait for Puppet {
    type SupportedInputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type SupportedOutputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type Stream = PuppetStream;

    fn description(&self) -> Result<DeviceDescription, Error> {
        Ok(DeviceDescriptionBuilder::new(self.name).build())
    }

    fn id(&self) -> Result<DeviceId, Error> {
        Ok(DeviceId::new(HostId::Custom, self.id))
    }

    fn supported_input_configs(&self) -> Result<Self::SupportedInputConfigs, Error> {
        Ok(self.capture.clone().into_iter())
    }

    fn supported_output_configs(&self) -> Result<Self::SupportedOutputConfigs, Error> {
        Ok(self.playback.clone().into_iter())
    }

    fn default_input_config(&self) -> Result<SupportedStreamConfig, Error> {
        default_of(&self.capture)
    }

    fn default_output_config(&self) -> Result<SupportedStreamConfig, Error> {
        default_of(&self.playback)
    }

    fn build_input_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        _: SampleFormat,
        on_data: D,
        on_error: E,
        _: Option<Duration>,
    ) -> Result<PuppetStream, Error>
    where
        D: FnMut(&Data, &InputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        std::thread::sleep(self.builds_for);
        let mut strings = self.strings.lock().unwrap();
        strings.capture = Some((Box::new(on_data), Box::new(on_error)));
        strings.configs.push(config);
        Ok(PuppetStream { puppet: self.clone() })
    }

    fn build_output_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        _: SampleFormat,
        on_data: D,
        on_error: E,
        _: Option<Duration>,
    ) -> Result<PuppetStream, Error>
    where
        D: FnMut(&mut Data, &OutputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        std::thread::sleep(self.builds_for);
        let mut strings = self.strings.lock().unwrap();
        strings.playback = Some((Box::new(on_data), Box::new(on_error)));
        strings.configs.push(config);
        Ok(PuppetStream { puppet: self.clone() })
    }
}

pub(crate) struct PuppetStream {
    puppet: Puppet,
}

impl StreamTrait for PuppetStream {
    fn play(&self) -> Result<(), Error> {
        Ok(())
    }

    fn pause(&self) -> Result<(), Error> {
        if self.puppet.pauses { Ok(()) } else { Err(Error::new(ErrorKind::UnsupportedOperation)) }
    }

    fn buffer_size(&self) -> Result<FrameCount, Error> {
        Ok(480)
    }

    fn now(&self) -> StreamInstant {
        StreamInstant::ZERO
    }
}

impl Drop for PuppetStream {
    fn drop(&mut self) {
        self.puppet.strings.lock().unwrap().dropped += 1;
    }
}

impl PartialEq for Puppet {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Puppet {}

impl core::hash::Hash for Puppet {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Puppet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Puppet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
