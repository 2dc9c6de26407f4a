//! The commands. Each takes its arguments and does its work; none calls another.

pub mod demo;
pub mod doctor;
pub mod explain;
pub mod list;
pub mod trace;
