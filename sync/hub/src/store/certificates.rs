//! The certificate authority's key and certificates, and the newest certificates of each edge.
//!
//! Invariants: of replicas that make the key at once, the first writes it and the others use that
//! one. A certificate is recorded before an edge gets it, and only under the term of the edge's
//! session: an edge that was disabled meanwhile gets none.

use platform::{columns, row, transact, vals};
use wire::{EdgeId, Hash, UnixMillis};

use super::{CA_KEY, Result, Store, StoreError};
use crate::certificates::{CaCertificate, IssuedCertificate};

const KEY: &str = "SELECT one, private_key FROM ca_key WHERE one = 1";
const CERTIFICATE: &str = "SELECT certificate, not_after FROM ca_certificates WHERE permits = ?";
const RENEW_CERTIFICATE: &str = "UPDATE ca_certificates SET certificate = ?, not_after = ? \
    WHERE permits = ? AND not_after = ?";
/// Locks the edge, so that no newer session or operator comes between this and the record.
const LOCK_EDGE: &str = "UPDATE edges SET term = term WHERE edge = ? AND term = ? \
    AND public_key IS NOT NULL AND disabled_at IS NULL";
const OLDEST_KEPT: &str = "SELECT issued_at FROM certificates WHERE edge = ? \
    ORDER BY issued_at DESC LIMIT 1 OFFSET ?";
const DROP_OLDER: &str = "DELETE FROM certificates WHERE edge = ? AND issued_at < ?";

/// Certificates of an edge on record. Older ones have expired, unless its names changed often.
const KEPT_MAX: u64 = 20;

columns! {
    struct CaKeyRow<'a> in ca_key sealed by CA_KEY {
        one: u64,
        private_key: &'a [u8],
        created_at: UnixMillis,
    }
}

row! {
    struct StoredCaKey sealed by CA_KEY {
        private_key: Vec<u8>,
    }
}

columns! {
    struct CaCertificateRow<'a> in ca_certificates {
        permits: Hash,
        certificate: &'a [u8],
        not_after: UnixMillis,
    }
}

columns! {
    struct CertificateRow<'a> in certificates {
        edge: &'a EdgeId,
        serial: &'a [u8],
        names: &'a str,
        issued_at: UnixMillis,
        not_after: UnixMillis,
    }
}

impl Store {
    /// PKCS#8 DER.
    pub(crate) async fn find_ca_key(&self) -> Result<Option<Vec<u8>>> {
        let stored: Option<StoredCaKey> = self.sql.fetch_optional(KEY, vals![]).await?;
        Ok(stored.map(|stored| stored.private_key))
    }

    /// Returns the stored key, which may be another replica's.
    pub(crate) async fn add_ca_key(&self, key: &[u8], now: UnixMillis) -> Result<Vec<u8>> {
        let row = CaKeyRow {
            one: 1,
            private_key: key,
            created_at: now,
        };
        self.sql.insert_new(row).await?;
        let stored = self.find_ca_key().await?;
        stored.ok_or(StoreError::Contradiction("a CA without its key"))
    }

    pub(crate) async fn find_ca_certificate(&self, permits: Hash) -> Result<Option<CaCertificate>> {
        let values = vals![permits];
        let stored: Option<(Vec<u8>, UnixMillis)> =
            self.sql.fetch_optional(CERTIFICATE, values).await?;
        Ok(stored.map(|(der, not_after)| CaCertificate { der, not_after }))
    }

    /// Stores a new certificate in place of `earlier`, unless another replica was faster. Returns
    /// the stored one.
    pub(crate) async fn put_ca_certificate(
        &self,
        permits: Hash,
        earlier: Option<&CaCertificate>,
        made: &CaCertificate,
    ) -> Result<CaCertificate> {
        match earlier {
            Some(earlier) => {
                let values = vals![
                    made.der.as_slice(),
                    made.not_after,
                    permits,
                    earlier.not_after
                ];
                self.sql.exec(RENEW_CERTIFICATE, values).await?;
            }
            None => {
                let row = CaCertificateRow {
                    permits,
                    certificate: &made.der,
                    not_after: made.not_after,
                };
                self.sql.insert_new(row).await?;
            }
        }
        let stored = self.find_ca_certificate(permits).await?;
        stored.ok_or(StoreError::Contradiction("a CA without a certificate"))
    }

    /// Returns false if this session no longer serves the edge.
    pub(crate) async fn record_certificate(
        &self,
        edge: &EdgeId,
        term: u64,
        issued: &IssuedCertificate,
        now: UnixMillis,
    ) -> Result<bool> {
        transact!(self.sql, tx => {
            if tx.exec(LOCK_EDGE, vals![edge, term]).await? == 0 {
                return Ok(false);
            }
            let row = CertificateRow {
                edge,
                serial: issued.serial.as_bytes(),
                names: &issued.names,
                issued_at: now,
                not_after: issued.not_after,
            };
            tx.insert(row).await?;
            let oldest: Option<UnixMillis> = tx.fetch_optional(OLDEST_KEPT, vals![edge, KEPT_MAX - 1]).await?;
            if let Some(oldest) = oldest {
                tx.exec(DROP_OLDER, vals![edge, oldest]).await?;
            }
            Ok(true)
        })
    }
}
