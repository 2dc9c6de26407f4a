//! Numbers and addresses as text, faster than by `std::fmt`: a listing can have a million of them.

use std::fmt::{self, Write};
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
