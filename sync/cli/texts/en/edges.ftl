# `holdfast edges`: every edge on a line.

edges-columns = EDGE | REGION | LINK | EPOCH | LOG AT HUB | READ OUTC/FEED | PENDING | RIGHT | REMARKS | LAST CONTACT | CLOCK | DISK FREE | VERSION | ENROLLED
link-up = + up
link-down = x down
link-never = ? never
edges-pending-since = { $pending }, oldest { $age }
edges-pending-photos = { $pending }; { $count ->
        [one] 1 photo
       *[other] { $count } photos
    }
edges-disk-warn = ~ { $percent } % full
edges-disk-shed = ! { $percent } % full: drops old jobs
edges-disk-refuse = ! { $percent } % full: refuses new work
edges-holds-right = * holds it
remark-disabled = disabled by an operator
remark-retired = retired
remark-needs-operator = refused until an operator lets it in
remark-gate-closed = refused: the gate is closed
remark-twin = a copy of it calls and is refused
remark-restored = was restored
remark-cloned = was cloned
remark-code-unused = code not used yet
remark-code-expired = code expired

edges-ca =
    The certificate authority of the shops' certificates, valid until { $until }.
    SHA-256 { $fingerprint }
    It may certify only { $permits }.
edges-ca-next = A tablet that asks whether to trust it must show the same fingerprint.
