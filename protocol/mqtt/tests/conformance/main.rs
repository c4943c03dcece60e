//! Every case sends bytes and expects exactly the bytes that the specification demands. Its name
//! starts with the section of the MQTT 5 specification, or of 3.1.1 for cases of that version only.

mod cases;
mod connect;
mod publish;
mod stateful;
mod subscribe;
mod wills;

use std::collections::BTreeSet;

use cases::{Case, run};

#[test]
fn every_case_is_answered_as_the_specification_demands() {
    let groups = [connect::cases(), publish::cases(), subscribe::cases()];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = cases.iter().map(|case| (&case.name, &case.sent)).collect();
    assert_eq!(distinct.len(), cases.len(), "a case occurs twice");
    let failures: Vec<String> = cases.iter().flat_map(run).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.len() >= 200, "only {} cases", cases.len());
}
