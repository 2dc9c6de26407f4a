//! sockwhy
fn main() {}
