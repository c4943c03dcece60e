# What a person hears whose command was taken.

order-published = 订单创建成功，等待审核
acceptance-waits = 该区域由本地节点派单，稍后告知您结果
provider-booked = 服务商在该时段已有其他工作。

## What was done with an order, by its action

done-approve = 订单已通过审核，服务商现在可以接单
done-reject = 订单已驳回
done-accept = 接单成功
done-withdraw = 已撤回接单，订单重新开放
done-start = 已开工
done-complete = 已完工
done-cancel = 订单已取消
done-review = 订单已评价
done-report = 状况已报告，客户可在订单记录中查看
done-answer = 答复已发给服务商
done-reschedule = 已同意，订单已改为新的时间。
done-message = 已发送。

## Why the platform closes an order

stale-unaccepted = 该订单长时间无人接单，已自动关闭。
stale-unapproved = 该订单长时间未通过审核，已自动关闭；如仍需要，请重新发布。

## What stands in an order whose sender left it out: its kind of work as its title, and this for the address

service-cleaning-repair = 保洁维修
service-it-technology = IT 技术
service-education-training = 教育培训
service-life-health = 生活健康
service-design-consulting = 设计咨询
service-other = 其他
address-arranged = 与客户另行约定
