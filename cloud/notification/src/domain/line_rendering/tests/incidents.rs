//! The texts of reports and answers.

use wire::IncidentKind;

use super::*;

#[test]
fn a_report_names_what_happened_and_the_price_of_more_work() {
    let kind = EventType::OrderIncidentReported;
    let more = samples::lines(kind).remove(0);
    tells(
        &more,
        &[
            "more work, for ¥80.00",
            "The provider writes: “the price is missing a digit”.",
        ],
        &["¥80.00", "服务商留言：“the price is missing a digit”。"],
    );
    let silent = OrderEvent {
        reason: None,
        ..samples::reported(IncidentKind::RunningLate)
    };
    let late = samples::order_lines(kind, &silent).remove(0);
    tells(&late, &["is running late"], &["会晚到"]);
    let content = write_in(Language::English, &late).content;
    assert!(
        !content.contains("writes") && !content.contains('¥'),
        "{content}"
    );
}

#[test]
fn a_provider_reads_whether_more_work_is_wanted_and_how_it_is_paid() {
    let kind = EventType::OrderIncidentAnswered;
    let agreed = samples::lines(kind).remove(0);
    tells(
        &agreed,
        &["agreed to more work", "¥80.00", "as an order of its own"],
        &["同意", "¥80.00", "另下一单"],
    );
    let declined = OrderEvent {
        incident_answer: Some(samples::incident_answer(false)),
        ..samples::event_body()
    };
    let declined = samples::order_lines(kind, &declined).remove(0);
    tells(
        &declined,
        &["does not want more work", "¥80.00"],
        &["不同意"],
    );
}
