# `holdfast edges`: every edge on a line.

edges-columns = 节点 | 区域 | 链路 | 代 | 已达中枢 | 已读 结果/同步 | 待定 | 派单权 | 备注 | 最近联系 | 时钟偏差 | 剩余磁盘 | 版本 | 登记时间
link-up = + 连通
link-down = x 断开
link-never = ? 从未连接
edges-pending-since = { $pending }，最早 { $age }
edges-pending-photos = { $pending }；{ $count } 张照片
edges-disk-warn = ~ 已用 { $percent }%
edges-disk-shed = ! 已用 { $percent }%：正在删除旧订单副本
edges-disk-refuse = ! 已用 { $percent }%：拒绝新的操作
edges-holds-right = * 持有
remark-disabled = 已被运营人员停用
remark-retired = 已退役
remark-needs-operator = 已被拒绝，等待人工放行
remark-gate-closed = 闸口关闭，拒绝连接
remark-twin = 其副本在连接，已被拒绝
remark-restored = 曾被恢复
remark-cloned = 曾被复制
remark-code-unused = 登记码未使用
remark-code-expired = 登记码已过期

edges-ca =
    门店证书的颁发机构，有效期至 { $until }。
    SHA-256 { $fingerprint }
    仅可为以下名称和网段签发证书：{ $permits }。
edges-ca-next = 平板询问是否信任时，显示的指纹必须与此一致。
