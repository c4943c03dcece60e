# `holdfast queue`: what waits at the hub, and what happens to it next.

queue-columns = OP | WHAT | ORDER | STATE | AGE | FAILED | NEXT STEP
queue-ask-columns = COMMAND | ORDER | REGION | STATE | AGE | FAILED | PROVIDER | NEXT STEP
queue-empty = + nothing waits at the hub
queue-empty-of-edge = + nothing of { $edge } waits at the hub
queue-empty-but-asks = + no edge's operation waits at the hub
queue-more = more wait; `--limit` shows more of them, an edge's name shows its own alone
queue-asks = Acceptances made at the portal that wait for a decision
queue-left = Left undecided by an epoch that has ended

queue-op-retried =
    + op { $seq } of { $edge } is handed in again now.
    `holdfast queue { $edge }` shows whether it is decided
queue-ask-retried =
    + acceptance { $id } is handed in again now.
    `holdfast explain { $id }` shows whether it is decided

op-state = { $state ->
    [received] received
    [held_region] waits for the holder
    [needs_operator] needs an operator
    [parked] parked
    [decided] decided
    [left_behind] left behind
   *[unrecognised] of a newer version
}

# What comes next of an op, or of an acceptance made at the portal.
step-turn = nothing to do: its turn comes by itself
step-turn-late = it waits behind others of its log, or the hub is busy; if it stays, see the hub's log
step-nobody-holds = nothing to do: no edge holds the region any more, so it is handed in again within seconds
step-holder-asked = nothing to do: { $holder } holds { $region } and is asked; its log decides
step-holder-away = reconnect { $holder }, which holds { $region }; or `holdfast lease take-back { $region } --why TEXT`
step-op-stopped = the order service failed on it alone { $times } times: see its log for { $place }, then `holdfast queue retry { $edge } { $seq }`
step-ask-stopped = the order service failed on it alone { $times } times: see its log for { $id }, then `holdfast queue retry { $id }`
step-ask-unread = the hub cannot read it: run the version of the hub that took it, then `holdfast queue retry { $id }`
step-service-away = check the order service, and auth, which has the keys of people's tokens: GET /health/ready at the operator's port of each names what is missing
step-decided = nothing to do
step-decided-not-told = nothing to do: its edge hears of it once the link is up
step-logged-again = nothing to do: the same command is now op { $place }
step-logs-again = its edge logs it anew once it is connected, or its tablet sends it again; `holdfast explain { $place }` shows when
step-epoch-over = nothing to do: its epoch has ended
step-newer-hub = use a `holdfast` of the hub's version
