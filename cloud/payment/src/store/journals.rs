//! Journals, their postings, and the accounts they move; and statements: an account's postings, and
//! the resulting balances.

use std::collections::BTreeMap;

use custody::{Action, JournalKey, LedgerAccount, MoneyJournal, MovementId, Posting};
use platform::{columns, row, sql::Tx, vals};
use process::{clock::Clock, problem::TimeCursor};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId, words, words_from_text};

use super::{Store, StoreError, parse_column};

const MOVE: &str = "UPDATE accounts SET balance_minor = balance_minor + ? \
    WHERE account = ? AND owner_id = ? AND currency = ?";
const ENTRIES_OF_PROVIDER: &str = "SELECT journal_id, action, account, owner_id, currency, amount_minor, order_id, at, \
    (SELECT -fee.amount_minor FROM transactions fee WHERE fee.order_id = mine.order_id \
    AND fee.journal_id = mine.journal_id AND fee.account = 'fees') AS fee_minor \
    FROM transactions mine WHERE account = 'provider' AND owner_id = ? AND at <= ? \
    AND (at < ? OR journal_id < ?) ORDER BY at DESC, journal_id DESC LIMIT ?";
const ENTRIES_OF_ORDER: &str = "SELECT journal_id, action, account, owner_id, currency, amount_minor, order_id, at, \
    CASE WHEN account = 'provider' THEN (SELECT -fee.amount_minor FROM transactions fee \
    WHERE fee.order_id = line.order_id AND fee.journal_id = line.journal_id AND fee.account = 'fees') \
    END AS fee_minor FROM transactions line WHERE order_id = ? ORDER BY seq LIMIT ?";
const BALANCES: &str = "SELECT account, currency, balance_minor FROM accounts \
    WHERE owner_id = ? AND account IN ('provider', 'sending') ORDER BY currency, account";
/// Fits all postings of one order; the custody limits bound their number.
const LINES_MAX: usize = 2_000;

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
struct AccountKey {
    account: AccountName,
    owner: Uuid,
}

words! {
    /// The name of an account, without its owner. The order is the alphabet's, because accounts are
    /// locked in the order of their keys.
    AccountName {
        Adapter "adapter",
        Bank "bank",
        Fees "fees",
        Held "held",
        Loss "loss",
        Provider "provider",
        Refunding "refunding",
        Sending "sending",
        Suspense "suspense",
    }
}

words_from_text!(AccountName);

/// Rows per platform account, to spread its locks.
const SHARDS: u8 = 16;

columns! {
    struct AccountRow in accounts {
        account: &'static str,
        owner_id: Uuid,
        currency: Currency,
        balance_minor: i64,
    }
}

/// Writes journals and updates account balances. A fact booked before aborts the transaction
/// through the journals' unique key [JOURNAL_KEY], and a balance on the wrong side through the
/// accounts' constraint.
pub(super) async fn book_journals(
    tx: &mut Tx,
    clock: &Clock,
    journals: &[MoneyJournal],
    order_id: Option<OrderId>,
    subject: Uuid,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut postings = Vec::new();
    let mut moved: BTreeMap<(AccountKey, Currency), i64> = BTreeMap::new();
    for journal in journals {
        let row = to_journal_row(journal, clock.new_id(), order_id);
        for posting in &journal.postings {
            let key = account_key(posting.account, subject);
            postings.push(to_posting_row(&row, key, posting.minor));
            *moved.entry((key, journal.currency)).or_default() += posting.minor;
        }
        rows.push(row);
    }
    tx.insert_all(rows).await?;
    tx.insert_all(postings).await?;
    for ((key, currency), minor) in moved.into_iter().filter(|(_, minor)| *minor != 0) {
        move_balance(tx, key, currency, minor).await?;
    }
    Ok(())
}

async fn move_balance(
    tx: &mut Tx,
    AccountKey { account, owner }: AccountKey,
    currency: Currency,
    minor: i64,
) -> Result<(), StoreError> {
    let account = account.as_str();
    let values = vals![minor, account, owner, currency];
    if tx.exec(MOVE, values.clone()).await? == 1 {
        return Ok(());
    }
    let row = AccountRow {
        account,
        owner_id: owner,
        currency,
        balance_minor: minor,
    };
    // Another transaction may have opened the account since.
    if !tx.insert_new(row).await? && tx.exec(MOVE, values).await? != 1 {
        return Err(StoreError::Contradiction(
            "an account can be neither updated nor created",
        ));
    }
    Ok(())
}

/// The row of the account for postings about this order or payout.
fn account_key(account: LedgerAccount, subject: Uuid) -> AccountKey {
    let shard = Uuid::from_u128(u128::from(subject.as_bytes()[15] % SHARDS));
    let (account, owner) = match account {
        LedgerAccount::Adapter => (AccountName::Adapter, shard),
        LedgerAccount::Held(order) => (AccountName::Held, order.0),
        LedgerAccount::Suspense(payment) => (AccountName::Suspense, payment.0),
        LedgerAccount::Refunding(order) => (AccountName::Refunding, order.0),
        LedgerAccount::Provider(provider) => (AccountName::Provider, provider.0),
        LedgerAccount::Sending(provider) => (AccountName::Sending, provider.0),
        LedgerAccount::Fees => (AccountName::Fees, shard),
        LedgerAccount::Loss => (AccountName::Loss, shard),
        LedgerAccount::Bank => (AccountName::Bank, shard),
    };
    AccountKey { account, owner }
}

fn parse_account(word: &str, owner: Uuid, journal: Uuid) -> Result<LedgerAccount, StoreError> {
    Ok(match parse_column(word, "transactions.account", journal)? {
        AccountName::Adapter => LedgerAccount::Adapter,
        AccountName::Held => LedgerAccount::Held(OrderId(owner)),
        AccountName::Suspense => LedgerAccount::Suspense(MovementId(owner)),
        AccountName::Refunding => LedgerAccount::Refunding(OrderId(owner)),
        AccountName::Provider => LedgerAccount::Provider(UserId(owner)),
        AccountName::Sending => LedgerAccount::Sending(UserId(owner)),
        AccountName::Fees => LedgerAccount::Fees,
        AccountName::Loss => LedgerAccount::Loss,
        AccountName::Bank => LedgerAccount::Bank,
    })
}

fn to_journal_row(journal: &MoneyJournal, id: Uuid, order_id: Option<OrderId>) -> JournalRow {
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

fn to_posting_row(row: &JournalRow, key: AccountKey, amount_minor: i64) -> PostingRow {
    PostingRow {
        journal_id: row.id,
        action: row.action.clone(),
        account: key.account.as_str().to_owned(),
        owner_id: key.owner,
        currency: row.currency,
        amount_minor,
        order_id: row.order_id,
        at: row.at,
    }
}

/// Journals with their postings, both in writing order.
pub(super) fn assemble_journals(
    rows: Vec<JournalRow>,
    postings: Vec<PostingRow>,
) -> Result<Vec<MoneyJournal>, StoreError> {
    let mut of_journal: BTreeMap<Uuid, Vec<Posting>> = BTreeMap::new();
    for row in postings {
        let account = parse_account(&row.account, row.owner_id, row.journal_id)?;
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
            action: parse_column(&row.action, "journals.action", row.id)?,
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

row! {
    struct StatementRow {
        journal_id: Uuid,
        action: String,
        account: String,
        owner_id: Uuid,
        currency: Currency,
        amount_minor: i64,
        order_id: Option<OrderId>,
        at: UnixMillis,
        fee_minor: Option<i64>,
    }
}

/// A posting with its journal's action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementEntry {
    pub journal_id: Uuid,
    pub action: Action,
    pub account: AccountName,
    pub owner_id: Uuid,
    pub currency: Currency,
    /// Debit is positive.
    pub amount_minor: i64,
    pub order_id: Option<OrderId>,
    pub at: UnixMillis,
    /// The platform's part of the same journal, for a release on a provider's account.
    pub fee_minor: Option<i64>,
}

impl StatementRow {
    fn into_entry(self) -> Result<StatementEntry, StoreError> {
        Ok(StatementEntry {
            journal_id: self.journal_id,
            action: parse_column(&self.action, "transactions.action", self.journal_id)?,
            account: parse_column(&self.account, "transactions.account", self.journal_id)?,
            owner_id: self.owner_id,
            currency: self.currency,
            amount_minor: self.amount_minor,
            order_id: self.order_id,
            at: self.at,
            fee_minor: self.fee_minor,
        })
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AccountBalance {
        pub account: String,
        pub currency: Currency,
        pub balance_minor: i64,
    }
}

impl Store {
    /// A provider account's postings, newest first.
    pub async fn entries_of_provider(
        &self,
        provider: UserId,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<StatementEntry>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        let values = vals![provider, at, at, id, limit];
        let rows: Vec<StatementRow> = self.sql.fetch_all(ENTRIES_OF_PROVIDER, values).await?;
        rows.into_iter().map(StatementRow::into_entry).collect()
    }

    /// Every posting about an order's money, oldest first.
    pub async fn entries_of_order(
        &self,
        order: OrderId,
    ) -> Result<Vec<StatementEntry>, StoreError> {
        let values = vals![order, LINES_MAX];
        let rows: Vec<StatementRow> = self.sql.fetch_all(ENTRIES_OF_ORDER, values).await?;
        rows.into_iter().map(StatementRow::into_entry).collect()
    }

    /// A provider's owed and in-transit balances.
    pub async fn balances_of(&self, provider: UserId) -> Result<Vec<AccountBalance>, StoreError> {
        Ok(self.sql.fetch_all(BALANCES, vals![provider]).await?)
    }
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
            assert_eq!(
                parse_account(key.account.as_str(), key.owner, Uuid::nil()).ok(),
                Some(ledger)
            );
        }
    }
}
