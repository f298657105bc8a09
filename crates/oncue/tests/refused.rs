//! The compile error that the README shows, as a crate sees it that depends on this one only.
//!
//! `TRYBUILD=overwrite` writes the text anew after a new compiler; read it before you keep it.

use std::fs;

#[test]
fn a_call_out_of_order_is_refused_with_the_rule() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}

#[test]
fn the_error_names_the_rule_and_shows_nothing_of_the_macro() {
    let text = include_str!("refused/activate_under_callkit.stderr");
    assert!(text.starts_with(
        "error[E0277]: no-app-activation-under-callkit: the call system activates this session"
    ));
    for part in
        ["out of order: the session is `UnderSystem<", "= note: instead: ", "= note: otherwise: "]
    {
        assert!(text.contains(part), "{part}");
    }
    for leak in ["macro", "order.rs", "table.rs", "order!"] {
        assert!(!text.contains(leak), "{leak}:\n{text}");
    }
}

#[test]
fn the_readme_shows_the_call_and_the_error_as_they_are() {
    let readme =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let error = include_str!("refused/activate_under_callkit.stderr");
    // The README leaves out where in this workspace the bound stands.
    let shown: Vec<_> =
        error.lines().take_while(|line| !line.starts_with("note: required")).collect();
    let shown = shown.join("\n").replace("tests/refused/activate_under_callkit.rs", "src/lib.rs");
    assert!(readme.contains(&shown), "the README should show:\n{shown}");
    let source = include_str!("refused/activate_under_callkit.rs").replace("\nfn main() {}\n", "");
    assert!(readme.contains(&source), "the README should show:\n{source}");
}
