//! `cargo xtask ebpf`: the committed BPF object, from its source.
//!
//! The same source gives the same bytes from a clone at any path, for whichever user, so `--check` can compare them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{output, progress, run};
use crate::ebpf_tools::{self, Tools};
use crate::paths;
use crate::toolchain::{Rustc, cargo, library_in, pristine_cargo};

/// The architectures there is an object for, by aya's names (`bpf_target_arch`): where a kprobe finds the arguments
/// of a function depends on the registers.
const ARCHITECTURES: &[&str] = &["x86_64"];

const TARGET: &str = "bpfel-unknown-none";

/// The profile in Cargo.toml.
const PROFILE: &str = "bpf";

#[derive(Args)]
pub(crate) struct Options {
    /// Change nothing; fail where the committed object is not what the source gives
    #[arg(long)]
    check: bool,
}

pub(crate) fn main(options: &Options) -> Result<()> {
    if options.check { check() } else { write() }
}

fn write() -> Result<()> {
    let build = Build::new()?;
    for arch in ARCHITECTURES {
        let object = build.object(arch)?;
        let name = committed(arch);
        fs::write(paths::root().join(&name), &object).with_context(|| format!("cannot write {name}"))?;
        progress(format_args!("wrote {name} ({} bytes)", object.len()));
    }
    Ok(())
}

/// Fails where the committed object is not what the source gives.
pub(crate) fn check() -> Result<()> {
    let build = Build::new()?;
    for arch in ARCHITECTURES {
        let name = committed(arch);
        let committed = fs::read(paths::root().join(&name))
            .with_context(|| format!("cannot read {name}: run `cargo xtask ebpf` and commit the object"))?;
        if build.object(arch)? != committed {
            bail!("{name} is not what its source gives: run `cargo xtask ebpf` and commit the object");
        }
    }
    Ok(())
}

/// Runs clippy over the BPF programs, warnings denied.
pub(crate) fn lint() -> Result<()> {
    let build = Build::new()?;
    for arch in ARCHITECTURES {
        run(build.cargo("clippy", arch).args(["--", "--deny=warnings"]))?;
    }
    Ok(())
}

/// Where in the clone the object is that `sockwhy` embeds.
fn committed(arch: &str) -> String {
    format!("sockwhy/bpf/sockwhy-{arch}.bpf.o")
}

/// All that a cargo command for the BPF target needs.
struct Build {
    rustc: Rustc,
    tools: Tools,
    /// Folders of this machine, and the names that replace them in the object.
    remap: Vec<(PathBuf, &'static str)>,
}

impl Build {
    fn new() -> Result<Self> {
        let rustc = Rustc::pinned()?;
        let tools = ebpf_tools::prepare(&rustc)?;
        // rustc takes the last match, and the other folders may lie inside the clone. No file may exist under the names
        // that replace them, because LLVM copies source lines of the files that it finds into the BTF. It finds the
        // clone's own files, so the verifier's log shows our source lines.
        let mut remap = vec![(paths::root().to_owned(), "")];
        remap.extend(registries()?.into_iter().map(|folder| (folder, "/registry")));
        // cargo gives rustc paths inside the clone as relative ones.
        remap.push((library_in(&tools.sysroot).strip_prefix(paths::root())?.to_owned(), "/rust/library"));
        Ok(Self { rustc, tools, remap })
    }

    /// `cargo SUBCOMMAND` of the BPF crate, for one architecture.
    fn cargo(&self, subcommand: &str, arch: &str) -> Command {
        let mut flags = vec![OsString::from(format!("--cfg=bpf_target_arch=\"{arch}\"")), "-Clink-arg=--btf".into()];
        for (from, to) in &self.remap {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        }
        let mut command = pristine_cargo();
        command
            .args([subcommand, "--locked", "--package=sockwhy-ebpf", "--bin=sockwhy"])
            .args([format!("--profile={PROFILE}"), format!("--target={TARGET}")])
            .arg("-Zbuild-std=core")
            .arg("--target-dir")
            .arg(paths::ebpf_target().join(arch))
            // There is no compiled `core` for this target. Building it needs a -Z option, which a stable cargo accepts
            // only with this variable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", self.tools.sysroot.join("bin/rustc"))
            .env("XTASK_RUSTC", self.rustc.sysroot.join("bin/rustc"))
            // clippy has its own driver, which reads its sysroot from here.
            .env("SYSROOT", &self.tools.sysroot)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join(&OsString::from("\x1f")))
            .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &self.tools.bpf_linker)
            // bpf-linker runs on rustc's LLVM.
            .env("LD_LIBRARY_PATH", self.rustc.lib());
        command
    }

    /// Builds the object for `arch` and returns its bytes.
    fn object(&self, arch: &str) -> Result<Vec<u8>> {
        progress(format_args!("building the BPF object for {arch}"));
        run(&mut self.cargo("build", arch))?;
        let folder = paths::ebpf_target().join(arch).join(TARGET).join(PROFILE);
        let stripped = folder.join("sockwhy.stripped");
        // DWARF is not needed any more: the BTF was made from it, and stays.
        run(Command::new(self.rustc.objcopy())
            .arg("--strip-debug")
            .args([&folder.join("sockwhy"), &stripped])
            .env("LD_LIBRARY_PATH", self.rustc.lib()))?;
        let object = fs::read(&stripped).with_context(|| format!("cannot read {}", stripped.display()))?;
        for (folder, _) in &self.remap {
            if contains(&object, folder) {
                bail!(
                    "the object for {arch} holds the path {}: it could not be reproduced elsewhere",
                    folder.display()
                );
            }
        }
        Ok(object)
    }
}

/// The folders with the registries' sources that the BPF crate is built from.
fn registries() -> Result<Vec<PathBuf>> {
    let text = output(
        cargo().args(["metadata", "--format-version=1", "--locked"]).arg(format!("--filter-platform={TARGET}")),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cannot read cargo's metadata")?;
    let packages = metadata["packages"].as_array().context("cargo's metadata have no packages")?;
    let mut folders: Vec<_> = packages
        .iter()
        .filter(|package| !package["source"].is_null())
        .filter_map(|package| Path::new(package["manifest_path"].as_str()?).parent()?.parent())
        .map(Path::to_owned)
        .collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}

fn contains(bytes: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    bytes.windows(path.len()).any(|window| window == path)
}
