# What an edge says of its machine's clock.

clock-by-cloud =
    The clock of this machine is { $by } { $error ->
        [ahead] ahead
       *[behind] behind
    }, so this edge works by the cloud's time. Set the machine's clock, and keep it right with NTP.
clock-not-believed =
    The clock of this machine is { $by } { $error ->
        [ahead] ahead
       *[behind] behind
    }, and the cloud takes no link by it. This edge cannot be sure of the time that the cloud told, so it goes on by its own. Set the machine's clock, and keep it right with NTP.
clock-by-log = The clock of this machine is { $by } before the last entry of this edge's own log. This edge counts on from that entry until the cloud tells the time. Set the machine's clock, and keep it right with NTP.
