//! Figures of this process, by which a test sees what was left behind.

#![allow(dead_code, reason = "each test file uses a part of it")]

/// Threads.
pub(crate) fn threads() -> usize {
    status("Threads:")
}

/// Threads and open files once no errand of an engine is under way, which a thread of its own does.
pub(crate) fn at_rest() -> (usize, usize) {
    while errands() > 0 {
        std::thread::sleep(core::time::Duration::from_millis(1));
    }
    (threads(), files())
}

fn errands() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    // One that ends meanwhile has no name any more.
    let names = tasks.filter_map(|it| std::fs::read_to_string(it.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "oncue-errand").count()
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
