//! The way of an event: from the ring through decoding to a [`Sink`], until it is told to [`Stop`], with an [`Account`] of
//! what became of all of them.

mod account;
mod run;
mod source;
mod stop;

pub use self::account::Account;
pub use self::run::{Sink, run};
pub use self::stop::Stop;
