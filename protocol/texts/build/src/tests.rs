use super::*;

#[track_caller]
fn check(english: &str, chinese: &str, expected: &[&str]) {
    let file = |text: &str| TextFiles::from([("a.ftl".to_owned(), text.to_owned())]);
    let errors = generate_module(&file(english), &file(chinese))
        .err()
        .unwrap_or_default();
    assert_eq!(errors, expected, "{english}\n{chinese}");
}

#[test]
fn texts_that_say_the_same_become_rust() {
    let english = "one = Done.\ntwo = { $n ->\n [one] an op\n *[other] { $n } ops\n }\nkey =\n .a = A\n .b = { $x }";
    let chinese = "one = 完成。\ntwo = { $n } 项\nkey =\n .a = 甲\n .b = { $x }";
    check(english, chinese, &[]);
    let files = |text: &str| TextFiles::from([("a.ftl".to_owned(), text.to_owned())]);
    let rust = generate_module(&files(english), &files(chinese)).unwrap();
    for part in [
        "pub const r#one: ::texts::Phrase = ::texts::Phrase { en: \"Done.\", zh: \"完成。\" };",
        "pub struct r#two { pub r#n: u64, }",
        "pub mod r#key {",
        "pub struct r#b { pub r#x: ::texts::Arg, }",
    ] {
        assert!(rust.contains(part), "`{part}` is missing from:\n{rust}");
    }
}

#[test]
fn a_missing_key_is_named_with_its_file() {
    let missing = "texts/zh-CN/a.ftl: `two`: is missing; texts/en/a.ftl has it";
    check("one = 1\ntwo = 2", "one = 1", &[missing]);
    let missing = "texts/en/a.ftl: `key.b`: is missing; texts/zh-CN/a.ftl has it";
    check("key =\n .a = A", "key =\n .a = A\n .b = B", &[missing]);
}

#[test]
fn a_missing_placeholder_is_named() {
    let missing = "texts/zh-CN/a.ftl: `one`: does not use { $code }; texts/en/a.ftl does";
    check("one = { $code } is done", "one = 完成", &[missing]);
    let missing = "texts/en/a.ftl: `one`: does not use { $n }; texts/zh-CN/a.ftl does";
    check("one = { $code }", "one = { $code } { $n }", &[missing]);
}

#[test]
fn a_different_choice_is_named() {
    let one = "one = { $x ->\n [disk] D\n *[link] L\n }";
    let wrong = "texts/zh-CN/a.ftl: `one`: selects by $x: disk, wire; texts/en/a.ftl selects by $x: disk, link";
    check(one, "one = { $x ->\n [disk] D\n *[wire] W\n }", &[wrong]);
    let wrong =
        "texts/zh-CN/a.ftl: `one`: selects by nothing; texts/en/a.ftl selects by $x: disk, link";
    check(one, "one = { $x }", &[wrong]);
    check(one, "one = { $x ->\n [disk] 盘\n *[link] 链\n }", &[]);
}

#[test]
fn a_plural_form_that_is_never_said_is_named() {
    let idle = "texts/zh-CN/a.ftl: `one`: $n is never [one] in this language";
    let english = "one = { $n ->\n [0] none\n [one] { $n } op\n *[other] { $n } ops\n }";
    check(
        english,
        "one = { $n ->\n [one] 1\n *[other] { $n }\n }",
        &[idle],
    );
    check(english, "one = { $n ->\n [0] 无\n *[other] { $n }\n }", &[]);
}

#[test]
fn a_syntax_error_is_named_with_its_line() {
    let wrong = "texts/en/a.ftl:2: Expected a token starting with \"=\"";
    check("one = 1\ntwo is 2", "one = 1", &[wrong]);
}

#[test]
fn a_message_in_one_file_only_or_in_two_is_named() {
    let files = |names: &[&str]| -> TextFiles {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "one = 1".to_owned()))
            .collect()
    };
    let moved = "texts/zh-CN/b.ftl: `one`: is in texts/en/a.ftl in the other language";
    assert_eq!(
        generate_module(&files(&["a.ftl"]), &files(&["b.ftl"])).unwrap_err(),
        [moved]
    );
    let twice = "texts/en/b.ftl: `one`: is already in texts/en/a.ftl";
    assert_eq!(
        generate_module(&files(&["a.ftl", "b.ftl"]), &files(&["a.ftl"])).unwrap_err(),
        [twice]
    );
    let missing = "texts/zh-CN/a.ftl: `one`: is missing; texts/en/a.ftl has it";
    assert_eq!(
        generate_module(&files(&["a.ftl"]), &files(&[])).unwrap_err(),
        [missing]
    );
}

#[test]
fn more_of_fluent_than_is_used_here_is_refused() {
    for (text, wrong) in [
        ("-brand = H", "`-brand`: terms are not used here"),
        (
            "one = 1\n .a = A",
            "`one`: has a value and attributes; use one or the other",
        ),
        (
            "one = { NUMBER($n) }",
            "`one`: refers to a message, a term or a function; only placeholders are used",
        ),
        ("one = { 3 }", "`one`: has braces without a placeholder"),
        (
            "One = 1",
            "`One`: `One` may only have lower-case letters, digits and `-.`",
        ),
    ] {
        let both = [
            format!("texts/en/a.ftl: {wrong}"),
            format!("texts/zh-CN/a.ftl: {wrong}"),
        ];
        check(text, text, &[&both[0], &both[1]]);
    }
}
