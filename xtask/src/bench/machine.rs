//! The machine that is measured on.

use std::process::Command;
use std::{fs, thread};

use anyhow::{Context, Result};
use rustix::system::{sysinfo, uname};

use super::peers::Peers;
use crate::command::output;

/// A list of what matters for the numbers.
pub(crate) fn describe(peers: &Peers, absent: &[String]) -> Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a CPU without a name", |(_, model)| model);
    let cpus = thread::available_parallelism()?;
    let kernel = uname();
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let mut lines = vec![
        format!("{cpus} CPUs, {model}, {} GiB of memory", sysinfo().totalram >> 30),
        format!("Linux {}", kernel.release().to_string_lossy()),
        format!("sockwhy built by {}", rustc.trim()),
    ];
    for package in ["libbpf-tools", "bpftrace", "iproute2", "net-tools", "lsof"] {
        lines.push(format!("{package} {}", peers.version(package)?));
    }
    lines.extend(absent.iter().map(|reason| format!("not measured: {reason}")));
    Ok(format!("- {}\n", lines.join("\n- ")))
}

/// `kernel.bpf_stats_enabled`, set for as long as this lives.
pub(crate) struct BpfStatistics {
    before: String,
}

const SETTING: &str = "/proc/sys/kernel/bpf_stats_enabled";

impl BpfStatistics {
    pub(crate) fn enable() -> Result<Self> {
        let before = fs::read_to_string(SETTING).with_context(|| format!("cannot read {SETTING}"))?;
        fs::write(SETTING, "1").with_context(|| format!("cannot write {SETTING}"))?;
        Ok(Self { before })
    }
}

impl Drop for BpfStatistics {
    fn drop(&mut self) {
        if let Err(error) = fs::write(SETTING, &self.before) {
            crate::command::progress(format_args!("cannot restore {SETTING}: {error}"));
        }
    }
}
