//! Between the device's samples (interleaved, any format, any number of channels) and mono `f32`.
//!
//! One pass, no memory of its own: into the ring's vacant slots, and out of its waiting ones. Nothing here can panic.

use cpal::{FromSample, Sample, SizedSample};

/// Channel 0 of the frames of `device`, `channels` samples each, into `mono`, as far as both go.
pub(crate) fn channel_0<T: SizedSample>(device: &[T], channels: usize, mono: &mut [f32])
where
    f32: FromSample<T>,
{
    match channels {
        // Told apart so that the compiler writes vector code for them.
        1 => mono.iter_mut().zip(device).for_each(|(out, sample)| *out = f32::from_sample(*sample)),
        2 => mono
            .iter_mut()
            .zip(device.as_chunks::<2>().0)
            .for_each(|(out, [sample, _])| *out = f32::from_sample(*sample)),
        _ => {
            for (out, frame) in mono.iter_mut().zip(device.chunks_exact(channels.max(1))) {
                if let Some(sample) = frame.first() {
                    *out = f32::from_sample(*sample);
                }
            }
        }
    }
}

/// Each sample of `mono` into all channels of a frame of `device`, `channels` samples each, as far as both go.
pub(crate) fn all_channels<T: SizedSample + FromSample<f32>>(
    mono: &[f32],
    channels: usize,
    device: &mut [T],
) {
    match channels {
        1 => device.iter_mut().zip(mono).for_each(|(out, sample)| *out = T::from_sample(*sample)),
        2 => device
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(mono)
            .for_each(|(frame, sample)| *frame = [T::from_sample(*sample); 2]),
        _ => {
            for (frame, sample) in device.chunks_exact_mut(channels.max(1)).zip(mono) {
                frame.fill(T::from_sample(*sample));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Debug;

    /// Full scale, half of it, and the middle, as each format writes them.
    fn levels<T: SizedSample + FromSample<f32> + Debug + PartialEq>(lowest: T, half: T, middle: T)
    where
        f32: FromSample<T>,
    {
        for channels in 1..=9 {
            let frames = [lowest, half, middle];
            let mut device: Vec<T> = Vec::new();
            for frame in frames {
                device.push(frame);
                device.extend(std::iter::repeat_n(lowest, channels - 1));
            }
            let mut mono = [9.0; 5];
            channel_0(&device, channels, &mut mono);
            assert_eq!(mono, [-1.0, 0.5, 0.0, 9.0, 9.0], "{channels} channels");
            let mut played = vec![lowest; 3 * channels];
            all_channels(&mono[..3], channels, &mut played);
            let expected: Vec<T> =
                frames.iter().flat_map(|frame| std::iter::repeat_n(*frame, channels)).collect();
            assert_eq!(played, expected);
        }
    }

    #[test]
    fn each_format_and_number_of_channels_there_and_back() {
        levels(-1.0_f32, 0.5, 0.0);
        levels(i32::MIN, 1 << 30, 0);
        levels(i16::MIN, 1 << 14, 0);
        levels(0_u16, 49_152, 32_768);
    }

    #[test]
    fn what_is_no_whole_frame_and_no_channel_at_all_are_left_alone() {
        let mut mono = [9.0; 2];
        channel_0(&[1.0_f32, 2.0, 3.0], 2, &mut mono);
        assert_eq!(mono, [1.0, 9.0]);
        let mut device = [9.0_f32; 3];
        all_channels(&[1.0, 2.0], 2, &mut device);
        assert_eq!(device, [1.0, 1.0, 9.0]);
        all_channels(&[2.0, 2.0, 2.0], 0, &mut device);
        assert_eq!(device, [2.0; 3], "as one channel");
    }
}
