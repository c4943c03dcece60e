# What an edge says of itself to the operator of its machine.

## Why its log is suspect, and the next step

alarm-no-mark = The high-water file is missing or torn, so this log may be an old copy. It answers provisionally; as soon as the link is up the cloud gives it a new epoch.
alarm-restored = The log is not the one that the last answer came from: the database was restored. It answers provisionally; as soon as the link is up the cloud gives it a new epoch and what it lost.
alarm-chain = The cloud has received another log of this edge. It answers provisionally; as soon as the link is up the cloud gives it a new epoch and what it lost.
alarm-receipt = A tablet holds a receipt for an op that this log does not have: this machine was restored. It answers provisionally; as soon as the link is up the cloud gives it a new epoch.
alarm-twin = Another instance of this edge is at work, so this one is a copy. It answers provisionally and is not let in: `holdfast enrol REGION NAME` gives it a name of its own and a code: set edge.name and edge.enrolment_code to them, and start it again.
alarm-damaged = The database was damaged and has been rebuilt from what it still had. It answers provisionally; as soon as the link is up the cloud gives it a new epoch, what it lost, and all orders. The log names the damaged file and the undecided commands that were saved. Check the disk of this machine, or replace it.

## Its part in the right to assign

right-suspect = This edge holds the right to assign under fence { $fence }, but is suspect: accepts are provisional.
right-firm = This edge holds the right to assign under fence { $fence }: accepts are firm.
right-unproven = This edge was granted the right to assign under fence { $fence }, but its orders do not agree with the grant: accepts are provisional until the region is granted anew.
right-epoch-over = This edge held the right to assign in an epoch that has ended: accepts are provisional until the region is granted anew.
right-elsewhere = The edge { $holder } holds the right to assign: accepts here are provisional, and that edge decides them.
right-nowhere = No edge holds the right to assign: accepts are provisional, and the cloud decides.
