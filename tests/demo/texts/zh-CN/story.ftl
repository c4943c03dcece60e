# The steps of the story, in their order.

publish = 客户在北区发布订单
approve = 管理员审核通过，边缘节点可见
cut = 北区与云端断开
accept-offline = 平板在边缘节点接单：已保存，待确认，附回执
collide = 另一服务商通过云端接下同一订单
heal = 网络恢复
outcomes = 双方得知结果：一方得单，另一方得知原因
record = 记录写明双方，边缘与云端数据一致
