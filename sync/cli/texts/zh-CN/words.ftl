# Words that several commands share.

labelled = { $label }：{ $text }
next = 下一步：{ $step }
list-separator = ，
# Below a table on a narrow terminal.
table-shed = 未显示：{ $columns }；可加宽终端或使用 `--json`

policy = { $policy ->
    [optimistic] 先到先得
    [exclusive] 独占
   *[other] { $policy }
}
role = { $role ->
    [customer] 客户
    [provider] 服务商
    [admin] 管理员
   *[other] { $role }
}
order-status = { $status ->
    [pending_review] 待审核
    [pending] 待接单
    [accepted] 已接单
    [in_progress] 进行中
    [completed] 已完成
    [reviewed] 已评价
    [cancelled] 已取消
    [rejected] 已驳回
   *[other] { $status }
}
# An edge's answer, given at once.
verdict = { $verdict ->
    [firm] “确定”
    [provisional] “暂定”
   *[not_taken] “未受理”
}
# The way of a command to the cloud.
way-cloud = 通过云端
way-kiosk = 通过自助终端
way-edge = 通过边缘节点 { $edge }
# It was made there and put to the holder of the region.
way-put = { $way }，由 { $edge } 的日志决定

# How a right to assign ended.
right-ended = { $how ->
    [released] 由持有节点交还
    [policy_changed] 因运营人员更改派单方式，由持有节点交还
    [reassigned] 因运营人员指定其他持有节点，由原持有节点交还
    [taken_back] 被运营人员收回
    [edge_restored] 因节点从旧副本恢复而终止
    [edge_cloned] 因节点有两个副本同时运行而终止
    [edge_disabled] 因运营人员停用该节点而终止
    [renewed] 因节点的订单与云端不一致而重新授予
   *[other] 已终止，其方式只有更新的版本才知道
}

# A code's sentence, and the code itself.
coded = { $sentence }（{ $code }）
answer = 答复：{ $answer }
no-edge-enrolled = 没有登记任何边缘节点
