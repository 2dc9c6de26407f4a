//! The backends that this machine may lack, and tools that need kprobes, in a virtual machine. It is emulated, so times
//! mean nothing and costs are not those of a real CPU. Ratios can be compared with each other.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};

use super::Bench;
use super::page::Table;
use super::statistics::Sample;
use crate::command::progress;
use crate::vm::image::Image;
use crate::vm::machine::{self, End, Machine, lines};
use crate::vm::{binaries, kernel, lock};

const KERNEL: &str = "6.12";

/// Connections in one measurement: emulated, a CPU makes some thousand a second.
const CONNECTIONS: u32 = 4_000;

/// What is measured: its name and its command line.
const TOOLS: [(&str, &str); 5] = [
    ("sockwhy, fentry", "/sockwhy trace --backend fentry -o json"),
    ("sockwhy, fentry, connects only", "/sockwhy trace --backend fentry --event connect -o json"),
    ("sockwhy, kprobe", "/sockwhy trace --backend kprobe -o json"),
    ("tcpconnect (libbpf-tools)", "/tcpconnect-libbpf"),
    ("tcptracer (libbpf-tools)", "/tcptracer-libbpf"),
];

pub(crate) fn measure(bench: &Bench) -> Result<String> {
    machine::require_qemu()?;
    let _lock = lock()?;
    let kernel = kernel::named(KERNEL)?;
    let machine = Machine::new(kernel, Image::get(kernel)?, "bench")?;
    install(bench, &machine)?;
    progress(format_args!("booting Linux {KERNEL}"));
    let (mut said, mut shown) = (String::new(), 0);
    let end = machine.run(|chunk| {
        said.push_str(&String::from_utf8_lossy(chunk));
        for (tool, seconds) in results(&said).skip(shown) {
            progress(format_args!("{tool}: {seconds}"));
            shown += 1;
        }
        Ok(())
    })?;
    match end {
        End::Off => {}
        End::Silent => bail!("the guest hung\n{}", machine.console_end()),
        End::Failed(why) => bail!("the guest could not run: {why}"),
    }
    let (ratios, absent) = evaluate(&said);
    let mut table = Table::new(&["", "throughput over that without a tracer"]);
    for (tool, _) in TOOLS {
        let cell = match (ratios.get(tool), absent.get(tool)) {
            (Some(ratio), _) => ratio.to_string(),
            (None, Some(why)) => format!("does not run: {why}"),
            (None, None) => bail!("the guest ended too soon\n{}", machine.console_end()),
        };
        table.row(&[tool.to_owned(), cell]);
    }
    Ok(table.finish())
}

/// Puts the programs and the list of measurements into the guest.
fn install(bench: &Bench, machine: &Machine) -> Result<()> {
    progress("building sockwhy and the load for the guest");
    let messages = binaries::build(&["--package=sockwhy", "--bin=sockwhy", "--package=xtask", "--bin=load"])?;
    let mut files = Vec::new();
    for name in ["sockwhy", "load"] {
        files.push((name.to_owned(), binaries::executable(&messages, name)?));
    }
    for program in ["usr/sbin/tcpconnect-libbpf", "usr/sbin/tcptracer-libbpf"] {
        files.extend(bench.peers.files(program)?);
    }
    files.sort();
    files.dedup();
    let mut root = machine.root(&binaries::busybox()?, include_bytes!("guest.sh"))?;
    for (name, path) in files {
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        root.file(&name, &content);
    }
    root.file("storm", format!("{} 1 {CONNECTIONS}\n", bench.rounds(7)).as_bytes());
    root.file("tools", lines(&TOOLS.map(|(name, command)| format!("{name}|{command}"))).as_bytes());
    machine.install(root)
}

/// The complete lines so far: a tool, and the seconds of a storm under it.
fn results(said: &str) -> impl Iterator<Item = (&str, &str)> {
    let (whole, _) = said.rsplit_once('\n').unwrap_or_default();
    whole.lines().filter_map(|line| line.trim_end().split_once('|'))
}

/// Ratios from the measured seconds, and why tools do not run, by the tools' names.
fn evaluate(said: &str) -> (BTreeMap<&str, Sample>, BTreeMap<&str, &str>) {
    let results: Vec<_> = results(said).collect();
    let (mut ratios, mut absent) = (BTreeMap::<_, Sample>::new(), BTreeMap::new());
    for around in results.windows(3) {
        let [("off", before), (tool, on), ("off", after)] = *around else { continue };
        if let (Ok(before), Ok(on), Ok(after)) = (before.parse(), on.parse::<f64>(), after.parse()) {
            ratios.entry(tool).or_default().push(f64::midpoint(before, after) / on);
        } else if let ("absent", Some((tool, why))) = (tool, on.split_once(": ")) {
            absent.insert(tool, why);
        }
    }
    (ratios, absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_compared_with_the_storms_around_it() {
        let said = "noise\r\noff|1.0\r\na|2.0\r\noff|3.0\r\nabsent|b: no kprobes\r\noff|1.0\r\na|4.0\r\noff|1.0\r\n";
        let (ratios, absent) = evaluate(said);
        assert_eq!(ratios["a"].to_string(), "0.62 (0.44–0.81)");
        assert_eq!(absent["b"], "no kprobes");
    }
}
