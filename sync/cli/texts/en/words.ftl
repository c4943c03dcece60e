# Words that several commands share.

labelled = { $label }: { $text }
next = Next: { $step }
list-separator = {", "}
# Below a table on a narrow terminal.
table-shed = left out: { $columns }; a wider terminal or `--json` has them

policy = { $policy ->
    [optimistic] optimistic
    [exclusive] exclusive
   *[other] { $policy }
}
role = { $role ->
    [customer] customer
    [provider] provider
    [admin] admin
   *[other] { $role }
}
order-status = { $status ->
    [pending_review] pending review
    [pending] open for providers
    [accepted] accepted
    [in_progress] in progress
    [completed] completed
    [reviewed] reviewed
    [cancelled] cancelled
    [rejected] rejected
   *[other] { $status }
}
# An edge's answer, given at once.
verdict = { $verdict ->
    [firm] `firm`
    [provisional] `provisional`
   *[not_taken] `not_taken`
}
# The way of a command to the cloud.
way-cloud = through the cloud
way-kiosk = at a kiosk
way-edge = through the edge { $edge }
# It was made there and put to the holder of the region.
way-put = { $way }, decided in the log of { $edge }

# How a right to assign ended.
right-ended = { $how ->
    [released] given back by its holder
    [policy_changed] given back by its holder, because an operator changed the policy
    [reassigned] given back by its holder, because an operator named another holder
    [taken_back] taken back by an operator
    [edge_restored] ended, because the edge was restored from an older copy
    [edge_cloned] ended, because two copies of the edge were running
    [edge_disabled] ended, because an operator disabled the edge
    [renewed] granted anew, because the edge's orders differed from the cloud's
   *[other] ended in a way that only a newer version knows
}

# A code's sentence, and the code itself.
coded = { $sentence } ({ $code })
answer = Answer: { $answer }
no-edge-enrolled = no edge is enrolled
