# `holdfast enrol`, `link` and `readmit`: what was done. The last line is the next step.

enrol-invited =
    + { $name } 可登记一次，有效期至 { $until }。登记码仅此时显示。
    { "    " }在新机器上运行：
enrol-package = 若那里装有 Debian 软件包，请改为运行以下命令，并输入登记码 { $code }：
enrol-next = `holdfast wait --for links-up` 会在其连通时结束；此后不再需要登记码。
enrol-voids-code = ! 此前为该名称生成的登记码已失效。
enrol-only-here = ! 上面的 GATEWAY_URL 仅在本机有效：若节点在另一台机器上，请改为从那里可访问的网关地址。
enrol-plain-line = ! 节点拒绝以明文 http:// 连到另一台机器：请将 GATEWAY_URL 改为 https:// 地址。
enrol-trust-page = 节点运行后，在店内打开 { $address } 查看如何让平板信任它。
enrol-exists =
    { $name } 已存在，请另取名称
    运行 `holdfast edges` 查看已用的名称
code-withdrawn =
    + { $edge }：登记码已撤回，该名称可重新使用。
    运行 `holdfast enrol REGION NAME` 生成新的登记码

link-cut =
    + { $region }：闸口已关闭，该区域的节点独立运行。
    运行 `holdfast link heal { $region }` 重新打开
link-healed =
    + { $region }：闸口已打开，该区域的节点将在半分钟内自动重连。
    运行 `holdfast status` 查看同步是否完成
readmitted =
    + { $edge }：已知悉，可再次开始新的一代；它会在半分钟内自动连接。
    运行 `holdfast status` 查看同步是否完成
readmitted-nothing =
    + { $edge }：无需处理，自上次处理以来它未被恢复过。
    运行 `holdfast status` 查看其状态

edge-is-disabled =
    + { $edge } 已停用，其密钥已被拒绝。自 { $since } 起发来的操作：未决的一律拒绝，已决的列为待核查。
    { "    " }待核查 { $cases } 件，等待决定 { $undecided } 条。{ $settled ->
        [no] 订单服务暂不可达，派单权与待核查事项将随后处理。
       *[yes] { "" }
    }
    运行 `holdfast conflicts` 查看待核查事项；运行 `holdfast edges rekey { $edge }` 可重新接入
edge-is-retired =
    + { $edge } 已退役，其密钥已被拒绝，`status` 不再显示它。
    { "    " }等待决定 { $undecided } 条；它曾告知但未送达 { $not_received } 条。
    运行 `holdfast edges --retired` 查看；运行 `holdfast edges rekey { $edge }` 可重新接入
edge-gets-a-key =
    + { $edge } 可凭此登记码获得新密钥，有效期至 { $until }。登记码仅此时显示。{ $old ->
        [kept] 在此之前旧密钥仍然有效。
        [disabled] 该节点已停止服务，旧密钥仍被拒绝；凭此登记码可重新接入。
       *[refused] 旧密钥自现在起被拒绝。
    }
    { "    " }将以下内容加入其环境变量并重新启动：
edge-key-next = `holdfast wait --for links-up` 会在其连通时结束。
edge-record-none = 该节点没有任何处置记录
edge-record-columns = 时间 | 处置 | 自何时起不予采信 | 操作人 | 原因
edge-act = { $act ->
    [disabled] 停用
    [retired] 退役
    [rekeyed] 更换密钥，旧密钥即刻拒绝
    [rotated] 更换密钥，旧密钥保留至更换时
   *[other] { $act }
}
