//! Ascending numbers, each with a label or none, so that tens of millions fit into a phone-sized memory and are found
//! in a few cache misses. The order is kept by whoever pushes.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

/// How many numbers there are to one of the index: eight cache lines.
const BLOCK: usize = 64;

/// How many labels are remembered by their hash, to be used again.
const REMEMBERED: usize = 1 << 12;

/// Entries of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    numbers: Vec<i64>,
    /// The first number of each block; filled by [`seal`](Self::seal). A search begins here, where it stays within the
    /// processor's cache.
    index: Vec<i64>,
    /// Where the label of each number begins; empty where none has one.
    labels: Vec<u32>,
    texts: Texts,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.numbers.last().copied()
    }

    /// Whether one more entry with this label can be counted.
    pub(super) fn has_room_for(&self, label: &str) -> bool {
        self.texts.bytes.len() + label.len() < u32::MAX as usize
    }

    pub(super) fn push(&mut self, number: i64) {
        self.numbers.push(number);
    }

    pub(super) fn push_labelled(&mut self, number: i64, label: &str) {
        self.numbers.push(number);
        self.labels.push(self.texts.place_of(label));
    }

    /// No more entries come: builds the index.
    pub(super) fn seal(&mut self) {
        self.index = self.numbers.iter().copied().step_by(BLOCK).collect();
        self.texts.remembered = Vec::new();
    }

    /// Where the entries of a number are.
    pub(super) fn find(&self, number: i64) -> Range<usize> {
        let start = if self.index.is_empty() {
            self.numbers.partition_point(|&it| it < number)
        } else {
            // The first that is not below is in the last block that begins below, or is the first of the next.
            let next = self.index.partition_point(|&first| first < number);
            let block = next.saturating_sub(1) * BLOCK..self.len().min(next * BLOCK);
            block.start + self.numbers[block].partition_point(|&it| it < number)
        };
        let count = self.numbers[start..].iter().take_while(|&&it| it == number).count();
        start..start + count
    }

    /// The label of an entry.
    pub(super) fn label(&self, place: usize) -> &str {
        self.labels.get(place).map_or("", |&text| self.texts.get(text))
    }

    /// The entries whose number is kept, with those of `added` in their places, after those of the same number.
    pub(super) fn merged_with(&self, added: &Self, kept: impl Fn(i64) -> bool) -> Self {
        let mut merged = Self::default();
        let mut take = |from: &Self, place: usize| match from.labels.get(place) {
            Some(&text) => merged.push_labelled(from.numbers[place], from.texts.get(text)),
            None => merged.push(from.numbers[place]),
        };
        let mut next = 0;
        for (place, &number) in self.numbers.iter().enumerate().filter(|it| kept(*it.1)) {
            while added.numbers.get(next).is_some_and(|&it| it < number) {
                take(added, next);
                next += 1;
            }
            take(self, place);
        }
        (next..added.len()).for_each(|place| take(added, place));
        merged
    }
}

/// Texts one after the other, each named by where it begins, so that a look at one is a look at one place in memory.
/// One that comes again soon is kept once: labels are mostly a few words.
#[derive(Clone, Debug, Default)]
struct Texts {
    /// Behind each text stands a byte that none has.
    bytes: Vec<u8>,
    /// By hash, the text that had it last; empty once no more come.
    remembered: Vec<u32>,
}

/// No byte of UTF-8.
const END: u8 = 0xff;

impl Texts {
    fn get(&self, start: u32) -> &str {
        let text = &self.bytes[start as usize..];
        let length = text.iter().position(|&byte| byte == END).unwrap_or(text.len());
        // Only whole texts went in.
        str::from_utf8(&text[..length]).unwrap_or_default()
    }

    fn place_of(&mut self, text: &str) -> u32 {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        let slot = hash as usize % REMEMBERED;
        if self.remembered.is_empty() {
            self.remembered = vec![u32::MAX; REMEMBERED];
        }
        let seen = self.remembered[slot];
        if seen != u32::MAX && self.get(seen) == text {
            return seen;
        }
        self.remembered[slot] = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(END);
        self.remembered[slot]
    }
}
