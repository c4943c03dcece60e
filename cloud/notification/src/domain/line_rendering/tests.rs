//! The text of each line in both languages.

mod incidents;

use wire::{OrderEvent, PaymentEvent, PaymentStatus, Role};

use super::*;
use crate::{domain::PersonParams, tests::samples};

fn write_in(language: Language, line: &InboxLine) -> LineText {
    render_line_text(samples::locale(language), line)
}

fn said(event_type: EventType, place: usize, language: Language) -> LineText {
    write_in(language, &samples::lines(event_type)[place])
}

#[test]
fn every_line_that_is_ever_written_has_words_in_both_languages() {
    for event_type in EventType::ALL {
        let recipients = find_event_lines(event_type).recipients();
        let lines = samples::every_line(event_type);
        assert!(
            lines.len() >= recipients.len(),
            "{event_type} reaches too few in the samples"
        );
        for line in lines {
            for language in [Language::English, Language::Chinese] {
                let sentence = write_in(language, &line);
                assert_ne!(sentence.title, event_type.as_str());
                for text in [&sentence.title, &sentence.content] {
                    assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
                    assert!(!text.contains("  "), "{text}");
                }
                let stop = if language == Language::English {
                    '.'
                } else {
                    '。'
                };
                assert!(sentence.content.ends_with(stop), "{}", sentence.content);
                for joint in [": ", "：。", "..", ". .", "。。"] {
                    let broken = format!("{joint}{stop}");
                    assert!(!sentence.content.contains(&broken), "{}", sentence.content);
                }
            }
        }
    }
}

#[test]
fn a_lost_acceptance_is_explained_with_rule_times_and_jobs() {
    let english = said(EventType::OrderAcceptanceLost, 0, Language::English).content;
    for part in [
        "Another provider has the order: that acceptance was the first to reach the cloud.",
        "The time of the tap does not decide.",
        "You tapped at Nov 25, 2025, 00:00:00.000.",
        "no penalty",
        "Open nearby: “Paint a wall”",
        "¥150.00",
    ] {
        assert!(
            english.contains(part),
            "`{part}` is missing from: {english}"
        );
    }
    let chinese = said(EventType::OrderAcceptanceLost, 0, Language::Chinese).content;
    for part in [
        "另一位服务商已接到此订单",
        "其接单最先到达云端",
        "附近的待接工作",
    ] {
        assert!(
            chinese.contains(part),
            "`{part}` is missing from: {chinese}"
        );
    }
}

#[test]
fn a_rejection_gives_its_reason() {
    let sentence = said(EventType::OrderRejected, 0, Language::English);
    assert_eq!(
        sentence.content,
        format!(
            "Your order “Mend the tap” ({}) was not approved. \
             Reason: “the price is missing a digit”.",
            samples::event_body().order.code
        )
    );
}

#[test]
fn a_provider_who_is_asked_for_more_reads_no_rejection() {
    let mut line = samples::lines(EventType::ProfileVerificationRejected).remove(0);
    tells(&line, &["not verified you"], &["未通过"]);
    line.params = LineParams::Person(PersonParams {
        reason: Some("The second page is missing.".into()),
        asks_more: true,
    });
    tells(
        &line,
        &["asks for more", "The second page is missing."],
        &["补充材料", "The second page is missing."],
    );
}

#[test]
fn money_and_title_are_the_orders() {
    let sentence = said(EventType::OrderAccepted, 1, Language::Chinese);
    assert!(
        sentence.content.contains("“Mend the tap”"),
        "{}",
        sentence.content
    );
    assert!(sentence.content.contains("¥200.00"), "{}", sentence.content);
}

#[test]
fn a_region_is_called_by_its_name() {
    let approved = samples::every_line(EventType::OrderApproved);
    let customer = of_role(approved.clone(), Role::Customer);
    tells(&customer, &["Providers in North can"], &["北区的服务商"]);
    let provider = of_role(approved, Role::Provider);
    tells(
        &provider,
        &["in North for ¥200.00"],
        &["北区的工作“Mend the tap”"],
    );
}

/// Codes are machine forms: a currency or region code, or a UTC time.
#[test]
fn no_sentence_speaks_in_codes() {
    for line in EventType::ALL.into_iter().flat_map(samples::every_line) {
        for language in Language::ALL {
            let LineText { title, content } = write_in(language, &line);
            for code in ["CNY", "NORTH", "UTC", "00Z", "T16:"] {
                assert!(
                    !title.contains(code) && !content.contains(code),
                    "{title}: {content}"
                );
            }
        }
    }
}

#[test]
fn a_proposed_job_says_what_speaks_for_the_provider() {
    let line = samples::every_line(EventType::OrderApproved).pop().unwrap();
    let english = write_in(Language::English, &line).content;
    assert!(
        english.contains("you work in this region; you do this kind of work"),
        "{english}"
    );
    assert!(!english.contains("from_the_future"), "{english}");
    let chinese = write_in(Language::Chinese, &line).content;
    assert!(chinese.contains("您服务于该区域"), "{chinese}");
}

/// Asserts that the content contains these parts in each language.
#[track_caller]
fn tells(line: &InboxLine, english: &[&str], chinese: &[&str]) {
    for (language, words) in [(Language::English, english), (Language::Chinese, chinese)] {
        let content = write_in(language, line).content;
        for part in words {
            assert!(
                content.contains(part),
                "`{part}` is missing from: {content}"
            );
        }
    }
}

fn of_role(lines: Vec<InboxLine>, role: Role) -> InboxLine {
    lines.into_iter().find(|line| line.role == role).unwrap()
}

#[test]
fn a_payment_is_held_or_goes_back() {
    let paid = |returning: Option<i64>| {
        let event = PaymentEvent {
            returning: returning.map(samples::cents),
            ..samples::money()
        };
        of_role(
            samples::payment_lines(EventType::PaymentCompleted, &event),
            Role::Customer,
        )
    };
    tells(&paid(None), &["¥200.00 is held."], &["¥200.00 已托管"]);
    let back = paid(Some(18_000));
    tells(
        &back,
        &["We received ¥200.00", "¥180.00 go back to you"],
        &["我们收到 ¥200.00", "¥180.00 将退还给您"],
    );
    for (language, held) in [(Language::English, "held"), (Language::Chinese, "托管")] {
        assert!(!write_in(language, &back).content.contains(held));
    }
}

#[test]
fn a_provider_hears_of_a_cancel_fee_once_it_is_booked() {
    let lines = samples::payment_lines(EventType::PaymentStatusChanged, &samples::fee_booked());
    let [line] = lines.as_slice() else {
        panic!("more than the provider hears of it: {lines:?}");
    };
    assert_eq!(line.role, Role::Provider);
    tells(
        line,
        &["¥20.00 are yours for the late cancel"],
        &["因客户临近取消，¥20.00 已归您"],
    );
}

#[test]
fn a_cancel_names_its_fee_and_the_sum_that_comes_back() {
    let told = |event: &OrderEvent, role| {
        of_role(samples::order_lines(EventType::OrderCancelled, event), role)
    };
    let late = samples::cancelled(2_000, 18_000);
    tells(
        &told(&late, Role::Customer),
        &["The cancellation fee is ¥20.00. ¥180.00 go back to you."],
        &["取消费用为 ¥20.00。¥180.00 将退还给您。"],
    );
    let provider = write_in(Language::English, &told(&late, Role::Provider)).content;
    for sum in ["20.00", "180.00"] {
        assert!(!provider.contains(sum), "{sum} is promised in: {provider}");
    }
    let early = samples::cancelled(0, 20_000);
    tells(
        &told(&early, Role::Customer),
        &["There is no cancellation fee. ¥200.00 go back to you."],
        &["取消不收取费用。¥200.00 将退还给您。"],
    );
    for (event, role) in [
        (early, Role::Provider),
        (samples::cancelled(0, 0), Role::Provider),
        // From a version without these fields.
        (
            OrderEvent {
                reason: None,
                ..samples::event_body()
            },
            Role::Customer,
        ),
    ] {
        let content = write_in(Language::English, &told(&event, role)).content;
        assert!(
            !content.contains('¥') && !content.contains("fee"),
            "{content}"
        );
    }
    let unpaid = write_in(
        Language::English,
        &told(&samples::cancelled(0, 0), Role::Customer),
    )
    .content;
    assert!(
        unpaid.ends_with("There is no cancellation fee."),
        "{unpaid}"
    );
}

#[test]
fn a_completion_names_the_end_of_objections_or_asks_for_the_price() {
    let told = |status, role| {
        let event = samples::completed(status);
        of_role(
            samples::order_lines(EventType::OrderCompleted, &event),
            role,
        )
    };
    tells(
        &told(PaymentStatus::Held, Role::Customer),
        &["ask for a refund by Nov 28, 2025, 00:00; after that"],
        &["请在 2025年11月28日 00:00 前申请退款"],
    );
    tells(
        &told(PaymentStatus::Held, Role::Provider),
        &["Your share of its price of ¥200.00 is released to you after Nov 28, 2025, 00:00"],
        &["¥200.00 中您的应得款项将在 2025年11月28日 00:00 后归您"],
    );
    tells(
        &told(PaymentStatus::Unpaid, Role::Customer),
        &["¥200.00 is not paid yet. Please pay it now."],
        &["¥200.00 尚未支付，请立即付款。"],
    );
    tells(
        &told(PaymentStatus::Unpaid, Role::Provider),
        &["¥200.00 is not paid yet"],
        &["¥200.00 尚未支付"],
    );
    for role in [Role::Customer, Role::Provider] {
        let content = write_in(Language::English, &told(PaymentStatus::Refunded, role)).content;
        assert!(
            !content.contains('¥') && !content.contains(':'),
            "{content}"
        );
    }
}

#[test]
fn a_provider_hears_of_a_share_and_never_that_the_price_is_theirs() {
    let accepted = of_role(samples::lines(EventType::OrderAccepted), Role::Provider);
    tells(
        &accepted,
        &["The customer pays ¥200.00; your share is that less the platform's fee."],
        &["客户支付 ¥200.00，扣除平台服务费后为您的应得款项。"],
    );
    let held = samples::order_lines(EventType::OrderStatusChanged, &samples::held()).remove(0);
    tells(
        &held,
        &["You can start the work. Your share is ¥180.00."],
        &["您的应得款项为 ¥180.00。"],
    );
}

#[test]
fn a_customer_reads_that_work_began_or_why_the_order_is_open_again() {
    let told = |event| samples::order_lines(EventType::OrderStatusChanged, &event).remove(0);
    tells(
        &told(samples::started()),
        &["The provider has begun the work on your order “Mend the tap”"],
        &["服务商已就您的订单“Mend the tap”"],
    );
    tells(
        &told(samples::given_back()),
        &["Other providers can accept it now. Reason: “my van broke down”."],
        &["其他服务商现在可以接单。原因：“my van broke down”。"],
    );
}

/// Only work that is paid in advance may mention waiting for a payment or paying first.
#[test]
fn work_that_is_paid_for_afterwards_begins_without_a_word_of_waiting() {
    let accepted = OrderEvent {
        paid_afterwards: true,
        ..samples::event_body()
    };
    let lines = samples::order_lines(EventType::OrderAccepted, &accepted);
    for (role, english, chinese) in [
        (
            Role::Customer,
            "paid for afterwards, and you may pay at any time",
            "可先服务后付款",
        ),
        (
            Role::Provider,
            "You can start: this kind of work is paid for afterwards",
            "现在即可开工",
        ),
    ] {
        let line = of_role(lines.clone(), role);
        tells(&line, &["¥200.00", english], &["¥200.00", chinese]);
        let written = write_in(Language::English, &line).content;
        assert!(!written.contains("Please pay") && !written.contains("once the payment is held"));
    }
}

#[test]
fn a_chargeback_stops_the_work_in_words() {
    let lines = samples::payment_lines(EventType::PaymentStatusChanged, &samples::charged_back());
    for (role, english, chinese) in [
        (Role::Customer, "The order waits", "订单将暂停"),
        (Role::Provider, "Do not start the work.", "请勿开工"),
        (Role::Admin, "waits for an administrator", "等待管理员处理"),
    ] {
        let line = of_role(lines.clone(), role);
        tells(&line, &["¥200.00", english], &["¥200.00", chinese]);
    }
}

#[test]
fn admins_read_what_a_case_about_money_is_about() {
    let told = |kind: &str| {
        let event = samples::money_case(kind);
        samples::payment_lines(EventType::PaymentCaseOpened, &event).remove(0)
    };
    tells(
        &told("completed_unpaid"),
        &["was completed two weeks ago and is not paid. The price of the order is ¥200.00."],
        &["已完工两周，尚未付款。订单价款为 ¥200.00"],
    );
    // An older payment service opens a case with `payment.status_changed`; its text is the same.
    let event = samples::money_case("completed_unpaid");
    let older = samples::payment_lines(EventType::PaymentStatusChanged, &event).remove(0);
    assert_eq!(
        write_in(Language::English, &older),
        write_in(Language::English, &told("completed_unpaid"))
    );
    let all = samples::MONEY_CASES.map(|kind| write_in(Language::English, &told(kind)).content);
    let other = write_in(Language::English, &told("of_the_future")).content;
    let distinct: std::collections::BTreeSet<_> = all.iter().chain([&other]).collect();
    assert_eq!(
        distinct.len(),
        all.len() + 1,
        "each kind has words of its own"
    );
}

#[test]
fn a_payout_tells_of_its_end_and_admins_of_the_work_that_waits() {
    let sample = |event_type, role| of_role(samples::lines(event_type), role);
    for (event_type, role, english, chinese) in [
        (
            EventType::PayoutSent,
            Role::Provider,
            "¥200.00 from your balance",
            "¥200.00 已打款",
        ),
        (
            EventType::PayoutFailed,
            Role::Provider,
            "¥200.00 did not reach",
            "¥200.00 未能到账",
        ),
        (
            EventType::RefundRequested,
            Role::Admin,
            "refund of ¥200.00",
            "申请退款 ¥200.00",
        ),
        (
            EventType::RefundRequested,
            Role::Provider,
            "asks for ¥200.00 back. An administrator decides",
            "申请退回 ¥200.00，由管理员决定",
        ),
        (
            EventType::RefundGranted,
            Role::Provider,
            "¥200.00 of the payment go back",
            "付款中的 ¥200.00 将退还给客户",
        ),
        (
            EventType::RefundRefused,
            Role::Provider,
            "request for ¥200.00 back was not granted",
            "退回 ¥200.00 的申请未获批准",
        ),
        (
            EventType::RefundRefused,
            Role::Customer,
            "Your request for ¥200.00 back was not granted",
            "您退回 ¥200.00 的申请未获批准",
        ),
        (
            EventType::ReviewReported,
            Role::Admin,
            "was reported",
            "被举报",
        ),
        (
            EventType::ProfileVerificationSubmitted,
            Role::Admin,
            "has handed in",
            "提交了证书",
        ),
    ] {
        tells(&sample(event_type, role), &[english], &[chinese]);
    }
    let reported = sample(EventType::ReviewReported, Role::Admin);
    let content = write_in(Language::English, &reported).content;
    assert!(
        !content.contains("Mend the tap"),
        "admins read a code and no title: {content}"
    );
}

#[test]
fn a_text_message_is_one_message_in_either_language_and_holds_no_words_of_people() {
    // One text message holds 160 characters of the GSM alphabet, or 70 of any other.
    let fits = |text: &str| match text.is_ascii() {
        true => text.len() <= 160,
        false => text.chars().count() <= 70,
    };
    let lines = EventType::ALL.into_iter().flat_map(samples::every_line);
    for line in lines.chain([samples::notice()]) {
        for language in [Language::English, Language::Chinese] {
            let title = render_line_text(samples::locale(language), &line).title;
            let brief = render_brief_text(language, &line, &title);
            let said = render_text_message(language, &brief);
            assert!(fits(&said) && said.contains(&brief.title), "{said}");
            assert_eq!(brief.title == title, line.event_type.is_some(), "{said}");
            assert_eq!(said.is_ascii(), language == Language::English, "{said}");
            for hidden in ["Mend the tap", "200.00", "missing a digit", "ring the bell"] {
                assert!(!said.contains(hidden), "{said}");
            }
        }
    }
}

#[test]
fn an_alarm_says_what_and_where_and_leads_to_its_page() {
    for (event, english, chinese, path) in [
        (
            samples::alarm("link_down", Some("north-1")),
            "north-1 in North: The node is cut off from the cloud, since Nov 25, 2025, 00:00.",
            "该节点与云端断开",
            "/edges?edge=north-1",
        ),
        (
            samples::alarm("no_edge", None),
            "The region has no node, since",
            "该地区没有节点",
            "/regions?region=NORTH",
        ),
        (
            samples::alarm("of_the_future", Some("north-1")),
            "a new kind of problem",
            "新的问题种类",
            "/edges?edge=north-1",
        ),
        (
            samples::part_alarm("dead_letters"),
            "payment: Events of the part have failed and wait for an operator, since Nov 25",
            "处理失败的事件",
            "/dead-letters",
        ),
        (
            samples::part_alarm("part_away"),
            "payment: The part does not answer",
            "该服务未响应",
            "/regions",
        ),
        (
            samples::more_alarms(12),
            "12 more alarms",
            "12 条告警",
            "/edges",
        ),
    ] {
        let raised = samples::alarm_lines(EventType::PlatformAlarmRaised, &event).remove(0);
        tells(&raised, &[english], &[chinese]);
        assert_eq!(find_portal_path(&raised), path);
        let ended = samples::alarm_lines(EventType::PlatformAlarmEnded, &event).remove(0);
        assert!(write_in(Language::English, &ended).title.ends_with("ended"));
        assert!(
            write_in(Language::Chinese, &ended)
                .title
                .ends_with("已结束")
        );
    }
}
