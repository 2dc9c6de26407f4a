//! `RLIMIT_MEMLOCK`, in bytes. Kernels before 5.11 count maps and programs of BPF against it.

use std::sync::Once;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::btf::Btf;

/// Raises it once, where that is allowed (`CAP_SYS_RESOURCE`).
pub(super) fn raise() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let unlimited = Rlimit { current: None, maximum: None };
        if let Err(error) = setrlimit(Resource::Memlock, unlimited) {
            log::debug!("RLIMIT_MEMLOCK stays as it is ({error}); kernels since 5.11 do not need it");
        }
    });
}

/// The limit of this process; `None` where there is none.
pub fn limit() -> Option<u64> {
    getrlimit(Resource::Memlock).current
}

/// Whether this kernel counts BPF against it, as far as its BTF tells: it has the function that does.
pub fn is_counted() -> bool {
    Btf::of_kernel().is_ok_and(|btf| btf.parameters("bpf_map_charge_init").is_some())
}
