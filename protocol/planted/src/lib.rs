//! Defects that are planted on purpose, to prove that a test or a simulator finds them.
//!
//! Code with a place for a defect calls [`is_planted`]. A simulator plants the named rules of the
//! pure crates, and the bugs of its own models, for one run on its thread ([`run_with`]). A test
//! plants a [`Defect`] in a real process with the environment variable `HOLDFAST_DEFECT`.
//!
//! Invariant: a build without debug assertions contains no defects. [`is_planted`] is constant
//! there, so the compiler removes every such place. A Cargo feature could not promise that: one
//! build of the workspace gives a feature that the simulators need to the shipped programs too.

#[cfg(debug_assertions)]
pub use planting::{defect_from_environment, is_planted, run_with, run_without};

/// False in builds that ignore all planted defects.
pub const CAN_PLANT: bool = cfg!(debug_assertions);

#[cfg(not(debug_assertions))]
pub const fn is_planted<D: Copy>(_: D) -> bool {
    false
}

#[cfg(not(debug_assertions))]
pub const fn defect_from_environment() -> Option<Defect> {
    None
}

#[cfg(not(debug_assertions))]
const _: () = assert!(!is_planted(Defect::NoOutboxRow));

#[cfg(not(debug_assertions))]
pub fn run_with<D, T>(_: D, run: impl FnOnce() -> T) -> T {
    run()
}

#[cfg(not(debug_assertions))]
pub fn run_without<T>(run: impl FnOnce() -> T) -> T {
    run()
}

macro_rules! defects {
    ($($(#[$says:meta])+ $variant:ident $name:literal,)+) => {
        /// A defect in a real process, whose name `HOLDFAST_DEFECT` can give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Defect { $($(#[$says])+ $variant,)+ }

        impl Defect {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

defects! {
    /// An edge replies before its commit is on disk.
    AnswerBeforeCommit "answer_before_commit",
    /// A journal leaves it to the system when its commits reach the disk.
    CommitsNotSynced "commits_not_synced",
    /// An edge confirms a part of a photo before it is on disk.
    PhotoPartsNotSynced "photo_parts_not_synced",
    /// An edge offers the link an op before its commit.
    UpBeforeCommit "up_before_commit",
    /// The order service ignores the stored answer of a command.
    NoCommandDedupe "no_command_dedupe",
    /// A state change writes no outbox row.
    NoOutboxRow "no_outbox_row",
    /// The embedded bus confirms a message before writing it to the file.
    BusConfirmsBeforeWrite "bus_confirms_before_write",
    /// The relay marks a row sent before the bus confirms it.
    RelayMarksBeforeConfirm "relay_marks_before_confirm",
    /// An edge retires an op before storing its outcome.
    OpRetiredBeforeOutcome "op_retired_before_outcome",
    /// An edge ignores the high-water file.
    HighWaterIgnored "high_water_ignored",
    /// An edge ignores the receipts that tablets show.
    ReceiptsIgnored "receipts_ignored",
    /// An edge begins a new epoch without logging anything again.
    NothingRelogged "nothing_relogged",
    /// The hub admits another run without asking the one that has the session.
    OldSessionNotAsked "old_session_not_asked",
    /// The hub ends an epoch without taking back its rights.
    EpochWithoutTakeBack "epoch_without_take_back",
    /// The order service decides without sharing the lock of the region's assignment.
    AssignmentNotLocked "assignment_not_locked",
    /// The order service ignores the region's holder.
    HolderIgnored "holder_ignored",
    /// A replica runs a job that another replica has claimed.
    JobClaimIgnored "job_claim_ignored",
}

#[cfg(debug_assertions)]
mod planting {
    //! The planted defects of each thread: the one that the environment names, and those that the
    //! thread plants for a run.

    use std::{any::Any, cell::RefCell, sync::LazyLock};

    use crate::Defect;

    thread_local! {
        static PLANTED: RefCell<Vec<Box<dyn Any>>> = RefCell::new(list_from_environment());
    }

    /// Returns true if `defect` is planted in the current thread.
    pub fn is_planted<D: Any + Copy + PartialEq>(defect: D) -> bool {
        PLANTED.with_borrow(|planted| {
            planted
                .iter()
                .any(|other| other.downcast_ref() == Some(&defect))
        })
    }

    /// Plants `defect` in this thread during `run`, in addition to those planted already.
    pub fn run_with<D: Any, T>(defect: D, run: impl FnOnce() -> T) -> T {
        let before = PLANTED.with_borrow_mut(|planted| {
            let before = planted.len();
            planted.push(Box::new(defect));
            before
        });
        let _removal = Removal { before };
        run()
    }

    /// Leaves all planted defects out of this thread during `run`: the checks of a run must not
    /// share its defects.
    pub fn run_without<T>(run: impl FnOnce() -> T) -> T {
        let _restoration = Restoration(PLANTED.take());
        run()
    }

    /// Removes later defects when dropped, even if the run panics.
    struct Removal {
        before: usize,
    }

    impl Drop for Removal {
        fn drop(&mut self) {
            PLANTED.with_borrow_mut(|planted| planted.truncate(self.before));
        }
    }

    /// Plants the defects again when dropped, even if the run panics.
    struct Restoration(Vec<Box<dyn Any>>);

    impl Drop for Restoration {
        fn drop(&mut self) {
            PLANTED.set(std::mem::take(&mut self.0));
        }
    }

    /// The defect that `HOLDFAST_DEFECT` plants in all threads of this process.
    pub fn defect_from_environment() -> Option<Defect> {
        static NAMED: LazyLock<Option<Defect>> = LazyLock::new(read_environment);
        *NAMED
    }

    fn list_from_environment() -> Vec<Box<dyn Any>> {
        let named = defect_from_environment();
        named
            .into_iter()
            .map(|defect| Box::new(defect) as Box<dyn Any>)
            .collect()
    }

    /// Panics on an unknown name: a test that planted nothing would prove nothing.
    fn read_environment() -> Option<Defect> {
        let word = std::env::var("HOLDFAST_DEFECT")
            .ok()
            .filter(|word| !word.is_empty())?;
        let defect = Defect::ALL
            .iter()
            .copied()
            .find(|defect| defect.name() == word);
        assert!(
            defect.is_some(),
            "HOLDFAST_DEFECT names an unknown defect: `{word}`"
        );
        defect
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[derive(Debug, Clone, Copy, PartialEq)]
        enum Rule {
            OneOpen,
            OneOut,
        }

        #[test]
        fn nothing_is_planted_unless_asked_for() {
            for defect in Defect::ALL {
                assert!(!is_planted(*defect), "{defect:?}");
            }
        }

        #[test]
        fn a_defect_lasts_as_long_as_its_run() {
            run_with(Rule::OneOpen, || {
                assert!(is_planted(Rule::OneOpen));
                assert!(!is_planted(Rule::OneOut));
                run_with(Defect::NoOutboxRow, || {
                    assert!(is_planted(Rule::OneOpen) && is_planted(Defect::NoOutboxRow));
                });
                assert!(!is_planted(Defect::NoOutboxRow));
            });
            assert!(!is_planted(Rule::OneOpen));
        }

        #[test]
        fn a_defect_ends_with_a_run_that_panics() {
            let run = || run_with(Rule::OneOpen, || panic!("the run fails"));
            assert!(std::panic::catch_unwind(run).is_err());
            assert!(!is_planted(Rule::OneOpen));
        }

        #[test]
        fn a_judge_sees_no_defect() {
            run_with(Rule::OneOpen, || {
                run_without(|| assert!(!is_planted(Rule::OneOpen)));
                assert!(is_planted(Rule::OneOpen));
            });
        }

        #[test]
        fn another_thread_has_no_defect() {
            run_with(Rule::OneOpen, || {
                let other = std::thread::spawn(|| is_planted(Rule::OneOpen));
                assert!(!other.join().unwrap());
            });
        }
    }
}
