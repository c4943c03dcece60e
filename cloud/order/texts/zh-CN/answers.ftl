# What a person hears whose command was taken.

order-published = 订单创建成功，等待审核
acceptance-waits = 该区域由本地节点派单，稍后告知您结果

## What was done with an order, by its action

done-approve = 订单已通过审核，服务商现在可以接单
done-reject = 订单已驳回
done-accept = 接单成功
done-withdraw = 已撤回接单，订单重新开放
done-start = 服务已开始
done-complete = 服务已完成
done-cancel = 订单已取消
done-review = 订单已评价
