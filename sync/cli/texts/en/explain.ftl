# `holdfast explain` of an order: its timeline in plain words, and each collision.

explain-state = now { $status ->
    [pending_review] pending_review
    [pending] pending
    [accepted] accepted
    [in_progress] in_progress
    [completed] completed
    [reviewed] reviewed
    [cancelled] cancelled
    [rejected] rejected
   *[other] { $status }
}, version { $version }
explain-did = { $who } { $action ->
    [publish] published
    [approve] approved
    [reject] rejected
    [accept] accepted
    [withdraw] withdrew from
    [start] started
    [complete] completed
    [cancel] cancelled
    [review] reviewed
   *[other] { $action }
} it ({ $way }); it became { $state }
explain-payment = the payment { $status ->
    [unpaid] is open again
    [held] is held
    [paid] went to the provider
    [refunded] went back whole
   *[partially_refunded] went back in part
}
explain-erased = the texts were erased because their author deleted their account
explain-tried = { $who } tried to { $action ->
    [publish] publish
    [approve] approve
    [reject] reject
    [accept] accept
    [withdraw] withdraw from
    [start] start
    [complete] complete
    [cancel] cancel
    [review] review
   *[other] { $action }
} it ({ $way }), without effect: it stayed { $state }
explain-tapped = device: tapped, by the device's own clock
explain-answered = edge { $edge }: { $answered }
explain-stored = edge { $edge }: stored as op { $seq } of epoch { $epoch }, { $answered }
explain-verdict = { $verdict ->
    [firm] answered `firm`: final at once
    [provisional] answered `provisional`: decided later
   *[other] answered
}
explain-decided = cloud: decided
# An acceptance that was made elsewhere and put to the holder of the region.
explain-taken = edge { $edge }: stored, and put to { $holder }, which held the region
explain-put = cloud: put to { $holder }, which held the region
explain-decided-in-log = cloud: decided as op { $seq } of epoch { $epoch } of { $edge }
# A firm answer of before, and the end of the right that it rested on.
explain-promised = edge { $edge }: answered `firm` in epoch { $epoch }, under fence { $fence }
explain-right-ended = the right of { $edge } under fence { $fence }: { $end }
explain-reason = Reason given: { $reason }
explain-people = Who is who
explain-pending = ! The edges of { $region } still hold { $count ->
        [one] { $count } operation
       *[other] { $count } operations
    } that the cloud has not decided; this story may grow.
explain-pending-unknown = ! The hub does not answer: it is not known whether the edges of { $region } still hold operations that the cloud has not decided.

the-customer = the customer
# One of several people of a role: provider A.
person = { $role } { $letter }

# A collision.
race-won =
    Who won: { $first } ({ $first_way }).
    Why { $second } lost ({ $second_way }): { $why }
race-times = The winning acceptance was confirmed at { $first }, the other was decided at { $second }, { $later } later.
race-tapped-earlier = The loser's device says it was tapped { $by } earlier, but it could not reach the cloud then.
race-no-mark = There is no penalty and no mark for { $who } in this.
race-no-effect =
    Why { $who }'s acceptance had no effect: { $why }
    There is no penalty for { $who } in this.
