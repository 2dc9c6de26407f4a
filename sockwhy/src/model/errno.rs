//! The errors that a connection can end with, by name.

/// An error of the kernel's. Numbers are the same on every architecture that sockwhy runs on (`asm-generic/errno.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

macro_rules! errnos {
    ($($short:ident $name:literal = $number:literal,)*) => {
        impl Errno {
            $(#[doc = concat!("`", $name, "`")] pub const $short: Self = Self($number);)*

            /// As programs and manuals call it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$short => $name,)*
                    _ => "an unnamed error",
                }
            }
        }
    };
}

errnos! {
    PERM "EPERM" = 1,
    INTR "EINTR" = 4,
    IO "EIO" = 5,
    NOMEM "ENOMEM" = 12,
    ACCES "EACCES" = 13,
    INVAL "EINVAL" = 22,
    PIPE "EPIPE" = 32,
    PROTO "EPROTO" = 71,
    NOPROTOOPT "ENOPROTOOPT" = 92,
    PROTONOSUPPORT "EPROTONOSUPPORT" = 93,
    OPNOTSUPP "EOPNOTSUPP" = 95,
    AFNOSUPPORT "EAFNOSUPPORT" = 97,
    ADDRINUSE "EADDRINUSE" = 98,
    ADDRNOTAVAIL "EADDRNOTAVAIL" = 99,
    NETDOWN "ENETDOWN" = 100,
    NETUNREACH "ENETUNREACH" = 101,
    CONNABORTED "ECONNABORTED" = 103,
    CONNRESET "ECONNRESET" = 104,
    NOBUFS "ENOBUFS" = 105,
    TIMEDOUT "ETIMEDOUT" = 110,
    CONNREFUSED "ECONNREFUSED" = 111,
    HOSTDOWN "EHOSTDOWN" = 112,
    HOSTUNREACH "EHOSTUNREACH" = 113,
}
