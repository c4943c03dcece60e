# `holdfast explain` of an op or a command: its way from the tap to the outcome.

trail-command = command { $id } of { $role } { $user }
trail-logged-before = logged first as { $place }, answered { $verdict } there; that epoch has ended
trail-tapped = tapped, by the device's own clock
trail-tapped-on = tapped on { $device }, by the device's own clock
trail-stored = stored at { $edge }, answered { $verdict ->
    [firm] `firm`
    [provisional] `provisional`: the cloud decides
    [holder] `provisional`: the holder of the region decides
   *[not_taken] `not_taken`: the cloud decides
}
trail-stored-under-fence = stored at { $edge }, answered { $verdict } under fence { $fence }: final at once
trail-taken = taken { $way }
trail-put = put to { $edge }, which held the region: its log decides
trail-received = received by the hub
trail-undecided = not decided
trail-decided = { $kind ->
    [applied] decided by the cloud: applied
    [applied_before] repeat; the first result stands: applied
    [rejected_before] repeat; the first result stands: rejected
   *[rejected] decided by the cloud: rejected
}
trail-told = ready for its edge, which has it
trail-not-told = ready for its edge, which has not acknowledged it yet
trail-told-later = ready for its edge, which hears of it in its next epoch
trail-cloud = command { $id } on order { $order }, through the cloud
trail-applied = + applied
trail-refused = x refused
trail-ask = command { $id } on { $code }, through the cloud
trail-ask-taken = taken, and put to the holder of { $region }
trail-whole-order = The whole order: `holdfast explain { $code }`
