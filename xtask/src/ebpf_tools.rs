//! What the BPF build needs beside rustc: bpf-linker and the sources of `core`, kept in a cache under `target/`.
//!
//! Each entry of the cache is a folder named after all that its content depends on.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    cache,
    command::{progress, run},
    debian::Suite,
    paths,
    toolchain::{Rustc, cargo},
};

const BPF_LINKER_VERSION: &str = "0.13.0";

/// Where Debian has the `rust-src` of the pinned toolchain.
const RUST_SRC_SUITE: &str = "trixie-backports";

/// Paths of what [`prepare`] made sure is there.
pub(crate) struct Tools {
    pub(crate) bpf_linker: PathBuf,
    /// The sources of the standard library, at the same place below the clone wherever they come from: cargo hashes
    /// a package's path into its symbols' names.
    pub(crate) library: PathBuf,
}

/// Gets what is missing from the cache.
pub(crate) fn prepare(rustc: &Rustc) -> Result<Tools> {
    let cache = paths::ebpf_tools();
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join(".lock")).context("cannot create the lock of the BPF tools' cache")?;
    lock.lock().context("cannot lock the BPF tools' cache")?;
    Ok(Tools { bpf_linker: bpf_linker(&cache, rustc)?, library: library(&cache, rustc)? })
}

/// bpf-linker, built against the LLVM inside rustc: it reads the bitcode which that LLVM writes.
fn bpf_linker(cache: &Path, rustc: &Rustc) -> Result<PathBuf> {
    let folder = cache.join(format!("bpf-linker-{BPF_LINKER_VERSION}-rust-{}", rustc.release));
    let program = folder.join("bin/bpf-linker");
    if !program.is_file() {
        progress(format_args!("building bpf-linker {BPF_LINKER_VERSION} (about a minute, once)"));
        let llvm = rustc.llvm_library()?;
        cache::install(&folder, |partial| {
            // bpf-linker's build script looks for lib/libLLVM.so below LLVM_PREFIX; rustc's own has another name.
            let prefix = partial.join("llvm");
            fs::create_dir_all(prefix.join("lib"))?;
            std::os::unix::fs::symlink(&llvm, prefix.join("lib/libLLVM.so"))?;
            run(cargo()
                .args(["install", "bpf-linker", "--locked", "--no-default-features", "--no-track"])
                .args(["--version", &format!("={BPF_LINKER_VERSION}")])
                .args(["--features", &format!("llvm-{}", rustc.llvm_major)])
                .arg("--root")
                .arg(partial)
                .arg("--target-dir")
                .arg(partial.join("build"))
                .env("LLVM_PREFIX", &prefix))?;
            fs::remove_dir_all(partial.join("build"))?;
            Ok(())
        })
        .context("cannot build bpf-linker")?;
    }
    Ok(program)
}

/// The sources of the standard library of exactly this rustc: rustup's, or else those that Debian packages.
fn library(cache: &Path, rustc: &Rustc) -> Result<PathBuf> {
    let folder = cache.join(format!("rust-src-{}", rustc.release));
    let library = folder.join("library");
    if !is_library(&library) {
        let installed = rustc.installed_sources();
        cache::install(&folder, |partial| {
            if is_library(&installed) {
                std::os::unix::fs::symlink(&installed, partial.join("library"))?;
                return Ok(());
            }
            let release = &rustc.release;
            progress(format_args!("downloading the sources of core {release} (45 MB, once)"));
            let unpacked = partial.join("unpacked");
            Suite::open(RUST_SRC_SUITE)?.unpack("rust-src", release, &unpacked)?;
            fs::rename(unpacked.join(format!("usr/src/rustc-{release}/library")), partial.join("library"))?;
            fs::remove_dir_all(&unpacked)?;
            Ok(())
        })
        .context("cannot get the sources of core; with rustup, `rustup component add rust-src` installs them")?;
    }
    Ok(library)
}

/// Whether `folder` holds the standard library's sources.
fn is_library(folder: &Path) -> bool {
    folder.join("core/src/lib.rs").is_file()
}
