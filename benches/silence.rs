//! What the statistics of a block cost in the callback, beside two peers that take less of it: the peak alone, and the
//! same figures by plain loops, one a figure.
//!
//! `cargo bench -p oncue-benches --bench silence`. Busy is noise, idle are zeros, and a sine that comes again is what
//! costs most: its waveform is looked at.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use oncue_duplex::BlockMeter;
use std::hint::black_box;

fn statistics(c: &mut Criterion) {
    let mut group = c.benchmark_group("silence, a block's statistics");
    for frames in [64, 480] {
        group.throughput(Throughput::Elements(frames as u64));
        let mut state = 1_u32;
        let noise: Vec<f32> = (0..16 * frames)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f32::from((state >> 16) as u16) / 65_536.0 - 0.5
            })
            .collect();
        let zeros = vec![0.0; 16 * frames];
        let sine: Vec<f32> = (0..16 * frames)
            .map(|n| (std::f32::consts::TAU * (n % 16) as f32 / 16.0).sin() / 2.0)
            .collect();
        for (name, audio) in [("busy", &noise), ("idle", &zeros), ("sine again", &sine)] {
            let mut meter = BlockMeter::default();
            let mut blocks = audio.chunks_exact(frames).cycle();
            group.bench_function(BenchmarkId::new(name, frames), |b| {
                b.iter(|| meter.block(0, black_box(blocks.next().unwrap_or_default())));
            });
        }
        let mut blocks = noise.chunks_exact(frames).cycle();
        group.bench_function(BenchmarkId::new("peak alone", frames), |b| {
            b.iter(|| {
                let block = black_box(blocks.next().unwrap_or_default());
                block.iter().fold(0_u32, |peak, x| peak.max(x.to_bits() & 0x7fff_ffff))
            });
        });
        let mut blocks = noise.chunks_exact(frames).cycle();
        group.bench_function(BenchmarkId::new("plain loops", frames), |b| {
            b.iter(|| plain(black_box(blocks.next().unwrap_or_default())));
        });
    }
    group.finish();
}

/// The same figures as iterators give them.
fn plain(block: &[f32]) -> (f32, f32, f32, f32, usize, usize, usize, u32) {
    (
        block.iter().copied().fold(f32::INFINITY, f32::min),
        block.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        block.iter().map(|x| x * x).sum(),
        block.iter().sum(),
        block.iter().filter(|x| x.abs() >= 1.0).count(),
        block.iter().take_while(|x| **x == 0.0).count(),
        block.iter().rev().take_while(|x| **x == 0.0).count(),
        block.iter().fold(5381, |fold: u32, x| fold.wrapping_mul(33) ^ x.to_bits()),
    )
}

criterion_group!(benches, statistics);
criterion_main!(benches);
