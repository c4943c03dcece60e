//! The overview for a person who starts a platform: addresses, sign-ins, and things to try.

use std::fmt::Write;

use stack::ReadyFile;

pub(crate) fn of(ready: &ReadyFile, is_thrown_away: bool) -> String {
    let mut text = String::from("\nHoldfast is up: five links, equal checksums.\n\n");
    let mut line = |parts: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _written = text.write_fmt(parts);
    };
    line(format_args!("  {:<13} {}\n", "portal", ready.gateway));
    line(format_args!(
        "  {:<13} {}/regions/wall\n",
        "wallboard", ready.gateway
    ));
    for (region, edge) in &ready.edges {
        let http = &edge.http;
        let mqtt = &edge.mqtt;
        let ws = &edge.ws;
        let tablet = format!("tablet {}", region.as_str());
        line(format_args!(
            "  {tablet:<13} {http:<24} mqtt {mqtt:<17} {ws}\n"
        ));
    }
    line(format_args!(
        "\n  {:<9} {:<16} {:<14} region\n",
        "sign in", "user name", "password"
    ));
    for person in &ready.sign_ins {
        let region = person.region.map_or("all", |region| region.as_str());
        let role = person.role.as_str();
        let name = &person.username;
        let password = &person.password;
        line(format_args!(
            "  {role:<9} {name:<16} {password:<14} {region}\n"
        ));
    }
    line(format_args!("\nIn another terminal:\n"));
    for (command, what) in [
        ("status", "every region: link, queue, lag, checksums"),
        ("link cut NORTH", "close the region's gate"),
        ("link heal NORTH", "and open it again"),
    ] {
        line(format_args!(
            "  target/debug/holdfast {command:<16} # {what}\n"
        ));
    }
    let fate = if is_thrown_away {
        "is deleted"
    } else {
        "is kept for the next start"
    };
    line(format_args!(
        "\nCtrl-C stops everything. The data {fate}: {}\n",
        ready.data.display()
    ));
    line(format_args!(
        "Logs: {}\n",
        ready.data.join("logs").display()
    ));
    text
}
