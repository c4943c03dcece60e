# `holdfast wait`: what is still missing, and how it ended.

wait-met = + { $conditions } after { $seconds } s
wait-too-late =
    timed out after { $seconds } s; still missing:
    `holdfast status` tells more; `--timeout` waits longer
wait-no-answer = the platform has not answered
wait-order = order { $code } is { $status }, not { $expected }
wait-no-order = the cloud knows no order { $name } yet
wait-asks = { $region }: { $count ->
        [one] { $count } acceptance made at the portal is
       *[other] { $count } acceptances made at the portal are
    } not decided
wait-link-down = { $edge } of { $region }: the link has been down for { $age }
wait-link-never = { $edge } of { $region }: it has never connected
wait-code-unused = { $edge } of { $region }: it has not used its code; `holdfast enrol withdraw { $edge }` withdraws it
wait-ops = { $edge }: { $count ->
        [one] { $count } operation is
       *[other] { $count } operations are
    } not decided
wait-behind = { $edge }: { $count ->
        [one] { $count } change has
       *[other] { $count } changes have
    } not reached it
wait-orders-differ = { $edge }: its orders do not equal the cloud's yet
