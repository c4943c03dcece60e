# `holdfast keys`: the keys that sign people's tokens, and what was done to them. The last line is the next step.

keys-columns = 密钥 | 状态 | 生成于 | 可信起始 | 签发起始 | 签发截止
key-state = { $state ->
    [next] 下一把
    [present] 当前
    [previous] 上一把
    [former] 历史
    [killed] 已作废
   *[other] { $state }
}
keys-rotated =
    + 即刻起由 { $present } 签发。上一把密钥的令牌在到期前仍然有效，无人需要重新登录。
    运行 `holdfast keys` 查看下一把密钥及其可签发的时间
keys-killed =
    + { $kid } 已作废：半分钟内其令牌全部失效，与云端断开的节点除外。
    { "    " }即刻起由 { $present } 签发；持有已作废密钥令牌的人须重新登录。
    运行 `holdfast status` 查看哪些节点已断开：恢复其连接，或将其停止
unknown-key =
    没有名为 { $kid } 的密钥
    运行 `holdfast keys` 查看全部密钥
