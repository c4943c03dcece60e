# `holdfast enrol`, `link` and `readmit`: what was done. The last line is the next step.

enrol-invited =
    + { $name } may enrol once, until { $until }. The code is shown only now.
    { "    " }Run this on the new machine:
enrol-next = `holdfast wait --for links-up` ends when it is connected. From then on it needs no code.
enrol-only-here = ! That GATEWAY_URL works on this machine only. For an edge on another machine, put in the address at which it reaches the gateway.
enrol-plain-line = ! An edge refuses plain http:// to another machine. Put in an https:// address as GATEWAY_URL.
enrol-exists =
    { $name } already exists; choose another name
    `holdfast edges` lists the names in use
code-withdrawn =
    + { $edge }: the code is withdrawn, and the name is free again.
    `holdfast enrol REGION NAME` makes a new code

link-cut =
    x { $region }: the gate is closed. Its edges work by themselves.
    `holdfast link heal { $region }` opens it again
link-healed =
    + { $region }: the gate is open. Its edges reconnect by themselves within half a minute.
    `holdfast status` shows when they have caught up
readmitted =
    + { $edge }: noted. It may begin new epochs again, and calls by itself within half a minute.
    `holdfast status` shows whether it has caught up
