//! What `sockwhy` says to people who ask for help or mistype, and the commands in the README
//! and its like. None of them needs root.
//!
//! After a change that is meant, `TRYCMD=overwrite cargo test --test cli` writes the new texts.

#[test]
fn the_command_line_speaks_as_written() {
    trycmd::TestCases::new().case("tests/cli/*.md").case("../*.md");
}
