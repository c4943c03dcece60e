# `holdfast dlq`: events that wait for a person. The last line of what was done is the next step.

letter-boxes-columns = NAME | WAITING | PART | KIND
letter-kind = { $kind ->
    [dead] handled in vain
    [unrouted] no queue was bound
   *[other] { $kind }
}
letters-columns = EVENT | TYPE | HAPPENED | PUT ASIDE | REASON
letters-none = + nothing waits there
letters-of-part-away = ? { $part } is away: what waits there is not shown
letters-redriven =
    + { $settled } of { $name } went back
    `holdfast dlq list` shows whether they were handled this time
letters-dropped =
    + { $settled } of { $name } are dropped for ever
    `holdfast dlq list` shows what still waits
replay-asked =
    + { $queue } gets its events since { $since } once more, some thousand every few seconds
    `holdfast status` shows whether its part keeps up
unknown-letters =
    no queue or exchange is called { $name }
    `holdfast dlq list` lists them
