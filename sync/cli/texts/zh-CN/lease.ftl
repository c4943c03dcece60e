# `holdfast lease`: how a region assigns.

lease-held = { $policy }，由 { $holder } 持有（第 { $epoch } 代，栅栏号 { $fence }）
lease-free = { $policy }；没有节点持有该区域
lease-waits = 等待持有节点交还派单权，之后：{ $policy }
lease-waits-holder = 等待持有节点交还派单权，之后：{ $policy }，由 { $holder } 持有
lease-take-back = 若该节点已无法联系，运行 `holdfast lease take-back REGION --why TEXT`
lease-nothing-to-take =
    + { $region }：没有节点持有该区域，无需收回，也未记录原因。
    运行 `holdfast lease show { $region }` 查看以往的派单权如何终止
lease-past = 栅栏号 { $fence }  { $holder }  始于 { $from }  { $end }
lease-stands = 有效
# The end of a right stands in words.ftl.
lease-ended = 止于 { $at }，{ $end }
