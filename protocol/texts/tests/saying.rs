//! Rendering of the sentences in `texts/tests.ftl`.

use texts::{
    Language::{Chinese, English},
    Sentence, Text,
};

texts::include_texts!(say);

#[test]
fn a_phrase_is_there_at_once_in_both_languages() {
    assert_eq!(say::test_plain.text_in(English), "All is well.");
    assert_eq!(say::test_plain.render_in(Chinese), "一切正常。");
    assert_eq!(say::test_inbox::title.text_in(Chinese), "完成");
    assert_eq!(
        say::test_lines.text_in(English),
        "One line,\n  another, \nand a third."
    );
}

#[test]
fn a_value_is_filled_in_as_it_is_and_plays_no_template() {
    let sentence = say::test_filled {
        title: "{ $code } \u{2068}{\"x\"}".into(),
        code: (&"N-1").into(),
    };
    let text = sentence.to_text();
    assert_eq!(text.en, "Order “{ $code } \u{2068}{\"x\"}” (N-1) is done.");
    assert_eq!(text.zh, "订单“{ $code } \u{2068}{\"x\"}”（N-1）已完成。");
    assert_eq!(
        say::test_type { r#type: 3.into() }.render_in(Chinese),
        "保留字：3"
    );
}

#[test]
fn a_value_that_is_a_text_is_said_in_each_language() {
    let list = Text::list(&["N-1", "N-2"], say::test_separator);
    let text = say::test_filled {
        title: say::test_plain.into(),
        code: list.into(),
    }
    .to_text();
    assert_eq!(text.en, "Order “All is well.” (N-1, N-2) is done.");
    assert_eq!(text.zh, "订单“一切正常。”（N-1、N-2）已完成。");
}

#[test]
fn a_number_chooses_its_plural_form() {
    let count = |n| {
        say::test_count {
            n,
            whose: "Ada".into(),
        }
        .to_text()
    };
    assert_eq!(count(0).en, "no orders");
    assert_eq!(count(1).en, "one order of Ada");
    assert_eq!(count(12_000).en, "12000 orders of Ada");
    assert_eq!(count(1).zh, "Ada的 1 个订单");
    assert_eq!(
        say::test_inbox::content { n: 1 }.render_in(English),
        "1 done, one line."
    );
}

#[test]
fn a_word_chooses_its_sentence() {
    let kind = |kind: &str| say::test_kind { kind: kind.into() }.to_text();
    assert_eq!(kind("disk").zh, "磁盘已满。");
    assert_eq!(kind("paper").en, "Something else: paper.");
}

#[test]
fn a_text_reads_in_both_languages_and_travels_under_their_tags() {
    let text = say::test_plain.to_text();
    assert_eq!(text.get(English), "All is well.");
    let json = serde_json::to_string(&text).unwrap();
    assert_eq!(json, r#"{"en":"All is well.","zh-CN":"一切正常。"}"#);
    assert_eq!(text.render_in(Chinese), "一切正常。");
}
