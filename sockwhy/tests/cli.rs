//! The help texts, and what `sockwhy` says of wrong command lines. None of this needs root. The README's commands do:
//! they are among the acceptance tests.
//!
//! After an intended change, `TRYCMD=overwrite cargo test --test cli` writes the new texts.

#[test]
fn the_command_line_speaks_as_written() {
    trycmd::TestCases::new().case("tests/cli/*.md");
}
