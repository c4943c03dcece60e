//! How an edge gets the certificate of its listeners from the cloud's private certificate authority
//! (CA): the two frames, and the CA's own certificate, which tablets must trust.

use minicbor::{Decode, Encode, bytes::ByteVec};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{code::Code, ids::LinkSessionId, time::UnixMillis};

/// Names of one certificate.
pub const CERTIFICATE_NAMES_MAX: usize = 16;
/// A signing request of `CERTIFICATE_NAMES_MAX` names is smaller.
pub const CERTIFICATE_REQUEST_BYTES_MAX: usize = 8 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CertificateRequest {
    #[n(0)]
    pub link_session: LinkSessionId,
    /// A PKCS#10 signing request in DER. The hub uses its key and its names and ignores the rest.
    #[n(1)]
    pub csr: ByteVec,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CertificateReply {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub answer: CertificateAnswer,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CertificateAnswer {
    #[n(0)]
    Issued {
        /// DER, the edge's own certificate first, without the CA's.
        #[n(0)]
        chain: Vec<ByteVec>,
        /// The CA's certificate in DER.
        #[n(1)]
        ca: ByteVec,
    },
    #[n(1)]
    Refused {
        #[n(0)]
        code: Code,
        /// The first name that the CA may not certify for this edge.
        #[n(1)]
        name: Option<String>,
    },
}

/// The certificate that a shop's tablets trust. It is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShopCa {
    /// PEM.
    pub certificate: String,
    /// SHA-256 of the certificate's DER, in pairs with colons, as devices show it.
    pub fingerprint: String,
    /// The names and networks that it may certify.
    pub permits: Vec<String>,
    pub not_after: UnixMillis,
}
