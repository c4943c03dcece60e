# `holdfast lease`: how a region assigns.

lease-held = { $policy }，由 { $holder } 持有（第 { $epoch } 代，栅栏号 { $fence }）
lease-free = { $policy }；没有节点持有该区域
lease-waits = 等待持有节点交还派单权，之后：{ $policy }
lease-waits-holder = 等待持有节点交还派单权，之后：{ $policy }，由 { $holder } 持有
lease-take-back = 若该节点已无法联系，运行 `holdfast lease take-back REGION --why TEXT`
lease-past = 栅栏号 { $fence }  { $holder }  始于 { $from }  { $end }
lease-stands = 有效
# How a right ended.
lease-ended = { $at } { $how ->
    [released] 已交还
    [policy_changed] 因策略变更而交还
    [reassigned] 因更换持有节点而交还
    [taken_back] 已收回
    [edge_restored] 已终止：节点被从备份恢复
    [edge_cloned] 已终止：节点的两个副本同时运行
    [edge_disabled] 已终止：运营人员停用了该节点
    [renewed] 已续授：节点的视图与授权不一致
   *[other] 已终止（{ $how }）
}
