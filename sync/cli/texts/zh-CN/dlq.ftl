# `holdfast dlq`: events that wait for a person. The last line of what was done is the next step.

letter-boxes-columns = 名称 | 等待 | 服务 | 类别
letter-kind = { $kind ->
    [dead] 处理失败
    [unrouted] 无队列接收
   *[other] { $kind }
}
letters-columns = 事件 | 类型 | 发生于 | 搁置于 | 原因
letters-none = + 没有等待处理的事件
letters-of-part-away = ? { $part } 未响应：其等待的事件未列出
letters-redriven =
    + { $name } 的 { $settled } 个事件已退回重新处理
    运行 `holdfast dlq list` 查看这次是否处理成功
letters-dropped =
    + { $name } 的 { $settled } 个事件已永久丢弃
    运行 `holdfast dlq list` 查看仍在等待的事件
replay-asked =
    + { $queue } 将重新收到 { $since } 以来的事件，每隔几秒数千个
    运行 `holdfast status` 查看该服务是否跟得上
unknown-letters =
    没有名为 { $name } 的队列或交换器
    运行 `holdfast dlq list` 查看全部名称
