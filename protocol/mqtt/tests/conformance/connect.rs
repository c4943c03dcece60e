//! CONNECT and CONNACK (3.1, 3.2), and how a connection starts.

use crate::cases::{ACCEPTED, CONNECT, Case, both, v5, v311};

/// A refusal before the client's wishes are known.
const MALFORMED: &str = "{20[00 81 <>]} !";
const PROTOCOL_ERROR: &str = "{20[00 82 <>]} !";

pub(crate) fn cases() -> Vec<Case> {
    let groups = [
        first_packets(),
        variable_header(),
        payload_fields(),
        wills(),
        refusals(),
        properties(),
        will_properties(),
    ];
    groups
        .into_iter()
        .flatten()
        .map(Case::into_first_packet)
        .collect()
}

#[rustfmt::skip]
fn first_packets() -> Vec<Case> {
    let again = format!("{CONNECT} {CONNECT}");
    let twice = format!("{ACCEPTED} {{e0[82]}} !");
    let pipelined = format!("{CONNECT} c000");
    let ponged = format!("{ACCEPTED} d000");
    let mut cases = vec![
        both("3.1 a CONNECT is accepted", CONNECT, ACCEPTED),
        both("3.1 a second CONNECT ends the connection", &again, &twice),
        both("3.1.4 packets may follow before the CONNACK", &pipelined, &ponged),
        both("3.1 half a CONNECT waits for the rest", "10 20 0004 \"MQTT\"", ""),
        both("2.1.3 a CONNECT with flags", "11['MQTT' (04){05} 02 003c <> 't-1']", "!"),
        both("2.1.4 a length of five bytes", "10 ff ff ff ff 01", "!"),
        both("2.1.4 a CONNECT beyond the limit", "10 81 80 01", "!"),
        v5("1.5.5 a length that is longer than it needs", LONG_LENGTH, "20[00 81 <>] !"),
        v311("2.2.3 a length that is longer than it needs", LONG_LENGTH_311, "20[00 00]"),
        both("3.1.2.1 another protocol's name", "10['MQTX' (04){05} 02 003c <> 't-1']", "!"),
        both("3.1.2.1 a name in lower case", "10['mqtt' (04){05} 02 003c <> 't-1']", "!"),
        both("3.1.2.1 an empty name", "10['' (04){05} 02 003c <> 't-1']", "!"),
        both("3.1.2.1 a name that is not UTF-8", "10[0004 \"MQT\" ff (04){05} 02 003c]", "!"),
        both("3.1.2.1 a name that is cut off", "10[0004 \"MQ\"]", "!"),
        both("3.1.2.2 no version", "10['MQTT']", "!"),
        v311("3.1.2.2 version 3.1", "10['MQIsdp' 03 02 003c 't-1']", "20[00 01] !"),
        v311("3.1.2.2 level 3", "10['MQTT' 03 02 003c 't-1']", "20[00 01] !"),
        v311("3.1.2.2 level 0", "10['MQTT' 00 02 003c 't-1']", "20[00 01] !"),
        v311("3.1.2.2 a bridge's level 0x84", "10['MQTT' 84 02 003c 't-1']", "20030084 00 !"),
        v5("3.1.2.2 version 6", "10['MQTT' 06 02 003c <> 't-1']", "20[00 84 <>] !"),
    ];
    for first in [
        "00", "20", "30", "40", "50", "62", "70", "82", "90", "a2", "b0", "c0", "d0",
    ] {
        let name = format!("3.1 the first packet is {first}");
        cases.push(both(&name, &format!("{first}00"), "!"));
    }
    for first in ["e0", "f0", "47"] {
        let name = format!("3.1 the first byte is {first}");
        cases.push(both(&name, first, "!"));
    }
    cases
}

const LONG_LENGTH: &str = "10 90 00 'MQTT' 05 02 003c <> 't-1'";
const LONG_LENGTH_311: &str = "10 98 00 'MQTT' 04 c2 003c 't-1' 't' 'good'";

#[rustfmt::skip]
fn variable_header() -> Vec<Case> {
    vec![
        both(
            "3.1.2.3 the reserved flag",
            "10['MQTT' (04){05} c3 003c <> 't-1' 't-1' 'good']",
            MALFORMED,
        ),
        both(
            "3.1.2.4 without a clean start there is no session either",
            "10['MQTT' (04){05} c0 003c <> 't-1' 't-1' 'good']",
            ACCEPTED,
        ),
        both(
            "3.1.2.8 a user name without a password",
            "10['MQTT' (04){05} 82 003c <> 't-1' 't-1']",
            "20[00 (04){86} <1f 'why'>] !",
        ),
        v311("3.1.2.9 a password without a user name", "10['MQTT' 04 42 003c 't-1' 'good']", "!"),
        v5(
            "3.1.2.9 a password without a user name",
            "10['MQTT' 05 42 003c <> 't-1' 'good']",
            ACCEPTED,
        ),
        both(
            "3.1.2.10 no keep-alive",
            "10['MQTT' (04){05} c2 0000 <> 't-1' 't-1' 'good']",
            ACCEPTED,
        ),
        both("3.1.2.10 a keep-alive that is cut off", "10['MQTT' (04){05} c2 00]", MALFORMED),
    ]
}

#[rustfmt::skip]
fn payload_fields() -> Vec<Case> {
    vec![
        both("3.1.3.1 no client identifier", "10['MQTT' (04){05} 02 003c <>]", MALFORMED),
        both(
            "3.1.3.1 an empty client identifier",
            "10['MQTT' (04){05} c2 003c <> '' 't-1' 'good']",
            "20[00 (02){85} <1f 'why'>] !",
        ),
        both(
            "3.1.3.1 a client identifier of 23 bytes with capitals",
            "10['MQTT' (04){05} c2 003c <> 'ABCXYZabcxyz0123456789A' 't-1' 'good']",
            ACCEPTED,
        ),
        both(
            "3.1.3.1 a client identifier that is not UTF-8",
            "10['MQTT' (04){05} 02 003c <> 0001 ff]",
            MALFORMED,
        ),
        both(
            "1.5.4 a client identifier with U+0000",
            "10['MQTT' (04){05} 02 003c <> 0003 61 00 62]",
            MALFORMED,
        ),
        both(
            "1.5.4 a client identifier with a surrogate",
            "10['MQTT' (04){05} 02 003c <> 0003 ed a0 80]",
            MALFORMED,
        ),
        both("1.5.4 an overlong encoding", "10['MQTT' (04){05} 02 003c <> 0002 c0 af]", MALFORMED),
        both(
            "3.1.3.5 a user name that is not UTF-8",
            "10['MQTT' (04){05} c2 003c <> 't-1' 0001 ff 'good']",
            MALFORMED,
        ),
        both(
            "3.1.3.5 a user name that is missing",
            "10['MQTT' (04){05} c2 003c <> 't-1']",
            MALFORMED,
        ),
        both(
            "3.1.3.6 a password that is missing",
            "10['MQTT' (04){05} c2 003c <> 't-1' 't-1']",
            MALFORMED,
        ),
        both(
            "3.1.3.6 a password that is cut off",
            "10['MQTT' (04){05} c2 003c <> 't-1' 't-1' 0005 \"good\"]",
            MALFORMED,
        ),
        both(
            "3.1.3.6 a password need not be UTF-8",
            "10['MQTT' (04){05} c2 003c <> 't-1' 't-1' 0001 ff]",
            "20[00 (04){86} <1f 'why'>] !",
        ),
        both(
            "3.1.3 bytes after the last field",
            "10['MQTT' (04){05} c2 003c <> 't-1' 't-1' 'good' 00]",
            MALFORMED,
        ),
        both(
            "3.1.3 fields without a flag",
            "10['MQTT' (04){05} 02 003c <> 't-1' 't-1' 'good']",
            MALFORMED,
        ),
    ]
}

#[rustfmt::skip]
fn wills() -> Vec<Case> {
    let mut cases = Vec::new();
    for (flags, kind) in [
        ("c6", "QoS 0"),
        ("ce", "QoS 1"),
        ("d6", "QoS 2"),
        ("e6", "retained"),
    ] {
        for (topic, answer) in [("cmd", ACCEPTED), ("w", "20[00 (05){87} <1f 'why'>] !")] {
            let name = format!("3.1.2.5 a will on `{topic}`, {kind}");
            let fields = format!("{flags} 003c <> 't-1' <> '{topic}' 'm' 't-1' 'good'");
            cases.push(both(&name, &format!("10['MQTT' (04){{05}} {fields}]"), answer));
        }
    }
    for (flags, name) in [
        ("de", "3.1.2.6 a will of QoS 3"),
        ("da", "3.1.2.6 QoS 3 without a will"),
        ("ca", "3.1.2.6 a QoS without a will"),
        ("e2", "3.1.2.7 a retain flag without a will"),
    ] {
        let sent = format!("10['MQTT' (04){{05}} {flags} 003c <> 't-1' 't-1' 'good']");
        cases.push(both(name, &sent, MALFORMED));
    }
    cases.extend([
        both(
            "3.1.3.3 a will's topic with a wildcard",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> 'w/#' 'm' 't-1' 'good']",
            "{20[00 90 <>]} !",
        ),
        both(
            "3.1.3.3 a will's topic that is empty",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> '' 'm' 't-1' 'good']",
            PROTOCOL_ERROR,
        ),
        both(
            "3.1.3.3 a will's topic that is not UTF-8",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> 0001 ff 'm' 't-1' 'good']",
            MALFORMED,
        ),
        both(
            "3.1.3.4 a will without a message",
            "10['MQTT' (04){05} 06 003c <> 't-1' <> 'w']",
            MALFORMED,
        ),
        both(
            "3.1.3.4 a will with an empty message",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> 'cmd' '' 't-1' 'good']",
            ACCEPTED,
        ),
        both(
            "3.1.3.4 a will's message need not be UTF-8",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> 'cmd' 0001 ff 't-1' 'good']",
            ACCEPTED,
        ),
        both(
            "3.1.3.4 a will's message that is cut off",
            "10['MQTT' (04){05} 06 003c <> 't-1' <> 'cmd' 0005 \"m\"]",
            MALFORMED,
        ),
        both(
            "3.1.4 bad credentials count before the will",
            "10['MQTT' (04){05} c6 003c <> 't-1' <> 'w' 'm' 't-1' 'bad']",
            "20[00 (04){86} <1f 'why'>] !",
        ),
    ]);
    cases
}

#[rustfmt::skip]
fn refusals() -> Vec<Case> {
    let mut cases = Vec::new();
    for (password, code, name) in [
        ("bad", "(04){86}", "3.2.2.2 bad credentials"),
        ("ended", "(05){87}", "3.2.2.2 a sign-in that has ended"),
        ("banned", "(05){8a}", "3.2.2.2 a banned client"),
        ("full", "(03){97}", "3.2.2.2 too many connections"),
    ] {
        let sent = format!("10['MQTT' (04){{05}} c2 003c <> 't-1' 't-1' '{password}']");
        cases.push(both(name, &sent, &format!("20[00 {code} <1f 'why'>] !")));
        let sent = format!("10['MQTT' 05 c2 003c <17 00> 't-1' 't-1' '{password}']");
        let quiet = format!("{name} without problem information");
        cases.push(v5(&quiet, &sent, &format!("20[00 {code} <>] !")));
    }
    cases.push(both(
        "3.1.4 packets after a refused CONNECT are ignored",
        "10['MQTT' (04){05} c2 003c <> 't-1' 't-1' 'bad'] c000",
        "20[00 (04){86} <1f 'why'>] !",
    ));
    cases
}

fn connect_with(properties: &str) -> String {
    format!("10['MQTT' 05 c2 003c <{properties}> 't-1' 't-1' 'good']")
}

#[rustfmt::skip]
fn properties() -> Vec<Case> {
    let expiring = "20[00 00 <11 00000000 21 0003 27 00014000 29 00>]";
    let mut cases = Vec::new();
    for (name, properties, answer) in [
        ("3.1.2.11.2 a session that is kept", "11 00000e10", expiring),
        ("3.1.2.11.2 a session that is not kept", "11 00000000", ACCEPTED),
        ("3.1.2.11.2 two session expiries", "11 00000000 11 00000000", PROTOCOL_ERROR),
        ("3.1.2.11.2 a session expiry that is cut off", "11 0000", MALFORMED),
        ("3.1.2.11.3 Receive Maximum 1", "21 0001", ACCEPTED),
        ("3.1.2.11.3 Receive Maximum 0", "21 0000", PROTOCOL_ERROR),
        ("3.1.2.11.3 two Receive Maximums", "21 0001 21 0001", PROTOCOL_ERROR),
        ("3.1.2.11.4 Maximum Packet Size 0", "27 00000000", PROTOCOL_ERROR),
        ("3.1.2.11.4 Maximum Packet Size of the CONNACK", "27 0000000f", ACCEPTED),
        ("3.1.2.11.4 a CONNACK that does not fit", "27 0000000e", "20[00 95 <>] !"),
        ("3.1.2.11.4 no packet fits", "27 00000002", "!"),
        ("3.1.2.11.4 two Maximum Packet Sizes", "27 00000100 27 00000100", PROTOCOL_ERROR),
        ("3.1.2.11.5 Topic Alias Maximum", "22 000a", ACCEPTED),
        ("3.1.2.11.5 two Topic Alias Maximums", "22 000a 22 000a", PROTOCOL_ERROR),
        ("3.1.2.11.6 Request Response Information 1", "19 01", ACCEPTED),
        ("3.1.2.11.6 Request Response Information 2", "19 02", PROTOCOL_ERROR),
        ("3.1.2.11.6 two Request Response Informations", "19 00 19 00", PROTOCOL_ERROR),
        ("3.1.2.11.7 Request Problem Information 1", "17 01", ACCEPTED),
        ("3.1.2.11.7 Request Problem Information 2", "17 02", PROTOCOL_ERROR),
        ("3.1.2.11.7 two Request Problem Informations", "17 00 17 01", PROTOCOL_ERROR),
        ("3.1.2.11.8 user properties", "26 'a' 'b' 26 'a' 'b'", ACCEPTED),
        ("3.1.2.11.8 half a user property", "26 'a'", MALFORMED),
        ("3.1.2.11.9 an Authentication Method", "17 00 15 'SCRAM'", "20[00 8c <>] !"),
        ("3.1.2.11.9 two Authentication Methods", "15 'A' 15 'A'", PROTOCOL_ERROR),
        ("3.1.2.11.10 Authentication Data alone", "16 'x'", PROTOCOL_ERROR),
        ("2.2.2.2 an unknown property", "7f 00", MALFORMED),
        ("2.2.2.2 property 0", "00", MALFORMED),
        ("2.2.2.2 an identifier of two bytes", "80 01", MALFORMED),
        ("2.2.2.2 an identifier that is longer than it needs", "91 00 00000000", MALFORMED),
    ] {
        cases.push(v5(name, &connect_with(properties), answer));
    }
    for (id, value) in [
        ("01", "00"),
        ("02", "00000001"),
        ("03", "'x'"),
        ("08", "'x'"),
        ("09", "'x'"),
        ("0b", "01"),
        ("12", "'x'"),
        ("13", "0001"),
        ("18", "00000001"),
        ("1a", "'x'"),
        ("1c", "'x'"),
        ("1f", "'x'"),
        ("23", "0001"),
        ("24", "01"),
        ("25", "01"),
        ("28", "01"),
        ("29", "01"),
        ("2a", "01"),
    ] {
        let name = format!("3.1.2.11 property {id} does not belong to CONNECT");
        cases.push(v5(
            &name,
            &connect_with(&format!("{id} {value}")),
            MALFORMED,
        ));
    }
    cases.push(v5(
        "2.2.2.1 properties that are longer than the packet",
        "10['MQTT' 05 02 003c 7f 't-1']",
        MALFORMED,
    ));
    cases.push(v5(
        "2.2.2.1 no length of properties",
        "10['MQTT' 05 02 003c]",
        MALFORMED,
    ));
    cases
}

#[rustfmt::skip]
fn will_properties() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, properties, answer) in [
        ("3.1.3.2.2 Will Delay", "18 00000005", ACCEPTED),
        ("3.1.3.2.2 two Will Delays", "18 00000005 18 00000005", PROTOCOL_ERROR),
        ("3.1.3.2.3 Payload Format 1", "01 01", ACCEPTED),
        ("3.1.3.2.3 Payload Format 2", "01 02", PROTOCOL_ERROR),
        ("3.1.3.2.4 Message Expiry", "02 00000005", ACCEPTED),
        ("3.1.3.2.5 Content Type", "03 'x'", ACCEPTED),
        ("3.1.3.2.6 Response Topic", "08 'x'", ACCEPTED),
        ("3.1.3.2.6 a Response Topic with a wildcard", "08 '#'", "20[00 90 <>] !"),
        ("3.1.3.2.7 Correlation Data", "09 0001 ff", ACCEPTED),
        ("3.1.3.2.8 user properties of a will", "26 'a' 'b'", ACCEPTED),
        ("3.1.3.2 Topic Alias does not belong to a will", "23 0001", MALFORMED),
        ("3.1.3.2 Session Expiry does not belong to a will", "11 00000000", MALFORMED),
    ] {
        let fields = format!("c6 003c <> 't-1' <{properties}> 'cmd' 'm' 't-1' 'good'");
        cases.push(v5(name, &format!("10['MQTT' 05 {fields}]"), answer));
    }
    cases
}
