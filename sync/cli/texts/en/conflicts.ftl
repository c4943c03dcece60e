# `holdfast conflicts`: acceptances that lost, and cases that wait for a person.

conflicts-columns = CONFLICT | DECIDED | ORDER | REGION | PROVIDER | VIA | TAPPED | WON BY | WON AT | RULE
# Where a lost acceptance came from, where it was no edge.
conflicts-via = { $source ->
    [portal] portal
   *[kiosk] kiosk
}
conflicts-none = + no acceptance lost, and no case waits for a person
conflicts-older = older ones: `holdfast conflicts --cursor { $cursor }`
# The task, then the reason.
conflicts-case-with-reason = { $task } { $reason }
conflicts-case = { $kind ->
    [met_closed] Promised at once by an edge, and the order was closed by then: agree on a compensation.
    [revoked_meanwhile] Promised at once by an edge to a person who had been revoked: withdraw the acceptance as an admin, with a reason, or let it count.
    [unverified_holder] Promised at once by an edge to a provider whom no admin has verified, or no longer: verify the provider, withdraw the acceptance as an admin, with a reason, or let it count.
    [offline_rule] Decided by an edge under the region's offline rule: look it over.
    [taken_back] Promised at once by an edge whose right to assign has ended since, and lost: tell the provider why.
    [revoked_holder] In the hand of a person who was revoked: `holdfast withdraw PERSON --why TEXT` gives all of that person's jobs back.
    [worked_in_vain] Completed at an edge while the cloud had decided otherwise, so the work counts for nothing: agree on a compensation.
    [withdrew_before_fee] Given back at an edge before word of the cancel arrived, and the provider gets a share of its fee: look it over.
    [edge_distrusted] Sent by an edge after the moment from which it is no longer trusted, and decided before that was said: look it over, and undo what is wrong.
    [message_reported] A message to the other person of the order was reported: read both sides on the order's page in the portal, and decide.
    [double_booked] Promised at once by an edge to a provider who has another job at that time: withdraw one of the two as an admin, with a reason, or let both count.
   *[other] { $kind }
}
