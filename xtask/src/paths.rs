//! Where things are in this repository.

use std::path::{Path, PathBuf};

/// The clone.
pub(crate) fn root() -> &'static Path {
    // `cargo xtask` compiles this again if the clone has moved.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the clone")
}

/// The target folder of the BPF build. It is separate, so that neither build waits for the other or rebuilds it.
pub(crate) fn ebpf_target() -> PathBuf {
    root().join("target/ebpf")
}

/// The cache of the tools and sources that the BPF build needs and cargo does not fetch by itself.
pub(crate) fn ebpf_tools() -> PathBuf {
    root().join("target/ebpf-tools")
}

/// The state of apt for the Debian suites that packages are taken from.
pub(crate) fn apt() -> PathBuf {
    root().join("target/apt")
}

/// All that the virtual machines need and leave behind.
pub(crate) fn vm() -> PathBuf {
    root().join("target/vm")
}

/// What the benchmarks download and leave behind.
pub(crate) fn bench() -> PathBuf {
    root().join("target/bench")
}
