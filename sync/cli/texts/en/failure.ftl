# Why a run could not do what it was asked. Where there are several lines, the last is the next step.

failure = holdfast: { $sentence }

unwritten =
    the answer could not be written: { $cause }
    make room where the output goes, and run it again
unreachable =
    cannot reach { $url }: { $cause }
    check that the platform runs and that --url names its gateway
too-slow =
    { $url } did not answer within { $seconds } s
    try again, or allow more with --timeout
unreadable =
    { $url } gave an answer of a form that is not known here
    check that --url names a Holdfast gateway of this version
foreign-answer =
    { $url } answered HTTP { $status }, and not as a Holdfast gateway does
    check that --url names a gateway, and what stands before it
nothing-there =
    there is nothing at { $path } of { $url }
    check the name, and that --url names a Holdfast gateway of this version
no-platform =
    no running platform is known here
    start one with `cargo xtask up`, or name a gateway with --url or HOLDFAST_URL
several-platforms =
    several platforms are known here: { $gateways }
    name one with --url or HOLDFAST_URL
token-in-the-clear =
    the sign-in would go to { $url } unprotected: anyone on the way could read it and act as you
    use https://, or a tunnel to this machine; --token-in-the-clear (or HOLDFAST_TOKEN_IN_THE_CLEAR=1) sends it all the same
token-is-in-the-clear = holdfast: WARNING: the sign-in goes to { $url } unprotected; anyone on the way can read it
no-sign-in =
    no one is signed in at { $url }
    `holdfast login --url { $url } USER` signs an admin in
sign-in-over =
    the sign-in at { $url } has ended
    `holdfast login --url { $url } USER` signs in again
no-password =
    the password could not be read: { $cause }
    run it at a terminal, or give password and code to --password-stdin, a line each
sign-in-unusable =
    the stored sign-in { $path } cannot be used: { $cause }
    mend or delete that file, or name another folder in HOLDFAST_CONTEXT_DIR
roots-unreadable =
    the authorities in { $path } cannot be read: { $cause }
    name a file with their certificates in HOLDFAST__TLS__ROOTS
roots-unusable =
    { $path } holds no certificates of authorities
    name a PEM file with them in HOLDFAST__TLS__ROOTS

# What stood in the way of a call or a file.
cause-refused = nothing listens there
cause-no-such-host = no machine has this name
cause-no-route = no way leads there from this network
cause-timed-out = no answer in time
cause-broken = the connection broke off
cause-certificate = its certificate is not of an authority that is trusted here (HOLDFAST__TLS__ROOTS names more)
cause-certificate-time = its certificate is not valid at the time of this machine
cause-no-tls = it does not speak TLS as it is spoken here (is it http:// instead of https://?)
cause-no-file = there is no such file
cause-not-allowed = this user may not
cause-disk-full = the disk is full
cause-unknown-form = it has a form that is not known here

# What to do after a refusal.
set-up-in-portal = sign in at { $url } in a browser once and set it up there
codes-in-portal = passkeys work only in a browser: sign in at { $url } and get recovery codes there
sign-in-anew = `holdfast login --url { $url } USER` signs an admin in
try-again = try again in { $seconds } s
see-what-is-missing = GET /health/ready at the operator's port of the gateway { $url } names what is missing

unknown-edge =
    no edge { $edge } is enrolled
    `holdfast edges` lists them
edge-not-in-service =
    no edge { $edge } has enrolled
    `holdfast edges` lists them; `holdfast enrol withdraw { $edge }` forgets a code that was never used
unknown-edge-of-region =
    no edge { $edge } is enrolled in { $region }
    `holdfast edges` lists them
holder-is-disabled =
    { $edge } is out of service: its key is refused, so it cannot hold the right to assign
    `holdfast edges rekey { $edge }` lets it in again; `holdfast edges` lists the others
unknown-person =
    there is no provider { $person }
    `holdfast conflicts` shows the ids of providers
unknown-op =
    the hub has no op { $place }
    it was not received yet, or it is older than the log that is kept; `holdfast edges` shows how far each log was received
unknown-id =
    the cloud knows no order and no command { $id }
    an edge that is cut off may know it; try again once its link is up
unknown-code =
    the cloud knows no order { $code }
    an edge that is cut off may know it; try again once its link is up
unknown-conflict =
    there is no conflict { $name }
    `holdfast conflicts` lists them
shared-code =
    { $count } orders share the code { $code }
    name one by its id: { $ids }
not-a-name =
    `{ $name }` names nothing
    give an order's id or its code (N-7F3K9Q), an op (north-1/1/17), a command's id, or a conflict (lost-12)
not-to-retry =
    `{ $name }` names nothing to hand in again
    give an op, for example north-1 17, or the command id of an acceptance made at the portal
not-waiting-op =
    no undecided op { $place } is at the hub
    `holdfast queue { $edge }` lists those that wait
not-waiting-accept =
    no acceptance { $id } waits at the hub
    `holdfast queue` lists those that wait
