//! Floods every limit that a stranger or one person can reach with ten times the allowed load,
//! while a customer, a provider, an edge and an operator keep working. Each flood has a separate
//! address.
//!
//! The limit on newcomers' undecided commands takes a crowd: see `newcomers.rs`.

pub(crate) mod flood;
pub(crate) mod honest;
mod tenfold;

use std::time::Duration;

use attack::{AttackedPlatform, Experience};
use support::is_deep_run;

use flood::{Flood, FloodCount};
use honest::{Honest, WHO};
use tenfold::Tenfold;

/// Half of the gateway's timeout for a part. This is not a performance goal.
const P99_MAX: Duration = Duration::from_secs(10);

/// A flood takes the whole machine for seconds, so a quick run tries every sixth limit.
fn floods_apart() -> usize {
    if is_deep_run() { 1 } else { 6 }
}

/// A table row: the flood, and the p99 and refusals of each honest person.
pub(crate) fn row(name: &str, count: FloodCount, experiences: &[Experience; 4]) -> String {
    let cell = |experience: &Experience| {
        let p99 = experience.percentile(99).as_millis();
        format!(
            "{p99:>6} ms {:>2} of {:<3}",
            experience.refused(),
            experience.count()
        )
    };
    let cells = experiences.each_ref().map(cell).join(" |");
    let FloodCount {
        attempts, refused, ..
    } = count;
    format!("{name:<44} {attempts:>8} {refused:>8} |{cells}")
}

pub(crate) fn head() -> String {
    let cells = WHO.map(|who| format!("{who:^20}")).join(" |");
    format!(
        "{:<44} {:>8} {:>8} |{cells}",
        "flood", "attempts", "refused"
    )
}

/// The flood's faults: it hit no limit, or disturbed an honest person.
pub(crate) fn wrongs(
    flood: &Flood,
    count: FloodCount,
    experiences: &[Experience; 4],
) -> Vec<String> {
    let mut wrongs = Vec::new();
    if flood.attempts > 0 && count.refused == 0 {
        wrongs.push(format!("{} meets no limit", flood.name));
    }
    if flood
        .grants_max
        .is_some_and(|most| !(1..=most).contains(&count.granted))
    {
        wrongs.push(format!("{}: {} are granted", flood.name, count.granted));
    }
    for (who, experience) in WHO.iter().zip(experiences) {
        let is_late = experience.percentile(99) > P99_MAX;
        if experience.refused() > 0 || is_late || experience.count() == 0 {
            wrongs.push(format!(
                "{} spoils it for the {who}: {experience}",
                flood.name
            ));
        }
    }
    wrongs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_keeps_honest_people_from_their_work() {
    attack::many_files();
    let platform = AttackedPlatform::fresh().await;
    let honest = Honest::of(&platform).await;
    let tenfold = Tenfold::prepare(&platform, &honest).await;
    println!("{}", head());
    let mut broken = Vec::new();
    for flood in tenfold.floods().into_iter().step_by(floods_apart()) {
        let (count, experiences) = Box::pin(honest.work_during(flood.run())).await;
        println!("{}", row(flood.name, count, &experiences));
        broken.extend(wrongs(&flood, count, &experiences));
    }
    assert_eq!(broken, Vec::<String>::new());
}
