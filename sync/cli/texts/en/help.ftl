# The help of each command: what it does, and below it each of its arguments by name.

help-holdfast =
    Watch and steer a Holdfast platform
    url: The gateway's address; by default the one platform that `up` started here
    token_in_the_clear: DANGEROUS: send the token over plain http:// to another machine, where everybody on the way can read it
    json: Answer in JSON
    lang: The language of answers; by default the environment's
    timeout: How long one request may take, by default 10; of `wait`: how long to wait at all, by default 60
help-status = Every region and its edges, and what is not as it should be (exit 3)
help-edges = Every edge: its link, its log, what waits there, its right to assign, and its machine
help-queue =
    What the hub holds undecided and why, and what ended epochs left behind
    edge: Only that of one edge, such as north-1
    limit: How many ops to show, those that need a person first
help-queue-retry =
    Hand an op, or an accept made at the portal, in again that waits for an operator
    what: The edge's name, such as north-1; of an accept made at the portal: its command's id
    seq: The op's place in the log of its epoch
    epoch: The epoch, where it is not the one that the edge has now
help-conflicts =
    Acceptances that lost and cases that wait for a person, newest first
    limit: How many to show
    cursor: Where the page before ended
help-explain =
    Who did what, when at each hop, who won, and why others lost: of an order, an op or a conflict
    what: An order's id or code (N-7F3K9Q), an op (north-1/1/17), a command's id, or a conflict (lost-12)
help-enrol =
    Make a one-time code for a new edge, and the command to run on its machine
    region: NORTH, SOUTH, EAST, WEST or MID
    name: The edge's name, such as north-2
help-wait =
    Wait until something is so; exit 8 when time is up, with what was still missing
    conditions: links-up, synced, synced=REGION, drained, or order=ID:STATUS; several must all be so
help-link =
    Close or open the gate between a region's edges and the cloud
    action: `cut` closes the gate, `heal` opens it
    region: NORTH, SOUTH, EAST, WEST or MID
help-readmit =
    Take note of an edge that was restored, and let it in where it was stopped for that
    edge: The edge's name, such as north-1
help-withdraw =
    Withdraw every job that a provider has in hand, such as a revoked one
    person: The provider's id, as `holdfast conflicts` shows it
    why: Goes on record, to the provider and to each customer
help-lease = A region's policy and the edge that holds the right to assign
help-lease-show =
    How a region assigns, who holds the right, and how earlier rights ended
    region: NORTH, SOUTH, EAST, WEST or MID
help-lease-set =
    Set the policy; a right that is held ends only when its holder gives it back
    region: NORTH, SOUTH, EAST, WEST or MID
    policy: `optimistic`: the first to reach the cloud wins; `exclusive`: one edge assigns
    holder: With `exclusive`: the edge that is to hold the right
help-lease-take-back =
    Take the right back without its holder's word; what it promised may then be lost
    region: NORTH, SOUTH, EAST, WEST or MID
    why: Goes on record, and to whoever loses by it
