//! The processor time of each process, and stopping those that would disturb a measurement.

use std::{collections::BTreeMap, fmt, fs};

use anyhow::Result;
use process::parts::CloudPart;
use stack::{Part, Server, Stack};
use wire::Region;

/// The unit of time in `/proc`: hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

const CLOUD: [Part; 6] = [
    Part::Alone(CloudPart::Gateway),
    Part::Alone(CloudPart::Auth),
    Part::Alone(CloudPart::User),
    Part::Alone(CloudPart::Order),
    Part::Alone(CloudPart::Notification),
    Part::Alone(CloudPart::Hub),
];
const DATABASE: Part = Part::Server(Server::MariaDb);
const OTHER_SERVERS: [Part; 4] = [
    Part::Server(Server::RabbitMq),
    Part::Server(Server::MongoDb),
    Part::Server(Server::Redis),
    Part::Server(Server::Mosquitto),
];

/// Seconds of processor time by process. The five edges are one line.
#[derive(Default)]
pub(crate) struct Load(BTreeMap<String, f64>);

impl Load {
    /// The times so far, without ended processes.
    pub(crate) fn of(stack: &Stack) -> Self {
        let mut load = Self::default();
        let edges = Region::ALL.map(Part::Edge);
        for part in CLOUD
            .into_iter()
            .chain([DATABASE])
            .chain(OTHER_SERVERS)
            .chain(edges)
        {
            let pid = stack.child(part).ok().and_then(stack::Child::pid);
            let Some(seconds) = pid.and_then(worked) else {
                continue;
            };
            let name = match part {
                Part::Edge(_) => "edges".to_owned(),
                part => part.name(),
            };
            *load.0.entry(name).or_default() += seconds;
        }
        if let Some(seconds) = worked(std::process::id()) {
            load.0.insert("this and the wires".to_owned(), seconds);
        }
        load
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        let since = |(name, now): (&String, &f64)| {
            (
                name.clone(),
                now - before.0.get(name).copied().unwrap_or_default(),
            )
        };
        Self(self.0.iter().map(since).collect())
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<_> = self
            .0
            .iter()
            .filter(|(_, seconds)| **seconds >= 0.05)
            .collect();
        parts.sort_by(|a, b| b.1.total_cmp(a.1));
        write!(f, "{:.1} s", self.0.values().sum::<f64>())?;
        for (name, seconds) in parts {
            write!(f, ", {name} {seconds:.1}")?;
        }
        Ok(())
    }
}

/// Stops everything that would compete with the database.
pub(crate) async fn leave_only_the_database(stack: &Stack) -> Result<()> {
    for part in Region::ALL
        .map(Part::Edge)
        .into_iter()
        .chain(CLOUD)
        .chain(OTHER_SERVERS)
    {
        stack.kill9(part).await?;
    }
    Ok(())
}

/// In user and kernel mode, for all threads.
fn worked(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name comes first and may contain anything, even blanks and brackets.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok().map(f64::from);
    Some((ticks()? + ticks()?) / TICKS_A_SECOND)
}
