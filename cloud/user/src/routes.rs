//! The user routes, with their callers.

use axum::{Router, routing::post};
use process::{
    openapi::RouteTable,
    routes::{
        ANY, CUSTOMER, CUSTOMER_OR_PROVIDER, DELETE, DOCUMENT_BYTES_MAX, GET, OPEN,
        PICTURE_BYTES_MAX, POST, PROVIDER, PUT, admin, admin_of_orders, narrowed, reads_order,
        route, upload,
    },
};
use wire::{Code, Permission};

use crate::handlers::{Service, contacts, files, names, profiles, providers};

pub(crate) fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/internal/matches", post(providers::matches_for_service))
        .with_state(service)
}

pub(crate) fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    add_contact_routes(add_provider_routes(add_file_routes(add_profile_routes(to))))
}

#[rustfmt::skip]
fn add_profile_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::StaleVersion;
    to
        .add_public_route(route(GET, "/api/v1/users/me/profile", ANY),
            "Show your own profile", &[], profiles::show)
        .add_public_route(route(PUT, "/api/v1/users/me/profile", ANY),
            "Replace your own profile, based on the version that you read",
            &[StaleVersion], profiles::write)
        .add_public_route(route(PUT, "/api/v1/users/{id}/profile", ANY),
            "Replace your own profile, by your id", &[StaleVersion], profiles::write_person)
        .add_public_route(narrowed(GET, "/api/v1/customers/{id}/profile"),
            "Show a customer's profile to that customer or to an admin",
            &[], profiles::show_customer)
        .add_public_route(route(PUT, "/api/v1/customers/{id}/profile", CUSTOMER),
            "Replace your own profile, by your id", &[StaleVersion], profiles::write_customer)
        .add_public_route(route(GET, "/api/v1/providers/{id}/profile", ANY),
            "Show the public part of a provider's profile", &[], profiles::show_provider)
        .add_public_route(route(PUT, "/api/v1/providers/{id}/profile", PROVIDER),
            "Replace your own profile, by your id", &[StaleVersion], profiles::write_provider)
        .add_public_route(route(GET, "/api/v1/users/me/addresses", ANY),
            "List your addresses", &[], profiles::list)
        .add_public_route(route(POST, "/api/v1/users/me/addresses", ANY),
            "Add an address (at most ten)", &[StaleVersion], profiles::add)
        .add_public_route(route(PUT, "/api/v1/users/me/addresses/{id}", ANY),
            "Change one of your addresses, or make it the default", &[StaleVersion], profiles::edit)
        .add_public_route(route(DELETE, "/api/v1/users/me/addresses/{id}", ANY),
            "Remove one of your addresses", &[StaleVersion], profiles::remove)
}

#[rustfmt::skip]
fn add_file_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{LinkInvalid, StaleVersion};
    to
        .add_public_route(upload(PUT, "/api/v1/users/me/photo", ANY, PICTURE_BYTES_MAX),
            "Set your photo: JPEG, PNG or WebP, of at most 10 MB", &[], files::set_photo)
        .add_public_route(route(DELETE, "/api/v1/users/me/photo", ANY),
            "Remove your photo", &[], files::remove_photo)
        .add_public_route(upload(POST, "/api/v1/users/me/pictures", PROVIDER, PICTURE_BYTES_MAX),
            "Add a picture of finished work with a caption (at most twelve): JPEG, PNG or WebP, \
             of at most 10 MB",
            &[], files::add_picture)
        .add_public_route(route(PUT, "/api/v1/users/me/pictures/{id}", PROVIDER),
            "Change the caption of one of your pictures", &[StaleVersion], files::caption_picture)
        .add_public_route(route(DELETE, "/api/v1/users/me/pictures/{id}", PROVIDER),
            "Remove one of your pictures", &[StaleVersion], files::remove_picture)
        .add_public_route(upload(POST, "/api/v1/users/me/documents", PROVIDER, DOCUMENT_BYTES_MAX),
            "Upload a document for a certification to refer to: a picture or a PDF, of at most 20 \
             MB",
            &[], files::hand_in_document)
        .add_public_route(narrowed(GET, "/api/v1/files/{id}"),
            "Read a file: your own, a picture that a provider shows, or any file as an admin",
            &[], files::show_file)
        .add_public_route(
            narrowed(POST, "/api/v1/files/{id}/link").without_key(
                "a repeat makes another five-minute link; links that open a file are not stored \
                 for replay",
            ),
            "Create a link that opens a file without a sign-in for five minutes",
            &[], files::link_to_file)
        .add_public_route(route(GET, "/api/v1/files/{id}/signed", OPEN),
            "Read a file through a signed link", &[LinkInvalid], files::show_file_by_link)
}

/// The certifications of providers, and the admins who verify them.
#[rustfmt::skip]
fn add_provider_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{InvalidInput, NotFound, StaleVersion};
    use Permission::VerifyProviders;
    to
        .add_public_route(route(PUT, "/api/v1/users/me/certifications", PROVIDER),
            "Replace your certifications; a verified provider must be verified again",
            &[StaleVersion], providers::certify)
        .add_public_route(route(POST, "/api/v1/users/me/verification", PROVIDER),
            "Submit your certifications for verification", &[InvalidInput], providers::submit)
        .add_public_route(admin(GET, "/api/v1/admin/verifications", &[VerifyProviders]),
            "List providers by verification state, oldest first", &[], providers::queue)
        .add_public_route(admin(GET, "/api/v1/admin/providers/{id}", &[VerifyProviders]),
            "Show a provider's full profile", &[NotFound], providers::provider)
        .add_public_route(admin(POST, "/api/v1/admin/providers/{id}/verify", &[VerifyProviders]),
            "Verify a provider (audited)", &[StaleVersion], providers::verify)
        .add_public_route(admin(POST, "/api/v1/admin/providers/{id}/reject", &[VerifyProviders]),
            "Refuse or withdraw a provider's verification, with a reason for the provider",
            &[StaleVersion], providers::reject)
        .add_public_route(admin(GET, "/api/v1/admin/matches", &[VerifyProviders]),
            "List the providers that a job would be proposed to, with the reasons",
            &[], providers::matches)
        .add_public_route(admin_of_orders(GET, "/api/v1/admin/names"),
            "List the names of people by their ids", &[], names::list_names)
}

/// The contact of an order's other person.
#[rustfmt::skip]
fn add_contact_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{ContactNotOpen, NoPhoneNumber, OrderNotFound, TooManyNumberReads, Unavailable};
    to
        .add_public_route(route(GET, "/api/v1/orders/{id}/contact", CUSTOMER_OR_PROVIDER),
            "Show the other person of your order, from its acceptance until its completion",
            &[OrderNotFound, ContactNotOpen, Unavailable], contacts::show_contact)
        .add_public_route(
            route(POST, "/api/v1/orders/{id}/contact/call", CUSTOMER_OR_PROVIDER).without_key(
                "shows the number again and is on record again; numbers are not stored for replay",
            ),
            "Show the other person's phone number, on record",
            &[OrderNotFound, ContactNotOpen, NoPhoneNumber, TooManyNumberReads, Unavailable],
            contacts::show_number)
        .add_public_route(reads_order("/api/v1/orders/{id}/contact/showings"),
            "List the showings of phone numbers to the people of an order, newest first",
            &[OrderNotFound, Unavailable], contacts::list_showings)
}
