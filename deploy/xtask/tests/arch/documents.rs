//! The documents: their links, their length, and the pages of decisions.

use crate::tree::{Tree, expect_finding, expect_no_finding};

#[test]
fn a_file_that_a_document_names_must_exist() {
    let says = "does not exist";
    expect_finding(
        "ARCHITECTURE.md",
        "It begins.\nSee `cloud/order/src/gone.rs`.\n",
        2,
        says,
    );
    expect_finding(
        "ARCHITECTURE.md",
        "See [the rules](cloud/order/rules/gone.md).\n",
        1,
        says,
    );
    for document in ["README.md", "docs/adding.md", "sync/engine/PROTOCOL.md"] {
        expect_finding(
            document,
            "It begins.\nSee `cloud/order/src/gone.rs`.\n",
            2,
            says,
        );
        expect_finding(document, "See `cloud/gone`.\n", 1, says);
        expect_finding(document, "See [the engine](gone.md).\n", 1, says);
        expect_no_finding(
            document,
            "```sh\nls `cloud/gone`\n```\nSee `cloud/order`.\n",
        );
    }
    expect_no_finding(
        "sync/engine/PROTOCOL.md",
        "See [the map](../../ARCHITECTURE.md).\n",
    );
}

#[test]
fn a_heading_that_a_document_links_must_exist() {
    let link = |to: &str| format!("# The map\n\n## 2. Who wins\n\nSee [it](#{to}).\n");
    expect_finding(
        "README.md",
        &link("3-who-wins"),
        5,
        "does not match a heading",
    );
    expect_no_finding("README.md", &link("2-who-wins"));
    expect_finding(
        "docs/adding.md",
        "See [it](../ARCHITECTURE.md#gone).\n",
        1,
        "does not match a heading",
    );
}

#[test]
fn what_everybody_reads_stays_short() {
    for (document, max) in [("README.md", 1_100), ("ARCHITECTURE.md", 2_000)] {
        let words = "word ".repeat(max - 2);
        expect_no_finding(document, &format!("It begins.\n{words}\n"));
        let says = format!("more than {max} words");
        expect_finding(
            document,
            &format!("It begins.\n{words}\nThe end.\n"),
            3,
            &says,
        );
    }
    expect_no_finding("docs/adding.md", &"word ".repeat(3_000));
}

#[test]
fn every_page_of_decisions_is_in_the_index() {
    let tree = Tree::new();
    tree.write("docs/decisions/the-feed.md", "# The feed\n");
    tree.write("docs/decisions/the-link.md", "# The link\n");
    tree.write("docs/decisions/README.md", "[The feed](the-feed.md)\n");
    let lost = "docs/decisions/the-link.md:1: is not in docs/decisions/README.md";
    assert_eq!(tree.findings(), [lost]);
    tree.write(
        "docs/decisions/README.md",
        "[The feed](the-feed.md) [The link](the-link.md)\n",
    );
    assert_eq!(tree.findings(), Vec::<String>::new());
}

#[test]
fn a_page_of_decisions_with_a_number_is_found() {
    let says = "1: has a number: name the page by its subject";
    for (name, title) in [
        ("0141-the-feed.md", "The feed"),
        ("the-feed.md", "0141. The feed"),
    ] {
        let tree = Tree::new();
        tree.write(&format!("docs/decisions/{name}"), &format!("# {title}\n"));
        tree.write("docs/decisions/README.md", &format!("[The feed]({name})\n"));
        assert_eq!(tree.findings(), [format!("docs/decisions/{name}:{says}")]);
    }
}

#[test]
fn decisions_are_at_most_thirty_pages() {
    let tree = Tree::new();
    let mut index = String::from("# Decisions\n");
    for number in 1..=30 {
        tree.write(&format!("docs/decisions/page-{number}.md"), "# A subject\n");
        index += &format!("[A subject](page-{number}.md)\n");
    }
    tree.write("docs/decisions/README.md", &index);
    assert_eq!(tree.findings(), Vec::<String>::new());
    tree.write("docs/decisions/one-more.md", "# One more\n");
    tree.write(
        "docs/decisions/README.md",
        &format!("{index}[One more](one-more.md)\n"),
    );
    assert_eq!(
        tree.findings(),
        ["docs/decisions/README.md:1: 31 pages, more than 30: merge some"]
    );
}
