# `holdfast trace`: one order's way from the tap to every place it reached.

trace-columns = TIME | SINCE | CLOCK | PLACE | WHAT HAPPENED
trace-clock-device = device
trace-clock-cloud = cloud
trace-doubt = ? behind a clock: it disagrees with the cloud's. The line stands where it must have happened.
trace-more = There are older events than these.

trace-tapped = tapped
trace-decided = decided
trace-outcome = the outcome is ready for { $edge }
trace-told = { $edge } has the outcome
trace-written = { $event } is in the outbox
trace-written-with-version = { $event } is in the outbox, with version { $version }
trace-sent = the bus has { $event }
trace-handled = { $queue } has handled { $event }
trace-fed = version { $version } is change { $number } of the feed of { $region }
trace-fed-gone = the order has left { $region }, as change { $number } of its feed
trace-at-edge = { $edge } has change { $number }
trace-inbox = { $event } is in the inbox of { $who }
trace-read = { $who } has read { $event }
trace-delivery = { $channel ->
    [email] e-mail
    [sms] text message
    [push] push message
   *[other] { $channel }
} about { $event } for { $who }, now { $state ->
    [waiting] waiting
    [sent] sent
    [dropped] dropped
    [given_up] given up
   *[other] { $state }
}
trace-admins = the admins

# What has not happened yet. Each is one line of a list.
trace-not-yet = Not yet:
trace-all-done = + nothing is on its way any more
trace-ops-at-edge = { $edge } has { $count ->
        [one] { $count } op
       *[other] { $count } ops
    } that the hub has not received, perhaps of this order
trace-op-waits = { $place } waits at the hub: { $state }
trace-accept-waits = command { $id } waits for the holder of { $region }
trace-not-told = { $edge } has not confirmed the outcome of { $place } yet
trace-in-outbox = { $event } has waited in the outbox of { $part } since { $since }
trace-unhandled = { $queue } of { $part } has not handled { $event } yet; `holdfast dlq list` shows whether it failed
trace-delivery-waits = { $channel ->
    [email] the e-mail
    [sms] the text message
    [push] the push message
   *[other] { $channel }
} about { $event } has not been sent yet, after { $attempts ->
    [one] { $attempts } attempt
   *[other] { $attempts } attempts
}
trace-not-fed = the hub has not put version { $version } into the feed of { $region } yet
trace-not-at-edge = { $edge } does not have change { $number } of { $region } yet: { $link ->
    [up] its link is up
    [down] its link is down
   *[never] it has never connected
}
trace-unanswered = ! { $part } did not answer: what it knows is not shown
