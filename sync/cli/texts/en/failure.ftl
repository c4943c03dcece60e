# Why a run could not do what it was asked. Where there are several lines, the last is the next step.

failure = holdfast: { $sentence }

unreachable =
    cannot reach { $url }: { $cause }
    check that the platform runs and that --url names its gateway
too-slow =
    { $url } did not answer within { $seconds } s
    try again, or allow more with --timeout
unreadable =
    { $url } answered strangely: { $cause }
    check that --url names a Holdfast gateway of this version
no-platform =
    no running platform is known here
    start one with `cargo xtask up`, or name a gateway with --url or HOLDFAST_URL
several-platforms =
    several platforms run here: { $gateways }
    name one with --url or HOLDFAST_URL
token-in-the-clear =
    the token would go to { $url } unprotected: everybody on the way could read it and act as you
    use https://, or a tunnel to this machine; --token-in-the-clear (or HOLDFAST_TOKEN_IN_THE_CLEAR=1) sends it all the same
token-is-in-the-clear = holdfast: WARNING: the token goes to { $url } unprotected; everybody on the way can read it
no-sign-in = no operator sign-in is known for { $url }

# What to do after a refusal.
get-a-token = get a new access token of an admin from POST { $url }/api/v1/auth/login, and set HOLDFAST_TOKEN to it
try-again = try again in { $seconds } s
see-what-is-missing = GET /health/ready at the operator's port of the gateway { $url } names what is missing

unknown-edge =
    no edge { $edge } is enrolled
    `holdfast edges` lists them
unknown-edge-of-region =
    no edge { $edge } is enrolled in { $region }
    `holdfast edges` lists them
unknown-op =
    the hub has no op { $place }
    it was not received yet, or it is older than the log that is kept; `holdfast edges` shows each edge's cursor
unknown-id =
    the cloud knows no order and no command { $id }
    what was done at a cut-off edge is known there first; try again once its link is up
unknown-code =
    the cloud knows no order { $code }
    an order made at a cut-off edge is known there first; try again once its link is up
unknown-conflict =
    there is no conflict { $name }
    `holdfast conflicts` lists them
shared-code =
    { $count } orders share the code { $code }
    name one by its id: { $ids }
not-a-name = `{ $name }` is no id, no code such as N-7F3K9Q, no op such as north-1/1/17, and no conflict such as lost-12
not-to-retry =
    nothing is named { $name } that could be retried
    name an op, such as north-1 17, or an accept's command id
