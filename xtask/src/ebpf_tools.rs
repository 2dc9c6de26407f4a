//! What the BPF build needs apart from rustc: bpf-linker and the sources of `core`, kept in a cache under `target/`.
//!
//! Each entry of the cache is a folder named after all that its content depends on.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::command::{progress, run};
use crate::debian::{self, Suite};
use crate::toolchain::{Rustc, library_in, pristine_cargo};
use crate::{cache, paths};

const BPF_LINKER_VERSION: &str = "0.13.0";

/// Where Debian may have the `rust-src` of the pinned toolchain.
const RUST_SRC_SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

/// A rustc with our own sysroot.
///
/// cargo hashes the path of `core`'s sources, relative to the sysroot, into the symbols of every crate. For the same
/// symbols everywhere, the sources must lie where rustup puts them in a sysroot. rustc's own sysroot may not be
/// writable.
const RUSTC: &str = r#"#!/bin/sh
exec "$XTASK_RUSTC" --sysroot "${0%/bin/rustc}" "$@"
"#;

/// Paths of what [`prepare`] made sure is there.
pub(crate) struct Tools {
    pub(crate) bpf_linker: PathBuf,
    /// Has `bin/rustc`, which runs the rustc that the variable `XTASK_RUSTC` names, and the sources of `core`.
    pub(crate) sysroot: PathBuf,
}

/// Gets what is missing from the cache.
pub(crate) fn prepare(rustc: &Rustc) -> Result<Tools> {
    let cache = paths::ebpf_tools();
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join(".lock")).context("cannot create the lock of the BPF tools' cache")?;
    lock.lock().context("cannot lock the BPF tools' cache")?;
    Ok(Tools { bpf_linker: bpf_linker(&cache, rustc)?, sysroot: sysroot(&cache, rustc)? })
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
            link(&llvm, &prefix.join("lib/libLLVM.so"))?;
            run(pristine_cargo()
                .args(["install", "bpf-linker", "--locked", "--no-default-features"])
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

/// A sysroot with rustc's own libraries for this machine, and the sources of the standard library.
fn sysroot(cache: &Path, rustc: &Rustc) -> Result<PathBuf> {
    let folder = cache.join(format!("sysroot-{}", rustc.release));
    // Both are links. They dangle if a toolchain was moved or removed.
    let is_whole = is_library(&library_in(&folder)) && rustc.host_libraries_in(&folder).exists();
    if !is_whole {
        let installed = library_in(&rustc.sysroot);
        let library = if is_library(&installed) { installed } else { debian_library(cache, rustc)? };
        cache::install(&folder, |partial| {
            let program = partial.join("bin/rustc");
            fs::create_dir(partial.join("bin"))?;
            fs::write(&program, RUSTC)?;
            fs::set_permissions(&program, Permissions::from_mode(0o755))?;
            link(&library, &library_in(partial))?;
            link(&rustc.host_libraries_in(&rustc.sysroot), &rustc.host_libraries_in(partial))
        })
        .context("cannot make a sysroot")?;
    }
    Ok(folder)
}

/// The sources of the standard library of exactly this rustc, as Debian packages them.
fn debian_library(cache: &Path, rustc: &Rustc) -> Result<PathBuf> {
    let release = &rustc.release;
    let folder = cache.join(format!("rust-src-{release}"));
    let library = folder.join("library");
    if !is_library(&library) {
        progress(format_args!("downloading the sources of core {release} (45 MB, once)"));
        let download = |suite: &str, partial: &Path| {
            let unpacked = partial.join("unpacked");
            Suite::open(suite)?.unpack("rust-src", release, &unpacked)?;
            fs::rename(unpacked.join(format!("usr/src/rustc-{release}/library")), partial.join("library"))?;
            fs::remove_dir_all(&unpacked)?;
            Ok(())
        };
        debian::first(&RUST_SRC_SUITES, |suite| cache::install(&folder, |partial| download(suite, partial))).map_err(
            |error| {
                anyhow!("cannot get the sources of core: {error}; with rustup, run `rustup component add rust-src`")
            },
        )?;
    }
    Ok(library)
}

/// Whether `folder` holds the standard library's sources.
fn is_library(folder: &Path) -> bool {
    folder.join("core/src/lib.rs").is_file()
}

fn link(target: &Path, link: &Path) -> Result<()> {
    let folder = link.parent().context("a link lies in a folder")?;
    fs::create_dir_all(folder)?;
    Ok(symlink(target, link)?)
}
