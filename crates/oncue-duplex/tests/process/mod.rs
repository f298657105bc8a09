//! Figures of this process, by which a test sees what was left behind.

#![allow(dead_code, reason = "each test file uses a part of it")]

/// Threads.
pub(crate) fn threads() -> usize {
    status("Threads:")
}

/// Open files.
pub(crate) fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Memory in use, in KiB.
pub(crate) fn resident_kib() -> usize {
    status("VmRSS:")
}

fn status(figure: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
