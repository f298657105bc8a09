//! What a block through the ring costs, beside the two copies that it cannot do without.
//!
//! One thread writes a block and reads it back, warm. The ring is first seen to give back what went in.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use oncue_duplex::frame_ring;
use std::hint::black_box;

/// Two memcpys of the same block through a window as large as the ring, so that both touch the same memory.
struct Window {
    memory: Vec<f32>,
    at: usize,
}

impl Window {
    fn through(&mut self, block: &[f32], out: &mut [f32]) {
        if self.at + block.len() > self.memory.len() {
            self.at = 0;
        }
        let window = &mut self.memory[self.at..self.at + block.len()];
        window.copy_from_slice(block);
        out.copy_from_slice(black_box(window));
        self.at += block.len();
    }
}

fn blocks(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring, a block in and out");
    for frames in [64, 480, 960] {
        let block: Vec<f32> = (0..frames).map(|i| i as f32).collect();
        let mut out = vec![0.0; frames];
        let (mut writer, mut reader) = frame_ring();
        assert_eq!((writer.push(&block), reader.pop(&mut out)), (frames, frames));
        assert_eq!(out, block);

        group.throughput(Throughput::Elements(frames as u64));
        group.bench_function(BenchmarkId::new("ring", frames), |b| {
            b.iter(|| writer.push(black_box(&block)) + reader.pop(black_box(&mut out)));
        });
        let mut window = Window { memory: vec![0.0; oncue_duplex::RING_FRAMES], at: 0 };
        group.bench_function(BenchmarkId::new("two memcpys", frames), |b| {
            b.iter(|| window.through(black_box(&block), black_box(&mut out)));
        });
    }
    group.finish();
}

criterion_group!(benches, blocks);
criterion_main!(benches);
