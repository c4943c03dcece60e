# `holdfast keys`: the keys that sign people's tokens, and what was done to them. The last line is the next step.

keys-columns = KEY | STATE | MADE | TRUSTED FROM | SIGNS FROM | SIGNED UNTIL
key-state = { $state ->
    [next] next
    [present] present
    [previous] previous
    [former] former
    [killed] killed
   *[other] { $state }
}
keys-rotated =
    + { $present } signs from now on. Tokens of the key before it count until they expire, so no one has to sign in again.
    `holdfast keys` shows the key that follows it, and when it may sign
keys-killed =
    + { $kid } is killed: within half a minute none of its tokens opens anything, save at an edge that is cut off.
    { "    " }{ $present } signs from now on; people with a token of the killed key sign in again.
    `holdfast status` shows which edges are cut off: link them, or stop them
unknown-key =
    no key is called { $kid }
    `holdfast keys` lists them
