# What an edge says of the disk that holds its data.

disk-normal = 存放节点数据的磁盘已用 { $percent }%。
disk-warn = 存放节点数据的磁盘已用 { $percent }%。请清理空间，或换一块更大的磁盘。
disk-shed = 存放节点数据的磁盘已用 { $percent }%。节点正在删除云端已有的已关闭订单的副本。请清理空间。
disk-refuse = 存放节点数据的磁盘已满：已用 { $percent }%，剩余 { $free } MiB。有空间之前，节点拒绝新的操作；已保存的内容不会丢失。请清理空间。
disk-runway = 按最近两周的增长，约 { $days } 天后将拒绝新的操作。
