//! What is said of a command line that cannot be read. In English it is what `clap` says; in Chinese the
//! same is said in Chinese.

use std::io::Write;

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};
use wire::Language;

use crate::exit::Exit;

/// Ends the run: help and version as an answer, a mistake with its sentence.
pub fn end(error: &Error, language: Language) -> ! {
    let said = match language {
        Language::English => None,
        Language::Chinese => in_chinese(error),
    };
    match said {
        None => error.exit(),
        Some(text) => {
            // Whom nobody reads, nobody has to be told.
            let _ = std::io::stderr().write_all(text.as_bytes());
            std::process::exit(i32::from(Exit::Usage as u8))
        }
    }
}

/// `None` for what is no mistake, and for one that has no words here.
fn in_chinese(error: &Error) -> Option<String> {
    let of = |kind| error.get(kind).map(words);
    let arg = of(ContextKind::InvalidArg).unwrap_or_default();
    let value = of(ContextKind::InvalidValue).unwrap_or_default();
    let sentence = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("`{arg}` 缺少取值"),
        ErrorKind::InvalidValue => {
            let known = of(ContextKind::ValidValue).map(|known| format!("：应为 {known}"));
            format!("`{arg}` 的值 `{value}` 无效{}", known.unwrap_or_default())
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            format!("`{arg}` 的值 `{value}` 无效：{}", number(why.unwrap_or_default()))
        }
        ErrorKind::UnknownArgument => format!("多余的参数 `{arg}`"),
        ErrorKind::InvalidSubcommand => {
            let name = of(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("没有名为 `{name}` 的命令")
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {arg}"),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::ArgumentConflict => format!("`{arg}` 不能与其他参数同时使用，或只能使用一次"),
        _ => return None,
    };
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    let suggested = suggested.into_iter().find_map(of);
    let suggested = suggested.map(|name| format!("\n  您是否想用：{name}")).unwrap_or_default();
    let usage = of(ContextKind::Usage).map(|usage| usage.replace("Usage: ", "用法："));
    let usage = usage.map(|usage| format!("{}\n\n", usage.trim_end())).unwrap_or_default();
    Some(format!("holdfast：{sentence}{suggested}\n\n{usage}运行 `--help` 了解详情\n"))
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join("、"),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
        }
        other => other.to_string(),
    }
}

/// Numbers are read by `clap`, which says in English what is wrong with one; all others are read by us.
fn number(why: String) -> String {
    match why.rsplit_once(" is not in ") {
        Some((_, range)) => match range.split_once("..=") {
            Some((from, to)) => format!("应为 {from} 至 {to} 的整数"),
            None => "超出范围".to_owned(),
        },
        None if why.is_ascii() => "应为整数".to_owned(),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let words = std::iter::once("holdfast").chain(line.split(' '));
        let error =
            crate::args::command(Language::Chinese).try_get_matches_from(words).unwrap_err();
        in_chinese(&error).unwrap()
    }

    #[test]
    fn every_mistake_is_told_in_chinese() {
        for (line, word) in [
            ("wait --for up", "`--for <CONDITION>` 的值 `up` 无效：应为以下之一：links-up"),
            ("wait --for synced=NOWHERE", "应为 synced=REGION"),
            ("wait --for order=x:lost", "其中状态为以下之一：pending_review、"),
            ("wait", "缺少参数 --for <CONDITION>"),
            ("conflicts --cursor 3", "的值 `3` 无效：应为上一页给出的位置"),
            ("conflicts --limit 501", "的值 `501` 无效：应为 1 至 500 的整数"),
            ("queue --limit many", "的值 `many` 无效：应为整数"),
            ("queue North", "的值 `North` 无效：应为形如 north-1 的名称"),
            ("link cut NOWHERE", "无效：应为 NORTH、SOUTH、EAST、WEST 或 MID"),
            ("link break NORTH", "`<ACTION>` 的值 `break` 无效：应为 cut、heal"),
            ("lease set NORTH --policy first", "无效：应为 optimistic 或 exclusive"),
            ("--url notaurl status", "应为形如 http://127.0.0.1:8080 的地址"),
            ("frobnicate", "没有名为 `frobnicate` 的命令"),
            ("stats", "您是否想用：status"),
            ("status --frobnicate", "多余的参数 `--frobnicate`"),
            ("status --timeout", "`--timeout <SECONDS>` 缺少取值"),
        ] {
            let text = said(line);
            assert!(text.contains(word), "{line}: {text}");
            let english = ["error", "expected", "Usage", "invalid"];
            assert!(!english.iter().any(|word| text.contains(word)), "{line}: {text}");
        }
        assert!(said("wait").contains("\n\n用法：holdfast wait --for <CONDITION>\n\n"));
    }
}
