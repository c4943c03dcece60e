# What `holdfast status` complains of. First line: the problem. Last line: the next step.

complaint-gate-closed =
    the gate is closed; its edges work on by themselves and cannot reach the cloud
    `holdfast link heal { $region }` opens it
complaint-contradicted =
    the order service and the hub said different things of an order ({ $times } so far): of one version the order service's content counts, and what it does not know stays
    find the order in the hub's log: it was written twice, or the order service was put back to an earlier state
complaint-asks-stopped =
    { $count ->
        [one] { $count } accept
       *[other] { $count } accepts
    } made at the portal could not be decided, and an operator has to see to it
    `holdfast queue` names each and how to hand it in again
complaint-no-edge =
    no edge is enrolled: this region has nothing to work on with when the network fails
    `holdfast enrol { $region } NAME` makes an enrolment code and says how to start holdfast-edge with it

complaint-never-connected =
    it is enrolled and has never been heard of
    start holdfast-edge there, and check the gateway_url it was given
complaint-link-down =
    the link is down; what is done there waits at the edge and is not lost
    { $gate ->
        [closed] open the region's gate, then it reconnects by itself
       *[open] check the edge and its network; `holdfast-edge --set edge.data=FOLDER report` there tells its own state
    }
complaint-orders-differ =
    its orders differ from the cloud's at the same point of the feed
    nothing to do at first: the hub sends it an image of its region by itself; where it still differs after ten minutes, keep its data folder and logs, and report it
complaint-event-missing =
    since { $since } an outcome has told it of a change that its region's feed has not brought
    an event has not come from the order service to the hub: at the hub's /metrics holdfast_bus_dead_letters{ "{" }queue="hub_feed"{ "}" } counts dead letters, at the order service's holdfast_outbox_unsent{ "{" }service="order"{ "}" } unsent events; a cloud in one process has both at the gateway's
complaint-feed-unread =
    since { $since } it has not read { $count ->
        [one] { $count } change
       *[other] { $count } changes
    } of its region's feed, and nothing moves
    `holdfast link cut` and `heal` of its region begin its session anew; if it stays, keep its log and report it
complaint-grant-differs =
    it holds the region's right to assign under fence { $fence }, and its view did not agree with the grant: it answers provisionally
    nothing to do: the region is put right and it is granted a new fence within a minute or two

complaint-ops-stopped =
    { $count } of its operations made a cloud service fail, and { $count ->
        [one] waits
       *[other] wait
    } for an operator
    `holdfast queue { $edge }` names them and how to hand them in again
complaint-ops-held =
    { $count } of its operations { $count ->
        [one] waits
       *[other] wait
    } for the edge that holds the region
    reconnect that edge; `holdfast queue { $edge }` names each and what else can be done
complaint-ops-parked =
    { $count } of its operations { $count ->
        [one] waits
       *[other] wait
    } for a cloud service that does not answer
    check the order service, and auth for the keys of people's tokens: GET /health/ready at the operator's port of each names what is missing
complaint-needs-operator =
    it has had three new epochs in a day and needs a fourth, so it is not let in; it works on by itself, provisionally
    find out what restores it, then `holdfast readmit { $edge }` lets it in
complaint-twin =
    a second instance of it calls, a copy of its machine; the copy is refused and what was done there waits in it
    stop the copy; then either throw it away, or `holdfast enrol REGION NAME` gives it a name of its own: start it with the command that prints, but with HOLDFAST__EDGE__DATA as the folder that it has now, for what was done there is in that
complaint-quarantine =
    it was { $why ->
        [edge_cloned] run twice from one copy
       *[edge_restored] restored from a copy
    }: since { $at } it runs in epoch { $epoch }; what the cloud had of it is back, its rights to assign were taken back
    find out who restored it; let the tablets near it connect once, for what only they have; where it assigned, grant the region again (`holdfast lease set`); `holdfast readmit { $edge }` notes it
complaint-left-behind =
    left behind in epoch { $epoch }: { $count ->
        [one] { $count } command
       *[other] { $count } commands
    } without an outcome
    start the machine again: it brings them back, and so does the tablet of each

complaint-disk-low =
    its disk has { $mib } MiB left; once it is full the edge refuses whatever is new, and loses nothing that it has taken
    make room on the disk that holds its data folder, or move the folder to a larger one
complaint-clock-wrong =
    its clock is { $by } { $error ->
        [ahead] ahead
       *[behind] behind
    }: it judges by it whether a sign-in still stands, and people see its times
    set the machine's clock, and let it be kept by NTP
complaint-takes-any-hub =
    it does not check that the cloud it talks to is ours: whoever sits on its line could speak for the hub
    install this version of holdfast-edge there and start it again; where its line is plain HTTP, also give it the hub's key: HOLDFAST__EDGE__HUB_KEY is the second half of the code that `holdfast enrol` prints for any edge
complaint-plain-line =
    its link goes over plain HTTP to another machine: everybody on the way can read what passes
    give it an https:// address as HOLDFAST__EDGE__GATEWAY_URL, and take HOLDFAST__EDGE__PLAIN_LINK away
complaint-cloud-tokens =
    it runs a program from before there were tokens for edges: since { $since } it keeps people's tokens that open the cloud
    install the present program there; people sign in once more
