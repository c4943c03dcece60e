# What `holdfast status` complains of. First line: the problem. Last line: the next step.

complaint-gate-closed =
    the gate is closed: its edges work by themselves and cannot reach the cloud
    `holdfast link heal { $region }` opens it
complaint-contradicted =
    the order service and the hub said different things about an order ({ $times } so far); the order service's content counts, and an order that it does not know is kept
    find the order in the hub's log: it was written twice, or the order service was restored to an earlier state
complaint-asks-stopped =
    { $count ->
        [one] { $count } acceptance
       *[other] { $count } acceptances
    } made at the portal could not be decided and { $count ->
        [one] waits
       *[other] wait
    } for an operator
    `holdfast queue` lists them and says how to hand them in again
complaint-no-edge =
    no edge is enrolled, so no one can work here while the network is down
    `holdfast enrol { $region } NAME` makes a code and prints the command that starts the new edge
complaint-nobody-holds =
    the policy is exclusive and no edge holds the region; meanwhile it assigns as under optimistic: the first acceptance to reach the cloud wins
    `holdfast lease set { $region } --policy exclusive --holder { $edge }` grants it

complaint-never-connected =
    it is enrolled and has never connected
    start holdfast-edge there, and check its gateway_url
complaint-link-down =
    the link is down; if the edge is running, it keeps what it takes
    { $gate ->
        [closed] open the region's gate, then it reconnects by itself
       *[open] check the edge and its network; `holdfast-edge --set edge.data=FOLDER report` on its machine shows its state
    }
complaint-orders-differ =
    its orders differ from the cloud's at the same point of the feed
    nothing to do yet: the hub sends it an image of its region; if its orders still differ after ten minutes, keep its data folder and logs, and report it
complaint-event-missing =
    since { $since } its region's feed lacks a change that an outcome has told it of
    an event did not get from the order service to the hub: look at the dead letters, holdfast_bus_dead_letters{ "{" }queue="hub_feed"{ "}" } in the hub's /metrics, and at the unsent events, holdfast_outbox_unsent{ "{" }service="order"{ "}" } in the order service's; a cloud in one process has both in the gateway's
complaint-feed-unread =
    since { $since } it has not read { $count ->
        [one] { $count } change
       *[other] { $count } changes
    } of its region's feed, and nothing moves
    cut and heal its region (`holdfast link`), which starts its session anew; if it stays, keep its log and report it
complaint-grant-differs =
    it holds the region's right to assign under fence { $fence }, but its view did not agree with the grant, so its answers are provisional
    nothing to do: the region is repaired and the edge gets a new fence within two minutes

complaint-ops-stopped =
    { $count } of its operations made a cloud service fail, and { $count ->
        [one] waits
       *[other] wait
    } for an operator
    `holdfast queue { $edge }` lists them and says how to hand them in again
complaint-ops-held =
    { $count } of its operations { $count ->
        [one] waits
       *[other] wait
    } for the edge that holds the region
    reconnect that edge; `holdfast queue { $edge }` lists them and says what else can be done
complaint-ops-parked =
    { $count } of its operations { $count ->
        [one] waits
       *[other] wait
    } for a cloud service that does not answer
    check the order service, and auth, which has the keys of people's tokens: GET /health/ready at the operator's port of each names what is missing
complaint-needs-operator =
    it has had three new epochs in a day and needs a fourth, so it is not let in; it works by itself and answers provisionally
    find out what restores it, then `holdfast readmit { $edge }` lets it in
complaint-twin =
    a second instance of it calls, a copy of its machine; the copy is refused and keeps what was done there
    stop the copy; then either throw it away, or `holdfast enrol REGION NAME` gives it a name of its own: start it with the command that this prints, but set HOLDFAST__EDGE__DATA to the folder that it has now, which holds what was done there
complaint-quarantine =
    it was { $why ->
        [edge_cloned] run twice from one copy
       *[edge_restored] restored from a copy
    }: since { $at } it runs in epoch { $epoch }, and it has back what the cloud had of its log
    find out who restored it; let the tablets near it connect once, for what only they have; `holdfast readmit { $edge }` notes it
complaint-left-behind =
    left behind in epoch { $epoch }: { $count ->
        [one] { $count } command
       *[other] { $count } commands
    } without an outcome
    start the machine again: it sends them again, and so do their tablets

complaint-disk-low =
    its disk has { $mib } MiB left; a full disk makes it refuse new work, and it loses nothing that it has taken
    make room on the disk that holds its data folder, or move the folder to a larger one
complaint-disk-sheds =
    its disk is { $percent } % full: it drops its copies of old jobs, and later refuses new work; the cloud has all that it drops
    make room on the disk that holds its data folder, or move the folder to a larger one
complaint-disk-full =
    its disk is full: it refuses new work, and loses nothing that it has taken
    make room on the disk that holds its data folder, or move the folder to a larger one
complaint-newcomers-wait =
    it keeps its last room for people whom it knows, and refuses { $count ->
        [one] 1 other person
       *[other] { $count } others
    }
    make room on the disk that holds its data folder, and see to it that the cloud decides what waits there
complaint-clock-wrong =
    its clock is { $by } { $error ->
        [ahead] ahead
       *[behind] behind
    }: after a restart it judges sign-ins by this clock until the cloud tells it the time
    set the machine's clock, and keep it right with NTP
complaint-takes-any-hub =
    it does not check that the cloud it talks to is ours: anybody on its line could pretend to be the hub
    install this version of holdfast-edge there and start it again; where its line is plain HTTP, also give it the hub's key: HOLDFAST__EDGE__HUB_KEY is the second half of the code that `holdfast enrol` prints for any edge
complaint-plain-line =
    its link goes over plain HTTP to another machine: anyone on the way can read what passes
    give it an https:// address as HOLDFAST__EDGE__GATEWAY_URL, and remove HOLDFAST__EDGE__PLAIN_LINK
complaint-plain-listeners =
    its tablets' connections are not encrypted: anyone on the shop's network can read what passes, passwords too
    remove HOLDFAST__EDGE__PLAIN_LISTENERS there, so that it serves them over TLS
complaint-cloud-tokens =
    its program is older than the tokens for edges: since { $since } it keeps people's tokens that open the cloud
    install the present program there; people sign in once more
complaint-certificate-ends =
    the certificate that it shows to tablets { $state ->
        [over] ended
       *[ahead] ends
    } at { $at }: without a newer one they refuse to connect
    connect it to the cloud, which renews it; if it is connected, its log says why it has no newer one

complaint-part-away =
    it does not answer, or reads none of its events, since { $since }
    check that a process of it runs; GET /health/ready at its operator's port names what it misses
complaint-dead-letters =
    { $count } of its events failed or reached no queue, and { $count ->
        [one] waits
       *[other] wait
    } for an operator
    `holdfast dlq list` says where; mend the cause, then `holdfast dlq redrive` sends them again
