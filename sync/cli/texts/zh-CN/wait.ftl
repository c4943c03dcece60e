# `holdfast wait`: what is still missing, and how it ended.

wait-met = + { $conditions }：{ $seconds } 秒后已满足
wait-too-late =
    等待 { $seconds } 秒后超时，尚缺：
    运行 `holdfast status` 了解详情；用 `--timeout` 延长等待
wait-no-answer = 平台没有回应
wait-order = 订单 { $code } 的状态为 { $status }，而非 { $expected }
wait-no-order = 云端尚无订单 { $name }
wait-asks = { $region }：在门户提交的 { $count } 个接单未作决定
wait-link-down = { $region } 的 { $edge }：链路已断开 { $age }
wait-link-never = { $region } 的 { $edge }：从未连接
wait-code-unused = { $region } 的 { $edge }：尚未使用登记码；运行 `holdfast enrol withdraw { $edge }` 可撤回
wait-ops = { $edge }：有 { $count } 个操作未作决定
wait-behind = { $edge }：有 { $count } 项变更尚未到达
wait-orders-differ = { $edge }：其订单与云端尚不一致
