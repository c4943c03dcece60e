# The help of each command: what it does, and below it each of its arguments by name.

help-holdfast =
    Watch and steer a Holdfast platform
    url: The gateway's address; by default the one platform that is known here
    token_in_the_clear: DANGEROUS: send the sign-in over plain http:// to another machine, where anyone on the way can read it
    json: Answer in JSON
    width: Lay the answer out for so many columns; by default COLUMNS, else the terminal's width. A pipe gets whole lines, and tables with tabs
    lang: The language of answers; by default the environment's
    timeout: Time limit of one request, by default 10; of `wait`: of the whole wait, by default 60
help-status = Show every region and its edges, and everything that is wrong (exit 3)
help-edges =
    Show every edge: its link, its log, its waiting ops, its right to assign, and its machine
    retired: Also those that are retired
help-edges-disable =
    Refuse the key of an edge at once, end its rights, and believe nothing that it sent since a moment
    edge: The edge's name, such as north-1
    since: When it was last in good hands: 2026-11-22T14:00Z, or 90m, 2h or 3d ago
    why: Recorded, and sent to the people who lose by it
help-edges-rekey =
    Refuse the key of an edge at once, and make a code that gives it another; a disabled one comes back by it
    edge: The edge's name, such as north-1
    why: Goes on record
help-edges-rotate =
    Make a code that gives an edge another key; the one that it has counts until then
    edge: The edge's name, such as north-1
help-edges-retire =
    Take an edge out of service for good
    edge: The edge's name, such as north-1
    why: Goes on record
help-edges-record =
    What operators did to an edge: when, by whom and why
    edge: The edge's name, such as north-1
help-edges-ca =
    Show the certificate authority that tablets must trust, with its fingerprint
help-queue =
    Show the ops that the hub has not decided and why, and those that ended epochs left behind
    edge: Only those of one edge, such as north-1
    limit: Number of ops to show; those that need a person come first
help-queue-retry =
    Hand in again an op, or an acceptance made at the portal, that waits for an operator
    what: The edge's name, such as north-1; of an acceptance made at the portal: its command's id
    seq: The op's place in the log of its epoch
    epoch: The epoch, where it is not the one that the edge has now
help-conflicts =
    Show acceptances that lost, and cases that wait for a person, newest first
    limit: Number of conflicts to show
    cursor: The end of the page before
help-promises =
    Show what edges answered firm, mostly while they were cut off, newest first, and what became of it
    region: NORTH, SOUTH, EAST, WEST or MID
    edge: The edge that answered
    since: Decided by the cloud at this moment and later: 2026-11-22T14:00Z, or 90m, 2h, 3d ago
    limit: Number of answers to show
    place: The end of the page before
help-explain =
    Tell the story of an order, an op, a command or a conflict: who did what and when, who won, and why
    what: An order's id or code (N-7F3K9Q), an op (north-1/1/17), a command's id, or a conflict (lost-12)
help-trace =
    Follow one order from the tap to every place it reached: the time at each hop, and what has not happened yet
    order: An order's id or code (N-7F3K9Q)
help-enrol =
    Make a one-time code for a new edge, and the command to run on its machine
    region: NORTH, SOUTH, EAST, WEST or MID
    name: The edge's name, such as north-2
help-enrol-withdraw =
    Withdraw the code of an edge that has not used it
    edge: The edge's name, such as north-2
help-login =
    Sign in at a gateway; the sign-in is kept here and renewed for twelve hours
    username: The user's name
    password_stdin: Read the password, and on a next line the code of a second factor, from standard input
help-logout = End the sign-in that is kept for a gateway
help-token =
    Print the access token, for other programs
    region: Print a token for the edges of this region, which opens nothing in the cloud
help-wait =
    Wait until every condition is met; exit 8 when time is up, and name what is missing
    conditions: links-up, synced, synced=REGION, drained, or order=ID:STATUS; several must all be met
help-link =
    Close or open the gate between a region's edges and the cloud
    action: `cut` closes the gate, `heal` opens it
    region: NORTH, SOUTH, EAST, WEST or MID
help-readmit =
    Note an edge that was restored, and let it in if it was refused for that
    edge: The edge's name, such as north-1
help-withdraw =
    Withdraw every job that a provider has in hand, for example a revoked one
    person: The provider's user name, or the id that `holdfast conflicts` shows
    why: Goes on record, to the provider and to each customer
help-lease = Show or change a region's policy and the edge that holds the right to assign
help-lease-show =
    Show how a region assigns, who holds the right, and how earlier rights ended
    region: NORTH, SOUTH, EAST, WEST or MID
help-lease-set =
    Set the policy; a right that is held ends only when its holder gives it back
    region: NORTH, SOUTH, EAST, WEST or MID
    policy: `optimistic`: the first to reach the cloud wins; `exclusive`: one edge assigns
    holder: With `exclusive`: the edge that is to hold the right
help-lease-take-back =
    Take the right back without its holder's word; promises under it may then be lost
    region: NORTH, SOUTH, EAST, WEST or MID
    why: Recorded, and sent to the people who lose by it
help-keys = Show the keys that sign people's tokens, newest first: which one signs, and when the next may
help-keys-rotate =
    Let the next key sign from now on; no one has to sign in again
    why: Goes on record
help-keys-kill =
    End a stolen key at once, with all its tokens; the people who have one sign in again
    kid: The key's name, as `holdfast keys` shows it
    why: Goes on record
help-dlq = Events that wait for a person: show them, send them back, drop them, and replay events to a queue
help-dlq-list = Show where events wait, and how many
help-dlq-show =
    Show the events that wait in one place, oldest first, and why
    place: A queue or an exchange, as `holdfast dlq list` shows it
    limit: At most so many
help-dlq-redrive =
    Send events back to their queue; those that found none are published once more
    place: A queue or an exchange, as `holdfast dlq list` shows it
    events: Ids, as `holdfast dlq show` shows them
    all: Everything that waits there
help-dlq-drop =
    Drop events that wait, for ever
    place: A queue or an exchange, as `holdfast dlq list` shows it
    events: Ids, as `holdfast dlq show` shows them
    all: Everything that waits there
help-dlq-replay =
    Send a queue the kept events that it missed; its consumer knows those that it has had
    queue: A queue, as `holdfast dlq list` shows it
    since: Events of this moment and later: 2026-11-22T14:00Z, or 90m, 2h, 3d ago
