# `holdfast status`: the table and the lines below it. The complaints stand in complaint.ftl.

status-columns = 区域 | 节点 | 闸口 | 链路 | 待定 | 滞后 上/下 | 校验 | 派单 | 代 | 挂起 | 版本
status-well = + 一切正常。
status-repaired-region = ~ { $region }：{ $count } 项变更未送达，已从订单服务修复，最近一次 { $at }
status-repaired-edge = ~ { $edge }：其订单已由快照修复 { $count } 次，最近一次 { $at }
status-lost = ~ { $edge }：该处已有 { $count } 次接单落败，最近一次 { $at }；运行 `holdfast conflicts` 查看
gate-open = 打开
gate-closed = x 关闭
checksum-match = = 一致
checksum-mismatch = ! 不一致
checksum-settling = ~ 同步中
checksum-unknown = ? 未知
status-lag-since = { $lag }，已 { $age }
