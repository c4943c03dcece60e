# `holdfast trace`: one order's way from the tap to every place it reached.

trace-columns = 时间 | 间隔 | 时钟 | 位置 | 事项
trace-clock-device = 设备
trace-clock-cloud = 云端
trace-doubt = 时钟后的 ? 表示它与云端时钟不一致；该行按其必然的先后排列。
trace-more = 还有更早的事件未列出。

trace-tapped = 点击
trace-decided = 作出决定
trace-outcome = 结果可供 { $edge } 领取
trace-told = { $edge } 已收到结果
trace-written = { $event } 已写入发件箱
trace-written-with-version = { $event } 已写入发件箱，版本 { $version }
trace-sent = 总线已收到 { $event }
trace-handled = { $queue } 已处理 { $event }
trace-fed = 版本 { $version } 成为 { $region } 变更流的第 { $number } 项
trace-fed-gone = 订单已离开 { $region }（变更流第 { $number } 项）
trace-at-edge = { $edge } 已收到第 { $number } 项变更
trace-inbox = { $event } 已进入{ $who }的收件箱
trace-read = { $who }已读 { $event }
trace-delivery = 就 { $event } 给{ $who }的{ $channel ->
    [email] 邮件
    [sms] 短信
    [push] 推送
   *[other] { $channel }
}，目前{ $state ->
    [waiting] 待发送
    [sent] 已发送
    [dropped] 已取消
    [given_up] 已放弃
   *[other] { $state }
}
trace-admins = 管理员

# What has not happened yet. Each is one line of a list.
trace-not-yet = 尚未发生：
trace-all-done = + 没有仍在途中的步骤
trace-ops-at-edge = { $edge } 有 { $count } 个操作尚未到达中枢，其中可能有本订单的操作
trace-op-waits = { $place } 在中枢等待：{ $state }
trace-accept-waits = 操作编号 { $id } 正在等待 { $region } 的持有节点
trace-not-told = { $edge } 尚未确认收到 { $place } 的结果
trace-in-outbox = { $event } 自 { $since } 起一直在 { $part } 的发件箱等待
trace-unhandled = { $part } 的 { $queue } 尚未处理 { $event }；运行 `holdfast dlq list` 查看是否处理失败
trace-delivery-waits = 就 { $event } 的{ $channel ->
    [email] 邮件
    [sms] 短信
    [push] 推送
   *[other] { $channel }
}尚未发送，已尝试 { $attempts } 次
trace-not-fed = 中枢尚未将版本 { $version } 放入 { $region } 的变更流
trace-not-at-edge = { $edge } 尚未收到 { $region } 的第 { $number } 项变更：{ $link ->
    [up] 其线路已连接
    [down] 其线路已断开
   *[never] 它从未连接过
}
trace-unanswered = ! { $part } 未响应：其记录未列出
