//! Records the text of every statement that sqlx reports.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<BTreeSet<String>>>);

pub(crate) fn installed() -> &'static Recorder {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = Recorder::default();
        tracing::subscriber::set_global_default(recorder.clone()).unwrap();
        recorder
    })
}

impl Recorder {
    /// The statements that read or change rows, without duplicates.
    pub(crate) fn statements(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let has_plan = |text: &&String| {
            let is_own = text.contains("information_schema") || text.contains('`');
            ["SELECT", "UPDATE", "DELETE"]
                .iter()
                .any(|word| text.starts_with(word))
                && !is_own
        };
        kept.iter().filter(has_plan).cloned().collect()
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = StatementText::default();
        event.record(&mut text);
        // A short statement appears only as the summary.
        let text = if text.whole.is_empty() {
            text.summary
        } else {
            text.whole
        };
        self.0.lock().unwrap().insert(text.trim().to_owned());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct StatementText {
    summary: String,
    whole: String,
}

impl Visit for StatementText {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
