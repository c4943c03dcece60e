# `holdfast explain` of an order: its timeline in plain words, and each collision.

explain-state = 当前状态 { $status ->
    [pending_review] 待审核（pending_review）
    [pending] 待接单（pending）
    [accepted] 已接单（accepted）
    [in_progress] 进行中（in_progress）
    [completed] 已完成（completed）
    [reviewed] 已评价（reviewed）
    [cancelled] 已取消（cancelled）
    [rejected] 已驳回（rejected）
   *[other] { $status }
}，版本 { $version }
explain-did = { $who }{ $action ->
    [publish] 发布
    [approve] 批准
    [reject] 驳回
    [accept] 接受
    [withdraw] 退出
    [start] 开始
    [complete] 完成
    [cancel] 取消
    [review] 评价
   *[other] { $action }
}该订单（{ $way }），状态变为{ $state }
explain-tried = { $who }尝试{ $action ->
    [publish] 发布
    [approve] 批准
    [reject] 驳回
    [accept] 接受
    [withdraw] 退出
    [start] 开始
    [complete] 完成
    [cancel] 取消
    [review] 评价
   *[other] { $action }
}该订单（{ $way }），未生效，状态仍为{ $state }
explain-tapped = 设备：点击（设备自身时钟）
explain-answered = 边缘节点 { $edge }：{ $answered }
explain-stored = 边缘节点 { $edge }：存为第 { $epoch } 代第 { $seq } 个操作，{ $answered }
explain-verdict = { $verdict ->
    [firm] 答复“确定”：立即生效
    [provisional] 答复“暂定”：稍后决定
   *[other] 已答复
}
explain-decided = 云端：作出决定
explain-reason = 理由：{ $reason }
explain-people = 人员对照
explain-pending = ! { $region } 的边缘节点仍有 { $count } 个操作未经云端决定，记录可能还会增加。

the-customer = 客户
# One of several people of a role: provider A.
person = { $role }{ $letter }

# A collision.
race-won =
    胜出：{ $first }（{ $first_way }）。
    { $second }未能接单的原因（{ $second_way }）：{ $verdict ->
        [firm] 胜出者所在节点当时持有该区域的派单权，其答复一经给出即为最终结果。
       *[other] 以最先到达云端的接单为准，点击时间不作为依据。
    }
race-times = 胜出的接单于 { $first } 确认，另一方的接单于 { $second } 作出决定，晚 { $later }。
race-tapped-earlier = 未成功一方的设备显示点击早了 { $by }，但当时无法连接云端。
race-no-mark = { $who }不会因此受到任何处罚或记录。
race-no-effect =
    { $who }的接单未生效的原因：{ $why }
    { $who }不会因此受到处罚。
