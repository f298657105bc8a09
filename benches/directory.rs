//! What the call directory costs with ten million random entries: the load of a CSV, in time and memory, and a lookup,
//! beside an `fst::Map` of the numbers and a sorted `Vec` of numbers and labels.
//!
//! Each load runs in a process of its own, whose peak of resident memory the system knows. All three read the CSV in the
//! same way, and are first seen to give the same answers. Lookups take numbers at random: one that is there, and one
//! that is most likely not. `cargo test` runs it with fewer entries.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![allow(
    clippy::print_stdout,
    reason = "the figures of the loads are printed as criterion prints its own"
)]

use criterion::{BatchSize, Criterion};
use fastrand::Rng;
use fst::{Map, MapBuilder};
use oncue_call::directory::Directory;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, iter};

const LOAD: &str = "ONCUE_DIRECTORY_LOAD";
const NAMES: [&str; 3] = ["directory", "fst", "sorted Vec"];

/// One of the three.
trait Numbers {
    fn load(csv: &Path) -> Self;
    fn label(&self, number: i64) -> Option<&str>;
}

impl Numbers for Directory {
    fn load(csv: &Path) -> Self {
        let mut directory = Self::new();
        let mut request = directory.request();
        request.read_identification(File::open(csv).unwrap()).unwrap();
        request.complete().unwrap();
        directory
    }

    fn label(&self, number: i64) -> Option<&str> {
        self.labels(number).next()
    }
}

/// From each number to where its label ends, and the labels.
struct Fst {
    places: Map<Vec<u8>>,
    labels: String,
}

impl Numbers for Fst {
    fn load(csv: &Path) -> Self {
        let mut places = MapBuilder::memory();
        let mut labels = String::new();
        for_each_line(csv, |number, label| {
            let place = (labels.len() as u64) << 8 | label.len() as u64;
            labels.push_str(label);
            places.insert(number.to_be_bytes(), place).unwrap();
        });
        Self { places: places.into_map(), labels }
    }

    fn label(&self, number: i64) -> Option<&str> {
        let place = self.places.get(number.to_be_bytes())?;
        let (start, length) = ((place >> 8) as usize, (place & 0xff) as usize);
        Some(&self.labels[start..start + length])
    }
}

impl Numbers for Vec<(i64, Box<str>)> {
    fn load(csv: &Path) -> Self {
        let mut entries = Self::new();
        for_each_line(csv, |number, label| {
            assert!(entries.last().is_none_or(|&(last, _)| last < number));
            entries.push((number, label.into()));
        });
        entries
    }

    fn label(&self, number: i64) -> Option<&str> {
        let place = self.binary_search_by_key(&number, |&(number, _)| number).ok()?;
        Some(&self[place].1)
    }
}

fn for_each_line(csv: &Path, mut each: impl FnMut(i64, &str)) {
    let file = BufReader::new(File::open(csv).unwrap());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).unwrap() {
        each(record[0].parse().unwrap(), &record[1]);
    }
}

fn main() {
    let csv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("directory.csv");
    if let Ok(name) = env::var(LOAD) {
        return match name.as_str() {
            "directory" => load_alone::<Directory>(&name, &csv),
            "fst" => load_alone::<Fst>(&name, &csv),
            _ => load_alone::<Vec<_>>(&name, &csv),
        };
    }
    let count = if env::args().any(|arg| arg == "--bench") { 10_000_000 } else { 100_000 };
    let numbers = write(&csv, count);
    for name in NAMES {
        let program = env::current_exe().unwrap();
        assert!(Command::new(program).env(LOAD, name).status().unwrap().success());
    }

    let mut criterion = Criterion::default().configure_from_args();
    let directory = Directory::load(&csv);
    let fst = Fst::load(&csv);
    let sorted = <Vec<(i64, Box<str>)>>::load(&csv);
    for &number in numbers.iter().step_by(97) {
        for number in [number, number + 1] {
            let label = sorted.label(number);
            assert_eq!((directory.label(number), fst.label(number)), (label, label));
        }
    }
    lookups(&mut criterion, NAMES[0], &directory, &numbers);
    lookups(&mut criterion, NAMES[1], &fst, &numbers);
    lookups(&mut criterion, NAMES[2], &sorted, &numbers);
    criterion.final_summary();
    fs::remove_file(csv).unwrap();
}

fn lookups(criterion: &mut Criterion, name: &str, of: &impl Numbers, numbers: &[i64]) {
    let mut rng = Rng::with_seed(2);
    let mut group = criterion.benchmark_group("directory, a lookup");
    group.bench_function(format!("{name}, hit"), |b| {
        let number = || numbers[rng.usize(..numbers.len())];
        b.iter_batched(
            number,
            |number| of.label(black_box(number)).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function(format!("{name}, miss"), |b| {
        let number = || rng.i64(FIRST..LAST);
        b.iter_batched(
            number,
            |number| of.label(black_box(number)).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Mobile numbers of mainland China, with room for ten million at random.
const FIRST: i64 = 8_613_000_000_000;
const LAST: i64 = 8_620_000_000_000;

/// Writes `count` entries; their numbers. A third of the labels are a dozen words, the others are names of their own.
fn write(csv: &Path, count: usize) -> Vec<i64> {
    let mut rng = Rng::with_seed(1);
    let mut numbers: Vec<_> =
        iter::repeat_with(|| rng.i64(FIRST..LAST)).take(count + count / 100).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(count);
    assert_eq!(numbers.len(), count);
    let mut file = BufWriter::new(File::create(csv).unwrap());
    for number in &numbers {
        match rng.u8(..3) {
            0 => writeln!(file, "{number},spam {}", rng.u8(..12)).unwrap(),
            _ => writeln!(file, "{number},shop {}", rng.u32(..)).unwrap(),
        }
    }
    file.into_inner().unwrap();
    numbers
}

/// Loads the CSV and says what that took, as the system counts it: the time that passed, that of the processor, which
/// other work on the machine does not lengthen as much, and the peak of resident memory.
fn load_alone<T: Numbers>(name: &str, csv: &Path) {
    let (start, worked) = (Instant::now(), processor_time());
    let loaded = T::load(csv);
    let (took, worked) = (start.elapsed().as_secs_f64(), processor_time() - worked);
    black_box(&loaded);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok()
        })
        .map_or("unknown".into(), |kilobytes: u64| format!("{} MB", kilobytes * 1024 / 1_000_000));
    println!(
        "directory, load/{name:<24} time: {took:.2} s, processor: {worked:.2} s, peak: {peak}"
    );
}

/// What this process had of the processors, in seconds; zero where there is no /proc.
fn processor_time() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
