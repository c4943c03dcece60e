use uuid::Uuid;

use super::*;

#[test]
fn a_command_is_the_same_command_over_any_transport() {
    let json = r#"{"type":"cancel_order","order_id":"0192f5d4-0000-7000-8000-000000000001"}"#;
    let spelled = r#"{"type":"cancel_order","reason":null,
        "order_id":"0192F5D4-0000-7000-8000-000000000001","unknown":1}"#;
    let one: CommandBody = serde_json::from_str(json).unwrap();
    let other: CommandBody = serde_json::from_str(spelled).unwrap();
    assert_eq!(one.hash(), other.hash());
    let bytes = encode_canonical(&one);
    assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), one);
}

#[test]
fn a_completion_without_a_note_is_the_one_from_before_notes() {
    let json = r#"{"type":"complete_order","order_id":"0192f5d4-0000-7000-8000-000000000001"}"#;
    let bare: CommandBody = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&bare).unwrap().len(), json.len());
    let noted = CommandBody::CompleteOrder {
        order_id: bare.order_id(),
        note: Some("Two washers replaced".into()),
        evidence: None,
    };
    assert_ne!(bare.hash(), noted.hash());
    let bytes = encode_canonical(&noted);
    assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), noted);
}

#[test]
fn another_body_is_another_command() {
    let order_id = OrderId(uuid::Uuid::nil());
    let accept = CommandBody::AcceptOrder { order_id }.hash();
    let start = CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos: Vec::new(),
    };
    assert_ne!(accept, start.hash());
}

const ID: Uuid = Uuid::from_u128(0x0192_f5d4_0000_7000_8000_0000_0000_0005);

#[track_caller]
fn check(body: &str, id: Option<CommandId>, code: Code) {
    assert_eq!(
        CmdFrame::read(body.as_bytes()),
        Err(UnreadableFrame { id, code })
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let known = Some(CommandId(ID));
    check("", None, Code::MalformedBody);
    check("[]", None, Code::MalformedBody);
    check(&format!(r#"{{"id":"{ID}"}}"#), known, Code::MalformedBody);
    check(&format!(r#"{{"id":"{ID}","v":2}}"#), known, Code::UnknownOp);
    let unknown = format!(r#"{{"id":"{ID}","v":1,"body":{{"type":"teleport_order"}}}}"#);
    check(&unknown, known, Code::UnknownOp);
    let bad = format!(r#"{{"id":"{ID}","v":1,"body":{{"type":"accept_order"}}}}"#);
    check(&bad, known, Code::MalformedBody);
    check(
        &" ".repeat(CmdFrame::BYTES_MAX + 1),
        None,
        Code::BodyTooLarge,
    );
}

#[test]
fn a_token_is_found_in_a_body_that_is_no_frame() {
    let token = |body: &str| CmdFrame::extract_token(body.as_bytes());
    assert_eq!(token(r#"{"id":7,"v":2,"token":"t"}"#).as_deref(), Some("t"));
    for without in ["", "[]", "{}", r#"{"token":7}"#, r#"{"token":"t""#] {
        assert_eq!(token(without), None, "{without}");
    }
}

#[test]
fn a_report_reads_back_and_its_answer_names_it() {
    let json = r#"{"type":"report_incident","order_id":"0192f5d4-0000-7000-8000-000000000001",
        "kind":"more_work","note":"The valve is worn.","extra_price":"80.00"}"#;
    let report: CommandBody = serde_json::from_str(json).unwrap();
    let bytes = encode_canonical(&report);
    assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), report);
    let said = report.incident_report().unwrap();
    assert_eq!(said.extra_price, Some("80.00".parse().unwrap()));
    assert_eq!(report.incident_answer(), None);

    let answer = CommandBody::AnswerIncident {
        order_id: report.order_id(),
        incident: CommandId(ID),
        agreed: false,
    };
    let bytes = encode_canonical(&answer);
    assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), answer);
    let given = IncidentAnswer {
        incident: CommandId(ID),
        agreed: false,
    };
    assert_eq!(answer.incident_answer(), Some(given));
    assert_eq!(answer.incident_report(), None);
}
