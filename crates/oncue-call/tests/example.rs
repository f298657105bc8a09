//! The example that apps copy from keeps the order, and its call comes to its end.

#[path = "../examples/incoming.rs"]
mod incoming;

#[test]
fn the_example_goes_to_its_end() -> Result<(), Box<dyn std::error::Error>> {
    incoming::main()
}
