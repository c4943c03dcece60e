# `holdfast queue`: what waits at the hub, and what happens to it next.

queue-columns = 操作 | 内容 | 订单 | 状态 | 已等待 | 失败 | 下一步
queue-ask-columns = 操作编号 | 订单 | 区域 | 状态 | 已等待 | 失败 | 服务商 | 下一步
queue-empty = + 中枢没有待决定的操作
queue-empty-of-edge = + 中枢没有 { $edge } 的待决定操作
queue-empty-but-asks = + 没有节点操作在中枢等待
queue-more = 还有更多；用 `--limit` 显示更多，或指定节点名称
queue-asks = 在门户提交、等待决定的接单
queue-left = 所属的一代已终止、未作决定的操作

queue-op-retried =
    + { $edge } 的第 { $seq } 个操作已重新提交。
    运行 `holdfast queue { $edge }` 查看是否已有决定
queue-ask-retried =
    + 接单 { $id } 已重新提交。
    运行 `holdfast explain { $id }` 查看是否已有决定

op-state = { $state ->
    [received] 已接收
    [held_region] 等待持有节点
    [needs_operator] 需要人工处理
    [parked] 等待服务恢复
    [decided] 已决定
    [left_behind] 遗留
   *[unrecognised] 来自更新的版本
}

# What comes next of an op, or of an accept of the portal.
step-turn = 无需操作：将自动处理
step-turn-late = 它排在同一日志的其他操作之后，或中枢繁忙；若长时间不变，请查看中枢日志
step-nobody-holds = 无需操作：该区域已无持有节点，数秒内会重新提交
step-holder-asked = 无需操作：{ $holder } 持有 { $region } 的派单权，已向其询问，以其日志为准
step-holder-away = 恢复持有 { $region } 派单权的 { $holder }；或运行 `holdfast lease take-back { $region } --why TEXT`
step-op-stopped = 订单服务单独处理它时失败 { $times } 次：在其日志中查找 { $place }，然后运行 `holdfast queue retry { $edge } { $seq }`
step-ask-stopped = 订单服务单独处理它时失败 { $times } 次：在订单服务日志中查找 { $id }，然后运行 `holdfast queue retry { $id }`
step-ask-unread = 中枢无法读取它：换用受理它时的中枢版本，然后运行 `holdfast queue retry { $id }`
step-service-away = 检查订单服务，以及提供令牌密钥的认证服务：各自运维端口上的 GET /health/ready 会列出缺失的依赖
step-decided = 无需操作
step-decided-not-told = 无需操作：链路连通后节点会收到结果
step-logged-again = 无需操作：同一操作现为 { $place }
step-logs-again = 链路连通后节点会重新记录，或由平板重新发送；运行 `holdfast explain { $place }` 查看进展
step-epoch-over = 无需操作：其所属的一代已终止
step-newer-hub = 请使用与中枢同版本的 `holdfast`
