//! Journals, their postings, and account names.

use std::collections::BTreeMap;

use custody::{JournalKey, LedgerAccount, MoneyJournal, MovementId, Posting};
use platform::row;
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{StoreError, parse_column};

row! {
    #[derive(Debug, Clone)]
    pub struct JournalRow in journals {
        pub id: Uuid,
        action: String,
        subject: Uuid,
        party: Uuid,
        order_id: Option<OrderId>,
        currency: Currency,
        at: UnixMillis,
    }
}

row! {
    #[derive(Debug, Clone)]
    pub struct PostingRow in transactions {
        pub journal_id: Uuid,
        pub action: String,
        pub account: String,
        pub owner_id: Uuid,
        pub currency: Currency,
        pub amount_minor: i64,
        pub order_id: Option<OrderId>,
        pub at: UnixMillis,
    }
}

/// The key of an account row. Rows are written in this order, so that concurrent transactions take
/// locks in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountKey {
    pub account: &'static str,
    pub owner: Uuid,
}

/// Rows per platform account, to spread its locks.
const SHARDS: u8 = 16;

/// The row of the account for postings about this order or payout.
pub fn account_key(account: LedgerAccount, subject: Uuid) -> AccountKey {
    let shard = Uuid::from_u128(u128::from(subject.as_bytes()[15] % SHARDS));
    let (account, owner) = match account {
        LedgerAccount::Adapter => ("adapter", shard),
        LedgerAccount::Held(order) => ("held", order.0),
        LedgerAccount::Suspense(payment) => ("suspense", payment.0),
        LedgerAccount::Refunding(order) => ("refunding", order.0),
        LedgerAccount::Provider(provider) => ("provider", provider.0),
        LedgerAccount::Sending(provider) => ("sending", provider.0),
        LedgerAccount::Fees => ("fees", shard),
        LedgerAccount::Loss => ("loss", shard),
        LedgerAccount::Bank => ("bank", shard),
    };
    AccountKey { account, owner }
}

fn parse_account(word: &str, owner: Uuid) -> Result<LedgerAccount, StoreError> {
    Ok(match word {
        "adapter" => LedgerAccount::Adapter,
        "held" => LedgerAccount::Held(OrderId(owner)),
        "suspense" => LedgerAccount::Suspense(MovementId(owner)),
        "refunding" => LedgerAccount::Refunding(OrderId(owner)),
        "provider" => LedgerAccount::Provider(UserId(owner)),
        "sending" => LedgerAccount::Sending(UserId(owner)),
        "fees" => LedgerAccount::Fees,
        "loss" => LedgerAccount::Loss,
        "bank" => LedgerAccount::Bank,
        _ => return Err(StoreError::Unreadable("transactions.account")),
    })
}

pub fn to_journal_row(journal: &MoneyJournal, id: Uuid, order_id: Option<OrderId>) -> JournalRow {
    let JournalKey {
        action,
        subject,
        party,
    } = journal.key;
    JournalRow {
        id,
        action: action.as_str().to_owned(),
        subject,
        party: party.map_or(Uuid::nil(), |party| party.0),
        order_id,
        currency: journal.currency,
        at: journal.at,
    }
}

pub fn to_posting_row(row: &JournalRow, key: AccountKey, amount_minor: i64) -> PostingRow {
    PostingRow {
        journal_id: row.id,
        action: row.action.clone(),
        account: key.account.to_owned(),
        owner_id: key.owner,
        currency: row.currency,
        amount_minor,
        order_id: row.order_id,
        at: row.at,
    }
}

/// Journals with their postings, both in writing order.
pub fn assemble_journals(
    rows: Vec<JournalRow>,
    postings: Vec<PostingRow>,
) -> Result<Vec<MoneyJournal>, StoreError> {
    let mut of_journal: BTreeMap<Uuid, Vec<Posting>> = BTreeMap::new();
    for row in postings {
        let account = parse_account(&row.account, row.owner_id)?;
        let posting = Posting {
            account,
            minor: row.amount_minor,
        };
        of_journal.entry(row.journal_id).or_default().push(posting);
    }
    let mut assembled = Vec::with_capacity(rows.len());
    for row in rows {
        let party = Some(UserId(row.party)).filter(|party| !party.0.is_nil());
        let key = JournalKey {
            action: parse_column(&row.action, "journals.action")?,
            subject: row.subject,
            party,
        };
        let postings = of_journal.remove(&row.id).unwrap_or_default();
        assembled.push(MoneyJournal {
            key,
            currency: row.currency,
            at: row.at,
            postings,
        });
    }
    Ok(assembled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_read_back_as_it_was_named() {
        let id = Uuid::from_u128(0x1234);
        for ledger in [
            LedgerAccount::Adapter,
            LedgerAccount::Held(OrderId(id)),
            LedgerAccount::Suspense(MovementId(id)),
            LedgerAccount::Refunding(OrderId(id)),
            LedgerAccount::Provider(UserId(id)),
            LedgerAccount::Sending(UserId(id)),
            LedgerAccount::Fees,
            LedgerAccount::Loss,
            LedgerAccount::Bank,
        ] {
            let key = account_key(ledger, Uuid::from_u128(0x77));
            assert_eq!(parse_account(key.account, key.owner).ok(), Some(ledger));
        }
    }
}
