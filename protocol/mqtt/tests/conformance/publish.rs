//! PUBLISH and its acknowledgements (3.3 to 3.7), PINGREQ, DISCONNECT and AUTH (3.12 to 3.15), and
//! packets that no client may send.

use crate::cases::{Case, both, v5, v311};

const MALFORMED: &str = "{e0[81]} !";
const PROTOCOL_ERROR: &str = "{e0[82]} !";

pub(crate) fn cases() -> Vec<Case> {
    let groups = [
        messages(),
        invalid_messages(),
        properties(),
        acknowledgements(),
        exactly_once(),
        disconnects(),
        other_packets(),
    ];
    groups.into_iter().flatten().collect()
}

#[rustfmt::skip]
fn messages() -> Vec<Case> {
    vec![
        both("3.3.1.2 QoS 0 has no answer", "30['cmd' <> \"x\"]", ""),
        both("3.3.1.2 QoS 1", "32['cmd' 0001 <> \"x\"]", "40[0001]"),
        both("3.3.1.2 QoS 1 with the highest packet identifier", "32['cmd' ffff <>]", "40[ffff]"),
        both("3.3.1.2 QoS 2", "34['cmd' 0001 <> \"x\"]", "50[0001]"),
        both("3.3.1.1 a duplicate of QoS 1", "3a['cmd' 0001 <> \"x\"]", "40[0001]"),
        both("3.3.1.3 a retained command is taken", "33['cmd' 0001 <> \"x\"]", "40[0001]"),
        both("3.3.3 an empty message", "32['cmd' 0001 <>]", "40[0001]"),
        both("3.3.3 any bytes are a message", "32['cmd' 0001 <> 00 ff fe]", "40[0001]"),
        both("3.3.5 a forbidden topic, QoS 0", "30['no' <> \"x\"]", ""),
        both("3.3.5 a forbidden topic, QoS 1", "32['no' 0001 <> \"x\"]", "40[0001 {87}]"),
        both("3.3.5 a forbidden topic, QoS 2", "34['no' 0001 <> \"x\"]", "50[0001 {87}]"),
        both("4.7.2 a topic of the server", "32['$SYS/x' 0001 <>]", "40[0001 {87}]"),
        both(
            "4.6 answers come in the order of the messages",
            "32['cmd' 0003 <>] 32['cmd' 0001 <>] 32['cmd' 0002 <>]",
            "40[0003] 40[0001] 40[0002]",
        ),
        both(
            "2.2.1 a packet identifier is free after its answer",
            "32['cmd' 0001 <>] 32['cmd' 0001 <>]",
            "40[0001] 40[0001]",
        ),
    ]
}

#[rustfmt::skip]
fn invalid_messages() -> Vec<Case> {
    vec![
        both("3.3.1.2 QoS 3", "36['cmd' 0001 <>]", MALFORMED),
        both("3.3.1.2 a duplicate of QoS 3", "3e['cmd' 0001 <>]", MALFORMED),
        both("3.3.1.1 a duplicate of QoS 0", "38['cmd' <>]", MALFORMED),
        both("2.2.1 packet identifier 0, QoS 1", "32['cmd' 0000 <>]", PROTOCOL_ERROR),
        both("2.2.1 packet identifier 0, QoS 2", "34['cmd' 0000 <>]", PROTOCOL_ERROR),
        both("2.2.1 no packet identifier", "32['cmd']", MALFORMED),
        both("2.2.1 half a packet identifier", "32['cmd' 00]", MALFORMED),
        both("3.3.2.1 no topic", "30[]", MALFORMED),
        both("3.3.2.1 an empty topic", "30['' <> \"x\"]", PROTOCOL_ERROR),
        both("3.3.2.1 a topic that is cut off", "30[0009 \"cmd\"]", MALFORMED),
        both("3.3.2.1 a topic with #", "30['cmd/#' <>]", "{e0[90]} !"),
        both("3.3.2.1 a topic with +", "32['+' 0001 <>]", "{e0[90]} !"),
        both("1.5.4 a topic that is not UTF-8", "30[0001 ff <>]", MALFORMED),
        both("1.5.4 a topic with U+0000", "30[0002 61 00 <>]", MALFORMED),
        both("2.1.4 a packet beyond the limit", "30 81 80 05", "{e0[95]} !"),
        both("2.1.4 a length of five bytes", "30 ff ff ff ff 7f", MALFORMED),
        v5("1.5.5 a length that is longer than it needs", "c0 80 00", MALFORMED),
        v311("2.2.3 a length that is longer than it needs", "c0 80 00", "d000"),
    ]
}

#[rustfmt::skip]
fn properties() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, properties, answer) in [
        ("3.3.2.3.2 Payload Format 0", "01 00", "40[0001]"),
        ("3.3.2.3.2 Payload Format 1", "01 01", "40[0001]"),
        ("3.3.2.3.2 Payload Format 2", "01 02", PROTOCOL_ERROR),
        ("3.3.2.3.2 two Payload Formats", "01 00 01 00", PROTOCOL_ERROR),
        ("3.3.2.3.3 Message Expiry", "02 0000000a", "40[0001]"),
        ("3.3.2.3.3 two Message Expiries", "02 0000000a 02 0000000a", PROTOCOL_ERROR),
        ("3.3.2.3.4 Topic Alias 1", "23 0001", "e0[94] !"),
        ("3.3.2.3.4 Topic Alias 0", "23 0000", "e0[94] !"),
        ("3.3.2.3.5 Response Topic", "08 'x'", "40[0001]"),
        ("3.3.2.3.5 a Response Topic with a wildcard", "08 'x/+'", "e0[90] !"),
        ("3.3.2.3.5 two Response Topics", "08 'x' 08 'x'", PROTOCOL_ERROR),
        ("3.3.2.3.6 Correlation Data", "09 0002 ff00", "40[0001]"),
        ("3.3.2.3.6 two Correlation Data", "09 '' 09 ''", PROTOCOL_ERROR),
        ("3.3.2.3.7 user properties", "26 'a' 'b' 26 'a' 'c'", "40[0001]"),
        ("3.3.2.3.7 a user property that is not UTF-8", "26 'a' 0001 ff", MALFORMED),
        ("3.3.2.3.8 a Subscription Identifier from a client", "0b 01", PROTOCOL_ERROR),
        ("3.3.2.3.8 Subscription Identifier 0", "0b 00", PROTOCOL_ERROR),
        ("3.3.2.3.9 Content Type", "03 'application/json'", "40[0001]"),
        ("3.3.2.3.9 two Content Types", "03 'x' 03 'x'", PROTOCOL_ERROR),
        ("3.3.2.3 a Reason String does not belong to PUBLISH", "1f 'x'", MALFORMED),
        ("3.3.2.3 a Receive Maximum does not belong to PUBLISH", "21 0001", MALFORMED),
        ("2.2.2.2 an unknown property of PUBLISH", "7e", MALFORMED),
    ] {
        cases.push(v5(
            name,
            &format!("32['cmd' 0001 <{properties}> \"x\"]"),
            answer,
        ));
    }
    cases.push(v5(
        "2.2.2.1 properties that are longer than the packet",
        "32['cmd' 0001 05 \"x\"]",
        MALFORMED,
    ));
    cases.push(v5(
        "2.2.2.1 no length of properties",
        "32['cmd' 0001]",
        MALFORMED,
    ));
    cases
}

#[rustfmt::skip]
fn acknowledgements() -> Vec<Case> {
    let mut cases = vec![
        both("3.4 a PUBACK for nothing is ignored", "40[0001]", ""),
        both("3.4.2 a PUBACK without a packet identifier", "40[]", MALFORMED),
        both("2.2.1 a PUBACK with packet identifier 0", "40[0000]", PROTOCOL_ERROR),
        v311("3.4.2 a PUBACK that is too long", "40[0001 00]", "!"),
        v5("3.4.2.1 a PUBACK with a code", "40[0001 10]", ""),
        v5("3.4.2.1 a PUBACK with a code that is not its own", "40[0001 92]", MALFORMED),
        v5("3.4.2.2 a PUBACK with a reason", "40[0001 80 <1f 'x' 26 'a' 'b'>]", ""),
        v5("3.4.2.2 a PUBACK with two reasons", "40[0001 80 <1f 'x' 1f 'x'>]", PROTOCOL_ERROR),
        v5("3.4.2.2 a PUBACK with a foreign property", "40[0001 80 <23 0001>]", MALFORMED),
        v5("3.4.2 a PUBACK that is too long", "40[0001 80 <> 00]", MALFORMED),
        both("3.5 a PUBREC for nothing", "50[0001]", "62[0001 {92}]"),
        v5("3.5.2.1 a PUBREC that refuses ends the message", "50[0001 87]", ""),
        v5("3.5.2.1 a PUBREC with a code that is not its own", "50[0001 01]", MALFORMED),
        both("2.2.1 a PUBREC with packet identifier 0", "50[0000]", PROTOCOL_ERROR),
        both("3.6 a PUBREL for nothing", "62[0007]", "70[0007 {92}]"),
        v5("3.6.2.1 a PUBREL with a code", "62[0007 92]", "70[0007 92]"),
        v5("3.6.2.1 a PUBREL with a code that is not its own", "62[0007 80]", MALFORMED),
        both("2.2.1 a PUBREL with packet identifier 0", "62[0000]", PROTOCOL_ERROR),
        both("3.7 a PUBCOMP for nothing is ignored", "70[0001]", ""),
        both("2.2.1 a PUBCOMP with packet identifier 0", "70[0000]", PROTOCOL_ERROR),
        v5("3.7.2.1 a PUBCOMP with a code that is not its own", "70[0001 97]", MALFORMED),
    ];
    for first in [
        "41", "42", "48", "51", "52", "60", "61", "63", "66", "71", "72",
    ] {
        let name = format!("2.1.3 an acknowledgement that starts with {first}");
        cases.push(both(&name, &format!("{first}[0001]"), MALFORMED));
    }
    cases
}

#[rustfmt::skip]
fn exactly_once() -> Vec<Case> {
    vec![
        both(
            "4.3.3 the four packets of QoS 2",
            "34['cmd' 0001 <> \"x\"] 62[0001]",
            "50[0001] 70[0001]",
        ),
        both(
            "4.3.3 a repeat before the release",
            "34['cmd' 0001 <> \"x\"] 3c['cmd' 0001 <> \"x\"] 62[0001]",
            "50[0001] 50[0001] 70[0001]",
        ),
        both(
            "4.3.3 a second release",
            "34['cmd' 0001 <> \"x\"] 62[0001] 62[0001]",
            "50[0001] 70[0001] 70[0001 {92}]",
        ),
        both(
            "4.3.3 the end of a refused message",
            "34['no' 0001 <> \"x\"] 62[0001]",
            "50[0001 {87}] 70[0001 {92}]",
        ),
        both(
            "4.9 as many messages as the Receive Maximum",
            "34['cmd' 0001 <>] 34['cmd' 0002 <>] 34['cmd' 0003 <>] 62[0001] 34['cmd' 0004 <>]",
            "50[0001] 50[0002] 50[0003] 70[0001] 50[0004]",
        ),
        both(
            "4.9 one message more than the Receive Maximum",
            "34['cmd' 0001 <>] 34['cmd' 0002 <>] 34['cmd' 0003 <>] 34['cmd' 0004 <>]",
            "50[0001] 50[0002] 50[0003] {e0[93]} !",
        ),
    ]
}

#[rustfmt::skip]
fn disconnects() -> Vec<Case> {
    let mut cases = vec![
        both("3.14 DISCONNECT", "e0 00", "!"),
        both("3.14.4 packets after DISCONNECT are ignored", "e0 00 c000", "!"),
        v311("3.14 a DISCONNECT that is too long", "e0[00]", "!"),
        v5("3.14.2.1 DISCONNECT with a will", "e0[04]", "!"),
        v5("3.14.2.2 DISCONNECT with a reason", "e0[80 <1f 'x'>]", "!"),
        v5("3.14.2.2 DISCONNECT with two reasons", "e0[80 <1f 'x' 1f 'x'>]", PROTOCOL_ERROR),
        v5("3.14.2.2.2 a session that CONNECT did not ask for", "e0[00 <11 00000001>]", ENDED),
        v5("3.14.2.2.2 no session", "e0[00 <11 00000000>]", "!"),
        v5("3.14.2.2 a Server Reference from a client", "e0[00 <1c 'x'>]", MALFORMED),
        v5("3.14.2 a DISCONNECT that is too long", "e0[00 <> 00]", MALFORMED),
    ];
    for code in ["01", "87", "8b", "8e", "9c", "a2"] {
        let name = format!("3.14.2.1 a client's DISCONNECT with {code}");
        cases.push(v5(&name, &format!("e0[{code}]"), MALFORMED));
    }
    for first in ["e1", "e2", "e8"] {
        let name = format!("2.1.3 a DISCONNECT that starts with {first}");
        cases.push(both(&name, &format!("{first}00"), MALFORMED));
    }
    cases
}

const ENDED: &str = PROTOCOL_ERROR;

#[rustfmt::skip]
fn other_packets() -> Vec<Case> {
    let mut cases = vec![
        both("3.12 PINGREQ", "c000", "d000"),
        both("3.12 three PINGREQ", "c000 c000 c000", "d000 d000 d000"),
        both("3.12.1 a PINGREQ with a body", "c0[00]", MALFORMED),
        both("2.1.2 type 0", "0000", MALFORMED),
        both("3.2 CONNACK from a client", "20[0000]", PROTOCOL_ERROR),
        both("3.9 SUBACK from a client", "90[0001 00]", PROTOCOL_ERROR),
        both("3.11 UNSUBACK from a client", "b0[0001]", PROTOCOL_ERROR),
        both("3.13 PINGRESP from a client", "d000", PROTOCOL_ERROR),
        v5("3.15 AUTH without an Authentication Method", "f0[18 <>]", PROTOCOL_ERROR),
        v311("2.2.1 type 15 is reserved", "f000", "!"),
    ];
    for first in ["c1", "c2", "c4", "c8", "cf"] {
        let name = format!("2.1.3 a PINGREQ that starts with {first}");
        cases.push(both(&name, &format!("{first}00"), MALFORMED));
    }
    cases
}
