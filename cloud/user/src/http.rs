//! The profile routes. The token identifies the caller; the id in the path only has to match it.

mod addresses;
mod files;
mod matches;
mod profiles;
mod verifications;

use axum::{Router, extract::FromRef, routing::post};
use http::Method;
use platform::files::{FileLinkSigner, FileRegister, UploadReceiver};
use process::{openapi::RouteTable, problem::Problem, tokens::TokenVerifier};
use wire::Code;

use crate::store::{ProfileRefusal, ProfileStore};

use verifications::require_provider;

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
        .route("/internal/matches", post(matches::matches_for_service))
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
            "Write your own profile whole, on the version that you have read", &[StaleVersion],
            profiles::write)
        .add_route(PUT, "/api/v1/users/{id}/profile", "Write your own profile, by your id", &[StaleVersion],
            profiles::write_person)
        .add_route(GET, "/api/v1/customers/{id}/profile", "Show a customer's profile to himself or to an admin",
            &[], profiles::show_customer)
        .add_route(PUT, "/api/v1/customers/{id}/profile", "Write your own profile, by your id", &[StaleVersion],
            profiles::write_customer)
        .add_route(GET, "/api/v1/providers/{id}/profile", "Show the public part of a provider's profile", &[],
            profiles::show_provider)
        .add_route(PUT, "/api/v1/providers/{id}/profile", "Write your own profile, by your id", &[StaleVersion],
            profiles::write_provider)
        .add_route(GET, "/api/v1/users/me/addresses", "List your addresses", &[], addresses::list)
        .add_route(POST, "/api/v1/users/me/addresses", "Add an address, at most ten", &[StaleVersion],
            addresses::add)
        .add_route(PUT, "/api/v1/users/me/addresses/{id}", "Change one of your addresses, or make it the default",
            &[StaleVersion], addresses::edit)
        .add_route(Method::DELETE, "/api/v1/users/me/addresses/{id}", "Remove one of your addresses",
            &[StaleVersion], addresses::remove)
        .add_route(PUT, "/api/v1/users/me/photo", "Set your photo: JPEG, PNG or WebP, of at most 10 MB", &[],
            files::set_photo)
        .add_route(Method::DELETE, "/api/v1/users/me/photo", "Remove your photo", &[], files::remove_photo)
        .add_route(POST, "/api/v1/users/me/pictures",
            "Show a picture of finished work with a caption, at most twelve: JPEG, PNG or WebP, of at most 10 MB",
            &[], files::add_picture)
        .add_route(PUT, "/api/v1/users/me/pictures/{id}", "Give one of your pictures another caption", &[StaleVersion],
            files::caption_picture)
        .add_route(Method::DELETE, "/api/v1/users/me/pictures/{id}", "Show one of your pictures no more",
            &[StaleVersion], files::remove_picture)
        .add_route(POST, "/api/v1/users/me/documents",
            "Hand in a document that a certification then names: a picture or a PDF, of at most 20 MB", &[],
            files::hand_in_document)
        .add_route(GET, "/api/v1/files/{id}",
            "Read a file: your own, as an admin any, and pictures that a provider shows", &[], files::show_file)
        .add_unkeyed_route("makes another address for five minutes; one that opens a file is not kept",
            POST, "/api/v1/files/{id}/link", "Make an address that opens a file without a sign-in, for five minutes",
            &[], files::link_to_file)
        .add_route(GET, "/api/v1/files/{id}/signed", "Read a file by such an address", &[LinkInvalid],
            files::show_file_by_link)
        .add_route(PUT, "/api/v1/users/me/certifications",
            "Write your certifications. A verified provider is looked at again", &[StaleVersion],
            verifications::certify)
        .add_route(POST, "/api/v1/users/me/verification", "Hand in your certifications to be verified",
            &[InvalidInput], verifications::submit)
        .add_route(GET, "/api/v1/admin/verifications", "List providers by the state of their verification, oldest first",
            &[], verifications::queue)
        .add_route(GET, "/api/v1/admin/providers/{id}", "Show the whole profile of a provider", &[NotFound],
            verifications::provider)
        .add_route(POST, "/api/v1/admin/providers/{id}/verify", "Verify a provider, on record", &[StaleVersion],
            verifications::verify)
        .add_route(POST, "/api/v1/admin/providers/{id}/reject",
            "Refuse a provider's verification, or take it back, with a reason for him", &[StaleVersion],
            verifications::reject)
        .add_route(GET, "/api/v1/admin/matches", "List the providers who would be proposed for a job, with the reasons",
            &[], matches::matches)
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
