//! The route table, and what its handlers share. The token identifies the caller; the id in the
//! path only has to match it.

mod files;
mod profiles;
mod providers;

use axum::{Router, extract::FromRef, routing::post};
use http::Method;
use platform::files::{FileLinkSigner, FileRegister, UploadReceiver};
use process::{
    openapi::RouteTable,
    problem::Problem,
    tokens::{Caller, TokenVerifier},
};
use wire::{Code, Role, UserId};

use crate::store::{ProfileRefusal, ProfileStore};

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: ProfileStore,
    pub intake: UploadReceiver,
    pub register: FileRegister,
    pub links: FileLinkSigner,
    pub verifier: TokenVerifier,
}

pub fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/internal/matches", post(providers::matches_for_service))
        .with_state(service)
}

#[rustfmt::skip]
pub fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{InvalidInput, LinkInvalid, NotFound, StaleVersion};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    to
        .add_route(GET, "/api/v1/users/me/profile", "Show your own profile", &[], profiles::show)
        .add_route(PUT, "/api/v1/users/me/profile",
            "Replace your own profile, based on the version that you read", &[StaleVersion],
            profiles::write)
        .add_route(PUT, "/api/v1/users/{id}/profile", "Replace your own profile, by your id", &[StaleVersion],
            profiles::write_person)
        .add_route(GET, "/api/v1/customers/{id}/profile", "Show a customer's profile to that customer or to an admin",
            &[], profiles::show_customer)
        .add_route(PUT, "/api/v1/customers/{id}/profile", "Replace your own profile, by your id", &[StaleVersion],
            profiles::write_customer)
        .add_route(GET, "/api/v1/providers/{id}/profile", "Show the public part of a provider's profile", &[],
            profiles::show_provider)
        .add_route(PUT, "/api/v1/providers/{id}/profile", "Replace your own profile, by your id", &[StaleVersion],
            profiles::write_provider)
        .add_route(GET, "/api/v1/users/me/addresses", "List your addresses", &[], profiles::list)
        .add_route(POST, "/api/v1/users/me/addresses", "Add an address (at most ten)", &[StaleVersion],
            profiles::add)
        .add_route(PUT, "/api/v1/users/me/addresses/{id}", "Change one of your addresses, or make it the default",
            &[StaleVersion], profiles::edit)
        .add_route(Method::DELETE, "/api/v1/users/me/addresses/{id}", "Remove one of your addresses",
            &[StaleVersion], profiles::remove)
        .add_route(PUT, "/api/v1/users/me/photo", "Set your photo: JPEG, PNG or WebP, of at most 10 MB", &[],
            files::set_photo)
        .add_route(Method::DELETE, "/api/v1/users/me/photo", "Remove your photo", &[], files::remove_photo)
        .add_route(POST, "/api/v1/users/me/pictures",
            "Add a picture of finished work with a caption (at most twelve): JPEG, PNG or WebP, of at most 10 MB",
            &[], files::add_picture)
        .add_route(PUT, "/api/v1/users/me/pictures/{id}", "Change the caption of one of your pictures", &[StaleVersion],
            files::caption_picture)
        .add_route(Method::DELETE, "/api/v1/users/me/pictures/{id}", "Remove one of your pictures",
            &[StaleVersion], files::remove_picture)
        .add_route(POST, "/api/v1/users/me/documents",
            "Upload a document for a certification to refer to: a picture or a PDF, of at most 20 MB", &[],
            files::hand_in_document)
        .add_route(GET, "/api/v1/files/{id}",
            "Read a file: your own, a picture that a provider shows, or any file as an admin", &[], files::show_file)
        .add_unkeyed_route("a repeat makes another five-minute link; links that open a file are not stored for replay",
            POST, "/api/v1/files/{id}/link", "Create a link that opens a file without a sign-in for five minutes",
            &[], files::link_to_file)
        .add_route(GET, "/api/v1/files/{id}/signed", "Read a file through a signed link", &[LinkInvalid],
            files::show_file_by_link)
        .add_route(PUT, "/api/v1/users/me/certifications",
            "Replace your certifications; a verified provider must be verified again", &[StaleVersion],
            providers::certify)
        .add_route(POST, "/api/v1/users/me/verification", "Submit your certifications for verification",
            &[InvalidInput], providers::submit)
        .add_route(GET, "/api/v1/admin/verifications", "List providers by verification state, oldest first",
            &[], providers::queue)
        .add_route(GET, "/api/v1/admin/providers/{id}", "Show a provider's full profile", &[NotFound],
            providers::provider)
        .add_route(POST, "/api/v1/admin/providers/{id}/verify", "Verify a provider (audited)", &[StaleVersion],
            providers::verify)
        .add_route(POST, "/api/v1/admin/providers/{id}/reject",
            "Refuse or withdraw a provider's verification, with a reason for the provider", &[StaleVersion],
            providers::reject)
        .add_route(GET, "/api/v1/admin/matches", "List the providers that a job would be proposed to, with the reasons",
            &[], providers::matches)
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

fn require_provider(caller: &Caller) -> Result<UserId, Problem> {
    match caller.actor.role {
        Role::Provider => Ok(caller.actor.user_id),
        Role::Customer | Role::Admin => Err(Code::RoleForbidden.into()),
    }
}

fn require_found(is_there: bool) -> Result<(), ProfileRefusal> {
    if is_there {
        Ok(())
    } else {
        Err(ProfileRefusal::Missing)
    }
}
