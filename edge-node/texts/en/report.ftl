# What an edge says of itself to the operator of its machine.

## Why its log is suspect, and the next step

alarm-no-mark = The high-water file is missing or torn, so this log may be an old copy. It answers provisionally; as soon as the link is up the cloud gives it a new epoch.
alarm-restored = The log is not the one that the last answer came from: the database was restored. It answers provisionally; as soon as the link is up the cloud gives it a new epoch and what it lost.
alarm-chain = The cloud has received another log of this edge. It answers provisionally; as soon as the link is up the cloud gives it a new epoch and what it lost.
alarm-receipt = A tablet holds a receipt for what this log does not have: this machine was restored. It answers provisionally; as soon as the link is up the cloud gives it a new epoch.
alarm-twin = Another instance of this edge is at work, so this one is a copy. It answers provisionally and is not let in: get a code (POST /api/v1/admin/edges) for a name of its own, set edge.name and edge.enrolment_code to it, and start it again.

## Its part in the right to assign

right-suspect = This edge holds the right to assign under fence { $fence }, but is suspect: accepts are provisional.
right-firm = This edge holds the right to assign under fence { $fence }: accepts are firm.
right-unproven = This edge was granted the right to assign under fence { $fence }, and its orders do not agree with those it was granted on: accepts are provisional until the region is granted anew.
right-epoch-over = This edge held the right to assign in an epoch that is over: accepts are provisional until the region is granted anew.
right-elsewhere = The edge { $holder } holds the right to assign: accepts here are provisional and decided there.
right-nowhere = No edge holds the right to assign: accepts are provisional, and the cloud decides.
