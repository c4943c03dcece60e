//! Tests tables and wrapped text at several widths.

use wire::Language;

use super::*;

const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[2, 1],
    ends_with_sentence: false,
};

fn check(style: OutputStyle) -> String {
    let rows = [
        vec![
            TableCell::new("NORTH"),
            TableCell::with_tone(TextTone::Bad, "x 断开"),
            TableCell::new("1"),
        ],
        vec![
            TableCell::new("北"),
            TableCell::new("-"),
            TableCell::new("22"),
        ],
    ];
    render_table("区域 | edge | n", FORM, rows, &style)
}

fn wide(width: usize) -> OutputStyle {
    OutputStyle {
        width: Some(width),
        ..OutputStyle::for_pipe(Language::Chinese)
    }
}

#[test]
fn columns_align_by_what_a_terminal_shows() {
    let expected = "区域   edge    n\nNORTH  x 断开  1\n北     -       22\n";
    assert_eq!(check(wide(17)), expected);
}

#[test]
fn a_narrow_terminal_is_told_which_columns_it_does_not_get() {
    let text = check(wide(16));
    assert!(
        text.starts_with("区域   edge\nNORTH  x 断开\n北     -\n"),
        "{text}"
    );
    assert!(
        text.lines().last().is_some_and(|line| line.contains('n')),
        "{text}"
    );
    assert!(check(wide(6)).starts_with("区域\nNORTH\n北\n"));
}

#[test]
fn a_row_that_cannot_shed_goes_on_below_and_a_sentence_stands_under_it() {
    let rows = || {
        [vec![
            TableCell::new("aaaa"),
            TableCell::new("bbbb"),
            TableCell::new("one two three"),
        ]]
    };
    let form = NarrowTableRules {
        sheds: &[],
        ends_with_sentence: true,
    };
    let drawn = |width| render_table("A | B | C", form, rows(), &wide(width));
    assert_eq!(drawn(25), "A     B     C\naaaa  bbbb  one two three\n");
    assert_eq!(
        drawn(14),
        "A     B\n    C\naaaa  bbbb\n    one two\n    three\n"
    );
    assert_eq!(
        drawn(9),
        "A\n    B\n    C\naaaa\n    bbbb\n    one\n    two\n    three\n"
    );
}

#[test]
fn colour_does_not_move_a_column() {
    let mut coloured = check(OutputStyle {
        colour: true,
        ..wide(40)
    });
    for code in ["\x1b[1m", "\x1b[31m", "\x1b[0m"] {
        coloured = coloured.replace(code, "");
    }
    assert_eq!(coloured, check(wide(40)));
}

#[test]
fn a_pipe_gets_tabs_and_no_colour() {
    let look = OutputStyle::for_pipe(Language::English);
    assert_eq!(check(look), "区域\tedge\tn\nNORTH\tx 断开\t1\n北\t-\t22\n");
}

#[test]
fn a_title_cannot_command_the_terminal() {
    assert_eq!(TableCell::new("a\x1b[2Jb\tc\n").text, "a [2Jb c ");
}

#[test]
fn a_line_goes_on_under_its_text() {
    for (text, expected) in [
        (
            "! north-1: the link is down",
            "! north-1: the link\n  is down",
        ),
        (
            "    Next: check the edge and it",
            "    Next: check the\n      edge and it",
        ),
        (
            "16:00  tapped on the tablet",
            "16:00  tapped on the\n       tablet",
        ),
        (
            "  3 + provider A accepted it",
            "  3 + provider A\n      accepted it",
        ),
        ("short\nshort again", "short\nshort again"),
        ("A=1 B=22222222222222222 \\", "A=1 B=22222222222222222 \\"),
        (
            "  --a-long-name  its help text",
            "  --a-long-name\n      its help text",
        ),
    ] {
        assert_eq!(wrap_to_width(text, 20), expected);
    }
}

#[test]
fn commands_and_ids_stay_whole() {
    let text = "then `holdfast lease take-back NORTH --why TEXT` ends it";
    let expected = "then\n  `holdfast lease take-back NORTH --why TEXT`\n  ends it";
    assert_eq!(wrap_to_width(text, 20), expected);
    let id = "0192f5d4-0000-7000-8000-000000000009";
    assert_eq!(
        wrap_to_width(&format!("order {id}"), 20),
        format!("order\n  {id}")
    );
    let text = "it lost at 2025-11-24 16:03:12.000Z and stays so";
    assert_eq!(
        wrap_to_width(text, 30),
        "it lost at\n  2025-11-24 16:03:12.000Z and\n  stays so"
    );
}

#[test]
fn chinese_breaks_between_characters_and_keeps_its_signs() {
    assert_eq!(
        wrap_to_width("! 链路已断开；检查该节点及其网络。", 14),
        "! 链路已断开；\n  检查该节点及\n  其网络。"
    );
    assert_eq!(wrap_to_width("一二三（四五）", 8), "一二三\n  （四\n  五）");
}

#[test]
fn colours_take_no_place() {
    let text = "\x1b[31m! the link is down\x1b[0m";
    assert_eq!(wrap_to_width(text, 18), text);
    assert_eq!(
        wrap_to_width(text, 12),
        "\x1b[31m! the link\n  is down\x1b[0m"
    );
}
