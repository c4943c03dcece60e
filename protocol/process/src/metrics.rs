//! Every metric of the product, with its help and labels; the `metrics` crate only stores them. A
//! label takes few values: never an id, a name chosen by a person, or a path with either.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// A count that only rises. The compiler checks the number of labels `N`.
pub struct Counter<const N: usize>(Metric<N>);

/// A value that goes up and down.
pub struct Gauge<const N: usize>(Metric<N>);

/// A distribution of seconds or counts.
pub struct Histogram<const N: usize>(Metric<N>);

struct Metric<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
}

const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
const COUNTS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0,
];

macro_rules! describe {
    (Counter $name:literal $help:literal) => {
        metrics::describe_counter!($name, $help)
    };
    (Gauge $name:literal $help:literal) => {
        metrics::describe_gauge!($name, $help)
    };
    (Histogram $name:literal $help:literal) => {
        metrics::describe_histogram!($name, $help)
    };
}

/// Declares the metrics and their descriptions for the recorder.
macro_rules! catalogue {
    ($($kind:ident $name:ident $text:literal [$($label:literal),*] $help:literal $($buckets:ident)?;)+) => {
        $(
            #[doc = $help]
            pub const $name: $kind<{ <[&str]>::len(&[$($label),*]) }> = $kind(
                Metric { name: $text, labels: [$($label),*] }
            );
        )+
        fn describe_all() {
            $(describe!($kind $text $help);)+
        }
        fn with_buckets(builder: PrometheusBuilder) -> Result<PrometheusBuilder, BuildError> {
            $($(let builder =
                builder.set_buckets_for_metric(Matcher::Full($text.to_owned()), $buckets)?;)?)+
            Ok(builder)
        }
        #[cfg(test)]
        const NAMES: &[&str] = &[$($text),+];
    };
}

catalogue! {
    // every service
    Counter HTTP_REQUESTS "holdfast_http_requests_total" ["service", "route", "status"]
        "Requests answered";
    Histogram HTTP_SECONDS "holdfast_http_request_duration_seconds" ["service", "route"]
        "Time from a request's head to its answer's head" SECONDS;
    Gauge HTTP_CONNECTIONS "holdfast_http_connections" []
        "Connections open at this process's listeners";
    Counter CONNECTIONS_REFUSED "holdfast_connections_refused_total" ["why"]
        "Connections closed because the address or the process reached its limit, or the client did not read";
    Gauge STREAMS "holdfast_streams" ["service"]
        "Open event streams";
    Counter STREAMS_REFUSED "holdfast_streams_refused_total" ["service"]
        "Event streams refused because the limit of open streams was reached";
    Counter TASK_FAULTS "holdfast_task_faults_total" ["task"]
        "Tasks that panicked, ended early or did not stop in time";
    // stores
    Counter JOURNAL_COMMITS "holdfast_journal_commits_total" ["journal"]
        "Fsynced commits of a journal";
    Histogram JOURNAL_GROUP "holdfast_journal_group_writes" ["journal"]
        "Writes that shared one commit" COUNTS;
    Counter SQL_RETRIES "holdfast_sql_retries_total" ["engine"]
        "Transactions restarted after a deadlock or a lock wait";
    Counter SQL_COPY_READS "holdfast_sql_copy_reads_total" ["outcome"]
        "Reads sent to the read replica of a database";
    Counter CACHE_READS "holdfast_cache_reads_total" ["cache", "kind", "outcome"]
        "Cache lookups: a hit saves a call to a store or a part, a miss does not";
    Counter CACHE_FAULTS "holdfast_cache_faults_total" []
        "Cache calls that failed; the work continued without the cache";
    Counter RATE_LIMITED "holdfast_rate_limited_total" ["by"]
        "Requests refused at the gateway because their user or address reached the rate limit";
    // events
    Gauge OUTBOX_UNSENT "holdfast_outbox_unsent" ["service"]
        "Events committed and not yet confirmed by the bus";
    Counter BUS_PUBLISHED "holdfast_bus_published_total" ["exchange"]
        "Events confirmed by the bus";
    Counter BUS_REDELIVERED "holdfast_bus_redelivered_total" ["queue"]
        "Deliveries that are redeliveries";
    Counter BUS_DEAD_LETTERED "holdfast_bus_dead_lettered_total" ["queue"]
        "Events dead-lettered";
    Gauge BUS_DEAD_LETTERS "holdfast_bus_dead_letters" ["queue"]
        "Dead letters that need an operator";
    Gauge BUS_UNROUTED "holdfast_bus_unrouted" ["exchange"]
        "Events for which no queue was bound; they need an operator";
    Counter CONSUMER_HANDLED "holdfast_consumer_handled_total" ["queue", "result"]
        "Deliveries, by result";
    Histogram CONSUMER_SECONDS "holdfast_consumer_seconds" ["queue"]
        "Time to handle one delivery" SECONDS;
    Counter JOB_RUNS "holdfast_job_runs_total" ["job", "result"]
        "Runs of scheduled jobs";
    Counter SEALED_ANEW "holdfast_sealed_anew_total" ["table"]
        "Values resealed with the current data key; they were plain or sealed with a former key";
    Counter UPSTREAM_FAULTS "holdfast_upstream_faults_total" ["upstream"]
        "Calls to another service that got no answer";
    Counter UPSTREAM_RETRIES "holdfast_upstream_retries_total" ["part"]
        "Retried calls to another part";
    Gauge UPSTREAM_RESTING "holdfast_upstream_resting" ["part"]
        "Addresses of another part that get no calls for now because they failed";
    // orders
    Counter ORDER_COMMANDS "holdfast_order_commands_total" ["action", "result"]
        "Commands decided by the order service";
    Counter SIGN_INS "holdfast_sign_ins_total" ["result"]
        "Attempts to sign in";
    // edge
    Counter EDGE_COMMANDS "holdfast_edge_commands_total" ["verdict"]
        "Commands answered by an edge";
    Histogram EDGE_REPLY_SECONDS "holdfast_edge_reply_seconds" []
        "Time from a command's arrival to its durable reply" SECONDS;
    Gauge EDGE_SUSPECT "holdfast_edge_suspect" []
        "1 while the edge's log is not the one it answered from, or a second instance of the edge runs";
    Gauge EDGE_PENDING "holdfast_edge_pending_ops" []
        "Ops without a stored outcome";
    Gauge EDGE_OLDEST_PENDING "holdfast_edge_oldest_pending_seconds" []
        "Age of the oldest op without a stored outcome";
    Gauge EDGE_DISK_FREE "holdfast_edge_disk_free_bytes" []
        "Free disk space for the log";
    Gauge EDGE_DISK_USED "holdfast_edge_disk_used_percent" []
        "Share of the log's disk in use";
    Gauge EDGE_DISK_LEVEL "holdfast_edge_disk_level" []
        "What the edge does about its disk: 0 nothing, 1 warn, 2 drop copies of closed orders, 3 refuse new commands";
    Gauge EDGE_DISK_RUNWAY "holdfast_edge_disk_runway_days" []
        "Days until the edge refuses new commands, if the disk fills as in the last two weeks; 3650 if it does not fill";
    Counter EDGE_COPIES_DROPPED "holdfast_edge_copies_dropped_total" []
        "Copies of closed orders that an edge has dropped";
    Gauge EDGE_PHOTOS_WAITING "holdfast_edge_photos_waiting" []
        "Photos at an edge that the cloud lacks";
    Counter EDGE_PHOTO_BYTES "holdfast_edge_photo_sent_bytes_total" []
        "Bytes of photos that an edge has sent to the cloud";
    Counter EDGE_PHOTOS_REFUSED "holdfast_edge_photos_refused_total" ["code"]
        "Photos that the cloud has refused for good";
    Gauge EDGE_TABLETS "holdfast_edge_tablets" []
        "Tablets connected";
    Counter EDGE_REFUSED "holdfast_edge_refused_connections_total" ["why"]
        "Tablet connections refused by an edge";
    // the link, at either end
    Gauge LINK_UP "holdfast_link_up" ["edge"]
        "1 while the link is up, 0 while it is down";
    Counter CERTIFICATES "holdfast_certificates_total" ["result"]
        "Certificates that edges asked the cloud's certificate authority for: issued, refused or failed";
    Counter LINK_SESSIONS "holdfast_link_sessions_total" ["result"]
        "Attempts to open a session, by result";
    Counter LINK_FRAMES "holdfast_link_frames_total" ["kind", "direction"]
        "Frames sent or received";
    Counter LINK_BYTES "holdfast_link_bytes_total" ["direction"]
        "Bytes of frames sent or received";
    Counter SNAPSHOT_CHUNKS "holdfast_snapshot_chunks_total" ["what"]
        "Chunks of region snapshots, sent by the hub or stored by an edge";
    // hub
    Counter HUB_QUARANTINES "holdfast_hub_quarantines_total" ["why"]
        "New epochs given to edges that were restored or cloned";
    Counter HUB_OPS_RECEIVED "holdfast_hub_ops_received_total" ["region"]
        "Ops stored by the hub";
    Counter HUB_PHOTO_CHUNKS "holdfast_hub_photo_chunks_total" ["result"]
        "Chunks of photos handed to the order service: delivered, refused, or to be sent again later";
    Counter HUB_OPS_DECIDED "holdfast_hub_ops_decided_total" ["region", "outcome"]
        "Ops with an outcome stored by the hub";
    Counter HUB_OPS_DISTRUSTED "holdfast_hub_ops_distrusted_total" ["region"]
        "Commands rejected because their edge was no longer trusted when they arrived";
    Gauge HUB_DISABLED_EDGES "holdfast_hub_disabled_edges" ["region"]
        "Disabled edges that have neither a new key nor been retired";
    Counter HUB_REPAIRS "holdfast_hub_repairs_total" ["region", "what"]
        "Repairs: changes missing from a feed, edges sent a snapshot, and assignment rights granted again";
    Gauge HUB_UNDECIDED "holdfast_hub_undecided_ops" ["region"]
        "Ops received and not yet decided";
    Gauge HUB_FEED_SEQ "holdfast_hub_feed_seq" ["region"]
        "The sequence number of the newest change in a region's feed";
    Gauge HUB_CHECKSUM_MATCH "holdfast_hub_checksum_match" ["edge"]
        "1 while an edge's confirmed orders equal the cloud's, 0 while they differ or cannot be compared";
}

impl<const N: usize> Counter<N> {
    pub fn add(&self, labels: [&str; N], n: u64) {
        metrics::counter!(self.0.name, self.0.build_labels(labels)).increment(n);
    }
}

impl<const N: usize> Gauge<N> {
    // The recorder stores floats; a gauge beyond 2^53 may be inexact.
    #[allow(clippy::cast_precision_loss)]
    pub fn set(&self, labels: [&str; N], value: u64) {
        metrics::gauge!(self.0.name, self.0.build_labels(labels)).set(value as f64);
    }

    /// Adds `by`, which may be negative.
    pub fn change_by(&self, labels: [&str; N], by: i32) {
        metrics::gauge!(self.0.name, self.0.build_labels(labels)).increment(f64::from(by));
    }
}

impl<const N: usize> Histogram<N> {
    pub fn observe(&self, labels: [&str; N], value: f64) {
        metrics::histogram!(self.0.name, self.0.build_labels(labels)).record(value);
    }
}

impl<const N: usize> Metric<N> {
    fn build_labels(&self, values: [&str; N]) -> Vec<metrics::Label> {
        let pairs = self.labels.into_iter().zip(values);
        pairs
            .map(|(name, value)| metrics::Label::new(name, value.to_owned()))
            .collect()
    }
}

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Everything measured so far, in Prometheus text format.
pub fn render_prometheus() -> String {
    RECORDER
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Moves measurements into buckets, so that the recorder does not grow while unread.
pub(crate) fn run_upkeep() {
    if let Some(recorder) = RECORDER.get().and_then(Option::as_ref) {
        recorder.run_upkeep();
    }
}

/// Returns true for the first call.
pub(crate) fn install_recorder() -> bool {
    let mut first = false;
    RECORDER.get_or_init(|| {
        first = true;
        let recorder = with_buckets(PrometheusBuilder::new()).and_then(|b| b.install_recorder());
        if let Err(error) = &recorder {
            tracing::warn!(%error, "Could not install the metrics recorder; this process exports no metrics");
        }
        describe_all();
        recorder.ok()
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_and_used_once() {
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
        assert!(NAMES.iter().all(|name| name.starts_with("holdfast_")));
    }

    #[test]
    fn what_is_measured_is_shown() {
        install_recorder();
        LINK_FRAMES.add(["up", "sent"], 3);
        HUB_UNDECIDED.set(["NORTH"], 7);
        HUB_UNDECIDED.change_by(["NORTH"], -2);
        JOURNAL_GROUP.observe(["test"], 5.0);
        run_upkeep();
        let text = render_prometheus();
        for line in [
            "# HELP holdfast_link_frames_total Frames sent or received",
            "holdfast_link_frames_total{kind=\"up\",direction=\"sent\"} 3",
            "holdfast_hub_undecided_ops{region=\"NORTH\"} 5",
            "holdfast_journal_group_writes_bucket{journal=\"test\",le=\"8\"} 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
    }
}
