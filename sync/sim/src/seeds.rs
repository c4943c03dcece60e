//! The seeds that once failed. Every run repeats them.
//!
//! A line is a seed, the required steps if it was shrunk, and its finding after `#`: `4711 keep
//! 3,17,40  # a lost op`.

use std::collections::BTreeSet;

use crate::SeedPlan;

const KEPT: &str = include_str!("../seeds.txt");

pub fn kept() -> Vec<SeedPlan> {
    KEPT.lines().filter_map(read).collect()
}

/// Formats a line of the file.
pub fn line(seed: u64, keep: &BTreeSet<usize>, says: &str) -> String {
    let keep: Vec<String> = keep.iter().map(usize::to_string).collect();
    format!("{seed} keep {}  # {says}", keep.join(","))
}

fn read(line: &str) -> Option<SeedPlan> {
    let line = line.split('#').next()?.trim();
    let mut words = line.split_whitespace();
    let plan = SeedPlan::from_seed(words.next()?.parse().ok()?);
    match (words.next(), words.next()) {
        (Some("keep"), Some(steps)) => {
            let keep = steps
                .split(',')
                .filter_map(|step| step.parse().ok())
                .collect();
            Some(plan.keep_steps(&keep))
        }
        _ => Some(plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let keep = BTreeSet::from([1, 3]);
        let plan = read(&line(5, &keep, "x")).unwrap();
        assert_eq!((plan.seed, plan.steps.len()), (5, 2));
        assert!(read("# only words").is_none());
        assert_eq!(
            read("5").unwrap().steps.len(),
            SeedPlan::from_seed(5).steps.len()
        );
    }
}
