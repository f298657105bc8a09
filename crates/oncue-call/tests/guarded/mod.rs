//! A guard for a test of calls: all that happens and is done is held against every rule.

use oncue_session::{Entry, Guard, Owner, Policy};

/// The log of a test's centre, or of its calls in the app: it fails where the guard finds something.
pub(crate) fn guarded(owner: Owner) -> impl FnMut(&Entry) + Send {
    let mut policy = Policy::apple();
    policy.owner = owner;
    let mut guard = Guard::new(policy);
    move |entry| {
        let found = guard.observe(entry);
        assert!(found.is_empty(), "{:?}: {found:#?}", entry.event);
    }
}
