//! The installed Rust toolchain, and whether it is the pinned one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::command::output;
use crate::paths;

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root());
    command
}

/// The same, without the environment variables that change the build.
pub(crate) fn pristine_cargo() -> Command {
    let mut command = cargo();
    for (name, _) in env::vars_os().filter(|(name, _)| steers_the_build(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// Whether a variable changes what cargo builds, not only where it downloads from or what it shows.
fn steers_the_build(variable: &str) -> bool {
    const HARMLESS: &[&str] =
        &["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_TERM_"];
    ["CARGO_", "RUSTC", "RUSTFLAGS", "AYA_"].iter().any(|prefix| variable.starts_with(prefix))
        && !HARMLESS.iter().any(|prefix| variable.starts_with(prefix))
}

/// The rustc that [`cargo`] runs.
pub(crate) struct Rustc {
    /// `1.95.0`
    pub(crate) release: String,
    /// `22`
    pub(crate) llvm_major: String,
    /// The folder that holds `bin/` and `lib/`.
    pub(crate) sysroot: PathBuf,
    /// `x86_64-unknown-linux-gnu`
    host: String,
}

impl Rustc {
    /// The pinned compiler. Another version would give other bytes, so it is an error.
    pub(crate) fn pinned() -> Result<Self> {
        let rustc = Self::installed()?;
        let file = paths::root().join("rust-toolchain.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pinned = channel(&text).with_context(|| format!("{} names no channel", file.display()))?;
        if rustc.release != pinned {
            bail!(
                "the BPF object is built with Rust {pinned}, and this rustc is {}: run `rustup toolchain install \
                 {pinned}`, and cargo without a `+toolchain`",
                rustc.release
            );
        }
        Ok(rustc)
    }

    fn installed() -> Result<Self> {
        let verbose = output(Command::new("rustc").arg("-vV").current_dir(paths::root()))?;
        let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(paths::root()))?;
        let field = |name| verbose_field(&verbose, name).with_context(|| format!("`rustc -vV` shows no {name}"));
        Ok(Self {
            release: field("release")?.to_owned(),
            llvm_major: field("LLVM version")?.split('.').next().unwrap_or_default().to_owned(),
            sysroot: sysroot.trim_end().into(),
            host: field("host")?.to_owned(),
        })
    }

    /// Where rustc's own shared libraries are, LLVM's among them.
    pub(crate) fn lib(&self) -> PathBuf {
        self.sysroot.join("lib")
    }

    /// The LLVM that rustc itself uses: `libLLVM.so.22.1-rust-1.95.0-stable` or the like.
    pub(crate) fn llvm_library(&self) -> Result<PathBuf> {
        let lib = self.lib();
        let entries = fs::read_dir(&lib).with_context(|| format!("cannot read {}", lib.display()))?;
        entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("libLLVM.so."))
            })
            .with_context(|| {
                format!("no libLLVM.so.* in {}: bpf-linker needs the one of rustup's toolchains", lib.display())
            })
    }

    /// llvm-objcopy, as rustc ships it for its own use.
    pub(crate) fn objcopy(&self) -> PathBuf {
        self.host_libraries_in(&self.sysroot).join("bin/rust-objcopy")
    }

    /// Where in `sysroot` the libraries and tools for the machine are that this rustc runs on.
    pub(crate) fn host_libraries_in(&self, sysroot: &Path) -> PathBuf {
        sysroot.join("lib/rustlib").join(&self.host)
    }
}

/// Where in `sysroot` the sources of the standard library are, if they are installed (`rustup component add rust-src`).
pub(crate) fn library_in(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib/src/rust/library")
}

/// The value of `channel` in a rust-toolchain.toml.
fn channel(toml: &str) -> Option<&str> {
    toml.lines().find_map(|line| {
        line.trim().strip_prefix("channel")?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?.split('"').next()
    })
}

/// The value of a `name: value` line of `rustc -vV`.
fn verbose_field<'a>(verbose: &'a str, name: &str) -> Option<&'a str> {
    verbose.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_is_read_past_comments() {
        assert_eq!(channel("# channel = \"x\"\n[toolchain]\nchannel = \"1.95.0\"\n"), Some("1.95.0"));
        assert_eq!(channel("[toolchain]\nchannels = \"1.95.0\"\n"), None);
    }

    #[test]
    fn fields_of_rustc_are_whole_names() {
        let verbose = "rustc 1.95.0\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        assert_eq!(verbose_field(verbose, "release"), Some("1.95.0"));
        assert_eq!(verbose_field(verbose, "LLVM version"), Some("22.1.2"));
        assert_eq!(verbose_field(verbose, "LLVM"), None);
    }

    #[test]
    fn the_users_flags_do_not_reach_the_build() {
        for name in
            ["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_PROFILE_BPF_LTO"]
        {
            assert!(steers_the_build(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TERM_COLOR", "CARGO_HTTP_PROXY", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!steers_the_build(name), "{name}");
        }
    }
}
