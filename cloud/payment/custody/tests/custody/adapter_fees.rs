//! The adapter's own fees, booked from its statement.

use custody::{Action, LedgerAccount, LineKind, MovementId, StatementLine, adapter_fee};
use uuid::Uuid;
use wire::{Currency, UnixMillis};

const MOVED: i64 = 1_000;
const LINE: Uuid = Uuid::from_u128(2);

fn line(kind: LineKind, amount_minor: i64) -> StatementLine {
    StatementLine {
        movement: MovementId(Uuid::from_u128(1)),
        kind,
        amount_minor,
    }
}

#[test]
fn a_fee_is_the_platforms_loss_under_the_id_of_its_line() {
    let booked = |line| adapter_fee(&line, MOVED, Currency::Cny, UnixMillis(5));
    let journal = booked(line(LineKind::Fee(LINE), 6)).unwrap();
    assert_eq!(
        (journal.key.action, journal.key.subject),
        (Action::AdapterFee, LINE)
    );
    let postings: Vec<_> = journal
        .postings
        .iter()
        .map(|one| (one.account, one.minor))
        .collect();
    assert_eq!(
        postings,
        [(LedgerAccount::Loss, 6), (LedgerAccount::Adapter, -6)]
    );
    assert!(booked(line(LineKind::Fee(LINE), MOVED)).is_some());
    for minor in [0, -6, MOVED + 1, i64::MIN, i64::MAX] {
        assert_eq!(booked(line(LineKind::Fee(LINE), minor)), None, "{minor}");
    }
    for kind in [
        LineKind::Charge,
        LineKind::Payout,
        LineKind::Chargeback(LINE),
    ] {
        assert_eq!(booked(line(kind, 6)), None, "{kind:?}");
    }
}
