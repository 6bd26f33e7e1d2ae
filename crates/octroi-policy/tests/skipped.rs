//! A stage cannot be skipped: what each case tries does not compile.

#[test]
fn skipped_stages_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/skipped/*.rs");
}
