# What an edge says of the disk that holds its data.

disk-normal = The disk that holds this edge's data is { $percent } % full.
disk-warn = The disk that holds this edge's data is { $percent } % full. Free some space, or give it a larger disk.
disk-shed = The disk that holds this edge's data is { $percent } % full. This edge drops its copies of closed orders, which the cloud has. Free some space.
disk-refuse = The disk that holds this edge's data is full: { $percent } % used, { $free } MiB free. New commands are refused until there is space; nothing stored is lost. Free some space.
disk-runway = If it fills as in the last two weeks, new commands are refused in about { $days } days.
