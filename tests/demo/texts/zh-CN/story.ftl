# The steps of the story, in their order.

publish = 客户在北区发布订单
approve = 管理员审核通过，节点可见
cut = 北区与云端断开
accept-offline = 平板在节点接单：节点保管，待确认，附回执
collide = 另一服务商通过云端接下同一订单
heal = 网络恢复
outcomes = 双方得知结果：一方得单，另一方得知原因
record = 记录写明双方，节点与云端数据一致
pay = 客户双击付款：只扣一次，可以开工
work = 服务商开工并完工，双方收到通知
review = 客户评价，服务商评分随之更新
publish-again = 第二个订单开放，北区可先开工后付款
work-offline = 再次断开；平板接单、开工并完工
heal-again = 网络恢复：三步全部生效，各方收到通知
pay-afterwards = 客户为已完工的工作付款并评价
pay-out = 两位服务商收到扣除服务费后的款项，账目相符
pay-out-waits = 略过：此平台的款项需等待三天异议期
