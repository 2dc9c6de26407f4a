//! TCP sockets that exist: what they are called, who holds them, how they belong together.
//!
//! A [`Socket`] is what the kernel says of one. [`Sockets`] has all of a listing, with their owners and the links
//! between them: from a connection to the listener it came from, and from one end of a connection within the machine to
//! the other.

pub(crate) mod join;
mod owner;
#[expect(clippy::module_inception, reason = "it is about one socket, its siblings are about several")]
mod socket;
mod sockets;
mod state;
#[cfg(test)]
mod tests;
mod why;

pub use self::owner::{Descriptor, Owner};
pub(crate) use self::socket::family_and_state;
pub use self::socket::{Opening, Socket, Unknown};
pub use self::sockets::{Entry, Sockets};
pub use self::state::State;
pub use self::why::Why;
