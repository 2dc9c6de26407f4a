//! What `sockwhy` says to people who ask for help or mistype. None of it needs root; the README's commands do, and are
//! among the acceptance tests.
//!
//! After a change that is meant, `TRYCMD=overwrite cargo test --test cli` writes the new texts.

#[test]
fn the_command_line_speaks_as_written() {
    trycmd::TestCases::new().case("tests/cli/*.md");
}
