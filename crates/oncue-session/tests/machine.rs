//! The machine's own answers: permits and texts. Its order is judged in `three_machines.rs` and `timelines.rs`.

use oncue_session::*;

#[test]
fn a_permit_to_start_is_given_only_in_order() {
    let mut machine = Machine::new(Owner::App);
    machine.attempt(Step::Configure).unwrap();
    let early = machine.attempt_start(Step::Start).unwrap_err();
    assert_eq!(early.rule, Rule::IoStartAfterDidActivate);
    machine.attempt(Step::Activate).unwrap();
    let _: StartPermit = machine.attempt_start(Step::Start).unwrap();
    assert_eq!(machine.state(), State::Running);
}

#[test]
fn a_violation_says_what_is_wrong_what_comes_first_and_what_happens_otherwise() {
    let violation = Machine::new(Owner::System).attempt(Step::Start).unwrap_err();
    insta::assert_snapshot!(violation, @"category-before-activation: the session has no PlayAndRecord category yet (Start in state Fresh, owned by System); first: `session.configure(PlayAndRecord::voice_chat())?`; otherwise: silence in capture or in both directions, and no error from the system");
}
