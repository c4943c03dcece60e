//! No file is compiled into a crate from outside, for that needs no dependency.

use super::{Finding, scan::SourceFile, tokens::MentionKind};

pub fn check(source: &SourceFile<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mention in &source.mentions {
        if let MentionKind::ForeignFile(file) = &mention.what
            && (file.contains("..") || file.starts_with("\"/"))
        {
            let what = format!("{file} is compiled in from outside the crate");
            findings.push(source.finding(mention.line, what));
        }
    }
    findings
}
