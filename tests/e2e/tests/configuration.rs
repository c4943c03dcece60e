//! `.env.example` lists exactly the existing settings, with their defaults.

use std::{collections::BTreeMap, process::Command};

use stack::binaries;

const EXAMPLE: &str = include_str!("../../../.env.example");

#[test]
fn the_example_environment_is_every_setting_with_its_default() {
    let mut settings = printed("holdfast-cloud");
    settings.extend(printed("holdfast-edge"));
    let example: BTreeMap<String, String> = EXAMPLE
        .lines()
        .filter(|line| line.starts_with("HOLDFAST__"))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(example, settings);
}

/// A program's printed defaults, as environment variables.
fn printed(program: &str) -> BTreeMap<String, String> {
    let folder = stack::temporary::folder().unwrap();
    let output = Command::new(binaries::own(program).unwrap())
        .arg("config")
        .current_dir(&folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut settings = BTreeMap::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.to_uppercase();
        } else if let Some((key, value)) = line.split_once(" = ") {
            let name = format!("HOLDFAST__{section}__{}", key.to_uppercase());
            let value = match value {
                "[" => read_long_list(&mut lines),
                _ => value.trim_matches('"').to_owned(),
            };
            settings.insert(name, value);
        }
    }
    assert!(!settings.is_empty(), "{program} printed nothing");
    settings
}

/// A long list is printed with one value a line.
fn read_long_list<'a>(lines: &mut impl Iterator<Item = &'a str>) -> String {
    let values = lines.take_while(|line| *line != "]");
    let values: Vec<_> = values
        .map(|line| line.trim().trim_end_matches(','))
        .collect();
    format!("[{}]", values.join(", "))
}
