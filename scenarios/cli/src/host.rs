//! What a run cost this machine: the only part of a result that differs between two equal runs.

use std::time::Instant;

use squall_results::Host;

/// Measures from its creation on.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    cpu_seconds: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu_seconds: usage().0 }
    }

    /// CPU time and peak memory are the whole process's; with several runs at once they are shared.
    pub(crate) fn read(&self) -> Host {
        let (cpu_seconds, peak_rss_bytes) = usage();
        Host {
            wall_seconds: self.began.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds - self.cpu_seconds,
            peak_rss_bytes,
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        }
    }
}

/// CPU seconds and peak resident bytes of this process so far.
#[cfg(unix)]
fn usage() -> (f64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return (0.0, 0) };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Linux counts kilobytes, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    (micros as f64 / 1e6, u64::try_from(usage.max_rss()).unwrap_or(0) * unit)
}

#[cfg(not(unix))]
fn usage() -> (f64, u64) {
    (0.0, 0)
}
