//! What the test programs share.

pub(crate) mod enter;
pub(crate) mod harness;
pub(crate) mod host;
pub(crate) mod kinds;
pub(crate) mod netlink;
pub(crate) mod outcome;
pub(crate) mod program;
pub(crate) mod said;
pub(crate) mod terminal;
