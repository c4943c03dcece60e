//! The keys that sign tokens, their lifecycle, and a record of manual rotations and kills.

use platform::{
    columns, row,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable},
    vals,
};
use wire::{UnixMillis, UserId};

use super::{Store, StoreError};

const ALL: &str = "ORDER BY place";
const END: &str =
    "UPDATE signing_keys SET signed_until = ? WHERE place < ? AND signed_until IS NULL";
const WIPE: &str = "UPDATE signing_keys SET sealed = NULL WHERE sealed IS NOT NULL \
    AND (killed_at IS NOT NULL OR signed_until < ?)";
const MAKE_FORMER: &str = "UPDATE signing_keys SET former_at = ? \
    WHERE former_at IS NULL AND killed_at IS NULL AND signed_until < ?";
const FORGET: &str =
    "DELETE FROM signing_keys WHERE killed_at IS NULL AND in_file = 0 AND former_at < ?";
const BEGIN: &str = "UPDATE signing_keys SET signs_from = ?, rotated_by = ?, rotated_why = ? \
    WHERE kid = ? AND signs_from > ? AND killed_at IS NULL";
const BEGIN_AT_ONCE: &str = "UPDATE signing_keys SET signs_from = ?, \
    trusted_from = CASE WHEN trusted_from > ? THEN ? ELSE trusted_from END \
    WHERE kid = ? AND signs_from > ? AND killed_at IS NULL";
const KILL: &str = "UPDATE signing_keys SET killed_at = ?, killed_by = ?, killed_why = ?, sealed = NULL \
    WHERE kid = ? AND killed_at IS NULL";
const KILL_ALL: &str = "UPDATE signing_keys SET killed_at = ?, killed_why = ?, sealed = NULL \
    WHERE killed_at IS NULL AND kid <> ?";
/// The name of a setting, which reveals nothing about people; the job seals it with their reasons.
const BY_REPLACEMENT: &str = "auth.signing_key_replaced";
const KID: &[KeyColumn] = &[KeyColumn::Text("kid")];

pub(super) const ROTATED_WHY: SealedColumn =
    SealedColumn::text("rotated_why", "signing_keys.rotated_why", KID);

pub(super) const KILLED_WHY: SealedColumn =
    SealedColumn::text("killed_why", "signing_keys.killed_why", KID);

/// The reasons of admins.
pub(super) const SIGNING_KEYS: SealedTable = SealedTable {
    label: "auth.signing_keys",
    name: "signing_keys",
    key: KID,
    part: None,
    columns: &[ROTATED_WHY, KILLED_WHY],
};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SigningKey in signing_keys {
        pub kid: String,
        pub place: i64,
        pub public_key: Vec<u8>,
        pub sealed: Option<Vec<u8>>,
        pub made_at: UnixMillis,
        pub trusted_from: UnixMillis,
        pub signs_from: UnixMillis,
        pub signed_until: Option<UnixMillis>,
        pub former_at: Option<UnixMillis>,
        pub killed_at: Option<UnixMillis>,
    }
}

/// A new key. Without a sealed private half, it is the key in the key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSigningKey {
    pub kid: String,
    pub place: i64,
    pub public_key: [u8; 32],
    pub sealed: Option<Vec<u8>>,
    pub trusted_from: UnixMillis,
    pub signs_from: UnixMillis,
}

/// The admin who changes a key, and their reason.
#[derive(Debug, Clone)]
pub struct KeyChangeAudit {
    pub by: UserId,
    pub why: String,
}

columns! {
    struct NewKeyRow<'a> in signing_keys {
        kid: &'a str,
        place: i64,
        public_key: [u8; 32],
        sealed: Option<Vec<u8>>,
        in_file: bool,
        made_at: UnixMillis,
        trusted_from: UnixMillis,
        signs_from: UnixMillis,
    }
}

impl NewSigningKey {
    /// The first key, which has always been trusted.
    pub fn from_file(kid: &str, public_key: [u8; 32]) -> Self {
        let trusted_from = UnixMillis(0);
        let signs_from = UnixMillis(0);
        Self {
            kid: kid.to_owned(),
            place: 1,
            public_key,
            sealed: None,
            trusted_from,
            signs_from,
        }
    }
}

impl Store {
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.sql.fetch_all(SigningKey::select(ALL), vals![]).await?)
    }

    /// Adds the key file's key as the first one, or as the newest if it replaces all others, which
    /// are then killed. Returns false if another file seals the others.
    pub async fn ensure_file_key(
        &self,
        file: NewSigningKey,
        is_replaced: bool,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let known = self.signing_keys().await?;
        if has_key(&known, &file.kid) {
            return Ok(true);
        }
        let place = known.iter().map(|key| key.place).max().unwrap_or(0) + 1;
        let trusted_from = if known.is_empty() { UnixMillis(0) } else { now };
        if is_replaced {
            self.sql
                .exec(KILL_ALL, vals![now, BY_REPLACEMENT, file.kid.as_str()])
                .await?;
        }
        if known.is_empty() || is_replaced {
            let new = NewSigningKey {
                place,
                trusted_from,
                signs_from: now,
                ..file.clone()
            };
            self.add_key(&new, now).await?;
        }
        // Another replica may have been faster.
        Ok(has_key(&self.signing_keys().await?, &file.kid))
    }

    /// Returns false if another replica took that place.
    pub async fn add_key(
        &self,
        new: &NewSigningKey,
        made_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let row = NewKeyRow {
            kid: &new.kid,
            place: new.place,
            public_key: new.public_key,
            sealed: new.sealed.clone(),
            in_file: new.sealed.is_none(),
            made_at,
            trusted_from: new.trusted_from,
            signs_from: new.signs_from,
        };
        Ok(self.sql.insert_new(row).await?)
    }

    pub async fn end_keys_before(&self, place: i64, at: UnixMillis) -> Result<(), StoreError> {
        self.sql.exec(END, vals![at, place]).await?;
        Ok(())
    }

    pub async fn wipe_private_keys(&self, ended_before: UnixMillis) -> Result<(), StoreError> {
        self.sql.exec(WIPE, vals![ended_before]).await?;
        Ok(())
    }

    pub async fn retire_keys(
        &self,
        ended_before: UnixMillis,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.sql.exec(MAKE_FORMER, vals![now, ended_before]).await?;
        Ok(())
    }

    pub async fn delete_former_keys(&self, former_before: UnixMillis) -> Result<(), StoreError> {
        self.sql.exec(FORGET, vals![former_before]).await?;
        Ok(())
    }

    /// Returns true if it was the next key until now.
    pub async fn begin_key(
        &self,
        kid: &str,
        audit: &KeyChangeAudit,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let why = self
            .sql
            .data_keys()
            .seal_text(&ROTATED_WHY.context(&vals![kid]), &audit.why);
        let values = vals![now, audit.by, why, kid, now];
        Ok(self.sql.exec(BEGIN, values).await? == 1)
    }

    /// Replaces a killed key: others trust the new one at once.
    pub async fn begin_key_at_once(&self, kid: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.sql
            .exec(BEGIN_AT_ONCE, vals![now, now, now, kid, now])
            .await?;
        Ok(())
    }

    /// Returns true if it was alive until now.
    pub async fn kill_key(
        &self,
        kid: &str,
        audit: &KeyChangeAudit,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let why = self
            .sql
            .data_keys()
            .seal_text(&KILLED_WHY.context(&vals![kid]), &audit.why);
        let values = vals![now, audit.by, why, kid];
        Ok(self.sql.exec(KILL, values).await? == 1)
    }
}

fn has_key(known: &[SigningKey], kid: &str) -> bool {
    known.iter().any(|key| key.kid == kid)
}
