//! Checks `holdfast status` against the hub's rows of one region and its edges, as JSON and as a
//! table.

mod said;

use platform::{
    fields,
    sql::{ReadError, Row, StoredRow},
    vals,
};
use wire::{GateState, Hash, Policy, Region, StatusReport, UnixMillis};

use super::{Question, Silence, Witness, outside, unequal};
use said::{SaidCounts, SaidEdge, SaidRegion};

/// A link counts as down after this time without contact. Within a second of it, either state is
/// right.
const CONTACT_STALE_MS: i64 = 12_000;
const STALE_SOON_MS: i64 = CONTACT_STALE_MS - 1_000;
const SURELY_STALE_MS: i64 = CONTACT_STALE_MS + 1_000;

pub(super) struct Report<'a> {
    pub witness: &'a Witness<'a>,
    pub region: Region,
    pub in_text: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct RegionRows {
    region: RegionRow,
    edges: Vec<EdgeRow>,
}

#[derive(Debug, PartialEq)]
struct RegionRow {
    gate: GateState,
    policy: Policy,
    holder: Option<String>,
    feed_seq: u64,
    feed_digest: Hash,
    compacted_to: u64,
    orders: u64,
    asks: u64,
}

#[derive(Debug, PartialEq)]
struct EdgeRow {
    edge: String,
    epoch: u64,
    /// Rises with every session.
    term: u64,
    cursor_seq: u64,
    last_seq: u64,
    outcome_count: u64,
    outcome_cursor: u64,
    feed_cursor: u64,
    undecided: u64,
    /// As last reported by the edge.
    pending: u64,
    acked_at: Option<UnixMillis>,
    held: u64,
    parked: u64,
    /// Distinguishes states with the same number of waiting ops.
    waiting_seqs: Option<u64>,
    link_up: bool,
    last_contact_at: Option<UnixMillis>,
    digest: Option<Hash>,
    ahead: u64,
    /// The region's digest at the edge's cursor.
    region_digest: Option<Hash>,
}

impl Question for Report<'_> {
    type State = RegionRows;
    type Word = SaidRegion;
    const NAME: &'static str = "holdfast status";

    async fn state(&self) -> Option<RegionRows> {
        const REGION: &str = "SELECT gate, policy, holder, feed_seq, feed_digest, compacted_to, orders, \
            (SELECT COUNT(*) FROM asks a WHERE a.region = regions.region) AS asks \
            FROM regions WHERE region = ?";
        const EDGES: &str = "SELECT e.edge, e.epoch, e.term, e.cursor_seq, e.last_seq, e.outcome_count, \
            e.outcome_cursor, e.feed_cursor, e.undecided, e.pending, e.acked_at, \
            (e.link_up = 1 AND c.closed_at IS NULL) AS link_up, \
            COALESCE(c.heard_at, e.last_contact_at) AS last_contact_at, e.digest, e.ahead, f.region_digest, \
            (SELECT COUNT(*) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
            AND u.state IN ('held_region', 'held_operator')) AS held, \
            (SELECT COUNT(*) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
            AND u.state = 'parked') AS parked, \
            (SELECT MIN(u.seq) FROM undecided u WHERE u.edge = e.edge AND u.epoch = e.epoch \
            AND u.state <> 'received') AS waiting_seqs \
            FROM edges e LEFT JOIN feed f ON f.region = e.region AND f.feed_seq = e.feed_cursor \
            LEFT JOIN edge_contacts c ON c.edge = e.edge AND c.term = e.term \
            WHERE e.region = ? AND e.enrolled_at IS NOT NULL AND e.disabled_at IS NULL ORDER BY e.edge";
        let sync_db = self.witness.scene.truth.sync_db();
        let region = sync_db
            .fetch_optional(REGION, vals![self.region])
            .await
            .expect("a region")?;
        let edges = sync_db
            .fetch_all(EDGES, vals![self.region])
            .await
            .expect("edges");
        Some(RegionRows { region, edges })
    }

    async fn word(&self) -> Result<SaidRegion, Silence> {
        let said = if self.in_text {
            let (text, now) = self.witness.table_of_status().await?;
            SaidRegion::of_table(&text, self.region, now)
        } else {
            let report = self.witness.holdfast("status".to_owned()).await?;
            let report = serde_json::from_value::<StatusReport>(report);
            let report = report.map_err(|error| Silence::Refused(error.to_string()))?;
            SaidRegion::of_report(report, self.region)
        };
        said.ok_or_else(|| Silence::Refused(format!("{} is missing or unreadable", self.region)))
    }

    fn difference(state: &RegionRows, word: &SaidRegion) -> Option<String> {
        let policy = unequal(
            "the policy",
            &state.region.policy_and_holder(),
            &word.policy,
        );
        let counts = word.counts.as_ref();
        let counts = counts.and_then(|said| unequal("the region", &state.region.counts(), said));
        let number = unequal("the number of edges", &state.edges.len(), &word.edges.len());
        let mut edges = state.edges.iter().zip(&word.edges);
        let edges = || edges.find_map(|(row, said)| row.differs(&state.region, said, word.now));
        policy.or(counts).or(number).or_else(edges)
    }

    fn beyond(before: &RegionRows, word: &SaidRegion, after: &RegionRows) -> Option<String> {
        let [first, last] = [&before.region, &after.region];
        let policies = [first, last].map(RegionRow::policy_and_holder);
        let policy = (first.feed_seq == last.feed_seq && !policies.contains(&word.policy))
            .then(|| format!("the policy is {} and none of {policies:?}", word.policy));
        let feed = word.counts.as_ref().and_then(|said| {
            outside(
                "the feed's number",
                first.feed_seq,
                said.feed_seq,
                last.feed_seq,
            )
        });
        let number = unequal("the number of edges", &after.edges.len(), &word.edges.len());
        let mut edges = before.edges.iter().zip(&after.edges).zip(&word.edges);
        let edges = || {
            edges.find_map(|((from, to), said)| {
                if from == to && first == last {
                    return from.differs(first, said, word.now);
                }
                from.excludes((first, last), to, said, word.now)
            })
        };
        policy.or(feed).or(number).or_else(edges)
    }

    fn kinds(state: &RegionRows) -> Vec<&'static str> {
        let any = |kind, has: fn(&EdgeRow) -> bool| state.edges.iter().any(has).then_some(kind);
        let kinds = [
            any("a status with pending ops", |edge| edge.pending > 0),
            any(
                "a status with ops that wait for the holder or for a service",
                |edge| edge.held + edge.parked > 0,
            ),
            any("a status with a link that is down", |edge| !edge.link_up),
            any("a status with changes on their way to an edge", |edge| {
                edge.outcome_count > edge.outcome_cursor
            }),
        ];
        kinds.into_iter().flatten().collect()
    }

    fn falsify(word: &mut SaidRegion) {
        word.edges.iter_mut().for_each(|edge| edge.lag_up += 1);
    }
}

impl Witness<'_> {
    /// The piped table, and the time just after it.
    async fn table_of_status(&self) -> Result<(String, UnixMillis), Silence> {
        let operator = self.operator.clone();
        let ran = tokio::task::spawn_blocking(move || operator.runs("status --lang en")).await;
        let ran = ran.expect("a run of holdfast").expect("a run of holdfast");
        match ran.status.code() {
            Some(0 | 3) => Ok((
                String::from_utf8_lossy(&ran.stdout).into_owned(),
                self.clock.now(),
            )),
            Some(code) if super::AWAY.contains(&code) => Err(Silence::Away),
            _ => Err(Silence::Refused(
                String::from_utf8_lossy(&ran.stderr).into_owned(),
            )),
        }
    }
}

impl RegionRow {
    fn policy_and_holder(&self) -> String {
        said::policy_and_holder(self.policy, self.holder.as_ref())
    }

    fn counts(&self) -> SaidCounts {
        let Self {
            gate,
            feed_seq,
            orders,
            asks,
            ..
        } = *self;
        SaidCounts {
            gate,
            feed_seq,
            orders,
            asks,
        }
    }
}

impl EdgeRow {
    fn differs(&self, region: &RegionRow, said: &SaidEdge, now: UnixMillis) -> Option<String> {
        let lag_down = region.feed_seq.saturating_sub(self.feed_cursor)
            + self.outcome_count.saturating_sub(self.outcome_cursor);
        let stored = SaidEdge {
            edge: self.edge.clone(),
            link: self.link(now).unwrap_or(said.link.as_str()).to_owned(),
            epoch: self.epoch,
            pending: self.pending,
            waiting: self.held + self.parked,
            lag_up: self.last_seq.saturating_sub(self.cursor_seq),
            lag_down,
            checksum: self.checksum(region).to_owned(),
            undecided: said.undecided.map(|_| self.undecided),
        };
        unequal("an edge", &stored, said)
    }

    /// Describes a claim that was false at every moment from this row to the later one.
    fn excludes(
        &self,
        (first, last): (&RegionRow, &RegionRow),
        to: &Self,
        said: &SaidEdge,
        now: UnixMillis,
    ) -> Option<String> {
        let edge = &self.edge;
        let received = to.cursor_seq.saturating_sub(self.cursor_seq);
        let decided = to.outcome_count.saturating_sub(self.outcome_count);
        let named = unequal("an edge", edge, &said.edge);
        let epoch = outside(
            &format!("the epoch of {edge}"),
            self.epoch,
            said.epoch,
            to.epoch,
        );
        let lag_up = outside(
            &format!("the lag up of {edge}"),
            self.last_seq.saturating_sub(to.cursor_seq),
            said.lag_up,
            to.last_seq.saturating_sub(self.cursor_seq),
        );
        // A Hello may name an earlier place in the feed.
        let near = self.feed_cursor.max(to.feed_cursor);
        let far = self.feed_cursor.min(to.feed_cursor);
        let lag_down = outside(
            &format!("the lag down of {edge}"),
            first.feed_seq.saturating_sub(near)
                + self.outcome_count.saturating_sub(to.outcome_cursor),
            said.lag_down,
            last.feed_seq.saturating_sub(far)
                + to.outcome_count.saturating_sub(self.outcome_cursor),
        );
        let undecided = said.undecided.and_then(|said| {
            let from = self.undecided.saturating_sub(decided);
            outside(
                &format!("the undecided of {edge}"),
                from,
                said,
                self.undecided + received,
            )
        });
        // Acks between the two readings are unknown.
        let pending = (self.acked_at == to.acked_at).then_some(self.pending);
        let pending = pending.and_then(|pending| unequal("the pending", &pending, &said.pending));
        // A link that went down and came back has another term.
        let is_one_link = self.term == to.term && self.link(now) == to.link(now);
        let link = self
            .link(now)
            .filter(|_| is_one_link && self.link_up == to.link_up);
        let link = link.and_then(|link| unequal("the link", &link, &said.link.as_str()));
        named
            .or(epoch)
            .or(lag_up)
            .or(lag_down)
            .or(undecided)
            .or(pending)
            .or(link)
    }

    /// None within a second of the transition.
    fn link(&self, now: UnixMillis) -> Option<&'static str> {
        let Some(contact) = self.last_contact_at else {
            return Some("never");
        };
        if !self.link_up {
            return Some("down");
        }
        match now.ms_since(contact) {
            SURELY_STALE_MS.. => Some("down"),
            STALE_SOON_MS.. => None,
            _ => Some("up"),
        }
    }

    /// Compares the edge's orders with the cloud's at the same feed sequence.
    fn checksum(&self, region: &RegionRow) -> &'static str {
        let Some(digest) = self.digest else {
            return "unknown";
        };
        let at_end = self.feed_cursor == region.feed_seq;
        let kept = self
            .region_digest
            .filter(|_| self.feed_cursor >= region.compacted_to);
        let of_region = if at_end {
            Some(region.feed_digest)
        } else {
            kept
        };
        match of_region.filter(|_| self.ahead == 0) {
            None => "settling",
            Some(of_region) if of_region != digest => "differs",
            Some(_) if at_end => "match",
            Some(_) => "settling",
        }
    }
}

impl Row for RegionRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(fields!(row => RegionRow {
            gate, policy, holder, feed_seq, feed_digest, compacted_to, orders, asks
        }))
    }
}

impl Row for EdgeRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(fields!(row => EdgeRow {
            edge, epoch, term, cursor_seq, last_seq, outcome_count, outcome_cursor, feed_cursor,
            undecided, pending, acked_at, held, parked, waiting_seqs, link_up, last_contact_at,
            digest, ahead, region_digest
        }))
    }
}
