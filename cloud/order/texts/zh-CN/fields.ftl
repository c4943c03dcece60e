# What is wrong with a field of a request.

code-no-code = 请填写如 N-7F3K9Q 的编号。
status-out-of-reach = 您无法将订单变更为该状态。
price-range-empty = 最高价不能低于最低价。
time-range-empty = 结束时间必须晚于开始时间。
too-much-to-export = 订单超过 { $most } 条，请缩短时间范围。
cursor-of-other-order = 该游标属于另一种排序的列表。
too-many-open-orders = 您已有 { $most } 个未完成的订单，已达每位客户的上限。请取消不再需要的订单，或等待订单完成。
text-too-long = 搜索内容最多 { $most } 个字符。
fee-above-the-whole = 费用最多为全部价格，即 10000 个基点。
notice-too-long = 提前通知时间最多为 720 小时。

## How a job repeats

repeat-rule-unknown = 请填写如 FREQ=WEEKLY;BYDAY=TU;COUNT=8 的规则：每天、每周或每月。
repeat-end-wrong = 请填写重复的次数或截止日期，二者选一。
repeat-first-not-in-rule = 首次日期不在重复的日期之内。
repeat-too-few = 重复的工作至少有两次。
repeat-too-many = 一次最多可重复 { $most } 次，其余请以后再发布。
repeat-too-long = 末次日期最多比首次晚一年。
repeat-overlapping = 其中一次在上一次结束前就开始了。
repeat-time-zone-unknown = 请填写如 Asia/Shanghai 的时区。
repeat-without-hours = 重复的工作需要开始的时刻，且时长不足一天。

## Who assigns a region

epoch-passed = 该节点已进入另一代次。
epoch-missing = 请填写状态中显示的该节点代次。
holder-unknown = 该区域没有此名称的已登记节点。
holder-missing = 请填写该代次所属的节点。
price-cap-empty = 最高价必须大于零。
policy-without-holder = 仅 `exclusive` 策略的区域可以指定持有节点。
offer-unverified = 所选服务商中有人尚未通过核验。
offer-booked = 所选服务商中有人在该时段已有其他工作。
