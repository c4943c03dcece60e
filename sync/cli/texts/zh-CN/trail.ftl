# `holdfast explain` of an op or a command: its way from the tap to the outcome.

trail-command = 操作编号 { $id }，{ $role } { $user }
trail-logged-before = 最初记录为 { $place }，当时答复{ $verdict }；那一代已终止
trail-tapped = 点击（设备自身时钟）
trail-tapped-on = 在 { $device } 上点击（设备自身时钟）
trail-stored = 存于 { $edge }，答复{ $verdict ->
    [firm] “确定”
    [provisional] “暂定”：由云端决定
    [holder] “暂定”：由该区域的持有节点决定
   *[not_taken] “未受理”：由云端决定
}
trail-stored-under-fence = 存于 { $edge }，依据栅栏号 { $fence } 答复{ $verdict }：立即生效
trail-taken = { $way }受理
trail-put = 转交持有该区域派单权的 { $edge }，以其日志为准
trail-received = 中枢已接收
trail-undecided = 尚未决定
trail-decided = { $kind ->
    [applied] 云端决定：已生效
    [applied_before] 重复；沿用首次结果：已生效
    [rejected_before] 重复；沿用首次结果：被拒绝
   *[rejected] 云端决定：被拒绝
}
trail-told = 结果可供节点领取，节点已收到
trail-not-told = 结果可供节点领取，节点尚未确认收到
trail-told-later = 结果可供节点领取；节点将在下一代收到
trail-cloud = 操作编号 { $id }，订单 { $order }，通过云端
trail-applied = + 已生效
trail-refused = x 被拒绝
trail-ask = 操作编号 { $id }，订单 { $code }，通过云端
trail-ask-taken = 已受理，正在询问 { $region } 的持有节点
trail-whole-order = 订单全貌：`holdfast explain { $code }`
