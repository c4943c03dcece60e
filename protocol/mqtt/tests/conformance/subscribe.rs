//! SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11).

use crate::cases::{Case, both, v5, v311};

const MALFORMED: &str = "{e0[81]} !";
const PROTOCOL_ERROR: &str = "{e0[82]} !";

pub(crate) fn cases() -> Vec<Case> {
    let groups = [subscriptions(), filters(), options(), unsubscriptions()];
    groups.into_iter().flatten().collect()
}

#[rustfmt::skip]
fn subscriptions() -> Vec<Case> {
    let mut cases = vec![
        both("3.8 QoS 0", "82[0001 <> 'a' 00]", "90[0001 <> 00]"),
        both("3.8 QoS 1", "82[0001 <> 'a' 01]", "90[0001 <> 01]"),
        both("3.8 QoS 2 is granted as QoS 1", "82[0001 <> 'a' 02]", "90[0001 <> 01]"),
        both("3.8.4 two filters", "82[0002 <> 'a' 00 'b/c' 01]", "90[0002 <> 00 01]"),
        both("3.8.4 the same again", "82[1234 <> 'a' 00 'a' 01]", "90[1234 <> 00 01]"),
        both("3.9.3 a forbidden filter", "82[0001 <> 'x' 01]", "90[0001 <> (80){87}]"),
        both(
            "3.9.3 codes are in the order of the filters",
            "82[0001 <> 'a' 01 'x' 01 'b/c' 00]",
            "90[0001 <> 01 (80){87} 00]",
        ),
        both("2.2.1 packet identifier 0", "82[0000 <> 'a' 01]", PROTOCOL_ERROR),
        both("2.2.1 no packet identifier", "82[]", MALFORMED),
        both("3.8.3 no filter", "82[0001 <>]", PROTOCOL_ERROR),
        both("3.8.3 a filter without options", "82[0001 <> 'a']", MALFORMED),
        both("3.8.3 a second filter without options", "82[0001 <> 'a' 00 'b/c']", MALFORMED),
        both("3.8.3 a filter that is cut off", "82[0001 <> 0009 \"a\" 01]", MALFORMED),
        both("4.7.3 an empty filter", "82[0001 <> '' 01]", PROTOCOL_ERROR),
        both("1.5.4 a filter that is not UTF-8", "82[0001 <> 0001 ff 01]", MALFORMED),
        both("1.5.4 a filter with U+0000", "82[0001 <> 0002 61 00 01]", MALFORMED),
        v5("3.8.2.1.2 a Subscription Identifier", "82[0001 <0b 01> 'a' 01]", "e0[a1] !"),
        v5("3.8.2.1.2 Subscription Identifier 0", "82[0001 <0b 00> 'a' 01]", PROTOCOL_ERROR),
        v5("3.8.2.1.2 two of them", "82[0001 <0b 01 0b 02> 'a' 01]", PROTOCOL_ERROR),
        v5("3.8.2.1.3 user properties", "82[0001 <26 'a' 'b'> 'a' 01]", "90[0001 <> 01]"),
        v5("3.8.2.1 a foreign property", "82[0001 <1f 'x'> 'a' 01]", MALFORMED),
        v5("2.2.2.1 no length of properties", "82[0001]", MALFORMED),
    ];
    for first in ["80", "81", "83", "86", "8a"] {
        let name = format!("3.8.1 a SUBSCRIBE that starts with {first}");
        cases.push(both(&name, &format!("{first}[0001 <> 'a' 01]"), MALFORMED));
    }
    cases
}

#[rustfmt::skip]
fn filters() -> Vec<Case> {
    let mut cases = Vec::new();
    for filter in [
        "#",
        "+",
        "a/#",
        "+/c",
        "/",
        "/#",
        "+/+",
        "$SYS/#",
        "$share/g/a",
        "A",
        "a/",
    ] {
        let name = format!("4.7 the filter {filter} is forbidden");
        let sent = format!("82[0001 <> '{filter}' 01]");
        cases.push(both(&name, &sent, "90[0001 <> (80){87}]"));
    }
    for filter in [
        "a#",
        "a/#/b",
        "##",
        "a+",
        "+a",
        "a/b+",
        "#/a",
        "$share/g",
        "$share//a",
    ] {
        let name = format!("4.7.1 the filter {filter} is invalid");
        let sent = format!("82[0001 <> '{filter}' 01]");
        cases.push(both(&name, &sent, "90[0001 <> (80){8f}]"));
    }
    for filter in ["$share/g/", "$share/+/a", "$share/g#/a"] {
        let name = format!("4.8.2 the filter {filter} is invalid");
        let sent = format!("82[0001 <> '{filter}' 01]");
        cases.push(both(&name, &sent, "90[0001 <> (80){8f}]"));
    }
    cases
}

#[rustfmt::skip]
fn options() -> Vec<Case> {
    let mut cases = vec![
        both("3.8.3.1 QoS 3", "82[0001 <> 'a' 03]", PROTOCOL_ERROR),
        v5("3.8.3.1 No Local", "82[0001 <> 'a' 05]", "90[0001 <> 01]"),
        v5("3.8.3.1 Retain As Published", "82[0001 <> 'a' 09]", "90[0001 <> 01]"),
        v5("3.8.3.1 Retain Handling 1", "82[0001 <> 'a' 11]", "90[0001 <> 01]"),
        v5("3.8.3.1 Retain Handling 2", "82[0001 <> 'a' 21]", "90[0001 <> 01]"),
        v5("3.8.3.1 Retain Handling 3", "82[0001 <> 'a' 31]", PROTOCOL_ERROR),
        v5("3.8.3.1 No Local of a shared one", "82[0001 <> '$share/g/a' 05]", PROTOCOL_ERROR),
    ];
    for options in ["04", "08", "10", "20"] {
        let name = format!("3.8.3 in 3.1.1 the options {options} are reserved");
        cases.push(v311(&name, &format!("82[0001 'a' {options}]"), "!"));
    }
    for options in ["40", "80", "c1"] {
        let name = format!("3.8.3.1 the options {options} are reserved");
        cases.push(both(
            &name,
            &format!("82[0001 <> 'a' {options}]"),
            MALFORMED,
        ));
    }
    cases
}

#[rustfmt::skip]
fn unsubscriptions() -> Vec<Case> {
    let mut cases = vec![
        both("3.10 without a subscription", "a2[0001 <> 'a']", "b0[0001 <> {11}]"),
        both(
            "3.10 a subscription",
            "82[0001 <> 'a' 01] a2[0002 <> 'a']",
            "90[0001 <> 01] b0[0002 <> {00}]",
        ),
        both(
            "3.11.3 codes are in the order of the filters",
            "82[0001 <> 'b/c' 01] a2[0002 <> 'a' 'b/c' '#']",
            "90[0001 <> 01] b0[0002 <> {11 00 11}]",
        ),
        both("3.10 twice", "a2[0001 <> 'a' 'a']", "b0[0001 <> {11 11}]"),
        both("2.2.1 UNSUBSCRIBE with packet identifier 0", "a2[0000 <> 'a']", PROTOCOL_ERROR),
        both("2.2.1 UNSUBSCRIBE without a packet identifier", "a2[]", MALFORMED),
        both("3.10.3 UNSUBSCRIBE without a filter", "a2[0001 <>]", PROTOCOL_ERROR),
        both("3.10.3 UNSUBSCRIBE from an empty filter", "a2[0001 <> '']", PROTOCOL_ERROR),
        both("3.10.3 a filter that is cut off", "a2[0001 <> 0004 \"a\"]", MALFORMED),
        both("1.5.4 UNSUBSCRIBE from what is not UTF-8", "a2[0001 <> 0001 ff]", MALFORMED),
        v5("3.10.2.1.2 user properties", "a2[0001 <26 'a' 'b'> 'a']", "b0[0001 <> 11]"),
        v5("3.10.2.1 a foreign property", "a2[0001 <0b 01> 'a']", MALFORMED),
    ];
    for first in ["a0", "a1", "a3", "a6", "aa"] {
        let name = format!("3.10.1 an UNSUBSCRIBE that starts with {first}");
        cases.push(both(&name, &format!("{first}[0001 <> 'a']"), MALFORMED));
    }
    cases
}
