//! The one place that reads kernel memory.
//!
//! Rust cannot record CO-RE relocations, so no kernel struct is compiled in. Where a member lies comes from the running
//! kernel's BTF: userspace resolves [`OFFSETS`] before the programs load.

use core::mem::MaybeUninit;
use core::num::NonZeroU64;

use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_kernel_str};
use bytemuck::Pod;
use sockwhy_common::{Bit, Offsets};

/// Where the running kernel keeps what is read here; written by userspace before the programs load.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::UNRESOLVED;

/// The resolved offset of a kernel struct member.
macro_rules! offset {
    ($member:ident) => {
        $crate::read::constant(&$crate::read::OFFSETS.$member)
    };
}
pub(crate) use offset;

/// A value that userspace has written before the programs loaded. The compiler must not rely on the one that it sees;
/// the verifier, which knows the other, treats it as a constant.
#[inline(always)]
pub fn constant<T: Copy>(value: &T) -> T {
    // SAFETY: a reference is valid to read from.
    unsafe { core::ptr::read_volatile(value) }
}

/// An address in kernel memory. Nothing is assumed of what lies there: every read can fail.
///
/// Never null, so that an `Option` of it is one register: the verifier does not accept that the compiler copies the
/// undefined half of a `None`.
#[derive(Clone, Copy)]
pub struct KernelPtr(NonZeroU64);

impl KernelPtr {
    /// The pointer, unless it is null.
    #[inline(always)]
    pub fn new<T>(pointer: *const T) -> Option<Self> {
        NonZeroU64::new(pointer as u64).map(Self)
    }

    /// The address as a number, to tell objects apart.
    #[inline(always)]
    pub fn address(self) -> u64 {
        self.0.get()
    }

    /// Where the `index`th element of `size` bytes lies, in an array `offset` bytes from here.
    #[inline(always)]
    pub fn element(self, offset: u32, index: u32, size: u32) -> Self {
        Self(self.0.saturating_add(u64::from(offset) + u64::from(index) * u64::from(size)))
    }

    /// Reads a plain value `offset` bytes from here.
    #[inline(always)]
    pub fn read<T: Pod>(self, offset: u32) -> Option<T> {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the pointer is to a `T`; bpf_probe_read_kernel() fills it, whether it succeeds or not.
        unsafe {
            self.read_into(offset, value.as_mut_ptr())?;
            Some(value.assume_init())
        }
    }

    /// Reads a plain value `offset` bytes from here to where it is wanted, without a copy on the stack.
    ///
    /// # Safety
    /// `to` may be written to.
    #[inline(always)]
    pub unsafe fn read_into<T: Pod>(self, offset: u32, to: *mut T) -> Option<()> {
        // SAFETY: the helper takes any address to read from and fails where nothing is mapped; `to` is the caller's
        // promise, and every bit pattern is a valid `Pod`.
        let error = unsafe {
            bpf_probe_read_kernel(to.cast(), size_of::<T>() as u32, (self.address() + u64::from(offset)) as *const _)
        };
        (error == 0).then_some(())
    }

    /// Reads a string `offset` bytes from here, filled up with zeros: what the kernel has left behind the NUL of a longer
    /// one (`__set_task_comm()` before 5.17) would tell equal names apart.
    #[inline(always)]
    pub fn read_string<const N: usize>(self, offset: u32) -> Option<[u8; N]> {
        let mut string = [0; N];
        let from = (self.address() + u64::from(offset)) as *const _;
        // SAFETY: as in `read_into`; the helper writes at most `N` bytes, and none behind the NUL.
        let length = unsafe { bpf_probe_read_kernel_str(string.as_mut_ptr().cast(), N as u32, from) };
        (length > 0).then_some(string)
    }

    /// Reads the pointer `offset` bytes from here; none where it is null or unreadable.
    #[inline(always)]
    pub fn follow(self, offset: u32) -> Option<Self> {
        NonZeroU64::new(self.read(offset)?).map(Self)
    }

    /// Reads one bit of the struct that starts here.
    #[inline(always)]
    pub fn bit(self, bit: Bit) -> Option<bool> {
        let byte: u8 = self.read(bit.byte)?;
        Some(u32::from(byte) & bit.mask != 0)
    }
}
