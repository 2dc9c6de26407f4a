//! Why a socket is `tcp6`: names the address family of every TCP flow and says the reason.
//!
//! The modules below stand in an order: each imports from those before it only, and files do not import each other in a
//! circle. A test holds this.
//!
//! The way of a trace: [`cli`] turns arguments into typed values, [`plan`] checks that they make sense together, [`kernel`]
//! loads and attaches, [`pipeline`] reads records, which become the events of [`model`], and hands them to a [`sink`].
//!
//! Sockets that exist come from [`kernel`], or from [`netlink`] where BPF is not allowed: [`inventory`] chooses. [`runtime`]
//! knows the programs that hold them, [`explanation`] finds out why they are as they are, and [`investigation`] gathers what
//! it needs to know. The [`commands`] join these.

pub mod model;

pub mod exit;

pub mod host;

pub mod runtime;

pub mod explanation;

pub mod cli;

pub mod plan;

pub mod kernel;

pub mod netlink;

pub mod inventory;

pub mod investigation;

pub mod term;

pub mod page;

pub mod pipeline;

pub mod sink;

pub mod commands;
