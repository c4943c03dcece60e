# `holdfast status`: the table and the lines below it. The complaints stand in complaint.ftl.

status-columns = REGION | EDGE | GATE | LINK | PENDING | LAG UP/DOWN | CHECKSUM | POLICY | EPOCH | HELD | VERSION
status-well = + All is well.
status-repaired-region = ~ { $region }: { $count ->
        [one] { $count } change had not arrived and was repaired
       *[other] { $count } changes had not arrived and were repaired
    } from the order service, last at { $at }
status-repaired-edge = ~ { $edge }: its orders were repaired by an image { $count ->
        [one] { $count } time
       *[other] { $count } times
    }, last at { $at }
status-lost = ~ { $edge }: { $count ->
        [one] { $count } acceptance made there has
       *[other] { $count } acceptances made there have
    } lost, last at { $at }; `holdfast conflicts` lists them
gate-open = open
gate-closed = x closed
checksum-match = = match
checksum-mismatch = ! differs
checksum-settling = ~ settling
checksum-unknown = ? unknown
status-lag-since = { $lag }, for { $age }
