use super::*;

const KEEP_ALIVE: Duration = Duration::from_secs(20);

fn options() -> ClientOptions<'static> {
    ClientOptions {
        client_id: "e",
        user_name: Some("u"),
        password: Some(b"p"),
        keep_alive: KEEP_ALIVE,
        connect_within: Duration::from_secs(5),
        session_expiry: Duration::from_secs(3_600),
        receive_maximum: 256,
        maximum_packet_size: 1_024,
        will: message("w", b"0"),
    }
}

fn message<'a>(topic: &'a str, payload: &'a [u8]) -> OutgoingMessage<'a> {
    OutgoingMessage {
        topic,
        payload,
        qos: Qos::AtLeastOnce,
        retain: true,
    }
}

fn take_output(client: &mut ClientConnection) -> Vec<u8> {
    let length = client.output().len();
    client.output().split_to(length).to_vec()
}

fn receive(
    client: &mut ClientConnection,
    bytes: &[u8],
) -> Result<Option<ClientEvent>, BrokerError> {
    client.input().extend_from_slice(bytes);
    client.next_event(Duration::from_secs(1))
}

/// Connected to a broker that takes two messages at once, of at most 16 bytes.
fn connected() -> ClientConnection {
    let mut client = ClientConnection::new(&options());
    take_output(&mut client);
    let connack = [0x20, 11, 1, 0, 8, 0x21, 0, 2, 0x27, 0, 0, 0, 16];
    let event = receive(&mut client, &connack).unwrap();
    let session_present = true;
    assert_eq!(event, Some(ClientEvent::Connected { session_present }));
    client
}

#[test]
fn connect_asks_for_a_session_and_leaves_a_retained_will() {
    let mut client = ClientConnection::new(&options());
    let expected: &[u8] = &[
        0x10, 41, 0, 4, b'M', b'Q', b'T', b'T', 5, 0xec, 0,
        20, // name, level, flags, keep-alive
        13, 0x11, 0, 0, 0x0e, 0x10, 0x21, 1, 0, 0x27, 0, 0, 4, 0, // properties
        0, 1, b'e', 0, 0, 1, b'w', 0, 1, b'0', 0, 1, b'u', 0, 1, b'p',
    ];
    let output = take_output(&mut client);
    assert_eq!(usize::from(output[1]), output.len() - 2);
    assert_eq!(output[2..], expected[2..]);
}

#[test]
fn messages_wait_while_the_broker_takes_no_more() {
    let mut client = connected();
    for id in [1, 2] {
        assert!(client.can_publish());
        assert!(client.publish(&message("t", b"x")));
        let packet = [0x33, 7, 0, 1, b't', 0, id, 0, b'x'];
        assert_eq!(take_output(&mut client), packet);
    }
    assert!(!client.can_publish());
    assert_eq!(receive(&mut client, &[0x40, 2, 0, 1]), Ok(None));
    assert!(client.can_publish());
    assert!(!client.publish(&message("t", &[0; 16])), "too large");
    assert!(take_output(&mut client).is_empty());
}

#[test]
fn a_message_is_acknowledged_only_on_request() {
    let mut client = connected();
    let publish = [0x3a, 10, 0, 1, b'c', 0, 9, 2, 0x01, 1, b'{', b'}'];
    assert_eq!(receive(&mut client, &publish[..5]), Ok(None));
    let event = receive(&mut client, &publish[5..]).unwrap();
    let expected = ClientEvent::Message {
        topic: "c".into(),
        payload: b"{}".to_vec(),
        packet_id: Some(9),
    };
    assert_eq!(event, Some(expected));
    assert!(take_output(&mut client).is_empty());
    client.acknowledge(9);
    assert_eq!(take_output(&mut client), [0x40, 2, 0, 9]);
}

#[test]
fn refusals_and_faults_of_the_broker_end_the_connection() {
    for (packet, expected) in [
        (
            &[0x20, 3, 0, 0x87, 0][..],
            "refused the connection with code 0x87",
        ),
        (&[0xd0, 0], "CONNACK is not the first packet"),
        (&[0x20, 0xff, 0xff, 0x7f], "larger than agreed"),
    ] {
        let mut client = ClientConnection::new(&options());
        let error = receive(&mut client, packet).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    for (packet, expected) in [
        (
            &[0x90, 4, 0xff, 0xff, 0, 0x87][..],
            "subscription with code 0x87",
        ),
        (&[0xe0, 1, 0x8b], "ended the connection with code 0x8b"),
        (&[0x34, 6, 0, 1, b'c', 0, 9, 0], "QoS above 1"),
        (&[0x30, 3, 0, 1, b'#'], "wildcard"),
        (&[0xc0, 0], "not asked for"),
        (&[0x20, 3, 0, 0, 0], "CONNACK is not the first packet"),
    ] {
        let error = receive(&mut connected(), packet).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_silent_broker_is_noticed() {
    let mut silent = ClientConnection::new(&options());
    assert_eq!(silent.tick(Duration::from_secs(4)), Ok(()));
    assert_eq!(
        silent.tick(Duration::from_secs(5)),
        Err(BrokerError::Silent)
    );

    let mut client = connected();
    assert_eq!(client.tick(client.next_tick()), Ok(()));
    assert_eq!(take_output(&mut client), PINGREQ);
    assert_eq!(client.tick(2 * KEEP_ALIVE), Err(BrokerError::Silent));
}
