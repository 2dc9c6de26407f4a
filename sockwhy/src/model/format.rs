//! Numbers and addresses as text, faster than by `std::fmt`: a listing can have a million of them.

use std::fmt::{self, Display, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The number in decimal.
pub(crate) fn number(out: &mut impl Write, number: impl itoa::Integer) -> fmt::Result {
    out.write_str(itoa::Buffer::new().format(number))
}

/// The address as it displays itself.
pub(crate) fn address(out: &mut impl Write, address: IpAddr) -> fmt::Result {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => write!(out, "{address}"),
    }
}

/// Address and port as they display themselves.
pub(crate) fn socket_address(out: &mut impl Write, socket: SocketAddr) -> fmt::Result {
    match socket {
        SocketAddr::V4(socket) => {
            ipv4(out, *socket.ip())?;
            out.write_char(':')?;
            number(out, socket.port())
        }
        SocketAddr::V6(socket) => write!(out, "{socket}"),
    }
}

/// Columns that address and port take up.
pub(crate) fn socket_address_width(socket: SocketAddr) -> usize {
    /// Counts, and keeps nothing.
    struct Count(usize);

    impl Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let mut count = Count(0);
    // Counting cannot fail.
    let _infallible = socket_address(&mut count, socket);
    count.0
}

/// Nanoseconds as people say them: "0.25 ms", "3.1 s", "2 h 5 min".
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Nanoseconds in a tenth of a second.
        const TENTH: u64 = 100_000_000;
        let Self(nanoseconds) = *self;
        let seconds = nanoseconds / 1_000_000_000;
        match nanoseconds {
            0..1_000_000 => write!(f, "0.{:02} ms", nanoseconds / 10_000),
            1_000_000..1_000_000_000 => write!(f, "{} ms", nanoseconds / 1_000_000),
            1_000_000_000..60_000_000_000 => write!(f, "{}.{} s", seconds, nanoseconds / TENTH % 10),
            60_000_000_000..3_600_000_000_000 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

/// A number of bytes as people say it, in units of 1024: "512 B", "20 KiB", "1.5 MiB".
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let Self(bytes) = *self;
        if bytes < 1024 {
            return write!(f, "{bytes} B");
        }
        let power = bytes.ilog2() / 10;
        let tenths = (u128::from(bytes) * 10) >> (10 * power);
        let unit = UNITS[power as usize - 1];
        if tenths < 100 {
            write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
        } else {
            write!(f, "{} {unit}", tenths / 10)
        }
    }
}

fn ipv4(out: &mut impl Write, address: Ipv4Addr) -> fmt::Result {
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.write_char('.')?;
        }
        number(out, octet)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_and_sizes_are_said_as_people_do() {
        let times = [0, 250_000, 3_000_000, 3_100_000_000, 125_000_000_000, 7_500_000_000_000];
        assert_eq!(
            times.map(|time| Seconds(time).to_string()),
            ["0.00 ms", "0.25 ms", "3 ms", "3.1 s", "2 min 5 s", "2 h 5 min"]
        );
        let sizes = [0, 1023, 1024, 1536, 20 * 1024, 3 << 30, u64::MAX];
        assert_eq!(
            sizes.map(|size| Bytes(size).to_string()),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "20 KiB", "3.0 GiB", "15 EiB"]
        );
    }

    proptest! {
        #[test]
        fn it_looks_as_std_writes_it(socket: SocketAddr) {
            let mut text = String::new();
            socket_address(&mut text, socket).unwrap();
            prop_assert_eq!(&text, &socket.to_string());
            prop_assert_eq!(socket_address_width(socket), text.len());
            text.clear();
            address(&mut text, socket.ip()).unwrap();
            prop_assert_eq!(text, socket.ip().to_string());
        }
    }
}
