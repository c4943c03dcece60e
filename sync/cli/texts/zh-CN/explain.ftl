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
explain-payment = 付款{ $status ->
    [unpaid] 重新待付
    [held] 已托管
    [paid] 已付给服务商
    [refunded] 已全额退回
   *[partially_refunded] 已部分退回
}
explain-erased = 作者已注销账号，相关文字已被抹除
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
# An acceptance that was made elsewhere and put to the holder of the region.
explain-taken = 边缘节点 { $edge }：已保存，并转交持有该区域派单权的 { $holder }
explain-put = 云端：转交持有该区域派单权的 { $holder }
explain-decided-in-log = 云端：按 { $edge } 第 { $epoch } 代第 { $seq } 个操作作出决定
# A firm answer of before, and the end of the right that it rested on.
explain-promised = 边缘节点 { $edge }：在第 { $epoch } 代依据栅栏号 { $fence } 答复“确定”
explain-right-ended = { $edge } 的派单权（栅栏号 { $fence }）：{ $end }
explain-reason = 理由：{ $reason }
explain-people = 人员对照
explain-pending = ! { $region } 的边缘节点仍有 { $count } 个操作未经云端决定，记录可能还会增加。
explain-pending-unknown = ! 中枢没有答复：无法得知 { $region } 的边缘节点是否还有未经云端决定的操作。

the-customer = 客户
# One of several people of a role: provider A.
person = { $role }{ $letter }

# A collision.
race-won =
    胜出：{ $first }（{ $first_way }）。
    { $second }未能接单的原因（{ $second_way }）：{ $why }
race-times = 胜出的接单于 { $first } 确认，另一方的接单于 { $second } 作出决定，晚 { $later }。
race-tapped-earlier = 未成功一方的设备显示点击早了 { $by }，但当时无法连接云端。
race-no-mark = { $who }不会因此受到任何处罚或记录。
race-no-effect =
    { $who }的接单未生效的原因：{ $why }
    { $who }不会因此受到处罚。
