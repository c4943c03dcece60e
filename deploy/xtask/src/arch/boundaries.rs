//! A file belongs to one crate. Nothing is compiled into a crate from outside of it, for then a
//! forbidden edge would need no dependency.

use super::{Finding, scan::Source, tokens::What};

pub fn check(source: &Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mention in &source.mentions {
        if let What::ForeignFile(file) = &mention.what
            && (file.contains("..") || file.starts_with("\"/"))
        {
            let what = format!("{file} is compiled in from outside the crate");
            findings.push(source.finding(mention.line, what));
        }
    }
    findings
}
