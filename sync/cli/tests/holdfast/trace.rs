//! `holdfast trace`.

use serde_json::Value;

use crate::stage::*;

#[test]
fn an_order_is_followed_to_every_place_and_what_is_missing_is_named() {
    let platform = Platform::start(report("up", "match"));
    for asked in [ORDER.to_owned(), order_code().to_string().to_lowercase()] {
        let ran = platform.holdfast(&["trace", &asked]);
        assert_eq!(code(&ran), 0, "{}", said(&ran));
        let text = out(&ran);
        let hops = [
            "2025-11-24 16:02:00.000Z\t-\tcloud\torder\tprovider A accepted it (through the cloud)",
            "order\torder.accepted is in the outbox, with version 3",
            "2025-11-24 16:02:00.120Z\t120 ms\tcloud\tbus\tthe bus has order.accepted",
            "payment\tpayment_orders has handled order.accepted",
            "hub\tversion 3 is change 17 of the feed of NORTH",
            "notification\torder.accepted is in the inbox of provider A",
            "north-1\tnorth-1 has change 17",
            "2025-11-24 16:20:00.000Z\t16m 0s\tcloud\tnotification\tprovider A has read order.accepted",
            "Not yet:",
            "~ the e-mail about order.accepted has not been sent yet, after 2 attempts",
            "~ payment_orders of payment has not handled order.acceptance_lost yet",
            "~ payment.completed has waited in the outbox of payment since 2025-11-24 16:04:00.000Z",
            "~ north-2 does not have change 17 of NORTH yet: its link is down",
            "! review did not answer: what it knows is not shown",
        ];
        let mut from = 0;
        for hop in hops {
            let at = text[from..].find(hop);
            from += at.unwrap_or_else(|| panic!("`{hop}` is missing, or out of place, in\n{text}"));
        }
        assert!(
            !text.contains("hub_feed"),
            "the feed has its own hop: {text}"
        );
    }
}

#[test]
fn a_trace_tells_no_text_and_no_address() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["trace", ORDER, "--json"]);
    let trace: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(trace["unanswered"], serde_json::json!(["review"]));
    for private in ["Mend the tap", "1 Main St", "200.00"] {
        assert!(!out(&ran).contains(private), "{private}");
    }
}

#[test]
fn a_hub_that_does_not_answer_is_named_and_hides_nothing_else() {
    let busy = serde_json::json!({"busy_for_s": 1, "code": "unavailable"});
    let platform = Platform::start(busy);
    let ran = platform.holdfast(&["trace", ORDER]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let text = out(&ran);
    assert!(text.contains("! hub did not answer"), "{text}");
    assert!(text.contains("the bus has order.accepted"), "{text}");
}

#[test]
fn an_unknown_order_is_not_found() {
    let platform = Platform::start(report("up", "match"));
    for (asked, exit) in [("N-000000", 5), (COMMAND, 5), ("nonsense", 2)] {
        let ran = platform.holdfast(&["trace", asked]);
        assert_eq!((code(&ran), out(&ran).as_str()), (exit, ""), "{asked}");
    }
}
