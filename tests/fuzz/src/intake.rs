//! A tablet's command, received by MQTT or HTTP, and the op that an edge logs for it.

use wire::{
    Actor, CmdFrame, Code, Command, CommandBody, CommandOp, Op, Receipt, Role, UnixMillis,
    UnreadableFrame, UserId, Verdict, check_draft,
};

/// # Panics
/// If a command changes in a round trip through JSON or the log, or a refusal has an unsuitable
/// code.
pub fn check(body: &[u8]) {
    let frame = match CmdFrame::read(body) {
        Ok(frame) => frame,
        Err(refused) => return check_refusal(body, &refused),
    };
    assert_eq!(frame.v, CmdFrame::VERSION);
    let json = serde_json::to_vec(&frame).expect("a frame is JSON");
    assert_eq!(CmdFrame::read(&json).as_ref(), Ok(&frame));
    if let CommandBody::PublishOrder { order, .. } = &frame.body
        && let Err(wrong) = check_draft(order)
    {
        assert!(wrong.iter().all(|error| !error.field.is_empty()));
    }
    check_log(frame);
}

fn check_refusal(body: &[u8], refused: &UnreadableFrame) {
    let codes = [Code::BodyTooLarge, Code::UnknownOp, Code::MalformedBody];
    assert!(codes.contains(&refused.code), "{refused:?}");
    assert_eq!(
        refused.code == Code::BodyTooLarge,
        body.len() > CmdFrame::BYTES_MAX
    );
}

fn check_log(frame: CmdFrame) {
    let hash = frame.body.hash();
    let command = Command {
        id: frame.id,
        body: frame.body,
        device: None,
        device_seq: Some(frame.device_seq),
        tapped_at: Some(frame.tapped_at),
        trace: None,
    };
    let op = Op::Command(CommandOp {
        actor: Actor {
            user_id: UserId(frame.id.0),
            role: Role::Provider,
        },
        command,
        token_seq: 1,
        verdict: Verdict::Provisional,
        fence: None,
        received_at: UnixMillis(0),
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        relogged: None,
        cut_off: None,
    });
    let logged = Op::from_bytes(&op.to_bytes()).expect("the log is read again");
    assert_eq!(logged, op);
    let Op::Command(logged) = logged else {
        panic!("{logged:?}")
    };
    assert_eq!(logged.command.body.hash(), hash);
    if let Some(receipt) = frame.receipt {
        let again = minicbor::decode::<Receipt>(&receipt.signed_bytes());
        let again = again.expect("a receipt is read again");
        assert_eq!(
            again,
            Receipt {
                sig: String::new(),
                ..receipt
            }
        );
    }
}
