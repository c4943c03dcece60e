# `holdfast promises`: what edges answered firm, and what became of it.

promises-columns = 决定时间 | 订单 | 区域 | 日志位置 | 操作 | 人员 | 点击时间 | 状态 | 结果
promises-none = + 这里没有节点作出过确定的答复
promises-none-so-far = + 这一部分历史中没有节点作出过确定的答复
promises-older = 更早的答复：在同一命令后加 `--cursor { $cursor }`
promises-command = { $action ->
    [publish] 发布
    [approve] 批准
    [accept] 接单
   *[other] { $action }
}
promises-kept = 云端按承诺作出决定。
# The result, then the cases to look at with `holdfast explain`.
promises-with-cases = { $result }相关个案：{ $cases }。
