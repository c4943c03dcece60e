//! `holdfast enrol`: a code and how to use it.

use serde_json::Value;

use crate::stage::*;

#[test]
fn a_code_comes_with_the_command_that_uses_it() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["enrol", "south", "south-2"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let command = format!(
        "\nHOLDFAST__EDGE__ENROLMENT_CODE=ABCD-EFGH HOLDFAST__EDGE__NAME=south-2 \
         HOLDFAST__EDGE__REGION=SOUTH HOLDFAST__EDGE__GATEWAY_URL={} \
         HOLDFAST__EDGE__DATA=/var/lib/holdfast/south-2 HOLDFAST__EDGE__HTTP_BIND=0.0.0.0:8443 \
         HOLDFAST__EDGE__MQTT_BIND=0.0.0.0:8883 HOLDFAST__EDGE__TRUST_BIND=0.0.0.0:80 \
         holdfast-edge\n",
        platform.url()
    );
    assert!(out(&ran).contains(&command), "{}", out(&ran));
    let here_only = "! That GATEWAY_URL works on this machine only";
    assert!(out(&ran).contains(here_only), "{}", out(&ran));
    let ran = platform.holdfast(&["enrol", "south", "south-2", "--lang", "zh"]);
    assert!(
        out(&ran).contains("! 上面的 GATEWAY_URL 仅在本机有效"),
        "{}",
        out(&ran)
    );
    let ran = platform.holdfast(&["enrol", "SOUTH", "south-2", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(
        (&value["code"], &value["region"]),
        (&"ABCD-EFGH".into(), &"SOUTH".into())
    );
    assert_eq!(value["only_on_this_machine"], true);
    assert!(
        value["command"]
            .as_str()
            .is_some_and(|text| text.ends_with("holdfast-edge"))
    );
}

#[test]
fn a_second_code_voids_the_first_and_says_so() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["enrol", "NORTH", "north-5"]);
    let voided = "! The code that was made for this name before opens nothing any more.";
    assert!(out(&ran).contains(voided), "{}", out(&ran));
    for (name, voids) in [("north-5", true), ("north-6", false)] {
        let ran = platform.holdfast(&["enrol", "NORTH", name, "--json"]);
        let value: Value = serde_json::from_str(&out(&ran)).unwrap();
        assert_eq!(value["voids_earlier_code"], voids, "{name}");
    }
}

#[test]
fn a_name_that_is_taken_is_a_conflict() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["enrol", "NORTH", "north-1"]);
    assert_eq!(code(&ran), 6, "{}", said(&ran));
    assert!(
        said(&ran).contains("north-1 already exists; choose another name"),
        "{}",
        said(&ran)
    );
    assert_eq!(code(&platform.holdfast(&["enrol", "NORTH", "North 1"])), 2);
}

#[test]
fn a_code_that_nobody_used_is_withdrawn_by_the_edges_name() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["enrol", "withdraw", "south-2"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).starts_with("+ south-2: the code is withdrawn"),
        "{}",
        out(&ran)
    );
    let ran = platform.holdfast(&["enrol", "withdraw", "north-1"]);
    assert_eq!(code(&ran), 6, "it is enrolled: {}", said(&ran));
    let ran = platform.holdfast(&["enrol", "withdraw", "north-9"]);
    assert_eq!(code(&ran), 5, "{}", said(&ran));
    assert!(
        said(&ran).contains("no edge north-9 is enrolled"),
        "{}",
        said(&ran)
    );
    assert_eq!(code(&platform.holdfast(&["enrol", "south"])), 2);
}
