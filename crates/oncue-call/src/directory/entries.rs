//! Ascending numbers, each with a label or none, so that tens of millions fit into a phone-sized memory and are found
//! in a few cache misses. The order is kept by whoever pushes.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

/// How many entries there are to one number of the index: twelve cache lines.
const BLOCK: usize = 64;

/// How many labels are remembered by their hash, to be used again.
const REMEMBERED: usize = 1 << 12;

/// A number, and where its label begins: side by side, so that who finds the one has the other in the same cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Entry {
    number: i64,
    label: u32,
}

/// What [`Entry::label`] is where there is none.
const NO_LABEL: u32 = u32::MAX;

/// Entries of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    /// The first number of each block; filled by [`seal`](Self::seal). A search begins here, where it stays within the
    /// processor's cache.
    index: Vec<i64>,
    texts: Texts,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.entries.last().map(|entry| entry.number)
    }

    /// Whether one more entry with this label can be counted.
    pub(super) fn has_room_for(&self, label: &str) -> bool {
        self.texts.bytes.len() + label.len() < u32::MAX as usize
    }

    pub(super) fn push(&mut self, number: i64) {
        self.entries.push(Entry { number, label: NO_LABEL });
    }

    pub(super) fn push_labelled(&mut self, number: i64, label: &str) {
        let label = self.texts.place_of(label);
        self.entries.push(Entry { number, label });
    }

    /// No more entries come: builds the index.
    pub(super) fn seal(&mut self) {
        self.index = self.entries.iter().step_by(BLOCK).map(|entry| entry.number).collect();
        self.texts.remembered = Vec::new();
    }

    /// Where the entries of a number are.
    pub(super) fn find(&self, number: i64) -> Range<usize> {
        let start = if self.index.is_empty() {
            self.entries.partition_point(|it| it.number < number)
        } else {
            // The first that is not below is in the last block that begins below, or is the first of the next.
            let next = self.index.partition_point(|&first| first < number);
            let block = next.saturating_sub(1) * BLOCK..self.len().min(next * BLOCK);
            block.start + self.entries[block].partition_point(|it| it.number < number)
        };
        let count = self.entries[start..].iter().take_while(|it| it.number == number).count();
        start..start + count
    }

    /// The label of an entry; empty for one without.
    pub(super) fn label(&self, place: usize) -> &str {
        self.entries.get(place).map_or("", |entry| self.texts.get(entry.label))
    }

    /// The entries whose number is kept, with those of `added` in their places, after those of the same number.
    pub(super) fn merged_with(&self, added: &Self, kept: impl Fn(i64) -> bool) -> Self {
        let mut merged = Self::default();
        let mut take = |from: &Self, entry: Entry| match entry.label {
            NO_LABEL => merged.push(entry.number),
            label => merged.push_labelled(entry.number, from.texts.get(label)),
        };
        let mut next = added.entries.iter().copied().peekable();
        for &entry in self.entries.iter().filter(|it| kept(it.number)) {
            while let Some(before) = next.next_if(|it| it.number < entry.number) {
                take(added, before);
            }
            take(self, entry);
        }
        next.for_each(|entry| take(added, entry));
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
        let text = self.bytes.get(start as usize..).unwrap_or_default();
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
