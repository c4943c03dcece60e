# The alarms of the platform, for admins.

platform-alarm-raised-edge =
    .title = Alarm about a node
    .content = { $edge } in { $region }: { $what }, since { $since }. Look at it on the portal's page of nodes.

platform-alarm-raised-region =
    .title = Alarm about a region
    .content = { $region }: { $what }, since { $since }. Look at it on the portal's page of regions.

platform-alarm-raised-part =
    .title = Alarm about a part of the cloud
    .content = { $part }: { $what }, since { $since }. The portal's page of regions names it as well.

platform-alarm-raised-more =
    .title = Further alarms
    .content = At the same moment there are { $more } more alarms. The portal's page of nodes shows them all.

platform-alarm-ended-edge =
    .title = Alarm about a node has ended
    .content = { $edge } in { $region }. This is over: { $what }, since { $since }.

platform-alarm-ended-region =
    .title = Alarm about a region has ended
    .content = { $region }. This is over: { $what }, since { $since }.

platform-alarm-ended-part =
    .title = Alarm about a part of the cloud has ended
    .content = { $part }. This is over: { $what }, since { $since }.

platform-alarm-ended-more =
    .title = Further alarms have ended
    .content = At the same moment { $more } more alarms ended.

alarm-gate-closed = The region is cut off by hand
alarm-contradicted = The cloud's parts disagree on an order of the region
alarm-asks-stopped = Acceptances from the portal wait for an operator
alarm-no-edge = The region has no node
alarm-nobody-holds = No node has the right to assign the region's orders
alarm-needs-operator = The node was restored too often and waits to be readmitted
alarm-twin = A second copy of the node is running
alarm-restored = The node was restored from a backup
alarm-cloned = The node was cloned
alarm-grant-differs = The node gives no firm answers: its orders differ from those of its right
alarm-left-behind = Commands of an earlier log of the node have not come back
alarm-never-connected = The node has never connected
alarm-link-down = The node is cut off from the cloud
alarm-orders-differ = The node's orders differ from the cloud's
alarm-unsettled = The node's orders do not settle although nothing is on its way
alarm-ops-stopped = Entries of the node's log wait for an operator
alarm-ops-held = Entries of the node's log are held
alarm-ops-parked = Entries of the node's log wait for a service that does not answer
alarm-disk-low = The node's disk is nearly full
alarm-newcomers-wait = The node takes no new people, to save space
alarm-takes-any-hub = The node connects to any cloud
alarm-plain-line = The node's link is not encrypted
alarm-plain-listeners = Tablets reach the node without encryption
alarm-clock-wrong = The node's clock is wrong
alarm-cloud-tokens = The node holds people's tokens for the cloud
alarm-certificate-ends = The node's certificate for its tablets ends soon, or has ended
alarm-part-away = The part does not answer, or reads none of its events
alarm-dead-letters = Events of the part have failed and wait for an operator
alarm-other = The status report names a new kind of problem
