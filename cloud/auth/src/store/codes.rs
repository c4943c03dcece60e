//! Phone codes. Numbers and codes are stored only as keyed hashes, because six digits are few
//! enough to try all; the key lies outside the database.
//!
//! Invariant: a number has at most one code; each try is counted before it is checked, so
//! concurrent tries cannot exceed the limit.

use platform::{columns, sms::PhoneNumber, transact, vals};
use uuid::Uuid;
use wire::UnixMillis;

use super::{NameHash, PlaceHash, Store, StoreError};
use crate::domain::SignInCode;

const PHONE: &str = "sign_in_codes.phone";
const CODE: &str = "sign_in_codes.code";
const RENEW: &str = "UPDATE sign_in_codes SET code_hash = ?, tries = 0, created_at = ?, \
    expires_at = ? WHERE phone_hash = ?";
const TRY: &str = "UPDATE sign_in_codes SET tries = tries + 1 \
    WHERE phone_hash = ? AND tries < ? AND expires_at > ?";
const TRIED: &str = "SELECT code_hash, tries FROM sign_in_codes WHERE phone_hash = ?";
const SPEND: &str = "DELETE FROM sign_in_codes WHERE phone_hash = ?";
const OLD: &str = "SELECT id FROM sign_in_codes WHERE expires_at <= ? LIMIT ?";

columns! {
    #[derive(Clone)]
    struct CodeRow in sign_in_codes {
        id: Uuid,
        phone_hash: [u8; 32],
        code_hash: [u8; 32],
        tries: i64,
        created_at: UnixMillis,
        expires_at: UnixMillis,
    }
}

/// When a code was created and when it expires.
#[derive(Debug, Clone, Copy)]
pub struct CodeLifetime {
    pub at: UnixMillis,
    pub expires_at: UnixMillis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTryResult {
    /// The code is spent.
    Right,
    Wrong {
        tries_left: u32,
    },
    /// There is no valid code, or it was tried too often.
    Over,
}

impl Store {
    /// The key of the number in the counts of wrong codes.
    pub fn phone_name_hash(&self, phone: &PhoneNumber) -> NameHash {
        NameHash::from_keyed_hash(self.phone_hash(phone))
    }

    /// Replaces the code of a number.
    pub async fn store_code(
        &self,
        id: Uuid,
        phone: &PhoneNumber,
        code: &SignInCode,
        CodeLifetime { at, expires_at }: CodeLifetime,
    ) -> Result<(), StoreError> {
        let phone_hash = self.phone_hash(phone);
        let code_hash = self.code_hash(phone, code);
        let row = CodeRow {
            id,
            phone_hash,
            code_hash,
            tries: 0,
            created_at: at,
            expires_at,
        };
        transact!(self.sql, tx => {
            if !tx.insert_new(row.clone()).await? {
                tx.exec(RENEW, vals![code_hash, at, expires_at, phone_hash]).await?;
            }
            Ok(())
        })
    }

    /// Tries a code. The right one is spent and clears the failures of that place.
    pub async fn try_code(
        &self,
        phone: &PhoneNumber,
        code: &SignInCode,
        place: PlaceHash,
        tries_max: u32,
        now: UnixMillis,
    ) -> Result<CodeTryResult, StoreError> {
        let keys = self.sql.data_keys();
        let phone_hash = self.phone_hash(phone);
        transact!(self.sql, tx => {
            if tx.exec(TRY, vals![phone_hash, i64::from(tries_max), now]).await? == 0 {
                return Ok(CodeTryResult::Over);
            }
            let tried: Option<(Vec<u8>, i64)> = tx.fetch_optional(TRIED, vals![phone_hash]).await?;
            let Some((kept, tries)) = tried else { return Ok(CodeTryResult::Over) };
            if !keys.is_hash(&kept, CODE, &code_hash_input(phone, code)) {
                let left = i64::from(tries_max) - tries;
                return Ok(CodeTryResult::Wrong { tries_left: u32::try_from(left).unwrap_or_default() });
            }
            tx.exec(SPEND, vals![phone_hash]).await?;
            let (text, values) = Self::forget_failures(NameHash::from_keyed_hash(phone_hash), place);
            tx.exec(text, values).await?;
            Ok(CodeTryResult::Right)
        })
    }

    /// Removes up to `BATCH` codes that expired by `until`.
    pub async fn purge_codes(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(OLD, "DELETE FROM sign_in_codes WHERE id IN (", until)
            .await
    }

    fn phone_hash(&self, phone: &PhoneNumber) -> [u8; 32] {
        self.sql.data_keys().hash(PHONE, phone.as_str())
    }

    fn code_hash(&self, phone: &PhoneNumber, code: &SignInCode) -> [u8; 32] {
        self.sql
            .data_keys()
            .hash(CODE, &code_hash_input(phone, code))
    }
}

/// Includes the number, so that a code's hash reveals nothing about other numbers.
fn code_hash_input(phone: &PhoneNumber, code: &SignInCode) -> String {
    format!("{}\n{}", phone.as_str(), code.reveal())
}
