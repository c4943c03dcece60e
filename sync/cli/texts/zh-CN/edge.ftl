# `holdfast enrol`, `link` and `readmit`: what was done. The last line is the next step.

enrol-invited =
    + { $name } 可登记一次，有效期至 { $until }。登记码仅此时显示。
    { "    " }在新机器上运行：
enrol-next = `holdfast wait --for links-up` 会在其连通时结束；此后不再需要登记码。
enrol-only-here = ! 上面的 GATEWAY_URL 仅在本机有效：若节点在另一台机器上，请改为从那里可访问的网关地址。
enrol-plain-line = ! 节点拒绝以明文 http:// 连到另一台机器：请将 GATEWAY_URL 改为 https:// 地址。
enrol-exists =
    { $name } 已存在，请另取名称
    运行 `holdfast edges` 查看已用的名称
code-withdrawn =
    + { $edge }：登记码已撤回，该名称可重新使用。
    运行 `holdfast enrol REGION NAME` 生成新的登记码

link-cut =
    x { $region }：闸口已关闭，该区域的节点独立运行。
    运行 `holdfast link heal { $region }` 重新打开
link-healed =
    + { $region }：闸口已打开，该区域的节点将在半分钟内自动重连。
    运行 `holdfast status` 查看同步是否完成
readmitted =
    + { $edge }：已知悉，可再次开始新的一代；它会在半分钟内自动连接。
    运行 `holdfast status` 查看同步是否完成
