//! The hooks: what one event is, and which facts each hook has of it.

pub mod accept;
pub mod connect;
pub mod iterators;
pub mod outcome;
pub mod pending;
