// The routes of gateway and edge, written by protocol/web/api.mjs. Do not edit: `npm run gen`.
export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys that verify access tokens, as a JWK Set */
        get: operations["auth.jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the end of the edge's log and the key that verifies its receipts */
        get: operations["edge.head"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/asks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the acceptances that wait for the edge that holds their region */
        get: operations["hub.asks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/asks/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Retry an acceptance that needs an operator */
        post: operations["hub.retry_asks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show how each region assigns its orders */
        get: operations["order.assignments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/assignments/{region}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show how a region assigns its orders, and the history of that */
        get: operations["order.assignment"];
        /** Change how a region assigns its orders */
        put: operations["order.assign"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cancel-fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the versions of the late-cancellation fee, newest first */
        get: operations["order.cancel_fees"];
        put?: never;
        /** Set the late-cancellation fee for orders created from a given time on */
        post: operations["order.set_cancel_fee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cancel-fees/{in_force_from}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a version that starts more than an hour from now */
        delete: operations["order.take_back_cancel_fee"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the cases that a person must review, newest first */
        get: operations["order.cases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cases/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a case */
        get: operations["order.case"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cases/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a case with a reason; a closed case keeps its first reason */
        post: operations["order.close_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/cases/{id}/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take a case to work on it; a closed case stays closed */
        post: operations["order.take_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/commands/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the answers recorded for a command id */
        get: operations["order.answers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List deliveries of notifications, sent and failed, newest first */
        get: operations["notification.log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the edges, including those whose code is unused */
        get: operations["hub.edges"];
        put?: never;
        /** Invite an edge: make a code, which is shown once */
        post: operations["hub.invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Retry an op that needs an operator */
        post: operations["hub.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/acts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what operators did to an edge, newest first */
        get: operations["hub.acts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Withdraw the code of an edge that has not enrolled, and delete the edge */
        delete: operations["hub.withdraw"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/disabling": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Disable an edge: refuse its key, revoke its leases, and trust none of its commands after a given time */
        post: operations["hub.disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a code that gives an edge a new key, and readmits a disabled one */
        post: operations["hub.rekey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/left-behind": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the undecided ops of an edge's ended epochs */
        get: operations["hub.left_behind"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/readmit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Readmit an edge that was restored too often */
        post: operations["hub.readmit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/edges/{id}/retirement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take an edge out of service for good */
        post: operations["hub.retire"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the token-signing keys, with their states and times */
        get: operations["auth.list_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/keys/kill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke a stolen signing key and all its tokens (audited) */
        post: operations["auth.kill_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rotate to the next signing key (audited) */
        post: operations["auth.rotate_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the queues and exchanges with dead-lettered events, and how many */
        get: operations["gateway.letterBoxes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/letters/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the dead-lettered events of one queue or exchange, oldest first, with the reasons */
        get: operations["gateway.letters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/letters/{name}/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Drop dead-lettered events */
        post: operations["gateway.dropLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/letters/{name}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send dead-lettered events back to their queue; events that reached no queue are published again */
        post: operations["gateway.redriveLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/lost-acceptances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the acceptances that lost, newest first */
        get: operations["order.lost_acceptances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/matches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the providers that a job would be proposed to, with the reasons */
        get: operations["user.matches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/money-cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the open money cases that a person must review, newest first */
        get: operations["payment.cases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/money-cases/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a money case, with a reason */
        post: operations["payment.close_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List notices from admins and services, newest first */
        get: operations["notification.notice_record"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notices/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a notice to one person, in the inbox and by e-mail to a confirmed address (audited) */
        post: operations["notification.notify_by_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notices/sms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a notice to one person in the inbox, and announce it by text message (audited) */
        post: operations["notification.notify_by_sms"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/ops/{edge}/{epoch}/{seq}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show one op and its outcome */
        get: operations["hub.op"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List all orders */
        get: operations["order.all"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/{id}/compensation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compensate a provider who has a case of work in vain, once per order, up to their share of its price, from the platform's own money, with a reason */
        post: operations["payment.compensation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/{id}/goodwill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a customer money back after the release, from the platform's own money, with a reason */
        post: operations["payment.goodwill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/{id}/money": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show everything about an order's money: custody, movements, requests, cases, and what admins did */
        get: operations["payment.money"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/{id}/paid-otherwise": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record that a failed refund was paid by hand, with a reason */
        post: operations["payment.paid_otherwise"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/{id}/refund-anew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a failed refund again */
        post: operations["payment.send_anew"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/export.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the listed orders as CSV */
        get: operations["order.all_as_csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/orders/export.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the listed orders as JSON */
        get: operations["order.all_as_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/payment-callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the callbacks received from the adapter, newest first */
        get: operations["payment.callbacks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/platform-fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the versions of the platform's fee, newest first */
        get: operations["payment.platform_fees"];
        put?: never;
        /** Set the platform's fee for orders created from a given time on */
        post: operations["payment.set_platform_fee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/platform-fees/{in_force_from}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a version that starts more than an hour from now */
        delete: operations["payment.take_back_platform_fee"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a provider's full profile */
        get: operations["user.provider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refuse or withdraw a provider's verification, with a reason for the provider */
        post: operations["user.reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers/{id}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Verify a provider (audited) */
        post: operations["user.verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers/{id}/withdrawals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Withdraw a provider from all their open jobs, with a reason that everyone involved sees */
        post: operations["order.withdraw_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the ops that wait for a decision, in log order */
        get: operations["hub.queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the refund requests that need a decision, newest first */
        get: operations["payment.open_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/refunds/{id}/grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Grant a refund, of the requested amount unless another is given */
        post: operations["payment.grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/refunds/{id}/refuse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refuse a refund */
        post: operations["payment.refuse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/regions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the regions */
        get: operations["hub.regions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/regions/{region}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Open or close the gate of a region: a closed one is cut off */
        put: operations["hub.set_region"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/regions/{region}/comparison": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compare a region's feed with the order service now, and repair it */
        post: operations["hub.compare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List replays and their progress */
        get: operations["gateway.replays"];
        put?: never;
        /** Replay to a queue the events that it missed since a given time */
        post: operations["gateway.askReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List reviews by state, newest first */
        get: operations["review.desk_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/reviews/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a review with its reports and decisions */
        get: operations["review.reported_review"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List all roles with their permissions */
        get: operations["auth.list_roles"];
        put?: never;
        /** Create a custom role with a subset of an admin's permissions (audited) */
        post: operations["auth.make_role"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/roles/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change a custom role (audited) */
        put: operations["auth.change_role"];
        post?: never;
        /** Remove a custom role that no person has (audited) */
        delete: operations["auth.remove_role"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the state of every region and edge */
        get: operations["hub.status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List people by user name, with their roles and states */
        get: operations["auth.list_people"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a person with the history of their roles */
        get: operations["auth.show_person"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Issue a single-use code that lets a person set a new password (audited) */
        post: operations["auth.issue_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/readmit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Readmit a revoked person (audited); their old tokens stay invalid */
        post: operations["auth.readmit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke a person: close the account and end its sessions (audited) */
        post: operations["auth.revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Give a person a role (audited); their sessions end */
        put: operations["auth.give_role"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a person's live sessions and device grants, newest first */
        get: operations["auth.list_of_person"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a person's session or device grant (audited) */
        delete: operations["auth.end_of_person"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/verifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List providers by verification state, oldest first */
        get: operations["user.queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show your e-mail address and whether it is confirmed */
        get: operations["auth.show_address"];
        /** Change your e-mail address, with your password; it takes effect once confirmed by a code */
        put: operations["auth.change_address"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/address/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send the code to your unconfirmed e-mail address again */
        post: operations["auth.send_address_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/address/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm your e-mail address with the code sent to it */
        post: operations["auth.confirm_address"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show whether people may sign in with a code sent to their phone */
        get: operations["auth.code_offer"];
        put?: never;
        /** Send a code to a phone number, whether or not it has an account */
        post: operations["auth.send_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/codes/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a one-hour access token for the code sent to a customer's phone; new people are registered as customers */
        post: operations["auth.sign_in_by_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/device-grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a token that lets one tablet work offline for days at the edges of one region */
        post: operations["auth.device_grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/edge-logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the session of an edge token */
        post: operations["auth.edge_logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/edge-token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a token for your session at the edges of one region */
        post: operations["auth.edge_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the identity providers linked to your account */
        get: operations["auth.list_identities"];
        put?: never;
        /** Link an identity provider's answer to your account */
        post: operations["auth.link_identity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/identities/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove an identity provider from your account */
        delete: operations["auth.unlink_identity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/identities/phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Link your phone number to your account, with its code and your password */
        post: operations["auth.link_phone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a one-hour access token for a user name and password */
        post: operations["auth.login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the session of the token */
        post: operations["auth.logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the identity providers that people may sign in with */
        get: operations["auth.offered_issuers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/oidc/{name}/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin a sign-in with an identity provider */
        post: operations["auth.begin_visit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/oidc/{name}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin to link an identity provider to your account, with your password */
        post: operations["auth.begin_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/oidc/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a one-hour access token for an identity provider's answer; new people are registered as customers */
        post: operations["auth.sign_in_elsewhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change your password; your other sessions end */
        post: operations["auth.change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set a new password with a code from an admin; all sessions end */
        post: operations["auth.redeem_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show your role and its permissions */
        get: operations["auth.permissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchange a refresh token for a one-hour access token and a new refresh token; the old one is spent */
        post: operations["auth.refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Register as a customer or provider */
        post: operations["auth.register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your live sessions, newest first */
        get: operations["auth.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of your sessions */
        delete: operations["auth.end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/others": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End all your sessions except the current one */
        delete: operations["auth.end_others"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/verify-token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Verify a token and return its person */
        post: operations["auth.verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customers/{id}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a customer's profile to that customer or to an admin */
        get: operations["user.show_customer"];
        /** Replace your own profile, by your id */
        put: operations["user.write_customer"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/earnings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show what you are owed, and the payouts on their way to you */
        get: operations["payment.earnings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/edges/{id}/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the public key that verifies an edge's receipts */
        get: operations["hub.key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/edges/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enrol an edge by its code: register its public key */
        post: operations["hub.enrol"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a file: your own, a picture that a provider shows, or any file as an admin */
        get: operations["user.show_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create a link that opens a file without a sign-in for five minutes */
        post: operations["user.link_to_file"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}/signed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a file through a signed link */
        get: operations["user.show_file_by_link"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read your inbox in the language of `Accept-Language`, newest first */
        get: operations["notification.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Mark a notification as read */
        put: operations["notification.read"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show which notifications are sent to you outside the inbox, by which channel, and when */
        get: operations["notification.show"];
        /** Replace these preferences, based on the version that you read */
        put: operations["notification.write"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the orders that you published or accepted */
        get: operations["order.mine"];
        put?: never;
        /** Publish an order */
        post: operations["order.publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an order */
        get: operations["order.order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accept an order. 202: the holder of its region will decide */
        post: operations["order.accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve an order so that providers see it */
        post: operations["order.approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel an order at the fee that was shown. `terms_changed`: the fee has changed, and the order was not cancelled */
        post: operations["order.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/cancellation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the exact cost of a cancellation now: the fee and the refund */
        get: operations["order.cancellation_of"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Complete the work */
        post: operations["order.complete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/page": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an order with its parties, payment and review, and list the sections that were unavailable */
        get: operations["gateway.orderPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reject an order, with a reason for its customer */
        post: operations["order.reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the review of an order to the people involved in it */
        get: operations["review.of_order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start the work */
        post: operations["order.start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the ledger entries of an order that concern you, oldest first */
        get: operations["payment.statement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the status of an order, by the action that leads to it */
        put: operations["order.status"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the timeline of an order: who did what, and when each change passed each hop */
        get: operations["order.timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/tracking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the part of an order's receipt with which anyone can follow the order */
        get: operations["order.receipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Withdraw an acceptance */
        post: operations["order.withdraw"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/available": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the orders that are waiting for a provider */
        get: operations["order.available"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/export.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the orders that you published or accepted, as CSV */
        get: operations["order.own_as_csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/export.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the orders that you published or accepted, as JSON */
        get: operations["order.own_as_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/paid-afterwards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the service types that may start before the payment is held, by region */
        get: operations["order.paid_afterwards"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the payments of an order, newest first */
        get: operations["payment.payments"];
        put?: never;
        /** Pay an order. An open payment is returned, and no second one starts */
        post: operations["payment.pay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a payment */
        get: operations["payment.payment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Receive a callback of the configured adapter */
        post: operations["payment.usual_callback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/callbacks/{adapter}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Receive a signed callback of an adapter. It only triggers a query about its movement */
        post: operations["payment.callback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the payment methods, the default first, and those that you saved */
        get: operations["payment.methods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/methods/{method}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Save a payment method, as your default or not */
        put: operations["payment.keep_method"];
        post?: never;
        /** Remove a saved payment method */
        delete: operations["payment.remove_method"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/reconciliation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Compare orders, payments, the ledger and the adapter as they are now */
        get: operations["payment.reconciliation"];
        put?: never;
        /** Fetch the adapter's statement, book what it reports, then compare everything */
        post: operations["payment.reconcile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/providers/{id}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the public part of a provider's profile */
        get: operations["user.show_provider"];
        /** Replace your own profile, by your id */
        put: operations["user.write_provider"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/providers/{id}/rating": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a provider's rating, computed from its reviews */
        get: operations["review.rating"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/providers/{id}/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the reviews of a provider */
        get: operations["review.about_provider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the refund requests of an order, newest first */
        get: operations["payment.refund_requests"];
        put?: never;
        /** Request a refund, from the start of the work until the release. An open request is returned */
        post: operations["payment.ask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/regions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the regions that are cut off, and since when */
        get: operations["hub.region_links"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Review your completed order (once) */
        post: operations["review.submit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a review */
        get: operations["review.show"];
        /** Change your review, based on the version that you read, until its editing time ends or the provider replies */
        put: operations["review.revise"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/helpful": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Mark a review as helpful; each person counts once */
        put: operations["review.vote"];
        post?: never;
        /** Remove your helpful mark from a review */
        delete: operations["review.unvote"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/hide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hide a review (audited); it no longer counts */
        post: operations["review.hide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/images/{image}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a picture of a review */
        get: operations["review.show_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/reply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Reply to a review of your work, or replace your reply */
        put: operations["review.reply"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a review to the admins, with a reason */
        post: operations["review.report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a hidden review, or close its reports (audited) */
        post: operations["review.restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upload a picture for a review to refer to: JPEG, PNG or WebP, of at most 10 MB */
        post: operations["review.hand_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Search the text of reviews, in Chinese and English, newest first */
        get: operations["review.search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the caller's session */
        get: operations["gateway.session"];
        put?: never;
        /** Sign a browser in; the token stays in a cookie */
        post: operations["gateway.signIn"];
        /** End the caller's session */
        delete: operations["gateway.signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign a browser in with a code sent to a phone; the token stays in a cookie */
        post: operations["gateway.signInByCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign a browser in with an identity provider's answer; the token stays in a cookie */
        post: operations["gateway.signInBack"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the ledger entries of your account, newest first */
        get: operations["payment.mine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Receive updates as server-sent events */
        get: operations["gateway.stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/track/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follow an order by the code and the secret on its receipt */
        get: operations["order.track"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show your own account by its id, or any account as an admin */
        get: operations["auth.show_account"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Replace your own profile, by your id */
        put: operations["user.write_person"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/addresses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your addresses */
        get: operations["user.list"];
        put?: never;
        /** Add an address (at most ten) */
        post: operations["user.add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/addresses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change one of your addresses, or make it the default */
        put: operations["user.edit"];
        post?: never;
        /** Remove one of your addresses */
        delete: operations["user.remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/certifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Replace your certifications; a verified provider must be verified again */
        put: operations["user.certify"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upload a document for a certification to refer to: a picture or a PDF, of at most 20 MB */
        post: operations["user.hand_in_document"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/photo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set your photo: JPEG, PNG or WebP, of at most 10 MB */
        put: operations["user.set_photo"];
        post?: never;
        /** Remove your photo */
        delete: operations["user.remove_photo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/pictures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a picture of finished work with a caption (at most twelve): JPEG, PNG or WebP, of at most 10 MB */
        post: operations["user.add_picture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/pictures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the caption of one of your pictures */
        put: operations["user.caption_picture"];
        post?: never;
        /** Remove one of your pictures */
        delete: operations["user.remove_picture"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show your own profile */
        get: operations["user.show"];
        /** Replace your own profile, based on the version that you read */
        put: operations["user.write"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the reviews that you wrote or that are about your work, newest first */
        get: operations["review.mine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Submit your certifications for verification */
        post: operations["user.submit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/board": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the orders that you may read, as this edge sees them */
        get: operations["edge.board"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Execute a command, as over MQTT. A refusal because of the order or the time is a reply; any other refusal has it in `reply` */
        post: operations["edge.commands"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Open an edge's link, which becomes a WebSocket of binary frames */
        get: operations["hub.open"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read this document */
        get: operations["gateway.document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the person of the token, or why the edge refuses it */
        get: operations["edge.show"];
        put?: never;
        /** Sign in: forwarded to the cloud, which answers with a token for this region's edges */
        post: operations["edge.sign_in"];
        /** Sign out: forwarded to the cloud */
        delete: operations["edge.sign_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/standing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the state between this edge and the cloud */
        get: operations["edge.standing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccessGrant: {
            /** @description Absent if only an edge token was requested. */
            access_token?: string;
            /**
             * @description Keep it secret, and send it with the next sign-in on this device. Present if `device` was
             *     sent.
             */
            device?: string;
            /** @description For the edges of the requested region. */
            edge_token?: string;
            /**
             * Format: int64
             * @description In seconds.
             */
            expires_in: number;
            /** @description Present if the password changed since the previous sign-in. */
            password_changed_at?: components["schemas"]["UnixMillis"];
            /** @description For `POST /api/v1/auth/refresh`. Present if requested. */
            refresh_token?: string;
            role: components["schemas"]["Role"];
            /** @description `Bearer`. */
            token_type: string;
            user_id: components["schemas"]["UserId"];
            /** @description The account's name, if the sign-in did not include it. */
            username?: string;
            /** @description Wrong passwords tried since the previous sign-in. */
            wrong_passwords?: components["schemas"]["GuessReport"];
        };
        /** @enum {string} */
        AccountState: "open" | "closed";
        /** @description An account. Only admins see its record, which contains their reasons. */
        AccountView: components["schemas"]["PersonItem"] & {
            /** @description Only for admins: the revocation, if the account is closed. */
            closed?: components["schemas"]["PersonActItem"];
            /** @description Only for admins: the latest role changes, newest first. */
            roles_given?: components["schemas"]["PersonActItem"][];
        };
        /** @enum {string} */
        Action: "approve" | "reject" | "accept" | "withdraw" | "start" | "complete" | "cancel" | "review";
        Actor: {
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        Address: {
            city?: string;
            detail: string;
            id: components["schemas"]["AddressId"];
            is_default: boolean;
            label?: string;
            phone_number?: string;
            province?: string;
            recipient_name?: string;
            region?: components["schemas"]["Region"];
        };
        AddressBook: {
            items: components["schemas"]["Address"][];
            /**
             * Format: int64
             * @description The profile version, to send with the next change.
             */
            version: number;
        };
        /** @description An address as the client sends it. A missing field is stored empty. */
        AddressForm: {
            city?: string;
            detail: string;
            is_default?: boolean;
            label?: string;
            phone_number?: string;
            province?: string;
            recipient_name?: string;
            region?: components["schemas"]["Region"];
            /**
             * Format: int64
             * @description The version that the client read.
             */
            version: number;
        };
        /** Format: uuid */
        AddressId: string;
        /** @enum {string} */
        AddressShown: "decided" | "firm" | "started";
        /**
         * @description Exact money as a decimal text.
         * @example 200.00
         */
        Amount: string;
        ApprovalBody: {
            currency?: components["schemas"]["Currency"];
            price_max: components["schemas"]["Amount"];
            service_types: components["schemas"]["ServiceType"][];
        };
        ApprovalRule: {
            currency: components["schemas"]["Currency"];
            /** @description The highest price allowed. */
            price_max: components["schemas"]["Amount"];
            service_types: components["schemas"]["ServiceType"][];
        };
        /** @description An operator's request; absent parts stay unchanged. */
        AssignmentBody: {
            /**
             * Format: int64
             * @description The holder's epoch as its status shows it.
             */
            epoch?: number;
            /** @description With `exclusive`: the edge that will hold the region. */
            holder?: components["schemas"]["EdgeId"];
            policy?: components["schemas"]["Policy"];
            rules?: components["schemas"]["RulesBody"];
            take_back?: components["schemas"]["TakeBackBody"];
        };
        /** @description A recorded change of a region's assignment. */
        AssignmentChangeRow: {
            /**
             * Format: int64
             * @description Milliseconds since 1970.
             */
            at: number;
            by: components["schemas"]["UserId"] | null;
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            fence: number;
            holder: components["schemas"]["EdgeId"] | null;
            policy: components["schemas"]["Policy"];
            /** Format: int64 */
            rules_version: number;
            /** Format: int64 */
            version: number;
            /** @description `set`, or the reason a right ended. */
            what: string;
            why: string | null;
        };
        /** @description The body of `order.region_assigned`. */
        AssignmentEvent: {
            assignment: components["schemas"]["RegionAssignment"];
            region: components["schemas"]["Region"];
        };
        /** @description A region's assignment and its history. */
        AssignmentRecord: components["schemas"]["AssignmentEvent"] & {
            changes: components["schemas"]["AssignmentChangeRow"][];
            /** @description Newest first. */
            fences: components["schemas"]["FenceRecord"][];
            wanted: components["schemas"]["NextRight"] | null;
        };
        /** @description The current assignment of every region, as the hub requests it. */
        Assignments: {
            items: components["schemas"]["AssignmentEvent"][];
        };
        /** @description The orders that you may read, pending ones first. */
        Board: {
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            feed_seq: number;
            items: components["schemas"]["BoardItem"][];
            region: components["schemas"]["Region"];
        };
        /**
         * @description Board changes up to `feed_seq`. Every provider may read `items`; they may not, or no longer,
         *     read `gone`. People involved in an order read it on their own board.
         */
        BoardChanges: {
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            feed_seq: number;
            gone: components["schemas"]["OrderId"][];
            items: components["schemas"]["BoardItem"][];
            region: components["schemas"]["Region"];
        };
        /** @description An order on a board. */
        BoardItem: components["schemas"]["Order"] & {
            /** @description True if the order rests on something that the cloud has not decided. */
            pending: boolean;
        };
        /** @description Another one after each start. */
        BootNonce: string;
        /** @description A day, such as 2026-11-22. */
        CalendarDay: string;
        /** @description One version of the fee. Applies to orders created from `in_force_from` until the next version. */
        CancelFee: {
            /** Format: int32 */
            basis_points: number;
            in_force_from: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            notice_hours: number;
            set_at: components["schemas"]["UnixMillis"] | null;
            set_by: components["schemas"]["UserId"] | null;
        };
        CancelFeeForm: {
            /**
             * Format: int32
             * @description In hundredths of a percent: 1000 is a tenth of the price.
             */
            basis_points: number;
            /** @description At least an hour from now. */
            in_force_from: components["schemas"]["UnixMillis"];
            /**
             * Format: int32
             * @description A cancel with less notice than this before the start costs the fee.
             */
            notice_hours: number;
        };
        CancelForm: {
            /**
             * @description The fee as shown by `GET orders/{id}/cancellation`; defaults to none. If the cancel now
             *     costs a different fee, nothing is done: `terms_changed`, with the new price.
             */
            fee?: components["schemas"]["Amount"];
            reason?: string;
        };
        /** @description The money, to the cent, if the order is cancelled now. */
        Cancellation: {
            /** @description When this was calculated. */
            at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            /** @description Goes to the provider. The cancel repeats this fee and fails if it has changed. */
            fee: components["schemas"]["Amount"];
            free_until: components["schemas"]["UnixMillis"] | null;
            /** @description In custody now: fee plus refund. */
            held: components["schemas"]["Amount"];
            order_id: components["schemas"]["OrderId"];
            /**
             * @description Goes back to the customer. Payments the order service has not received yet are also returned
             *     in full.
             */
            refund: components["schemas"]["Amount"];
        };
        CaptionForm: {
            caption: string;
            /**
             * Format: int64
             * @description The version that the client read.
             */
            version: number;
        };
        CaseClosingForm: {
            reason: string;
        };
        CaseEndForm: {
            /** @description The result, for later readers. */
            reason: string;
        };
        /** @description A case for a person to look at; one for each order, person and kind. */
        CaseItem: {
            at: components["schemas"]["UnixMillis"];
            closed_at: components["schemas"]["UnixMillis"] | null;
            closed_by: components["schemas"]["UserId"] | null;
            closed_why: string | null;
            code: components["schemas"]["Code"] | null;
            /** @description The id of the revocation's event if the kind is `revoked_holder`. */
            command_id: components["schemas"]["CommandId"];
            /**
             * Format: int64
             * @description Its place in the list; newer ones are higher.
             */
            id: number;
            /**
             * @description `met_closed`, `revoked_meanwhile`, `unverified_holder`, `offline_rule`, `taken_back`,
             *     `revoked_holder`, `worked_in_vain`, `withdrew_before_fee`, `edge_distrusted`, or a kind of a
             *     newer service.
             */
            kind: string;
            order_code: components["schemas"]["OrderCode"] | null;
            order_id: components["schemas"]["OrderId"];
            region: components["schemas"]["Region"] | null;
            taken_at: components["schemas"]["UnixMillis"] | null;
            taken_by: components["schemas"]["UserId"] | null;
            user_id: components["schemas"]["UserId"];
        };
        /** @enum {string} */
        CaseState: "open" | "closed";
        Certification: {
            /** @description A document that this provider uploaded. */
            document?: components["schemas"]["FileId"];
            /**
             * @description The HTTPS URL of a document elsewhere. The platform never fetches it; opening it takes an
             *     admin off the platform. A URL of this platform becomes `document` instead.
             */
            file_url?: string;
            issuer?: string;
            name: string;
            /** @description Empty if not given, like `issuer`: the document shows both. */
            number?: string;
            valid_until?: components["schemas"]["CalendarDay"];
        };
        /** @description All certifications of a provider, replacing the previous ones. */
        CertificationForm: {
            items: components["schemas"]["Certification"][];
            /**
             * Format: int64
             * @description The version that the client read.
             */
            version: number;
        };
        /** @enum {string} */
        Channel: "email" | "sms" | "push";
        /** @enum {string} */
        ChecksumState: "match" | "mismatch" | "settling" | "unknown";
        /** @enum {string} */
        ClockFinding: "by_cloud" | "not_believed" | "by_log";
        /** @description A fault of the machine's clock, as shown to users. */
        ClockStanding: {
            /**
             * Format: int64
             * @description How far the machine's clock is ahead, in milliseconds; negative if it is behind.
             */
            error_ms: number;
            finding: components["schemas"]["ClockFinding"];
            found_at: components["schemas"]["UnixMillis"];
            message: components["schemas"]["Text"];
        };
        ClosedAccount: {
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        /** @description The frame that a tablet publishes on its `cmd` topic, or posts over HTTP if MQTT is blocked. */
        CmdFrame: {
            body: components["schemas"]["CommandBody"];
            /** Format: int64 */
            device_seq: number;
            id: components["schemas"]["CommandId"];
            /** @description The receipt that this command received earlier. */
            receipt?: components["schemas"]["Receipt"];
            /**
             * @description Set once the command was sent to another edge, before or after this one. The cloud may have
             *     decided it there without this edge's knowledge, so a repeat never gets a firm answer.
             */
            repeat?: boolean;
            /**
             * @description The tablet's newest receipt from this edge. It exposes an edge that was restored from a
             *     backup.
             */
            seen?: components["schemas"]["Receipt"];
            tapped_at: components["schemas"]["UnixMillis"];
            token: string;
            /** Format: int32 */
            v: number;
        };
        /** @enum {string} */
        Code: "invalid_token" | "token_expired" | "session_ended" | "invalid_credentials" | "account_locked" | "visit_over" | "identity_refused" | "identity_taken" | "last_way_in" | "code_wrong" | "code_over" | "codes_off" | "phone_unknown" | "password_only" | "providers_only" | "role_forbidden" | "permission_missing" | "not_yours" | "revoked" | "not_verified" | "device_closed" | "device_in_use" | "csrf_token_wrong" | "foreign_page" | "too_many_streams" | "invalid_input" | "malformed_body" | "body_too_large" | "body_too_slow" | "file_kind_refused" | "file_not_plain" | "picture_unreadable" | "picture_too_large" | "too_many_files" | "link_invalid" | "not_found" | "method_not_allowed" | "user_exists" | "role_exists" | "role_built_in" | "role_in_use" | "role_fixed" | "too_many_roles" | "stale_version" | "edge_exists" | "key_too_new" | "op_not_stopped" | "enrolment_code_invalid" | "enrolment_code_used" | "order_not_found" | "order_exists" | "order_already_accepted" | "order_not_approved" | "order_cancelled" | "order_rejected" | "wrong_state" | "funds_not_held" | "order_not_payable" | "amount_mismatch" | "already_paid" | "not_refundable" | "refund_decided" | "nothing_failed" | "no_work_in_vain" | "terms_changed" | "fee_settled" | "too_many_fees" | "signature_wrong" | "order_not_completed" | "order_unpaid" | "already_reviewed" | "review_fixed" | "own_review" | "too_many_open_jobs" | "too_many_acceptances" | "too_many_withdrawals" | "too_many_open_orders" | "order_cancelled_meanwhile" | "order_rejected_meanwhile" | "command_id_reused" | "region_assigning_offline" | "region_taken_back" | "holder_restored" | "holder_cloned" | "holder_disabled" | "right_renewed" | "right_ended" | "acceptance_not_arrived" | "edge_epoch_ended" | "looks_taken" | "looks_wrong_state" | "looks_not_yours" | "region_held_elsewhere" | "looks_unpaid" | "storage_full" | "unknown_op" | "gate_closed" | "protocol_unsupported" | "edge_unknown" | "edge_clock_wrong" | "session_superseded" | "edge_twin" | "edge_disabled" | "edge_not_trusted" | "edge_needs_operator" | "chain_broken" | "rate_limited" | "registration_quota" | "too_many_requests" | "newcomers_wait" | "unavailable" | "timed_out" | "issuer_away" | "code_not_sent" | "internal" | "unrecognised";
        CodeForm: {
            /** @description Six digits. Spaces do not matter. */
            code: string;
            /** @description The secret that this device received at an earlier sign-in. An empty text requests one. */
            device?: string;
            phone: string;
            /** @description Requests a refresh token, for programs that store it. */
            refresh?: boolean;
            /** @description Also requests a token for this region's edges. */
            region?: components["schemas"]["Region"];
        };
        CodeOffer: {
            /** @description False if the operator has configured no SMS gateway. */
            offered: boolean;
        };
        /** @description The answer to a command, which is kept forever. */
        CommandAnswer: {
            applied: boolean;
            code: components["schemas"]["Code"] | null;
            command_id: components["schemas"]["CommandId"];
            decided_at: components["schemas"]["UnixMillis"];
            op: components["schemas"]["OpPlace"] | null;
            order_id: components["schemas"]["OrderId"];
            /**
             * Format: int64
             * @description The order's version at that time.
             */
            order_version: number | null;
            user_id: components["schemas"]["UserId"] | null;
        };
        CommandBody: {
            order: components["schemas"]["Draft"];
            order_id: components["schemas"]["OrderId"];
            /** @enum {string} */
            type: "publish_order";
        } | {
            order_id: components["schemas"]["OrderId"];
            /** @enum {string} */
            type: "approve_order";
        } | {
            order_id: components["schemas"]["OrderId"];
            reason: string;
            /** @enum {string} */
            type: "reject_order";
        } | {
            order_id: components["schemas"]["OrderId"];
            /** @enum {string} */
            type: "accept_order";
        } | {
            order_id: components["schemas"]["OrderId"];
            reason?: string;
            /** @enum {string} */
            type: "withdraw_acceptance";
        } | {
            order_id: components["schemas"]["OrderId"];
            /** @enum {string} */
            type: "start_order";
        } | {
            /** @description The provider's note on the work, for the order's history. */
            note?: string;
            order_id: components["schemas"]["OrderId"];
            /** @enum {string} */
            type: "complete_order";
        } | {
            /** @description The fee shown to the person; absent if none was shown. */
            fee?: components["schemas"]["Amount"];
            order_id: components["schemas"]["OrderId"];
            reason?: string;
            /** @enum {string} */
            type: "cancel_order";
        } | {
            comment?: string;
            order_id: components["schemas"]["OrderId"];
            /** Format: int32 */
            rating: number;
            /** @enum {string} */
            type: "submit_review";
        };
        /**
         * Format: uuid
         * @description One act of a person. Made on the device; over HTTP it is the `Idempotency-Key`.
         */
        CommandId: string;
        /** @description The response to a command that was not refused. */
        CommandReply: {
            message: string;
            order: components["schemas"]["OrderView"];
            order_id: components["schemas"]["OrderId"];
            provider_id: components["schemas"]["UserId"] | null;
            status: components["schemas"]["OrderStatus"];
        } | {
            command_id: components["schemas"]["CommandId"];
            message: string;
            order_id: components["schemas"]["OrderId"];
            state: string;
        };
        ComparisonReport: {
            /**
             * Format: int64
             * @description Orders with different content at the same version, or with a version that the owner lacks.
             */
            contradictions: number;
            /**
             * Format: int64
             * @description Repaired orders that have left the region.
             */
            gone: number;
            /**
             * Format: int64
             * @description Orders, and the region's assignment, now corrected in the feed.
             */
            repaired: number;
            /** @description Changes may still be in transit; nothing was repaired. */
            unsettled: boolean;
        };
        CompensationForm: {
            amount: components["schemas"]["Amount"];
            provider_id: components["schemas"]["UserId"];
            reason: string;
        };
        /** @enum {string} */
        Currency: "CNY" | "USD" | "EUR" | "HKD";
        /** @description The hours of one day, in place of its weekday's. */
        DayException: {
            day: components["schemas"]["CalendarDay"];
            hours?: components["schemas"]["HoursRange"][];
        };
        DeliveryItem: {
            /** Format: int64 */
            attempts: number;
            channel: components["schemas"]["Channel"];
            created_at: components["schemas"]["UnixMillis"];
            /** @description The next try, while it waits. */
            due_at: components["schemas"]["UnixMillis"];
            /** Format: uuid */
            id: string;
            kind: components["schemas"]["NoticeKind"] | null;
            state: components["schemas"]["DeliveryState"];
            /** @description Masked: first letter and domain of an address, or last two digits of a number. */
            to: string | null;
            type: components["schemas"]["EventType"] | null;
            user_id: components["schemas"]["UserId"];
            /** @description The reason of the last failure or of dropping it. */
            why: string | null;
        };
        DeliveryLog: {
            items: components["schemas"]["DeliveryItem"][];
            next: string | null;
        };
        /** @enum {string} */
        DeliveryState: "waiting" | "sent" | "dropped" | "given_up";
        /** @description A review in the moderation queue. */
        DeskReview: {
            /** @description Oldest first. */
            decisions: components["schemas"]["ModerationStep"][];
            review: components["schemas"]["Review"];
            standing: components["schemas"]["ReviewStanding"];
        };
        /** @enum {string} */
        DeskSort: "newest" | "oldest" | "price_high" | "price_low";
        DeviceGrantForm: {
            /** @description The name of the tablet. */
            device: components["schemas"]["DeviceId"];
            region: components["schemas"]["Region"];
        };
        /**
         * @description A tablet or kiosk.
         * @example tablet-7
         */
        DeviceId: string;
        /** @description Each 1 to 5 in a review, or hundredths of a star in a rating. */
        Dimensions: {
            /** Format: int64 */
            attitude: number;
            /** Format: int64 */
            professionalism: number;
            /** Format: int64 */
            punctuality: number;
        };
        DimensionsForm: {
            /**
             * Format: int32
             * @default null
             */
            attitude?: number;
            /**
             * Format: int32
             * @default null
             */
            professionalism?: number;
            /**
             * Format: int32
             * @default null
             */
            punctuality?: number;
        };
        DisabledEdge: {
            /**
             * Format: int64
             * @description Decided commands that are now listed for manual review.
             */
            cases: number;
            edge: components["schemas"]["EdgeId"];
            /**
             * Format: int64
             * @description Ops that the edge last reported as unsent. They will not arrive.
             */
            not_received: number;
            /** @description Every region assignment that the edge held, with its end. */
            rights: components["schemas"]["FenceRecord"][];
            /** @description The order service has confirmed. Otherwise rights and cases follow once it is reachable. */
            settled: boolean;
            /**
             * Format: int64
             * @description Ops that still wait for a decision.
             */
            undecided: number;
        };
        DisablingForm: {
            /**
             * @description Ops received from the edge since then are rejected if undecided and listed if decided. At
             *     most 35 days ago.
             */
            since: components["schemas"]["UnixMillis"];
            why: string;
        };
        /** @description The form that a customer fills in to publish an order. */
        Draft: {
            address: string;
            currency?: components["schemas"]["Currency"];
            description?: string;
            location: components["schemas"]["Region"];
            price: components["schemas"]["Amount"];
            service_end_time?: components["schemas"]["UnixMillis"];
            service_start_time?: components["schemas"]["UnixMillis"];
            service_type: components["schemas"]["ServiceType"];
            title: string;
        };
        /** @description A provider's balance in one currency. */
        Earnings: {
            /** @description Awaiting the next payout. */
            available: components["schemas"]["MoneySum"];
            currency: components["schemas"]["Currency"];
            /** @description On the way to the provider's bank. */
            sending: components["schemas"]["MoneySum"];
        };
        /** @description One line of an edge's record. */
        EdgeAct: {
            /** @description `disabled`, `retired`, `rekeyed` or `rotated`. */
            act: string;
            at: components["schemas"]["UnixMillis"];
            made_by: components["schemas"]["UserId"];
            since: components["schemas"]["UnixMillis"] | null;
            why: string | null;
        };
        /** @description A sign-in for the edges of one region. */
        EdgeGrant: {
            /**
             * @description Keep it secret and send it with the next sign-in on this device. Present if `device` was
             *     sent.
             */
            device?: string;
            edge_token: string;
            /**
             * Format: int64
             * @description In seconds.
             */
            expires_in: number;
            region: components["schemas"]["Region"];
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        /**
         * @description An edge node.
         * @example north-1
         */
        EdgeId: string;
        /** @description An edge as stored. An operator's list shows the fields down to `stored`. */
        EdgeItem: components["schemas"]["EdgeStatus"] & {
            code_expires_at: components["schemas"]["UnixMillis"] | null;
            created_at: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            cursor_seq: number;
            /** @description Set if an operator disabled the edge: its key is refused until it gets a new one. */
            disabled_at?: components["schemas"]["UnixMillis"];
            enrolled_at: components["schemas"]["UnixMillis"] | null;
            /** Format: int64 */
            feed_cursor: number;
            /** Format: int64 */
            outcome_cursor: number;
            region: components["schemas"]["Region"];
            /** @description Set if the edge was disabled permanently. */
            retired_at?: components["schemas"]["UnixMillis"];
        };
        /** @description Verifies signatures of the edge: the receipts of its tablets. */
        EdgeKey: {
            edge: components["schemas"]["EdgeId"];
            /** @description The edge's previous keys, newest first. They verify its older receipts. */
            former_keys: string[];
            /** @description The same key in PEM, for OpenSSL. */
            pem: string;
            /** @description The raw 32 bytes of an Ed25519 key, base64url without padding. */
            public_key: string;
        };
        /** @description Up or down, since when, and when the cloud is called next. */
        EdgeLink: {
            /**
             * Format: int32
             * @description Failed calls since then.
             */
            attempts: number;
            next_call_at: components["schemas"]["UnixMillis"] | null;
            /** @description An outage keeps its start across restarts of the edge. */
            since: components["schemas"]["UnixMillis"];
            up: boolean;
        };
        EdgeLoginForm: {
            /** @description The device secret from an earlier sign-in; an empty string requests a new one. */
            device?: string;
            password: string;
            /** @description The tablet's name. Binds a provider's token to the tablet and extends it to days. */
            tablet?: components["schemas"]["DeviceId"];
            username: string;
        };
        /** @description An edge's firm answer, and the end of the right behind it. */
        EdgePromise: {
            edge: components["schemas"]["EdgeId"];
            end: components["schemas"]["FenceEnd"] | null;
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            fence: number;
            why: components["schemas"]["FenceEnding"] | null;
        };
        EdgeSession: {
            expires_at: components["schemas"]["UnixMillis"];
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        EdgeStanding: components["schemas"]["RegionStanding"] & {
            clock: components["schemas"]["ClockStanding"] | null;
            edge: components["schemas"]["EdgeId"];
            feed_as_of: components["schemas"]["UnixMillis"] | null;
            /** @description An accept of an open order is final here at once. */
            firm: boolean;
            link: components["schemas"]["EdgeLink"];
            /** @description The time used by the edge. */
            now: components["schemas"]["UnixMillis"];
            region: components["schemas"]["Region"];
            /** @description The log may be an older copy of the one behind earlier answers, so nothing is firm here. */
            suspect: boolean;
            /** @description This is a copy of an edge, and the cloud takes nothing from it. */
            twin: boolean;
        };
        EdgeStatus: {
            checksum: components["schemas"]["ChecksumState"];
            /** Format: int64 */
            clock_error_ms: number | null;
            /**
             * @description Since when it has sent people's tokens for the cloud, as edges did before edge tokens
             *     existed.
             */
            cloud_tokens_since?: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            disk_free_bytes: number | null;
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            held: number;
            /**
             * Format: int64
             * @description Feed changes and outcomes that the edge has not acknowledged.
             */
            lag_down_changes: number;
            /** Format: int64 */
            lag_down_outcomes: number;
            /** @description When the hub stored the oldest of them. */
            lag_down_since?: components["schemas"]["UnixMillis"];
            /**
             * Format: int64
             * @description Ops that the edge has logged but the hub has not received.
             */
            lag_up_ops: number;
            last_contact_at: components["schemas"]["UnixMillis"] | null;
            /** @description Commands that its epochs left without an outcome and that have not come back. */
            left_behind?: components["schemas"]["LeftBehind"][];
            link: components["schemas"]["LinkState"];
            /**
             * Format: int64
             * @description Acceptances made there that lost, and when the last provider was notified.
             */
            lost: number;
            lost_at?: components["schemas"]["UnixMillis"];
            /** @description Since when it waits for an operator's admission, because it was restored too often. */
            needs_operator_at?: components["schemas"]["UnixMillis"];
            /**
             * Format: int32
             * @description People that it refuses because it reserves its last space for known people.
             */
            newcomers_waiting?: number;
            oldest_pending_at: components["schemas"]["UnixMillis"] | null;
            /** Format: int64 */
            parked: number;
            /**
             * Format: int32
             * @description Ops at the edge without a stored outcome, as last reported, and the age of the oldest.
             */
            pending: number;
            /** @description Its link uses plain HTTP to another machine. */
            plain_line?: boolean;
            /** @description How its current epoch began, until an operator takes note of it. */
            quarantine?: components["schemas"]["QuarantineStatus"];
            /** @description Since when a snapshot that repairs it has been under way. */
            repair_asked_at?: components["schemas"]["UnixMillis"];
            repaired_at?: components["schemas"]["UnixMillis"];
            /**
             * Format: int64
             * @description How many such repairs it had, and when the last one was.
             */
            repairs: number;
            since: components["schemas"]["UnixMillis"] | null;
            /**
             * Format: int64
             * @description The number of held ops that wait for an operator.
             */
            stopped: number;
            /** @description It accepts any hub: it runs an older program, or has no hub key on a plain line. */
            takes_any_hub?: boolean;
            /** @description When a second instance of it connected, if that was recent. */
            twin_seen_at?: components["schemas"]["UnixMillis"];
            /**
             * Format: int64
             * @description Ops that the hub has received but not decided.
             */
            undecided: number;
            /**
             * Format: int64
             * @description The fence of a grant that its view did not match, so that it gives no firm answers.
             */
            unproven?: number;
            /** @description Since when its checksum has been settling although nothing moves. */
            unsettled_since?: components["schemas"]["UnixMillis"];
            version: string | null;
        };
        EdgeTokenForm: {
            region: components["schemas"]["Region"];
        };
        /** @description The number of sessions ended. */
        EndedSessions: {
            ended: number;
        };
        EnrolmentAnswer: {
            edge: components["schemas"]["EdgeId"];
            /** @description The edge's previous keys, newest first: they verify its own older receipts. */
            former_keys: string[];
            /** @description The hub's signature over edge, the edge's key and the former keys. */
            former_keys_signature: string;
            /**
             * @description The key that identifies the hub to the edge from now on: the raw bytes, base64url without
             *     padding.
             */
            hub_key: string;
            /** @description The keys that verify users' tokens, so that the edge has them before its first feed. */
            jwks: unknown;
            region: components["schemas"]["Region"];
            /**
             * @description The hub's signature over edge, region, the edge's key and the key set, base64url without
             *     padding.
             */
            signature: string;
        };
        EnrolmentRequest: {
            code: string;
            /** @description The raw 32 bytes of an Ed25519 key, base64url without padding. */
            public_key: string;
        };
        /**
         * Format: uuid
         * @description A published fact; every consumer deduplicates by it.
         */
        EventId: string;
        /** @enum {string} */
        EventType: "user.registered" | "user.session_revoked" | "user.revoked" | "user.readmitted" | "user.confirmation_asked" | "user.address_change_asked" | "profile.created" | "profile.updated" | "profile.verification_submitted" | "profile.verified" | "profile.verification_rejected" | "order.created" | "order.approved" | "order.rejected" | "order.accepted" | "order.acceptance_lost" | "order.acceptance_withdrawn" | "order.cancelled" | "order.completed" | "order.status_changed" | "order.region_assigned" | "payment.initiated" | "payment.completed" | "payment.failed" | "refund.requested" | "refund.granted" | "refund.refused" | "refund.processed" | "payment.released" | "payment.status_changed" | "payout.sent" | "payout.failed" | "review.created" | "review.updated" | "review.replied" | "review.reported" | "review.hidden" | "review.restored" | "rating.updated";
        FenceEnd: {
            at: components["schemas"]["UnixMillis"];
            /**
             * @description The operator who took the right back, or whose change made the holder return it. Absent if
             *     no operator ended it.
             */
            by?: components["schemas"]["UserId"];
            how: components["schemas"]["FenceEnding"];
            /** @description The operator's reason. */
            why?: string;
        };
        /** @enum {string} */
        FenceEnding: "released" | "taken_back" | "edge_restored" | "edge_cloned" | "renewed" | "policy_changed" | "reassigned" | "edge_disabled" | "unrecognised";
        /** @description A granted right to assign, and how it ended. */
        FenceRecord: {
            end: components["schemas"]["FenceEnd"] | null;
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            fence: number;
            granted_at: components["schemas"]["UnixMillis"];
            granted_by: components["schemas"]["UserId"];
            holder: components["schemas"]["EdgeId"];
            region: components["schemas"]["Region"];
        };
        /** @description A field to correct, with the reason for the person who filled it in. */
        FieldError: {
            field: string;
            message: components["schemas"]["Text"];
        };
        /**
         * Format: uuid
         * @description A picture or a document that a person uploaded.
         */
        FileId: string;
        /** @enum {string} */
        FileKind: "image/jpeg" | "image/png" | "image/webp" | "application/pdf";
        /** @description A URL that opens one file without a sign-in, for five minutes. */
        FileLink: {
            expires_at: components["schemas"]["UnixMillis"];
            /** @description The path and query, without the host. */
            url: string;
        };
        /** @description The result that a duplicate repeats. */
        FirstResult: {
            applied: boolean;
            code?: components["schemas"]["Code"];
        };
        GateSetting: {
            gate: components["schemas"]["GateState"];
        };
        /** @enum {string} */
        GateState: "open" | "closed";
        GoodwillForm: {
            amount: components["schemas"]["Amount"];
            reason: string;
        };
        GrantForm: {
            amount?: components["schemas"]["Amount"];
        };
        /** @description Wrong passwords under a person's name since the previous sign-in, at other places than this one. */
        GuessReport: {
            /** Format: int32 */
            count: number;
            /**
             * Format: int32
             * @description The addresses and devices that they came from.
             */
            places: number;
            /** @description The earliest one within the last day. */
            since: components["schemas"]["UnixMillis"];
        };
        /** @description A document that a certification may reference. */
        HandedDocument: {
            /** Format: int64 */
            bytes: number;
            id: components["schemas"]["FileId"];
            kind: components["schemas"]["FileKind"];
        };
        /** @description A picture that a review may reference. */
        HandedPicture: {
            /** Format: int32 */
            height: number;
            id: components["schemas"]["FileId"];
            /**
             * Format: int32
             * @description In pixels.
             */
            width: number;
        };
        /** @description 32 bytes. */
        Hash: string;
        HeadAnswer: components["schemas"]["LogHead"] & {
            link_up: boolean;
            /**
             * @description Verifies this edge's receipts: the raw 32 bytes of an Ed25519 key, base64url without
             *     padding.
             */
            public_key: string;
        };
        HelpfulCount: {
            /** Format: int64 */
            helpful_count: number;
        };
        /**
         * @description How far the command had come when the reply was given.
         * @enum {string}
         */
        Hop: "stored" | "decided";
        /** @description When a command passed each hop. Device and edge clocks are shown, never used for ordering. */
        Hops: {
            cloud_at: components["schemas"]["UnixMillis"] | null;
            edge_at: components["schemas"]["UnixMillis"] | null;
            tapped_at: components["schemas"]["UnixMillis"] | null;
        };
        /** @description Hours of a day, such as 09:00-17:00. */
        HoursRange: string;
        /**
         * Format: uuid
         * @description A person's account at another service, linked to their account here.
         */
        IdentityId: string;
        IdentityItem: {
            id: components["schemas"]["IdentityId"];
            /** @description The issuer's label, or its address if it is no longer offered. */
            label: string;
            linked_at: components["schemas"]["UnixMillis"];
            /** @description The account was registered with this identity. */
            origin: boolean;
            /** @description True for a phone number that receives codes; the label is then `phone`. */
            phone: boolean;
        };
        IdentityList: {
            /** @description False if the person registered through another service and has set no password since. */
            has_password: boolean;
            items: components["schemas"]["IdentityItem"][];
        };
        InboxItem: {
            content: string;
            counterpart: components["schemas"]["UserId"] | null;
            created_at: components["schemas"]["UnixMillis"];
            /** @description The event's id, or the notice's. */
            event_id: components["schemas"]["EventId"];
            id: components["schemas"]["LineId"];
            is_read: boolean;
            kind: components["schemas"]["InboxKind"] | null;
            location: components["schemas"]["Region"] | null;
            /** @description The matching's reason codes in favour of the provider, for a proposed job. */
            match_reasons: string[];
            order_id: components["schemas"]["OrderId"] | null;
            title: string;
            type: components["schemas"]["EventType"] | null;
        };
        /** @enum {string} */
        InboxKind: "order_created" | "new_order" | "order_accepted" | "order_update";
        InboxPage: {
            items: components["schemas"]["InboxItem"][];
            next: string | null;
            /**
             * Format: int64
             * @description For the whole inbox, not only this page.
             */
            unread: number;
        };
        /** @description A customer's default address, as the profile form carries it. */
        InlineAddress: {
            city?: string;
            detail: string;
            province?: string;
        };
        Invitation: {
            edge: components["schemas"]["EdgeId"];
            region: components["schemas"]["Region"];
        };
        InvitationCode: {
            /** @description Shown once: only its hash is stored. Its second half identifies the hub's key. */
            code: string;
            edge: components["schemas"]["EdgeId"];
            expires_at: components["schemas"]["UnixMillis"];
            region: components["schemas"]["Region"];
        };
        IssuerVisit: {
            /** @description Send the browser there. */
            address: string;
            expires_at: components["schemas"]["UnixMillis"];
            /** @description Keep it in this browser, and send it with the parameters that the issuer returns. */
            ticket: string;
        };
        KeptMethod: {
            is_default: boolean;
            /** @description True if the adapter still offers it; otherwise it can only be removed. */
            is_offered: boolean;
            kept_at: components["schemas"]["UnixMillis"];
            method: string;
        };
        KeptMethodForm: {
            /** @description True replaces the previous default. False clears the default if it was this method. */
            is_default: boolean;
        };
        KeyKillForm: {
            /** @description The key id, as in the list and in tokens. */
            kid: string;
            reason: string;
        };
        /** @enum {string} */
        KeyState: "next" | "present" | "previous" | "former" | "killed";
        KindForm: {
            channels: components["schemas"]["Channel"][];
            kind: components["schemas"]["NoticeKind"];
        };
        KindPreference: {
            channels: components["schemas"]["Channel"][];
            kind: components["schemas"]["NoticeKind"];
            /** @description Channels that cannot be switched off. */
            locked: components["schemas"]["Channel"][];
            /** @description Also goes out in quiet hours. */
            passes_quiet_hours: boolean;
        };
        /** @description The commands that an ended epoch has left behind. */
        LeftBehind: {
            /** Format: int64 */
            commands: number;
            /** Format: int64 */
            epoch: number;
        };
        /** @description Dead letter boxes, and the parts that did not answer. */
        LetterBoxes: {
            items: components["schemas"]["LetterBoxItem"][];
            /** @description Parts that were unavailable. */
            missing: string[];
        };
        /** @description A dead letter box. */
        LetterBoxItem: {
            kind: components["schemas"]["LetterKind"];
            /** @description The queue whose events failed, or the exchange whose events matched no queue. */
            name: string;
            /** @description The part that owns it. */
            part: string;
            /** Format: int64 */
            waiting: number;
        };
        /** @description The dead letters to act on. */
        LetterForm: {
            /** @description The events to include; without it, all that wait. Duplicates count once. */
            events?: components["schemas"]["EventId"][];
        };
        LetterItem: {
            /** @description Absent if this version cannot read the message as an event. */
            event?: components["schemas"]["EventId"];
            /** @description When the event happened. */
            happened_at?: components["schemas"]["UnixMillis"];
            /** @description When it became a dead letter; absent if the broker dead-lettered it. */
            put_aside_at?: components["schemas"]["UnixMillis"];
            /** @description Why it became a dead letter. Empty for an unrouted event. */
            reason: string;
            type?: string;
        };
        /** @enum {string} */
        LetterKind: "dead" | "unrouted";
        /** @description A limit that blocks an action. */
        LimitReached: {
            /**
             * @description When the action is within the limit again. Absent for open jobs and open orders, which
             *     people end, not time.
             */
            frees_at?: components["schemas"]["UnixMillis"];
            limit: components["schemas"]["ShareKind"];
            /** Format: int32 */
            most: number;
        };
        /** Format: uuid */
        LineId: string;
        LinkForm: {
            password: string;
        };
        /** @enum {string} */
        LinkState: "up" | "down" | "never";
        LoggedBefore: components["schemas"]["OpPlace"] & {
            verdict: components["schemas"]["Verdict"];
        };
        /** @description The log's position. A tablet that sees a new epoch or nonce resends its undecided commands. */
        LogHead: {
            cut_off_since: components["schemas"]["UnixMillis"] | null;
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            epoch: number;
            nonce: components["schemas"]["BootNonce"];
            region: components["schemas"]["Region"];
            /** Format: int64 */
            seq: number;
            /** @description The log may not be the one behind earlier answers, so this edge makes no firm promises. */
            suspect: boolean;
            /** @description Another instance of this edge is running. */
            twin: boolean;
        };
        LoginForm: {
            /** @description The secret that this device received at an earlier sign-in. An empty text requests one. */
            device?: string;
            /** @description Requests only the edge token. */
            edge_only?: boolean;
            password: string;
            /** @description Requests a refresh token, which replaces the password, for programs that store it. */
            refresh?: boolean;
            /** @description Also requests a token for this region's edges. */
            region?: components["schemas"]["Region"];
            /**
             * @description The requesting tablet, with `edge_only`. A provider's token is then bound to it and valid
             *     for days.
             */
            tablet?: components["schemas"]["DeviceId"];
            username: string;
        };
        /** @description Why an acceptance lost, and the open jobs nearby. */
        Lost: {
            edge_at?: components["schemas"]["UnixMillis"];
            /** @description At most three open jobs in the same region, closest in kind and price first. */
            nearby: components["schemas"]["NearbyJob"][];
            /** @description Why the promise does not hold, if an edge had promised the order. */
            promise_ended?: components["schemas"]["FenceEnding"];
            /** @description The rule by which the winner's acceptance came first. */
            race_rule?: components["schemas"]["RaceRule"];
            /** @description The order's status at that time. */
            status?: components["schemas"]["OrderStatus"];
            /** @description How the right of the promising edge ended, if an edge had promised the order. */
            taken_back?: components["schemas"]["FenceEnd"];
            tapped_at?: components["schemas"]["UnixMillis"];
            /** @description When the winner's acceptance was decided. */
            winner_decided_at?: components["schemas"]["UnixMillis"];
            /** @description Where the winner's acceptance came from: `portal`, or the edge's name. */
            winner_source?: components["schemas"]["Source"];
        };
        /** @description An acceptance that an edge had answered and that lost in the cloud. */
        LostAcceptance: components["schemas"]["TimelineEntry"] & {
            /**
             * Format: int64
             * @description Its place among all history entries; newer ones are higher.
             */
            id: number;
            order_code: components["schemas"]["OrderCode"];
            order_id: components["schemas"]["OrderId"];
            region: components["schemas"]["Region"];
            winner: components["schemas"]["Winner"] | null;
        };
        MailAddress: {
            /** @description `null` if the account has no deliverable address. */
            email: string | null;
            /** @description If true, mail goes to `email`. An unconfirmed address receives only its code. */
            is_confirmed: boolean;
            /** @description Replaces `email` once confirmed. */
            pending: string | null;
        };
        MailAddressForm: {
            email: string;
            password: string;
        };
        MailCodeForm: {
            /** @description The code from the mail. Dashes, spaces and case do not matter. */
            code: string;
        };
        /** @enum {string} */
        MatchReason: "serves_the_area" | "does_this_work" | "verified" | "works_that_day" | "names_the_skill" | "well_rated" | "has_completed_jobs";
        /** @enum {string} */
        MissingReason: "away";
        MissingSection: {
            /** @description The part that owns the section. */
            part: string;
            reason: components["schemas"]["MissingReason"];
            section: components["schemas"]["PageSection"];
        };
        ModerationForm: {
            reason: string;
            /**
             * Format: int64
             * @description The version that the admin read.
             */
            version: number;
        };
        /** @description An admin's decision. */
        ModerationStep: {
            at: components["schemas"]["UnixMillis"];
            by: components["schemas"]["UserId"];
            is_hidden: boolean;
            reason: string;
        };
        /** @description An admin's discretionary action on money. */
        MoneyAct: {
            amount: components["schemas"]["Amount"] | null;
            at: components["schemas"]["UnixMillis"];
            by: components["schemas"]["UserId"];
            /** @description `goodwill`, `compensation`, `sent_anew`, `paid_otherwise` or `case_closed`. */
            kind: string;
            reason: string;
            /**
             * Format: uuid
             * @description The refund, the provider, or the case's movement.
             */
            subject: string | null;
        };
        MoneyCase: {
            closed_at: components["schemas"]["UnixMillis"] | null;
            /** Format: int64 */
            id: number;
            kind: string;
            /** Format: uuid */
            movement_id: string;
            opened_at: components["schemas"]["UnixMillis"];
            order_id: components["schemas"]["OrderId"] | null;
            provider_id: components["schemas"]["UserId"] | null;
        };
        /** @description The state of an order's money, for admins. */
        MoneyDesk: {
            acts: components["schemas"]["MoneyAct"][];
            cancel_fee: components["schemas"]["Amount"] | null;
            cases: components["schemas"]["MoneyCase"][];
            /** @description Taken back by the customer's bank, less reversals. */
            charged_back: components["schemas"]["MoneySum"];
            currency: components["schemas"]["Currency"];
            customer_id: components["schemas"]["UserId"];
            /** @description Granted from the platform's own money. */
            goodwill: components["schemas"]["MoneySum"];
            /** @description The maximum goodwill that can still be granted. */
            goodwill_most: components["schemas"]["MoneySum"];
            /** @description Granted to the customer from the money in custody. */
            granted: components["schemas"]["MoneySum"];
            /** @description In custody. */
            held: components["schemas"]["MoneySum"];
            next_at: components["schemas"]["UnixMillis"] | null;
            order_id: components["schemas"]["OrderId"];
            order_status: components["schemas"]["OrderStatus"];
            payment_status: components["schemas"]["PaymentStatus"];
            payments: components["schemas"]["Payment"][];
            price: components["schemas"]["Amount"];
            provider_id: components["schemas"]["UserId"] | null;
            refunds: components["schemas"]["Refund"][];
            requests: components["schemas"]["RefundRequest"][];
            /**
             * @description `settling`, `needs_person` (a refund failed: send it again, or record payment by other
             *     means) or `done`.
             */
            saga: string;
            /** @description Providers with work in vain on the order. Null if the order service is unavailable. */
            worked_in_vain: components["schemas"]["WorkInVain"][] | null;
        };
        /**
         * Format: uuid
         * @description The id of a payment or refund request.
         */
        MoneyId: string;
        /**
         * @description Exact money as a decimal text, such as a balance or a total.
         * @example 199999999.98
         */
        MoneySum: string;
        NearbyJob: {
            code: components["schemas"]["OrderCode"];
            currency: components["schemas"]["Currency"];
            order_id: components["schemas"]["OrderId"];
            price: components["schemas"]["Amount"];
            title: string;
        };
        NewKeyCode: {
            /** @description Shown once: only its hash is stored. Its second half identifies the hub's key. */
            code: string;
            edge: components["schemas"]["EdgeId"];
            expires_at: components["schemas"]["UnixMillis"];
        };
        NewKeyForm: {
            /** @description Keep the old key valid until the code is used. Otherwise it is refused at once. */
            keep_old?: boolean;
            why?: string;
        };
        NewUser: {
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
            username: string;
        };
        NextRight: {
            by: components["schemas"]["UserId"];
            /** Format: int64 */
            epoch: number | null;
            holder: components["schemas"]["EdgeId"] | null;
            policy: components["schemas"]["Policy"];
        };
        NoticeForm: {
            content: string;
            title: string;
            /** @description A customer or a provider; admins have no personal inbox. */
            user_id: components["schemas"]["UserId"];
        };
        /** Format: uuid */
        NoticeId: string;
        NoticeItem: {
            /** @description `admin:` and the admin's id, or `service:` and the service's name. */
            author: string;
            channel: components["schemas"]["Channel"] | null;
            content: string;
            created_at: components["schemas"]["UnixMillis"];
            id: components["schemas"]["NoticeId"];
            kind: components["schemas"]["NoticeKind"];
            order_id: components["schemas"]["OrderId"] | null;
            role: components["schemas"]["Role"];
            title: string;
            user_id: components["schemas"]["UserId"];
        };
        /** @enum {string} */
        NoticeKind: "orders" | "jobs" | "money" | "reviews" | "account";
        NoticeList: {
            items: components["schemas"]["NoticeItem"][];
            next: string | null;
        };
        NotificationPreferences: {
            /**
             * @description The enabled channels for the caller's role. Preferences for other channels are stored until
             *     those are enabled.
             */
            channels: components["schemas"]["Channel"][];
            /**
             * Format: int32
             * @description Hour of the person's clock for digests of less urgent news, per channel.
             */
            digest_hour: number | null;
            /** @description All kinds. The inbox always gets all of them. */
            kinds: components["schemas"]["KindPreference"][];
            /** @example en */
            language: string;
            quiet_hours: components["schemas"]["QuietHours"] | null;
            /** @description An IANA time zone name. */
            time_zone: string;
            /**
             * Format: int64
             * @description Send it with the next change.
             */
            version: number;
        };
        /** @description A service for sign-ins. */
        OfferedIssuer: {
            /** @description For the button. */
            label: string;
            name: string;
        };
        OfferedIssuers: {
            items: components["schemas"]["OfferedIssuer"][];
        };
        /**
         * @description Exceptions that an operator allows in a region: at its edges during an outage, and everywhere
         *     for work paid afterwards. The default allows nothing.
         *
         *     Invariant: a rule only ever allows more. A reader skips unknown rules and so allows less than
         *     its peer, never more. A narrower rule is therefore a separate field next to the wider one.
         */
        OfflineRules: {
            /**
             * @description A provider who starts work at an edge sees the address, although the cloud has not yet
             *     decided their acceptance.
             */
            address_at_start?: boolean;
            approval: components["schemas"]["ApprovalRule"] | null;
            /** @description The orders that the holding edge may also approve for customers in good standing. */
            approval_in_good_standing?: components["schemas"]["ApprovalRule"];
            /**
             * @description Kinds of work that are paid for afterwards: they start without held funds, at an edge or at
             *     the portal.
             */
            paid_afterwards?: components["schemas"]["ServiceType"][];
            /** @description Work that started at an edge while it was cut off requires no held funds. */
            unpaid_start: boolean;
            /**
             * @description Work up to this price that started at a cut-off edge requires no held funds, even if
             *     `unpaid_start` is off.
             */
            unpaid_start_max?: components["schemas"]["PriceCap"];
        };
        /** @description The logged command, without people's texts. */
        OpCommand: {
            actor: components["schemas"]["Actor"];
            device?: components["schemas"]["DeviceId"];
            /** @description The edge's clock. */
            edge_at: components["schemas"]["UnixMillis"];
            /**
             * Format: int64
             * @description The fence under which a firm answer was given.
             */
            fence?: number;
            id: components["schemas"]["CommandId"];
            /** @description Where it was first logged, if that epoch has ended, with the answer given there. */
            logged_before?: components["schemas"]["LoggedBefore"];
            /** @description Where it was made, if it was put to this edge as the region's holder. */
            made_at?: components["schemas"]["Source"];
            order_code: components["schemas"]["OrderCode"];
            order_id: components["schemas"]["OrderId"];
            /** @description The device's clock. */
            tapped_at?: components["schemas"]["UnixMillis"];
            type: string;
            verdict: components["schemas"]["Verdict"];
        };
        /** @enum {string} */
        OpKind: "boot" | "token" | "command" | "lease_released" | "unknown";
        OpOutcome: {
            /**
             * Format: int64
             * @description Its number among the outcomes of its edge and epoch.
             */
            number: number;
            outcome: components["schemas"]["Outcome"];
            /** @description When the hub had the outcome on disk, by the hub's clock. */
            stored_at: components["schemas"]["UnixMillis"];
            /** @description True if the edge has acknowledged it; unknown for an ended epoch. */
            told: boolean | null;
        };
        /** @description The name of an op: `north-1/1/17`. */
        OpPlace: {
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            seq: number;
        };
        OpRecord: components["schemas"]["OpPlace"] & {
            /** @description The later op with the same command, if this op was left behind and there is one. */
            again?: components["schemas"]["OpPlace"];
            /** @description Present for a command. */
            command?: components["schemas"]["OpCommand"];
            /**
             * Format: int64
             * @description How often its owner failed on it alone.
             */
            failures: number;
            /**
             * Format: int64
             * @description The fence that a released right gives back.
             */
            fence?: number;
            hash: components["schemas"]["Hash"];
            kind: components["schemas"]["OpKind"];
            outcome?: components["schemas"]["OpOutcome"];
            /** @description When the hub had the op on disk, by the hub's clock. */
            received_at: components["schemas"]["UnixMillis"];
            region: components["schemas"]["Region"];
            state: components["schemas"]["OpState"];
        };
        /** @enum {string} */
        OpState: "received" | "held_region" | "needs_operator" | "parked" | "decided" | "left_behind" | "unrecognised";
        /** @description The whole order, as events, feeds, answers and boards carry it. */
        Order: {
            address: string;
            code: components["schemas"]["OrderCode"];
            created_at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            customer_id: components["schemas"]["UserId"];
            description: string;
            id: components["schemas"]["OrderId"];
            location: components["schemas"]["Region"];
            payment_status: components["schemas"]["PaymentStatus"];
            price: components["schemas"]["Amount"];
            provider_id: components["schemas"]["UserId"] | null;
            service_end_time: components["schemas"]["UnixMillis"] | null;
            service_start_time: components["schemas"]["UnixMillis"] | null;
            service_type: components["schemas"]["ServiceType"];
            source: components["schemas"]["Source"];
            status: components["schemas"]["OrderStatus"];
            title: string;
            updated_at: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            version: number;
        };
        /**
         * @description A short code to read aloud. Two orders may share one.
         * @example N-7F3K9Q
         */
        OrderCode: string;
        /** @description A customer's form for publishing an order. */
        OrderForm: {
            /** @description Defaults to a note that customer and provider arrange it. */
            address?: string;
            currency?: components["schemas"]["Currency"];
            description?: string;
            location: components["schemas"]["Region"];
            /** @description Also accepted as `amount`. */
            price: components["schemas"]["Amount"];
            service_end_time?: components["schemas"]["UnixMillis"];
            service_start_time?: components["schemas"]["UnixMillis"];
            service_type: components["schemas"]["ServiceType"];
            /** @description Defaults to the name of the service type. */
            title?: string;
        };
        /** Format: uuid */
        OrderId: string;
        /** @description The order's money that the payment service shows to the caller. */
        OrderMoney: {
            /** @description Newest first; only for the order's customer and admins. */
            payments?: Record<string, never>[];
            /** @description Ledger entries, oldest first. */
            statement?: Record<string, never>[];
        };
        /** @description An order with its parties, payment and review. */
        OrderPage: {
            /** @description Incomplete sections, with the reason. */
            missing: components["schemas"]["MissingSection"][];
            order: components["schemas"]["Order"];
            parties: components["schemas"]["OrderParties"];
            payment: components["schemas"]["OrderMoney"];
            /** @description The review, if the review service shows it to the caller. */
            review?: Record<string, never>;
        };
        /** @description The profiles of both sides that the user service shows to the caller. */
        OrderParties: {
            customer?: Record<string, never>;
            provider?: Record<string, never>;
        };
        /** @enum {string} */
        OrderSort: "newest" | "oldest" | "price_high" | "price_low" | "start";
        /** @enum {string} */
        OrderStatus: "pending_review" | "pending" | "accepted" | "in_progress" | "completed" | "reviewed" | "cancelled" | "rejected";
        /** @description The parts of the order its sender may read; if another provider has it, only where it went. */
        OrderView: components["schemas"]["Order"] | {
            code: components["schemas"]["OrderCode"];
            id: components["schemas"]["OrderId"];
            location: components["schemas"]["Region"];
            provider_id: components["schemas"]["UserId"] | null;
            status: components["schemas"]["OrderStatus"];
            updated_at: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            version: number;
        };
        Outcome: {
            /** @description The reason for a rejection, or a note on a success, such as `order_cancelled_meanwhile`. */
            code?: components["schemas"]["Code"];
            decided_at: components["schemas"]["UnixMillis"];
            first?: components["schemas"]["FirstResult"];
            kind: components["schemas"]["OutcomeKind"];
            /** @description The limit that blocked a rejected command. */
            limit?: components["schemas"]["LimitReached"];
            lost?: components["schemas"]["Lost"];
            /** @description The current order, if there is one. */
            order?: components["schemas"]["Order"];
        };
        /** @enum {string} */
        OutcomeKind: "applied" | "duplicate" | "rejected";
        /** @description The complete profile of a customer or an admin. */
        OwnCustomer: components["schemas"]["OwnPerson"] & {
            date_of_birth?: components["schemas"]["CalendarDay"];
            preferences: components["schemas"]["Preferences"];
        };
        OwnPermissions: {
            permissions: components["schemas"]["Permission"][];
            role: components["schemas"]["Role"];
            /** @description The display name; a custom role if `role` is `admin`. */
            role_name: string;
        };
        OwnPerson: {
            bio?: string;
            created_at: components["schemas"]["UnixMillis"];
            full_name: string;
            /** @description The name and the phone number are set. */
            is_complete: boolean;
            phone_number: string;
            /** @description A file id, as in `pictures` and certification documents. */
            photo?: components["schemas"]["FileId"];
            profile_picture_url?: string;
            role: components["schemas"]["Role"];
            updated_at: components["schemas"]["UnixMillis"];
            user_id: components["schemas"]["UserId"];
            /**
             * Format: int64
             * @description Send this with a change; it protects against overwriting a newer profile.
             */
            version: number;
        };
        OwnPhoto: {
            photo?: components["schemas"]["FileId"];
            /**
             * Format: int64
             * @description The profile version, to send with the next change.
             */
            version: number;
        };
        /** @description A complete profile. */
        OwnProfile: components["schemas"]["OwnCustomer"] | components["schemas"]["OwnProvider"];
        /** @description A provider's complete profile, for themselves and for admins. */
        OwnProvider: components["schemas"]["OwnPerson"] & components["schemas"]["ProviderOffer"] & {
            certifications: components["schemas"]["Certification"][];
            exceptions: components["schemas"]["DayException"][];
            verification: components["schemas"]["VerificationRecord"];
        };
        /** @enum {string} */
        PageSection: "parties" | "payment" | "review";
        /** @description The service types of a region that are paid for after the work. */
        PaidAfterwards: {
            region: components["schemas"]["Region"];
            service_types: components["schemas"]["ServiceType"][];
        };
        PaidOtherwiseForm: {
            /** @description How the refund was paid. */
            reason: string;
            /**
             * Format: uuid
             * @description The failed refund.
             */
            refund_id: string;
        };
        PasswordForm: {
            new_password: string;
            old_password: string;
        };
        PasswordResetCode: {
            /** @description Shown only this once; it cannot be retrieved later. */
            code: string;
            expires_at: components["schemas"]["UnixMillis"];
            user_id: components["schemas"]["UserId"];
        };
        PasswordResetForm: {
            /** @description The code from an admin. Dashes, spaces and case do not matter. */
            code: string;
            new_password: string;
            username: string;
        };
        Payment: {
            amount: components["schemas"]["Amount"];
            created_at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            customer_id: components["schemas"]["UserId"];
            /** Format: uuid */
            id: string;
            order_id: components["schemas"]["OrderId"];
            /** @description The page where the customer pays. Null if the payment is closed or needs no page. */
            pay_url: string | null;
            payment_method: string;
            provider_id: components["schemas"]["UserId"] | null;
            /** @description `pending`, `completed` or `failed`. */
            status: string;
            /**
             * Format: uuid
             * @description The adapter's id of the payment.
             */
            transaction_id: string;
            updated_at: components["schemas"]["UnixMillis"];
        };
        /** @description A message received from the adapter. */
        PaymentCallback: {
            amount: components["schemas"]["Amount"] | null;
            at: components["schemas"]["UnixMillis"];
            claim: string | null;
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description As claimed by the message; never acted on.
             */
            movement_id: string | null;
            /** @description `asked` (we queried the adapter), `forged` or `unknown`. */
            verdict: string;
        };
        PaymentForm: {
            amount: components["schemas"]["Amount"];
            /** @description Defaults to the order's currency. */
            currency?: components["schemas"]["Currency"];
            order_id: components["schemas"]["OrderId"];
            /**
             * @description The adapter's token of the payment method. Defaults to the customer's default, else to the
             *     adapter's usual one.
             */
            payment_method?: string;
        };
        /** @description A payment method. */
        PaymentMethod: {
            /** @description The adapter's token, used in a payment. */
            method: string;
            /** @description True if no real money is charged: for tests and demonstrations. */
            simulated: boolean;
        };
        PaymentMethods: {
            /** @description Methods the adapter offers, the usual one first. */
            items: components["schemas"]["PaymentMethod"][];
            /** @description The customer's saved methods, oldest first. Empty for an admin. */
            kept: components["schemas"]["KeptMethod"][];
            /**
             * @description One of the offered methods: the customer's default, else the last one they paid with, else
             *     the adapter's usual one.
             */
            proposed: string;
        };
        /** @enum {string} */
        PaymentStatus: "unpaid" | "held" | "paid" | "refunded" | "partially_refunded";
        /** @enum {string} */
        Permission: "publish_orders" | "accept_orders" | "do_orders" | "cancel_orders" | "withdraw_orders" | "approve_orders" | "refund_money" | "set_fees" | "moderate_reviews" | "read_desks" | "verify_providers" | "read_people" | "revoke_people" | "end_sessions" | "reset_passwords" | "manage_roles" | "read_platform" | "manage_regions" | "manage_edges" | "manage_keys";
        /** @description An admin's action on a person, with time and reason. */
        PersonActItem: {
            at: components["schemas"]["UnixMillis"];
            became?: string;
            by: components["schemas"]["UserId"];
            reason: string;
            /** @description The previous and new role, for a role change. */
            was?: string;
        };
        PersonDetail: components["schemas"]["PersonItem"] & {
            /** @description The revocation, if the account is closed. */
            closed?: components["schemas"]["PersonActItem"];
            /** @description The latest role changes, newest first. */
            roles_given: components["schemas"]["PersonActItem"][];
        };
        PersonItem: {
            created_at: components["schemas"]["UnixMillis"];
            /** @description Masked: its first letter and its domain. */
            email: string;
            /** @description The address is confirmed, so mail goes there. */
            email_confirmed: boolean;
            /** @description The role in tokens. */
            role: components["schemas"]["Role"];
            /** Format: int64 */
            role_id: number;
            /** @description The role's display name. */
            role_name: string;
            state: components["schemas"]["AccountState"];
            user_id: components["schemas"]["UserId"];
            username: string;
        };
        PhoneForm: {
            /** @description With `+` and the country code, or in national format. */
            phone: string;
        };
        PhoneLinkForm: {
            code: string;
            password: string;
            phone: string;
        };
        PictureBook: {
            items: components["schemas"]["WorkPicture"][];
            /**
             * Format: int64
             * @description The profile version, to send with the next change.
             */
            version: number;
        };
        /**
         * @description One version of the platform fee. It applies to orders created from its start until the next
         *     version's.
         */
        PlatformFee: {
            /** Format: int32 */
            basis_points: number;
            in_force_from: components["schemas"]["UnixMillis"];
            set_at: components["schemas"]["UnixMillis"] | null;
            set_by: components["schemas"]["UserId"] | null;
        };
        PlatformFeeForm: {
            /**
             * Format: int32
             * @description In hundredths of a percent: 1000 is a tenth of the price.
             */
            basis_points: number;
            /** @description At least an hour from now. */
            in_force_from: components["schemas"]["UnixMillis"];
        };
        /** @enum {string} */
        Policy: "optimistic" | "exclusive";
        /** @description A piece of work that a provider presents. */
        PortfolioItem: {
            description?: string;
            finished_on?: components["schemas"]["CalendarDay"];
            title: string;
        };
        /** @description A customer's preferences for search results. */
        Preferences: {
            /** @default null */
            currency?: components["schemas"]["Currency"];
            /** @default null */
            language?: string;
            /** @default null */
            location?: components["schemas"]["Region"];
            /** @default [] */
            service_types?: components["schemas"]["ServiceType"][];
        };
        PreferencesForm: {
            /** Format: int32 */
            digest_hour?: number;
            /** @description Unlisted kinds stay in the inbox only. */
            kinds: components["schemas"]["KindForm"][];
            /** @example en */
            language: string;
            quiet_hours?: components["schemas"]["QuietHours"];
            time_zone: string;
            /**
             * Format: int64
             * @description The version that you read.
             */
            version: number;
        };
        /** @description An inclusive price limit in one currency. */
        PriceCap: {
            currency: components["schemas"]["Currency"];
            /** @description The highest price allowed. */
            price_max: components["schemas"]["Amount"];
        };
        PriceCapBody: {
            currency?: components["schemas"]["Currency"];
            price_max: components["schemas"]["Amount"];
        };
        Problem: {
            code: components["schemas"]["Code"];
            detail?: string;
            errors?: components["schemas"]["ProblemError"][];
            /** Format: int32 */
            status: number;
            title: string;
            trace?: string;
            /** @description `urn:holdfast:CODE`. */
            type: string;
        } & {
            [key: string]: unknown;
        };
        ProblemError: {
            field: string;
            message: string;
        };
        ProfileForm: {
            /** @description The default address. If missing, all addresses stay. */
            address?: components["schemas"]["InlineAddress"];
            availability?: components["schemas"]["WeekHours"];
            bio?: string;
            /** @description Only for customers, like `preferences` and `address`. */
            date_of_birth?: components["schemas"]["CalendarDay"];
            exceptions?: components["schemas"]["DayException"][];
            /** Format: int32 */
            experience_years?: number;
            full_name: string;
            hourly_rate?: components["schemas"]["Amount"];
            /** @description True if the provider takes jobs at present; true if missing. */
            is_active?: boolean;
            phone_number: string;
            portfolio?: components["schemas"]["PortfolioItem"][];
            preferences?: components["schemas"]["Preferences"];
            profile_picture_url?: string;
            service_areas?: components["schemas"]["Region"][];
            /** @description The kinds of work used for matching with orders. */
            service_categories?: components["schemas"]["ServiceType"][];
            /** @description Free-text skills. Only for providers, like all fields below. */
            skills?: string[];
            /**
             * Format: int64
             * @description The version that the client read.
             */
            version: number;
        };
        ProviderMatch: {
            full_name: string;
            reasons: components["schemas"]["MatchReason"][];
            /** Format: int64 */
            score: number;
            user_id: components["schemas"]["UserId"];
        };
        ProviderMatches: {
            /** @description The best first, at most twenty. */
            items: components["schemas"]["ProviderMatch"][];
        };
        /** @description A provider's offer and their record so far. */
        ProviderOffer: {
            availability: components["schemas"]["WeekHours"];
            /** Format: int64 */
            completed_orders: number;
            /** Format: int32 */
            experience_years?: number;
            hourly_rate?: components["schemas"]["Amount"];
            is_active: boolean;
            /** @description Pictures of finished work. */
            pictures: components["schemas"]["WorkPicture"][];
            portfolio: components["schemas"]["PortfolioItem"][];
            /**
             * Format: int64
             * @description Hundredths of a star, averaged over `total_reviews`; 0 without reviews.
             */
            rating_hundredths: number;
            service_areas: components["schemas"]["Region"][];
            service_categories: components["schemas"]["ServiceType"][];
            skills: string[];
            /** Format: int64 */
            total_reviews: number;
            verified: boolean;
        };
        ProviderReply: {
            at: components["schemas"]["UnixMillis"];
            text: string;
        };
        /**
         * @description The part of a provider's profile that every signed-in person may see: no phone number, addresses
         *     or free days.
         */
        PublicProfile: components["schemas"]["ProviderOffer"] & {
            bio?: string;
            full_name: string;
            member_since: components["schemas"]["UnixMillis"];
            photo?: components["schemas"]["FileId"];
            user_id: components["schemas"]["UserId"];
        };
        PublishReply: {
            code: components["schemas"]["OrderCode"];
            message: string;
            order: components["schemas"]["OrderView"];
            order_id: components["schemas"]["OrderId"];
            status: components["schemas"]["OrderStatus"];
            /** @description For the receipt. */
            tracking: components["schemas"]["TrackingReceipt"];
        };
        /** @description An epoch ended because the edge was restored or cloned. */
        QuarantineStatus: {
            at: components["schemas"]["UnixMillis"];
            why: components["schemas"]["QuarantineWhy"];
        };
        /** @enum {string} */
        QuarantineWhy: "edge_restored" | "edge_cloned";
        /** @description Crosses midnight if `to` is earlier. Equal values cover the whole day. */
        QuietHours: {
            from: string;
            to: string;
        };
        /** @enum {string} */
        RaceRule: "first_in_cloud" | "first_in_log" | "promised" | "unrecognised";
        RatingDistribution: {
            /** Format: int64 */
            1: number;
            /** Format: int64 */
            2: number;
            /** Format: int64 */
            3: number;
            /** Format: int64 */
            4: number;
            /** Format: int64 */
            5: number;
        };
        /** @description A provider's rating, over all shown reviews. */
        RatingView: {
            /**
             * Format: double
             * @description Stars, with two decimals; 0 without reviews.
             */
            average_rating: number;
            /** @description Hundredths of a star. */
            dimensions: components["schemas"]["Dimensions"];
            last_updated: components["schemas"]["UnixMillis"];
            provider_id: components["schemas"]["UserId"];
            /** @description The number of reviews for each number of stars. */
            rating_distribution: components["schemas"]["RatingDistribution"];
            /** Format: int64 */
            total_reviews: number;
        };
        ReadItem: {
            id: components["schemas"]["LineId"];
            is_read: boolean;
        };
        ReadmittedEdge: {
            edge: components["schemas"]["EdgeId"];
        };
        ReasonForm: {
            reason?: string;
        };
        /** @description The edge's signed acknowledgement of a command, issued only after the commit is on disk. */
        Receipt: {
            /** @description The hash of the command's body; the receipt covers no other. Older edges omit it. */
            body?: components["schemas"]["Hash"];
            command_id: components["schemas"]["CommandId"];
            edge: components["schemas"]["EdgeId"];
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            fence?: number;
            hash: components["schemas"]["Hash"];
            /** Format: int64 */
            seq: number;
            /** @description Ed25519 by the edge's key over `signed_bytes`, base64url without padding. */
            sig?: string;
            /** @description The command's person. Ids are unique per person only, so a receipt covers no other person's. */
            user_id?: components["schemas"]["UserId"];
            verdict: components["schemas"]["Verdict"];
        };
        /** @description A comparison of orders, payments, the books and the adapter, in their current state. */
        Reconciliation: {
            at: components["schemas"]["UnixMillis"];
            /** @description Empty if everything agrees. */
            differences: components["schemas"]["ReconciliationFinding"][];
            /** @description The start of the compared bookings and movements. */
            since: components["schemas"]["UnixMillis"];
            /** @description Movements open for over an hour, or an adapter without a statement. */
            waiting: components["schemas"]["ReconciliationFinding"][];
        };
        ReconciliationFinding: {
            amount: components["schemas"]["MoneySum"] | null;
            currency: components["schemas"]["Currency"] | null;
            /** @description Such as `account_adrift`, `adapter_differs` or `needs_person`. */
            kind: string;
            order_id: components["schemas"]["OrderId"] | null;
            provider_id: components["schemas"]["UserId"] | null;
            since: components["schemas"]["UnixMillis"] | null;
            /**
             * Format: uuid
             * @description The journal, account, movement or order.
             */
            subject: string;
        };
        RefreshForm: {
            /**
             * Format: uuid
             * @description An idempotency key: generate one per use, and keep it until the answer arrives. The same
             *     token and attempt return the same result at any time; without an attempt, only within a
             *     minute.
             */
            attempt?: string;
            refresh_token: string;
        };
        /** @description A refund, sent or in transit to the customer. */
        Refund: {
            amount: components["schemas"]["Amount"];
            created_at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            payment_id: string;
            /**
             * @description The money's source: `held`, `suspense` (a mistaken payment) or `loss` (the platform's own
             *     money).
             */
            source: string;
            /**
             * @description `pending`, `completed` or `rejected` (failed, and owed until sent again or paid by other
             *     means).
             */
            status: string;
            updated_at: components["schemas"]["UnixMillis"];
        };
        RefundForm: {
            amount: components["schemas"]["Amount"];
            order_id?: components["schemas"]["OrderId"];
            /**
             * Format: uuid
             * @description Instead of the order.
             */
            payment_id?: string;
            reason: string;
        };
        RefundRequest: {
            amount: components["schemas"]["Amount"];
            created_at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            customer_id: components["schemas"]["UserId"];
            decided_at: components["schemas"]["UnixMillis"] | null;
            granted: components["schemas"]["Amount"] | null;
            /** Format: uuid */
            id: string;
            order_id: components["schemas"]["OrderId"];
            reason: string;
            /** @description `open`, `granted` or `refused`. */
            status: string;
        };
        /** @enum {string} */
        Region: "NORTH" | "SOUTH" | "EAST" | "WEST" | "MID";
        /** @description How a region assigns its orders. The feed delivers it, and the hub may request it at any time. */
        RegionAssignment: {
            digest: components["schemas"]["Hash"] | null;
            /**
             * Format: int64
             * @description The epoch that holds the right; another epoch of the same edge does not.
             */
            epoch: number;
            /**
             * Format: int64
             * @description The last fence issued in this region; the holder's, if there is a holder.
             */
            fence: number;
            holder: components["schemas"]["EdgeId"] | null;
            policy: components["schemas"]["Policy"];
            /**
             * Format: int64
             * @description Rises with every change to these fields.
             */
            policy_version: number;
            /** @description The holder should give the right back. */
            release_asked: boolean;
            rules: components["schemas"]["OfflineRules"];
            /**
             * Format: int64
             * @description Rises when the rules change.
             */
            rules_version: number;
        };
        /** @description A region's link, as shown to customers and providers: without edge names. */
        RegionLink: {
            cut_off_since: components["schemas"]["UnixMillis"] | null;
            /** @description No edge of the region reaches the cloud: an order may be further along there. */
            is_cut_off: boolean;
            region: components["schemas"]["Region"];
        };
        /** @description A region as stored. An operator's list shows the first six fields. */
        RegionRecord: {
            /** Format: int64 */
            feed_seq: number;
            gate: components["schemas"]["GateState"];
            holder: components["schemas"]["EdgeId"] | null;
            /** Format: int64 */
            orders: number;
            policy: components["schemas"]["Policy"];
            region: components["schemas"]["Region"];
        };
        RegionStanding: {
            holder: components["schemas"]["EdgeId"] | null;
            /** @description Unpaid work of these kinds never requires held funds. */
            paid_afterwards: components["schemas"]["ServiceType"][];
            /** @description Work started here while the link is down does not require held funds. */
            unpaid_start: boolean;
            unpaid_start_max: components["schemas"]["PriceCap"] | null;
        };
        RegionStatus: {
            /**
             * Format: int64
             * @description The number of those that wait for an operator.
             */
            asks_stopped: number;
            /**
             * Format: int64
             * @description Accepts made at the portal that wait for the region's holder or for an operator.
             */
            asks_waiting: number;
            edges: components["schemas"]["EdgeStatus"][];
            /** Format: int64 */
            feed_seq: number;
            gate: components["schemas"]["GateState"];
            holder: components["schemas"]["EdgeId"] | null;
            /** Format: int64 */
            orders: number;
            policy: components["schemas"]["Policy"];
            region: components["schemas"]["Region"];
            /** @description Repairs after comparison with the order service. */
            repairs?: components["schemas"]["RepairStatus"];
        };
        RegisterForm: {
            email: string;
            password: string;
            /** @description By name, or by number for older clients. */
            role: components["schemas"]["Role"];
            username: string;
        };
        RenewedAccess: {
            access_token: string;
            /** @description The end of the session. Renewals do not extend it. */
            ends_at: components["schemas"]["UnixMillis"];
            expires_at: components["schemas"]["UnixMillis"];
            /** @description Replaces the token of the request, which is now spent. */
            refresh_token?: string;
        };
        ReopenedAccount: {
            role: components["schemas"]["Role"];
            /** @description Earlier tokens are invalid. Absent if the person was never revoked. */
            tokens_since?: components["schemas"]["UnixMillis"];
            user_id: components["schemas"]["UserId"];
        };
        /** @description How a region's feed was repaired. */
        RepairStatus: {
            compared_at: components["schemas"]["UnixMillis"] | null;
            contradicted_at: components["schemas"]["UnixMillis"] | null;
            /**
             * Format: int64
             * @description How often the two disagreed on one version of an order, the feed was ahead of the order
             *     service, or it had too many unknown orders. These are not repaired.
             */
            contradictions: number;
            /**
             * Format: int64
             * @description Changes that had not arrived.
             */
            repaired: number;
            repaired_at: components["schemas"]["UnixMillis"] | null;
        };
        /** @description Requests a replay of missed events to a queue. */
        ReplayForm: {
            queue: string;
            /** @description Replays events of this time and later. */
            since: components["schemas"]["UnixMillis"];
        };
        ReplayItem: {
            asked_at: components["schemas"]["UnixMillis"];
            done_at?: components["schemas"]["UnixMillis"];
            /** Format: uuid */
            id: string;
            /** @description The part whose events are sent. */
            part: string;
            queue: string;
            /** Format: int64 */
            sent: number;
            since: components["schemas"]["UnixMillis"];
        };
        /** @description Replays, newest first within each part, and the parts that did not answer. */
        Replays: {
            items: components["schemas"]["ReplayItem"][];
            missing: string[];
        };
        /** @description The reply that the edge publishes on a tablet's `reply` topic. */
        Reply: {
            code?: components["schemas"]["Code"];
            command_id: components["schemas"]["CommandId"] | null;
            /** @description The fields to correct for `invalid_input` and `malformed_body`, as in an HTTP problem. */
            errors?: components["schemas"]["FieldError"][];
            hop: components["schemas"]["Hop"];
            /** @description The limit that blocked the command. */
            limit?: components["schemas"]["LimitReached"];
            message?: components["schemas"]["Text"];
            order?: components["schemas"]["Order"];
            outcome?: components["schemas"]["Outcome"];
            receipt?: components["schemas"]["Receipt"];
            verdict: components["schemas"]["Verdict"];
        };
        ReplyForm: {
            text: string;
        };
        ReportedReview: components["schemas"]["DeskReview"] & {
            /** @description Newest first, at most fifty. */
            reports: components["schemas"]["ToldReport"][];
        };
        ReportForm: {
            reason: string;
        };
        ReportTaken: {
            review_id: components["schemas"]["ReviewId"];
        };
        RetirementForm: {
            why: string;
        };
        RetriedAccept: {
            command_id: components["schemas"]["CommandId"];
        };
        /** @description A review. */
        Review: {
            comment: string;
            created_at: components["schemas"]["UnixMillis"];
            customer_id?: components["schemas"]["UserId"];
            dimensions: components["schemas"]["Dimensions"];
            /** @description For the author, while they can edit the review. */
            editable_until?: components["schemas"]["UnixMillis"];
            /** Format: int64 */
            helpful_count: number;
            /** @description The reason of the last decision, for the author and for admins. */
            hidden_reason?: string;
            id: components["schemas"]["ReviewId"];
            /** @description Read them at `/api/v1/reviews/{id}/images/{image}`. */
            images: components["schemas"]["FileId"][];
            /** @description The author has edited the review. */
            is_edited: boolean;
            is_hidden?: boolean;
            order_code?: components["schemas"]["OrderCode"];
            /** @description For the order's customer and provider and for admins, like all fields below. */
            order_id?: components["schemas"]["OrderId"];
            provider_id: components["schemas"]["UserId"];
            /**
             * Format: int64
             * @description 1 to 5.
             */
            rating: number;
            reply?: components["schemas"]["ProviderReply"];
            /**
             * Format: int64
             * @description Send this with a change; it protects against overwriting a newer review.
             */
            version?: number;
        };
        /** @description A review of a completed order. */
        ReviewForm: {
            comment?: string;
            /** @description A missing dimension takes the overall rating. */
            dimensions?: components["schemas"]["DimensionsForm"];
            /** @description Pictures that the customer uploaded, at most six. */
            images?: components["schemas"]["FileId"][];
            order_id: components["schemas"]["OrderId"];
            /**
             * Format: int32
             * @description 1 to 5.
             */
            rating: number;
        };
        /**
         * Format: uuid
         * @description A customer's review of a completed order.
         */
        ReviewId: string;
        /** @description A customer's edit, which replaces the content of a review. */
        ReviewRevision: {
            comment?: string;
            dimensions?: components["schemas"]["DimensionsForm"];
            images?: components["schemas"]["FileId"][];
            /**
             * Format: int32
             * @description 1 to 5.
             */
            rating: number;
            /**
             * Format: int64
             * @description The version that the client read.
             */
            version: number;
        };
        /** @enum {string} */
        ReviewSort: "newest" | "oldest" | "rating_high" | "rating_low";
        /** @enum {string} */
        ReviewStanding: "shown" | "reported" | "hidden";
        RevokeForm: {
            reason?: string;
        };
        /** @enum {string} */
        Role: "customer" | "provider" | "admin";
        RoleForm: {
            description?: string;
            name: string;
            /** @description A subset of the admin permissions. */
            permissions: components["schemas"]["Permission"][];
            reason: string;
        };
        RoleGift: {
            reason: string;
            /** Format: int64 */
            role_id: number;
        };
        RoleItem: {
            /** @description The role in tokens; all services authorise by it. */
            base: components["schemas"]["Role"];
            built_in: boolean;
            description: string;
            name: string;
            /**
             * Format: int64
             * @description The number of people with a custom role.
             */
            people?: number;
            permissions: components["schemas"]["Permission"][];
            /** Format: int64 */
            role_id: number;
        };
        /**
         * @description All offline rules of the region. Unknown fields are refused here, although readers of stored
         *     rules ignore them: an operator must not believe such a rule is active.
         */
        RulesBody: {
            address_at_start?: boolean;
            approval?: components["schemas"]["ApprovalBody"];
            /**
             * @description In addition to `approval`: for customers who have paid for completed work in the region and
             *     owe nothing.
             */
            approval_in_good_standing?: components["schemas"]["ApprovalBody"];
            /** @description Service types paid for after the work, at the portal too. */
            paid_afterwards?: components["schemas"]["ServiceType"][];
            unpaid_start?: boolean;
            /** @description In addition to `unpaid_start`: for work up to this price. */
            unpaid_start_max?: components["schemas"]["PriceCapBody"];
        };
        SendAnewForm: {
            reason?: string;
        };
        /** @description The same for every number, with or without an account. */
        SentCode: {
            /**
             * Format: int32
             * @description In seconds.
             */
            expires_in: number;
        };
        /** @enum {string} */
        ServiceType: "cleaning_repair" | "it_technology" | "education_training" | "life_health" | "design_consulting" | "other";
        Session: {
            csrf_token: string | null;
            expires_at: components["schemas"]["UnixMillis"];
            /**
             * @description Set if the password changed since the previous sign-in. Present only in the response to a
             *     sign-in.
             */
            password_changed_at?: components["schemas"]["UnixMillis"];
            region: components["schemas"]["Region"] | null;
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
            username: string | null;
            /**
             * @description Failed password guesses since the previous sign-in. Present only in the response to a
             *     sign-in.
             */
            wrong_passwords?: components["schemas"]["GuessReport"];
        };
        /**
         * Format: uuid
         * @description A signed-in session; the `jti` of its token.
         */
        SessionId: string;
        SessionItem: {
            created_at: components["schemas"]["UnixMillis"];
            /** @description The session of this request. */
            current: boolean;
            /** @description The tablet that a grant is bound to, and the region of its edges. */
            device?: components["schemas"]["DeviceId"];
            expires_at: components["schemas"]["UnixMillis"];
            kind: string;
            region?: components["schemas"]["Region"];
            session_id: components["schemas"]["SessionId"];
        };
        SettledLetters: {
            /** Format: int64 */
            settled: number;
        };
        /** @enum {string} */
        ShareKind: "open_jobs" | "acceptances_a_day" | "withdrawals_a_day" | "open_orders" | "unrecognised";
        /** @description Dead letters of one box, oldest first. */
        ShownLetters: {
            items: components["schemas"]["LetterItem"][];
        };
        SigningKeyItem: {
            kid: string;
            killed_at?: components["schemas"]["UnixMillis"];
            made_at: components["schemas"]["UnixMillis"];
            signed_until?: components["schemas"]["UnixMillis"];
            signs_from: components["schemas"]["UnixMillis"];
            state: components["schemas"]["KeyState"];
            /** @description Its tokens are refused before this moment. */
            trusted_from: components["schemas"]["UnixMillis"];
        };
        /**
         * @description `portal`, `kiosk`, or an edge.
         * @example portal
         */
        Source: string;
        /** @description A posting on an account. Debit is positive. */
        StatementLine: {
            account: string;
            /** @description The booked fact, such as `charge`, `refund_done` or `release`. */
            action: string;
            amount: components["schemas"]["MoneySum"];
            at: components["schemas"]["UnixMillis"];
            currency: components["schemas"]["Currency"];
            fee: components["schemas"]["MoneySum"] | null;
            order_id: components["schemas"]["OrderId"] | null;
        };
        StatusForm: {
            reason?: string;
            status: components["schemas"]["OrderStatus"];
        };
        StatusReport: {
            now: components["schemas"]["UnixMillis"];
            regions: components["schemas"]["RegionStatus"][];
        };
        /** @description Empty: the profile already holds the submitted data. */
        SubmissionForm: Record<string, never>;
        TakeBackBody: {
            why: string;
        };
        /** @description A sentence in both languages. */
        Text: {
            en: string;
            "zh-CN": string;
        };
        TimelineEntry: {
            action: components["schemas"]["Action"] | null;
            actor: components["schemas"]["Actor"];
            address_shown: components["schemas"]["AddressShown"] | null;
            code: components["schemas"]["Code"] | null;
            command_id: components["schemas"]["CommandId"];
            edge: components["schemas"]["EdgeId"] | null;
            /** Format: int64 */
            epoch: number | null;
            from: components["schemas"]["OrderStatus"] | null;
            hops: components["schemas"]["Hops"];
            payment_status: components["schemas"]["PaymentStatus"] | null;
            promise: components["schemas"]["EdgePromise"] | null;
            race_rule: components["schemas"]["RaceRule"] | null;
            reason: string | null;
            /** Format: int64 */
            seq: number | null;
            source: components["schemas"]["Source"];
            /** @description Equals `from` if the attempt changed nothing, as a lost acceptance does. */
            to: components["schemas"]["OrderStatus"];
            verdict: components["schemas"]["Verdict"] | null;
            /** Format: int64 */
            version: number;
        };
        TokenForm: {
            token: string;
        };
        TokenOwner: {
            /** @description Always true: inactive tokens get 401, for callers that check only the status. */
            active: boolean;
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        /** @description A report, as an admin reads it. */
        ToldReport: {
            at: components["schemas"]["UnixMillis"];
            reason: string;
            user_id: components["schemas"]["UserId"];
        };
        /** @description Contains no person and no text written by people. */
        TrackedOrder: {
            code: components["schemas"]["OrderCode"];
            created_at: components["schemas"]["UnixMillis"];
            location: components["schemas"]["Region"];
            service_end_time: components["schemas"]["UnixMillis"] | null;
            service_start_time: components["schemas"]["UnixMillis"] | null;
            service_type: components["schemas"]["ServiceType"];
            status: components["schemas"]["OrderStatus"];
            /** @description The states the order reached, oldest first. */
            steps: components["schemas"]["TrackedStep"][];
            updated_at: components["schemas"]["UnixMillis"];
        };
        /** @description A state the order reached. */
        TrackedStep: {
            at: components["schemas"]["UnixMillis"] | null;
            status: components["schemas"]["OrderStatus"];
        };
        /** @description The tracking part of a receipt; anyone with it can follow the order: `/track/{code}?s={secret}`. */
        TrackingReceipt: {
            code: components["schemas"]["OrderCode"];
            secret: components["schemas"]["Hash"];
        };
        /** Format: int64 */
        u64: number;
        /**
         * Format: date-time
         * @description A time in UTC, RFC 3339 with milliseconds.
         * @example 2026-11-21T17:00:00.000Z
         */
        UnixMillis: string;
        /**
         * Format: uuid
         * @description A person: customer, provider or admin.
         */
        UserId: string;
        /** @enum {string} */
        Verdict: "not_taken" | "provisional" | "firm";
        /** @enum {string} */
        VerificationAct: "submitted" | "changed" | "verified" | "rejected";
        VerificationDecision: {
            reason: string;
            /**
             * Format: int64
             * @description The version that the admin read.
             */
            version: number;
        };
        VerificationRecord: {
            state: components["schemas"]["VerificationState"];
            /** @description Oldest first. */
            steps: components["schemas"]["VerificationStep"][];
            submitted_at?: components["schemas"]["UnixMillis"];
        };
        /** @enum {string} */
        VerificationState: "none" | "waiting" | "verified" | "rejected";
        VerificationStep: {
            act: components["schemas"]["VerificationAct"];
            at: components["schemas"]["UnixMillis"];
            by: components["schemas"]["UserId"];
            reason?: string;
        };
        /** @description The ticket of this browser, and the parameters that the issuer added to the return address. */
        VisitForm: {
            code: string;
            /** @description The secret that this device received at an earlier sign-in. An empty text requests one. */
            device?: string;
            iss?: string;
            /** @description Requests a refresh token, for programs that store it. */
            refresh?: boolean;
            state: string;
            ticket: string;
        };
        /** @description A portal accept that is put to its region's holder until it is decided. */
        WaitingAsk: {
            command_id: components["schemas"]["CommandId"];
            /**
             * Format: int64
             * @description How often it failed alone.
             */
            failures: number;
            order_code?: components["schemas"]["OrderCode"];
            /** @description Absent if the hub cannot read the command. */
            order_id?: components["schemas"]["OrderId"];
            region: components["schemas"]["Region"];
            /** @description It waits for its region's holder or for an operator. */
            state: components["schemas"]["OpState"];
            taken_at: components["schemas"]["UnixMillis"];
            user_id: components["schemas"]["UserId"];
        };
        /** @enum {string} */
        WaitingOpState: "received" | "held_region" | "needs_operator" | "parked";
        /** @description The regular hours of each weekday. A day without hours is free. */
        WeekHours: {
            /** @default [] */
            friday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            monday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            saturday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            sunday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            thursday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            tuesday?: components["schemas"]["HoursRange"][];
            /** @default [] */
            wednesday?: components["schemas"]["HoursRange"][];
        };
        Winner: {
            decided_at: components["schemas"]["UnixMillis"] | null;
            race_rule: components["schemas"]["RaceRule"] | null;
            source: components["schemas"]["Source"];
            user_id: components["schemas"]["UserId"];
            verdict: components["schemas"]["Verdict"] | null;
        };
        WithdrawalForm: {
            reason: string;
        };
        WithdrawnInvitation: {
            edge: components["schemas"]["EdgeId"];
        };
        WithdrawnJob: {
            code: components["schemas"]["Code"] | null;
            order_code: components["schemas"]["OrderCode"] | null;
            order_id: components["schemas"]["OrderId"];
        };
        /** @description The jobs that an admin withdrew from one provider. */
        WithdrawnJobs: {
            items: components["schemas"]["WithdrawnJob"][];
            /** @description The provider had more jobs than one request withdraws: repeat the request. */
            more: boolean;
        };
        /** @description Work in vain on an order. Its provider may be compensated once. */
        WorkInVain: {
            /** @description The provider has been compensated. */
            compensated: boolean;
            /** @description Their share of the price, less earlier earnings from the order. */
            most: components["schemas"]["MoneySum"];
            provider_id: components["schemas"]["UserId"];
        };
        WorkPicture: {
            caption: string;
            file_id: components["schemas"]["FileId"];
            /** Format: int32 */
            height: number;
            /**
             * Format: int32
             * @description In pixels.
             */
            width: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type AccessGrant = components['schemas']['AccessGrant'];
export type AccountState = components['schemas']['AccountState'];
export type AccountView = components['schemas']['AccountView'];
export type Action = components['schemas']['Action'];
export type Actor = components['schemas']['Actor'];
export type Address = components['schemas']['Address'];
export type AddressBook = components['schemas']['AddressBook'];
export type AddressForm = components['schemas']['AddressForm'];
export type AddressId = components['schemas']['AddressId'];
export type AddressShown = components['schemas']['AddressShown'];
export type Amount = components['schemas']['Amount'];
export type ApprovalBody = components['schemas']['ApprovalBody'];
export type ApprovalRule = components['schemas']['ApprovalRule'];
export type AssignmentBody = components['schemas']['AssignmentBody'];
export type AssignmentChangeRow = components['schemas']['AssignmentChangeRow'];
export type AssignmentEvent = components['schemas']['AssignmentEvent'];
export type AssignmentRecord = components['schemas']['AssignmentRecord'];
export type Assignments = components['schemas']['Assignments'];
export type Board = components['schemas']['Board'];
export type BoardChanges = components['schemas']['BoardChanges'];
export type BoardItem = components['schemas']['BoardItem'];
export type BootNonce = components['schemas']['BootNonce'];
export type CalendarDay = components['schemas']['CalendarDay'];
export type CancelFee = components['schemas']['CancelFee'];
export type CancelFeeForm = components['schemas']['CancelFeeForm'];
export type CancelForm = components['schemas']['CancelForm'];
export type Cancellation = components['schemas']['Cancellation'];
export type CaptionForm = components['schemas']['CaptionForm'];
export type CaseClosingForm = components['schemas']['CaseClosingForm'];
export type CaseEndForm = components['schemas']['CaseEndForm'];
export type CaseItem = components['schemas']['CaseItem'];
export type CaseState = components['schemas']['CaseState'];
export type Certification = components['schemas']['Certification'];
export type CertificationForm = components['schemas']['CertificationForm'];
export type Channel = components['schemas']['Channel'];
export type ChecksumState = components['schemas']['ChecksumState'];
export type ClockFinding = components['schemas']['ClockFinding'];
export type ClockStanding = components['schemas']['ClockStanding'];
export type ClosedAccount = components['schemas']['ClosedAccount'];
export type CmdFrame = components['schemas']['CmdFrame'];
export type Code = components['schemas']['Code'];
export type CodeForm = components['schemas']['CodeForm'];
export type CodeOffer = components['schemas']['CodeOffer'];
export type CommandAnswer = components['schemas']['CommandAnswer'];
export type CommandBody = components['schemas']['CommandBody'];
export type CommandId = components['schemas']['CommandId'];
export type CommandReply = components['schemas']['CommandReply'];
export type ComparisonReport = components['schemas']['ComparisonReport'];
export type CompensationForm = components['schemas']['CompensationForm'];
export type Currency = components['schemas']['Currency'];
export type DayException = components['schemas']['DayException'];
export type DeliveryItem = components['schemas']['DeliveryItem'];
export type DeliveryLog = components['schemas']['DeliveryLog'];
export type DeliveryState = components['schemas']['DeliveryState'];
export type DeskReview = components['schemas']['DeskReview'];
export type DeskSort = components['schemas']['DeskSort'];
export type DeviceGrantForm = components['schemas']['DeviceGrantForm'];
export type DeviceId = components['schemas']['DeviceId'];
export type Dimensions = components['schemas']['Dimensions'];
export type DimensionsForm = components['schemas']['DimensionsForm'];
export type DisabledEdge = components['schemas']['DisabledEdge'];
export type DisablingForm = components['schemas']['DisablingForm'];
export type Draft = components['schemas']['Draft'];
export type Earnings = components['schemas']['Earnings'];
export type EdgeAct = components['schemas']['EdgeAct'];
export type EdgeGrant = components['schemas']['EdgeGrant'];
export type EdgeId = components['schemas']['EdgeId'];
export type EdgeItem = components['schemas']['EdgeItem'];
export type EdgeKey = components['schemas']['EdgeKey'];
export type EdgeLink = components['schemas']['EdgeLink'];
export type EdgeLoginForm = components['schemas']['EdgeLoginForm'];
export type EdgePromise = components['schemas']['EdgePromise'];
export type EdgeSession = components['schemas']['EdgeSession'];
export type EdgeStanding = components['schemas']['EdgeStanding'];
export type EdgeStatus = components['schemas']['EdgeStatus'];
export type EdgeTokenForm = components['schemas']['EdgeTokenForm'];
export type EndedSessions = components['schemas']['EndedSessions'];
export type EnrolmentAnswer = components['schemas']['EnrolmentAnswer'];
export type EnrolmentRequest = components['schemas']['EnrolmentRequest'];
export type EventId = components['schemas']['EventId'];
export type EventType = components['schemas']['EventType'];
export type FenceEnd = components['schemas']['FenceEnd'];
export type FenceEnding = components['schemas']['FenceEnding'];
export type FenceRecord = components['schemas']['FenceRecord'];
export type FieldError = components['schemas']['FieldError'];
export type FileId = components['schemas']['FileId'];
export type FileKind = components['schemas']['FileKind'];
export type FileLink = components['schemas']['FileLink'];
export type FirstResult = components['schemas']['FirstResult'];
export type GateSetting = components['schemas']['GateSetting'];
export type GateState = components['schemas']['GateState'];
export type GoodwillForm = components['schemas']['GoodwillForm'];
export type GrantForm = components['schemas']['GrantForm'];
export type GuessReport = components['schemas']['GuessReport'];
export type HandedDocument = components['schemas']['HandedDocument'];
export type HandedPicture = components['schemas']['HandedPicture'];
export type Hash = components['schemas']['Hash'];
export type HeadAnswer = components['schemas']['HeadAnswer'];
export type HelpfulCount = components['schemas']['HelpfulCount'];
export type Hop = components['schemas']['Hop'];
export type Hops = components['schemas']['Hops'];
export type HoursRange = components['schemas']['HoursRange'];
export type IdentityId = components['schemas']['IdentityId'];
export type IdentityItem = components['schemas']['IdentityItem'];
export type IdentityList = components['schemas']['IdentityList'];
export type InboxItem = components['schemas']['InboxItem'];
export type InboxKind = components['schemas']['InboxKind'];
export type InboxPage = components['schemas']['InboxPage'];
export type InlineAddress = components['schemas']['InlineAddress'];
export type Invitation = components['schemas']['Invitation'];
export type InvitationCode = components['schemas']['InvitationCode'];
export type IssuerVisit = components['schemas']['IssuerVisit'];
export type KeptMethod = components['schemas']['KeptMethod'];
export type KeptMethodForm = components['schemas']['KeptMethodForm'];
export type KeyKillForm = components['schemas']['KeyKillForm'];
export type KeyState = components['schemas']['KeyState'];
export type KindForm = components['schemas']['KindForm'];
export type KindPreference = components['schemas']['KindPreference'];
export type LeftBehind = components['schemas']['LeftBehind'];
export type LetterBoxes = components['schemas']['LetterBoxes'];
export type LetterBoxItem = components['schemas']['LetterBoxItem'];
export type LetterForm = components['schemas']['LetterForm'];
export type LetterItem = components['schemas']['LetterItem'];
export type LetterKind = components['schemas']['LetterKind'];
export type LimitReached = components['schemas']['LimitReached'];
export type LineId = components['schemas']['LineId'];
export type LinkForm = components['schemas']['LinkForm'];
export type LinkState = components['schemas']['LinkState'];
export type LoggedBefore = components['schemas']['LoggedBefore'];
export type LogHead = components['schemas']['LogHead'];
export type LoginForm = components['schemas']['LoginForm'];
export type Lost = components['schemas']['Lost'];
export type LostAcceptance = components['schemas']['LostAcceptance'];
export type MailAddress = components['schemas']['MailAddress'];
export type MailAddressForm = components['schemas']['MailAddressForm'];
export type MailCodeForm = components['schemas']['MailCodeForm'];
export type MatchReason = components['schemas']['MatchReason'];
export type MissingReason = components['schemas']['MissingReason'];
export type MissingSection = components['schemas']['MissingSection'];
export type ModerationForm = components['schemas']['ModerationForm'];
export type ModerationStep = components['schemas']['ModerationStep'];
export type MoneyAct = components['schemas']['MoneyAct'];
export type MoneyCase = components['schemas']['MoneyCase'];
export type MoneyDesk = components['schemas']['MoneyDesk'];
export type MoneyId = components['schemas']['MoneyId'];
export type MoneySum = components['schemas']['MoneySum'];
export type NearbyJob = components['schemas']['NearbyJob'];
export type NewKeyCode = components['schemas']['NewKeyCode'];
export type NewKeyForm = components['schemas']['NewKeyForm'];
export type NewUser = components['schemas']['NewUser'];
export type NextRight = components['schemas']['NextRight'];
export type NoticeForm = components['schemas']['NoticeForm'];
export type NoticeId = components['schemas']['NoticeId'];
export type NoticeItem = components['schemas']['NoticeItem'];
export type NoticeKind = components['schemas']['NoticeKind'];
export type NoticeList = components['schemas']['NoticeList'];
export type NotificationPreferences = components['schemas']['NotificationPreferences'];
export type OfferedIssuer = components['schemas']['OfferedIssuer'];
export type OfferedIssuers = components['schemas']['OfferedIssuers'];
export type OfflineRules = components['schemas']['OfflineRules'];
export type OpCommand = components['schemas']['OpCommand'];
export type OpKind = components['schemas']['OpKind'];
export type OpOutcome = components['schemas']['OpOutcome'];
export type OpPlace = components['schemas']['OpPlace'];
export type OpRecord = components['schemas']['OpRecord'];
export type OpState = components['schemas']['OpState'];
export type Order = components['schemas']['Order'];
export type OrderCode = components['schemas']['OrderCode'];
export type OrderForm = components['schemas']['OrderForm'];
export type OrderId = components['schemas']['OrderId'];
export type OrderMoney = components['schemas']['OrderMoney'];
export type OrderPage = components['schemas']['OrderPage'];
export type OrderParties = components['schemas']['OrderParties'];
export type OrderSort = components['schemas']['OrderSort'];
export type OrderStatus = components['schemas']['OrderStatus'];
export type OrderView = components['schemas']['OrderView'];
export type Outcome = components['schemas']['Outcome'];
export type OutcomeKind = components['schemas']['OutcomeKind'];
export type OwnCustomer = components['schemas']['OwnCustomer'];
export type OwnPermissions = components['schemas']['OwnPermissions'];
export type OwnPerson = components['schemas']['OwnPerson'];
export type OwnPhoto = components['schemas']['OwnPhoto'];
export type OwnProfile = components['schemas']['OwnProfile'];
export type OwnProvider = components['schemas']['OwnProvider'];
export type PageSection = components['schemas']['PageSection'];
export type PaidAfterwards = components['schemas']['PaidAfterwards'];
export type PaidOtherwiseForm = components['schemas']['PaidOtherwiseForm'];
export type PasswordForm = components['schemas']['PasswordForm'];
export type PasswordResetCode = components['schemas']['PasswordResetCode'];
export type PasswordResetForm = components['schemas']['PasswordResetForm'];
export type Payment = components['schemas']['Payment'];
export type PaymentCallback = components['schemas']['PaymentCallback'];
export type PaymentForm = components['schemas']['PaymentForm'];
export type PaymentMethod = components['schemas']['PaymentMethod'];
export type PaymentMethods = components['schemas']['PaymentMethods'];
export type PaymentStatus = components['schemas']['PaymentStatus'];
export type Permission = components['schemas']['Permission'];
export type PersonActItem = components['schemas']['PersonActItem'];
export type PersonDetail = components['schemas']['PersonDetail'];
export type PersonItem = components['schemas']['PersonItem'];
export type PhoneForm = components['schemas']['PhoneForm'];
export type PhoneLinkForm = components['schemas']['PhoneLinkForm'];
export type PictureBook = components['schemas']['PictureBook'];
export type PlatformFee = components['schemas']['PlatformFee'];
export type PlatformFeeForm = components['schemas']['PlatformFeeForm'];
export type Policy = components['schemas']['Policy'];
export type PortfolioItem = components['schemas']['PortfolioItem'];
export type Preferences = components['schemas']['Preferences'];
export type PreferencesForm = components['schemas']['PreferencesForm'];
export type PriceCap = components['schemas']['PriceCap'];
export type PriceCapBody = components['schemas']['PriceCapBody'];
export type Problem = components['schemas']['Problem'];
export type ProblemError = components['schemas']['ProblemError'];
export type ProfileForm = components['schemas']['ProfileForm'];
export type ProviderMatch = components['schemas']['ProviderMatch'];
export type ProviderMatches = components['schemas']['ProviderMatches'];
export type ProviderOffer = components['schemas']['ProviderOffer'];
export type ProviderReply = components['schemas']['ProviderReply'];
export type PublicProfile = components['schemas']['PublicProfile'];
export type PublishReply = components['schemas']['PublishReply'];
export type QuarantineStatus = components['schemas']['QuarantineStatus'];
export type QuarantineWhy = components['schemas']['QuarantineWhy'];
export type QuietHours = components['schemas']['QuietHours'];
export type RaceRule = components['schemas']['RaceRule'];
export type RatingDistribution = components['schemas']['RatingDistribution'];
export type RatingView = components['schemas']['RatingView'];
export type ReadItem = components['schemas']['ReadItem'];
export type ReadmittedEdge = components['schemas']['ReadmittedEdge'];
export type ReasonForm = components['schemas']['ReasonForm'];
export type Receipt = components['schemas']['Receipt'];
export type Reconciliation = components['schemas']['Reconciliation'];
export type ReconciliationFinding = components['schemas']['ReconciliationFinding'];
export type RefreshForm = components['schemas']['RefreshForm'];
export type Refund = components['schemas']['Refund'];
export type RefundForm = components['schemas']['RefundForm'];
export type RefundRequest = components['schemas']['RefundRequest'];
export type Region = components['schemas']['Region'];
export type RegionAssignment = components['schemas']['RegionAssignment'];
export type RegionLink = components['schemas']['RegionLink'];
export type RegionRecord = components['schemas']['RegionRecord'];
export type RegionStanding = components['schemas']['RegionStanding'];
export type RegionStatus = components['schemas']['RegionStatus'];
export type RegisterForm = components['schemas']['RegisterForm'];
export type RenewedAccess = components['schemas']['RenewedAccess'];
export type ReopenedAccount = components['schemas']['ReopenedAccount'];
export type RepairStatus = components['schemas']['RepairStatus'];
export type ReplayForm = components['schemas']['ReplayForm'];
export type ReplayItem = components['schemas']['ReplayItem'];
export type Replays = components['schemas']['Replays'];
export type Reply = components['schemas']['Reply'];
export type ReplyForm = components['schemas']['ReplyForm'];
export type ReportedReview = components['schemas']['ReportedReview'];
export type ReportForm = components['schemas']['ReportForm'];
export type ReportTaken = components['schemas']['ReportTaken'];
export type RetirementForm = components['schemas']['RetirementForm'];
export type RetriedAccept = components['schemas']['RetriedAccept'];
export type Review = components['schemas']['Review'];
export type ReviewForm = components['schemas']['ReviewForm'];
export type ReviewId = components['schemas']['ReviewId'];
export type ReviewRevision = components['schemas']['ReviewRevision'];
export type ReviewSort = components['schemas']['ReviewSort'];
export type ReviewStanding = components['schemas']['ReviewStanding'];
export type RevokeForm = components['schemas']['RevokeForm'];
export type Role = components['schemas']['Role'];
export type RoleForm = components['schemas']['RoleForm'];
export type RoleGift = components['schemas']['RoleGift'];
export type RoleItem = components['schemas']['RoleItem'];
export type RulesBody = components['schemas']['RulesBody'];
export type SendAnewForm = components['schemas']['SendAnewForm'];
export type SentCode = components['schemas']['SentCode'];
export type ServiceType = components['schemas']['ServiceType'];
export type Session = components['schemas']['Session'];
export type SessionId = components['schemas']['SessionId'];
export type SessionItem = components['schemas']['SessionItem'];
export type SettledLetters = components['schemas']['SettledLetters'];
export type ShareKind = components['schemas']['ShareKind'];
export type ShownLetters = components['schemas']['ShownLetters'];
export type SigningKeyItem = components['schemas']['SigningKeyItem'];
export type Source = components['schemas']['Source'];
export type StatementLine = components['schemas']['StatementLine'];
export type StatusForm = components['schemas']['StatusForm'];
export type StatusReport = components['schemas']['StatusReport'];
export type SubmissionForm = components['schemas']['SubmissionForm'];
export type TakeBackBody = components['schemas']['TakeBackBody'];
export type Text = components['schemas']['Text'];
export type TimelineEntry = components['schemas']['TimelineEntry'];
export type TokenForm = components['schemas']['TokenForm'];
export type TokenOwner = components['schemas']['TokenOwner'];
export type ToldReport = components['schemas']['ToldReport'];
export type TrackedOrder = components['schemas']['TrackedOrder'];
export type TrackedStep = components['schemas']['TrackedStep'];
export type TrackingReceipt = components['schemas']['TrackingReceipt'];
export type u64 = components['schemas']['u64'];
export type UnixMillis = components['schemas']['UnixMillis'];
export type UserId = components['schemas']['UserId'];
export type Verdict = components['schemas']['Verdict'];
export type VerificationAct = components['schemas']['VerificationAct'];
export type VerificationDecision = components['schemas']['VerificationDecision'];
export type VerificationRecord = components['schemas']['VerificationRecord'];
export type VerificationState = components['schemas']['VerificationState'];
export type VerificationStep = components['schemas']['VerificationStep'];
export type VisitForm = components['schemas']['VisitForm'];
export type WaitingAsk = components['schemas']['WaitingAsk'];
export type WaitingOpState = components['schemas']['WaitingOpState'];
export type WeekHours = components['schemas']['WeekHours'];
export type Winner = components['schemas']['Winner'];
export type WithdrawalForm = components['schemas']['WithdrawalForm'];
export type WithdrawnInvitation = components['schemas']['WithdrawnInvitation'];
export type WithdrawnJob = components['schemas']['WithdrawnJob'];
export type WithdrawnJobs = components['schemas']['WithdrawnJobs'];
export type WorkInVain = components['schemas']['WorkInVain'];
export type WorkPicture = components['schemas']['WorkPicture'];
export type $defs = Record<string, never>;
export interface operations {
    "auth.jwks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeadAnswer"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.asks": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WaitingAsk"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.retry_asks": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["CommandId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedAccept"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `op_not_stopped`: This entry does not wait for an operator.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignments"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.assignment": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                region: components["schemas"]["Region"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignmentRecord"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.assign": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                region: components["schemas"]["Region"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignmentBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignmentRecord"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `command_id_reused`: This command id has been used for something else.
             *     `edge_epoch_ended`: This epoch of the node has ended. Name its present one.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.cancel_fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["CancelFee"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.set_cancel_fee": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelFeeForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `fee_settled`: A fee is set and taken back until an hour before it begins. This one is nearer, or in force.
             *     `too_many_fees`: Twenty versions of this fee are to come already. Take one back first.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.take_back_cancel_fee": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                in_force_from: components["schemas"]["UnixMillis"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `fee_settled`: A fee is set and taken back until an hour before it begins. This one is nearer, or in force.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.cases": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description Defaults to both. */
                state?: components["schemas"]["CaseState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["CaseItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.case": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["u64"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseItem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.close_case": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["u64"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CaseEndForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseItem"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.take_case": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["u64"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseItem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.answers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["CommandId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["CommandAnswer"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.log": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                state?: components["schemas"]["DeliveryState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryLog"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.edges": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["EdgeItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Invitation"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationCode"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `edge_exists`: A node of this name already exists. Choose another name. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.retry": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                edge: components["schemas"]["EdgeId"];
                epoch: number;
                seq: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpPlace"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `op_not_stopped`: This entry does not wait for an operator.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.acts": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["EdgeAct"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.withdraw": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithdrawnInvitation"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `enrolment_code_used`: This node has used its code and is enrolled.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.disable": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DisablingForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DisabledEdge"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.rekey": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKeyForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKeyCode"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.left_behind": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OpRecord"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.readmit": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadmittedEdge"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.retire": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetirementForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DisabledEdge"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list_keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SigningKeyItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.kill_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyKillForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SigningKeyItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.rotate_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SigningKeyItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `key_too_new`: The next key is not known everywhere yet. Try again once it is trusted.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.letterBoxes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LetterBoxes"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.letters": {
        parameters: {
            query?: {
                /** @description The default is 50. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The name of a queue or an exchange. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShownLetters"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.dropLetters": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of a queue or an exchange. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledLetters"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.redriveLetters": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of a queue or an exchange. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledLetters"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.lost_acceptances": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["LostAcceptance"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.matches": {
        parameters: {
            query: {
                /** @description The day of the work. */
                day?: components["schemas"]["CalendarDay"];
                region: components["schemas"]["Region"];
                service_type: components["schemas"]["ServiceType"];
                /** @description The job's text, searched for the skills of providers. */
                text?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderMatches"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.cases": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["MoneyCase"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.close_case": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["u64"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CaseClosingForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MoneyCase"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.notice_record": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticeList"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.notify_by_email": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NoticeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticeItem"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.notify_by_sms": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NoticeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticeItem"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.op": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                edge: components["schemas"]["EdgeId"];
                epoch: number;
                seq: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpRecord"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.all": {
        parameters: {
            query?: {
                /** @description The order code, as people type it. */
                code?: string;
                /** @description The `next` of the page before. */
                cursor?: string;
                customer_id?: components["schemas"]["UserId"];
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The most items of the page. */
                limit?: number;
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                provider_id?: components["schemas"]["UserId"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                sort?: components["schemas"]["DeskSort"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Order"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.compensation": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompensationForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `no_work_in_vain`: This order has no case of work in vain by that provider.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `amount_mismatch`: This is not the amount that the order allows.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.goodwill": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GoodwillForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_refundable`: Nothing of this order can be sent back now.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `amount_mismatch`: This is not the amount that the order allows.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.money": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MoneyDesk"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.paid_otherwise": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaidOtherwiseForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `nothing_failed`: No refund of this order has failed.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.send_anew": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SendAnewForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `nothing_failed`: No refund of this order has failed.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.all_as_csv": {
        parameters: {
            query?: {
                /** @description The order code, as people type it. */
                code?: string;
                customer_id?: components["schemas"]["UserId"];
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                provider_id?: components["schemas"]["UserId"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.all_as_json": {
        parameters: {
            query?: {
                /** @description The order code, as people type it. */
                code?: string;
                customer_id?: components["schemas"]["UserId"];
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                provider_id?: components["schemas"]["UserId"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"][];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.callbacks": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PaymentCallback"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.platform_fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PlatformFee"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.set_platform_fee": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlatformFeeForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `fee_settled`: A fee is set and taken back until an hour before it begins. This one is nearer, or in force.
             *     `too_many_fees`: Twenty versions of this fee are to come already. Take one back first.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.take_back_platform_fee": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                in_force_from: components["schemas"]["UnixMillis"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `fee_settled`: A fee is set and taken back until an hour before it begins. This one is nearer, or in force.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.provider": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProvider"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.reject": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerificationDecision"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProvider"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.verify": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerificationDecision"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProvider"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.withdraw_all": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WithdrawalForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithdrawnJobs"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.queue": {
        parameters: {
            query?: {
                command?: components["schemas"]["CommandId"];
                /** @description The `next` of the page before. */
                cursor?: string;
                edge?: components["schemas"]["EdgeId"];
                /** @description The most items of the page. */
                limit?: number;
                state?: components["schemas"]["WaitingOpState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OpRecord"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.open_requests": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RefundRequest"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.grant": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: components["schemas"]["MoneyId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["GrantForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundRequest"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `refund_decided`: This request has been decided already.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `amount_mismatch`: This is not the amount that the order allows.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.refuse": {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key": string;
            };
            path: {
                id: components["schemas"]["MoneyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundRequest"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `refund_decided`: This request has been decided already.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.regions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RegionRecord"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.set_region": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                region: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GateSetting"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegionRecord"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.compare": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                region: components["schemas"]["Region"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComparisonReport"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replays"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.askReplay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replays"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.desk_list": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description `reported` by default. */
                state?: components["schemas"]["ReviewStanding"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["DeskReview"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.reported_review": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportedReview"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list_roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RoleItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.make_role": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleItem"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_exists`: A role of this name already exists. Choose another name.
             *     `too_many_roles`: There are as many roles as there may be. Remove one that nobody has.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.change_role": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleItem"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_exists`: A role of this name already exists. Choose another name.
             *     `role_built_in`: A built-in role can be neither changed nor removed. Make a role of your own instead.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.remove_role": {
        parameters: {
            query: {
                reason: string;
            };
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_built_in`: A built-in role can be neither changed nor removed. Make a role of your own instead.
             *     `role_in_use`: People still have this role. Give them another one first.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusReport"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list_people": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description A role's number. */
                role?: number;
                /** @description The beginning of a user name, or a complete email address. */
                search?: string;
                state?: components["schemas"]["AccountState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PersonItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.show_person": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonDetail"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.issue_reset": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasswordResetCode"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.readmit": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReopenedAccount"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.revoke": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClosedAccount"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.give_role": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleGift"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonDetail"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_fixed`: A provider's role stays as it is, and nobody becomes a provider later: jobs, profile and tablets belong to it.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list_of_person": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SessionItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.end_of_person": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
                session: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.queue": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description `waiting` by default. */
                state?: components["schemas"]["VerificationState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OwnProvider"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.show_address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAddress"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.change_address": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailAddressForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAddress"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `invalid_credentials`: The user name or the password is wrong.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.send_address_code": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAddress"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.confirm_address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailCodeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAddress"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `code_wrong`: The code is wrong.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `code_over`: This code was used already, is too old or was tried too often. Ask for a new one.
             *     `user_exists`: This user name or email is taken.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.code_offer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeOffer"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.send_code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PhoneForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentCode"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `codes_off`: Signing in by a code to your phone is not offered here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `code_not_sent`: The code could not be sent to your phone. Try again in a moment, or sign in by your password.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.sign_in_by_code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `code_wrong`: The code is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `phone_unknown`: No account has this phone number. Register first; on your account page you can link the number.
             *     `password_only`: The account of this number is more than a customer's. Sign in by its password.
             *     `revoked`: This account has been revoked.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `codes_off`: Signing in by a code to your phone is not offered here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `code_over`: This code was used already, is too old or was tried too often. Ask for a new one. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `registration_quota`: Too many accounts were made from this address today. Try again tomorrow.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.device_grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceGrantForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `providers_only`: Only providers can accept orders
             *     `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.edge_logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.edge_token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EdgeTokenForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list_identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityList"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.link_identity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VisitForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `identity_refused`: The other service's answer was not accepted.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `visit_over`: This sign-in was begun in another browser, is over or took too long. Begin again.
             *     `identity_taken`: This account of the other service belongs to another account here, or you have linked another one of it.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `issuer_away`: The other service does not answer. Try again in a moment.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.unlink_identity": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["IdentityId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `last_way_in`: You could not sign in any more without it. Ask an administrator for a code to set a password first.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.link_phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PhoneLinkForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `invalid_credentials`: The user name or the password is wrong.
             *     `code_wrong`: The code is wrong.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `codes_off`: Signing in by a code to your phone is not offered here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `identity_taken`: This account of the other service belongs to another account here, or you have linked another one of it.
             *     `code_over`: This code was used already, is too old or was tried too often. Ask for a new one.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_credentials`: The user name or the password is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.offered_issuers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedIssuers"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.begin_visit": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuerVisit"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `issuer_away`: The other service does not answer. Try again in a moment.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.begin_link": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuerVisit"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `invalid_credentials`: The user name or the password is wrong.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `issuer_away`: The other service does not answer. Try again in a moment.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.sign_in_elsewhere": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VisitForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `identity_refused`: The other service's answer was not accepted.
             *     `revoked`: This account has been revoked.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `visit_over`: This sign-in was begun in another browser, is over or took too long. Begin again.
             *     `user_exists`: This user name or email is taken.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `registration_quota`: Too many accounts were made from this address today. Try again tomorrow.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `issuer_away`: The other service does not answer. Try again in a moment.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.change_password": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `invalid_credentials`: The user name or the password is wrong.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.redeem_reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordResetForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_credentials`: The user name or the password is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPermissions"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RenewedAccess"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewUser"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_forbidden`: Your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `user_exists`: This user name or email is taken. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `registration_quota`: Too many accounts were made from this address today. Try again tomorrow.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.list": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SessionItem"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.end": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.end_others": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenOwner"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.show_customer": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.write_customer": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.earnings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Earnings"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_forbidden`: Your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["EdgeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeKey"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnrolmentRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolmentAnswer"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `enrolment_code_invalid`: This enrolment code is unknown, used or expired. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.show_file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.link_to_file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileLink"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.show_file_by_link": {
        parameters: {
            query: {
                /** @description In milliseconds since 1970. */
                expires: number;
                /** @description In hexadecimal digits. */
                signature: string;
            };
            header?: never;
            path: {
                id: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `link_invalid`: This link is not valid, or no longer so. Load the page anew. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.list": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description IANA zone for times in sentences. Your preferences apply if it is missing or invalid. */
                time_zone?: string;
                /** @description `1` returns only unread lines. */
                unread?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboxPage"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.read": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadItem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPreferences"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "notification.write": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreferencesForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPreferences"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.mine": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The most items of the page. */
                limit?: number;
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                sort?: components["schemas"]["OrderSort"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Order"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.publish": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrderForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishReply"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_open_orders`: You have as many open orders as one customer may. Cancel one that you no longer need, or wait until one is done.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.order": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `permission_missing`: Your role does not include this work. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.accept": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `order_already_accepted`: Order has been accepted by another provider
             *     `order_not_approved`: This order still waits for approval.
             *     `order_cancelled`: This order has been cancelled.
             *     `order_rejected`: This order was not approved.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `providers_only`: Only providers can accept orders
             *     `not_yours`: This order is not yours.
             *     `not_verified`: Only a provider whom an administrator has verified may accept. Ask for it on your profile page.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `command_id_reused`: This command id has been used for something else.
             *     `region_assigning_offline`: This region assigns its orders at its own node, which is out of reach.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.approve": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.cancel": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `order_cancelled`: This order has been cancelled.
             *     `order_rejected`: This order was not approved.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `terms_changed`: The price of this cancel has changed. Nothing was done; look at it again.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.cancellation_of": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cancellation"];
                };
            };
            /**
             * @description `order_cancelled`: This order has been cancelled.
             *     `order_rejected`: This order was not approved.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.complete": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.orderPage": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `permission_missing`: Your role does not include this work. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `timed_out`: This took too long. Try again. */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.reject": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.of_order": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.start": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             *     `funds_not_held`: Work starts once the customer's payment is held.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.statement": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["StatementLine"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `permission_missing`: Your role does not include this work. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.status": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatusForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `providers_only`: Only providers can accept orders
             *     `permission_missing`: Your role does not include this work.
             *     `not_yours`: This order is not yours.
             *     `not_verified`: Only a provider whom an administrator has verified may accept. Ask for it on your profile page.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.timeline": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TimelineEntry"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `permission_missing`: Your role does not include this work. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.receipt": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrackingReceipt"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.withdraw": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReasonForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandReply"];
                };
            };
            /**
             * @description `malformed_body`: The body could not be read.
             *     `wrong_state`: The order's state does not allow this.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `not_yours`: This order is not yours.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.available": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The most items of the page. */
                limit?: number;
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                sort?: components["schemas"]["OrderSort"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Order"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_forbidden`: Your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.own_as_csv": {
        parameters: {
            query?: {
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.own_as_json": {
        parameters: {
            query?: {
                /** @description Orders published at or after this moment. */
                from?: components["schemas"]["UnixMillis"];
                /** @description The highest price. */
                price_max?: components["schemas"]["Amount"];
                /** @description The lowest price. */
                price_min?: components["schemas"]["Amount"];
                region?: components["schemas"]["Region"];
                service_type?: components["schemas"]["ServiceType"];
                status?: components["schemas"]["OrderStatus"];
                /**
                 * @description Search terms that must all occur in title, description, address or code. A page may then
                 *     have fewer items than `limit`, even zero, and still name a next page: each page scans a
                 *     limited number of orders.
                 */
                text?: string;
                /** @description Orders published before this moment. */
                until?: components["schemas"]["UnixMillis"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"][];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.paid_afterwards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PaidAfterwards"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.payments": {
        parameters: {
            query: {
                order_id: components["schemas"]["OrderId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Payment"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.pay": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `order_not_payable`: This order cannot be paid now: it needs a provider, and it may not be cancelled.
             *     `already_paid`: This order has been paid already.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `amount_mismatch`: This is not the amount that the order allows.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.payment": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["MoneyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.usual_callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `signature_wrong`: The signature of this message is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.callback": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                adapter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `signature_wrong`: The signature of this message is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentMethods"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.keep_method": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                method: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeptMethodForm"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.remove_method": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                method: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.reconciliation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.reconcile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.show_provider": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicProfile"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.write_provider": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.rating": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RatingView"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.about_provider": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                sort?: components["schemas"]["ReviewSort"];
            };
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Review"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.refund_requests": {
        parameters: {
            query: {
                order_id: components["schemas"]["OrderId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RefundRequest"][];
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.ask": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundRequest"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `order_not_payable`: This order cannot be paid now: it needs a provider, and it may not be cancelled.
             *     `not_refundable`: Nothing of this order can be sent back now.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `amount_mismatch`: This is not the amount that the order allows.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.region_links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RegionLink"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.submit": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReviewForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `order_not_found`: This order does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `order_not_completed`: An order can be reviewed once its work is complete.
             *     `order_unpaid`: This work is not paid for yet. It can be reviewed once it is.
             *     `already_reviewed`: This order has been reviewed already.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.revise": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReviewRevision"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `review_fixed`: This review can no longer be changed: its provider has replied, or its time for changes is over.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.vote": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HelpfulCount"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             *     `own_review`: This review is your own, or about your own work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.unvote": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HelpfulCount"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             *     `own_review`: This review is your own, or about your own work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.hide": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModerationForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeskReview"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.show_picture": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["ReviewId"];
                image: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.reply": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplyForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.report": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReportForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportTaken"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             *     `own_review`: This review is your own, or about your own work.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.restore": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["ReviewId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModerationForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeskReview"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `permission_missing`: Your role does not include this work.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.hand_in": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/pdf": string;
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HandedPicture"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `file_kind_refused`: Files of this kind are not taken here. Send a picture as JPEG, PNG or WebP; a certificate may also be a PDF. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `file_not_plain`: This file holds something else beside its picture or pages, such as a script or another file. Save it anew without that.
             *     `picture_unreadable`: This file is damaged and cannot be opened.
             *     `picture_too_large`: This picture has more than 52 million pixels, or far more than a photograph of its bytes. Make it smaller first.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_files`: You have handed in as many files as one person may. Try again tomorrow.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.search": {
        parameters: {
            query: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
                /** @description Limits the search to one provider. */
                provider_id?: components["schemas"]["UserId"];
                /** @description At most 100 characters. Finds reviews that contain all of these words. */
                q: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Review"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.signIn": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_credentials`: The user name or the password is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign_page`: This request does not come from a page of this site. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.signOut": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended everywhere. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.signInByCode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `code_wrong`: The code is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `phone_unknown`: No account has this phone number. Register first; on your account page you can link the number.
             *     `password_only`: The account of this number is more than a customer's. Sign in by its password.
             *     `revoked`: This account has been revoked.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `codes_off`: Signing in by a code to your phone is not offered here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `code_over`: This code was used already, is too old or was tried too often. Ask for a new one. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `registration_quota`: Too many accounts were made from this address today. Try again tomorrow.
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.signInBack": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VisitForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `identity_refused`: The other service's answer was not accepted.
             *     `revoked`: This account has been revoked.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `visit_over`: This sign-in was begun in another browser, is over or took too long. Begin again.
             *     `user_exists`: This user name or email is taken.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `registration_quota`: Too many accounts were made from this address today. Try again tomorrow.
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `unavailable`: This part of the service is out of reach. Try again shortly.
             *     `issuer_away`: The other service does not answer. Try again in a moment.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "payment.mine": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["StatementLine"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role_forbidden`: Your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.stream": {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that was received. The stream continues after it. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_streams`: Too many of your pages are open at once. Close another tab.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "order.track": {
        parameters: {
            query?: {
                /** @description The secret of the receipt. */
                s?: string;
            };
            header?: never;
            path: {
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrackedOrder"];
                };
            };
            /**
             * @description `not_found`: There is nothing here.
             *     `order_not_found`: This order does not exist.
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "auth.show_account": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountView"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `permission_missing`: Your role does not include this work. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.write_person": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddressBook"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.add": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressForm"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddressBook"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.edit": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddressBook"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.remove": {
        parameters: {
            query: {
                /** @description The version that the client read. */
                version: number;
            };
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddressBook"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.certify": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CertificationForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProvider"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.hand_in_document": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/pdf": string;
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HandedDocument"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `file_kind_refused`: Files of this kind are not taken here. Send a picture as JPEG, PNG or WebP; a certificate may also be a PDF. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `file_not_plain`: This file holds something else beside its picture or pages, such as a script or another file. Save it anew without that.
             *     `picture_unreadable`: This file is damaged and cannot be opened.
             *     `picture_too_large`: This picture has more than 52 million pixels, or far more than a photograph of its bytes. Make it smaller first.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_files`: You have handed in as many files as one person may. Try again tomorrow.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.set_photo": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/pdf": string;
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPhoto"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `file_kind_refused`: Files of this kind are not taken here. Send a picture as JPEG, PNG or WebP; a certificate may also be a PDF. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `file_not_plain`: This file holds something else beside its picture or pages, such as a script or another file. Save it anew without that.
             *     `picture_unreadable`: This file is damaged and cannot be opened.
             *     `picture_too_large`: This picture has more than 52 million pixels, or far more than a photograph of its bytes. Make it smaller first.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_files`: You have handed in as many files as one person may. Try again tomorrow.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.remove_photo": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPhoto"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.add_picture": {
        parameters: {
            query: {
                caption: string;
            };
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/pdf": string;
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PictureBook"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `file_kind_refused`: Files of this kind are not taken here. Send a picture as JPEG, PNG or WebP; a certificate may also be a PDF. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `file_not_plain`: This file holds something else beside its picture or pages, such as a script or another file. Save it anew without that.
             *     `picture_unreadable`: This file is damaged and cannot be opened.
             *     `picture_too_large`: This picture has more than 52 million pixels, or far more than a photograph of its bytes. Make it smaller first.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `too_many_files`: You have handed in as many files as one person may. Try again tomorrow.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.caption_picture": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CaptionForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PictureBook"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.remove_picture": {
        parameters: {
            query: {
                /** @description The version that the client read. */
                version: number;
            };
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: components["schemas"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PictureBook"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.write": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProfile"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `stale_version`: This has changed since you read it. Load it again, then make your change.
             *     `command_id_reused`: This command id has been used for something else.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "review.mine": {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description The most items of the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Review"][];
                        /** @description The cursor of the next page, if there is one. */
                        next: string | null;
                    };
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "user.submit": {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeat harmless: the same request under the same key is done once, and each repeat has the same answer. A UUID, or any other text of up to 255 characters. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SubmissionForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnProvider"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `role_forbidden`: Your role may not do this.
             *     `csrf_token_wrong`: This page's sign-in is an old one. Load the page again.
             *     `foreign_page`: This request does not come from a page of this site.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `command_id_reused`: This command id has been used for something else. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.board": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Board"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `token_expired`: Your sign-in has expired. Sign in again.
             *     `session_ended`: This sign-in has been ended. Sign in again.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `revoked`: This account has been revoked.
             *     `device_closed`: This tablet may no longer be used with this sign-in. Sign in again, or use another tablet.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_requests`: Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CmdFrame"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `token_expired`: Your sign-in has expired. Sign in again.
             *     `session_ended`: This sign-in has been ended. Sign in again.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `providers_only`: Only providers can accept orders
             *     `role_forbidden`: Your role may not do this.
             *     `revoked`: This account has been revoked.
             *     `device_closed`: This tablet may no longer be used with this sign-in. Sign in again, or use another tablet.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `invalid_input`: Some fields need correcting.
             *     `unknown_op`: This version does not know the command.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "hub.open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the summary says. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `edge_unknown`: This node is not enrolled.
             *     `edge_clock_wrong`: The clock of this node is wrong: its token is not of this time. The answer says what time it is.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `edge_disabled`: An operator has disabled this node. It is let in again with a new enrolment code. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "gateway.document": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.show": {
        parameters: {
            query?: {
                device?: components["schemas"]["DeviceId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeSession"];
                };
            };
            /**
             * @description `invalid_token`: Invalid token
             *     `token_expired`: Your sign-in has expired. Sign in again.
             *     `session_ended`: This sign-in has been ended. Sign in again.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `revoked`: This account has been revoked.
             *     `device_closed`: This tablet may no longer be used with this sign-in. Sign in again, or use another tablet.
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `device_in_use`: Somebody else is still signed in on this tablet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.sign_in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EdgeLoginForm"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeGrant"];
                };
            };
            /** @description `malformed_body`: The body could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_credentials`: The user name or the password is wrong. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `account_locked`: Too many wrong passwords. Try again later.
             *     `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again.
             *     `too_many_requests`: Too Many Requests
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.sign_out": {
        parameters: {
            query?: {
                device?: components["schemas"]["DeviceId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid_token`: Invalid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid_input`: Some fields need correcting. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too Many Requests: you have asked too often. Wait a little and try again. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: This part of the service is out of reach. Try again shortly. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "edge.standing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EdgeStanding"];
                };
            };
        };
    };
}
