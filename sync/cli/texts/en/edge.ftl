# `holdfast enrol`, `link` and `readmit`: what was done. The last line is the next step.

enrol-invited =
    + { $name } may enrol once, until { $until }. The code is shown only now.
    { "    " }Run this on the new machine:
enrol-package = With the Debian package, run this there instead. It asks for the code { $code }:
enrol-next = `holdfast wait --for links-up` ends when it is connected. From then on it needs no code.
enrol-voids-code = ! The code that was made for this name before opens nothing any more.
enrol-only-here = ! That GATEWAY_URL works on this machine only. For an edge on another machine, put in the address at which it reaches the gateway.
enrol-plain-line = ! An edge refuses plain http:// to another machine. Put in an https:// address as GATEWAY_URL.
enrol-trust-page = Once it runs, { $address } shows in the shop how a tablet comes to trust it.
enrol-exists =
    { $name } already exists; choose another name
    `holdfast edges` lists the names in use
code-withdrawn =
    + { $edge }: the code is withdrawn, and the name is free again.
    `holdfast enrol REGION NAME` makes a new code

link-cut =
    + { $region }: the gate is closed. Its edges work by themselves.
    `holdfast link heal { $region }` opens it again
link-healed =
    + { $region }: the gate is open. Its edges reconnect by themselves within half a minute.
    `holdfast status` shows when they have caught up
readmitted =
    + { $edge }: noted. It may begin new epochs again, and calls by itself within half a minute.
    `holdfast status` shows whether it has caught up
readmitted-nothing =
    + { $edge }: there was nothing to note, for it was not restored since an operator noted it last.
    `holdfast status` shows how it is

edge-is-disabled =
    + { $edge } is disabled: its key is refused. What it sent since { $since } is rejected where it was undecided, and listed where it was decided.
    { "    " }{ $cases ->
        [0] no case
        [one] { $cases } case
       *[other] { $cases } cases
    } to look at; { $undecided ->
        [0] nothing waits
        [one] { $undecided } entry waits
       *[other] { $undecided } entries wait
    } for a decision.{ $settled ->
        [no] { " " }The order service is out of reach: rights and cases follow.
       *[yes] { "" }
    }
    `holdfast conflicts` lists the cases, `holdfast edges rekey { $edge }` lets it in again
edge-is-retired =
    + { $edge } is retired: its key is refused, and `status` shows it no more.
    { "    " }{ $undecided ->
        [0] nothing of it waits
        [one] { $undecided } entry of it still waits
       *[other] { $undecided } entries of it still wait
    } for a decision; { $not_received ->
        [0] it had told of nothing more
        [one] { $not_received } entry that it had told of has not arrived
       *[other] { $not_received } entries that it had told of have not arrived
    }.
    `holdfast edges --retired` lists it, `holdfast edges rekey { $edge }` lets it in again
edge-gets-a-key =
    + { $edge } gets a new key with this code, until { $until }. The code is shown only now. { $old ->
        [kept] Its old key counts until then.
        [disabled] It is out of service, so its old key stays refused; this code lets it in again.
       *[refused] Its old key is refused from now on.
    }
    { "    " }Start it again with this in its environment:
edge-key-next = `holdfast wait --for links-up` ends when it is connected.
edge-record-none = nothing was done to this edge
edge-record-columns = AT | ACT | NOTHING BELIEVED SINCE | BY | WHY
edge-act = { $act ->
    [disabled] disabled
    [retired] retired
    [rekeyed] new key, old one refused
    [rotated] new key, old one kept until then
   *[other] { $act }
}
