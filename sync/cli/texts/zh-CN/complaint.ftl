# What `holdfast status` complains of. First line: the problem. Last line: the next step.

complaint-gate-closed =
    闸口已关闭，该区域的节点独立运行，无法连接云端
    运行 `holdfast link heal { $region }` 打开闸口
complaint-contradicted =
    订单服务与中枢对订单的说法不一致（累计 { $times } 次）：以订单服务为准，订单服务没有的订单予以保留
    在中枢日志中找到该订单：它被重复写入，或订单服务被恢复到较早的状态
complaint-asks-stopped =
    在门户提交的 { $count } 个接单未能作出决定，等待人工处理
    运行 `holdfast queue` 查看这些接单以及如何重新提交
complaint-no-edge =
    没有登记任何边缘节点：网络中断时该区域无法工作
    运行 `holdfast enrol { $region } NAME` 生成登记码，并按提示启动新节点
complaint-nobody-holds =
    策略为独占，但没有节点持有该区域；在此期间按先到先得派单：最先到达云端的接单胜出
    运行 `holdfast lease set { $region } --policy exclusive --holder { $edge }` 授予派单权

complaint-never-connected =
    已登记但从未连接
    在该处启动 holdfast-edge，并检查其 gateway_url
complaint-link-down =
    链路已断开；若该节点仍在运行，它会保留所接收的操作
    { $gate ->
        [closed] 打开该区域的闸口后会自动重连
       *[open] 检查该节点及其网络；在该机器上运行 `holdfast-edge --set edge.data=FOLDER report` 可查看其状态
    }
complaint-orders-differ =
    在同一同步点上，该节点的订单与云端不一致
    暂时无需操作：中枢会向其发送区域快照；若十分钟后仍不一致，保留其数据目录和日志并上报
complaint-event-missing =
    自 { $since } 起，区域同步流缺少一项该节点已从结果得知的变更
    有事件未从订单服务到达中枢：查看中枢 /metrics 中的死信数 holdfast_bus_dead_letters{ "{" }queue="hub_feed"{ "}" }，以及订单服务 /metrics 中的未发送事件数 holdfast_outbox_unsent{ "{" }service="order"{ "}" }；单进程云端的这两项都在网关的 /metrics 中
complaint-feed-unread =
    自 { $since } 起有 { $count } 项区域变更未被读取，且没有任何进展
    关闭再打开其区域的闸口（`holdfast link`）以重建会话；若仍如此，保留其日志并上报
complaint-grant-differs =
    它持有该区域的派单权（栅栏号 { $fence }），但其视图与授权不一致，因此只作暂定答复
    无需操作：该区域会被修复，节点在两分钟内获得新的栅栏号

complaint-ops-stopped =
    有 { $count } 个操作导致云端服务失败，等待人工处理
    运行 `holdfast queue { $edge }` 查看这些操作以及如何重新提交
complaint-ops-held =
    有 { $count } 个操作在等待持有该区域的节点
    恢复该节点；运行 `holdfast queue { $edge }` 查看这些操作及其他办法
complaint-ops-parked =
    有 { $count } 个操作在等待未响应的云端服务
    检查订单服务，以及提供令牌密钥的认证服务：各自运维端口上的 GET /health/ready 会列出缺失的依赖
complaint-needs-operator =
    该节点一天内已换代三次，现需第四次，因此不予放行；它独立运行，只作暂定答复
    查明恢复原因后，运行 `holdfast readmit { $edge }` 放行
complaint-twin =
    该节点有第二个实例（机器副本）在连接；副本已被拒绝，其中的操作仍保留在副本里
    停止副本；弃用它，或运行 `holdfast enrol REGION NAME` 为其取新名称：用所提示的命令启动，但 HOLDFAST__EDGE__DATA 须改为副本现有的数据目录，其中的操作保存在那里
complaint-quarantine =
    该节点{ $why ->
        [edge_cloned] 的同一副本被运行了两次
       *[edge_restored] 被从备份恢复
    }：自 { $at } 起运行于第 { $epoch } 代，云端已有的日志已归还给它
    查明由谁恢复；让附近的平板连接一次以补回仅存于平板的操作；`holdfast readmit { $edge }` 表示已知悉
complaint-left-behind =
    第 { $epoch } 代留下 { $count } 条尚无结果的操作
    重新启动该机器：它会重新发送这些操作，相关平板也会

complaint-disk-low =
    其磁盘仅剩 { $mib } MiB；写满后该节点将拒绝新的操作，但不会丢失已接收的操作
    在其数据目录所在磁盘上腾出空间，或将该目录移到更大的磁盘
complaint-disk-sheds =
    其磁盘已用 { $percent }%：正在删除旧订单的副本（云端均已保存），之后将拒绝新的操作
    在其数据目录所在磁盘上腾出空间，或将该目录移到更大的磁盘
complaint-disk-full =
    其磁盘已满：拒绝新的操作，但不会丢失已接收的操作
    在其数据目录所在磁盘上腾出空间，或将该目录移到更大的磁盘
complaint-newcomers-wait =
    其剩余空间只留给已认识的用户，正拒绝另外 { $count } 人的操作
    在其数据目录所在磁盘上腾出空间，并确保云端处理积压的操作
complaint-clock-wrong =
    其时钟{ $error ->
        [ahead] 快了
       *[behind] 慢了
    } { $by }：重新启动后，在云端告知时间之前，该节点据此判断登录是否有效
    校准该机器的时钟，并用 NTP 保持同步
complaint-takes-any-hub =
    它不核对所连接的云端是否属实：其线路上的任何人都可以冒充中枢
    在该机器上安装本版本的 holdfast-edge 并重新启动；若其线路是明文 HTTP，还须设置 HOLDFAST__EDGE__HUB_KEY，其值是 `holdfast enrol` 为任一节点给出的登记码的后半部分
complaint-plain-line =
    其链路以明文 HTTP 连到另一台机器：途中的任何人都能读到所传内容
    将 HOLDFAST__EDGE__GATEWAY_URL 改为 https:// 地址，并去掉 HOLDFAST__EDGE__PLAIN_LINK
complaint-plain-listeners =
    其平板的连接未加密：店内网络上的任何人都能读到所传内容，包括密码
    去掉该节点的 HOLDFAST__EDGE__PLAIN_LISTENERS，使其改用 TLS
complaint-cloud-tokens =
    其程序早于节点专用令牌：自 { $since } 起保存着可登录云端的令牌
    在该节点安装当前版本的程序；人们需重新登录一次
complaint-certificate-ends =
    它向平板出示的证书{ $state ->
        [over] 已于 { $at } 到期
       *[ahead] 将于 { $at } 到期
    }：若无新证书，平板将拒绝连接
    将它连接到云端，由云端换发；若已连接，其日志会说明为何没有新证书

complaint-part-away =
    自 { $since } 起未响应，或未读取其事件
    确认其进程正在运行；其运维端口上的 GET /health/ready 会列出缺失的依赖
complaint-dead-letters =
    它有 { $count } 个事件处理失败或无队列接收，正等待运维人员处理
    运行 `holdfast dlq list` 查看位置；排除原因后，用 `holdfast dlq redrive` 退回重新处理
