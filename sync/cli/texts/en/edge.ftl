# `holdfast enrol`, `link` and `readmit`: what was done. The last line is the next step.

enrol-invited =
    + { $name } may enrol once, until { $until }. The code is shown only now.
    { "    " }Run this on the new machine:
enrol-next = `holdfast wait --for links-up` ends when it is connected. From then on it needs no code.
enrol-only-here = ! That GATEWAY_URL is known to this machine only: for an edge on another one, put in the address under which it reaches the gateway.
enrol-plain-line = ! An edge refuses plain http:// to another machine. Put an https:// address in as GATEWAY_URL.

link-cut =
    x { $region }: the gate is closed. Its edges go on working by themselves.
    `holdfast link heal { $region }` opens it again
link-healed =
    + { $region }: the gate is open. Its edges reconnect by themselves within half a minute.
    `holdfast status` shows when they have caught up
readmitted =
    + { $edge }: noted. It may begin new epochs again; it calls by itself within half a minute.
    `holdfast status` shows whether it has caught up
