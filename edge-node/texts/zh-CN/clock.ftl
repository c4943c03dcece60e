# What an edge says of its machine's clock.

clock-by-cloud =
    本机时钟{ $error ->
        [ahead] 快了
       *[behind] 慢了
    } { $by }，节点改按云端时间工作。请校准本机时钟，并用 NTP 保持同步。
clock-not-believed =
    本机时钟{ $error ->
        [ahead] 快了
       *[behind] 慢了
    } { $by }，云端因此拒绝接入。节点无法确认云端给出的时间，仍按自己的时钟工作。请校准本机时钟，并用 NTP 保持同步。
clock-by-log = 本机时钟比节点日志的最后一条记录早 { $by }。在云端告知时间之前，节点从该记录起继续计时。请校准本机时钟，并用 NTP 保持同步。
