//! The order routes. Reads return only what `wire::order_visible_to` lets the caller see; every
//! change goes through the deciding transaction in `store`.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use process::{
    openapi::{ApiDocument, RouteTable},
    routes::{
        ANY, CUSTOMER, CUSTOMER_OR_ADMIN, CUSTOMER_OR_PROVIDER, DELETE, GET, OPEN, OWN_OR_DESK,
        PHOTO_BYTES_MAX, POST, PROVIDER, PROVIDER_OR_ADMIN, PROVIDERS_ONLY, PUT, admin, permitted,
        reads_order, route, upload,
    },
};
use wire::{
    Code, CommandAnswer,
    Permission::{
        self, AcceptOrders, ApproveOrders, CancelOrders, DoOrders, ManageRegions, PublishOrders,
        ReadDesks, ReadPlatform, SetFees, WithdrawOrders,
    },
    PlannedTime, TimelineEntry,
};

use crate::{
    actions::Service,
    handlers::{
        admin, calendar,
        cancel_fees::{self, CancelFeeView},
        commands, export, incidents, internal, job_offers, lists, message_photos, messages,
        order_days,
        orders::{self, PaidAfterwards},
        photos::{self, OrderPhotoView},
        receipts,
        series::{self, SeriesCancellation},
        time_proposals,
    },
};

/// An edge's log batch is far larger than any request by a person.
const OPS_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(crate) fn router(service: Service) -> Router {
    public_routes(Router::new())
        .route("/internal/assignments", get(internal::list_assignments))
        .route("/internal/ranges", post(internal::digest_range))
        .route("/internal/orders", post(internal::list_orders))
        .route("/internal/orders/{id}", get(internal::show_order))
        .route(
            "/internal/booked-providers",
            post(internal::list_booked_providers),
        )
        .route("/internal/known-orders", post(internal::list_known_orders))
        .route("/internal/renewals", post(internal::renew_fence))
        .route("/internal/takebacks", post(internal::take_back))
        .route("/internal/distrusted", post(internal::list_distrusted))
        .route("/internal/photos", post(internal::receive_photo_chunk))
        .route("/internal/messages", post(internal::list_messages))
        .route(
            "/internal/people/open-matters",
            post(internal::count_open_matters),
        )
        .route("/internal/waiting-accepts", post(internal::waiting_accepts))
        .route(
            "/internal/ops",
            post(internal::decide_ops_batch).layer(DefaultBodyLimit::max(OPS_BODY_BYTES_MAX)),
        )
        .with_state(service)
}

/// The public API, with the item schemas of unpaged lists.
pub(crate) fn api_document(name: &'static str) -> ApiDocument {
    public_routes(ApiDocument::for_part(name))
        .with_schema::<CommandAnswer>()
        .with_schema::<TimelineEntry>()
        .with_schema::<OrderPhotoView>()
        .with_schema::<CancelFeeView>()
        .with_schema::<PaidAfterwards>()
        .with_schema::<SeriesCancellation>()
        .with_schema::<PlannedTime>()
}

/// Refusal codes of every command on an order.
macro_rules! command_codes {
    ($($own:ident),*) => {
        &[Code::OrderNotFound, Code::NotYours, Code::CommandIdReused, Code::WrongState, $(Code::$own),*]
    };
}

/// A status change may perform any of these actions, and only its handler can distinguish them, so
/// the route requires all.
const ANY_ORDER_ACTION: &[Permission] = &[
    AcceptOrders,
    DoOrders,
    CancelOrders,
    WithdrawOrders,
    ApproveOrders,
];

pub(crate) fn public_routes<T: RouteTable<Service>>(to: T) -> T {
    let to = routes_for_photos(routes_for_everyone(to));
    let to = routes_for_messages(routes_for_incidents(to));
    let to = routes_for_offers(to);
    let to = routes_for_message_photos(to);
    let to = routes_for_series(routes_for_time_proposals(to));
    routes_for_admins(routes_for_calendars(to))
}

#[rustfmt::skip]
fn routes_for_everyone<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(permitted(POST, "/api/v1/orders", CUSTOMER, &[PublishOrders]),
            "Publish an order", &[Code::CommandIdReused, Code::TooManyOpenOrders], orders::publish)
        .add_public_route(route(GET, "/api/v1/orders", ANY),
            "List the orders that you published or accepted", &[], lists::mine)
        .add_public_route(route(GET, "/api/v1/orders/available", PROVIDER),
            "List the orders that are waiting for a provider", &[], lists::available)
        .add_public_route(route(GET, "/api/v1/orders/export.csv", ANY),
            "Export the orders that you published or accepted, as CSV", &[], export::own_as_csv)
        .add_public_route(route(GET, "/api/v1/orders/export.json", ANY),
            "Export the orders that you published or accepted, as JSON", &[], export::own_as_json)
        .add_public_route(route(GET, "/api/v1/orders/paid-afterwards", ANY),
            "List the service types that may start before the payment is held, by region",
            &[], orders::paid_afterwards)
        .add_public_route(route(GET, "/api/v1/cancel-fees", OPEN),
            "List the newest versions of the late-cancellation fee, from which the cost of a cancel follows",
            &[], cancel_fees::newest_cancel_fees)
        .add_public_route(reads_order("/api/v1/orders/{id}"),
            "Show an order", &[Code::OrderNotFound], orders::order)
        .add_public_route(reads_order("/api/v1/orders/{id}/timeline"),
            "Show the timeline of an order: who did what, and when each change passed each hop",
            &[Code::OrderNotFound], orders::timeline)
        .add_public_route(
            permitted(GET, "/api/v1/orders/{id}/tracking", CUSTOMER_OR_ADMIN, OWN_OR_DESK),
            "Show the part of an order's receipt with which anyone can follow the order",
            &[Code::OrderNotFound], receipts::receipt)
        .add_public_route(route(GET, "/api/v1/orders/{id}/start-code", CUSTOMER),
            "Show the code that the provider must enter to start the work",
            &[Code::OrderNotFound], orders::start_code)
        .add_public_route(route(GET, "/api/v1/track/{code}", OPEN),
            "Follow an order by the code and the secret on its receipt",
            &[Code::OrderNotFound], receipts::track)
        .add_public_route(route(GET, "/api/v1/track/{code}/cancellation", OPEN),
            "Show the exact cost of a cancellation now, by the receipt of a kiosk",
            &[Code::OrderNotFound, Code::WrongState, Code::OrderCancelled, Code::OrderRejected],
            receipts::cancellation_by_receipt)
        .add_public_route(
            route(POST, "/api/v1/track/{code}/cancel", OPEN)
                .without_key("gets the same answer: an order is cancelled once"),
            "Cancel an order by the receipt of a kiosk, at the fee that was shown. \
             `terms_changed`: the fee has changed, and the order was not cancelled",
            &[Code::OrderNotFound, Code::WrongState, Code::OrderRejected, Code::TermsChanged],
            receipts::cancel_by_receipt)
        .add_public_route(permitted(PUT, "/api/v1/orders/{id}/status", ANY, ANY_ORDER_ACTION),
            "Change the status of an order, by the action that leads to it",
            command_codes!(ProvidersOnly, NotVerified, DoubleBooked), commands::status)
        .add_public_route(admin(POST, "/api/v1/orders/{id}/approve", &[ApproveOrders]),
            "Approve an order so that providers see it", command_codes!(), commands::approve)
        .add_public_route(admin(POST, "/api/v1/orders/{id}/reject", &[ApproveOrders]),
            "Reject an order, with a reason for its customer", command_codes!(), commands::reject)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/accept", PROVIDERS_ONLY, &[AcceptOrders]),
            "Accept an order. 202: the holder of its region will decide",
            command_codes!(NotVerified, DoubleBooked, OrderAlreadyAccepted, OrderNotApproved,
                OrderCancelled, OrderRejected, RegionAssigningOffline, Unavailable),
            commands::accept)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/withdraw", PROVIDER_OR_ADMIN, &[WithdrawOrders]),
            "Withdraw an acceptance", command_codes!(), commands::withdraw)
        .add_public_route(permitted(POST, "/api/v1/orders/{id}/start", PROVIDER, &[DoOrders]),
            "Start the work",
            command_codes!(FundsNotHeld, StartCodeRequired, StartCodeWrong, StartCodeLocked),
            commands::start)
        .add_public_route(permitted(POST, "/api/v1/orders/{id}/complete", PROVIDER, &[DoOrders]),
            "Complete the work", command_codes!(), commands::complete)
        .add_public_route(
            permitted(GET, "/api/v1/orders/{id}/cancellation", CUSTOMER_OR_ADMIN, &[CancelOrders]),
            "Show the exact cost of a cancellation now: the fee and the refund",
            &[Code::OrderNotFound, Code::WrongState, Code::OrderCancelled, Code::OrderRejected],
            commands::cancellation_of)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/cancel", CUSTOMER_OR_ADMIN, &[CancelOrders]),
            "Cancel an order at the fee that was shown. `terms_changed`: the fee has changed, and \
             the order was not cancelled",
            command_codes!(TermsChanged, OrderCancelled, OrderRejected), commands::cancel)
}

#[rustfmt::skip]
fn routes_for_photos<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(reads_order("/api/v1/orders/{id}/photos"),
            "List the photos that the timeline of an order names, with their arrival: those of the \
             job for all who see the order, those of the work for the readers of its timeline",
            &[Code::OrderNotFound], photos::list_photos)
        .add_public_route(reads_order("/api/v1/orders/{id}/photos/{hash}"),
            "Show a photo: of the job as JPEG, of the work its original bytes, as JPEG, PNG, WebP",
            &[Code::OrderNotFound, Code::PhotoNotNamed, Code::NotFound], photos::show_photo)
        .add_public_route(
            upload(PUT, "/api/v1/orders/{id}/photos/{hash}", CUSTOMER, PHOTO_BYTES_MAX),
            "Send a photo of your job that its publication names, whole, of at most 5 MiB. It is \
             encoded anew, without the place and the camera",
            &[Code::OrderNotFound, Code::PhotoNotNamed, Code::PhotoDamaged], photos::send_photo)
}

#[rustfmt::skip]
fn routes_for_incidents<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/incidents", PROVIDER, &[DoOrders]),
            "Report that something happened at a job, which goes on. It takes five reports of each provider",
            command_codes!(TooManyIncidents, OrderCancelled, OrderRejected), incidents::report)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/incidents/{incident}/answer", CUSTOMER,
                &[PublishOrders]),
            "Agree to a report of more work, or decline it, once. The order and its price stay as \
             they are",
            command_codes!(IncidentNotFound, IncidentAnswered, OrderCancelled, OrderRejected),
            incidents::answer)
}

#[rustfmt::skip]
fn routes_for_offers<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(admin(PUT, "/api/v1/orders/{id}/offer", &[ApproveOrders]),
            "Offer an open order to one to five providers for a time, in place of an earlier offer: \
             until its end only they can accept it",
            &[Code::OrderNotFound, Code::OrderNotApproved, Code::OrderAlreadyAccepted,
              Code::OrderCancelled, Code::OrderRejected], job_offers::offer_job)
        .add_public_route(admin(DELETE, "/api/v1/orders/{id}/offer", &[ApproveOrders]),
            "Withdraw the offer of an open order, which every provider can then accept",
            &[Code::OrderNotFound, Code::OrderNotApproved, Code::OrderAlreadyAccepted,
              Code::OrderCancelled, Code::OrderRejected], job_offers::withdraw_offer)
}

#[rustfmt::skip]
fn routes_for_message_photos<T: RouteTable<Service>>(to: T) -> T {
    const PATH: &str = "/api/v1/orders/{id}/messages/{number}/photo";
    to
        .add_public_route(route(GET, PATH, CUSTOMER_OR_PROVIDER),
            "Show the photo of a message between you and the other person of an order, as JPEG",
            &[Code::OrderNotFound, Code::PhotoNotNamed, Code::NotFound], message_photos::show_message_photo)
        .add_public_route(upload(PUT, PATH, CUSTOMER_OR_PROVIDER, PHOTO_BYTES_MAX),
            "Send the photo that a message of yours names, whole, of at most 5 MiB. It is encoded \
             anew, without the place and the camera",
            &[Code::OrderNotFound, Code::PhotoNotNamed, Code::PhotoDamaged], message_photos::send_message_photo)
        .add_public_route(
            admin(GET, "/api/v1/admin/orders/{id}/messages/{number}/photo", &[WithdrawOrders, ReadDesks]),
            "Show the photo of a message of an order of which one was reported, as JPEG",
            &[Code::PhotoNotNamed, Code::NotFound], message_photos::show_reported_photo)
}

#[rustfmt::skip]
fn routes_for_messages<T: RouteTable<Service>>(to: T) -> T {
    const WRITERS: &[Permission] = &[PublishOrders, DoOrders];
    to
        .add_public_route(route(GET, "/api/v1/orders/{id}/messages", CUSTOMER_OR_PROVIDER),
            "List the messages between you and the other person of an order, newest first",
            &[Code::OrderNotFound], messages::list_messages)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/messages", CUSTOMER_OR_PROVIDER, WRITERS),
            "Write to the other person of an order: from the acceptance until 30 days after its end. \
             Each may write 500 messages about it",
            &[Code::OrderNotFound, Code::CommandIdReused, Code::MessagesNotOpen,
                Code::MessagesClosed, Code::MessagesBlocked, Code::TooManyMessages],
            messages::send_message)
        .add_public_route(route(PUT, "/api/v1/orders/{id}/messages/read", CUSTOMER_OR_PROVIDER),
            "Mark the messages to you as read, up to a number; their sender sees it",
            &[Code::OrderNotFound], messages::mark_read)
        .add_public_route(route(PUT, "/api/v1/orders/{id}/messages/block", CUSTOMER_OR_PROVIDER),
            "Block the other person of an order, or end that. Neither can write to the other then, \
             about any order",
            &[Code::OrderNotFound, Code::MessagesNotOpen], messages::set_block)
        .add_public_route(
            route(POST, "/api/v1/orders/{id}/messages/{number}/report", CUSTOMER_OR_PROVIDER),
            "Report a message to you, which also blocks its sender. Admins can then read the \
             messages of the order",
            &[Code::OrderNotFound, Code::NotFound], messages::report_message)
        .add_public_route(admin(GET, "/api/v1/admin/orders/{id}/messages", &[WithdrawOrders, ReadDesks]),
            "List the messages of an order of which one was reported, newest first",
            &[Code::OrderNotFound, Code::NotFound], messages::list_reported_messages)
}

#[rustfmt::skip]
fn routes_for_time_proposals<T: RouteTable<Service>>(to: T) -> T {
    const PROPOSAL: &str = "/api/v1/orders/{id}/time-proposal";
    const PROPOSERS: &[Permission] = &[PublishOrders, DoOrders];
    to
        .add_public_route(route(GET, PROPOSAL, CUSTOMER_OR_PROVIDER),
            "Show the other time that you or the other person of an accepted order proposes",
            &[Code::OrderNotFound], time_proposals::show_proposal)
        .add_public_route(permitted(POST, PROPOSAL, CUSTOMER_OR_PROVIDER, PROPOSERS),
            "Propose another time for an accepted order to its other person. It replaces the proposal \
             that stands",
            command_codes!(OrderCancelled, OrderRejected, MessagesBlocked, TooManyProposals),
            time_proposals::propose)
        .add_public_route(route(DELETE, PROPOSAL, CUSTOMER_OR_PROVIDER),
            "Take back your proposal of another time", &[Code::OrderNotFound],
            time_proposals::take_back)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/time-proposal/{proposal}/agree",
                CUSTOMER_OR_PROVIDER, PROPOSERS),
            "Agree to the other time, which is the order's from then on. It is refused if the \
             provider has another job at that time, and the proposal stays",
            command_codes!(InvalidInput, TimeProposalOver, OwnProposal, DoubleBooked, OrderCancelled,
                OrderRejected),
            time_proposals::agree)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/time-proposal/{proposal}/decline",
                CUSTOMER_OR_PROVIDER, PROPOSERS),
            "Decline the other time; the order keeps its own",
            &[Code::OrderNotFound, Code::TimeProposalOver, Code::OwnProposal],
            time_proposals::decline)
}

#[rustfmt::skip]
fn routes_for_series<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(
            permitted(POST, "/api/v1/orders/occurrences", CUSTOMER, &[PublishOrders])
                .without_key("changes nothing"),
            "List the times of a job that repeats, without publishing it", &[],
            series::list_occurrences)
        .add_public_route(reads_order("/api/v1/orders/{id}/series"),
            "Show the orders of the series that an order is in: those that you may read",
            &[Code::OrderNotFound, Code::NotFound], series::show_series)
        .add_public_route(
            permitted(POST, "/api/v1/orders/{id}/series/cancel", CUSTOMER_OR_ADMIN, &[CancelOrders]),
            "Cancel an order and all later ones of its series, each by a command of its own and only \
             if that costs no fee. The answer says what came out for each",
            &[Code::OrderNotFound, Code::NotFound], series::cancel_rest)
}

#[rustfmt::skip]
fn routes_for_calendars<T: RouteTable<Service>>(to: T) -> T {
    const FEED: &str = "/api/v1/calendar-feed";
    to
        .add_public_route(route(GET, FEED, CUSTOMER_OR_PROVIDER),
            "Show since when the calendar of your phone can read your jobs",
            &[], calendar::show_calendar_feed)
        .add_public_route(
            route(POST, FEED, CUSTOMER_OR_PROVIDER).without_key(
                "makes another address and ends the one before; addresses are not stored for replay",
            ),
            "Make an address at which the calendar of your phone reads your jobs; an earlier one ends",
            &[], calendar::make_calendar_feed)
        .add_public_route(route(DELETE, FEED, CUSTOMER_OR_PROVIDER),
            "End the address at which your calendar reads your jobs",
            &[], calendar::end_calendar_feed)
        .add_public_route(route(GET, calendar::CALENDAR_PATH, OPEN),
            "Show the jobs of a person as a calendar, by the secret of its address: from 30 days ago \
             on, at most 500, without addresses and telephone numbers",
            &[Code::NotFound], calendar::show_calendar)
}

#[rustfmt::skip]
fn routes_for_admins<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(admin(GET, "/api/v1/admin/orders", &[ReadDesks]),
            "List all orders", &[], lists::all)
        .add_public_route(admin(GET, "/api/v1/admin/orders/days", &[ReadDesks]),
            "Count the orders published and completed on each of the last 14 days",
            &[], order_days::list_days)
        .add_public_route(admin(GET, "/api/v1/admin/orders/export.csv", &[ReadDesks]),
            "Export the listed orders as CSV", &[], export::all_as_csv)
        .add_public_route(admin(GET, "/api/v1/admin/orders/export.json", &[ReadDesks]),
            "Export the listed orders as JSON", &[], export::all_as_json)
        .add_public_route(admin(GET, "/api/v1/admin/assignments", &[ReadPlatform]),
            "Show how each region assigns its orders", &[], admin::assignments)
        .add_public_route(admin(GET, "/api/v1/admin/assignments/{region}", &[ReadPlatform]),
            "Show how a region assigns its orders, and the history of that", &[], admin::assignment)
        .add_public_route(admin(PUT, "/api/v1/admin/assignments/{region}", &[ManageRegions]),
            "Change how a region assigns its orders",
            &[Code::EdgeEpochEnded, Code::Unavailable], admin::assign)
        .add_public_route(admin(GET, "/api/v1/admin/cases", &[ReadDesks]),
            "List the cases that a person must review, newest first", &[], admin::cases)
        .add_public_route(admin(GET, "/api/v1/admin/cases/{id}", &[ReadDesks]),
            "Show a case", &[], admin::case)
        .add_public_route(admin(POST, "/api/v1/admin/cases/{id}/take", &[WithdrawOrders]),
            "Take a case to work on it; a closed case stays closed", &[], admin::take_case)
        .add_public_route(admin(POST, "/api/v1/admin/cases/{id}/close", &[WithdrawOrders]),
            "Close a case with a reason; a closed case keeps its first reason",
            &[], admin::close_case)
        .add_public_route(admin(GET, "/api/v1/admin/cancel-fees", &[ReadDesks]),
            "List the versions of the late-cancellation fee, newest first", &[], cancel_fees::cancel_fees)
        .add_public_route(admin(POST, "/api/v1/admin/cancel-fees", &[SetFees]),
            "Set the late-cancellation fee for orders created from a given time on",
            &[Code::FeeSettled, Code::TooManyFees], cancel_fees::set_cancel_fee)
        .add_public_route(admin(DELETE, "/api/v1/admin/cancel-fees/{in_force_from}", &[SetFees]),
            "Delete a version that starts more than an hour from now",
            &[Code::FeeSettled], cancel_fees::take_back_cancel_fee)
        .add_public_route(
            admin(POST, "/api/v1/admin/providers/{id}/withdrawals", &[WithdrawOrders]),
            "Withdraw a provider from all their open jobs, with a reason that everyone involved \
             sees",
            &[], admin::withdraw_all)
        .add_public_route(admin(GET, "/api/v1/admin/lost-acceptances", &[ReadDesks]),
            "List the acceptances that lost, newest first", &[], admin::lost_acceptances)
        .add_public_route(admin(GET, "/api/v1/admin/firm-answers", &[ReadDesks]),
            "List the commands that edges answered firm, newest first, and what became of them; \
             there is nothing to close",
            &[], admin::firm_answers)
        .add_public_route(admin(GET, "/api/v1/admin/commands/{id}", &[ReadDesks]),
            "List the answers recorded for a command id", &[], admin::answers)
}
