# The alarms of the platform, for admins.

platform-alarm-raised-edge =
    .title = 节点告警
    .content = { $edge }（{ $region }）：{ $what }，自{ $since }起。请在门户的节点页面查看。

platform-alarm-raised-region =
    .title = 地区告警
    .content = { $region }：{ $what }，自{ $since }起。请在门户的地区页面查看。

platform-alarm-raised-part =
    .title = 云端服务告警
    .content = { $part }：{ $what }，自{ $since }起。门户的地区页面也会列出。

platform-alarm-raised-more =
    .title = 更多告警
    .content = 同时还有 { $more } 条告警。门户的节点页面列出全部节点。

platform-alarm-ended-edge =
    .title = 节点告警已结束
    .content = { $edge }（{ $region }）：以下情况已不再存在：{ $what }（自{ $since }起）。

platform-alarm-ended-region =
    .title = 地区告警已结束
    .content = { $region }：以下情况已不再存在：{ $what }（自{ $since }起）。

platform-alarm-ended-part =
    .title = 云端服务告警已结束
    .content = { $part }：以下情况已不再存在：{ $what }（自{ $since }起）。

platform-alarm-ended-more =
    .title = 更多告警已结束
    .content = 同时还有 { $more } 条告警已结束。

alarm-gate-closed = 该地区已被人为断开
alarm-contradicted = 云端各部分对该地区一张订单的记录不一致
alarm-asks-stopped = 门户的接单正等待运维人员处理
alarm-no-edge = 该地区没有节点
alarm-nobody-holds = 没有节点持有该地区的派单权
alarm-needs-operator = 该节点恢复次数过多，正等待重新准入
alarm-twin = 该节点有第二个副本在运行
alarm-restored = 该节点从备份恢复
alarm-cloned = 该节点被克隆
alarm-grant-differs = 该节点不作确定答复：其订单与派单权所依据的不一致
alarm-left-behind = 该节点此前日志中的命令尚未送回
alarm-never-connected = 该节点从未连接
alarm-link-down = 该节点与云端断开
alarm-orders-differ = 该节点的订单与云端不一致
alarm-unsettled = 该节点的订单迟迟未与云端一致，而途中已无数据
alarm-ops-stopped = 该节点的日志条目正等待运维人员处理
alarm-ops-held = 该节点的日志条目被暂扣
alarm-ops-parked = 该节点的日志条目正等待无应答的服务
alarm-disk-low = 该节点的磁盘即将写满
alarm-newcomers-wait = 该节点为节省空间暂不接纳新用户
alarm-takes-any-hub = 该节点可连接任意云端
alarm-plain-line = 该节点的链路未加密
alarm-plain-listeners = 平板与该节点的连接未加密
alarm-clock-wrong = 该节点的时钟不准
alarm-cloud-tokens = 该节点持有用户的云端令牌
alarm-certificate-ends = 该节点供平板核对的证书即将到期或已到期
alarm-part-away = 该服务未响应，或未读取其事件
alarm-dead-letters = 该服务有处理失败的事件，正等待运维人员处理
alarm-other = 状态报告列出了新的问题种类
