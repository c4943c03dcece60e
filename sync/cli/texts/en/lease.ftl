# `holdfast lease`: how a region assigns.

lease-held = { $policy }, held by { $holder } (epoch { $epoch }, fence { $fence })
lease-free = { $policy }; no edge holds the region
lease-waits = waits for the holder to give the right back, then: { $policy }
lease-waits-holder = waits for the holder to give the right back, then: { $policy }, held by { $holder }
lease-take-back = if the holder is lost, `holdfast lease take-back REGION --why TEXT`
lease-nothing-to-take =
    + { $region }: no edge holds the region, so there was nothing to take back, and no reason was recorded.
    `holdfast lease show { $region }` shows how earlier rights ended
lease-past = fence { $fence }  { $holder }  from { $from }  { $end }
lease-stands = stands
# The end of a right stands in words.ftl.
lease-ended = to { $at }, { $end }
