# `holdfast lease`: how a region assigns.

lease-held = { $policy }, held by { $holder } (epoch { $epoch }, fence { $fence })
lease-free = { $policy }; nobody holds the region
lease-waits = waits for the holder to give the right back, then: { $policy }
lease-waits-holder = waits for the holder to give the right back, then: { $policy }, held by { $holder }
lease-take-back = if the holder is lost, `holdfast lease take-back REGION --why TEXT`
lease-past = fence { $fence }  { $holder }  from { $from }  { $end }
lease-stands = stands
# How a right ended.
lease-ended = { $how ->
    [released] given back
    [policy_changed] given back for a change of policy
    [reassigned] given back for another holder
    [taken_back] taken back
    [edge_restored] ended: the edge was restored from a copy
    [edge_cloned] ended: two copies of the edge ran
    [edge_disabled] ended: an operator disabled the edge
    [renewed] renewed: the edge's view did not agree with the grant
   *[other] ended ({ $how })
} { $at }
