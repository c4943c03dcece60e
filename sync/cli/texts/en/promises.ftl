# `holdfast promises`: what edges answered firm, and what became of it.

promises-columns = DECIDED | ORDER | REGION | LOG | COMMAND | PERSON | TAPPED | STATUS | RESULT
promises-none = + no edge has answered firm here
promises-none-so-far = + no firm answer of an edge in this part of the history
promises-older = older ones: the same command with `--cursor { $cursor }`
promises-command = { $action ->
    [publish] publish
    [approve] approve
    [accept] accept
   *[other] { $action }
}
promises-kept = The cloud decided as promised.
# The result, then the cases to look at with `holdfast explain`.
promises-with-cases = { $result } Listed as { $cases }.
