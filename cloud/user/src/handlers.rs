//! What the handlers share. The token identifies the caller; the id in the path only has to match
//! it.

pub(crate) mod files;
pub(crate) mod profiles;
pub(crate) mod providers;

use axum::extract::FromRef;
use platform::files::{FileLinkSigner, FileRegister, UploadReceiver};
use process::{problem::Problem, routes::RouteGuard, tokens::TokenVerifier};
use wire::Code;

use crate::store::{ProfileRefusal, ProfileStore};

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: ProfileStore,
    pub intake: UploadReceiver,
    pub register: FileRegister,
    pub links: FileLinkSigner,
    pub verifier: TokenVerifier,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

impl From<ProfileRefusal> for Problem {
    fn from(refusal: ProfileRefusal) -> Self {
        match refusal {
            ProfileRefusal::Stale(version) => {
                Self::new(Code::StaleVersion).with_member("version", version)
            }
            ProfileRefusal::Wrong(errors) => errors.into(),
            ProfileRefusal::Missing => Self::new(Code::NotFound),
            ProfileRefusal::Failed(error) => error.into(),
        }
    }
}

fn require_found(is_there: bool) -> Result<(), ProfileRefusal> {
    if is_there {
        Ok(())
    } else {
        Err(ProfileRefusal::Missing)
    }
}
