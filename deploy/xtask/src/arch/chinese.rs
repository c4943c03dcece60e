//! Rust outside tests contains no Chinese: sentences live in `texts`, with their English.

use super::{Finding, scan::SourceFile};

pub fn check(source: &SourceFile<'_>) -> Vec<Finding> {
    let lines = (1..).zip(source.text.lines());
    let found =
        lines.filter(|(line, text)| text.contains(is_chinese) && !source.is_for_tests(*line));
    let what = "has Chinese text in Rust: put it into the crate's `texts`, in every language";
    found
        .map(|(line, _)| source.finding(line, what.to_owned()))
        .collect()
}

/// Han, its punctuation and full-width forms.
fn is_chinese(c: char) -> bool {
    matches!(
        c,
        '\u{2e80}'..='\u{303f}'
            | '\u{31c0}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::scan::tests::source;

    #[track_caller]
    fn check(text: &str, expected: &[usize]) {
        let member = source::member("order");
        let findings = super::check(&source::of(&member, "src/http.rs", text));
        assert_eq!(
            findings.iter().map(|found| found.line).collect::<Vec<_>>(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn chinese_is_found_in_literals_and_in_comments() {
        check("fn a() {\n    say(\"已确认\");\n}", &[2]);
        check(
            "/// 说明\nfn a() {}\n// 。\nconst A: char = '：';",
            &[1, 3, 4],
        );
        check("fn a() { say(\"“Done” – ü…\", '\\u{4e00}') }", &[]);
    }

    #[test]
    fn tests_may_have_chinese() {
        let tests = "#[cfg(test)]\nmod tests {\n    // 说明\n    const A: &str = \"一\";\n}\n";
        check(tests, &[]);
        check(&format!("{tests}const B: &str = \"二\";"), &[6]);
        check(
            "#[test]\nfn a() {\n    say(\"一\");\n}\nfn b() {\n    say(\"二\");\n}",
            &[6],
        );
    }
}
