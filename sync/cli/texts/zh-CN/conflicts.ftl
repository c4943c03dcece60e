# `holdfast conflicts`: acceptances that lost, and cases that wait for a person.

conflicts-columns = 冲突 | 决定时间 | 订单 | 区域 | 服务商 | 途径 | 点击时间 | 胜出者 | 胜出时间 | 规则
# Where a lost acceptance came from, where it was no edge.
conflicts-via = { $source ->
    [portal] 门户
   *[kiosk] 自助终端
}
conflicts-none = + 没有失败的接单，也没有待处理的个案
conflicts-older = 更早的冲突：`holdfast conflicts --cursor { $cursor }`
# The task, then the reason.
conflicts-case-with-reason = { $task }{ $reason }
conflicts-case = { $kind ->
    [met_closed] 节点已当场承诺，但订单当时已关闭：请协商补偿。
    [revoked_meanwhile] 节点当场承诺给了已被停用的人：请以管理员身份附上理由撤回该接单，或予以保留。
    [unverified_holder] 节点当场承诺给了未经核验或核验已失效的服务商：请核验该服务商，或以管理员身份附上理由撤回该接单，或予以保留。
    [offline_rule] 节点依据该区域的离线规则作出的决定：请复核。
    [taken_back] 节点已当场承诺，但其派单权随后终止，接单未成功：请向服务商说明原因。
    [revoked_holder] 持有人的账号已被撤销：运行 `holdfast withdraw PERSON --why TEXT` 撤回其全部工作。
    [worked_in_vain] 在节点完成，但云端此前已另有决定，这份工作不予计算：请协商补偿。
    [withdrew_before_fee] 取消的消息到达之前已在节点退单，而服务商仍分得取消费：请复核。
    [edge_distrusted] 节点在不再受信任之后发来，而在停用之前已作出决定：请复核，并撤销有误之处。
    [message_reported] 订单双方之间的消息被举报：请在门户的订单页查看双方消息并作出决定。
    [double_booked] 节点当场承诺给了同一时段已有工单的服务商：请以管理员身份附上理由撤回其中一单，或两单都予以保留。
   *[other] { $kind }
}
