//! Why a socket is `tcp6`: names the address family of every TCP flow and says the reason.
//!
//! The way of a run: [`cli`] turns arguments into typed values, [`plan`] checks that they make sense together, the
//! kernel's records become [`flow`]s, and [`output`] writes them.

pub mod cli;
pub mod flow;
pub mod output;
pub mod plan;
