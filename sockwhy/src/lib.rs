//! Why a socket is `tcp6`: names the address family of every TCP flow and says the reason.
//!
//! The way of a trace: [`cli`] turns arguments into typed values, [`plan`] checks that they make sense together,
//! [`kernel`] loads and attaches, [`stream`] waits for records, which become [`flow`]s, and [`output`] writes them.
//! Each module imports from those before it in this list only; [`trace`] is the command that joins them.
//!
//! Sockets that exist come from [`kernel`], or from [`diag`] where it may not be asked, and become [`socket`]s.
//! [`runtime`] knows the programs that hold them, and [`explanation`] finds out why they are as they are. The commands
//! that join these are [`list`], [`explain`], and [`demo`], which makes sockets to be explained. [`doctor`] asks
//! [`kernel`] what it can do at all.

pub mod cli;
pub mod demo;
pub mod diag;
mod digits;
pub mod doctor;
pub mod explain;
pub mod explanation;
pub mod flow;
pub mod kernel;
pub mod list;
pub mod netns;
pub mod network;
pub mod output;
pub mod plan;
pub mod proc;
pub mod runtime;
mod sanitize;
pub mod socket;
pub mod stream;
pub mod trace;
